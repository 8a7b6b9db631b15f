"""How to mend what END finds, in az CLI, Bicep and Terraform.

`$NAMES` and `var.names` are what only the reader knows; `{{names}}` are filled in by the report.
Commands and properties as of azure-cli's ml extension 2, api-version 2025-12-01 and azapi 2.
"""

from __future__ import annotations

from checks.fixes.network import NETWORK_ON
from checks.model import Remediation

_OF_WORKSPACE = (
    "--workspace-name {{workspace}} --resource-group {{resource_group}} --subscription {{subscription_id}}"
)
_API = "2025-12-01"
_ONLINE = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"


def _bicep(*lines: str) -> str:
    properties = "".join(f"    {line}\n" for line in lines)
    return (
        f"resource workspace 'Microsoft.MachineLearningServices/workspaces@{_API}' existing = {{\n"
        "  name: {{workspace}}\n"
        "}\n"
        f"resource endpoint '{_ONLINE}@{_API}' = {{\n"
        "  parent: workspace\n"
        "  name: {{endpoint}}\n"
        "  location: {{location}}\n"
        "  identity: { type: 'SystemAssigned' }\n"
        "  properties: {\n"
        f"{properties}"
        "  }\n"
        "}"
    )


def _terraform(*lines: str) -> str:
    properties = "".join(f"      {line}\n" for line in lines)
    return (
        'resource "azapi_update_resource" "endpoint" {\n'
        f'  type        = "{_ONLINE}@{_API}"\n'
        "  resource_id = {{endpoint_id}}\n"
        "  body = {\n"
        "    properties = {\n"
        f"{properties}"
        "    }\n"
        "  }\n"
        "}"
    )


ENDPOINT_PRIVATE = Remediation(
    summary="Disable the endpoint's public network access; clients come in by the workspace's private "
    "endpoint.",
    az=f"az ml online-endpoint update --name {{{{endpoint}}}} {_OF_WORKSPACE} "
    "--set public_network_access=disabled",
    bicep=_bicep("authMode: 'AADToken'", "publicNetworkAccess: 'Disabled'"),
    terraform=_terraform('publicNetworkAccess = "Disabled"'),
    caution="Clients without a way to the workspace's private endpoint are cut off at once. A private "
    "endpoint of the workspace from before 2022-05-24 has to be created again first. The template writes the "
    "endpoint as a whole: give its identity and authentication mode as they are.",
)

ACCESS_COMBINED_AS_DOCUMENTED = Remediation(
    summary="Disable the endpoint's public network access as well, or open the workspace to selected "
    "addresses.",
    az=f"{ENDPOINT_PRIVATE.az}\n"
    "# or: az ml workspace update --name {{workspace}} --resource-group {{resource_group}} "
    "--subscription {{subscription_id}} --public-network-access Enabled "
    '--network-acls "$ADDRESSES"',
    bicep=ENDPOINT_PRIVATE.bicep,
    terraform=ENDPOINT_PRIVATE.terraform,
    caution=f"{ENDPOINT_PRIVATE.caution} Address rules left on a disabled workspace go on opening its "
    "endpoints: remove them too. A Project follows its hub: change the hub.",
)

LEGACY_ISOLATION_GIVEN_UP = Remediation(
    summary="Create the deployment again without egressPublicNetworkAccess; the workspace's managed network "
    "isolates it.",
    az='az ml online-deployment create --name "$NEW" --endpoint-name "$ENDPOINT" '
    f'{_OF_WORKSPACE} --file "$WITHOUT_EGRESS_FLAG"\n'
    'az ml online-endpoint update --name "$ENDPOINT" '
    f'{_OF_WORKSPACE} --traffic "$NEW=100"\n'
    'az ml online-deployment delete --name {{deployment}} --endpoint-name "$ENDPOINT" '
    f"{_OF_WORKSPACE} --yes",
    caution="The flag cannot be changed on a deployment that exists. Test the new deployment before it takes "
    "the traffic. Meanwhile both are billed.",
)

ENDPOINT_BY_ENTRA_ID = Remediation(
    summary="Have clients send Entra ID tokens, then switch the endpoint to them; a serverless endpoint is "
    "created again.",
    az=f"az ml online-endpoint update --name {{{{endpoint}}}} {_OF_WORKSPACE} --set auth_mode=aad_token\n"
    f"# a batch endpoint: az ml batch-endpoint update --name {{{{endpoint}}}} {_OF_WORKSPACE} "
    "--set auth_mode=aad_token",
    bicep=_bicep("authMode: 'AADToken'"),
    terraform=_terraform('authMode = "AADToken"'),
    caution="Clients that send a key are refused at once, and each client's identity needs the action "
    "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score/action. Endpoints on Kubernetes do "
    "not take Entra ID tokens: there aml_token is the best there is. The templates are for an "
    "online endpoint.",
)

SELECTED_ADDRESSES_BACKED = Remediation(
    summary="Switch on the workspace's managed network, or create a private endpoint to it, before relying "
    "on selected addresses.",
    az=f"{NETWORK_ON.az}\n"
    f'az ml workspace outbound-rule set {_OF_WORKSPACE} --rule "$RULE" --type private_endpoint '
    "--service-resource-id {{workspace_id}} --subresource-target amlworkspace",
    bicep=NETWORK_ON.bicep,
    terraform=NETWORK_ON.terraform,
    caution=f"{NETWORK_ON.caution} A private endpoint alone lets compute instances in a subnet be created, "
    "but managed online deployments still fail.",
)

BATCH_REACHED = Remediation(
    summary="Close the workspace's public access, or move the batch endpoint to a workspace without selected "
    "addresses.",
    az="az ml workspace update --name {{workspace}} --resource-group {{resource_group}} "
    "--subscription {{subscription_id}} --public-network-access Disabled",
    caution="Create the workspace's private endpoint and its DNS zones first: without them nobody reaches the "
    "workspace "
    "once public access is closed.",
)

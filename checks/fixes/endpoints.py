"""The fixes of the END checks in az CLI, Bicep and Terraform.

The user replaces `$NAMES` and `var.names`; the report fills in `{{names}}`.
The commands and properties are those of azure-cli's ml extension 2, api-version 2025-12-01 and azapi 2.
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
    summary="Disable the endpoint's public network access. Clients then use the workspace's private endpoint.",
    az=f"az ml online-endpoint update --name {{{{endpoint}}}} {_OF_WORKSPACE} "
    "--set public_network_access=disabled",
    bicep=_bicep("authMode: 'AADToken'", "publicNetworkAccess: 'Disabled'"),
    terraform=_terraform('publicNetworkAccess = "Disabled"'),
    caution="Clients that cannot reach the workspace's private endpoint fail at once. First replace a private "
    "endpoint that was created before 2022-05-24. The template writes the whole endpoint: copy its current "
    "identity and authentication mode into the template.",
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
    caution=f"{ENDPOINT_PRIVATE.caution} Address rules on a disabled workspace still open its endpoints: remove "
    "the rules too. A Project uses the settings of its hub: change the hub.",
)

LEGACY_ISOLATION_REMOVED = Remediation(
    summary="Create the deployment again without egressPublicNetworkAccess. The workspace's managed network then "
    "isolates it.",
    az='az ml online-deployment create --name "$NEW" --endpoint-name "$ENDPOINT" '
    f'{_OF_WORKSPACE} --file "$WITHOUT_EGRESS_FLAG"\n'
    'az ml online-endpoint update --name "$ENDPOINT" '
    f'{_OF_WORKSPACE} --traffic "$NEW=100"\n'
    'az ml online-deployment delete --name {{deployment}} --endpoint-name "$ENDPOINT" '
    f"{_OF_WORKSPACE} --yes",
    caution="Azure does not change the flag on an existing deployment. Test the new deployment before it receives "
    "traffic. Azure bills both deployments until the old one is deleted.",
)

ENDPOINT_BY_ENTRA_ID = Remediation(
    summary="Change the clients to Entra ID tokens, then change the endpoint's authentication mode. Create a "
    "serverless endpoint again.",
    az=f"az ml online-endpoint update --name {{{{endpoint}}}} {_OF_WORKSPACE} --set auth_mode=aad_token\n"
    f"# a batch endpoint: az ml batch-endpoint update --name {{{{endpoint}}}} {_OF_WORKSPACE} "
    "--set auth_mode=aad_token",
    bicep=_bicep("authMode: 'AADToken'"),
    terraform=_terraform('authMode = "AADToken"'),
    caution="The endpoint refuses clients that send a key at once. Each client's identity needs the action "
    "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score/action. Endpoints on Kubernetes do "
    "not accept Entra ID tokens: use aml_token there. The templates are for an online endpoint.",
)

SELECTED_ADDRESSES_BACKED = Remediation(
    summary="Enable the workspace's managed network, or create a private endpoint to the workspace.",
    az=f"{NETWORK_ON.az}\n"
    f'az ml workspace outbound-rule set {_OF_WORKSPACE} --rule "$RULE" --type private_endpoint '
    "--service-resource-id {{workspace_id}} --subresource-target amlworkspace",
    bicep=NETWORK_ON.bicep,
    terraform=NETWORK_ON.terraform,
    caution=f"{NETWORK_ON.caution} With a private endpoint alone, Azure creates compute instances in a subnet, but "
    "managed online deployments still fail.",
)

BATCH_REACHED = Remediation(
    summary="Disable the workspace's public access, or move the batch endpoint to a workspace without selected "
    "addresses.",
    az="az ml workspace update --name {{workspace}} --resource-group {{resource_group}} "
    "--subscription {{subscription_id}} --public-network-access Disabled",
    caution="First create the workspace's private endpoint and its DNS zones. Without them no client reaches the "
    "workspace after public access is disabled.",
)

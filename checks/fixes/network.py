"""How to mend what NET, PEP and MVN find, in az CLI, Bicep and Terraform.

`$NAMES` and `var.names` are what only the reader knows; `{{names}}` are filled in by the report.
Commands and properties as of azure-cli's ml extension 2, api-version 2025-12-01 and azurerm 4.
"""

from __future__ import annotations

from checks.model import Remediation

_OF_WORKSPACE = "--name {{workspace}} --resource-group {{resource_group}} --subscription {{subscription_id}}"
_OF_WORKSPACE_RULE = (
    "--workspace-name {{workspace}} --resource-group {{resource_group}} --subscription {{subscription_id}}"
)

_UNREACHABLE = (
    "Without an approved private endpoint and its DNS zones the workspace becomes unreachable for everyone: "
    "create and test the endpoint first."
)

_ONE_WAY = (
    "A managed network cannot be switched off again, and AllowOnlyApprovedOutbound cannot be relaxed to "
    "AllowInternetOutbound; changeableIsolationModes lists where a workspace may still go. Compute clusters, "
    "compute instances and managed online endpoints made before have to be deleted and made again."
)


def _workspace_bicep(*lines: str, version: str = "2025-12-01") -> str:
    properties = "\n".join(f"    {line}" for line in lines)
    return (
        f"resource workspace 'Microsoft.MachineLearningServices/workspaces@{version}' = {{\n"
        "  name: {{workspace}}\n"
        "  location: {{location}}\n"
        "  properties: {\n"
        f"{properties}\n"
        "  }\n"
        "}"
    )


def _workspace_terraform(*lines: str) -> str:
    arguments = "\n".join(f"  {line}" for line in lines)
    return (
        'resource "azurerm_machine_learning_workspace" "workspace" {\n'
        "  name                = {{workspace}}\n"
        "  resource_group_name = {{resource_group}}\n"
        "  location            = {{location}}\n"
        f"{arguments}\n"
        "}"
    )


def _workspace_azapi(*lines: str, version: str = "2025-12-01") -> str:
    properties = "\n".join(f"      {line}" for line in lines)
    return (
        'resource "azapi_update_resource" "workspace" {\n'
        f'  type        = "Microsoft.MachineLearningServices/workspaces@{version}"\n'
        "  resource_id = {{workspace_id}}\n"
        "  body = {\n"
        "    properties = {\n"
        f"{properties}\n"
        "    }\n"
        "  }\n"
        "}"
    )


PUBLIC_ACCESS_DISABLED = Remediation(
    summary="Create a private endpoint for the workspace, then disable public network access.",
    az=f"az ml workspace update {_OF_WORKSPACE} --public-network-access Disabled",
    bicep=_workspace_bicep("publicNetworkAccess: 'Disabled'"),
    terraform=_workspace_terraform("public_network_access_enabled = false"),
    caution=f"{_UNREACHABLE} Selected addresses are reset. A Project follows its hub: change the hub.",
)

ADDRESSES_SELECTED = Remediation(
    summary="Answer to named public addresses only, or disable public network access altogether.",
    az=f'az ml workspace update {_OF_WORKSPACE} --public-network-access Enabled --network-acls "$ADDRESSES"',
    bicep=_workspace_bicep(
        "publicNetworkAccess: 'Enabled'",
        "networkAcls: {",
        "  defaultAction: 'Deny'",
        "  ipRules: [for address in addresses: { value: address }]",
        "}",
        version="2025-10-01-preview",
    ),
    terraform=_workspace_azapi(
        "networkAcls = {",
        '  defaultAction = "Deny"',
        "  ipRules       = [for address in var.addresses : { value = address }]",
        "}",
        version="2025-10-01-preview",
    ),
    caution="Every client whose address is not listed is cut off at once, computes of a managed network "
    "included unless it has a private endpoint rule to the workspace. networkAcls is in preview "
    "api-versions only.",
)

ADDRESSES_NARROWED = Remediation(
    summary="Replace each offending rule by the public IPv4 addresses that are really needed.",
    az=f'az ml workspace network-rule remove {_OF_WORKSPACE_RULE} --ip-address "$OFFENDING"\n'
    f'az ml workspace network-rule add {_OF_WORKSPACE_RULE} --ip-address "$NARROW"',
    bicep=ADDRESSES_SELECTED.bicep,
    terraform=ADDRESSES_SELECTED.terraform,
    caution="Clients behind the removed range are cut off at once; add the narrow rule first where in doubt.",
)

ADDRESSES_REMOVED = Remediation(
    summary="Remove the address rules that are left behind the disabled public endpoint.",
    az=f'az ml workspace network-rule remove {_OF_WORKSPACE_RULE} --ip-address "$LEFT_BEHIND"',
    bicep=_workspace_bicep(
        "publicNetworkAccess: 'Disabled'",
        "networkAcls: {",
        "  defaultAction: 'Deny'",
        "  ipRules: []",
        "}",
        version="2025-10-01-preview",
    ),
    terraform=_workspace_azapi(
        'networkAcls = { defaultAction = "Deny", ipRules = [] }', version="2025-10-01-preview"
    ),
    caution="Managed online endpoints with public access stop answering those addresses as well.",
)

LEGACY_FLAG_CLEARED = Remediation(
    summary="Set the legacy flag to false and steer access by publicNetworkAccess alone.",
    az="az rest --method patch --url {{workspace_id}} --url-parameters api-version=2025-12-01 "
    '--body \'{"properties": {"allowPublicAccessWhenBehindVnet": false}}\'\n'
    f"az ml workspace show {_OF_WORKSPACE} --query public_network_access",
    bicep=_workspace_bicep("allowPublicAccessWhenBehindVnet: false", "publicNetworkAccess: 'Disabled'"),
    terraform=_workspace_azapi(
        "allowPublicAccessWhenBehindVnet = false", 'publicNetworkAccess             = "Disabled"'
    ),
    caution="Either property overrides the other when written: look at publicNetworkAccess afterwards.",
)

PRIVATE_IN_MANAGED_OUT = Remediation(
    summary="Disable public network access and switch on a managed virtual network.",
    az=f"az ml workspace update {_OF_WORKSPACE} --managed-network allow_internet_outbound\n"
    f"az ml workspace update {_OF_WORKSPACE} --public-network-access Disabled",
    bicep=_workspace_bicep(
        "publicNetworkAccess: 'Disabled'",
        "managedNetwork: {",
        "  isolationMode: 'AllowInternetOutbound'",
        "}",
    ),
    terraform=_workspace_terraform(
        "public_network_access_enabled = false",
        "managed_network {",
        '  isolation_mode = "AllowInternetOutbound"',
        "}",
    ),
    caution=f"{_UNREACHABLE} {_ONE_WAY} Do not loosen a workspace that allows only approved outbound to "
    "satisfy this rule: Azure refuses it, and it would be weaker.",
)

ENDPOINT_CREATED = Remediation(
    summary="Create a private endpoint to the workspace, with the DNS zones privatelink.api.azureml.ms and "
    "privatelink.notebooks.azure.net, and approve its connection.",
    az='az network private-endpoint create --name "$ENDPOINT" --resource-group {{resource_group}} '
    "--subscription {{subscription_id}} --location {{location}} "
    '--vnet-name "$VNET" --subnet "$SUBNET" --private-connection-resource-id {{workspace_id}} '
    '--group-id amlworkspace --connection-name "$ENDPOINT"',
    bicep="resource endpoint 'Microsoft.Network/privateEndpoints@2024-05-01' = {\n"
    "  name: endpointName\n"
    "  location: {{location}}\n"
    "  properties: {\n"
    "    subnet: { id: subnetId }\n"
    "    privateLinkServiceConnections: [\n"
    "      {\n"
    "        name: endpointName\n"
    "        properties: {\n"
    "          privateLinkServiceId: {{workspace_id}}\n"
    "          groupIds: [ 'amlworkspace' ]\n"
    "        }\n"
    "      }\n"
    "    ]\n"
    "  }\n"
    "}",
    terraform='resource "azurerm_private_endpoint" "workspace" {\n'
    "  name                = var.endpoint_name\n"
    "  resource_group_name = {{resource_group}}\n"
    "  location            = {{location}}\n"
    "  subnet_id           = var.subnet_id\n"
    "  private_service_connection {\n"
    "    name                           = var.endpoint_name\n"
    "    private_connection_resource_id = {{workspace_id}}\n"
    '    subresource_names              = ["amlworkspace"]\n'
    "    is_manual_connection           = false\n"
    "  }\n"
    "}",
    caution="The endpoint is billed by the hour and has to be in the region of its virtual network. Without "
    "the DNS zones clients go on resolving the public address.",
)

CONNECTION_SETTLED = Remediation(
    summary="Approve the connection if it is wanted, else delete it.",
    az='az network private-endpoint-connection approve --id {{connection_id}} --description "$WHY"\n'
    "az network private-endpoint-connection delete --id {{connection_id}} --yes",
    caution="Approve only an endpoint whose owner is known. A deleted connection cannot be restored: its "
    "private endpoint stays Disconnected and has to be created again.",
)

CONNECTION_REMOVED = Remediation(
    summary="Delete the connection from the foreign subscription, or allow that subscription in the policy.",
    az="az network private-endpoint-connection delete --id {{connection_id}} --yes",
    caution="Whoever uses the endpoint {{private_endpoint_id}} loses the workspace at once, and a deleted "
    "connection cannot be restored.",
)

NETWORK_ON = Remediation(
    summary="Switch on a managed virtual network, in the strictest mode the work allows.",
    az=f"az ml workspace update {_OF_WORKSPACE} --managed-network allow_only_approved_outbound\n"
    f"az ml workspace provision-network {_OF_WORKSPACE}",
    bicep=_workspace_bicep("managedNetwork: {", "  isolationMode: 'AllowOnlyApprovedOutbound'", "}"),
    terraform=_workspace_terraform(
        "managed_network {", '  isolation_mode = "AllowOnlyApprovedOutbound"', "}"
    ),
    caution=_ONE_WAY,
)

SPARK_PROVISIONED = Remediation(
    summary="Provision the managed network again, Spark included.",
    az=f"az ml workspace provision-network {_OF_WORKSPACE} --include-spark",
    caution="Disable public network access first, or the endpoints to the workspace may not be created. "
    "Network resources are billed once provisioned.",
)

SERVERLESS_PRIVATE = Remediation(
    summary="Give serverless compute no public address, and no custom subnet beside a managed network.",
    az="az rest --method patch --url {{workspace_id}} --url-parameters api-version=2025-12-01 "
    '--body \'{"properties": {"serverlessComputeSettings": {"serverlessComputeCustomSubnet": null, '
    '"serverlessComputeNoPublicIP": true}}}\'',
    bicep=_workspace_bicep("serverlessComputeSettings: {", "  serverlessComputeNoPublicIP: true", "}"),
    terraform=_workspace_terraform("serverless_compute {", "  public_ip_enabled = false", "}"),
    caution="Where isolation is off, serverless compute without a public address needs a custom subnet to "
    "reach the service.",
)

_ADD_RULE = (
    f'az ml workspace outbound-rule set {_OF_WORKSPACE_RULE} --rule "$RULE" --type private_endpoint '
    "--service-resource-id {{workspace_id}} --subresource-target amlworkspace --spark-enabled true"
)

ENDPOINT_RULE_TO_WORKSPACE = Remediation(
    summary="Disable public network access and provision again, or add the private endpoint rule to the "
    "workspace by hand.",
    az=f"{PUBLIC_ACCESS_DISABLED.az}\n{SPARK_PROVISIONED.az}\n{_ADD_RULE}",
    bicep=PUBLIC_ACCESS_DISABLED.bicep,
    terraform=PUBLIC_ACCESS_DISABLED.terraform,
    caution=_UNREACHABLE,
)

FIREWALL_SKU_SET = Remediation(
    summary="Set the firewall tier the policy wants.",
    az=f"az ml workspace update {_OF_WORKSPACE} --set managed_network.firewall_sku=$SKU",
    bicep=_workspace_bicep("managedNetwork: {", "  firewallSku: sku", "}"),
    terraform=_workspace_azapi("managedNetwork = { firewallSku = var.sku }"),
    caution="Changing the tier replaces the firewall: outbound traffic by host name stops meanwhile. "
    "The Basic tier has a lower throughput.",
)

"""The fixes of the NET, PEP and MVN checks in az CLI, Bicep and Terraform.

The user replaces `$NAMES` and `var.names`; the report fills in `{{names}}`.
The commands and properties are those of azure-cli's ml extension 2, api-version 2025-12-01 and azurerm 4.
"""

from __future__ import annotations

from checks.model import Remediation

_OF_WORKSPACE = "--name {{workspace}} --resource-group {{resource_group}} --subscription {{subscription_id}}"
_OF_WORKSPACE_RULE = (
    "--workspace-name {{workspace}} --resource-group {{resource_group}} --subscription {{subscription_id}}"
)

_UNREACHABLE = (
    "First create and test a private endpoint with its DNS zones. Without an approved endpoint no client reaches "
    "the workspace."
)

_ONE_WAY = (
    "Azure cannot disable a managed network again, or change AllowOnlyApprovedOutbound to AllowInternetOutbound. "
    "changeableIsolationModes lists the modes that a workspace can still change to. Delete existing compute "
    "clusters, compute instances and managed online endpoints, and create them again."
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
    caution=f"{_UNREACHABLE} Azure resets selected addresses. A Project uses the settings of its hub: change the hub.",
)

ADDRESSES_SELECTED = Remediation(
    summary="Allow selected public IP addresses only, or disable public network access.",
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
    caution="Azure refuses every client whose address is not listed at once. Computes in a managed network are "
    "refused too, unless the network has a private endpoint rule to the workspace. Only preview api-versions "
    "have networkAcls.",
)

ADDRESSES_NARROWED = Remediation(
    summary="Replace each rule that the reason names with the public IPv4 addresses of the clients.",
    az=f'az ml workspace network-rule remove {_OF_WORKSPACE_RULE} --ip-address "$OFFENDING"\n'
    f'az ml workspace network-rule add {_OF_WORKSPACE_RULE} --ip-address "$NARROW"',
    bicep=ADDRESSES_SELECTED.bicep,
    terraform=ADDRESSES_SELECTED.terraform,
    caution="Azure refuses clients in the removed range at once. Add the narrow rule before you remove the wide one.",
)

ADDRESSES_REMOVED = Remediation(
    summary="Remove the address rules that remain although public network access is disabled.",
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
    caution="Managed online endpoints with public access then refuse those addresses too.",
)

LEGACY_FLAG_CLEARED = Remediation(
    summary="Set the legacy flag to false, and control access with publicNetworkAccess only.",
    az="az rest --method patch --url {{workspace_id}} --url-parameters api-version=2025-12-01 "
    '--body \'{"properties": {"allowPublicAccessWhenBehindVnet": false}}\'\n'
    f"az ml workspace show {_OF_WORKSPACE} --query public_network_access",
    bicep=_workspace_bicep("allowPublicAccessWhenBehindVnet: false", "publicNetworkAccess: 'Disabled'"),
    terraform=_workspace_azapi(
        "allowPublicAccessWhenBehindVnet = false", 'publicNetworkAccess             = "Disabled"'
    ),
    caution="A write to one property overrides the other: check publicNetworkAccess afterwards.",
)

PRIVATE_IN_MANAGED_OUT = Remediation(
    summary="Disable public network access and enable a managed virtual network.",
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
    caution=f"{_UNREACHABLE} {_ONE_WAY} If the workspace allows only approved outbound, keep that mode: it is "
    "stricter than this check requires.",
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
    caution="Azure bills the endpoint by the hour. Create it in the region of its virtual network. Without the DNS "
    "zones clients still resolve the public address.",
)

CONNECTION_SETTLED = Remediation(
    summary="Approve the connection if you know its owner and purpose, otherwise delete it.",
    az='az network private-endpoint-connection approve --id {{connection_id}} --description "$WHY"\n'
    "az network private-endpoint-connection delete --id {{connection_id}} --yes",
    caution="Azure cannot restore a deleted connection. Its private endpoint stays Disconnected until its owner "
    "creates it again.",
)

CONNECTION_REMOVED = Remediation(
    summary="Delete the connection from the foreign subscription, or allow that subscription in the policy.",
    az="az network private-endpoint-connection delete --id {{connection_id}} --yes",
    caution="Clients of the endpoint {{private_endpoint_id}} lose access to the workspace at once. Azure cannot "
    "restore a deleted connection.",
)

NETWORK_ON = Remediation(
    summary="Enable a managed virtual network, in the strictest mode that the workloads allow.",
    az=f"az ml workspace update {_OF_WORKSPACE} --managed-network allow_only_approved_outbound\n"
    f"az ml workspace provision-network {_OF_WORKSPACE}",
    bicep=_workspace_bicep("managedNetwork: {", "  isolationMode: 'AllowOnlyApprovedOutbound'", "}"),
    terraform=_workspace_terraform(
        "managed_network {", '  isolation_mode = "AllowOnlyApprovedOutbound"', "}"
    ),
    caution=_ONE_WAY,
)

SPARK_PROVISIONED = Remediation(
    summary="Provision the managed network again, with Spark.",
    az=f"az ml workspace provision-network {_OF_WORKSPACE} --include-spark",
    caution="First disable public network access; otherwise Azure may not create the endpoints to the workspace. "
    "Azure bills network resources after provisioning.",
)

SERVERLESS_PRIVATE = Remediation(
    summary="Disable public IP addresses for serverless compute. With a managed network, also remove the custom "
    "subnet.",
    az="az rest --method patch --url {{workspace_id}} --url-parameters api-version=2025-12-01 "
    '--body \'{"properties": {"serverlessComputeSettings": {"serverlessComputeCustomSubnet": null, '
    '"serverlessComputeNoPublicIP": true}}}\'',
    bicep=_workspace_bicep("serverlessComputeSettings: {", "  serverlessComputeNoPublicIP: true", "}"),
    terraform=_workspace_terraform("serverless_compute {", "  public_ip_enabled = false", "}"),
    caution="If isolation is off, serverless compute without a public IP address needs a custom subnet to reach "
    "the service.",
)

_ADD_RULE = (
    f'az ml workspace outbound-rule set {_OF_WORKSPACE_RULE} --rule "$RULE" --type private_endpoint '
    "--service-resource-id {{workspace_id}} --subresource-target amlworkspace --spark-enabled true"
)

ENDPOINT_RULE_TO_WORKSPACE = Remediation(
    summary="Disable public network access and provision again, or add the private endpoint rule to the workspace "
    "yourself.",
    az=f"{PUBLIC_ACCESS_DISABLED.az}\n{SPARK_PROVISIONED.az}\n{_ADD_RULE}",
    bicep=PUBLIC_ACCESS_DISABLED.bicep,
    terraform=PUBLIC_ACCESS_DISABLED.terraform,
    caution=_UNREACHABLE,
)

FIREWALL_SKU_SET = Remediation(
    summary="Set the firewall tier that the policy requires.",
    az=f"az ml workspace update {_OF_WORKSPACE} --set managed_network.firewall_sku=$SKU",
    bicep=_workspace_bicep("managedNetwork: {", "  firewallSku: sku", "}"),
    terraform=_workspace_azapi("managedNetwork = { firewallSku = var.sku }"),
    caution="Azure replaces the firewall to change its tier. Outbound traffic by host name stops until the new "
    "firewall runs. The Basic tier has a lower throughput.",
)

"""The fixes of the RES checks in az CLI, Bicep and Terraform.

The commands use full resource ids, because a dependency can be in another resource group or subscription
than its workspace. The user replaces `$NAMES`, names without braces and `var.names`; the report fills in
`{{names}}`. The api-versions are those that the reader uses.
"""

from __future__ import annotations

from checks.model import Remediation

_STORAGE = "Microsoft.Storage/storageAccounts@2024-01-01"
_VAULT = "Microsoft.KeyVault/vaults@2023-07-01"
_REGISTRY = "Microsoft.ContainerRegistry/registries@2023-07-01"
_INSIGHTS = "Microsoft.Insights/components@2020-02-02"

_CUT_OFF = (
    "Azure refuses clients of the public endpoint at once, studio and jobs included. First check that clients "
    "have approved private endpoints, and the managed network too if isolation is on."
)
_SHARED = "Other workspaces and applications may use the same resource."


def _az(*settings: str, resource: str = "{{resource_id}}") -> str:
    return f"az resource update --ids {resource} --set {' '.join(settings)}"


def _bicep(type_: str, *lines: str, name: str = "{{resource}}") -> str:
    members = "\n".join(f"  {line}" for line in lines)
    return f"resource dependency '{type_}' = {{\n  name: {name}\n  location: location\n{members}\n}}"


def _bicep_properties(type_: str, *lines: str) -> str:
    return _bicep(type_, "properties: {", *(f"  {line}" for line in lines), "}")


def _terraform(type_: str, *lines: str) -> str:
    members = "\n".join(f"    {line}" for line in lines)
    return (
        'resource "azapi_update_resource" "dependency" {\n'
        f'  type        = "{type_}"\n'
        "  resource_id = {{resource_id}}\n"
        f"  body = {{\n{members}\n  }}\n"
        "}"
    )


def _terraform_properties(type_: str, *lines: str) -> str:
    return _terraform(type_, "properties = {", *(f"  {line}" for line in lines), "}")


def _closed(type_: str, what: str, caution: str) -> Remediation:
    return Remediation(
        summary=f"Give the {what} private endpoints, then disable its public network access.",
        az=_az("properties.publicNetworkAccess=Disabled"),
        bicep=_bicep_properties(type_, "publicNetworkAccess: 'Disabled'"),
        terraform=_terraform_properties(type_, 'publicNetworkAccess = "Disabled"'),
        caution=caution,
    )


STORAGE_CLOSED = _closed(_STORAGE, "storage account", f"{_CUT_OFF} {_SHARED}")

VAULT_CLOSED = _closed(_VAULT, "key vault", f"{_CUT_OFF} {_SHARED}")

REGISTRY_CLOSED = _closed(
    _REGISTRY,
    "container registry",
    f"{_CUT_OFF} Only the Premium tier supports private endpoints. First set imageBuildCompute: a compute "
    f"of the workspace then builds the images. {_SHARED}",
)

INSIGHTS_CLOSED = Remediation(
    summary="Add the component to an Azure Monitor private link scope, then disable public ingestion and query.",
    az=_az(
        "properties.publicNetworkAccessForIngestion=Disabled",
        "properties.publicNetworkAccessForQuery=Disabled",
    ),
    bicep=_bicep_properties(
        _INSIGHTS, "publicNetworkAccessForIngestion: 'Disabled'", "publicNetworkAccessForQuery: 'Disabled'"
    ),
    terraform=_terraform_properties(
        _INSIGHTS,
        'publicNetworkAccessForIngestion = "Disabled"',
        'publicNetworkAccessForQuery     = "Disabled"',
    ),
    caution="Senders that cannot reach the private link scope lose their telemetry permanently, and dashboards "
    f"outside it stay empty. {_SHARED}",
)

TRUSTED_SERVICES_ADMITTED = Remediation(
    summary="Allow trusted Microsoft services through the firewall. Use the command for the resource's type.",
    az=f"# storage account or key vault\n{_az('properties.networkAcls.bypass=AzureServices')}\n"
    f"# container registry\n{_az('properties.networkRuleBypassOptions=AzureServices')}",
    bicep=_bicep_properties(
        _STORAGE, "networkAcls: {", "  defaultAction: 'Deny'", "  bypass: 'AzureServices'", "}"
    ),
    terraform=_terraform_properties(
        _STORAGE, 'networkAcls = { defaultAction = "Deny", bypass = "AzureServices" }'
    ),
    caution="The exception admits the identity of every trusted service that has a role on the resource: "
    "review its role assignments. If a storage account's bypass lists Logging or Metrics, keep them. Bicep and "
    "Terraform show a storage account.",
)

SERVICE_ENDPOINTS_REMOVED = Remediation(
    summary="Remove the virtual network rules and connect through private endpoints only.",
    az=_az("properties.networkAcls.virtualNetworkRules=[]"),
    bicep=_bicep_properties(
        _STORAGE, "networkAcls: {", "  defaultAction: 'Deny'", "  virtualNetworkRules: []", "}"
    ),
    terraform=_terraform_properties(
        _STORAGE, 'networkAcls = { defaultAction = "Deny", virtualNetworkRules = [] }'
    ),
    caution="Azure refuses clients in the subnets of the rules unless they use a private endpoint. Bicep and "
    "Terraform show a storage account.",
)

REGISTRY_TIER_RAISED = Remediation(
    summary="Upgrade the registry to Premium, the only tier with private endpoints.",
    az=_az("sku.name=Premium"),
    bicep=_bicep(_REGISTRY, "sku: { name: 'Premium' }"),
    terraform=_terraform(_REGISTRY, 'sku = { name = "Premium" }'),
    caution="Premium costs several times more. Azure allows a downgrade only after private endpoints, network "
    "rules and replications are removed.",
)

BUILD_COMPUTE_NAMED = Remediation(
    summary="Set imageBuildCompute to a compute cluster of the workspace.",
    az="az ml workspace update --name {{workspace}} --resource-group {{resource_group}} "
    '--subscription {{subscription_id}} --image-build-compute "$CLUSTER"',
    bicep=_bicep(
        "Microsoft.MachineLearningServices/workspaces@2025-12-01",
        "properties: {",
        "  imageBuildCompute: clusterName",
        "}",
        name="{{workspace}}",
    ),
    terraform='resource "azurerm_machine_learning_workspace" "workspace" {\n'
    "  name                     = {{workspace}}\n"
    "  resource_group_name      = {{resource_group}}\n"
    "  location                 = {{location}}\n"
    "  image_build_compute_name = var.cluster_name\n"
    "}",
    caution="Azure bills the cluster while it builds. The cluster needs outbound access to the package indexes.",
)

ANONYMOUS_BLOBS_REFUSED = Remediation(
    summary="Disable anonymous blob access for the whole storage account.",
    az=_az("properties.allowBlobPublicAccess=false"),
    bicep=_bicep_properties(_STORAGE, "allowBlobPublicAccess: false"),
    terraform=_terraform_properties(_STORAGE, "allowBlobPublicAccess = false"),
    caution="Containers that are public on purpose refuse anonymous readers at once.",
)

SHARED_KEYS_REFUSED = Remediation(
    summary="Switch the datastores to identity-based access, then refuse shared keys.",
    az="az ml workspace update --name {{workspace}} --resource-group {{resource_group}} "
    "--subscription {{subscription_id}} --system-datastores-auth-mode identity\n"
    f"{_az('properties.allowSharedKeyAccess=false')}",
    bicep=_bicep_properties(_STORAGE, "allowSharedKeyAccess: false"),
    terraform=_terraform_properties(_STORAGE, "allowSharedKeyAccess = false"),
    caution="Clients that use an account key, or a SAS signed with one, fail at once: datastores with "
    "credentials, scripts, file shares mounted by key. First grant the workspace identity and its users the "
    "data roles for blobs and files.",
)

PURGE_PROTECTION_ON = Remediation(
    summary="Enable purge protection.",
    az=_az("properties.enablePurgeProtection=true"),
    bicep=_bicep_properties(_VAULT, "enablePurgeProtection: true"),
    terraform=_terraform_properties(_VAULT, "enablePurgeProtection = true"),
    caution="Azure cannot disable purge protection again. It keeps a deleted vault, and reserves its name, for "
    "the whole retention period.",
)

ADMIN_USER_OFF = Remediation(
    summary="Pull and push with identities, then disable the admin user.",
    az=_az("properties.adminUserEnabled=false"),
    bicep=_bicep_properties(_REGISTRY, "adminUserEnabled: false"),
    terraform=_terraform_properties(_REGISTRY, "adminUserEnabled = false"),
    caution="The registry refuses the admin password at once. A workspace whose identity has no role on the "
    "registry uses that password: first grant AcrPull and AcrPush to the identity.",
)

DEPENDENCY_RESTORED = Remediation(
    summary="Restore the resource if it is still soft-deleted, or create a new workspace with existing resources.",
    az="az resource show --ids {{resource_id}}",
    caution="Azure cannot replace the storage account or key vault of a workspace. If they cannot be restored, "
    "create the workspace again. A new resource with the old name has none of the old data or keys.",
)

_OF_PERIMETER = '--perimeter-name "$PERIMETER" --resource-group "$PERIMETER_GROUP"'
_CUT_BY_PERIMETER = (
    "The same rules apply to the other resources in the perimeter. $PERIMETER and $PERIMETER_GROUP are the "
    "perimeter and its resource group from the column perimeter_id."
)

PERIMETER_NARROWED = Remediation(
    summary="Replace the perimeter's wide inbound rule with a rule for the addresses that clients use.",
    az=f'az network perimeter profile access-rule list {_OF_PERIMETER} --profile-name "$PROFILE"\n'
    f'az network perimeter profile access-rule update {_OF_PERIMETER} --profile-name "$PROFILE" '
    '--name "$RULE" --address-prefixes "$PREFIX"',
    caution=f"The perimeter refuses clients outside the new prefixes at once. {_CUT_BY_PERIMETER} The first command "
    "lists $PROFILE and $RULE. $PREFIX is the address range to keep.",
)

PERIMETER_ENFORCED = Remediation(
    summary="Read the perimeter's access logs, add the missing inbound rules, then enforce the association.",
    az=f"az network perimeter association list {_OF_PERIMETER}\n"
    f'az network perimeter association update {_OF_PERIMETER} --name "$ASSOCIATION" --access-mode Enforced',
    caution="In Enforced mode Azure ignores the resource's own rules and the bypass for trusted services. First give "
    "Machine Learning private endpoints, or an inbound rule for the workspace's subscription. "
    f"{_CUT_BY_PERIMETER} The first command lists $ASSOCIATION.",
)

PERIMETER_PROVISIONED = Remediation(
    summary="Find the provisioning issue that Azure reports, then write the association again.",
    az="az resource show --ids {{resource_id}} --query properties.publicNetworkAccess\n"
    f"az network perimeter association list {_OF_PERIMETER}",
    caution=_CUT_BY_PERIMETER,
)

REGION_KNOWN = Remediation(
    summary="Accept the distance with a waiver, or make a new workspace whose dependencies share its region.",
    az="az resource show --ids {{resource_id}} --query location",
    caution="The storage account and key vault of a workspace cannot be exchanged, and no resource changes its region: "
    "the workspace has to be created again.",
)

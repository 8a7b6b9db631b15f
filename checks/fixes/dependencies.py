"""How to mend what RES finds, in az CLI, Bicep and Terraform.

A dependency may lie in another group or subscription than its workspace, so it is named by its full id.
`$NAMES`, names without braces and `var.names` are what only the reader knows; `{{names}}` are filled in
by the report. Api-versions are those the audit reads.
"""

from __future__ import annotations

from checks.model import Remediation

_STORAGE = "Microsoft.Storage/storageAccounts@2024-01-01"
_VAULT = "Microsoft.KeyVault/vaults@2023-07-01"
_REGISTRY = "Microsoft.ContainerRegistry/registries@2023-07-01"
_INSIGHTS = "Microsoft.Insights/components@2020-02-02"

_CUT_OFF = (
    "Whoever comes over the public endpoint is cut off at once, and studio and jobs with them. First see "
    "that clients and, where isolation is on, the managed network have private endpoints that are approved."
)
_SHARED = "Other workspaces and applications may share the resource."


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
    f"{_CUT_OFF} Only the Premium tier can be private, and images are then built by a compute of the "
    f"workspace: set imageBuildCompute first. {_SHARED}",
)

INSIGHTS_CLOSED = Remediation(
    summary="Bring the component into an Azure Monitor private link scope, then close ingestion and query.",
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
    caution="Without a private link scope that the senders and readers reach, telemetry is lost for good and "
    f"dashboards stay empty. {_SHARED}",
)

TRUSTED_SERVICES_ADMITTED = Remediation(
    summary="Let trusted Microsoft services pass the firewall; take the command for its type.",
    az=f"# storage account or key vault\n{_az('properties.networkAcls.bypass=AzureServices')}\n"
    f"# container registry\n{_az('properties.networkRuleBypassOptions=AzureServices')}",
    bicep=_bicep_properties(
        _STORAGE, "networkAcls: {", "  defaultAction: 'Deny'", "  bypass: 'AzureServices'", "}"
    ),
    terraform=_terraform_properties(
        _STORAGE, 'networkAcls = { defaultAction = "Deny", bypass = "AzureServices" }'
    ),
    caution="The exception admits the identities of every trusted service that has a role on the resource: "
    "review its role assignments. For a storage account keep Logging and Metrics in the list where they are "
    "used. Bicep and Terraform are shown for a storage account.",
)

SERVICE_ENDPOINTS_REMOVED = Remediation(
    summary="Remove the virtual network rules and reach the resource by private endpoints alone.",
    az=_az("properties.networkAcls.virtualNetworkRules=[]"),
    bicep=_bicep_properties(
        _STORAGE, "networkAcls: {", "  defaultAction: 'Deny'", "  virtualNetworkRules: []", "}"
    ),
    terraform=_terraform_properties(
        _STORAGE, 'networkAcls = { defaultAction = "Deny", virtualNetworkRules = [] }'
    ),
    caution="Clients in the subnets named by the rules are cut off unless a private endpoint serves them. "
    "Bicep and Terraform are shown for a storage account.",
)

REGISTRY_TIER_RAISED = Remediation(
    summary="Raise the registry to the Premium tier, the only one with private endpoints.",
    az=_az("sku.name=Premium"),
    bicep=_bicep(_REGISTRY, "sku: { name: 'Premium' }"),
    terraform=_terraform(_REGISTRY, 'sku = { name = "Premium" }'),
    caution="Premium is billed several times higher. Going back is possible only once private endpoints, "
    "network rules and replications are gone.",
)

BUILD_COMPUTE_NAMED = Remediation(
    summary="Name a compute cluster of the workspace that builds images in place of the registry.",
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
    caution="The cluster is billed while it builds and has to reach the package indexes it needs.",
)

ANONYMOUS_BLOBS_REFUSED = Remediation(
    summary="Forbid anonymous access for the whole storage account.",
    az=_az("properties.allowBlobPublicAccess=false"),
    bicep=_bicep_properties(_STORAGE, "allowBlobPublicAccess: false"),
    terraform=_terraform_properties(_STORAGE, "allowBlobPublicAccess = false"),
    caution="Containers that publish on purpose stop answering anonymous readers at once.",
)

SHARED_KEYS_REFUSED = Remediation(
    summary="Switch the datastores to identity-based access, then refuse shared keys.",
    az="az ml workspace update --name {{workspace}} --resource-group {{resource_group}} "
    "--subscription {{subscription_id}} --system-datastores-auth-mode identity\n"
    f"{_az('properties.allowSharedKeyAccess=false')}",
    bicep=_bicep_properties(_STORAGE, "allowSharedKeyAccess: false"),
    terraform=_terraform_properties(_STORAGE, "allowSharedKeyAccess = false"),
    caution="Everything that holds an account key or a SAS signed with one fails at once: datastores with "
    "credentials, scripts, file shares mounted by key. The workspace identity and its users need the data "
    "roles for blobs and files first.",
)

PURGE_PROTECTION_ON = Remediation(
    summary="Switch on purge protection.",
    az=_az("properties.enablePurgeProtection=true"),
    bicep=_bicep_properties(_VAULT, "enablePurgeProtection: true"),
    terraform=_terraform_properties(_VAULT, "enablePurgeProtection = true"),
    caution="Purge protection cannot be switched off again: a deleted vault, and its name, stay for "
    "the whole retention period.",
)

ADMIN_USER_OFF = Remediation(
    summary="Pull and push with identities, then switch the admin user off.",
    az=_az("properties.adminUserEnabled=false"),
    bicep=_bicep_properties(_REGISTRY, "adminUserEnabled: false"),
    terraform=_terraform_properties(_REGISTRY, "adminUserEnabled = false"),
    caution="Whoever signs in with the admin password fails at once. A workspace whose identity has no role "
    "on the registry relies on it: grant AcrPull and AcrPush to the identity first.",
)

DEPENDENCY_RESTORED = Remediation(
    summary="Restore the resource while its soft delete lasts, or make a new workspace on one that exists.",
    az="az resource show --ids {{resource_id}}",
    caution="The storage account and key vault of a workspace cannot be exchanged: without them it has to "
    "be created again. A new resource under the old name has none of the old data or keys.",
)

_OF_PERIMETER = '--perimeter-name "$PERIMETER" --resource-group "$PERIMETER_GROUP"'
_CUT_BY_PERIMETER = (
    "A perimeter may hold other resources, which follow the same rules. $PERIMETER and $PERIMETER_GROUP are the "
    "perimeter and its resource group, as perimeter_id in the tables names them."
)

PERIMETER_NARROWED = Remediation(
    summary="Replace the perimeter's wide inbound rule by one with the addresses that are needed.",
    az=f'az network perimeter profile access-rule list {_OF_PERIMETER} --profile-name "$PROFILE"\n'
    f'az network perimeter profile access-rule update {_OF_PERIMETER} --profile-name "$PROFILE" '
    '--name "$RULE" --address-prefixes "$PREFIX"',
    caution=f"Clients outside the new prefixes are refused at once. {_CUT_BY_PERIMETER} $PROFILE, $RULE and $PREFIX "
    "are "
    "the profile and the rule that the first command lists, and the address range to keep.",
)

PERIMETER_ENFORCED = Remediation(
    summary="Read the perimeter's access logs, add the inbound rules that are missing, then enforce the association.",
    az=f"az network perimeter association list {_OF_PERIMETER}\n"
    f'az network perimeter association update {_OF_PERIMETER} --name "$ASSOCIATION" --access-mode Enforced',
    caution="In Enforced mode the resource's own rules and the bypass for trusted services no longer count, so Machine "
    "Learning needs private endpoints or an inbound rule for the workspace's subscription first. "
    f"{_CUT_BY_PERIMETER} $ASSOCIATION is the association that the first command lists.",
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

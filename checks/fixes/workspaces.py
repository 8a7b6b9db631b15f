"""The fixes of the SEC checks in az CLI, Bicep and Terraform.

Encryption and high business impact can be set only at creation: these fixes create a second workspace under a new
name, closed to the public and with a managed network. On the old name Terraform would replace the workspace.
"""

from __future__ import annotations

from checks.fixes.steps import WARNING, in_order, remediation
from checks.fixes.templates import (
    API,
    EXISTING_WORKSPACE,
    WORKSPACE,
    azapi,
    indented,
    json_word,
    patch,
    patched,
    put,
    where,
    workspace_bicep,
    workspace_terraform,
)

_BOTH = "SystemAssigned,UserAssigned"
IDENTITY_GIVEN = remediation(
    summary="Add a managed identity of the kind that the policy requires, and keep the identity that is there.",
    az="# The workspace has no identity. If the policy requires UserAssigned, use the last command without its if:\n"
    + where(
        "{{identity_type}} != SystemAssigned ] && [ {{identity_type}} != UserAssigned",
        patch({"identity": {"type": "SystemAssigned"}}),
    )
    + "\n# The workspace has a user-assigned identity, which stays:\n"
    + where("{{identity_type}} = UserAssigned", patch({"identity": {"type": _BOTH}}))
    + "\n# The workspace has a system-assigned identity, which stays:\n"
    + where(
        "{{identity_type}} = SystemAssigned",
        patch({"identity": {"type": _BOTH, "userAssignedIdentities": {"$IDENTITY_ID": {}}}}),
    ),
    bicep=workspace_bicep(
        top=(
            "identity: {",
            f"  type: '{_BOTH}'",
            "  userAssignedIdentities: { '${identityId}': {} }  // and those that the workspace has now",
            "}",
        )
    ),
    terraform=azapi(
        "workspace",
        WORKSPACE,
        "{{workspace_id}}",
        "identity = {",
        f'  type                   = "{_BOTH}"',
        "  userAssignedIdentities = { (var.identity_id) = {} }",
        "}",
        in_properties=False,
    ),
    caution="Grant the new identity its roles on storage, key vault, registry and Application Insights before the "
    "workspace uses it. The workspace uses a user-assigned identity for its own work only after "
    "primaryUserAssignedIdentity names it. Azure does not support every change of kind.",
)

_OF_NEW = (
    f"/subscriptions/{{{{subscription_id}}}}/resourceGroups/{{{{resource_group}}}}/providers/{WORKSPACE}/"
)


def _created(**more: object) -> str:
    body = {
        "location": "{{location}}",
        "kind": "$KIND",
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "storageAccount": "$STORAGE_ACCOUNT_ID",
            "keyVault": "$KEY_VAULT_ID",
            "applicationInsights": "$APPLICATION_INSIGHTS_ID",
            "publicNetworkAccess": "Disabled",
            "managedNetwork": {"isolationMode": "AllowOnlyApprovedOutbound"},
            "systemDatastoresAuthMode": "Identity",
            **more,
        },
    }
    return f"# {WARNING}Azure cannot switch the managed network of the new workspace off again.\n" + put(
        f'{_OF_NEW}"$NEW_WORKSPACE"', json_word(body)
    )


def _new_bicep(*properties: str) -> str:
    return (
        "// A second workspace, closed to the public. It does not change {{workspace}}.\n"
        f"// {WARNING}Azure cannot switch its managed network off again.\n"
        f"resource workspace '{WORKSPACE}@{API}' = {{\n"
        "  name: newWorkspace\n"
        "  location: {{location}}\n"
        "  kind: kind\n"
        "  identity: { type: 'SystemAssigned' }\n"
        "  properties: {\n"
        "    storageAccount: storageAccountId\n"
        "    keyVault: keyVaultId\n"
        "    applicationInsights: applicationInsightsId\n"
        "    publicNetworkAccess: 'Disabled'\n"
        "    managedNetwork: { isolationMode: 'AllowOnlyApprovedOutbound' }\n"
        "    systemDatastoresAuthMode: 'Identity'\n"
        f"{indented(properties, 2)}"
        "  }\n"
        "}"
    )


def _new_terraform(*lines: str, foundry: tuple[str, ...]) -> str:
    return (
        "# A second workspace, closed to the public. It does not change {{workspace}}.\n"
        f"# {WARNING}Azure cannot switch its managed network off again.\n"
        'resource "azurerm_machine_learning_workspace" "new" {\n'
        "  name                          = var.new_workspace\n"
        "  resource_group_name           = {{resource_group}}\n"
        "  location                      = {{location}}\n"
        "  storage_account_id            = var.storage_account_id\n"
        "  key_vault_id                  = var.key_vault_id\n"
        "  application_insights_id       = var.application_insights_id\n"
        "  public_network_access_enabled = false\n"
        '  storage_account_access_type   = "Identity"\n'
        "  identity {\n"
        '    type = "SystemAssigned"\n'
        "  }\n"
        "  managed_network {\n"
        '    isolation_mode = "AllowOnlyApprovedOutbound"\n'
        "  }\n"
        f"{indented(lines, 1)}"
        "}\n"
        '# A feature store: add kind = "FeatureStore" and a feature_store block.\n'
        f"{indented(tuple(f'# {line}' for line in foundry), 0)}"
    ).rstrip()


_ONLY_NEW = (
    "Azure takes the setting only at creation, and the same argument on the old name replaces the workspace: these "
    "steps create a second one. Create its private endpoint and DNS zones, as PEP001 describes, before anybody "
    "uses it. Move data, models, computes, endpoints and connections, then delete the old workspace. Create a new "
    "Project with `az ml workspace create --kind project --hub-id`: it has no storage account, vault or network of "
    "its own. A feature store also needs featureStoreSettings. Azure cannot switch the new workspace's managed "
    "network off again. The new workspace needs diagnostic settings (SEC004), and where a policy asks for it a key "
    "(SEC002), a user-assigned identity (SEC001) or the mode AllowInternetOutbound (NET006): change the text "
    "before you run it."
)

CUSTOMER_KEY_USED = remediation(
    summary="Create a new workspace with a customer-managed key and move the work to it.",
    az=_created(
        encryption={
            "status": "Enabled",
            "keyVaultProperties": {"keyVaultArmId": "$KEY_VAULT_OF_KEY_ID", "keyIdentifier": "$KEY_ID"},
        }
    ),
    bicep=_new_bicep(
        "encryption: {",
        "  status: 'Enabled'",
        "  keyVaultProperties: { keyVaultArmId: keyVaultOfKeyId, keyIdentifier: keyId }",
        "}",
    ),
    terraform=_new_terraform(
        "encryption {",
        "  key_vault_id = var.key_vault_of_key_id",
        "  key_id       = var.key_id",
        "}",
        foundry=(
            "A hub: azurerm_ai_foundry has the same encryption block; a Project takes the key of its hub.",
        ),
    ),
    caution=f"{_ONLY_NEW} The key vault needs soft delete and purge protection, because a lost key makes the data "
    "unreadable. Azure may bill you for service-side resources.",
)

HIGH_IMPACT_SET = remediation(
    summary="Create a new workspace with high business impact set and move the work to it.",
    az=_created(hbiWorkspace=True),
    bicep=_new_bicep("hbiWorkspace: true"),
    terraform=_new_terraform(
        "high_business_impact = true",
        foundry=(
            "A hub: azurerm_ai_foundry with high_business_impact_enabled = true.",
            "A Project: azurerm_ai_foundry_project with high_business_impact_enabled = true.",
        ),
    ),
    caution=f"{_ONLY_NEW} The flag reduces the diagnostic data that Microsoft collects, so Microsoft's support sees "
    "less.",
)

LOGS_SENT = remediation(
    summary="Send the workspace's resource logs to a Log Analytics workspace.",
    az="az monitor diagnostic-settings create --name to-log-analytics --resource {{workspace_id}} "
    '--workspace "$LOG_ANALYTICS_ID" --logs \'[{"categoryGroup": "allLogs", "enabled": true}]\'',
    bicep=f"{EXISTING_WORKSPACE}"
    "resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {\n"
    "  name: 'to-log-analytics'\n"
    "  scope: workspace\n"
    "  properties: {\n"
    "    workspaceId: logAnalyticsId\n"
    "    logs: [ { categoryGroup: 'allLogs', enabled: true } ]\n"
    "  }\n"
    "}",
    terraform='resource "azurerm_monitor_diagnostic_setting" "workspace" {\n'
    '  name                       = "to-log-analytics"\n'
    "  target_resource_id         = {{workspace_id}}\n"
    "  log_analytics_workspace_id = var.log_analytics_id\n"
    "  enabled_log {\n"
    '    category_group = "allLogs"\n'
    "  }\n"
    "}",
    caution="Azure bills ingestion and retention. The logs name users and jobs: restrict access to the log workspace.",
)

IDENTITY_FOR_DATASTORES = remediation(
    summary="Set the default datastores to identity-based access.",
    az=patched(systemDatastoresAuthMode="Identity"),
    bicep=workspace_bicep("systemDatastoresAuthMode: 'Identity'"),
    terraform=workspace_terraform(
        'systemDatastoresAuthMode = "Identity"',
        azurerm=('azurerm_machine_learning_workspace: storage_account_access_type = "Identity"',),
    ),
    caution="First grant users and computes the data roles for blobs and files on the storage account; otherwise "
    "jobs cannot read their data.",
)

LEGACY_MODE_LEFT = remediation(
    summary="Move jobs and tools to the v2 API, then disable the legacy mode.",
    az=in_order(("Disable the mode after the jobs use the v2 API.", patched(v1LegacyMode=False))),
    bicep=workspace_bicep("v1LegacyMode: false"),
    terraform=workspace_terraform(
        "v1LegacyMode = false",
        azurerm=("azurerm_machine_learning_workspace: v1_legacy_mode_enabled = false",),
    ),
    caution="Jobs and pipelines that use the v1 SDK or CLI stop working. Calls of the v2 API go to Azure Resource "
    "Manager, not through the workspace's private endpoint.",
)

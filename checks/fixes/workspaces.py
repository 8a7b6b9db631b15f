"""The fixes of the SEC checks in az CLI, Bicep and Terraform.

The user replaces `$NAMES`, names without braces and `var.names`; the report fills in `{{names}}`.
The commands and properties are those of azure-cli's ml extension 2, api-version 2025-12-01 and azurerm 4.
"""

from __future__ import annotations

from checks.model import Remediation

_OF_WORKSPACE = "--name {{workspace}} --resource-group {{resource_group}} --subscription {{subscription_id}}"


def _bicep(*lines: str) -> str:
    members = "\n".join(f"  {line}" for line in lines)
    return (
        "resource workspace 'Microsoft.MachineLearningServices/workspaces@2025-12-01' = {\n"
        "  name: {{workspace}}\n"
        "  location: {{location}}\n"
        f"{members}\n"
        "}"
    )


def _terraform(*lines: str) -> str:
    arguments = "\n".join(f"  {line}" for line in lines)
    return (
        'resource "azurerm_machine_learning_workspace" "workspace" {\n'
        "  name                = {{workspace}}\n"
        "  resource_group_name = {{resource_group}}\n"
        "  location            = {{location}}\n"
        f"{arguments}\n"
        "}"
    )


IDENTITY_GIVEN = Remediation(
    summary="Set the workspace's managed identity to the kind that the policy requires.",
    az="az rest --method patch --url {{workspace_id}} --url-parameters api-version=2025-12-01 "
    '--body \'{"identity": {"type": "SystemAssigned"}}\'\n'
    "# user-assigned instead:\n"
    f'az ml workspace update {_OF_WORKSPACE} --primary-user-assigned-identity "$IDENTITY_ID"',
    bicep=_bicep("identity: { type: 'SystemAssigned' }"),
    terraform=_terraform("identity {", '  type = "SystemAssigned"', "}"),
    caution="First grant the identity its roles on storage, key vault, registry and Application Insights. A change "
    "of kind removes the old identity and its roles. Azure does not support every change of kind.",
)

CUSTOMER_KEY_USED = Remediation(
    summary="Create a new workspace with a customer-managed key and move the work to it.",
    az='az ml workspace create --name "$NEW_WORKSPACE" --resource-group {{resource_group}} '
    "--subscription {{subscription_id}} --file workspace-with-key.yml",
    bicep=_bicep(
        "properties: {",
        "  encryption: {",
        "    status: 'Enabled'",
        "    keyVaultProperties: { keyVaultArmId: keyVaultId, keyIdentifier: keyUri }",
        "  }",
        "}",
    ),
    terraform=_terraform(
        "encryption {", "  key_vault_id = var.key_vault_id", "  key_id       = var.key_id", "}"
    ),
    caution="Azure takes the key only at creation: create computes, endpoints and registrations again too. The key "
    "vault needs soft delete and purge protection, because a lost key makes the data unreadable. Azure may bill "
    "you for service-side resources.",
)

HIGH_IMPACT_SET = Remediation(
    summary="Create a new workspace with high business impact set and move the work to it.",
    az='az ml workspace create --name "$NEW_WORKSPACE" --resource-group {{resource_group}} '
    "--subscription {{subscription_id}} --set hbi_workspace=true",
    bicep=_bicep("properties: { hbiWorkspace: true }"),
    terraform=_terraform("high_business_impact = true"),
    caution="Azure takes the flag only at creation. The flag reduces the diagnostic data that Microsoft collects, so "
    "Microsoft's support sees less.",
)

LOGS_SENT = Remediation(
    summary="Send the workspace's resource logs to a Log Analytics workspace.",
    az="az monitor diagnostic-settings create --name to-log-analytics --resource {{workspace_id}} "
    '--workspace "$LOG_ANALYTICS_ID" --logs \'[{"categoryGroup": "allLogs", "enabled": true}]\'',
    bicep="resource workspace 'Microsoft.MachineLearningServices/workspaces@2025-12-01' existing = {\n"
    "  name: {{workspace}}\n"
    "}\n"
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

IDENTITY_FOR_DATASTORES = Remediation(
    summary="Set the default datastores to identity-based access.",
    az=f"az ml workspace update {_OF_WORKSPACE} --system-datastores-auth-mode identity",
    bicep=_bicep("properties: { systemDatastoresAuthMode: 'Identity' }"),
    terraform=_terraform('storage_account_access_type = "Identity"'),
    caution="First grant users and computes the data roles for blobs and files on the storage account; otherwise "
    "jobs cannot read their data.",
)

LEGACY_MODE_LEFT = Remediation(
    summary="Move jobs and tools to the v2 API, then disable the legacy mode.",
    az="az resource update --ids {{workspace_id}} --api-version 2025-12-01 --set properties.v1LegacyMode=false",
    terraform='resource "azapi_update_resource" "workspace" {\n'
    '  type        = "Microsoft.MachineLearningServices/workspaces@2025-12-01"\n'
    "  resource_id = {{workspace_id}}\n"
    "  body = {\n"
    "    properties = {\n"
    "      v1LegacyMode = false\n"
    "    }\n"
    "  }\n"
    "}",
    caution="Jobs and pipelines that use the v1 SDK or CLI stop working. Calls of the v2 API go to Azure Resource "
    "Manager, not through the workspace's private endpoint.",
)

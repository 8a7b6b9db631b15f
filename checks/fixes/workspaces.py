"""How to mend what SEC finds, in az CLI, Bicep and Terraform.

`$NAMES`, names without braces and `var.names` are what only the reader knows; `{{names}}` are filled in
by the report. Commands and properties as of azure-cli's ml extension 2, api-version 2025-12-01 and azurerm 4.
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
    summary="Give the workspace a managed identity of the kind the policy wants.",
    az="az rest --method patch --url {{workspace_id}} --url-parameters api-version=2025-12-01 "
    '--body \'{"identity": {"type": "SystemAssigned"}}\'\n'
    "# user-assigned instead:\n"
    f'az ml workspace update {_OF_WORKSPACE} --primary-user-assigned-identity "$IDENTITY_ID"',
    bicep=_bicep("identity: { type: 'SystemAssigned' }"),
    terraform=_terraform("identity {", '  type = "SystemAssigned"', "}"),
    caution="The identity needs roles on storage, key vault, registry and Application Insights before the "
    "workspace uses it; changing the kind drops the old identity and every role it held; not every change "
    "of kind can be made in place.",
)

CUSTOMER_KEY_USED = Remediation(
    summary="Create the workspace again with a customer-managed key and move the work over.",
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
    caution="The key can only be chosen when a workspace is created: an existing one has to be made again, "
    "computes, endpoints and registrations included. The key vault needs soft delete and purge protection; a "
    "lost key is lost data. Service-side resources may be billed to you.",
)

HIGH_IMPACT_SET = Remediation(
    summary="Create the workspace again with high business impact set and move the work over.",
    az='az ml workspace create --name "$NEW_WORKSPACE" --resource-group {{resource_group}} '
    "--subscription {{subscription_id}} --set hbi_workspace=true",
    bicep=_bicep("properties: { hbiWorkspace: true }"),
    terraform=_terraform("high_business_impact = true"),
    caution="The flag can only be set when a workspace is created: an existing one has to be made again. It "
    "reduces the diagnostic data Microsoft collects, and with it what support can see.",
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
    caution="Ingestion and retention are billed. Logs name users and jobs: restrict who may read the sink.",
)

IDENTITY_FOR_DATASTORES = Remediation(
    summary="Let the default datastores sign in with identities.",
    az=f"az ml workspace update {_OF_WORKSPACE} --system-datastores-auth-mode identity",
    bicep=_bicep("properties: { systemDatastoresAuthMode: 'Identity' }"),
    terraform=_terraform('storage_account_access_type = "Identity"'),
    caution="Users and computes need the roles for blobs and files on the storage account first, or every "
    "job fails to read its data.",
)

LEGACY_MODE_LEFT = Remediation(
    summary="Move jobs and tools to the v2 API, then switch the legacy mode off.",
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
    caution="Jobs and pipelines that still use the v1 SDK or CLI stop working. Calls of the v2 API go to Azure "
    "Resource "
    "Manager, outside the workspace's private endpoint.",
)

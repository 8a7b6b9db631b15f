"""The fixes of the SEC checks in az CLI, Bicep and Terraform; SEC002 and SEC003 are in `new_workspaces`."""

from __future__ import annotations

from typing import Any

from checks.fixes.steps import commented, in_order, remediation
from checks.fixes.templates import (
    EXISTING_WORKSPACE,
    WORKSPACE,
    azapi,
    in_azurerm,
    patch,
    patched,
    where,
    workspace_bicep,
    workspace_terraform,
)

_BOTH = "SystemAssigned,UserAssigned"


def _attached(kind: str) -> dict[str, Any]:
    return {"identity": {"type": kind, "userAssignedIdentities": {"$IDENTITY_ID": {}}}}


IDENTITY_GIVEN = remediation(
    summary="Add a managed identity of the kind that the policy requires, and keep the identity that is there.",
    az="# The workspace has no identity:\n"
    + where(
        "{{identity_type}} != SystemAssigned ] && [ {{identity_type}} != UserAssigned",
        patch({"identity": {"type": "SystemAssigned"}}),
    )
    + "\n# The workspace has a user-assigned identity, which stays:\n"
    + where("{{identity_type}} = UserAssigned", patch({"identity": {"type": _BOTH}}))
    + "\n# The workspace has a system-assigned identity, which stays:\n"
    + where("{{identity_type}} = SystemAssigned", patch(_attached(_BOTH)))
    + "\n# Or, if the policy requires UserAssigned and the workspace has no identity:\n"
    + commented(patch(_attached("UserAssigned"))),
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


def logs_az(resource_id: str) -> str:
    """Return the command that sends the logs of a workspace."""
    return (
        f"az monitor diagnostic-settings create --name workspace-logs --resource {resource_id} "
        '--workspace "$LOG_ANALYTICS_ID" --logs \'[{"categoryGroup": "allLogs", "enabled": true}]\''
    )


LOGS_BICEP = (
    "resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {\n"
    "  name: 'workspace-logs'\n"
    "  scope: workspace\n"
    "  properties: {\n"
    "    workspaceId: logAnalyticsId\n"
    "    logs: [ { categoryGroup: 'allLogs', enabled: true } ]\n"
    "  }\n"
    "}"
)


def logs_terraform(resource_id: str) -> str:
    """Return the Terraform resource that sends the logs of a workspace."""
    return (
        'resource "azurerm_monitor_diagnostic_setting" "workspace" {\n'
        '  name                       = "workspace-logs"\n'
        f"  target_resource_id         = {resource_id}\n"
        "  log_analytics_workspace_id = var.log_analytics_id\n"
        "  enabled_log {\n"
        '    category_group = "allLogs"\n'
        "  }\n"
        "}"
    )


LOGS_SENT = remediation(
    summary="Send the workspace's resource logs to a Log Analytics workspace.",
    az=logs_az("{{workspace_id}}"),
    bicep=f"{EXISTING_WORKSPACE}{LOGS_BICEP}",
    terraform=logs_terraform("{{workspace_id}}"),
    caution="Azure bills ingestion and retention. The logs name users and jobs: restrict access to the log workspace.",
)

IDENTITY_FOR_DATASTORES = remediation(
    summary="Set the default datastores to identity-based access.",
    az=patched(systemDatastoresAuthMode="Identity"),
    bicep=workspace_bicep("systemDatastoresAuthMode: 'Identity'"),
    terraform=workspace_terraform(
        'systemDatastoresAuthMode = "Identity"',
        azurerm=in_azurerm(workspace=('storage_account_access_type = "Identity"',)),
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
        azurerm=in_azurerm(workspace=("v1_legacy_mode_enabled = false",)),
    ),
    caution="Jobs and pipelines that use the v1 SDK or CLI stop working. Calls of the v2 API go to Azure Resource "
    "Manager, not through the workspace's private endpoint.",
)

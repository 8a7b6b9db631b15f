"""The fixes of the SEC checks in az CLI, Bicep and Terraform.

Encryption and high business impact can be set only at creation: these fixes create a second workspace under a new
name, closed to the public and with a managed network. On the old name Terraform would replace the workspace.
"""

from __future__ import annotations

from typing import Any

from checks.fixes.private_endpoints import reached_bicep, reached_steps, reached_terraform
from checks.fixes.steps import WARNING, commented, either, in_order, remediation
from checks.fixes.templates import (
    API,
    EXISTING_WORKSPACE,
    WORKSPACE,
    azapi,
    get,
    in_azurerm,
    in_shell,
    indented,
    new_resource,
    patch,
    patched,
    put,
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

_NEW_ID = (
    f"/subscriptions/{{{{subscription_id}}}}/resourceGroups/{{{{resource_group}}}}/providers/{WORKSPACE}/"
    '"$NEW_WORKSPACE"'
)
_FILE = "workspace.json"


def _logs_az(resource_id: str) -> str:
    return (
        f"az monitor diagnostic-settings create --name to-log-analytics --resource {resource_id} "
        '--workspace "$LOG_ANALYTICS_ID" --logs \'[{"categoryGroup": "allLogs", "enabled": true}]\''
    )


_LOGS_BICEP = (
    "resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {\n"
    "  name: 'to-log-analytics'\n"
    "  scope: workspace\n"
    "  properties: {\n"
    "    workspaceId: logAnalyticsId\n"
    "    logs: [ { categoryGroup: 'allLogs', enabled: true } ]\n"
    "  }\n"
    "}"
)


def _logs_terraform(resource_id: str) -> str:
    return (
        'resource "azurerm_monitor_diagnostic_setting" "workspace" {\n'
        '  name                       = "to-log-analytics"\n'
        f"  target_resource_id         = {resource_id}\n"
        "  log_analytics_workspace_id = var.log_analytics_id\n"
        "  enabled_log {\n"
        '    category_group = "allLogs"\n'
        "  }\n"
        "}"
    )


def _created(**own: str) -> str:
    """Return the steps that create a second workspace like the old one.

    `own` are JMESPath expressions over the old workspace, by the property that they set.
    """
    properties = {
        "storageAccount": in_shell("STORAGE_ACCOUNT_ID"),
        "keyVault": in_shell("KEY_VAULT_ID"),
        "applicationInsights": in_shell("APPLICATION_INSIGHTS_ID"),
        "publicNetworkAccess": '`"Disabled"`',
        "managedNetwork": '{isolationMode: properties.managedNetwork.isolationMode == `"AllowInternetOutbound"` && '
        '`"AllowInternetOutbound"` || `"AllowOnlyApprovedOutbound"`}',
        "systemDatastoresAuthMode": '`"Identity"`',
        **{
            name: f"properties.{name}"
            for name in ("primaryUserAssignedIdentity", "encryption", "hbiWorkspace", "featureStoreSettings")
        },
        **own,
    }
    members = ", ".join(f"{name}: {value}" for name, value in properties.items())
    query = (
        f"'{{location: location, kind: kind, tags: tags, identity: identity, properties: {{{members}}} }}'"
    )
    return in_order(
        (
            f"Save the description of the new workspace, which copies the old one, and look at {_FILE}.",
            f"{get('{{workspace_id}}', query=query)} > {_FILE}",
        ),
        (
            f"{WARNING}Azure cannot switch the managed network of the new workspace off again.",
            f"{put(_NEW_ID, f'@{_FILE}')}\naz resource wait --ids {_NEW_ID} --api-version {API} --created",
        ),
        *reached_steps(_NEW_ID),
        ("Send its logs.", _logs_az(_NEW_ID)),
    )


def _new_bicep(*properties: str) -> str:
    return (
        "// A second workspace, closed to the public. It does not change {{workspace}}.\n"
        f"// {WARNING}Azure cannot switch its managed network off again.\n"
        f"resource workspace '{WORKSPACE}@{API}' = {{\n"
        "  name: newWorkspace\n"
        "  location: {{location}}\n"
        "  kind: kind\n"
        "  identity: identity\n"
        "  properties: {\n"
        "    storageAccount: storageAccountId\n"
        "    keyVault: keyVaultId\n"
        "    applicationInsights: applicationInsightsId\n"
        "    publicNetworkAccess: 'Disabled'\n"
        "    managedNetwork: { isolationMode: isolationMode }\n"
        "    systemDatastoresAuthMode: 'Identity'\n"
        f"{indented(properties, 2)}"
        "  }\n"
        "}\n"
        f"{reached_bicep('workspace.id')}\n"
        f"{_LOGS_BICEP}"
    )


def _new_terraform(*, workspace: tuple[str, ...], hub: tuple[str, ...], project: tuple[str, ...]) -> str:
    """Return the resource of each kind as an alternative. The arguments are the lines of its own kind."""
    store = ('kind = "FeatureStore"', *workspace, "feature_store {}")
    return (
        "# A second workspace, closed to the public. It does not change {{workspace}}.\n"
        f"# {WARNING}Azure cannot switch its managed network off again.\n"
        + either(
            ("it is a workspace", _reached_and_logged("azurerm_machine_learning_workspace", workspace)),
            ("it is a feature store", _reached_and_logged("azurerm_machine_learning_workspace", store)),
            ("it is a hub", f"{_reached_and_logged('azurerm_ai_foundry', hub)}\n{_HUB_DATASTORES}"),
            ("it is a Project, after its hub", _project_terraform(project)),
            language="terraform",
        )
    )


_CLOSED = ("public_network_access_enabled = false", 'storage_account_access_type = "Identity"')
_INSIDE = {
    "azurerm_machine_learning_workspace": _CLOSED,
    "azurerm_ai_foundry": ('public_network_access = "Disabled"',),
}
_HUB_DATASTORES = (
    "# Then follow SEC005: azurerm has no argument for the access of a hub to its default datastores."
)
_IDENTITY_BLOCK = ("identity {", '  type = "SystemAssigned" # or the identity of the old workspace', "}")


def _reached_and_logged(kind: str, own: tuple[str, ...]) -> str:
    block = new_resource(
        kind,
        "name = var.new_workspace",
        "resource_group_name = {{resource_group}}",
        "location = {{location}}",
        *(
            f"{name} = var.{name}"
            for name in ("storage_account_id", "key_vault_id", "application_insights_id")
        ),
        *_INSIDE[kind],
        *own,
        *_IDENTITY_BLOCK,
        "managed_network {",
        "  isolation_mode = var.isolation_mode",
        "}",
    )
    return f"{block}{reached_terraform(f'{kind}.new.id')}\n{_logs_terraform(f'{kind}.new.id')}"


def _project_terraform(own: tuple[str, ...]) -> str:
    kind = "azurerm_ai_foundry_project"
    lines = ("name = var.new_workspace", "location = {{location}}", "ai_services_hub_id = var.new_hub_id")
    return new_resource(kind, *lines, *own, *_IDENTITY_BLOCK) + _logs_terraform(f"{kind}.new.id")


_ONLY_NEW = (
    "Azure takes the setting only at creation, and the same argument on the old name replaces the workspace: these "
    "steps create a second one, with the kind, identity and isolation mode of the old one. Give its identity the roles "
    "of the old one. Move data, models, computes, endpoints and connections, then delete the old workspace. Create a "
    "new Project with `az ml workspace create --kind project --hub-id`: it has no storage account, vault or network of "
    "its own. Azure cannot switch the new workspace's managed network off again, and bills its private endpoints and "
    "the logs."
)

_KEY_BLOCK = ("encryption {", "  key_vault_id = var.key_vault_of_key_id", "  key_id       = var.key_id", "}")

CUSTOMER_KEY_USED = remediation(
    summary="Create a new workspace with a customer-managed key and move the work to it.",
    az=_created(
        encryption='{status: `"Enabled"`, keyVaultProperties: {keyVaultArmId: '
        f"{in_shell('KEY_VAULT_OF_KEY_ID')}, keyIdentifier: {in_shell('KEY_ID')}}} }}"
    ),
    bicep=_new_bicep(
        "encryption: {",
        "  status: 'Enabled'",
        "  keyVaultProperties: { keyVaultArmId: keyVaultOfKeyId, keyIdentifier: keyId }",
        "}",
        "hbiWorkspace: hbiWorkspace",
    ),
    terraform=_new_terraform(workspace=_KEY_BLOCK, hub=_KEY_BLOCK, project=()),
    caution=f"{_ONLY_NEW} The key vault needs soft delete and purge protection, because a lost key makes the data "
    "unreadable. Azure may bill you for service-side resources.",
)

HIGH_IMPACT_SET = remediation(
    summary="Create a new workspace with high business impact set and move the work to it.",
    az=_created(hbiWorkspace="`true`"),
    bicep=_new_bicep("hbiWorkspace: true", "encryption: encryption"),
    terraform=_new_terraform(
        workspace=("high_business_impact = true",),
        hub=("high_business_impact_enabled = true",),
        project=("high_business_impact_enabled = true",),
    ),
    caution=f"{_ONLY_NEW} The flag reduces the diagnostic data that Microsoft collects, so Microsoft's support sees "
    "less.",
)

LOGS_SENT = remediation(
    summary="Send the workspace's resource logs to a Log Analytics workspace.",
    az=_logs_az("{{workspace_id}}"),
    bicep=f"{EXISTING_WORKSPACE}{_LOGS_BICEP}",
    terraform=_logs_terraform("{{workspace_id}}"),
    caution="Azure bills ingestion and retention. The logs name users and jobs: restrict access to the log workspace.",
)

IDENTITY_FOR_DATASTORES = remediation(
    summary="Set the default datastores to identity-based access.",
    az=patched(systemDatastoresAuthMode="Identity"),
    bicep=workspace_bicep("systemDatastoresAuthMode: 'Identity'"),
    terraform=workspace_terraform(
        'systemDatastoresAuthMode = "Identity"',
        azurerm=in_azurerm('storage_account_access_type = "Identity"'),
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
        azurerm=in_azurerm("v1_legacy_mode_enabled = false"),
    ),
    caution="Jobs and pipelines that use the v1 SDK or CLI stop working. Calls of the v2 API go to Azure Resource "
    "Manager, not through the workspace's private endpoint.",
)

"""The fixes of SEC002 and SEC003 in az CLI, Bicep and Terraform: a second workspace beside the old one.

Encryption and high business impact can be set only at creation: these fixes create a second workspace under a new
name, closed to the public and with a managed network. On the old name Terraform would replace the workspace.
"""

from __future__ import annotations

from collections.abc import Mapping

from checks.fixes.access.private_endpoints import reached_steps
from checks.fixes.access.private_links import reached_bicep, reached_terraform
from checks.fixes.marks import ANY_KIND, KINDS, only
from checks.fixes.steps import WARNING, by_kind, in_order, remediation
from checks.fixes.templates import API, WORKSPACE, get, in_shell, indented, new_resource, put
from checks.fixes.workspaces import LOGS_BICEP, logs_az, logs_terraform

_NEW_ID = (
    f"/subscriptions/{{{{subscription_id}}}}/resourceGroups/{{{{resource_group}}}}/providers/{WORKSPACE}/"
    '"$NEW_WORKSPACE"'
)
_FILE = "workspace.json"


_MODE = "properties.managedNetwork.isolationMode"
_INTERNET, _APPROVED = '`"AllowInternetOutbound"`', '`"AllowOnlyApprovedOutbound"`'
_NETWORK = {
    "storageAccount": in_shell("STORAGE_ACCOUNT_ID"),
    "keyVault": in_shell("KEY_VAULT_ID"),
    "applicationInsights": in_shell("APPLICATION_INSIGHTS_ID"),
    "publicNetworkAccess": '`"Disabled"`',
    "managedNetwork": f"{{isolationMode: {_MODE} == {_INTERNET} && {_INTERNET} || {_APPROVED}}}",
    "systemDatastoresAuthMode": '`"Identity"`',
}
"""The members of a workspace that a Project takes from its hub."""
_KEPT = ("primaryUserAssignedIdentity", "encryption", "hbiWorkspace", "featureStoreSettings")
_WITH_NETWORK = ("Default", "FeatureStore", "Hub")
_NO_PROJECT, _PROJECT = "it is a workspace, a feature store or a hub", "it is a Project, after its hub"


def _created(**own: str) -> str:
    """Return the steps that create a second workspace like the old one.

    `own` are JMESPath expressions over the old workspace, by the property that they set.
    """
    kept = {name: f"properties.{name}" for name in _KEPT}
    whole = _created_like(_NETWORK | kept | own, reached_steps(_NEW_ID))
    project = {"hubResourceId": in_shell("NEW_HUB_ID"), "hbiWorkspace": kept["hbiWorkspace"]}
    of_hub = _created_like(project | {name: own[name] for name in own if name in project}, ())
    return by_kind((_WITH_NETWORK, _NO_PROJECT, whole), (("Project",), _PROJECT, of_hub), language="az")


def _created_like(properties: Mapping[str, str], reached: tuple[tuple[str, str], ...]) -> str:
    members = ", ".join(f"{name}: {value}" for name, value in properties.items())
    query = (
        f"'{{location: location, kind: kind, tags: tags, identity: identity, properties: {{{members}}} }}'"
    )
    warning = f"{WARNING}Azure cannot switch the managed network of the new workspace off again."
    return in_order(
        (
            f"Save the description of the new workspace, which copies the old one, and look at {_FILE}.",
            f"{get('{{workspace_id}}', query=query)} > {_FILE}",
        ),
        (
            warning if reached else "Create the new Project.",
            f"{put(_NEW_ID, f'@{_FILE}')}\naz resource wait --ids {_NEW_ID} --api-version {API} --created",
        ),
        *reached,
        ("Send its logs.", logs_az(_NEW_ID)),
    )


def _new_bicep(*properties: str, of_project: tuple[str, ...] = ()) -> str:
    network = (
        "storageAccount: storageAccountId",
        "keyVault: keyVaultId",
        "applicationInsights: applicationInsightsId",
        "publicNetworkAccess: 'Disabled'",
        "managedNetwork: { isolationMode: isolationMode }",
        "systemDatastoresAuthMode: 'Identity'",
        *properties,
    )
    whole = f"{_workspace_bicep(*network)}\n{reached_bicep('workspace.id')}\n{LOGS_BICEP}"
    project = f"{_workspace_bicep('hubResourceId: newHubId', *of_project)}\n{LOGS_BICEP}"
    return by_kind(
        (_WITH_NETWORK, _NO_PROJECT, f"{_warned('//', ', closed to the public')}\n{whole}"),
        (("Project",), _PROJECT, f"{_warned('//')}\n{project}"),
        language="bicep",
    )


def _workspace_bicep(*properties: str) -> str:
    return (
        f"resource workspace '{WORKSPACE}@{API}' = {{\n"
        "  name: newWorkspace\n"
        "  location: {{location}}\n"
        f"{only('  kind: {{workspace_kind}}', *KINDS)}\n"
        f"{only('  kind: kind', ANY_KIND)}\n"
        "  identity: identity\n"
        "  properties: {\n"
        f"{indented(properties, 2)}"
        "  }\n"
        "}"
    )


_OF_KIND = (
    (("Default",), "it is a workspace"),
    (("FeatureStore",), "it is a feature store"),
    (("Hub",), "it is a hub"),
    (("Project",), "it is a Project, after its hub"),
)


def _new_terraform(*, workspace: tuple[str, ...], hub: tuple[str, ...], project: tuple[str, ...]) -> str:
    """Return the resource of each kind. The arguments are the lines of its own kind."""
    store = ('kind = "FeatureStore"', *workspace, "feature_store {}")
    inside = (
        _reached_and_logged("azurerm_machine_learning_workspace", workspace),
        _reached_and_logged("azurerm_machine_learning_workspace", store),
        f"{_reached_and_logged('azurerm_ai_foundry', hub)}\n{_HUB_DATASTORES}",
    )
    closed = [f"{_warned('#', ', closed to the public')}\n{text}" for text in inside]
    texts = [*closed, f"{_warned('#')}\n{_project_terraform(project)}"]
    return by_kind(*((*kind, text) for kind, text in zip(_OF_KIND, texts, strict=True)), language="terraform")


def _warned(sign: str, closed: str = "") -> str:
    """Return the comment above a second workspace. `closed` is "" for a Project, which has no network of its own."""
    first = f"{sign} A second workspace{closed}. It does not change {{{{workspace}}}}."
    return f"{first}\n{sign} {WARNING}Azure cannot switch its managed network off again." if closed else first


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
    return f"{block}{reached_terraform(f'{kind}.new.id')}\n{logs_terraform(f'{kind}.new.id')}"


def _project_terraform(own: tuple[str, ...]) -> str:
    kind = "azurerm_ai_foundry_project"
    lines = ("name = var.new_workspace", "location = {{location}}", "ai_services_hub_id = var.new_hub_id")
    return new_resource(kind, *lines, *own, *_IDENTITY_BLOCK) + logs_terraform(f"{kind}.new.id")


_ONLY_NEW = (
    "Azure takes the setting only at creation, and the same argument on the old name replaces the workspace: these "
    "steps create a second one, with the kind, identity and isolation mode of the old one. Give its identity the roles "
    "of the old one. Move data, models, computes, endpoints and connections, then delete the old workspace. A Project "
    "has no storage account, vault or network of its own: create its new hub first. Azure cannot switch the new "
    "workspace's managed network off again, and bills its private endpoints and the logs."
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
    bicep=_new_bicep("hbiWorkspace: true", "encryption: encryption", of_project=("hbiWorkspace: true",)),
    terraform=_new_terraform(
        workspace=("high_business_impact = true",),
        hub=("high_business_impact_enabled = true",),
        project=("high_business_impact_enabled = true",),
    ),
    caution=f"{_ONLY_NEW} The flag reduces the diagnostic data that Microsoft collects, so Microsoft's support sees "
    "less.",
)

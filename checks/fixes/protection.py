"""The fixes of RES009 to RES013 and RES017 in az CLI, Bicep and Terraform; see also `dependencies`."""

from __future__ import annotations

from checks.fixes.dependencies import (
    REGISTRY,
    SHARED,
    STORAGE,
    VAULT,
    patched_resource,
    resource_bicep,
    resource_terraform,
)
from checks.fixes.steps import WARNING, in_order, remediation
from checks.fixes.templates import patched, where, workspace_bicep, workspace_terraform

ANONYMOUS_BLOBS_REFUSED = remediation(
    summary="Disable anonymous blob access for the whole storage account.",
    az=patched_resource(STORAGE, allowBlobPublicAccess=False),
    bicep=resource_bicep(STORAGE, "allowBlobPublicAccess: false"),
    terraform=resource_terraform(STORAGE, "allowBlobPublicAccess = false"),
    caution=f"Containers that are public on purpose refuse anonymous readers at once. {SHARED}",
)

SHARED_KEYS_REFUSED = remediation(
    summary="Switch the datastores to identity-based access, then refuse shared keys.",
    az=in_order(
        (
            "Switch the datastores. Do the same in every other workspace that uses the account.",
            patched(systemDatastoresAuthMode="Identity"),
        ),
        (
            f"{WARNING}clients that use an account key fail from now on.",
            patched_resource(STORAGE, allowSharedKeyAccess=False),
        ),
    ),
    bicep="\n".join(
        [
            workspace_bicep("systemDatastoresAuthMode: 'Identity'"),
            resource_bicep(STORAGE, "allowSharedKeyAccess: false"),
        ]
    ),
    terraform=workspace_terraform('systemDatastoresAuthMode = "Identity"')
    + "\n"
    + resource_terraform(STORAGE, "allowSharedKeyAccess = false").replace(
        "{{resource_id}}\n", "{{resource_id}}\n  depends_on  = [azapi_update_resource.workspace]\n"
    ),
    caution="Clients that use an account key, or a SAS signed with one, fail at once: datastores with credentials, "
    "scripts, file shares mounted by key. First grant the workspace identity and its users the data roles for "
    f"blobs and files. {SHARED}",
)

PURGE_PROTECTION_ON = remediation(
    summary="Enable purge protection.",
    az=f"# {WARNING}Azure cannot disable purge protection again.\n"
    + patched_resource(VAULT, enablePurgeProtection=True),
    bicep=resource_bicep(
        VAULT, f"// {WARNING}Azure cannot disable purge protection again.", "enablePurgeProtection: true"
    ),
    terraform=f"# {WARNING}Azure cannot disable purge protection again.\n"
    + resource_terraform(VAULT, "enablePurgeProtection = true"),
    caution="Azure cannot disable purge protection again. It keeps a deleted vault, and reserves its name, for the "
    f"whole retention period: templates that delete and create the vault under one name then fail. {SHARED}",
)

ADMIN_USER_OFF = remediation(
    summary="Pull and push with identities, then disable the admin user and anonymous pull.",
    az=f"# {WARNING}clients that use the admin password, or none, fail from now on.\n"
    + patched_resource(REGISTRY, adminUserEnabled=False, anonymousPullEnabled=False),
    bicep=resource_bicep(REGISTRY, "adminUserEnabled: false", "anonymousPullEnabled: false"),
    terraform=resource_terraform(REGISTRY, "adminUserEnabled     = false", "anonymousPullEnabled = false"),
    caution="The registry refuses the admin password at once. A workspace whose identity has no role on the registry "
    f"uses that password: first grant AcrPull and AcrPush to the identity. {SHARED}",
)

_ATTACHED = tuple(
    (f"# The {what}: attach another one.\n", role, member)
    for what, role, member in (
        ("container registry", "registry", "containerRegistry"),
        ("Application Insights component", "insights", "applicationInsights"),
    )
)
_ATTACH = "\n".join(
    comment
    + where(f'{{{{role}}}} = {role} ] && [ -n "$DEPENDENCY_ID"', patched(**{member: "$DEPENDENCY_ID"}))
    for comment, role, member in _ATTACHED
)
_BOUND = (
    "Azure cannot exchange the storage account or key vault of a workspace: create the workspace again if neither "
    "can be restored."
)

DEPENDENCY_RESTORED = remediation(
    summary="Restore the resource if it is still soft-deleted, or attach another registry or component.",
    az="# A key vault, while Azure keeps it:\n"
    + where("{{role}} = vault", "az keyvault recover --name {{resource}}")
    + "\n# A storage account: restore it in the portal, under Storage accounts, Restore.\n"
    + _ATTACH,
    caution=f"{_BOUND} A new resource with the old name has none of the old data or keys. Another registry has none of "
    "the old images: jobs and deployments build theirs again.",
)

REGION_KNOWN = remediation(
    summary="Waive the finding, or attach a registry or component of the workspace's region.",
    az="# A storage account or key vault: waive the finding, or create the workspace again.\n" + _ATTACH,
    caution=f"{_BOUND} Azure moves no resource to another region. Another registry has none of the old images: jobs "
    "and deployments build theirs again.",
)

"""RES: how the resources a workspace depends on protect themselves, and who builds images."""

from __future__ import annotations

from checks.contract.tables import Tables
from checks.contract.three_valued import any_child, children_named, of_workspace, texts
from checks.families import frameworks, pages
from checks.families.dependencies.facts import ACCESS_READS, READ, has_role, is_closed, is_read, why_unknown
from checks.fixes.dependencies import BUILD_COMPUTE_NAMED
from checks.fixes.protection import (
    ADMIN_USER_OFF,
    ANONYMOUS_BLOBS_REFUSED,
    PURGE_PROTECTION_ON,
    SHARED_KEYS_REFUSED,
)
from checks.frames import pd
from checks.model import Answers, Check, Params, Severity, answer, check


@check(
    id="RES008",
    title="Image builds have a compute",
    over="workspaces",
    severity=Severity.MEDIUM,
    reads=(
        "workspaces.image_build_compute",
        "workspaces.associated_resources_known",
        "workspaces.computes_known",
        "computes.compute",
        *ACCESS_READS,
        "associated_resources.unread_reason",
    ),
    remediation=BUILD_COMPUTE_NAMED,
    references=(f"{pages.MANAGED_NETWORK}#configure-image-builds",),
    follows=("RES013",),
)
def image_builds_have_a_compute(tables: Tables, _params: Params) -> Answers:
    """A registry behind a firewall cannot build images, so environments need a compute that builds them.

    Asked where the workspace's registry or storage account is closed to the public: `imageBuildCompute` has to name a
    compute, and the compute has to exist in the workspace. A workspace whose registry and storage are open is not
    applicable. A registry or account that does not exist or was not read, a member that was not reported, or computes
    that were not all read are unknown.
    """
    workspaces, stores = tables.workspaces, _stores(tables.associated_resources)
    compute = workspaces["image_build_compute"]
    is_closed_store = has_role(stores, "registry", "storage") & is_closed(stores)
    known = workspaces["associated_resources_known"]
    applies = any_child(is_closed_store, stores, workspaces, known=known)
    return answer(
        known=compute.notna(),
        passed=compute.ne("") & _build_compute_exists(tables),
        applies=applies,
        observed="imageBuildCompute " + compute.replace("", "none").fillna("not reported"),
        expected="imageBuildCompute names a compute",
        failed=pd.Series(
            "The registry or the storage account is closed to the public, and imageBuildCompute names no compute.",
            index=workspaces.index,
            dtype="string",
        ).mask(
            compute.ne("").fillna(value=False),
            "imageBuildCompute names " + compute.fillna("") + ", which no longer exists.",
        ),
        unknown="imageBuildCompute was not reported, or the computes, the registry or the storage account were not "
        "read or have an undocumented word. "
        + _why_unsettled(stores[is_closed_store.isna()], workspaces).where(applies.isna(), ""),
        not_applicable="Neither the registry nor the storage account of the workspace is closed to the public.",
    )


def _build_compute_exists(tables: Tables) -> pd.Series:
    """Return for each workspace whether it has the compute that builds its images. `<NA>` if computes were not read."""
    workspaces, computes = tables.workspaces, tables.computes
    wanted = texts(of_workspace(workspaces["image_build_compute"], computes), _last_name)
    is_wanted = texts(computes["compute"], str.lower).eq(wanted)
    return any_child(is_wanted, computes, workspaces, known=workspaces["computes_known"])


def _stores(resources: pd.DataFrame) -> pd.DataFrame:
    """Return the resources that are, or may be, registries and storage accounts."""
    return resources[has_role(resources, "registry", "storage").fillna(value=True).to_numpy(dtype=bool)]


def _why_unsettled(stores: pd.DataFrame, workspaces: pd.DataFrame) -> pd.Series:
    """Return for each workspace why the access of these registries and storage accounts is not known."""
    return children_named(
        stores["resource"]
        + ": "
        + why_unknown(stores, "Its access was not reported, or is an undocumented word."),
        pd.Series(data=True, index=stores.index),
        stores,
        workspaces,
    )


def _last_name(compute: str) -> str:
    return compute.rstrip("/").rpartition("/")[2].lower()


def _protected(
    resources: pd.DataFrame, role: str, column: str, member: str, *, wanted: bool, absent: bool | None = None
) -> Answers:
    """Return whether a boolean member has the wanted value; `absent` is what Azure takes where it is left out."""
    known = is_read(resources).fillna(value=False)
    reported = resources[column]
    value = reported if absent is None else reported.fillna(absent)
    seen = member + " " + reported.astype("string").str.lower().fillna("not reported")
    meaning = pd.Series("", index=resources.index, dtype="string")
    meaning = meaning.mask(reported.isna(), f", which means {str(absent).lower()}")
    return answer(
        known=known & value.notna(),
        passed=value if wanted else ~value,
        applies=has_role(resources, role),
        observed=seen,
        expected=f"{member} {str(wanted).lower()}",
        failed="The resource {resource} has {seen}{meaning}.",
        values={"seen": seen, "meaning": meaning},
        unknown=why_unknown(resources, f"{member} was not reported."),
        not_applicable=f"The resource is not the workspace's {_NAMES[role]}.",
    )


_NAMES = {"storage": "storage account", "vault": "key vault", "registry": "container registry"}


@check(
    id="RES009",
    title="Storage refuses anonymous blobs",
    over="associated_resources",
    severity=Severity.MEDIUM,
    reads=(*READ, "associated_resources.allow_blob_public_access"),
    remediation=ANONYMOUS_BLOBS_REFUSED,
    references=(pages.STORAGE_ANONYMOUS,),
    follows=("RES013",),
    looks_at="row",
)
def storage_refuses_anonymous_blobs(tables: Tables, _params: Params) -> Answers:
    """If the account permits it, one public container serves its blobs to anonymous readers.

    `allowBlobPublicAccess` false passes, true fails. Left out it has meant different things over the
    years and is unknown, as is an account that does not exist or was not read.
    """
    return _protected(
        tables.associated_resources,
        "storage",
        "allow_blob_public_access",
        "allowBlobPublicAccess",
        wanted=False,
    )


@check(
    id="RES010",
    title="Storage refuses shared keys",
    over="associated_resources",
    severity=Severity.MEDIUM,
    reads=(*READ, "associated_resources.allow_shared_key_access"),
    remediation=SHARED_KEYS_REFUSED,
    controls=frameworks.LOCAL_AUTHENTICATION,
    references=(pages.STORAGE_SHARED_KEY,),
    follows=("RES013",),
    looks_at="row",
)
def storage_refuses_shared_keys(tables: Tables, _params: Params) -> Answers:
    """An account key gives full access to the account, does not identify the caller and never expires.

    Only `allowSharedKeyAccess` false passes: left out, Azure allows keys, so that fails like true. An
    account that does not exist or was not read is unknown.
    """
    return _protected(
        tables.associated_resources,
        "storage",
        "allow_shared_key_access",
        "allowSharedKeyAccess",
        wanted=False,
        absent=True,
    )


@check(
    id="RES011",
    title="Key vault has purge protection",
    over="associated_resources",
    severity=Severity.MEDIUM,
    reads=(*READ, "associated_resources.purge_protection"),
    remediation=PURGE_PROTECTION_ON,
    references=(pages.KEY_VAULT_RECOVERY,),
    follows=("RES013",),
    looks_at="row",
)
def key_vault_has_purge_protection(tables: Tables, _params: Params) -> Answers:
    """Without purge protection an intruder, or a mistake, can destroy keys and secrets permanently.

    Only `enablePurgeProtection` true passes: Azure leaves it out where it is off, so that fails like
    false. A vault that does not exist or was not read is unknown.
    """
    return _protected(
        tables.associated_resources,
        "vault",
        "purge_protection",
        "enablePurgeProtection",
        wanted=True,
        absent=False,
    )


@check(
    id="RES012",
    title="Registry admin user and anonymous pull are off",
    over="associated_resources",
    severity=Severity.MEDIUM,
    reads=(*READ, "associated_resources.admin_user_enabled", "associated_resources.anonymous_pull_enabled"),
    remediation=ADMIN_USER_OFF,
    controls=frameworks.LOCAL_AUTHENTICATION,
    references=(
        pages.REGISTRY_ADMIN,
        pages.ANONYMOUS_PULL,
    ),
    follows=("RES013",),
    looks_at="row",
)
def registry_admin_user_and_anonymous_pull_are_off(tables: Tables, _params: Params) -> Answers:
    """The admin user is one shared password with the right to push; anonymous pull needs no password at all.

    `adminUserEnabled` and `anonymousPullEnabled` both have to be false; either true fails. Azure reports the second
    from api-version 2025-04-01 on. One that was not reported is unknown unless the other one fails, as is a
    registry that does not exist or was not read.
    """
    resources = tables.associated_resources
    was_read = is_read(resources).fillna(value=False)
    admin, anonymous = resources["admin_user_enabled"], resources["anonymous_pull_enabled"]
    is_on = (admin | anonymous).where(was_read)
    seen = "adminUserEnabled " + _shown(admin) + ", anonymousPullEnabled " + _shown(anonymous)
    return answer(
        known=is_on.notna(),
        passed=~is_on,
        applies=has_role(resources, "registry"),
        observed=seen,
        expected="adminUserEnabled false, anonymousPullEnabled false",
        failed="The registry {resource} has {seen}.",
        values={"seen": seen},
        unknown=why_unknown(resources, "adminUserEnabled or anonymousPullEnabled was not reported."),
        not_applicable="The resource is not the workspace's container registry.",
    )


def _shown(flag: pd.Series) -> pd.Series:
    return flag.astype("string").str.lower().fillna("not reported")


CHECKS: tuple[Check, ...] = (
    image_builds_have_a_compute,
    storage_refuses_anonymous_blobs,
    storage_refuses_shared_keys,
    key_vault_has_purge_protection,
    registry_admin_user_and_anonymous_pull_are_off,
)

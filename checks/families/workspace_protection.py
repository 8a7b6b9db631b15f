"""SEC: how the workspace itself is protected: identity, keys, impact, logs and datastores."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from checks.contract.tables import Tables
from checks.contract.three_valued import any_child, children_named, items, judged, says
from checks.families import frameworks, pages
from checks.fixes.new_workspaces import CUSTOMER_KEY_USED, HIGH_IMPACT_SET
from checks.fixes.workspaces import (
    IDENTITY_FOR_DATASTORES,
    IDENTITY_GIVEN,
    LEGACY_MODE_LEFT,
    LOGS_SENT,
)
from checks.model import Answers, Check, Params, Severity, answer, check

_IDENTITY_KINDS = frozenset({"systemassigned", "userassigned"})


class IdentityKind(Params):
    """The kind of managed identity that a workspace has to have."""

    kind: Literal["SystemAssigned", "UserAssigned", "Any"] = Field(
        default="SystemAssigned", description="The kind of managed identity wanted; Any takes either."
    )


@check(
    id="SEC001",
    title="Uses a managed identity of the wanted kind",
    over="workspaces",
    severity=Severity.MEDIUM,
    reads=("workspaces.identity_type",),
    remediation=IDENTITY_GIVEN,
    controls=frameworks.MANAGED_IDENTITY,
    references=(pages.MANAGED_IDENTITY,),
    params=IdentityKind,
    looks_at="row",
)
def managed_identity_is_of_the_wanted_kind(tables: Tables, params: IdentityKind) -> Answers:
    """Without a managed identity a workspace uses keys and passwords, which its owners have to store and rotate.

    `identity.type` has to name the kind the policy wants, by default SystemAssigned; a workspace with both
    kinds has either. None, and a workspace without an identity, fail. A type that was not reported, or
    holds a word Azure has not documented, is unknown.
    """
    kind = tables.workspaces["identity_type"]
    wanted = _IDENTITY_KINDS if params.kind == "Any" else frozenset({params.kind.lower()})
    has_it = judged(kind, lambda joined: _has_kind(joined, wanted))
    return answer(
        known=has_it.notna(),
        passed=has_it,
        observed=kind.replace("", "no identity"),
        expected="a managed identity" if params.kind == "Any" else params.kind,
        failed="The workspace's identity is " + kind.replace("", "none").fillna("") + ".",
        unknown="The type of the identity was not reported, or is a word this check does not know.",
    )


def _has_kind(joined: str, wanted: frozenset[str]) -> bool | None:
    kinds = {kind.lower() for kind in items(joined)}
    if kinds & wanted:
        return True
    return False if kinds <= _IDENTITY_KINDS | {"none"} else None


@check(
    id="SEC002",
    title="Encrypted with a customer-managed key",
    over="workspaces",
    severity=Severity.MEDIUM,
    reads=("workspaces.encryption_status",),
    remediation=CUSTOMER_KEY_USED,
    controls=frameworks.CUSTOMER_KEY,
    references=(pages.CUSTOMER_KEY,),
    looks_at="row",
)
def workspace_is_encrypted_with_a_customer_key(tables: Tables, _params: Params) -> Answers:
    """With a customer-managed key the owner can revoke, and audit, access to the data that the service stores.

    `encryption.status` Enabled passes. Disabled fails, and so does a workspace without `encryption`: Azure
    then encrypts with keys that Microsoft manages. A status that was not reported, or an undocumented
    word, is unknown.
    """
    status = tables.workspaces["encryption_status"]
    return answer(
        known=says(status, "Enabled", "Disabled", ""),
        passed=says(status, "Enabled"),
        observed=status.replace("", "Microsoft-managed keys"),
        expected="Enabled",
        failed="The workspace is encrypted with keys that Microsoft manages.",
        unknown="The status of the encryption was not reported, or is a word this check does not know.",
    )


@check(
    id="SEC003",
    title="High business impact is set",
    over="workspaces",
    severity=Severity.MEDIUM,
    reads=("workspaces.hbi_workspace",),
    remediation=HIGH_IMPACT_SET,
    references=(
        pages.DATA_ENCRYPTION,
        pages.WORKSPACE_TEMPLATE,
    ),
    looks_at="row",
)
def high_business_impact_is_set(tables: Tables, _params: Params) -> Answers:
    """The flag limits the diagnostic data Microsoft collects and encrypts the local disks of clusters.

    `hbiWorkspace` true passes, false fails. Azure reports the flag of every workspace, so one without it
    is unknown.
    """
    flag = tables.workspaces["hbi_workspace"]
    return answer(
        known=flag.notna(),
        passed=flag,
        observed="hbiWorkspace " + flag.astype("string").str.lower(),
        expected="hbiWorkspace true",
        failed="hbiWorkspace is false.",
        unknown="hbiWorkspace was not reported.",
    )


@check(
    id="SEC004",
    title="Diagnostic logs are sent somewhere",
    over="workspaces",
    severity=Severity.MEDIUM,
    reads=(
        "workspaces.diagnostic_settings_known",
        "diagnostic_settings.enabled_logs",
        "diagnostic_settings.sinks",
    ),
    remediation=LOGS_SENT,
    controls=frameworks.RESOURCE_LOGS,
    references=(pages.MONITORING,),
)
def diagnostic_logs_are_sent_somewhere(tables: Tables, _params: Params) -> Answers:
    """Without resource logs nobody can investigate afterwards which user ran which job on which data.

    One diagnostic setting with an enabled log category and a sink passes, even if not all settings were
    read. None fails where all were read, and is unknown otherwise, as is a setting with parts left out.
    Settings are a workspace's own: a Project's count, not its hub's.
    """
    settings = tables.diagnostic_settings
    own = tables.workspaces.assign(judged_by=tables.workspaces.index.to_series())
    known = own["diagnostic_settings_known"].fillna(value=False)
    sends = (settings["enabled_logs"].ne("") & settings["sinks"].ne("")).astype("boolean")
    seen = any_child(sends, settings, own)
    names = children_named(settings["setting"], sends, settings, own)
    return answer(
        known=known | seen,
        passed=seen,
        observed=names.replace("", "no setting that sends logs").where(known | seen.fillna(value=False)),
        expected="a diagnostic setting with an enabled log category and a sink",
        failed="No diagnostic setting sends an enabled log category anywhere.",
        unknown="The diagnostic settings were not all read, or one was not reported in full.",
    )


@check(
    id="SEC005",
    title="Default datastores use identity, not keys",
    over="workspaces",
    severity=Severity.MEDIUM,
    reads=("workspaces.system_datastores_auth_mode",),
    remediation=IDENTITY_FOR_DATASTORES,
    controls=frameworks.LOCAL_AUTHENTICATION,
    references=(
        pages.MANAGED_IDENTITY,
        pages.WORKSPACE_TEMPLATE,
    ),
    looks_at="row",
)
def default_datastores_use_identity(tables: Tables, _params: Params) -> Answers:
    """With keys, every user of the workspace has full access to its storage, and logs do not name the user.

    `systemDatastoresAuthMode` Identity or UserDelegationSAS passes: both sign in with Entra ID. AccessKey
    fails, and so does a mode that was left out, because keys are then used. An undocumented word is
    unknown, as is everything at an api-version too old to show the mode.
    """
    mode = tables.workspaces["system_datastores_auth_mode"]
    return answer(
        known=says(mode, "AccessKey", "Identity", "UserDelegationSAS", "").fillna(value=False),
        passed=says(mode, "Identity", "UserDelegationSAS"),
        observed=mode.replace("", "left out"),
        expected="Identity",
        failed="The default datastores use account keys: systemDatastoresAuthMode is "
        + mode.replace("", "left out, which means AccessKey").fillna("")
        + ".",
        unknown="systemDatastoresAuthMode was not reported, or is a word this check does not know.",
    )


@check(
    id="SEC006",
    title="The legacy API mode is off",
    over="workspaces",
    severity=Severity.MEDIUM,
    reads=("workspaces.v1_legacy_mode",),
    remediation=LEGACY_MODE_LEFT,
    references=(
        pages.LEGACY_MODE,
        pages.END_OF_SDK_1,
    ),
    looks_at="row",
)
def legacy_api_mode_is_off(tables: Tables, _params: Params) -> Answers:
    """The legacy mode keeps calls of the v1 API inside a network, and Microsoft ended support for v1 on 2026-06-30.

    `v1LegacyMode` false passes, true fails: the workspace then refuses the supported v2 API. The built-in policy
    e413671a still demands true for private workspaces; it is older than the end of v1. A flag that was not
    reported is unknown.
    """
    flag = tables.workspaces["v1_legacy_mode"]
    return answer(
        known=flag.notna(),
        passed=~flag,
        observed="v1LegacyMode " + flag.astype("string").str.lower(),
        expected="v1LegacyMode false",
        failed="v1LegacyMode is true: the workspace takes calls of an API that Microsoft no longer supports.",
        unknown="v1LegacyMode was not reported.",
    )


CHECKS: tuple[Check, ...] = (
    managed_identity_is_of_the_wanted_kind,
    workspace_is_encrypted_with_a_customer_key,
    high_business_impact_is_set,
    diagnostic_logs_are_sent_somewhere,
    default_datastores_use_identity,
    legacy_api_mode_is_off,
)

DESCRIPTION = "protection of the workspace itself"

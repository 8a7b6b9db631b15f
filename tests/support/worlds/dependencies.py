"""What the laws of all checks need to know of RES, SEC and SCN: rows, worlds in which they pass, excuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from checks.contract.tables import Tables
from checks.families.scenarios.facts import HOST_READS
from checks.model import Status
from tests.support.tables.checks import SUBSCRIPTION_ROW, Row, workspace_id
from tests.support.tables.dependencies import SCENARIOS, dependency, dependency_id, setting

PARAMETERS: dict[str, dict[str, Any]] = {f"SCN00{n}": {"required": list(SCENARIOS)} for n in range(1, 7)}

WITHOUT_CONTROL = {
    "RES008": "whether images can be built is no control",
    "RES009": "no listed control speaks of anonymous blobs",
    "RES011": "no listed control speaks of purge protection",
    "RES017": "no listed control speaks of regions",
    "CMP009": "whether a compute works is no control",
    "RES013": "what is missing or unread is no control",
    "SEC003": "no listed control speaks of the flag",
    "SEC006": "no listed control speaks of the API's version",
    **dict.fromkeys(PARAMETERS, "whether work can be done is no control"),
}

_DEPENDENCY = "associated_resources"
_ACCESS = (f"{_DEPENDENCY}.public_network_access", f"{_DEPENDENCY}.default_action")

_NO_PERIMETER = (Status.PASS, Status.FAIL, Status.NOT_APPLICABLE)
ABSENCE_MEANS: dict[tuple[str, str], set[Status]] = {
    **{(id, read): {Status.FAIL, Status.PASS} for id in ("RES001", "RES002", "RES003") for read in _ACCESS},
    ("OBR010", "outbound_rules.status"): {Status.FAIL, Status.PASS},
    ("RES005", f"{_DEPENDENCY}.default_action"): {Status.NOT_APPLICABLE},
    **{(f"RES{n:03}", f"{_DEPENDENCY}.perimeter_status"): {*_NO_PERIMETER} for n in (1, 2, 5, 14, 15, 16)},
    **{(f"OBR{n:03}", "outbound_rules.action"): {Status.FAIL, Status.PASS} for n in (5, 7, 8, 10)},
    **{(id, "outbound_rules.action"): {Status.PASS} for id in ("OBR003", "SCN001", "SCN002", "SCN005")},
    **{
        (id, f"endpoints.{column}"): {Status.FAIL, Status.PASS, Status.NOT_APPLICABLE}
        for id in ("END001", "END002", "END005", "MVN003")
        for column in ("kind", "compute_id")
    },
    **{("RES006", f"{_DEPENDENCY}.public_network_access"): {Status.PASS, Status.FAIL}},
    **{(id, read): {Status.NOT_APPLICABLE} for id in ("RES007", "RES008") for read in _ACCESS},
    ("RES010", f"{_DEPENDENCY}.allow_shared_key_access"): {Status.FAIL},
    ("RES011", f"{_DEPENDENCY}.purge_protection"): {Status.FAIL},
    ("SEC005", "workspaces.system_datastores_auth_mode"): {Status.FAIL},
}
"""Columns whose absence is Azure's documented, open default: what a row may become without them."""

_MODE = {"workspaces.managed_network_reported", "workspaces.isolation_mode"}

_RULES = ("prefixes", "subscriptions")
OTHER_EVIDENCE = {
    **{(f"RES{n:03}", f"{_DEPENDENCY}.unread_reason"): "only quoted in the reason" for n in range(1, 18)},
    **{
        (id, f"{_DEPENDENCY}.{column}"): "access that is Disabled without a perimeter needs no more"
        for id in ("RES001", "RES002")
        for column in (
            "ip_rules",
            "perimeter_status",
            "perimeter_access_mode",
            "perimeter_prefixes",
            "perimeter_subscriptions",
        )
    },
    ("RES003", f"{_DEPENDENCY}.ip_rules"): "access that is Disabled admits no address",
    ("RES003", f"{_DEPENDENCY}.anonymous_pull_enabled"): "likewise",
    ("RES005", f"{_DEPENDENCY}.resource_access_rules"): "a bypass for AzureServices is enough",
    ("RES005", f"{_DEPENDENCY}.perimeter_access_mode"): "without a perimeter there is no mode",
    ("RES005", f"{_DEPENDENCY}.perimeter_status"): "a list that nobody asked for counts as no perimeter",
    ("RES005", f"{_DEPENDENCY}.perimeter_subscriptions"): "likewise",
    ("RES006", f"{_DEPENDENCY}.public_network_access"): "absent access is Enabled",
    **{("RES015", f"{_DEPENDENCY}.perimeter_{part}"): "the access mode alone decides" for part in _RULES},
    **{("RES016", f"{_DEPENDENCY}.perimeter_{part}"): "the issues alone decide" for part in _RULES},
    **{(f"RES00{n}", _ACCESS[0]): "a default action of Deny closes as well" for n in (1, 2, 3, 7, 8)},
    **{(f"RES00{n}", _ACCESS[1]): "access that is Disabled closes as well" for n in (1, 2, 3, 7, 8)},
    ("RES017", f"{_DEPENDENCY}.sku"): "decides for a registry in another region only",
    ("RES006", f"{_DEPENDENCY}.virtual_network_rules"): "without an endpoint nothing clashes",
    ("RES006", f"{_DEPENDENCY}.approved_private_endpoints"): "without a rule nothing clashes",
    **{("RES007", read): "a closed registry needs its tier in every mode" for read in _MODE},
    ("SEC004", "workspaces.diagnostic_settings_known"): "one setting that sends is enough",
    **{
        (id, read): "where the internet is allowed no rule is needed"
        for id in ("SCN001", "SCN002", "SCN005")
        for read in sorted({*HOST_READS} - _MODE - {"workspaces.managed_network_status"})
    },
    **{
        ("SCN003", read): "an open account is reached by the internet, any account by its endpoints"
        for read in (
            "workspaces.outbound_rules_known",
            "workspaces.storage_account",
            "workspaces.associated_resources_known",
            "outbound_rules.type",
            "outbound_rules.status",
            "outbound_rules.service_resource_id",
            "outbound_rules.subresource_target",
            f"{_DEPENDENCY}.read_status",
            *_ACCESS,
        )
    },
}


def maybe(*values: object) -> st.SearchStrategy[object]:
    """One of the values, or not reported."""
    return st.sampled_from([*values, None])


YES_NO = maybe(True, False)

PROTECTION = st.fixed_dictionaries(
    {
        "encryption_status": maybe("Enabled", "Disabled", "", "Odd"),
        "storage_account": maybe(dependency_id("storage"), ""),
        "image_build_compute": maybe("cpu-build", ""),
        "associated_resources_known": maybe(True, True, False),
        "identity_type": maybe("SystemAssigned", "systemassigned, userassigned", "None", "", "Odd"),
        "hbi_workspace": YES_NO,
        "system_datastores_auth_mode": maybe("Identity", "accesskey", "Odd"),
        "diagnostic_settings_known": maybe(True, True, False),
    }
)
_POSTURE = st.fixed_dictionaries(
    {
        "read_status": maybe("read", "read", "read", "missing", "unreadable"),
        "unread_reason": maybe("", "AuthorizationFailed: no"),
        # No undocumented word: beside a firewall that denies it is unknown, and absent it is closed.
        "public_network_access": maybe("Enabled", "disabled", "SecuredByPerimeter"),
        "default_action": maybe("Allow", "Deny", "deny", "Perhaps"),
        "bypass": maybe("AzureServices", "Logging, AzureServices", "None"),
        "ip_rules": maybe("", "", "20.1.2.3", "0.0.0.0/1, 128.0.0.0/1"),
        "resource_access_rules": maybe("", workspace_id()),
        "perimeter_status": maybe("read", "read", "missing", "unreadable"),
        "perimeter_access_mode": maybe("", "Enforced", "learning", "Odd"),
        "perimeter_prefixes": maybe("", "20.1.2.0/24", "0.0.0.0/0"),
        "perimeter_subscriptions": maybe("", "/subscriptions/other"),
        "perimeter_issues": maybe("", "ConfigurationPropagationFailure"),
        "anonymous_pull_enabled": YES_NO,
        "virtual_network_rules": maybe(0, 0, 2),
        "approved_private_endpoints": maybe(0, 1),
        "networks_shared": maybe("", "/networks/hub", "?", "/networks/hub, ?"),
        "sku": maybe("Premium", "Basic"),
        "location": maybe("westeurope", "West Europe", "eastus", ""),
        "allow_blob_public_access": YES_NO,
        "allow_shared_key_access": YES_NO,
        "purge_protection": YES_NO,
        "admin_user_enabled": YES_NO,
        "ingestion_access": maybe("Enabled", "Disabled", "Odd"),
        "query_access": maybe("Enabled", "disabled"),
    }
)
_ROLES = ("storage", "vault", "registry", "insights")


@st.composite
def around(draw: st.DrawFn, workspaces: Sequence[str]) -> dict[str, list[Row]]:
    """Dependencies and diagnostic settings of these workspaces, by the name of their table."""
    resources: list[Row] = [
        {**dependency(role, name), **draw(_POSTURE)}
        for name in workspaces
        for role in draw(st.lists(st.sampled_from(_ROLES), max_size=2, unique=True))
    ]
    settings: list[Row] = [
        setting(
            draw(st.sampled_from(["", "audit", None])), draw(st.sampled_from(["", "workspaceId", None])), name
        )
        for name in workspaces
        if draw(st.booleans())
    ]
    return {"associated_resources": resources, "diagnostic_settings": settings}


_GOOD: Row = {
    "workspace_id": workspace_id(),
    "workspace": "ws",
    "location": "westeurope",
    "kind": "Default",
    "public_network_access": "Enabled",
    "network_acls_default_action": "Deny",
    "managed_network_reported": True,
    "isolation_mode": "AllowInternetOutbound",
    "managed_network_status": "Active",
    "computes_known": True,
    "v1_legacy_mode": False,
    "outbound_rules_known": True,
    "associated_resources_known": True,
    "diagnostic_settings_known": True,
    "encryption_status": "Enabled",
    "storage_account": dependency_id("storage"),
    "image_build_compute": "cpu-build",
    "identity_type": "SystemAssigned",
    "hbi_workspace": True,
    "system_datastores_auth_mode": "Identity",
}
_CLOSED: Row = {
    "location": "West Europe",
    "public_network_access": "Disabled",
    "default_action": "Deny",
    "bypass": "AzureServices",
    "ip_rules": "",
    "resource_access_rules": "",
    "perimeter_status": "missing",
    "anonymous_pull_enabled": False,
    "virtual_network_rules": 0,
    "approved_private_endpoints": 0,
    "sku": "Premium",
    "allow_blob_public_access": False,
    "allow_shared_key_access": False,
    "purge_protection": True,
    "admin_user_enabled": False,
    "ingestion_access": "Disabled",
    "query_access": "Disabled",
}
_GUARDED: Row = {
    **_CLOSED,
    "public_network_access": "SecuredByPerimeter",
    "perimeter_status": "read",
    "perimeter_access_mode": "Enforced",
    "perimeter_prefixes": "20.1.2.0/24",
    "perimeter_subscriptions": "",
    "perimeter_issues": "",
}
"""Behind a perimeter; the first registry that has one will make RES003 wrong."""
_OPEN: Row = {**_CLOSED, "public_network_access": "Enabled", "default_action": "Allow"}
_TARGETS = (
    (dependency_id("storage"), "queue"),
    (dependency_id("storage"), "table"),
    (workspace_id(), "amlworkspace"),
    ("/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/ai", "account"),
    ("/subscriptions/s/resourceGroups/g/providers/Microsoft.Search/searchServices/one", "searchService"),
)


def _rule(number: int, values: Row) -> Row:
    identity = {"rule_id": f"{workspace_id()}/outboundRules/r{number}", "rule": f"r{number}"}
    return {**identity, "workspace_id": workspace_id(), "status": "Active", **values}


def _world(posture: Row, targets: Sequence[tuple[str, str]]) -> Tables:
    endpoint = {"type": "PrivateEndpoint"}
    return Tables.of(
        subscriptions=[SUBSCRIPTION_ROW],
        workspaces=[_GOOD],
        outbound_rules=[
            _rule(n, {**endpoint, "service_resource_id": id, "subresource_target": part})
            for n, (id, part) in enumerate(targets)
        ],
        associated_resources=[{**dependency(role), **posture} for role in _ROLES],
        diagnostic_settings=[setting("audit", "workspaceId")],
        computes=[
            {
                "compute_id": f"{workspace_id()}/computes/cpu-build",
                "workspace_id": workspace_id(),
                "compute": "cpu-build",
            }
        ],
    )


WORLDS = {
    "dependencies closed": _world(_CLOSED, _TARGETS),
    "dependencies open": _world(_OPEN, ()),
    "dependencies guarded": _world(_GUARDED, _TARGETS),
}
"""Tables in which every check of RES, SEC and SCN passes, each for one of its reasons."""

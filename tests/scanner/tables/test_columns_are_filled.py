"""Every column of the contract is filled by a tabulation, or this module gives the reason why it is not.

If a test fails, fill the new column in `scanner.tables`, let the demo tenant or the export below show it, or add
it to the lists with a reason. A reason whose column is filled fails, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from checks.contract.tables import SCHEMAS, Tables
from checks.registry import BUILT_IN
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.server import emulated
from scanner.offline.source import source_from
from scanner.payloads.payload import Gap, Payload
from scanner.reading.collection import EVERYTHING
from scanner.scope.wanted import Wanted
from scanner.tables.tabulate import tables
from scanner.tables.workspaces import WORKSPACE_MEMBERS
from tests.support.exports import arm_files, az_ml_files, graph_file, resource_list, written
from tests.support.scanning import scanned

Reasons = Mapping[str, tuple[str, ...]]
"""Why columns stay empty, and which: `table.column`, where `*` stands for anything."""

LIVE: Reasons = {
    "the scan leaves out nothing; tests/scanner/reading/test_left_out.py fills these": (
        *("left_out.*", "subscriptions.left_out_by", "workspaces.left_out_by"),
    ),
}

_NO_SUBSCRIPTIONS: Reasons = {
    "the subscription is known from the ids of its workspaces only": (
        *("subscriptions.subscription", "subscriptions.state", "subscriptions.tenant_id"),
        *("subscriptions.authorization_source", "subscriptions.managed_by_tenants", "subscriptions.quota_id"),
    ),
}
_NO_LISTS: Reasons = {
    "no list below a workspace is in the file": (
        *("computes.*", "endpoints.*", "online_deployments.*", "diagnostic_settings.*"),
        *("workspaces.computes_known", "workspaces.diagnostic_settings_known"),
        *("workspaces.*_endpoints_known", "workspaces.online_deployments_known"),
    ),
}
_NO_PROPERTIES_OF_ASSOCIATED: Reasons = {
    "the file names associated resources and shows nothing of them": (
        *("associated_resources.*access*", "associated_resources.*_action", "associated_resources.*_rules"),
        *("associated_resources.bypass", "associated_resources.*_endpoints", "associated_resources.location"),
        *("associated_resources.sku", "associated_resources.purge_protection"),
        *("associated_resources.*_enabled", "workspaces.associated_resources_known"),
    ),
}
_NO_NETWORKS: Reasons = {
    "no endpoint, virtual network or provider is in the file": (
        *("associated_resources.networks_shared", "private_endpoint_connections.network_prefixes"),
        "subscriptions.network_registration_state",
    ),
}
_NO_ROLES: Reasons = {"no role assignment is in the file": ("outbound_rules.target_roles",)}
_OFFLINE: Reasons = {
    **LIVE,
    "an export contains no answer to a refused question": ("gaps.http_status",),
    "only a live scan compares both discoveries": ("subscriptions.workspaces_in_graph",),
    "an export contains no descendants of management groups": ("subscriptions.management_groups",),
}

NOT_SHOWN: Mapping[str, Reasons] = {
    "ARM bodies": _OFFLINE,
    "az ml": {
        **_OFFLINE,
        **_NO_SUBSCRIPTIONS,
        **_NO_LISTS,
        **_NO_PROPERTIES_OF_ASSOCIATED,
        "no list of perimeters is in the file": ("associated_resources.perimeter_*",),
        **_NO_NETWORKS,
        **_NO_ROLES,
        "the command does not print the connections": ("private_endpoint_connections.*",),
        "the command does not print these members of a network": (
            *("workspaces.managed_network_kind", "workspaces.firewall_public_ip_address"),
            "workspaces.changeable_isolation_modes",
        ),
        "the command does not print these members of a rule": (
            *("outbound_rules.error_information", "outbound_rules.parent_rules"),
            "outbound_rules.spark_status",
        ),
    },
    "Resource Graph": {
        **_OFFLINE,
        **_NO_SUBSCRIPTIONS,
        **_NO_LISTS,
        "no list of perimeters is in the file": ("associated_resources.perimeter_*",),
        **_NO_NETWORKS,
        **_NO_ROLES,
        "rules come from the workspace's body alone": ("workspaces.outbound_rules_discrepancy",),
    },
    "az resource list": {
        **_OFFLINE,
        **_NO_SUBSCRIPTIONS,
        **_NO_LISTS,
        **_NO_NETWORKS,
        "the command prints no properties": (
            *("associated_resources.*", "outbound_rules.*", "private_endpoint_connections.*"),
            *("workspaces.*known", "workspaces.*network*", "workspaces.*isolation*", "workspaces.*_mode"),
            *("workspaces.*firewall*", "workspaces.*compute*", "workspaces.*status", "workspaces.*rules*"),
            *("workspaces.storage_account", "workspaces.key_vault", "workspaces.container_registry"),
            *("workspaces.application_insights", "workspaces.hub_resource_id", "workspaces.hbi_workspace"),
            *("workspaces.allow_public_*", "workspaces.primary_*", "workspaces.provisioning_state"),
            "workspaces.spark_ready",
        ),
    },
}

ALSO_PRINTED = {
    "allow_public_access_when_behind_vnet": False,
    "private_link_count": 0,
    "provisioning_state": "Succeeded",
    "v1_legacy_mode": False,
    "serverless_compute": {"custom_subnet": "/subscriptions/s/subnets/one", "no_public_ip": True},
}
"""What `az ml workspace show` can print and the demo tenant's workspaces do not have."""


def _az_ml(payloads: list[Payload]) -> dict[str, Any]:
    files = az_ml_files(payloads, leaks=False)
    return {**files, "workspaces.json": [item | ALSO_PRINTED for item in files["workspaces.json"]]}


def _graph(payloads: list[Payload]) -> dict[str, Any]:
    associated = [
        each.document | {"tenantId": "t"}
        for each in payloads
        if each.kind == "associatedResource" and each.status == 200
    ]
    graph = graph_file(payloads)
    rows = graph["data"] + associated
    return {"graph.json": graph | {"data": rows, "count": len(rows), "total_records": len(rows)}}


EXPORTS: Mapping[str, Callable[[list[Payload]], dict[str, Any]]] = {
    "ARM bodies": arm_files,
    "az ml": _az_ml,
    "Resource Graph": _graph,
    "az resource list": lambda payloads: {"resources.json": resource_list(payloads)},
}


@cache
def live() -> tuple[Tables, list[Payload]]:
    tenant = demo_tenant()
    with emulated(tenant) as emulator:
        wanted = Wanted(known_groups=tuple(tenant.management_groups))
        return scanned(emulator, collection=EVERYTHING, wanted=wanted, asks_graph=True)


def columns() -> set[str]:
    return {f"{table}.{name}" for table, schema in SCHEMAS.items() for name in schema.dtypes}


def empty_columns(found: Tables) -> set[str]:
    return {each for each in columns() if found[each.partition(".")[0]][each.partition(".")[2]].isna().all()}


def explained(reasons: Reasons) -> set[str]:
    patterns = [pattern for group in reasons.values() for pattern in group]
    return {each for each in columns() if any(fnmatchcase(each, pattern) for pattern in patterns)}


def exported(payloads: list[Payload], folder: Path, name: str) -> Tables:
    answers = [each for each in payloads if each.kind != "resourceGraph"]
    items: list[Payload | Gap] = []
    asyncio.run(source_from(written(folder, EXPORTS[name](answers))).read(items.append))
    return tables(items)


def test_every_column_is_filled_by_a_live_source() -> None:
    assert empty_columns(live()[0]) == explained(LIVE)


@pytest.mark.parametrize("name", EXPORTS)
def test_every_column_that_a_format_shows_is_filled_by_an_export(name: str, tmp_path: Path) -> None:
    assert empty_columns(exported(live()[1], tmp_path, name)) == explained(NOT_SHOWN[name])


@pytest.mark.parametrize("reasons", [LIVE, *NOT_SHOWN.values()], ids=["live", *NOT_SHOWN])
def test_every_reason_is_about_a_column_of_the_contract(reasons: Reasons) -> None:
    stale = [
        pattern
        for group in reasons.values()
        for pattern in group
        if not any(fnmatchcase(each, pattern) for each in columns())
    ]
    assert stale == []


def test_a_scan_finds_out_whether_lists_hide_a_member_that_a_check_reads() -> None:
    members = {
        f"workspaces.{column.name}"
        for column in SCHEMAS["workspaces"].columns
        if column.source.startswith(("properties.", "identity."))
    }
    assert {read for check in BUILT_IN for read in check.reads if read in members} <= set(WORKSPACE_MEMBERS)

"""Discovery by Resource Graph: population by two witnesses, verdicts by one."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from azure.core.pipeline.transport import HttpRequest
from typer.testing import CliRunner

from checks.contract.tables import Tables
from scanner.audit import collected
from scanner.azure.arm import Arm
from scanner.azure.pipeline import RESOURCE_GRAPH_PATH
from scanner.cli.main import app
from scanner.commands.demo import emulator_connection
from scanner.emulator.credential import CLIENT_ID, CLIENT_SECRET, EmulatorCredential
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import Emulator, emulated
from scanner.emulator.tenants.generated import generated_tenant
from scanner.emulator.tenants.tenant import Graph, Tenant
from scanner.errors import RefusedRequestError
from scanner.payloads.payload import Payload, PayloadStore
from scanner.reading.discovery import Discovery
from scanner.reading.live import LiveSource
from scanner.scope.wanted import Wanted
from scanner.tables.graph_rows import Shown, by_subscription, difference
from scanner.tables.tabulate import tables as tabulated
from tests.support.scanning import IMPATIENT, NETWORK, NOON, rows

THREE = generated_tenant(subscriptions=3, workspaces=2, rules=0)
FIRST, SECOND, _ = (str(item["subscriptionId"]) for item in THREE.subscriptions)
WORKSPACES = [str(resource.id) for resource in THREE.resources]
HALF_EMPTY = replace(THREE, resources=THREE.resources[:2])
"""Only the first of three subscriptions has workspaces."""

Scan = tuple[Tables, list[Payload], Emulator]


def scan(tenant: Tenant, *faults: Fault, **discovery: Any) -> Scan:
    """One scan that asks Resource Graph, too."""
    with emulated(tenant, faults=faults) as emulator:
        connection = emulator_connection(emulator)

        async def read() -> tuple[Tables, list[Payload]]:
            arm = Arm(connection.cloud, connection.credential, clock=lambda: NOON, patience=IMPATIENT)
            async with arm:
                how = Discovery(arm, **discovery)
                source = LiveSource(arm, Wanted(), collection=NETWORK, discovery=how)
                with PayloadStore() as store:
                    return await collected(source, store), list(store)

        tables, payloads = asyncio.run(read())
        return tables, payloads, emulator


def queries(emulator: Emulator) -> list[int]:
    """The status of every query of Resource Graph."""
    return [request.status for request in emulator.requests if request.method == "POST"]


def in_graph(tables: Tables) -> list[Any]:
    return tables.subscriptions["workspaces_in_graph"].fillna(-1).tolist()


def graph_gaps(tables: Tables) -> list[dict[str, Any]]:
    return rows(tables.gaps[tables.gaps["asked"].eq("resourceGraph")])


def graph_fault(kind: FaultKind = FaultKind.STATUS, **how: Any) -> Fault:
    return Fault(kind=kind, route="resourceGraph", **how)


def test_where_both_agree_one_query_adds_their_word_and_nothing_else() -> None:
    tables, payloads, emulator = scan(THREE)
    assert queries(emulator) == [200]
    assert in_graph(tables) == tables.subscriptions["workspaces"].tolist() == [2, 2, 2]
    assert tables.gaps.empty
    (answer,) = [payload for payload in payloads if payload.kind == "resourceGraph"]
    assert json.loads(answer.request_body)["subscriptions"] == sorted(
        str(item["subscriptionId"]) for item in THREE.subscriptions
    )


@pytest.mark.parametrize(("batch", "page", "asked"), [(250, 1, 6), (2, 1000, 2), (2, 3, 3), (1, 2, 3)])
def test_batches_and_pages_lose_nothing(batch: int, page: int, asked: int) -> None:
    tables, _, emulator = scan(THREE, batch=batch, page=page)
    assert queries(emulator) == [200] * asked
    assert in_graph(tables) == [2, 2, 2]
    assert tables.gaps.empty


def test_a_workspace_only_resource_graph_has_is_a_gap_with_both_counts() -> None:
    ghost = f"{WORKSPACES[0]}-gone"
    tables, _, _ = scan(replace(THREE, graph=Graph(ghosts=(ghost,))))
    (gap,) = graph_gaps(tables)
    assert (gap["code"], gap["subscription_id"]) == ("DiscoveryDiffers", FIRST)
    assert "lists 2 workspaces here, Resource Graph shows 3" in gap["message"]
    assert f"Only Resource Graph has {ghost.rsplit('/', 1)[-1]}." in gap["message"]
    assert "role on the subscription" in gap["closes"]


def test_a_workspace_resource_graph_does_not_show_yet_is_a_gap_with_both_counts() -> None:
    tables, _, _ = scan(replace(THREE, graph=Graph(hidden=frozenset({WORKSPACES[3].lower()}))))
    (gap,) = graph_gaps(tables)
    assert gap["subscription_id"] == SECOND
    assert "lists 2 workspaces here, Resource Graph shows 1" in gap["message"]
    assert f"Only Resource Manager has {WORKSPACES[3].rsplit('/', 1)[-1]}." in gap["message"]
    assert "Run the audit again" in gap["closes"]
    assert len(tables.workspaces) == len(WORKSPACES), "what Resource Manager lists is judged all the same"


def test_many_differences_are_counted_and_the_first_named() -> None:
    ghosts = tuple(f"{WORKSPACES[0]}-{number}" for number in range(8))
    tables, _, _ = scan(replace(THREE, graph=Graph(ghosts=ghosts)))
    assert "-4 and 3 more." in graph_gaps(tables)[0]["message"]


def test_ids_that_differ_in_case_only_are_the_same_workspace() -> None:
    listed = by_subscription(WORKSPACES)[FIRST]
    shouted = by_subscription(workspace.upper() for workspace in WORKSPACES)[FIRST]
    assert difference(FIRST, listed, Shown(workspaces=shouted, request="", about="")) is None
    assert difference(FIRST, {}, Shown(workspaces=shouted, request="", about="")) is not None


def test_a_subscription_that_could_not_be_listed_is_not_compared() -> None:
    forbidden = Fault(kind=FaultKind.STATUS, status=403, route="workspaces", subscription=FIRST)
    tables, _, _ = scan(THREE, forbidden)
    assert graph_gaps(tables) == []
    assert in_graph(tables) == [2, 2, 2]


def test_a_refusal_leaves_resource_manager_alone_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "azml_audit.discovery"):
        tables, payloads, emulator = scan(replace(THREE, graph=Graph(is_allowed=False)))
    assert queries(emulator) == [403]
    assert tables.gaps.empty
    assert in_graph(tables) == [-1, -1, -1]
    assert "3 of 3 subscriptions" in caplog.text
    assert tables.subscriptions["read"].all()
    assert tables.subscriptions["note"].str.contains("Resource Graph answered 403 AccessDenied").all()
    kept = [payload for payload in payloads if payload.kind == "resourceGraph"]
    assert [(payload.status, payload.superseded) for payload in kept] == [(403, True)]


def test_a_refusal_is_a_gap_where_both_were_asked_for() -> None:
    tables, _, _ = scan(replace(THREE, graph=Graph(is_allowed=False)), is_demanded=True)
    (gap,) = graph_gaps(tables)
    assert (gap["code"], gap["http_status"]) == ("AccessDenied", 403)
    assert gap["message"].startswith("Access is denied to the requested resource.")
    assert "--discover arm" in gap["closes"]


def test_a_cloud_without_resource_graph_is_no_gap() -> None:
    missing = graph_fault(status=400, code="NoRegisteredProviderFound", message="None.")
    tables, _, _ = scan(THREE, missing)
    assert tables.gaps.empty
    assert in_graph(tables) == [-1, -1, -1]


def test_leading_it_spares_the_lists_of_subscriptions_without_workspaces() -> None:
    tables, _, emulator = scan(HALF_EMPTY, leads=True)
    listed = [request.path for request in emulator.requests if request.path.endswith("/workspaces")]
    assert [path.split("/")[2] for path in listed] == [FIRST]
    assert len(tables.workspaces) == 2
    assert tables.gaps.empty
    others = tables.subscriptions[tables.subscriptions["subscription_id"].ne(FIRST)]
    assert others["read"].isna().all(), "what was not listed was not read"
    assert others["note"].str.contains("Resource Graph has no workspace here").all()


def test_leading_it_still_has_every_subscription_listed_where_it_refuses() -> None:
    tables, _, _ = scan(replace(THREE, graph=Graph(is_allowed=False)), leads=True)
    assert tables.subscriptions["read"].all()
    assert len(tables.workspaces) == len(WORKSPACES)


def test_leading_and_broken_off_it_spares_nothing() -> None:
    tables, _, _ = scan(replace(HALF_EMPTY, graph=Graph(cut_after=1)), leads=True)
    assert tables.subscriptions["read"].all()


@pytest.mark.parametrize(
    ("tenant", "fault", "code"),
    [
        (THREE, graph_fault(FaultKind.NULL_VALUE), "DataNotAList"),
        (THREE, graph_fault(FaultKind.NEXT_LINK_LOOP), "SkipTokenLoop"),
        (THREE, graph_fault(FaultKind.TRUNCATE), None),
        (THREE, graph_fault(status=500), "InternalServerError"),
        (THREE, graph_fault(status=429), "RateLimiting"),
        (
            replace(THREE, graph=Graph(cut_after=4)),
            graph_fault(FaultKind.LATENCY, seconds=0.0),
            "ResultTruncated",
        ),
        (
            replace(THREE, graph=Graph(miscounted=1)),
            graph_fault(FaultKind.LATENCY, seconds=0.0),
            "CountsDiffer",
        ),
    ],
)
def test_a_query_that_fails_is_a_gap_and_costs_no_workspace(
    tenant: Tenant, fault: Fault, code: str | None
) -> None:
    tables, _, _ = scan(tenant, fault)
    (gap,) = graph_gaps(tables)
    assert code in (None, gap["code"])
    assert in_graph(tables) == [-1, -1, -1], "half an answer counts for none"
    assert len(tables.workspaces) == len(WORKSPACES)


@pytest.mark.parametrize(
    "fault",
    [
        graph_fault(status=429, times=1),
        graph_fault(status=502, times=2),
        graph_fault(FaultKind.RESET, times=1),
    ],
)
def test_a_query_that_fails_in_passing_is_asked_again(fault: Fault) -> None:
    tables, _, emulator = scan(THREE, fault)
    assert tables.gaps.empty
    assert in_graph(tables) == [2, 2, 2]
    assert len(queries(emulator)) == 1 + (fault.times or 0)


def test_the_quota_it_tells_of_is_kept_before_it_refuses() -> None:
    tables, _, emulator = scan(replace(THREE, graph=Graph(queries=1, window=0.9)), page=3)
    assert queries(emulator) == [200, 200]
    assert in_graph(tables) == [2, 2, 2]


def test_where_others_used_the_quota_up_the_wait_it_names_is_kept() -> None:
    tenant = replace(THREE, graph=Graph(queries=1, window=0.9))
    with emulated(tenant) as emulator:
        connection = emulator_connection(emulator)

        async def twice() -> list[int]:
            for _ in range(2):
                async with Arm(connection.cloud, EmulatorCredential(), clock=lambda: NOON) as arm:
                    source = LiveSource(arm, Wanted(), collection=NETWORK, discovery=Discovery(arm))
                    await source.read(lambda _: None)
            return queries(emulator)

        assert asyncio.run(twice()) == [200, 429, 200]


def test_its_tables_are_made_again_from_the_payloads_in_any_order() -> None:
    tenant = replace(THREE, graph=Graph(ghosts=(f"{WORKSPACES[0]}-gone",)))
    tables, payloads, _ = scan(tenant, batch=2, page=2)
    for again in (tabulated(payloads), tabulated(payloads[::-1])):
        pd.testing.assert_frame_equal(again.gaps, tables.gaps)
        pd.testing.assert_frame_equal(again.subscriptions, tables.subscriptions)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", RESOURCE_GRAPH_PATH),
        ("POST", f"{RESOURCE_GRAPH_PATH}/more"),
        ("POST", "/providers/Microsoft.ResourceGraph/queries"),
        ("POST", f"/subscriptions/{FIRST}{RESOURCE_GRAPH_PATH}"),
    ],
)
def test_nothing_but_the_query_may_be_posted(method: str, path: str) -> None:
    with emulated(THREE) as emulator:
        connection = emulator_connection(emulator)

        async def post() -> None:
            async with Arm(connection.cloud, connection.credential, clock=lambda: NOON) as arm:
                url = arm.url(path, "2024-04-01")
                await arm._pipeline.run(HttpRequest(method, url), **arm.request_options())

        with pytest.raises(RefusedRequestError, match="only reads"):
            asyncio.run(post())
        assert emulator.requests == []


COMPLIANT = generated_tenant(subscriptions=1, workspaces=5, rules=0)


def command(tenant: Tenant, folder: Path, *more: str) -> tuple[int, str, list[int]]:
    """Exit code, stderr and the status of every query of `azml-audit scan` by the vendor rule."""
    with emulated(tenant, tls=True) as emulator:
        authority = folder / "ca.pem"
        authority.write_bytes(emulator.ca_pem or b"")
        environment = {
            "AZURE_TENANT_ID": tenant.tenant_id,
            "AZURE_CLIENT_ID": CLIENT_ID,
            "AZURE_CLIENT_SECRET": CLIENT_SECRET,
        }
        options = ["--arm-endpoint", emulator.url, "--ca-bundle", str(authority), "--auth", "environment"]
        arguments = ["scan", *options, "-p", "internet-outbound", "-q", "-o", str(folder / "report"), *more]
        result = CliRunner().invoke(app, arguments, env=environment)
        graph = [r.status for r in emulator.requests if r.path == RESOURCE_GRAPH_PATH]
        return result.exit_code, result.stderr, graph


def test_a_scan_exits_with_0_without_permission_for_resource_graph(tmp_path: Path) -> None:
    tenant = replace(COMPLIANT, graph=Graph(is_allowed=False))
    code, stderr, graph = command(tenant, tmp_path)
    assert (code, graph) == (0, [403])
    assert "from Azure Resource Manager alone" in stderr


def test_a_scan_that_must_ask_both_is_incomplete_without_permission(tmp_path: Path) -> None:
    tenant = replace(COMPLIANT, graph=Graph(is_allowed=False))
    assert command(tenant, tmp_path, "--discover", "both")[0] == 3


def test_a_scan_asks_resource_graph_unless_told_not_to(tmp_path: Path) -> None:
    assert command(COMPLIANT, tmp_path)[::2] == (0, [200])
    assert command(COMPLIANT, tmp_path, "--discover", "graph")[::2] == (0, [200])
    assert command(COMPLIANT, tmp_path, "--discover", "arm")[::2] == (0, [])

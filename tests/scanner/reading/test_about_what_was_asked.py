"""An answer about something else is a gap, and a workspace cannot steer what is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from checks.contract.tables import Tables
from checks.engine.asking import findings
from checks.model import ChosenCheck
from checks.registry import registry
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.tenants.builders import Place, Site, guid, subscription, workspace
from scanner.emulator.tenants.dependencies import closed, opened
from scanner.emulator.tenants.identity import TENANT_ID
from scanner.emulator.tenants.network import APPROVED, managed_network, private
from scanner.emulator.tenants.tenant import Resource, Tenant
from scanner.reading.collection import EVERYTHING
from scanner.scope.wanted import Wanted
from tests.support.command_line import run, scanned
from tests.support.scanning import rows, scan_of

HERE, THERE = guid("asked", "here"), guid("asked", "there")
OPEN, CLOSED, ELSEWHERE = (
    Site(place=Place(subscription=owner, group="rg-asked", location="westeurope"), name=name)
    for owner, name in ((HERE, "mlw-open"), (HERE, "mlw-closed"), (THERE, "mlw-elsewhere"))
)
GROUP = f"/subscriptions/{HERE}/resourceGroups/rg-asked/providers"


def tenant(*, link: str = OPEN.storage) -> Tenant:
    """Two workspaces here and one there. The open one names `link` as its storage account."""
    bodies = [
        workspace(site, private(), managed_network(site, APPROVED, {}), {"storageAccount": storage})
        for site, storage in ((OPEN, link), (CLOSED, CLOSED.storage), (ELSEWHERE, ELSEWHERE.storage))
    ]
    return Tenant(
        name="asked",
        tenant_id=TENANT_ID,
        subscriptions=(subscription(HERE, "here"), subscription(THERE, "there")),
        resources=(
            *(Resource(body=body) for body in bodies),
            *opened(OPEN),
            *closed(CLOSED),
            *closed(ELSEWHERE),
        ),
    )


def raw(route: str, rewrite: Callable[[bytes], bytes], **details: Any) -> Fault:
    return Fault(kind=FaultKind.RAW, status=200, route=route, rewrite=rewrite, **details)


def judged(tables: Tables, check_id: str) -> pd.Series:
    """Status by the last name of the resource."""
    check = registry()[check_id]
    found = findings(tables, [ChosenCheck(check=check, severity=check.severity, params=check.params())])
    return found.set_index(found["resource_id"].str.rpartition("/")[2])["status"]


def codes(tables: Tables) -> set[str]:
    return set(tables.gaps["code"])


def name_of(resource_id: str) -> str:
    return resource_id.rpartition("/")[2]


def test_the_body_of_another_storage_account_passes_nothing() -> None:
    account = name_of(OPEN.storage)
    with scan_of(tenant(), collection=EVERYTHING) as (tables, _, _):
        assert judged(tables, "RES001")[account] == "fail"
    other = json.dumps(closed(CLOSED)[0].body).encode()
    swapped = raw("associated", lambda _: other, resource=OPEN.storage)
    with scan_of(tenant(), swapped, collection=EVERYTHING) as (tables, _, _):
        assert judged(tables, "RES001")[account] == "unknown"
        assert codes(tables) == {"AnswersSomethingElse"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{}", "AnswersSomethingElse"),
        (b'{"error": {"code": "ServerBusy", "message": "Try later."}}', "ServerBusy"),
        (b'{"Error": 1, "properties": {}}', "AnswersSomethingElse"),
    ],
)
def test_an_answer_without_the_resource_does_not_show_that_it_exists(body: bytes, code: str) -> None:
    with scan_of(tenant(), collection=EVERYTHING) as (tables, _, _):
        assert judged(tables, "RES013")[name_of(OPEN.storage)] == "pass"
    fault = raw("associated", lambda _: body, resource=OPEN.storage)
    with scan_of(tenant(), fault, collection=EVERYTHING) as (tables, _, _):
        assert judged(tables, "RES013")[name_of(OPEN.storage)] == "unknown"
        assert codes(tables) == {code}


def test_the_type_in_the_body_is_the_type_that_was_asked_for() -> None:
    def retyped(body: bytes) -> bytes:
        return json.dumps({**json.loads(body), "type": "Microsoft.Compute/disks"}).encode()

    other = raw("associated", retyped, resource=OPEN.storage)
    with scan_of(tenant(), other, collection=EVERYTHING) as (tables, _, _):
        assert codes(tables) == {"AnswersSomethingElse"}
        assert "Microsoft.Compute/disks" in tables.gaps["message"].iloc[0]


def test_workspaces_of_another_subscription_are_not_in_a_report_about_one() -> None:
    foreign = json.dumps({"value": [workspace(ELSEWHERE, private())]}).encode()
    swapped = raw("workspaces", lambda _: foreign, subscription=HERE)
    with scan_of(tenant(), swapped, wanted=Wanted(subscriptions=[HERE]), page_size=9) as (
        tables,
        _,
        emulator,
    ):
        assert tables.workspaces.empty
        assert codes(tables) == {"AnswersSomethingElse"}
        assert not any(THERE in request.path for request in emulator.requests)


@pytest.mark.parametrize(
    "other",
    [subscription(THERE, "there"), {**subscription(HERE, "here"), "subscriptionId": THERE}],
    ids=["another id", "two ids"],
)
def test_a_single_subscription_that_is_another_one_is_not_read(other: dict[str, Any]) -> None:
    body = json.dumps(other).encode()
    hidden = Fault(kind=FaultKind.RAW, status=200, route="subscriptions", body='{"value": []}')
    swapped = raw("subscription", lambda _: body, subscription=HERE)
    with scan_of(tenant(), hidden, swapped, wanted=Wanted(subscriptions=[HERE])) as (tables, _, emulator):
        assert "AnswersSomethingElse" in codes(tables)
        assert tables.workspaces.empty
        assert not any(request.path.endswith("/workspaces") for request in emulator.requests)


def test_the_state_of_another_provider_proves_no_absence() -> None:
    refused = Fault(kind=FaultKind.STATUS, status=409, route="workspaces", subscription=HERE)
    unregistered = replace(tenant(), registration_states={HERE: "NotRegistered"})
    with scan_of(unregistered, refused, wanted=Wanted(subscriptions=[HERE])) as (tables, _, _):
        assert codes(tables) == set()
    other = raw("provider", lambda body: body.replace(HERE.encode(), THERE.encode()))
    with scan_of(unregistered, refused, other, wanted=Wanted(subscriptions=[HERE])) as (tables, _, _):
        assert codes(tables) == {"MissingSubscriptionRegistration"}


def test_a_computes_list_of_another_workspace_says_nothing_about_this_one() -> None:
    item = {"id": f"{CLOSED.id}/computes/one", "name": "one", "properties": {"computeType": "AmlCompute"}}
    fault = raw("computes", lambda _: json.dumps({"value": [item]}).encode(), resource=OPEN.name)
    with scan_of(tenant(), fault, collection=EVERYTHING) as (tables, _, _):
        assert tables.computes.empty
        assert codes(tables) == {"AnswersSomethingElse"}
        known = tables.workspaces.set_index("workspace")["computes_known"]
        assert not known[OPEN.name]
        assert known[CLOSED.name]


def test_rows_of_resource_graph_about_other_subscriptions_are_a_gap() -> None:
    rest = raw("resourceGraph", lambda body: body.replace(HERE.encode(), guid("asked", "nobody").encode()))
    with scan_of(tenant(), rest, asks_graph=True) as (tables, _, _):
        assert codes(tables) == {"AnswersSomethingElse"}
        assert len(tables.workspaces) == 3


def test_a_workspace_on_two_pages_is_counted_and_read_once() -> None:
    def repeating(body: bytes) -> bytes:
        page = json.loads(body)
        return json.dumps({**page, "value": [*page["value"], workspace(OPEN, private())]}).encode()

    twice = raw("workspaces", repeating, subscription=HERE, page=2)
    with scan_of(tenant(), twice, page_size=1) as (tables, _, emulator):
        count = tables.subscriptions.set_index("subscription_id")["workspaces"]
        assert count[HERE] == 2
        rules = [request.path for request in emulator.requests if request.path.endswith("/outboundRules")]
        assert len(rules) == len(set(rules))


@pytest.mark.parametrize(
    "link",
    [
        f"{GROUP}/Microsoft.Resources/deployments/d",
        f"{GROUP}/Microsoft.Automation/automationAccounts/a/variables/password",
        f"{OPEN.storage}/../../../Microsoft.Automation/automationAccounts/a",
        f"{GROUP}/Microsoft.Storage/storageAccounts/..",
        f"{OPEN.storage}/blobServices/default",
        f"{OPEN.storage}?api-version=1&x=",
        f"{OPEN.storage}#x",
        f"{OPEN.storage}/%2e%2e/x",
        f"{GROUP}\\Microsoft.Storage\\storageAccounts\\x",
        f"https://elsewhere.example{OPEN.storage}",
        OPEN.vault,
        f"/subscriptions/{HERE}",
        "stone",
        "\ud800",
    ],
)
def test_only_ids_of_the_role_s_type_are_asked_for(link: str) -> None:
    allowed = {OPEN.storage, CLOSED.storage, ELSEWHERE.storage}
    with scan_of(tenant(link=link), collection=EVERYTHING) as (tables, payloads, emulator):
        asked = {
            request.path.removesuffix("/networkSecurityPerimeterConfigurations")
            for request in emulator.requests
            if "storage" in request.path.lower()
            or "Automation" in request.path
            or "deployments/d" in request.path
        }
        assert asked <= allowed
        gap = next(row for row in rows(tables.gaps) if row["code"] == "NotAResourceId")
        assert "storage" in gap["message"]
        (dependency,) = [
            row
            for row in rows(tables.associated_resources)
            if row["workspace_id"] == OPEN.id and row["role"] == "storage"
        ]
        assert dependency["read_status"] == "unreadable"
        assert {payload.scope for payload in payloads if payload.kind == "associatedResource"} >= {
            CLOSED.storage
        }


@pytest.mark.parametrize("identity", ["..", "../../x", "a/b", "a?b", "\ud800", "", " /"])
def test_only_well_formed_subscriptions_are_asked_for(identity: str) -> None:
    item = {"id": f"/subscriptions/{identity}", "subscriptionId": identity, "displayName": "odd"}

    def with_it(body: bytes) -> bytes:
        page = json.loads(body)
        return json.dumps({**page, "value": [*page["value"], item]}).encode()

    with scan_of(tenant(), raw("subscriptions", with_it), page_size=9) as (tables, _, emulator):
        assert codes(tables) == {"MalformedItem"}
        assert {
            request.path.split("/")[2] for request in emulator.requests if request.path.count("/") > 2
        } == {
            HERE,
            THERE,
        }
        assert len(tables.workspaces) == 3


def repeating(body: bytes) -> bytes:
    page = json.loads(body)
    return json.dumps({**page, "value": page["value"] * 2}).encode()


SPOILED = [
    raw("associated", lambda _: b"{}", resource=OPEN.storage),
    raw("workspaces", lambda body: body.replace(THERE.encode(), HERE.encode()), subscription=THERE),
    raw("workspaces", repeating, times=1),
    raw("workspaces", lambda body: body.replace(b'"value"', b'"Value"')),
    raw("resourceGraph", lambda body: body.replace(HERE.encode(), b"elsewhere")),
]


@pytest.mark.parametrize(
    ("link", "faults"),
    [
        (OPEN.storage, SPOILED),
        (f"{OPEN.storage}/../x", [Fault(kind=FaultKind.ENDLESS_NEXT_LINK, route="workspaces")]),
        (OPEN.vault, []),
    ],
    ids=["spoiled answers", "a link with dots and an endless list", "a link to another type"],
)
def test_what_was_refused_is_derived_again_from_the_evidence(
    link: str, faults: list[Fault], tmp_path: Path
) -> None:
    bundle = str(tmp_path / "evidence.zip")
    code, _, err = scanned(
        tenant(link=link), tmp_path, *faults, extra=("--evidence", bundle, "--policy", "baseline")
    )
    assert code in (1, 3), err
    assert run("verify", bundle)[0] == 0, run("verify", bundle)

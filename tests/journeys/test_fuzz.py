"""Whatever JSON comes becomes rows or a gap: no exception in the reader, in the tables or in any check."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import cycle
from typing import Any

import pytest
from aiohttp import web
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from checks.contract.tables import Tables
from checks.engine.asking import findings
from checks.model import ChosenCheck
from checks.registry import BUILT_IN
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.server import emulated
from scanner.payloads.payload import Gap, Payload
from scanner.reading.collection import EVERYTHING
from scanner.reading.live import LiveSource
from scanner.scope.wanted import Wanted
from scanner.tables.tabulate import tables
from tests.scanner.azure.test_throttling import arm_before
from tests.support.scanning import IMPATIENT, scanned

WORDS = st.sampled_from(
    [
        *("", "Enabled", "Disabled", "Allow", "Deny", "FQDN", "PrivateEndpoint", "ServiceTag", "Required"),
        *("AllowInternetOutbound", "AllowOnlyApprovedOutbound", "*", "*.example.com", "0.0.0.0/0", "::/0"),
        *("10.0.0.0/8", "80, 443-444", "99999-1", "/subscriptions/x", "TCP", "Premium", "\ud800", "\u0000"),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


def tries(count: int) -> settings:
    """So many examples, however long one takes."""
    lenient = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=count, deadline=None, suppress_health_check=lenient)


@cache
def kept() -> tuple[Payload, ...]:
    """Everything the demo tenant answers, of every kind there is."""
    with emulated(demo_tenant()) as emulator:
        _, payloads = scanned(emulator, collection=EVERYTHING)
    return tuple(payload for payload in payloads if payload.status == 200)


def places(node: Any, depth: int = 0) -> Iterator[tuple[Any, Any]]:
    """Every object or array in a document with each of its keys or positions."""
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in list(children):
        if depth or key != "id":
            yield node, key
        yield from places(child, depth + 1)


def mutated(payload: Payload, mutations: list[tuple[float, Any]]) -> Payload:
    """The payload with so many of its places, drawn by the numbers, holding other values."""
    document = copy.deepcopy(payload.document)
    for where, value in mutations:
        all_places = list(places(document))
        if all_places:
            node, key = all_places[int(where * len(all_places))]
            node[key] = value
    return replace(payload, document=document)


FRACTION = st.floats(min_value=0, max_value=1, exclude_max=True)
MUTATIONS = st.lists(st.tuples(FRACTION, JSON), min_size=1, max_size=4)


@given(st.lists(st.tuples(FRACTION, MUTATIONS), min_size=10, max_size=60))
@tries(8)
def test_every_check_answers_whatever_the_tables_hold(mutations: list[tuple[float, Any]]) -> None:
    payloads = list(kept())
    for where, changes in mutations:
        position = int(where * len(payloads))
        payloads[position] = mutated(payloads[position], changes)
    found = findings(tables(payloads), CHOSEN)
    assert sorted(set(found.loc[found["status"] == "error", "reason"])) == []


CHOSEN = [ChosenCheck(check=check, severity=check.severity, params=check.params()) for check in BUILT_IN]


@given(FRACTION, MUTATIONS)
@tries(60)
def test_a_spoiled_answer_becomes_rows_or_a_gap(where: float, mutations: list[tuple[float, Any]]) -> None:
    payload = kept()[int(where * len(kept()))]
    assert isinstance(tables([mutated(payload, mutations)]), Tables)


@given(
    st.sampled_from(sorted({payload.kind for payload in kept()})),
    JSON.filter(lambda value: isinstance(value, dict)),
)
@tries(60)
def test_an_arbitrary_object_becomes_rows_or_a_gap(kind: str, document: dict[str, Any]) -> None:
    sample = next(payload for payload in kept() if payload.kind == kind)
    shapes = (document, {"value": document}, {"value": [document, document | {"id": "/subscriptions/x"}]})
    for shape in shapes:
        assert isinstance(tables([replace(sample, document=shape)]), Tables)


SUBSCRIPTION = "/subscriptions/00000000-1111-2222-3333-444444444444"
WS = f"{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
ITEM = st.fixed_dictionaries(
    {"id": st.sampled_from([SUBSCRIPTION, WS, WS.upper(), f"{WS}/onlineEndpoints/e", "x", "", 3, None])},
    optional={
        "subscriptionId": st.sampled_from([SUBSCRIPTION.rpartition("/")[2], "", 1]),
        "displayName": JSON,
        "name": JSON,
        "kind": JSON,
        "properties": JSON
        | st.fixed_dictionaries(
            {"managedNetwork": JSON | st.fixed_dictionaries({"isolationMode": WORDS, "outboundRules": JSON})},
            optional={"storageAccount": JSON | st.just(f"{WS}x"), "hubResourceId": JSON},
        ),
    },
)
LINK = st.sampled_from(
    [
        "",
        "/next",
        "http://other.example/next",
        "{own}/subscriptions?page=2",
        "http://[",
        "{own}/[x]",
        "{own}/ \u0000",
        "{own}:",
        3,
        None,
    ]
)
BODY = st.one_of(
    JSON,
    st.fixed_dictionaries({"value": st.lists(ITEM | JSON, max_size=3)}, optional={"nextLink": LINK}),
    st.fixed_dictionaries({"error": JSON}),
)


@given(
    st.lists(
        st.tuples(st.sampled_from([200, 200, 200, 200, 400, 403, 404, 409]), BODY), min_size=1, max_size=8
    )
)
@example([(200, {"value": [{"id": SUBSCRIPTION, "subscriptionId": "s"}], "nextLink": "http://["})])
@tries(40)
def test_a_scan_of_a_server_that_says_anything_ends_in_tables(answers: list[tuple[int, Any]]) -> None:
    told = cycle(answers)

    async def handler(request: web.Request) -> web.StreamResponse:
        status, body = next(told)
        text = json.dumps(body).replace("{own}", str(request.url.origin()))
        return web.Response(status=status, text=text, content_type="application/json")

    async def scan() -> list[Payload | Gap]:
        items: list[Payload | Gap] = []
        async with asyncio.timeout(60), arm_before(handler, replace(IMPATIENT, retries=1)) as arm:
            await LiveSource(arm, Wanted(), collection=EVERYTHING).read(items.append)
        return items

    items = asyncio.run(scan())
    assert items, "something is always said"
    assert isinstance(tables(items), Tables)


def test_the_mutations_reach_what_decides() -> None:
    """Were nothing hit, the tests above could not fail."""
    column = "public_network_access"
    before = tables(kept()).workspaces[column].notna().sum()
    everywhere = [(number / 997, None) for number in range(997)]
    spoiled = tables([mutated(payload, everywhere) for payload in kept()])
    assert spoiled.workspaces[column].notna().sum() < before / 2


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"3", b'"x"', b"\xff\xfe", b"{", b"<html>"])
def test_a_body_that_is_no_object_is_a_gap(body: bytes) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type="application/json")

    async def scan() -> list[Payload | Gap]:
        items: list[Payload | Gap] = []
        async with asyncio.timeout(60), arm_before(handler, replace(IMPATIENT, retries=0)) as arm:
            await LiveSource(arm, Wanted(), collection=EVERYTHING).read(items.append)
        return items

    assert [item.code for item in asyncio.run(scan()) if isinstance(item, Gap)] == ["NotJson"]

"""Slashes at the end of an id and its case name no other resource: the tables and the requests stay the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.contract.tables import Tables
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.server import emulated
from scanner.emulator.tenants.tenant import Tenant
from scanner.payloads.json_members import key
from scanner.payloads.payload import Payload
from scanner.reading.collection import EVERYTHING
from scanner.tables.tabulate import tables
from tests.support.scanning import scan_of, scanned

DEPENDENCIES = ("storageAccount", "keyVault", "containerRegistry", "applicationInsights", "hubResourceId")


@cache
def read() -> tuple[Tables, tuple[Payload, ...]]:
    with scan_of(demo_tenant(), collection=EVERYTHING, page_size=50) as (found, payloads, _):
        return found, tuple(payloads)


def respelled(value: Any, draw: st.DataObject, of: str = "") -> Any:
    if isinstance(value, dict):
        return {name: respelled(each, draw, name) for name, each in value.items()}
    if isinstance(value, list):
        return [respelled(each, draw) for each in value]
    is_id = isinstance(value, str) and value.startswith("/subscriptions/") and value.count("/") > 4
    if not is_id or of not in ("id", *DEPENDENCIES):
        return value
    return draw.draw(st.sampled_from([value, f"{value}/", f"{value}//", f"{value.upper()}/"]))


def lowered(frame: pd.DataFrame) -> list[str]:
    return sorted(str(row).lower() for row in frame.reset_index(drop=True).to_dict("records"))


@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_another_spelling_of_an_id_changes_no_table(data: st.DataObject) -> None:
    _, payloads = read()
    kinds = ("subscriptions", "workspaces", "workspace", "computes", "onlineEndpoints", "associatedResource")
    chosen = [each for each in payloads if each.kind in kinds and not each.superseded]
    spelled = [
        replace(each, document=respelled(each.document, data)) if each.status == 200 else each
        for each in chosen
    ]
    before, after = tables(chosen), tables(spelled)
    for table in ("workspaces", "computes", "endpoints", "associated_resources"):
        assert lowered(getattr(before, table)) == lowered(getattr(after, table)), table
    assert lowered(before.effective.workspaces) == lowered(after.effective.workspaces)


def with_slashes(tenant: Tenant) -> Tenant:
    """The same tenant, where every other workspace names its dependencies and hub with a slash at the end."""

    def body(document: dict[str, Any]) -> dict[str, Any]:
        properties = document.get("properties") or {}
        named = {name: f"{properties[name]}/" for name in DEPENDENCIES if properties.get(name)}
        return {**document, "properties": properties | named} if named else document

    resources = tuple(
        replace(each, body=body(dict(each.body))) if position % 2 else each
        for position, each in enumerate(tenant.resources)
    )
    return replace(tenant, resources=resources)


def test_a_slash_makes_no_request_more() -> None:
    paths = []
    for tenant in (demo_tenant(), with_slashes(demo_tenant())):
        with emulated(tenant, page_size=50) as emulator:
            found, _ = scanned(emulator, collection=EVERYTHING)
            asked = Counter((request.method, request.path.lower()) for request in emulator.requests)
            paths.append((asked, lowered(found.associated_resources)))
    assert paths[0] == paths[1]


@given(resource_id=st.text(min_size=1).map(lambda text: f"/{text}"), slashes=st.integers(0, 3))
def test_a_key_ignores_slashes_at_the_end_and_case(resource_id: str, slashes: int) -> None:
    assert key(resource_id + "/" * slashes) == key(resource_id)

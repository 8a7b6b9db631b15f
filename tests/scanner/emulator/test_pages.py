"""Lists come in pages, and the pages laid end to end are the whole list."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.emulator.demo.places import PRODUCTION_ID
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.server import emulated
from scanner.emulator.tenants.generated import generated_tenant
from tests.scanner.emulator.test_emulator import WORKSPACES, ask, items, names, pages


def test_management_groups_name_their_descendants() -> None:
    path = "/providers/Microsoft.Management/managementGroups/{}/descendants"
    with emulated(demo_tenant(), page_size=2) as emulator:
        found = items(emulator, path.format("MG-Larkfield"), "2023-04-01")
        unknown = ask(emulator, path.format("mg-none"), version="2023-04-01")
    assert [item["type"] for item in found].count("/subscriptions") == 5
    assert found[0]["name"] == "mg-larkfield-data"
    assert (unknown.status, unknown.code) == (403, "AuthorizationFailed")


def test_subscriptions_are_paged_with_an_encoded_skip_token() -> None:
    with emulated(demo_tenant(), page_size=4) as emulator:
        first = ask(emulator, "/subscriptions", version="2022-12-01").json
        parts = pages(emulator, "/subscriptions", "2022-12-01")
        one = ask(emulator, f"/subscriptions/{PRODUCTION_ID}", version="2022-12-01").json
    assert "&%24skiptoken=" in first["nextLink"]
    assert [len(part) for part in parts] == [4, 2]
    assert one == parts[0][0]


def test_a_foreign_skip_token_is_refused() -> None:
    with emulated(demo_tenant()) as emulator:
        replies = [ask(emulator, f"{WORKSPACES}?$skip={token}") for token in ("%C3%A9", "b2Zmc2V0PS0x", "x")]
    assert {reply.status for reply in replies} == {400}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(size=st.integers(1, 9), workspaces=st.integers(0, 8), rules=st.integers(0, 12))
def test_pages_laid_end_to_end_are_the_whole_list(size: int, workspaces: int, rules: int) -> None:
    tenant = generated_tenant(subscriptions=1, workspaces=workspaces, rules=rules)
    path = f"{tenant.subscriptions[0]['id']}/providers/Microsoft.MachineLearningServices/workspaces"
    with emulated(tenant, page_size=size) as emulator:
        parts = pages(emulator, path)
        whole = items(emulator, path)
        rules_of = {item["id"]: items(emulator, f"{item['id']}/outboundRules") for item in whole}
    assert [name for part in parts for name in names(part)] == names(whole)
    assert names(whole) == [resource.body["name"] for resource in tenant.resources]
    assert all(len(part) <= size for part in parts)
    for resource in tenant.resources:
        expected = resource.body["properties"]["managedNetwork"].get("outboundRules", {})
        assert names(rules_of[resource.id]) == list(expected)

"""What payloads mean: recorded and published wire data through tabulate, and laws of the translation."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.contract.tables import SCHEMAS, Tables
from scanner.payloads.payload import Gap, Payload
from scanner.payloads.people import Pseudonyms
from scanner.payloads.redaction import redacted
from scanner.tables.provenance import Provenance, Traces
from scanner.tables.tabulate import Tabulation, tables
from tests.support.places import SHARED
from tests.support.scanning import rows

EXAMPLES = SHARED / "examples" / "arm"
SUBSCRIPTION = "00000000-1111-2222-3333-444444444444"
WORKSPACE = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-One/providers/"
    "Microsoft.MachineLearningServices/workspaces/mlw-One"
)


def example(name: str) -> Any:
    path = EXAMPLES / name
    if not path.exists():
        pytest.skip(f"no example data at ../shared/examples/arm/{name}")
    return json.loads(path.read_text())


def payload(kind: str, document: Any, *, scope: str = WORKSPACE, api_version: str = "2025-12-01") -> Payload:
    return Payload(
        kind=kind,
        scope=scope,
        subscription_id=SUBSCRIPTION,
        url=f"https://management.azure.com{scope}?api-version={api_version}",
        api_version=api_version,
        status=200,
        retrieved_at=datetime(2026, 11, 21, tzinfo=UTC),
        body=json.dumps(document).encode(),
        document=document,
    )


def gap(kind: str, scope: str = WORKSPACE) -> Gap:
    return Gap(
        scope=scope,
        subscription_id=SUBSCRIPTION,
        asked=kind,
        request="GET …",
        code="AuthorizationFailed",
        message="no",
        closes="grant Reader",
    )


def workspace(**properties: Any) -> dict[str, Any]:
    return {"id": WORKSPACE, "name": "mlw-One", "kind": "Default", "properties": properties}


def listed(*items: Any, api_version: str = "2025-12-01") -> Payload:
    named = [str(item.get("id", "")) for item in items if isinstance(item, dict)]
    scope = "/".join(named[0].split("/")[:3]) if named and named[0] else f"/subscriptions/{SUBSCRIPTION}"
    return payload("workspaces", {"value": list(items)}, scope=scope, api_version=api_version)


def only_workspace(*items: Payload | Gap) -> Any:
    frame = tables(items).workspaces
    assert len(frame) == 1
    return frame.iloc[0]


def test_the_recorded_list_of_a_hub_its_project_and_a_plain_workspace() -> None:
    result = tables(
        [listed(*example("recorded.workspaces-list.2024-04-01.json")["value"], api_version="2024-04-01")]
    )
    frame = result.workspaces.set_index("workspace")
    assert frame["kind"].to_dict() == {
        "mlworkspace-test2": "Default",
        "mlworkspace-testhub1": "Hub",
        "mlworkspace-testproj1": "Project",
    }
    assert frame["public_network_access"].eq("Enabled").all()
    assert frame["network_acls_default_action"].eq("Allow").all()
    assert frame["ip_rules"].eq("").all()
    assert frame["isolation_mode"].isna().all()
    assert frame["managed_network_reported"].eq(False).all()
    assert frame["private_endpoint_connections_known"].all()
    assert result.private_endpoint_connections.empty
    assert result.gaps.empty
    judged_by = result.effective.workspaces.set_index("workspace")["judged_by"].to_dict()
    assert judged_by["mlworkspace-testproj1"].endswith("/workspaces/mlworkspace-testhub1")


def test_the_recorded_workspace_that_allows_only_approved_outbound() -> None:
    document = example("recorded.workspace-get-approved-outbound.2022-12-01-preview.json")
    result = tables([payload("workspace", document, scope=document["id"], api_version="2022-12-01-preview")])
    (row,) = rows(result.workspaces)
    assert row["isolation_mode"] == "AllowOnlyApprovedOutbound"
    rules = {rule["rule"]: rule for rule in rows(result.outbound_rules)}
    assert len(rules) == 15
    assert result.outbound_rules["category"].value_counts().to_dict() == {"Required": 12, "UserDefined": 3}
    assert rules["pytorch"]["fqdn"] == "*.pytorch.org"
    assert rules["my-service"]["service_tag"] == "DataFactory"
    assert rules["my-service"]["port_ranges"] == "80, 8080-8089"
    assert rules["my-service"]["address_prefixes"] == ""
    assert rules["my-storage"]["subresource_target"] == "blob"
    assert rules["my-storage"]["service_resource_id"].endswith("/storageAccounts/mvnetstorage1")
    assert result.outbound_rules["seen_in"].eq("workspace").all()


def test_the_published_list_of_outbound_rules() -> None:
    document = example("rest-spec.outbound-rules-list.2024-10-01.json")["responses"]["200"]["body"]
    scope = document["value"][0]["id"].rpartition("/outboundRules/")[0]
    rules = tables([payload("outboundRules", document, scope=scope)]).outbound_rules
    assert rules["rule"].tolist() == ["rule_name_1", "rule_name_2"]
    assert rules["type"].eq("FQDN").all()
    assert rules["category"].eq("Required").all()
    assert rules["fqdn"].eq("destination_of_the_fqdn_rule").all()


def test_the_published_list_of_workspaces() -> None:
    document = example("rest-spec.workspaces-list.2025-12-01.json")["responses"]["200"]["body"]
    frame = tables([listed(*document["value"])]).workspaces
    assert frame["workspace"].eq("testworkspace").all()
    assert frame["public_network_access"].isna().all()
    assert frame["managed_network_reported"].eq(False).all()


def test_payloads_of_kinds_without_a_table_are_kept_and_not_misread() -> None:
    for name in ("recorded.computes-list.2024-04-01.json", "rest-spec.managed-network-list.json"):
        result = tables([payload("computes", example(name))])
        assert result.workspaces.empty
        assert result.outbound_rules.empty


def test_recorded_errors_become_gaps_that_say_what_to_do() -> None:
    from scanner.payloads.gaps import from_answer
    from scanner.payloads.questions import Ask

    ask = Ask(kind="workspaces", scope="/subscriptions/x", url="https://a/b", api_version="2025-12-01")
    for recorded in example("recorded.errors.json"):
        found = from_answer(ask, recorded["status"], recorded["body"], "")
        assert found.code == recorded["body"]["error"]["code"]
        assert found.message
        assert found.closes


def test_absent_null_and_disabled_are_three_things() -> None:
    absent = only_workspace(listed(workspace()))
    assert not absent["managed_network_reported"]
    old = only_workspace(listed(workspace(), api_version="2022-10-01"))
    assert old.isna()["managed_network_reported"]
    disabled = only_workspace(listed(workspace(managedNetwork={"isolationMode": "Disabled"})))
    assert disabled["isolation_mode"] == "Disabled"
    assert disabled["outbound_rules_known"]
    assert absent.isna()["outbound_rules_known"]


def test_a_member_of_the_wrong_type_is_not_reported() -> None:
    row = only_workspace(
        listed(workspace(publicNetworkAccess=5, networkAcls=[], managedNetwork="on", privateLinkCount="0"))
    )
    missing = row.isna()
    for column in ("public_network_access", "network_acls_default_action", "ip_rules", "isolation_mode"):
        assert missing[column], column
    assert missing["managed_network_reported"]
    assert missing["private_endpoint_connections_known"]


def test_ids_are_joined_without_regard_to_case_and_shown_as_spelled() -> None:
    rule = {"name": "r", "id": f"{WORKSPACE}/outboundRules/r", "properties": {"type": "FQDN"}}
    result = tables(
        [listed(workspace()), payload("outboundRules", {"value": [rule]}, scope=WORKSPACE.upper())]
    )
    assert result.workspaces.index.tolist() == [WORKSPACE.lower()]
    assert result.workspaces["workspace_id"].tolist() == [WORKSPACE]
    assert result.workspaces["outbound_rules_known"].all()


def test_rules_in_both_places_are_merged_by_name_and_contradictions_recorded() -> None:
    body = workspace(
        managedNetwork={
            "isolationMode": "AllowOnlyApprovedOutbound",
            "outboundRules": {
                "same": {"type": "FQDN", "destination": "a.example.com", "status": "Active"},
                "differs": {"type": "FQDN", "destination": "b.example.com", "status": "Inactive"},
                "gone": {"type": "FQDN", "destination": "c.example.com", "status": "Active"},
            },
        }
    )
    rules = [
        {"id": f"{WORKSPACE}/outboundRules/{name}", "name": name, "properties": properties}
        for name, properties in {
            "same": {"type": "FQDN", "destination": "a.example.com", "status": "Active"},
            "differs": {"type": "FQDN", "destination": "b.example.com", "status": "Active"},
            "new": {"type": "FQDN", "destination": "d.example.com", "status": "Active"},
        }.items()
    ]
    result = tables([listed(body), payload("outboundRules", {"value": rules})])
    seen = result.outbound_rules.set_index("rule")["seen_in"].to_dict()
    assert seen == {"same": "both", "differs": "both", "gone": "workspace", "new": "outboundRules"}
    assert result.outbound_rules.set_index("rule")["status"].to_dict()["differs"] == "Active"
    note = result.workspaces["outbound_rules_discrepancy"].iloc[0]
    assert note == (
        "only in the workspace's body: gone; only in its outboundRules list: new; different in the two: differs"
    )


def test_the_workspaces_own_answer_completes_what_the_list_left_out() -> None:
    own = workspace(publicNetworkAccess="Disabled", managedNetwork={"isolationMode": "AllowInternetOutbound"})
    row = only_workspace(listed(workspace(privateLinkCount=0)), payload("workspace", own))
    assert row["public_network_access"] == "Disabled"
    assert row["isolation_mode"] == "AllowInternetOutbound"
    assert row["managed_network_reported"]
    assert row["private_endpoint_connections_known"]


def test_items_without_an_id_are_a_gap_and_the_others_stay() -> None:
    result = tables([listed(workspace(), {"name": "nameless"}, None, 7)])
    assert len(result.workspaces) == 1
    assert result.gaps["code"].tolist() == ["MalformedItem"]


def test_a_workspace_listed_twice_with_different_contents_is_a_gap() -> None:
    twice = (workspace(publicNetworkAccess="Enabled"), workspace(publicNetworkAccess="Disabled"))
    forward, backward = tables([listed(*twice)]), tables([listed(*reversed(twice))])
    assert forward.gaps["code"].tolist() == ["MalformedItem"]
    assert forward.workspaces.equals(backward.workspaces)


def test_serverless_settings_distinguish_null_from_absent() -> None:
    assert only_workspace(listed(workspace())).isna()["serverless_compute_configured"]
    assert not only_workspace(listed(workspace(serverlessComputeSettings=None)))[
        "serverless_compute_configured"
    ]
    settings = {"serverlessComputeCustomSubnet": None, "serverlessComputeNoPublicIP": True}
    row = only_workspace(listed(workspace(serverlessComputeSettings=settings)))
    assert row["serverless_compute_configured"]
    assert row["serverless_compute_custom_subnet"] == ""
    assert row["serverless_compute_no_public_ip"]


ITEMS: list[Payload | Gap] = [
    listed(
        workspace(publicNetworkAccess="Enabled", managedNetwork={"isolationMode": "AllowInternetOutbound"})
    ),
    payload(
        "workspace", workspace(publicNetworkAccess="Enabled", privateEndpointConnections=[{"name": "pe"}])
    ),
    payload(
        "outboundRules",
        {"value": [{"id": f"{WORKSPACE}/outboundRules/one", "name": "one", "properties": {"type": "FQDN"}}]},
    ),
    payload(
        "privateEndpointConnections",
        {"value": [{"id": f"{WORKSPACE}/privateEndpointConnections/one", "name": "one"}]},
    ),
    gap("outboundRules"),
    gap("computes"),
]


@given(order=st.permutations(range(len(ITEMS))))
def test_the_order_in_which_answers_come_does_not_matter(order: list[int]) -> None:
    def frames(result: Tables) -> list[str]:
        return [result[name].to_csv() for name in ("workspaces", "outbound_rules", "gaps")]

    assert frames(tables([ITEMS[i] for i in order])) == frames(tables(ITEMS))


TOLD_TWICE: list[Payload | Gap] = [
    *ITEMS,
    listed(workspace(publicNetworkAccess="Disabled", privateEndpointConnections=[{"name": "pe"}])),
    payload("workspace", workspace(managedNetwork={"outboundRules": {"one": {"type": "ServiceTag"}}})),
    payload(
        "outboundRules",
        {"value": [{"id": f"{WORKSPACE}/outboundRules/one", "name": "one", "properties": {"type": "Other"}}]},
    ),
    payload(
        "computes",
        {
            "value": [
                {"id": f"{WORKSPACE}/computes/k", "name": "a"},
                {"id": f"{WORKSPACE}/COMPUTES/K", "name": "b"},
            ]
        },
    ),
]


@given(order=st.permutations(range(len(TOLD_TWICE))))
def test_no_order_decides_between_answers_that_disagree_nor_what_is_told_of_their_origin(
    order: list[int],
) -> None:
    def told(items: list[Payload | Gap]) -> tuple[list[str], Provenance]:
        traces = Traces()
        tabulation = Tabulation(traces)
        for item in items:
            tabulation.add(item)
        result = tabulation.finished()
        return [result[name].to_csv() for name in SCHEMAS], traces.finished()

    frames, provenance = told(TOLD_TWICE)
    assert told([TOLD_TWICE[i] for i in order]) == (frames, provenance)
    assert {len(each) for each in provenance.rows["computes"].values()} == {2}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
NETWORK = st.fixed_dictionaries(
    {},
    optional={
        "publicNetworkAccess": JSON,
        "networkAcls": JSON | st.fixed_dictionaries({"ipRules": JSON, "defaultAction": JSON}),
        "managedNetwork": JSON
        | st.fixed_dictionaries({"isolationMode": JSON, "outboundRules": JSON, "status": JSON}),
        "privateEndpointConnections": JSON,
        "serverlessComputeSettings": JSON,
        "hubResourceId": JSON,
    },
)


@given(properties=NETWORK, tags=JSON)
def test_whatever_azure_says_a_workspace_with_an_id_keeps_its_row(
    properties: dict[str, Any], tags: object
) -> None:
    result = tables([listed(workspace(**properties) | {"tags": tags})])
    assert result.workspaces.index.tolist() == [WORKSPACE.lower()]


@given(document=st.dictionaries(st.sampled_from(["password", "a", "systemData", "x/y"]), JSON, max_size=4))
def test_redaction_leaves_everything_but_secrets_and_addresses(document: dict[str, Any]) -> None:
    original = json.loads(json.dumps(document))
    body = json.dumps(document).encode()
    cleaned, pointers = redacted(body, document, Pseudonyms())
    assert (cleaned == body) == (not pointers)
    if not pointers:
        assert json.loads(cleaned) == original


def test_rules_are_told_apart_by_id_without_regard_to_case_and_never_by_what_they_call_themselves() -> None:
    body = workspace(managedNetwork={"outboundRules": {"A": {"type": "FQDN"}, "a": {"type": "FQDN"}}})
    ids = [f"{WORKSPACE}/outboundRules/{name}" for name in ("one", "two", "ONE")]
    rules = payload("outboundRules", {"value": [{"id": each, "name": "same"} for each in ids]})
    result = tables([listed(body), rules])
    assert sorted(name.rpartition("/")[2] for name in result.outbound_rules.index) == ["a", "one", "two"]


def test_a_workspace_listed_twice_in_another_casing_is_one_and_no_gap() -> None:
    other = workspace(publicNetworkAccess="Enabled") | {"id": WORKSPACE.upper()}
    result = tables([listed(workspace(publicNetworkAccess="Enabled")), listed(other)])
    assert len(result.workspaces) == 1
    assert result.gaps.empty

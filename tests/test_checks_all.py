"""Laws that every registered check obeys, whoever wrote it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import dependency_worlds
import pandas as pd
import pytest
import workload_worlds
from check_tables import workspace_id
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from checks.model import Check, ChosenCheck, Status, ask
from checks.registry import BUILT_IN, registry
from checks.run import findings
from checks.schema import SCHEMAS, Tables, frame

EXAMPLES = int(os.environ.get("AZML_AUDIT_EXAMPLES", "3"))
"""Worlds drawn for each check; `make nightly` draws more."""

SUBSCRIPTION = workspace_id().split("/")[2]
STORAGE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/sa"
VAULT = "/subscriptions/other/resourceGroups/rg/providers/Microsoft.Keyvault/vaults/kv"

PARAMETERS: dict[str, dict[str, Any]] = {
    "PEP003": {"allowed_subscriptions": [SUBSCRIPTION]},
    "OBR008": {"approved": ["*.pypi.org", "Sql", STORAGE]},
    "OBR013": {"allowed_subscriptions": [SUBSCRIPTION]},
    **dependency_worlds.PARAMETERS,
}
"""Parameters for checks that do not apply without."""

COST_OR_READINESS = {
    "MVN004": "whether Spark jobs can start is no control",
    "MVN007": "the tier of a firewall is a matter of cost",
    "OBR012": "the bill of a firewall is a matter of cost",
    **dependency_worlds.WITHOUT_CONTROL,
}
"""Checks that map to no control, and why."""

OTHER_EVIDENCE = {
    ("NET001", "workspaces.allow_public_access_when_behind_vnet"): "only quoted in the reason",
    ("NET004", "workspaces.public_network_access"): "a flag that is false contradicts nothing",
    ("NET004", "workspaces.private_endpoint_connections_known"): "likewise",
    ("NET004", "private_endpoint_connections.status"): "likewise, or there is no connection",
    ("PEP001", "workspaces.public_network_access"): "only quoted in the reason",
    ("PEP002", "private_endpoint_connections.description"): "only quoted in the reason",
    ("MVN005", "workspaces.managed_network_reported"): "without a custom subnet the mode does not matter",
    ("MVN005", "workspaces.isolation_mode"): "likewise",
    ("MVN005", "workspaces.serverless_compute_custom_subnet"): "with isolation off a subnet is allowed",
    ("OBR001", "workspaces.managed_network_status"): "an active rule is in force",
    ("OBR002", "workspaces.managed_network_reported"): "private endpoints are valid in every mode",
    ("OBR002", "workspaces.isolation_mode"): "likewise",
    ("OBR005", "outbound_rules.service_tag"): "prefixes override the tag",
    ("OBR008", "outbound_rules.fqdn"): "decides for host-name rules only",
    ("OBR008", "outbound_rules.service_tag"): "decides for service-tag rules only",
    ("OBR008", "outbound_rules.address_prefixes"): "likewise",
    ("OBR008", "outbound_rules.service_resource_id"): "decides for private-endpoint rules only",
    ("OBR008", "outbound_rules.action"): "likewise for service-tag rules",
    ("OBR010", "outbound_rules.fqdn"): "decides for host-name rules only",
    ("OBR010", "outbound_rules.service_tag"): "decides for service-tag rules only",
    ("OBR010", "outbound_rules.address_prefixes"): "likewise",
    ("OBR010", "outbound_rules.action"): "likewise",
    ("OBR010", "outbound_rules.protocol"): "likewise",
    ("OBR010", "outbound_rules.port_ranges"): "likewise",
    ("OBR010", "outbound_rules.service_resource_id"): "decides for private-endpoint rules only",
    ("OBR010", "outbound_rules.subresource_target"): "likewise",
    ("OBR012", "outbound_rules.type"): "a workspace without rules has no host-name rules",
    ("OBR012", "outbound_rules.rule"): "only quoted in the reason",
    ("MVN004", "outbound_rules.rule"): "likewise",
    **dependency_worlds.OTHER_EVIDENCE,
    **workload_worlds.OTHER_EVIDENCE,
}
"""Columns a row may pass without, because another one decided; any other blank column forbids passing."""

Row = dict[str, object]

PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
EVERYWHERE = {"workspace", "resource_group", "subscription_id", "location", "workspace_id", "resource_id"}

CHECKS = list(registry().values())


def maybe(*values: object) -> st.SearchStrategy[object]:
    return st.sampled_from([*values, None])


YES_NO = maybe(True, False)
NETWORK = st.fixed_dictionaries(
    {
        "public_network_access": maybe("Enabled", "Disabled", "dISABLED", "SecuredByPerimeter"),
        "allow_public_access_when_behind_vnet": YES_NO,
        "network_acls_default_action": maybe("Allow", "Deny", "deny", "Perhaps"),
        "ip_rules": maybe("", "20.1.2.3", "20.1.2.0/24, 10.0.0.4", "0.0.0.0/0"),
        "managed_network_reported": maybe(True, True, False),
        "isolation_mode": maybe(
            "Disabled",
            "AllowInternetOutbound",
            "AllowOnlyApprovedOutbound",
            "allowonlyapprovedoutbound",
            "Foo",
        ),
        "managed_network_status": maybe("Active", "Inactive", "ACTIVE", "Dozing"),
        "spark_ready": YES_NO,
        "firewall_sku": maybe("Standard", "basic"),
        "outbound_rules_known": maybe(True, True, True, False),
        "private_endpoint_connections_known": maybe(True, True, True, False),
        "serverless_compute_configured": maybe(True, True, False),
        "serverless_compute_custom_subnet": maybe("", "/subnets/own"),
        "serverless_compute_no_public_ip": YES_NO,
    }
)
RULE = st.fixed_dictionaries(
    {
        "type": maybe("FQDN", "ServiceTag", "PrivateEndpoint", "fqdn", "SERVICETAG", "Tunnel"),
        "category": maybe("UserDefined", "userdefined", "UserDefined", "Required", "Whim"),
        "status": maybe("Active", "active", "Inactive", "Provisioning", "Failed", "Deleting", "Asleep"),
        "error_information": maybe("", "", "no right to approve"),
        "fqdn": maybe("pypi.org", "files.pypi.org", "*.pypi.org", "*", "sa.blob.core.windows.net", ""),
        "service_tag": maybe("Sql", "Storage.WestUS", "Internet", "AzureMonitor", "azuremonitor.westus", ""),
        "protocol": maybe("TCP", "udp", "*", "Carrier"),
        "port_ranges": maybe("443", "80, 8080-8089", "*", "1-65535", "https"),
        "address_prefixes": maybe("", "", "20.1.2.3/32", "0.0.0.0/0", "everywhere"),
        "action": maybe("Allow", "allow", "Deny", "Perhaps"),
        "service_resource_id": maybe(STORAGE, STORAGE.lower(), VAULT, "nowhere"),
        "subresource_target": maybe("blob", "Blob", "vault", ""),
        "spark_enabled": YES_NO,
    }
)
CONNECTION = st.fixed_dictionaries(
    {
        "status": maybe("Approved", "APPROVED", "Pending", "Rejected", "Pondering"),
        "description": maybe("hello"),
        "private_endpoint_id": maybe(STORAGE, VAULT, "nowhere"),
    }
)
KINDS = ("Default", "Hub", "FeatureStore", "default", None)


@st.composite
def tables(draw: st.DrawFn) -> Tables:
    """Plain workspaces, hubs and Projects, each with a few rules and connections."""
    plain = [f"ws{n}" for n in range(8)]
    projects = [f"Project{n}" for n in range(3)]
    own = [draw(NETWORK) | draw(dependency_worlds.PROTECTION) | draw(workload_worlds.KNOWN) for _ in plain]
    workspaces = [
        _identity(name, kind=draw(st.sampled_from(KINDS))) | values
        for name, values in zip(plain, own, strict=True)
    ]
    for name in projects:
        hub = draw(st.sampled_from([*map(workspace_id, plain), workspace_id("unread").upper()]))
        kind = draw(st.sampled_from(("Project", "project")))
        workspaces.append(_identity(name, kind=kind, hub_resource_id=hub) | draw(NETWORK))
    rules, connections = [], []
    for name in plain:
        for n, row in enumerate(draw(st.lists(RULE, max_size=3))):
            rules.append(row | _child(name, "rule", f"r{n}"))
        for n, row in enumerate(draw(st.lists(CONNECTION, max_size=2))):
            connections.append(row | _child(name, "connection", f"c{n}"))
    return Tables.of(
        workspaces=workspaces,
        outbound_rules=rules,
        private_endpoint_connections=connections,
        **draw(dependency_worlds.around(plain)),
        **draw(workload_worlds.around(plain)),
    )


def _identity(name: str, **values: object) -> dict[str, object]:
    return {"workspace_id": workspace_id(name), "workspace": name, **values}


def _child(workspace: str, word: str, name: str) -> dict[str, object]:
    id = f"{workspace_id(workspace)}/{word}s/{name}"
    return {f"{word}_id": id, "workspace_id": workspace_id(workspace).upper(), word: name}


def chosen(check: Check) -> ChosenCheck:
    params = check.params.model_validate(PARAMETERS.get(check.id, {}))
    return ChosenCheck(check=check, severity=check.severity, params=params)


def blanked(tables: Tables, read: str) -> Tables:
    """The tables with one column gone."""
    table, _, column = read.partition(".")
    empty = tables[table].assign(**{column: pd.array([pd.NA] * len(tables[table]))})
    return tables.replaced(**{table: empty.astype(SCHEMAS[table].dtypes)})


def verdicts(tables: Tables, check: Check) -> pd.Series:
    """Status by what was asked about; a row is a resource, told apart from its unread workspace."""
    found = findings(tables, [chosen(check)])
    assert not found["status"].eq(Status.ERROR).any(), list(found["reason"])
    return found.set_index(["workspace_id", "resource_id"])["status"]


def reads_of(check: Check) -> tuple[str, ...]:
    return (*check.reads, "workspaces.kind", "workspaces.hub_resource_id")


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
@given(tables=tables())
def test_blanking_a_column_never_makes_a_row_pass(check: Check, tables: Tables) -> None:
    before = verdicts(tables, check)
    for read in reads_of(check):
        after = verdicts(blanked(tables, read), check)
        changed = after[after.ne(before.reindex(after.index))]
        allowed = {Status.UNKNOWN} | dependency_worlds.ABSENCE_MEANS.get((check.id, read), set())
        if read not in check.reads:  # a Project that does not say so is judged by what it says of itself
            allowed |= {Status.FAIL, Status.NOT_APPLICABLE}
        assert set(changed) <= allowed, f"without {read}: {changed.to_dict()}"
        if read in check.reads and (check.id, read) not in OTHER_EVIDENCE:
            assert not after.eq(Status.PASS).any(), f"these pass without {read}, which decides"


def rows_that_pass() -> Iterator[tuple[str, Tables]]:
    """Tables in which every check that can pass does."""
    hosts: Row = {"type": "FQDN", "category": "UserDefined", "fqdn": "files.pypi.org"}
    tag: Row = {
        "type": "ServiceTag",
        "category": "UserDefined",
        "service_tag": "Sql",
        "protocol": "TCP",
        "port_ranges": "443",
        "address_prefixes": "",
        "action": "Allow",
    }
    spark: Row = {
        "type": "PrivateEndpoint",
        "category": "UserDefined",
        "service_resource_id": STORAGE,
        "subresource_target": "blob",
        "spark_enabled": True,
    }
    good: Row = {
        "public_network_access": "Disabled",
        "allow_public_access_when_behind_vnet": False,
        "network_acls_default_action": "Deny",
        "ip_rules": "",
        "managed_network_reported": True,
        "isolation_mode": "AllowInternetOutbound",
        "managed_network_status": "Active",
        "spark_ready": True,
        "firewall_sku": "Standard",
        "outbound_rules_known": True,
        "private_endpoint_connections_known": True,
        "serverless_compute_configured": True,
        "serverless_compute_custom_subnet": "",
        "serverless_compute_no_public_ip": True,
    }
    required: list[Row] = [
        tag | {"service_tag": name, "category": "Required"}
        for name in (
            "AzureActiveDirectory",
            "AzureMachineLearning",
            "BatchNodeManagement.westus",
            "AzureResourceManager",
            "AzureFrontDoor.FirstParty",
            "MicrosoftContainerRegistry",
            "AzureMonitor",
        )
    ]
    in_force: Row = {"status": "Active", "error_information": ""}
    worlds: dict[str, tuple[Row, list[Row]]] = {
        "plain": (good, [tag, spark]),
        "open": (good | {"public_network_access": "Enabled", "ip_rules": "20.1.2.3"}, []),
        "off": (good | {"isolation_mode": "Disabled", "serverless_compute_custom_subnet": "/own"}, [hosts]),
        "prefixed": (good, [tag | {"address_prefixes": "20.1.2.3/32"}]),
        "strict": (good | {"isolation_mode": "AllowOnlyApprovedOutbound"}, [hosts, *required]),
    }
    for name, (values, rules) in worlds.items():
        yield (
            name,
            Tables.of(
                workspaces=[_identity("ws", kind="Default") | values],
                outbound_rules=[
                    in_force | row | _child("ws", "rule", f"r{n}") for n, row in enumerate(rules)
                ],
                private_endpoint_connections=[
                    {"status": "Approved", "private_endpoint_id": STORAGE} | _child("ws", "connection", "c")
                ],
            ),
        )


WORLDS = dict(rows_that_pass()) | dependency_worlds.WORLDS | workload_worlds.WORLDS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_check_passes_somewhere_so_that_its_laws_can_fail(check: Check) -> None:
    assert any(verdicts(world, check).eq(Status.PASS).any() for world in WORLDS.values())


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_what_passes_no_longer_does_without_a_column_that_decides(check: Check) -> None:
    for read in check.reads:
        if (check.id, read) not in OTHER_EVIDENCE:
            for name, world in WORLDS.items():
                found = verdicts(blanked(world, read), check)
                assert not found.eq(Status.PASS).any(), f"{name} without {read}"


def test_every_excuse_for_a_column_is_still_needed() -> None:
    for id, read in OTHER_EVIDENCE:
        worlds = [verdicts(blanked(world, read), registry()[id]) for world in WORLDS.values()]
        assert any(found.eq(Status.PASS).any() for found in worlds), f"{id} never passes without {read}"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_says_what_why_and_how_to_mend_it(check: Check) -> None:
    assert check.title.strip()
    assert len(check.rationale.split("\n")) >= 3
    assert check.remediation.summary.strip()
    assert check.remediation.caution.strip()
    assert check.references
    assert all(reference.startswith("https://") for reference in check.references)
    assert bool(check.controls) != (check.id in COST_OR_READINESS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_remediation_uses_placeholders_the_report_can_fill(check: Check) -> None:
    fix = check.remediation
    for text in (fix.summary, fix.caution, fix.az, fix.bicep, fix.terraform):
        assert set(PLACEHOLDER.findall(text)) <= EVERYWHERE | set(SCHEMAS[check.over].dtypes)
        assert "{{" not in PLACEHOLDER.sub("", text)
        assert "}}" not in PLACEHOLDER.sub("", text).replace("}}}'", "").replace("}}'", "").replace(" }}", "")
    assert "'{{" not in fix.bicep
    assert '"{{' not in fix.terraform


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_parameter_is_explained(check: Check) -> None:
    assert all(field.description for field in check.params.model_fields.values())


def test_ids_are_unique_and_listed_in_order() -> None:
    ids = [check.id for check in BUILT_IN]
    assert len(ids) == len(set(ids))
    by_family: dict[str, list[str]] = {}
    for check in BUILT_IN:
        by_family.setdefault(check.family, []).append(check.id)
    assert all(family == sorted(family) for family in by_family.values())
    assert list(registry()) == sorted(registry())


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_check_answers_on_empty_tables(check: Check) -> None:
    empty = Tables.of()
    assert ask(chosen(check), empty).empty
    assert findings(empty, [chosen(check)]).empty


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_what_was_not_reported_is_not_shown_as_observed(check: Check) -> None:
    nothing = Tables.of(
        workspaces=[_identity("ws")],
        outbound_rules=[_child("ws", "rule", "r")],
        private_endpoint_connections=[_child("ws", "connection", "c")],
    )
    found = findings(nothing, [chosen(check)])
    means_fail = any(
        Status.FAIL in dependency_worlds.ABSENCE_MEANS.get((check.id, r), ()) for r in check.reads
    )
    assert set(found["status"]) <= {Status.UNKNOWN} | ({Status.FAIL} if means_fail else set())
    assert found["observed"].str.contains("not reported|not read").all(), list(found["observed"])


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_answers_do_not_depend_on_the_order_of_rows(check: Check) -> None:
    for world in WORLDS.values():
        turned = Tables(**{name: world[name].iloc[::-1] for name in SCHEMAS})
        pd.testing.assert_frame_equal(findings(turned, [chosen(check)]), findings(world, [chosen(check)]))


def test_the_rows_of_a_frame_are_sorted_whatever_their_order() -> None:
    rows = [_identity("b"), _identity("a")]
    assert list(frame("workspaces", rows)["workspace"]) == ["a", "b"]

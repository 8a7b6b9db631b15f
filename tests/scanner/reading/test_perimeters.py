"""Network security perimeters as a scan reads them: associated, not associated, refused, and unknown to a cloud."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.contract.tables import Tables
from checks.engine.asking import findings
from checks.model import ChosenCheck
from checks.registry import registry
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.tenants.tenant import Tenant
from scanner.payloads.payload import Payload
from scanner.reading.collection import collection_for
from scanner.tables.perimeters import PerimeterAnswers
from tests.scanner.tables.test_tabulate import payload
from tests.support.scanning import scan_of

PERIMETERS = "networkSecurityPerimeterConfigurations"
CHECKS = ("RES001", "RES002", "RES005", "RES014", "RES015", "RES016")
DEMO = demo_tenant()
STORAGE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/stone"


def scanned(tenant: Tenant, *faults: Fault, checks: tuple[str, ...] = CHECKS) -> tuple[Tables, list[str]]:
    chosen = [registry()[id] for id in checks]
    with scan_of(tenant, *faults, collection=collection_for(chosen)) as (found, _, emulator):
        return found, [request.path for request in emulator.requests if PERIMETERS in request.path]


def statuses(found: Tables, workspace: str) -> dict[str, set[str]]:
    checks = [registry()[id] for id in CHECKS]
    chosen = [ChosenCheck(check=each, severity=each.severity, params=each.params()) for each in checks]
    judged = findings(found, chosen)
    own = judged[judged["workspace_id"].str.endswith(f"/{workspace}")]
    return {str(id): set(of["status"]) for id, of in own.groupby("check_id", observed=True)}


def test_a_perimeter_opens_dependencies_that_say_they_are_closed() -> None:
    found, asked = scanned(DEMO)
    assert {id for id, answers in statuses(found, "mlw-wide-addresses").items() if "fail" in answers} == set(
        CHECKS
    )
    assert asked, "each storage account and vault is asked for its perimeter"
    assert len(asked) == len(set(asked)), "and only once"
    associated = found.associated_resources
    (account,) = associated[associated["perimeter_prefixes"].eq("0.0.0.0/0").fillna(value=False)].to_dict(
        "records"
    )
    assert (account["role"], account["perimeter_access_mode"]) == ("storage", "Enforced")
    others = associated[associated["role"].isin(["registry", "insights"])]
    assert others["perimeter_status"].isna().all(), "registries and components can be in none"


def test_nobody_asks_for_perimeters_that_no_check_reads() -> None:
    _, asked = scanned(DEMO, checks=("NET001", "RES013"))
    assert asked == []


def test_a_refusal_is_a_gap_and_leaves_the_perimeter_unknown() -> None:
    refused = Fault(kind=FaultKind.STATUS, status=403, route=PERIMETERS)
    found, _ = scanned(DEMO, *DEMO.default_faults, refused)
    assert found.gaps["asked"].eq(PERIMETERS).any()
    assert statuses(found, "mlw-wide-addresses")["RES014"] >= {"unknown"}
    assert "fail" not in statuses(found, "mlw-wide-addresses")["RES001"]


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "ResourceNotFound"), (404, "InvalidResourceType"), (400, "NoRegisteredProviderFound")],
)
def test_a_cloud_without_perimeters_leaves_no_gap(status: int, code: str) -> None:
    unknown = Fault(kind=FaultKind.STATUS, status=status, code=code, route=PERIMETERS)
    found, _ = scanned(DEMO, unknown)
    assert not found.gaps["asked"].eq(PERIMETERS).any()
    read = found.associated_resources["perimeter_status"].dropna()
    assert set(read) == {"missing"}
    assert statuses(found, "mlw-forecast-prod")["RES001"] == {"pass", "not-applicable"}


def test_another_bad_request_is_a_gap() -> None:
    broken = Fault(kind=FaultKind.STATUS, status=400, code="BadRequest", route=PERIMETERS)
    found, _ = scanned(DEMO, broken)
    assert found.gaps["asked"].eq(PERIMETERS).any()


def test_a_cloud_without_the_api_version_of_vaults_leaves_no_gap() -> None:
    offered = {name: versions for name, versions in DEMO.api_versions.items() if "vaults/network" not in name}
    found, _ = scanned(replace(DEMO, api_versions=offered))
    vaults = found.associated_resources[found.associated_resources["role"].eq("vault")]
    assert set(vaults["perimeter_status"].dropna()) == {"missing"}


def page(*associations: object) -> Payload:
    items = [{"id": f"{STORAGE}/x", "properties": each} for each in associations]
    return payload(PERIMETERS, {"value": items}, scope=STORAGE)


def columns(*associations: object) -> dict[str, object]:
    answers = PerimeterAnswers()
    answers.add(page(*associations))
    return answers.columns(STORAGE.upper())


def association(*rules: object, **properties: object) -> dict[str, object]:
    return {
        "provisioningState": "Succeeded",
        "provisioningIssues": [],
        "networkSecurityPerimeter": {"id": "nsp"},
        "resourceAssociation": {"accessMode": "Enforced"},
        "profile": {"accessRules": [{"name": "r", "properties": each} for each in rules]},
        **properties,
    }


def test_an_empty_list_is_no_association() -> None:
    assert columns() == {
        "perimeter_status": "read",
        "perimeter_access_mode": "",
        "perimeter_id": "",
        "perimeter_prefixes": "",
        "perimeter_subscriptions": "",
        "perimeter_issues": "",
    }


@pytest.mark.parametrize(
    ("rules", "prefixes", "subscriptions"),
    [
        ([], "", ""),
        ([{"direction": "Inbound", "addressPrefixes": ["1.2.3.0/24", "::/0"]}], "1.2.3.0/24, ::/0", ""),
        ([{"direction": "Inbound", "subscriptions": [{"id": "/subscriptions/a"}]}], "", "/subscriptions/a"),
        ([{"direction": "Outbound", "fullyQualifiedDomainNames": ["*"]}], "", ""),
        ([{"direction": "inbound", "addressPrefixes": None}], "", ""),
        ([{"addressPrefixes": ["0.0.0.0/0"]}], None, None),
        ([{"direction": "Inbound", "addressPrefixes": [7]}], None, ""),
        ([{"direction": "Inbound", "addressPrefixes": "0.0.0.0/0"}], None, ""),
        ([{"direction": "Inbound", "subscriptions": [{}]}], "", None),
        ([{"direction": "Inbound", "serviceTags": ["Internet"]}], None, ""),
        ([{"direction": "Inbound", "serviceTags": [], "addressPrefixes": ["1.2.3.4/32"]}], "1.2.3.4/32", ""),
    ],
)
def test_the_rules_as_the_wire_has_them(
    rules: list[object], prefixes: str | None, subscriptions: str | None
) -> None:
    found = columns(association(*rules))
    assert (found["perimeter_prefixes"], found["perimeter_subscriptions"]) == (prefixes, subscriptions)


@pytest.mark.parametrize("profile", [None, {}, {"accessRules": "none"}, []])
def test_rules_that_cannot_be_read_are_not_no_rules(profile: object) -> None:
    found = columns(association(profile=profile))
    expected = "" if profile == {} else None
    assert found["perimeter_prefixes"] == found["perimeter_subscriptions"] == expected


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["profile", "accessRules", "properties", "direction", "provisioningIssues", "accessMode"]
                ),
                inner,
            )
        ),
        max_leaves=12,
    )
)
def test_odd_bodies_are_never_read_as_closed(body: object) -> None:
    found = columns(body)
    assert found["perimeter_status"] == "read"
    assert found["perimeter_access_mode"] != ""


ISSUE = {"name": "i", "properties": {"issueType": "ConfigurationPropagationFailure"}}


@pytest.mark.parametrize(
    ("state", "issues", "found"),
    [
        ("Succeeded", [], ""),
        ("SUCCEEDED", None, ""),
        ("Updating", [], "Updating"),
        ("failed", [ISSUE], "ConfigurationPropagationFailure, failed"),
        ("Unheard", [], None),
        (None, [], None),
        ("Unheard", [ISSUE], "ConfigurationPropagationFailure"),
        ("Succeeded", "none", None),
    ],
)
def test_an_undocumented_provisioning_state_is_not_known(
    state: object, issues: object, found: str | None
) -> None:
    read = columns(association(provisioningState=state, provisioningIssues=issues))
    assert read["perimeter_issues"] == found

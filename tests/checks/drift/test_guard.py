"""What `--fail-on-regression` guards: openings behind a failure, consequences, and policies of other names."""

from __future__ import annotations

from itertools import pairwise

import pytest

from checks.drift.comparison import drift
from checks.drift.model import Drift, Snapshot
from checks.drift.openings import admits_more
from scanner.questions.diff import exit_of
from tests.support.drift_snapshots import (
    APPROVED,
    INTERNET,
    OTHER,
    Row,
    changes,
    finding,
    host,
    id_of,
    policy,
    snapshot,
    subscription,
    tag,
    workspace,
)
from tests.support.tables.dependencies import dependency, of_dependency

WAIVED = {"waiver": "Borne (jane, until 2026-12-31)", "verdict": "waived"}
RULE = "/outboundRules/rule"


def audit(
    findings: list[Row], rules: list[Row], *, mode: str = APPROVED, name: str = "OLD", **values: object
) -> Snapshot:
    return snapshot(
        name,
        workspaces=[workspace(mode=mode, rules=len(rules))],
        outbound_rules=rules,
        findings=findings,
        policies=[policy("OBR005, OBR006, MVN002, NET001, NET002", **values)],
    )


def failing(check_id: str, resource: str = RULE, **values: str) -> Row:
    return finding("fail", check_id, resource=resource, **values)


def guarded(old: Snapshot, new: Snapshot) -> tuple[Drift, int]:
    found = drift(old, new)
    return found, exit_of(found)[0]


@pytest.mark.parametrize(
    ("before", "after", "check_id"),
    [
        ([tag("Storage.WestEurope")], [tag("Internet")], "OBR005"),
        ([host("*.blob.core.windows.net")], [host("*.windows.net")], "OBR006"),
        ([tag("Storage", port_ranges="443")], [tag("Storage", port_ranges="1-65535")], "OBR005"),
        ([tag("Storage"), tag("Sql", "no", action="Deny")], [tag("Storage")], "OBR005"),
    ],
)
def test_what_opened_further_is_a_regression_although_it_failed_before(
    before: list[Row], after: list[Row], check_id: str
) -> None:
    sides = [audit([failing(check_id)], rules) for rules in (before, after)]
    found, code = guarded(*sides)
    assert (changes(found.findings), code) == (["opened further"], 1)
    assert guarded(*reversed(sides))[1] == 0, "what closed is no regression"
    assert guarded(sides[0], sides[0])[1] == 0


def test_a_hub_that_is_switched_to_internet_is_one_although_its_mode_failed_before() -> None:
    old = audit([failing("MVN002", "")], [])
    new = audit([failing("MVN002", "")], [], mode=INTERNET)
    assert guarded(old, new)[1] == 1


def test_an_opening_that_somebody_waived_is_none() -> None:
    old = audit([failing("OBR005", **WAIVED)], [tag("Storage")])
    new = audit([failing("OBR005", **WAIVED)], [tag("Internet")])
    assert guarded(old, new)[1] == 0


def test_a_waived_opening_is_not_laid_on_another_rule() -> None:
    other = failing("OBR001", "/outboundRules/other")
    old = audit([failing("OBR005", **WAIVED), other], [tag("Storage")])
    new = audit([failing("OBR005", **WAIVED), other], [tag("Internet")])
    assert guarded(old, new)[1] == 0


def consequence() -> Row:
    return finding("fail", "NET002", verdict="consequence", caused_by=f"NET001 {id_of()}")


def test_a_consequence_is_counted_with_its_cause() -> None:
    old = audit([finding("pass"), finding("pass", "NET002")], [])
    new = audit([finding("fail"), consequence()], [])
    found, code = guarded(old, new)
    assert (found.regressions, code) == (1, 1)


def test_a_consequence_whose_cause_failed_before_is_a_regression_of_its_own() -> None:
    old = audit([finding("fail"), finding("pass", "NET002")], [])
    new = audit([finding("fail"), consequence()], [])
    found, code = guarded(old, new)
    assert (found.regressions, code) == (1, 1)


def test_policies_that_demand_the_same_are_compared_whatever_their_names_are() -> None:
    old = audit([finding("pass", policy="monday")], [], policy="monday")
    new = audit([finding("fail", policy="friday")], [], name="NEW", policy="friday")
    found, code = guarded(old, new)
    assert (changes(found.findings), code) == (["regressed"], 1)
    assert set(found.findings["policy"]) == {"friday"}
    assert "monday of OLD is compared with friday of NEW: their settings are equal." in found.notes


def test_names_that_were_exchanged_are_followed() -> None:
    one, two = policy("NET001", policy="a", digest="1"), policy("NET001", policy="b", digest="2")
    old = snapshot(
        workspaces=[workspace()],
        findings=[finding("pass", policy="a"), finding("fail", policy="b")],
        policies=[one, two],
    )
    new = snapshot(
        workspaces=[workspace()],
        findings=[finding("fail", policy="a"), finding("pass", policy="b")],
        policies=[{**one, "digest": "2"}, {**two, "digest": "1"}],
    )
    assert changes(drift(old, new).findings) == []


def test_policies_of_one_name_with_other_settings_are_compared_with_a_note() -> None:
    old = audit([finding("pass")], [], digest="1")
    new = audit([finding("fail")], [], digest="2")
    found, code = guarded(old, new)
    assert code == 1
    assert any("has other settings" in note for note in found.notes)


def test_a_policy_that_loses_its_name_keeps_its_findings_apart() -> None:
    old = snapshot(
        workspaces=[workspace()],
        findings=[finding("pass", policy="a"), finding("fail", policy="b")],
        policies=[policy("NET001", policy="a", digest="1"), policy("NET001", policy="b", digest="3")],
    )
    new = audit([finding("pass", policy="b")], [], policy="b", digest="1")
    found, code = guarded(old, new)
    assert (changes(found.findings), code) == (["not comparable"], 0)
    assert set(found.findings["policy"]) == {"b of OLD"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            audit([finding("pass", policy="a")], [], policy="a", digest="1"),
            audit([finding("pass", policy="b")], [], policy="b", digest="2"),
        ),
        (snapshot(workspaces=[]), snapshot(workspaces=[])),
        (
            audit([finding("pass")], []),
            snapshot(
                workspaces=[workspace(of=OTHER)],
                findings=[finding("fail", subscription_id=OTHER)],
                subscriptions=[subscription(OTHER)],
            ),
        ),
    ],
)
def test_nothing_that_could_be_compared_is_no_success(old: Snapshot, new: Snapshot) -> None:
    code, meaning = exit_of(drift(old, new))
    assert code == 3
    assert "nothing could be compared" in meaning


def test_one_prefix_and_all_its_parts_are_the_same_opening() -> None:
    parts = [tag("Storage", name=f"r{n}", address_prefixes=f"203.0.{n}.0/24") for n in range(4)]
    sides = [
        audit([failing("OBR005", "")], rules)
        for rules in (parts, [tag("Storage", address_prefixes="203.0.0.0/22")])
    ]
    assert guarded(*sides)[1] == guarded(*reversed(sides))[1] == 0
    more = audit([failing("OBR005", "")], [tag("Storage", address_prefixes="203.0.0.0/21")])
    assert guarded(sides[0], more)[1] == 1


def test_an_opening_in_many_steps_is_a_regression_in_each() -> None:
    steps = ["203.0.113.0/24", "203.0.0.0/16", "0.0.0.0/0"]
    audits = [audit([failing("OBR005")], [tag("Storage", address_prefixes=each)]) for each in steps]
    assert [guarded(*pair)[1] for pair in pairwise(audits)] == [1, 1]


STORE = "publicNetworkAccess Enabled, defaultAction "


@pytest.mark.parametrize(
    ("check_id", "old", "new", "opens"),
    [
        ("NET003", "20.0.0.0/16", "20.0.0.0/15", True),
        ("NET003", "20.0.0.0/15", "20.0.0.0/16", False),
        ("NET003", "20.0.0.0/15", "20.1.0.0/16, 20.0.0.0/16", False),
        ("NET003", "20.0.0.0/15, office", "office, 20.0.0.0/15, branch", False),
        ("NET003", "20.0.0.0/15", "20.0.0.0/15, 2603:1000::/24", True),
        ("RES001", f"{STORE}Deny, ipRules 20.0.0.0/8", f"{STORE}Allow", True),
        ("RES002", f"{STORE}Allow", f"{STORE}none, which allows", False),
        ("RES003", f"{STORE}Deny, ipRules 20.0.0.0/8", f"{STORE}Deny, ipRules 20.0.0.0/8, 4.4.4.0/24", True),
        ("RES003", f"{STORE}Allow", f"{STORE}Deny, ipRules 20.0.0.0/8", False),
        (
            "RES014",
            "prefixes 0.0.0.0/0, subscriptions none",
            "prefixes 0.0.0.0/0, subscriptions /subscriptions/a",
            True,
        ),
        ("NET001", "Enabled", "enabled", False),
    ],
)
def test_a_firewall_that_admits_more_is_a_regression_although_it_failed_before(
    check_id: str, old: str, new: str, *, opens: bool
) -> None:
    sides = [audit([finding("fail", check_id, observed=observed)], []) for observed in (old, new)]
    found, code = guarded(*sides)
    assert (changes(found.findings), code) == ((["opened further"], 1) if opens else (["changed"], 0))
    waived = audit([finding("fail", check_id, observed=new, waiver="Borne", verdict="waived")], [])
    assert guarded(sides[0], waived)[1] == 0


def test_what_the_check_of_a_storage_account_observes_shows_that_it_opened_further() -> None:
    closed = {**dependency("storage"), "public_network_access": "Enabled", "virtual_network_rules": 0}
    rules = [("Deny", "20.0.0.0/8"), ("Allow", "")]
    judged = [of_dependency("RES001", {**closed, "default_action": a, "ip_rules": r}) for a, r in rules]
    assert [finding["status"] for finding in judged] == ["fail", "fail"]
    narrow, wide = (str(finding["observed"]) for finding in judged)
    assert admits_more(narrow, wide)
    assert not admits_more(wide, narrow)

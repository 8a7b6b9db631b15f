"""Waivers: which violations they waive, for how long, and the notes on waivers without effect."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from checks.contract.tables import Tables
from checks.policy.judge import judged
from checks.policy.model import UnknownCounts, Waiver
from checks.policy.selectors import workspace_facts
from checks.policy.waivers import Waived, waived
from tests.support.tables.checks import asked, rule, workspace, workspace_id

DAY = date(2027, 1, 31)
WORKSPACES = [
    workspace("a", public_network_access="Enabled"),
    workspace("b", public_network_access="Enabled"),
]
FOUND = asked("NET001", WORKSPACES)
FACTS = workspace_facts(Tables.of(workspaces=WORKSPACES))


def waiver(**values: Any) -> Waiver:
    defaults = {"check": "NET001", "resource": "*", "reason": "Moving", "approver": "jane", "expires": DAY}
    return Waiver.model_validate({**defaults, **values})


def outcome(
    *waivers: Waiver,
    as_of: date = DAY,
    unknown: UnknownCounts = UnknownCounts.INCOMPLETE,
    workspaces: list[dict[str, object]] | None = None,
) -> Waived:
    found = FOUND if workspaces is None else asked("NET001", workspaces)
    listed = [(f"mine.yaml: waivers[{number}]", each) for number, each in enumerate(waivers)]
    return waived(judged(found, "mine", unknown=unknown), listed, FACTS, as_of)


def verdicts(result: Waived) -> list[str]:
    return list(result.findings["verdict"])


def test_a_waived_finding_keeps_its_status_and_names_its_waiver() -> None:
    one = outcome(waiver(resource="*/workspaces/A", ticket="SEC-1"))
    assert verdicts(one) == ["waived", "violated"]
    assert list(one.findings["status"]) == ["fail", "fail"]
    assert list(one.findings["waiver"]) == ["Moving (jane, until 2027-01-31, SEC-1)", ""]
    assert (one.expired, one.orphans) == ((), ())


def test_a_waiver_counts_on_the_day_it_expires_and_not_on_the_next() -> None:
    assert verdicts(outcome(waiver(), as_of=DAY)) == ["waived", "waived"]
    late = outcome(waiver(), as_of=DAY + timedelta(days=1))
    assert verdicts(late) == ["violated", "violated"]
    assert late.orphans == ()
    (text,) = late.expired
    assert "mine.yaml: waivers[0] of NET001" in text
    assert "until 2027-01-31" in text
    assert text.endswith("violations that it no longer covers: 2")


def test_a_family_waives_all_its_checks_and_no_other() -> None:
    assert verdicts(outcome(waiver(check="NET"))) == ["waived", "waived"]
    assert verdicts(outcome(waiver(check="PEP"))) == ["violated", "violated"]


def test_a_selector_and_a_glob_must_both_match() -> None:
    assert verdicts(outcome(waiver(resource=None, where={"workspace": "b"}))) == ["violated", "waived"]
    assert verdicts(outcome(waiver(resource="*/a", where={"workspace": "b"}))) == ["violated", "violated"]


def test_a_glob_is_on_the_resource_the_finding_is_about() -> None:
    rules = [
        {**rule(name), "type": "FQDN", "fqdn": "*", "status": "Active"} for name in ("legacy-1", "other")
    ]
    ws = [workspace(managed_network_reported=True, isolation_mode="AllowOnlyApprovedOutbound")]
    found = judged(asked("OBR006", ws, rules=rules), "mine")
    bearing = waiver(check="OBR006", resource="*/OUTBOUNDRULES/legacy-*")
    result = waived(found, [("", bearing)], workspace_facts(Tables.of(workspaces=ws)), DAY)
    by_name = dict(zip(result.findings["resource_id"].str.rpartition("/")[2], verdicts(result), strict=True))
    assert by_name == {"legacy-1": "waived", "other": "violated"}


def test_one_that_matches_nothing_is_an_orphan_and_so_is_one_with_nothing_to_bear() -> None:
    (text,) = outcome(waiver(resource="*/elsewhere")).orphans
    assert text.endswith("it matches no finding")
    closed = [workspace("a", public_network_access="Disabled")]
    (text,) = outcome(waiver(), workspaces=closed).orphans
    assert text.endswith("it matches findings, but none is violated: 1")
    assert verdicts(outcome(waiver(), workspaces=closed)) == ["compliant"]
    assert len(outcome(waiver(), workspaces=[]).orphans) == 1


def test_one_whose_finding_is_undetermined_is_no_orphan_and_waives_nothing() -> None:
    open_question = [workspace("a")]
    result = outcome(waiver(), workspaces=open_question)
    assert verdicts(result) == ["undetermined"]
    assert result.orphans == ()


def test_where_unknown_is_a_violation_it_can_be_waived() -> None:
    result = outcome(waiver(), workspaces=[workspace("a")], unknown=UnknownCounts.VIOLATION)
    assert verdicts(result) == ["waived"]
    assert list(result.findings["status"]) == ["unknown"]


def test_of_several_the_one_that_lasts_longest_is_named_and_an_expired_one_is_still_listed() -> None:
    longer = waiver(reason="Longer", expires=date(2028, 1, 1))
    result = outcome(waiver(), longer, waiver(reason="Old", expires=date(2020, 1, 1)))
    assert set(result.findings["waiver"]) == {"Longer (jane, until 2028-01-01)"}
    (text,) = result.expired
    assert text.endswith("it matches no violation")


WAIVERS = st.lists(
    st.builds(
        waiver,
        check=st.sampled_from(["NET001", "NET", "PEP"]),
        resource=st.sampled_from(["*", "*/a", "*/b", "*/c"]),
        reason=st.sampled_from(["x", "y"]),
        expires=st.sampled_from([DAY - timedelta(days=1), DAY, DAY + timedelta(days=1)]),
    ),
    max_size=5,
)


@settings(max_examples=60, deadline=None)
@given(WAIVERS, st.randoms(use_true_random=False))
def test_their_order_is_irrelevant(waivers: list[Waiver], chance: random.Random) -> None:
    shuffled = chance.sample(waivers, len(waivers))
    first, second = outcome(*waivers), outcome(*shuffled)
    pd.testing.assert_frame_equal(first.findings, second.findings)

    def words(notes: tuple[str, ...]) -> list[str]:
        return sorted(each.partition(" of ")[2] for each in notes)

    assert words(first.expired) == words(second.expired)
    assert words(first.orphans) == words(second.orphans)


@settings(max_examples=60, deadline=None)
@given(WAIVERS)
def test_no_finding_is_lost_or_changed_but_in_its_verdict(waivers: list[Waiver]) -> None:
    bare, result = outcome(), outcome(*waivers)
    kept = [name for name in bare.findings.columns if name not in ("verdict", "waiver")]
    pd.testing.assert_frame_equal(bare.findings[kept], result.findings[kept])
    assert (result.findings["verdict"].eq("waived") == result.findings["waiver"].ne("")).all()


@pytest.mark.parametrize("field", ["check", "reason", "approver", "expires"])
def test_what_a_waiver_must_say(field: str) -> None:
    fields = waiver().model_dump(exclude_none=True)
    del fields[field]
    with pytest.raises(ValidationError, match=field):
        Waiver.model_validate(fields)
    with pytest.raises(ValidationError, match=field):
        Waiver.model_validate({**fields, field: "  "})


@pytest.mark.parametrize("expires", [20270131, "soon", "2027-02-30", "31.01.2027", True, "2027-01-31T00:00"])
def test_an_expiry_is_a_day(expires: object) -> None:
    with pytest.raises(ValidationError, match="expires"):
        waiver(expires=expires)


def test_a_waiver_must_say_for_what() -> None:
    with pytest.raises(ValidationError, match=r"`resource`.*`where`"):
        waiver(resource=None)


def test_an_id_with_brackets_is_matched_literally_when_escaped() -> None:
    assert verdicts(outcome(waiver(resource=workspace_id("[a]")))) == ["waived", "violated"]
    assert verdicts(outcome(waiver(resource=workspace_id("[[]a]")))) == ["violated", "violated"]

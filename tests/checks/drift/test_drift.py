"""What differs between two audits: laws, and each class on tables of a row or two."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.drift.comparison import drift
from checks.drift.findings import FINDING_CHANGES, FINDING_COLUMNS, finding_changes
from checks.drift.model import Snapshot
from checks.drift.rules import rule_changes
from checks.drift.workspaces import workspace_changes
from reports.drift.view import headline
from scanner.questions.diff import exit_of
from tests.support.drift_snapshots import (
    OTHER,
    Row,
    changes,
    finding,
    host,
    id_of,
    policy,
    snapshot,
    subscription,
    workspace,
)

HERE = (workspace(),)
WAIVED = {"waiver": "Borne (jane, until 2026-12-31)", "verdict": "waived"}


def classes(old: list[Row], new: list[Row]) -> list[str]:
    return changes(finding_changes(holding(old, "OLD"), holding(new, "NEW")))


def holding(findings: list[Row], name: str = "OLD") -> Snapshot:
    return snapshot(name, workspaces=HERE, findings=findings)


@pytest.mark.parametrize(
    ("old", "new", "change", "back"),
    [
        ("pass", "fail", "regressed", "fixed"),
        ("not-applicable", "fail", "regressed", "fixed"),
        ("pass", "unknown", "newly unknown", "settled"),
        ("fail", "unknown", "newly unknown", "revealed"),
        ("fail", "error", "newly unknown", "revealed"),
        ("pass", "not-applicable", "changed", "changed"),
        ("unknown", "error", "changed", "changed"),
        ("fail", "fail", "unchanged", "unchanged"),
    ],
)
def test_a_finding_of_both_sides_is_classed_by_what_it_was_and_is(
    old: str, new: str, change: str, back: str
) -> None:
    assert classes([finding(old)], [finding(new)]) == [change]
    assert classes([finding(new)], [finding(old)]) == [back]


def test_something_else_seen_of_what_still_fails_is_a_change_and_not_a_regression() -> None:
    found = finding_changes(
        holding([finding("fail", observed="one")]), holding([finding("fail", observed="two")])
    )
    assert changes(found) == ["changed"]
    assert not found["is_regression"].any()


def test_a_status_that_turned_over_the_same_facts_points_to_the_policy() -> None:
    found = finding_changes(
        holding([finding("pass", observed="Enabled")]), holding([finding("fail", observed="Enabled")])
    )
    assert found.loc[0, "why"] == "The observed value is the same. The policy or the check changed."


def test_waivers_that_came_and_went_are_listed_and_only_the_latter_regress() -> None:
    waived, bare = finding("fail", **WAIVED), finding("fail")
    assert classes([bare], [waived]) == ["newly waived"]
    back = finding_changes(holding([waived]), holding([bare]))
    assert changes(back) == ["waiver gone"]
    assert back["is_regression"].all()


def test_a_waived_regression_is_classed_as_regressed_and_fails_nothing() -> None:
    found = finding_changes(holding([finding("pass")]), holding([finding("fail", **WAIVED)]))
    assert changes(found) == ["regressed"]
    assert not found["is_regression"].any()


def test_only_what_fails_its_policy_is_a_regression() -> None:
    old = holding([finding("pass")])
    low = snapshot(
        "NEW", workspaces=HERE, findings=[finding("fail", severity="low")], policies=[policy(fail_on="high")]
    )
    assert not finding_changes(old, low)["is_regression"].any()
    high = snapshot("NEW", workspaces=HERE, findings=[finding("fail")], policies=[policy(fail_on="high")])
    assert finding_changes(old, high)["is_regression"].all()


def test_a_finding_of_a_new_resource_is_new_and_of_one_that_went_is_gone() -> None:
    below = finding("fail", "OBR001", resource="/outboundRules/one")
    assert classes([], [below]) == ["new"]
    assert classes([below], []) == ["gone"]


def test_a_check_only_one_side_asked_is_not_comparable() -> None:
    old = snapshot("OLD", workspaces=HERE, policies=[policy("NET001")], findings=[finding()])
    new = snapshot(
        "NEW",
        workspaces=HERE,
        policies=[policy("NET001, NET002")],
        findings=[finding(), finding("fail", "NET002")],
    )
    found = drift(old, new)
    assert changes(found.findings) == ["not comparable"]
    assert found.regressions == 0
    assert found.notes == ("Under baseline only NEW asks NET002. These findings are not comparable.",)
    assert changes(drift(new, old).findings) == ["not comparable"]


def test_another_policy_is_not_comparable() -> None:
    new = snapshot(
        "NEW",
        workspaces=HERE,
        policies=[policy(policy="strict", digest="another")],
        findings=[finding("fail", policy="strict")],
    )
    found = drift(holding([finding("fail")]), new)
    assert changes(found.findings) == ["not comparable", "not comparable"]
    assert len(found.notes) == 2


def test_a_check_switched_off_for_a_workspace_is_not_fixed_there() -> None:
    other = finding("pass", of="other")
    old, new = ([finding("fail"), other], [other])
    sides = (snapshot(workspaces=[workspace(), workspace("other")], findings=rows) for rows in (old, new))
    assert Counter(changes(finding_changes(*sides))) == {"not comparable": 1, "unchanged": 1}


def test_rows_that_were_not_read_make_their_findings_unknown_and_never_fixed() -> None:
    rules = [finding("fail", "OBR001", resource=f"/outboundRules/{name}") for name in ("one", "two")]
    mark = [finding("unknown", "OBR001")]
    assert classes(rules, mark) == ["newly unknown"] * 3
    assert sorted(classes(mark, rules)) == ["revealed", "revealed", "settled"]


def test_a_workspace_in_a_subscription_that_was_not_read_is_never_gone() -> None:
    old = snapshot("OLD", workspaces=HERE, findings=[finding("fail")])
    unread = [subscription(read=False, note="AuthorizationFailed")]
    new = snapshot("NEW", subscriptions=unread)
    found = drift(old, new)
    assert changes(found.workspaces) == ["not read now"]
    assert found.workspaces.loc[0, "why"] == "NEW did not read all of its subscription. AuthorizationFailed"
    assert changes(found.findings) == ["newly unknown"]
    assert found.newly_unknown == 2
    assert found.notes == ("NEW did not read sub 11. Nothing there counts as gone or fixed.",)
    back = drift(new, old)
    assert (changes(back.workspaces), changes(back.findings)) == (["read again"], ["revealed"])


def test_a_subscription_that_is_missing_now_is_not_read() -> None:
    old = snapshot("OLD", workspaces=HERE, findings=[finding()])
    new = snapshot("NEW", subscriptions=[subscription(OTHER)])
    found = drift(old, new)
    assert changes(found.workspaces) == ["not read now"]
    assert found.workspaces["why"].str.contains("not asked for, deleted or not visible").all()
    assert found.notes[0] == "OLD and NEW have no subscription in common."


def test_a_workspace_appears_and_goes_where_its_subscription_was_read() -> None:
    empty, one = snapshot("OLD"), snapshot("NEW", workspaces=HERE)
    assert changes(drift(empty, one).workspaces) == ["appeared"]
    assert changes(drift(one, empty).workspaces) == ["gone"]


def test_a_workspaces_own_value_is_shown_only_if_the_effective_one_stays() -> None:
    old = workspace("p", public_network_access="Disabled", effective_public_network_access="Disabled")
    own = {**old, "public_network_access": "Enabled"}
    both = {**own, "effective_public_network_access": "Enabled"}
    columns = [
        list(drift(snapshot(workspaces=[old]), snapshot(workspaces=[new])).workspaces["column"])
        for new in (own, both)
    ]
    assert columns == [["public_network_access"], ["effective_public_network_access"]]


def test_columns_that_change_by_themselves_are_no_drift() -> None:
    old, new = (
        snapshot(workspaces=[workspace(api_version=version)]) for version in ("2025-09-01", "2025-12-01")
    )
    assert drift(old, new).is_empty


def test_notes_name_what_cannot_be_compared() -> None:
    new = snapshot(
        "NEW",
        policies=[policy(digest="e", tool_version="0.2.0", fail_on="high", is_azure=False)],
        gaps=[{"gap_id": "g", "asked": "workspaces", "scope": "s"}],
    )
    assert drift(snapshot("OLD"), new).notes == (
        "Only one of the two is of Azure: Azure; Azure.",
        "baseline has other settings in NEW. A change may come from the policy.",
        "baseline fails on low in OLD, on high in NEW. The latter counts.",
        "OLD is of azml-audit 0.1.0, NEW of 0.2.0. Checks may differ.",
        "NEW has 1 gap that the other does not have. See its gaps.csv.",
    )
    (back,) = drift(snapshot("OLD", policies=[policy(started_at="2027")]), snapshot("NEW")).notes
    assert back == "OLD was read after NEW. The changes go back in time."


def test_notes_name_the_files_that_an_old_report_lacks() -> None:
    ancient = snapshot("OLD", workspaces=HERE, findings=[finding()], policies=None, waivers=None)
    found = drift(
        ancient, snapshot("NEW", workspaces=HERE, findings=[finding("fail"), finding("fail", "NET002")])
    )
    assert Counter(changes(found.findings)) == {"regressed": 1, "not comparable": 1}
    assert [note.partition(" does not ")[2][:4] for note in found.notes] == ["name", "list"]


WAIVER = {
    "policy": "baseline",
    "check": "NET001",
    "resource": "*",
    "reason": "Accepted.",
    "approver": "jane",
    "expires": "2026-06-30",
    "state": "in force",
    "violations": 1,
}


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ([], [WAIVER], "added"),
        ([WAIVER], [], "gone"),
        ([WAIVER], [{**WAIVER, "state": "expired"}], "expired"),
        ([{**WAIVER, "state": "expired"}], [{**WAIVER, "expires": "2027-06-30"}], "renewed"),
        ([WAIVER], [{**WAIVER, "approver": "joe"}], "changed"),
    ],
)
def test_a_changed_waiver_has_its_class(old: list[Row], new: list[Row], change: str) -> None:
    found = drift(snapshot(waivers=old), snapshot(waivers=new)).waivers
    assert changes(found) == [change]


def test_a_renewed_waiver_names_the_old_day_and_the_new() -> None:
    renewed = {**WAIVER, "expires": "2027-06-30"}
    assert drift(snapshot(waivers=[WAIVER]), snapshot(waivers=[renewed])).waivers.loc[0, "details"] == (
        "expires: 2026-06-30 → 2027-06-30"
    )


def test_categories_and_other_columns_are_as_good_as_texts() -> None:
    old, new = holding([finding("pass")]), holding([finding("fail")])
    coded = new.findings.assign(evidence="payload").astype({"status": "category", "policy": "category"})
    categorical = Snapshot(**{**vars(snapshot("NEW", workspaces=HERE)), "findings": coded})
    pd.testing.assert_frame_equal(finding_changes(old, new), finding_changes(old, categorical))


STATUSES = st.sampled_from(["pass", "fail", "unknown", "not-applicable", "error"])
CHECKS = st.sampled_from(["NET001", "OBR001"])


@st.composite
def sides(draw: st.DrawFn) -> Snapshot:
    """One side of up to two subscriptions and three workspaces, of which anything may be missing."""
    subscriptions = draw(st.lists(st.sampled_from([id_of()[15:51], OTHER]), unique=True, max_size=2))
    names = draw(st.lists(st.sampled_from(["a", "b", "c"]), unique=True))
    known = draw(st.lists(st.booleans(), min_size=3, max_size=3))
    rules = [host("a.example.com", "one")] if draw(st.booleans()) else []
    return snapshot(
        subscriptions=[subscription(id, read=draw(st.booleans())) for id in subscriptions],
        workspaces=[
            workspace(name, rules=1 if whole else None) for name, whole in zip(names, known, strict=False)
        ],
        outbound_rules=[
            {**rule, "workspace_id": id_of(name), "rule_id": f"{id_of(name)}/outboundRules/one"}
            for name in names
            for rule in rules
        ],
        findings=draw(st.lists(findings_of(names), max_size=4)) if names else [],
        policies=draw(st.sampled_from([[policy()], [policy("NET001")], None])),
    )


def findings_of(names: list[str]) -> st.SearchStrategy[Row]:
    resource = st.sampled_from(["", "/outboundRules/one", "/outboundRules/two"])
    return st.builds(finding, STATUSES, CHECKS, st.sampled_from(names), resource)


SWAPPED = {
    "regressed": {"fixed"},
    "fixed": {"regressed"},
    "new": {"gone"},
    "gone": {"new"},
    "newly unknown": {"revealed", "settled"},
    "revealed": {"newly unknown"},
    "settled": {"newly unknown"},
}
MIRRORED = {
    "appeared": "gone",
    "gone": "appeared",
    "not read now": "read again",
    "read again": "not read now",
}
TURNED = {"added": "removed", "removed": "added", "not read now": "read again", "read again": "not read now"}


@settings(max_examples=25, deadline=None)
@given(sides(), sides())
def test_every_finding_is_in_one_class_and_the_classes_swap_with_the_sides(
    old: Snapshot, new: Snapshot
) -> None:
    there, back = finding_changes(old, new), finding_changes(new, old)
    assert list(there.columns) == list(FINDING_COLUMNS)
    assert set(there["change"]) <= set(FINDING_CHANGES)
    assert int(there["old_status"].ne("").sum()) == len(old.findings)
    assert int(there["new_status"].ne("").sum()) == len(new.findings)
    pairs = there.merge(
        back,
        left_on=[*_KEY, "old_status", "new_status"],
        right_on=[*_KEY, "new_status", "old_status"],
    )
    assert len(pairs) >= len(there)
    assert all(
        turned in SWAPPED.get(change, {change})
        for change, turned in zip(pairs["change_x"], pairs["change_y"], strict=True)
    )


_KEY = ["policy", "check_id", "resource_id"]


@settings(max_examples=12, deadline=None)
@given(sides(), sides())
def test_workspaces_and_rules_swap_with_the_sides(old: Snapshot, new: Snapshot) -> None:
    for frames, words in ((workspace_changes, MIRRORED), (rule_changes, TURNED)):
        there, back = Counter(changes(frames(old, new))), Counter(changes(frames(new, old)))
        assert Counter({words.get(change, change): count for change, count in there.items()}) == back


@settings(max_examples=8, deadline=None)
@given(sides())
def test_nothing_differs_from_itself(side: Snapshot) -> None:
    found = drift(side, side)
    assert [note for note in found.notes if "does not" not in note] == []
    assert all(
        frame.empty for frame in (found.workspaces, found.findings, found.rules, found.reach, found.waivers)
    )
    assert sum(found.finding_counts.values()) == len(side.findings)


GAP = {"gap_id": "g", "scope": "/subscriptions", "asked": "subscriptions", "code": "DeadlinePassed"}


def test_a_comparison_with_an_audit_that_read_nothing_counts_no_violation() -> None:
    full = snapshot(workspaces=[workspace()], findings=[finding("fail")])
    emptied = snapshot("EMPTIED", subscriptions=[], gaps=[GAP])
    for old, new in ((emptied, full), (full, emptied)):
        found = drift(old, new)
        assert found.regressions == 0
        assert found.why_nothing_was_compared == "EMPTIED could not read any workspace"
        assert exit_of(found)[0] == 3
        assert headline(found) == "Nothing was compared: EMPTIED could not read any workspace."
    read = snapshot(workspaces=[workspace()], findings=[finding("pass")])
    assert drift(read, full).regressions == 1

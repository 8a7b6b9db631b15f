"""Findings of two audits, paired by policy, check, workspace and resource, each pair in exactly one class."""

from __future__ import annotations

import numpy as np
import pandas as pd

from checks.drift.absence import absence_of, checks_over_workspaces
from checks.drift.model import Snapshot
from checks.drift.opened import opened_further
from checks.drift.pairs import STANDINGS, TOLD, Pairs, Texts, selected
from checks.severity import Severity, Verdict

FINDING_CHANGES = (
    "regressed",
    "opened further",
    "new",
    "revealed",
    "waiver gone",
    "newly unknown",
    "not comparable",
    "newly waived",
    "fixed",
    "gone",
    "settled",
    "changed",
    "unchanged",
)
"""The classes, in the order of importance. See `docs/drift.md`."""

FINDING_COLUMNS = (
    "change",
    "policy",
    "check_id",
    "title",
    "severity",
    "old_status",
    "new_status",
    "old_verdict",
    "new_verdict",
    "old_waiver",
    "new_waiver",
    "resource_id",
    "workspace_id",
    "workspace",
    "subscription_id",
    "subscription",
    "old_observed",
    "new_observed",
    "reason",
    "why",
    "is_regression",
)

MAY_REGRESS = frozenset({"regressed", "opened further", "new", "revealed", "waiver gone", "newly unknown"})
"""The classes whose violations the old audit does not have."""


_FURTHER = "It failed before, and more can leave the workspace now: see the rows about reach."


def finding_changes(old: Snapshot, new: Snapshot, *, reach: pd.DataFrame | None = None) -> pd.DataFrame:
    """Every finding of both sides, a pair in one row, with `FINDING_COLUMNS`; sorted by class and severity.

    A finding that one side lacks is new or gone only where that side asked the check and would have shown
    the resource; where it could not have, the resource counts there as not known.
    """
    pairs = Pairs(old, new)
    return _told(pairs, *_classed(pairs, reach), new)


def changed_findings(
    old: Snapshot, new: Snapshot, reach: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, dict[str, int]]:
    """The rows of `finding_changes` but those unchanged, and how many each class has, in its order."""
    pairs = Pairs(old, new)
    change, why = _classed(pairs, reach)
    words, numbers = np.unique(change.astype(str), return_counts=True)
    found = dict(zip(words.tolist(), numbers.tolist(), strict=True))
    changed = np.flatnonzero(change != "unchanged")
    counts = {name: found.get(name, 0) for name in FINDING_CHANGES}
    return _told(pairs.only(changed), change[changed], why[changed], new), counts


def _classed(pairs: Pairs, reach: pd.DataFrame | None) -> tuple[Texts, Texts]:
    """Return the class of every pair, and why if that does not follow from the statuses."""
    standings = {side: _standings(pairs.told(side, "status")) for side in ("old", "new")}
    change = _of_pairs(pairs, standings["old"], standings["new"])
    why = _same_facts(pairs, change)
    if reach is not None:
        further = opened_further(pairs, change, reach)
        change[further] = "opened further"
        why[further] = _FURTHER
    over_workspaces = checks_over_workspaces(*pairs.sides.values())
    for side, lacking in (("new", "old"), ("old", "new")):
        rows = np.flatnonzero(pairs.places[lacking] < 0)
        if len(rows):
            alone = pairs.sides[side].iloc[pairs.places[side][rows]]
            absence = absence_of(alone, pairs.snapshots[lacking], pairs.sides[lacking], over_workspaces)
            change[rows] = _of_one(absence, standings[side][rows], side)
            explained = _explained(pairs.snapshots[lacking].name)
            why[rows] = [explained.get(word, "") for word in absence]
    return change, why


def _standings(statuses: Texts) -> Texts:
    """What each status is worth; None where there is none."""
    return pd.Series(statuses, dtype=object).map(STANDINGS).to_numpy(dtype=object)


def _of_pairs(pairs: Pairs, old: Texts, new: Texts) -> Texts:
    """The class of each row both sides have; what it says of other rows is to be replaced."""
    same = old == new
    borne_old, borne_new = (pairs.told(side, "waiver") != "" for side in ("old", "new"))
    compared = ("status", "severity", "observed", "verdict")
    differs = np.logical_or.reduce([pairs.told("old", name) != pairs.told("new", name) for name in compared])
    rules = (
        ((old == "good") & (new == "bad"), "regressed"),
        ((old == "bad") & (new == "good"), "fixed"),
        ((old == "open") & (new == "bad"), "revealed"),
        ((old == "open") & (new == "good"), "settled"),
        ((new == "open") & ~same, "newly unknown"),
        (same & borne_old & ~borne_new, "waiver gone"),
        (same & ~borne_old & borne_new, "newly waived"),
        (same & differs, "changed"),
    )
    return selected(rules, "unchanged")


def _same_facts(pairs: Pairs, change: Texts) -> Texts:
    turned = (change == "regressed") | (change == "fixed")
    same = pairs.told("old", "observed") == pairs.told("new", "observed")
    told = "The same was observed: what is demanded, or the check, changed."
    return np.where(turned & same, told, "").astype(object)


def _of_one(absence: Texts, standing: Texts, side: str) -> Texts:
    """The class of each row only one side has: the new audit's where `side` is new, else the old one's."""
    is_new = side == "new"
    lost = {"bad": "newly unknown", "good": "newly unknown", "open": "unchanged"}
    found = {"bad": "revealed", "good": "settled", "open": "unchanged"}
    unread = pd.Series(standing, dtype=object).map(found if is_new else lost).to_numpy(dtype=object)
    words = {
        "unasked": "not comparable",
        "read": "newly unknown" if is_new else "settled",
        "absent": "new" if is_new else "gone",
    }
    classes = pd.Series(absence, dtype=object).map(words).to_numpy(dtype=object)
    return np.where(absence == "unread", unread, classes)


def _explained(name: str) -> dict[str, str]:
    return {
        "unasked": f"{name} did not ask this check of this resource under this policy.",
        "unread": f"{name} could not read this resource.",
        "read": f"{name} had read all rows of this kind.",
    }


def _told(pairs: Pairs, change: Texts, why: Texts, new: Snapshot) -> pd.DataFrame:
    apart = ("status", "verdict", "waiver", "observed")
    columns = {name: pairs.either(name) for name in ("policy", "check_id", *TOLD) if name not in apart}
    columns |= {f"{side}_{name}": pairs.told(side, name) for name in apart for side in ("old", "new")}
    columns |= {"change": change, "why": why}
    frame = pd.DataFrame({name: pd.array(values, dtype="string") for name, values in columns.items()})
    frame["is_regression"] = _regressions(frame, new)
    ranks = pd.DataFrame(
        {
            "calm": ~frame["is_regression"],
            "class": frame["change"].map({name: rank for rank, name in enumerate(FINDING_CHANGES)}),
            "severity": frame["severity"].map({word.value: word.rank for word in Severity}).fillna(9),
            "workspace": pairs.either("workspace_key"),
            "check": columns["check_id"],
            "resource": pairs.either("resource_key"),
            "policy": columns["policy"],
            "nth": pairs.either("nth"),
        }
    )
    order = ranks.sort_values(list(ranks.columns), kind="stable").index
    return frame.loc[order, list(FINDING_COLUMNS)].reset_index(drop=True)


def _regressions(frame: pd.DataFrame, new: Snapshot) -> pd.Series[bool]:
    """Return for each row whether it is a violation that fails its policy and that the old audit does not have.

    A finding that follows from another one counts only if its cause is no such violation.
    """
    ranks = {word.value: word.rank for word in Severity}
    least = Severity.LOW.rank
    limits = {policy: ranks.get(word, least) for policy, word in new.of_policies("fail_on").items()}
    limit = frame["policy"].map(lambda policy: limits.get(policy, least)).astype("int64")
    reaches = frame["severity"].map(lambda word: ranks.get(word, 0)).astype("int64") <= limit
    worse = reaches & frame["change"].isin(MAY_REGRESS)
    violated = worse & frame["new_verdict"].eq(Verdict.VIOLATED.value)
    follows = worse & frame["new_verdict"].eq(Verdict.CONSEQUENCE.value) & frame["new_status"].eq("fail")
    own = frame["policy"] + " " + (frame["check_id"] + " " + frame["resource_id"]).str.lower()
    causes = frame["policy"] + " " + frame["caused_by"].str.lower()
    return (violated | (follows & ~causes.isin(own[violated | follows]))).astype(bool)

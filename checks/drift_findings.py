"""Findings of two audits, paired by policy, check, workspace and resource, each pair in exactly one class."""

from __future__ import annotations

import numpy as np
import pandas as pd

from checks.drift_model import Snapshot, texts
from checks.model import Status
from checks.severity import Severity
from checks.verdicts import Verdict

FINDING_CHANGES = (
    "regressed",
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

MAY_REGRESS = frozenset({"regressed", "new", "revealed", "waiver gone", "newly unknown"})
"""The classes whose violations the old audit does not have."""

_PAIRED_BY = ["policy", "check_id", "workspace_key", "resource_key", "nth"]
_ASKED_BY = ["policy", "check_id"]
_TOLD = (
    "title", "severity", "status", "verdict", "waiver", "resource_id", "workspace_id", "workspace",
    "subscription_id", "subscription", "observed", "reason",
)  # fmt: skip
_STANDING = {
    Status.PASS.value: "good",
    Status.NOT_APPLICABLE.value: "good",
    Status.FAIL.value: "bad",
    Status.UNKNOWN.value: "open",
    Status.ERROR.value: "open",
}


def finding_changes(old: Snapshot, new: Snapshot) -> pd.DataFrame:
    """Every finding of both sides, a pair in one row, with `FINDING_COLUMNS`; sorted by class and severity.

    A finding that one side lacks is new or gone only where that side asked the check and would have shown
    the resource; where it could not have, the resource counts there as not known.
    """
    before, after = _keyed(old), _keyed(new)
    pairs = _paired(before, after)
    standings = {side: pairs[f"status_{side}"].map(_STANDING).astype(object) for side in ("old", "new")}
    change = _of_pairs(pairs, standings["old"], standings["new"])
    why = pd.Series(_same_facts(pairs, change), index=pairs.index, dtype=object)
    over_workspaces = _checks_over_workspaces(before, after)
    for side, lacking, merged in (("new", old, "right_only"), ("old", new, "left_only")):
        alone = pairs[pairs["_merge"].eq(merged)]
        if alone.empty:
            continue
        absence = _absence(alone, side, lacking, before if side == "new" else after, over_workspaces)
        change.loc[alone.index] = _of_one(absence, standings[side].loc[alone.index], side)
        why.loc[alone.index] = absence.map(_explained(lacking.name)).fillna("")
    return _told(pairs, change, why, new)


def counts(changes: pd.DataFrame) -> dict[str, int]:
    """How many rows each class has, in the order of `FINDING_CHANGES`."""
    found = changes["change"].value_counts()
    return {name: int(found.get(name, 0)) for name in FINDING_CHANGES}


def _keyed(snapshot: Snapshot) -> pd.DataFrame:
    """The findings as texts with their keys; `nth` tells findings apart that share the rest."""
    found = snapshot.findings
    frame = pd.DataFrame({name: texts(found[name]) for name in ("policy", "check_id", *_TOLD)})
    frame["workspace_key"] = frame["workspace_id"].str.lower()
    frame["resource_key"] = frame["resource_id"].str.lower()
    shared = frame.duplicated(_PAIRED_BY[:-1], keep=False)
    frame["nth"] = 0
    if shared.any():
        ordered = frame[shared].sort_values([*_PAIRED_BY[:-1], "status", "observed", "reason"])
        frame.loc[ordered.index, "nth"] = ordered.groupby(_PAIRED_BY[:-1]).cumcount()
    return frame


def _paired(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """The two outer-joined: the keys once, all else as `NAME_old` and `NAME_new`, and `_merge`."""
    codes = _codes(_PAIRED_BY, before, after)
    sides = [
        frame.assign(pair=code).drop(columns=_PAIRED_BY)
        for frame, code in zip((before, after), codes, strict=True)
    ]
    joined = sides[0].merge(sides[1], on="pair", how="outer", suffixes=("_old", "_new"), indicator=True)
    keys = pd.concat(
        [frame[_PAIRED_BY].assign(pair=code) for frame, code in zip((before, after), codes, strict=True)]
    )
    keys = keys.drop_duplicates("pair").set_index("pair")
    named = keys.loc[joined["pair"]].set_axis(joined.index)
    return joined.drop(columns="pair").assign(**{name: named[name] for name in _PAIRED_BY})


def _codes(names: list[str], *frames: pd.DataFrame) -> list[np.ndarray]:
    """Per frame and row a number, the same wherever the values of `names` are the same."""
    together = pd.concat([frame[names] for frame in frames], ignore_index=True)
    numbers = np.zeros(len(together), dtype="int64")
    for name in names:
        places = pd.factorize(together[name])[0]
        numbers = pd.factorize(numbers * (int(places.max(initial=0)) + 1) + places)[0]
    return np.split(numbers, np.cumsum([len(frame) for frame in frames])[:-1])


def _of_pairs(pairs: pd.DataFrame, old: pd.Series, new: pd.Series) -> pd.Series:
    """The class of each row both sides have; what it says of other rows is to be replaced."""
    same = old.eq(new)
    borne_old, borne_new = texts(pairs["waiver_old"]).ne(""), texts(pairs["waiver_new"]).ne("")
    differs = np.logical_or.reduce(
        [
            texts(pairs[f"{name}_old"]).ne(texts(pairs[f"{name}_new"]))
            for name in ("status", "severity", "observed", "verdict")
        ]
    )
    rules = (
        (old.eq("good") & new.eq("bad"), "regressed"),
        (old.eq("bad") & new.eq("good"), "fixed"),
        (old.eq("open") & new.eq("bad"), "revealed"),
        (old.eq("open") & new.eq("good"), "settled"),
        (new.eq("open") & ~same, "newly unknown"),
        (same & borne_old & ~borne_new, "waiver gone"),
        (same & ~borne_old & borne_new, "newly waived"),
        (same & differs, "changed"),
    )
    conditions = [rule.to_numpy(dtype=bool) for rule, _ in rules]
    return pd.Series(np.select(conditions, [word for _, word in rules], "unchanged"), index=pairs.index)


def _same_facts(pairs: pd.DataFrame, change: pd.Series) -> np.ndarray:
    turned = change.isin(["regressed", "fixed"]).to_numpy(dtype=bool)
    same = texts(pairs["observed_old"]).eq(texts(pairs["observed_new"])).to_numpy(dtype=bool)
    return np.where(turned & same, "The same was observed: what is demanded, or the check, changed.", "")


def _checks_over_workspaces(*sides: pd.DataFrame) -> frozenset[str]:
    """Checks that answered for a workspace itself; an unknown answer of any other is for unread rows."""
    own = [
        side[side["resource_key"].eq(side["workspace_key"]) & side["status"].isin(_CERTAIN)] for side in sides
    ]
    return frozenset(check for frame in own for check in frame["check_id"].unique())


_CERTAIN = [status for status, standing in _STANDING.items() if standing != "open"]


def _absence(
    alone: pd.DataFrame, side: str, lacking: Snapshot, others: pd.DataFrame, over_workspaces: frozenset[str]
) -> pd.Series:
    """Why the snapshot `lacking`, with the findings `others`, has no counterpart of each row of `side`.

    unasked, unread (it could not have known), read (the row says that rows were not read which it had
    read), or absent.
    """
    workspace = alone["workspace_key"]
    different = {key: lacking.would_show(key) for key in workspace.unique()}
    shown = workspace.isin(lacking.workspaces_by_key.index)
    hidden = ~shown & ~workspace.map(different).astype(bool)
    own = alone["resource_key"].eq(workspace) & alone[f"status_{side}"].map(_STANDING).eq("open")
    is_mark = own & workspace.ne("") & ~alone["check_id"].isin(over_workspaces)
    rules: tuple[tuple[pd.Series, str], ...] = (
        (~_within(alone, _ASKED_BY, _asked(lacking, others)), "unasked"),
        (hidden, "unread"),
        (~shown & workspace.ne(""), "absent"),
        (_within(alone, [*_ASKED_BY, "workspace_key"], _marks(others, over_workspaces)), "unread"),
        (is_mark, "read"),
        (_within(alone, ["workspace_key", "resource_key"], _resources(lacking, others)), "unasked"),
    )
    conditions = [rule.to_numpy(dtype=bool) for rule, _ in rules]
    return pd.Series(np.select(conditions, [word for _, word in rules], "absent"), index=alone.index)


def _asked(snapshot: Snapshot, findings: pd.DataFrame) -> pd.DataFrame:
    """The policies and checks it asked: those it lists, and those that answered."""
    listed = [
        (policy, check.strip())
        for policy, checks in snapshot.of_policies("checks").items()
        for check in checks.split(",")
    ]
    named = pd.DataFrame(listed, columns=_ASKED_BY, dtype="string")
    return pd.concat([named, findings[_ASKED_BY]])


def _marks(findings: pd.DataFrame, over_workspaces: frozenset[str]) -> pd.DataFrame:
    """Policy, check and workspace whose rows were not read."""
    own = findings["resource_key"].eq(findings["workspace_key"]) & findings["workspace_key"].ne("")
    unread = own & ~findings["status"].isin(_CERTAIN) & ~findings["check_id"].isin(over_workspaces)
    return findings.loc[unread, [*_ASKED_BY, "workspace_key"]]


def _resources(snapshot: Snapshot, findings: pd.DataFrame) -> pd.DataFrame:
    """Every workspace and resource it tells of."""
    names = ["workspace_key", "resource_key"]
    workspaces = snapshot.workspaces_by_key.index.astype("string")
    rules = snapshot.rules_by_key
    parts = (
        findings[names],
        pd.DataFrame({"workspace_key": workspaces, "resource_key": workspaces}),
        pd.DataFrame({"workspace_key": rules["workspace_key"], "resource_key": rules.index.astype("string")}),
    )
    return pd.concat(parts)


def _within(rows: pd.DataFrame, names: list[str], known: pd.DataFrame) -> pd.Series:
    """Per row whether its values of `names` are together a row of `known`."""
    asked, listed = _codes(names, rows, known)
    return pd.Series(np.isin(asked, listed), index=rows.index)


def _of_one(absence: pd.Series, standing: pd.Series, side: str) -> np.ndarray:
    """The class of each row only one side has: the new audit's where `side` is new, else the old one's."""
    is_new = side == "new"
    was_open = (
        {"bad": "revealed", "good": "settled"} if is_new else dict.fromkeys(("bad", "good"), "newly unknown")
    )
    unread = standing.map(was_open).fillna("unchanged")
    words = {
        "unasked": "not comparable",
        "read": "newly unknown" if is_new else "settled",
        "absent": "new" if is_new else "gone",
    }
    return absence.map(words).mask(absence.eq("unread"), unread).to_numpy(dtype=object)


def _explained(name: str) -> dict[str, str]:
    return {
        "unasked": f"{name} did not ask this check of this resource under this policy.",
        "unread": f"{name} could not read this resource.",
        "read": f"{name} had read all rows of this kind.",
    }


def _told(pairs: pd.DataFrame, change: pd.Series, why: pd.Series, new: Snapshot) -> pd.DataFrame:
    made = {
        name: texts(pairs[f"{name}_new"].fillna(pairs[f"{name}_old"]))
        for name in _TOLD
        if name not in {"status", "verdict", "waiver", "observed"}
    }
    made |= {
        f"{side}_{name}": texts(pairs[f"{name}_{side}"])
        for name in ("status", "verdict", "waiver", "observed")
        for side in ("old", "new")
    }
    frame = pd.DataFrame(
        {**made, "policy": pairs["policy"], "check_id": pairs["check_id"]}, index=pairs.index
    ).assign(change=change.astype("string"), why=why.astype("string"))
    frame["is_regression"] = _regressions(frame, new)
    ranks = pd.DataFrame(
        {
            "calm": ~frame["is_regression"],
            "class": frame["change"].map({name: rank for rank, name in enumerate(FINDING_CHANGES)}),
            "severity": frame["severity"].map({word.value: word.rank for word in Severity}).fillna(9),
            "workspace": frame["workspace_id"].str.lower(),
            "check": frame["check_id"],
            "resource": frame["resource_id"].str.lower(),
            "policy": frame["policy"],
            "nth": pairs["nth"],
        }
    )
    order = ranks.sort_values(list(ranks.columns), kind="stable").index
    return frame.loc[order, list(FINDING_COLUMNS)].reset_index(drop=True)


def _regressions(frame: pd.DataFrame, new: Snapshot) -> pd.Series:
    """Per row whether it is a violation that fails its policy and that the old audit does not have."""
    ranks = {word.value: word.rank for word in Severity}
    thresholds = {
        policy: ranks.get(word, Severity.LOW.rank) for policy, word in new.of_policies("fail_on").items()
    }
    limit = frame["policy"].map(thresholds).astype("Float64").fillna(float(Severity.LOW.rank))
    reaches = frame["severity"].map(ranks).astype("Float64").fillna(0.0).le(limit)
    violated = frame["new_verdict"].eq(Verdict.VIOLATED.value)
    return (violated & reaches & frame["change"].isin(MAY_REGRESS)).astype(bool)

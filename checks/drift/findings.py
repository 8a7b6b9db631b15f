"""Classify the paired findings of two audits. Each pair is in exactly one class."""

from __future__ import annotations

from collections.abc import Iterable

from checks.drift.model import Snapshot
from checks.drift.openings import admits_more
from checks.drift.pairs import (
    FINDING_FIELDS,
    OUTCOMES,
    Pairs,
    Texts,
    absence_of,
    checks_over_workspaces,
    selected,
)
from checks.frames import np, pd
from checks.severity import Severity, Verdict
from checks.vocabulary import Mask

FINDING_CHANGES = (
    "regressed", "opened further", "new", "revealed", "waiver gone", "newly unknown", "not comparable",
    "newly waived", "fixed", "gone", "settled", "changed", "unchanged",
)  # fmt: skip
"""The classes, the most important first. `docs/drift.md` explains them."""

FINDING_COLUMNS = (
    "change", "policy", "check_id", "title", "severity", "old_status", "new_status", "old_verdict", "new_verdict",
    "old_waiver", "new_waiver", "resource_id", "workspace_id", "workspace", "subscription_id", "subscription",
    "old_observed", "new_observed", "reason", "why", "is_regression",
)  # fmt: skip

MAY_REGRESS = frozenset({"regressed", "opened further", "new", "revealed", "waiver gone", "newly unknown"})
"""The classes of violations that the old audit does not have."""


_OUTBOUND = ("OBR", "MVN", "NET006")
"""The beginnings of the ids of checks that judge what can leave a workspace."""

_FURTHER = "It failed before, and more can leave the workspace now: see the rows about reach."


_INBOUND = frozenset({"NET003", "RES001", "RES002", "RES003", "RES014"})
"""The checks whose observed values name the addresses and subscriptions that may come in."""

_ADMITS_MORE = "It failed before, and it admits more now: compare the observed values."


def finding_changes(old: Snapshot, new: Snapshot, *, reach: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return every finding of both sides, a pair in one row, with `FINDING_COLUMNS`, by class and severity.

    A finding of one side is new or gone only if the other side asked the check and would have shown the resource.
    Otherwise the resource is not known on the other side.
    """
    pairs = Pairs(old, new)
    return _frame(pairs, *_classed(pairs, reach), new)


def changed_findings(
    old: Snapshot, new: Snapshot, reach: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the rows of `finding_changes` that are not unchanged, and the size of each class in order."""
    pairs = Pairs(old, new)
    change, why = _classed(pairs, reach)
    words, numbers = np.unique(change.astype(str), return_counts=True)
    found = dict(zip(words.tolist(), numbers.tolist(), strict=True))
    changed = np.flatnonzero(change != "unchanged")
    counts = {name: found.get(name, 0) for name in FINDING_CHANGES}
    return _frame(pairs.only(changed), change[changed], why[changed], new), counts


def _classed(pairs: Pairs, reach: pd.DataFrame | None) -> tuple[Texts, Texts]:
    """Return the class of every pair, and the reason if the statuses do not show it."""
    outcomes = {side: _outcomes(pairs.column(side, "status")) for side in ("old", "new")}
    change = _of_pairs(pairs, outcomes["old"], outcomes["new"])
    why = _same_facts(pairs, change)
    if reach is not None:
        further = _opened_further(pairs, change, reach)
        change[further] = "opened further"
        why[further] = _FURTHER
    admits = _admits_more(pairs, change)
    change[admits] = "opened further"
    why[admits] = _ADMITS_MORE
    over_workspaces = checks_over_workspaces(*pairs.sides.values())
    for side, lacking in (("new", "old"), ("old", "new")):
        rows = np.flatnonzero(pairs.places[lacking] < 0)
        if len(rows):
            alone = pairs.sides[side].iloc[pairs.places[side][rows]]
            absence = absence_of(alone, pairs.snapshots[lacking], pairs.sides[lacking], over_workspaces)
            change[rows] = _of_one(absence, outcomes[side][rows], side)
            explained = _explained(pairs.snapshots[lacking].name)
            why[rows] = [explained.get(word, "") for word in absence]
    return change, why


def _opened_further(pairs: Pairs, change: Texts, reach: pd.DataFrame) -> Mask:
    """Return for each pair whether it fails on both sides without a waiver, and more can leave the workspace now.

    Each opening marks the findings of its rule; if none fails, those of the workspace itself; if none of these
    fails either, those of its other rules. A waiver accepts the opening of what it covers. `reach` comes from
    `checks.drift.reach.reach_changes`.
    """
    marked = np.zeros(len(change), dtype=bool)
    openings = reach[reach["is_regression"]]
    if openings.empty:
        return marked
    statuses = (pairs.column("old", "status"), pairs.column("new", "status"))
    fails = (statuses[0] == "fail") & (statuses[1] == "fail")
    judges_outbound = np.array(
        [str(id).startswith(_OUTBOUND) for id in pairs.column("new", "check_id")], dtype=bool
    )
    rows = np.flatnonzero(fails & judges_outbound)
    workspaces, resources = pairs.column("new", "workspace_key"), pairs.column("new", "resource_key")
    for workspace, rule in _places(openings):
        own = rows[workspaces[rows] == workspace]
        for resource in (f"{workspace}/outboundrules/{rule}", workspace):
            found = own[resources[own] == resource]
            if len(found):
                break
        marked[found if len(found) else own] = True
    marked[pairs.column("new", "waiver") != ""] = False
    return marked


def _admits_more(pairs: Pairs, change: Texts) -> Mask:
    """Return for each pair whether it fails on both sides without a waiver, and more may come in now."""
    marked = np.zeros(len(change), dtype=bool)
    statuses = pairs.column("old", "status"), pairs.column("new", "status")
    fails = (statuses[0] == "fail") & (statuses[1] == "fail") & (pairs.column("new", "waiver") == "")
    judged = np.isin(pairs.column("new", "check_id").astype(str), list(_INBOUND))
    observed = pairs.column("old", "observed"), pairs.column("new", "observed")
    for row in np.flatnonzero(judged & fails & (observed[0] != observed[1])):
        marked[row] = admits_more(observed[0][row], observed[1][row])
    return marked


def _places(openings: pd.DataFrame) -> Iterable[tuple[str, str]]:
    """Return the lower-cased workspace id and rule name of each opening; the name is "" for a mode."""
    return sorted(set(zip(openings["workspace_id"].str.lower(), openings["rule"].str.lower(), strict=True)))


def _outcomes(statuses: Texts) -> Texts:
    """Return the outcome of each status, NaN for none."""
    return pd.Series(statuses, dtype=object).map(OUTCOMES).to_numpy(dtype=object)


def _of_pairs(pairs: Pairs, old: Texts, new: Texts) -> Texts:
    """Return the class of each row that both sides have. The caller replaces the class of other rows."""
    same = old == new
    waived_old, waived_new = (pairs.column(side, "waiver") != "" for side in ("old", "new"))
    compared = ("status", "severity", "observed", "verdict")
    differs = np.logical_or.reduce(
        [pairs.column("old", name) != pairs.column("new", name) for name in compared]
    )
    rules = (
        ((old == "good") & (new == "bad"), "regressed"),
        ((old == "bad") & (new == "good"), "fixed"),
        ((old == "open") & (new == "bad"), "revealed"),
        ((old == "open") & (new == "good"), "settled"),
        ((new == "open") & ~same, "newly unknown"),
        (same & waived_old & ~waived_new, "waiver gone"),
        (same & ~waived_old & waived_new, "newly waived"),
        (same & differs, "changed"),
    )
    return selected(rules, "unchanged")


def _same_facts(pairs: Pairs, change: Texts) -> Texts:
    turned = (change == "regressed") | (change == "fixed")
    same = pairs.column("old", "observed") == pairs.column("new", "observed")
    text = "The observed value is the same. The policy or the check changed."
    return np.where(turned & same, text, "").astype(object)


def _of_one(absence: Texts, outcome: Texts, side: str) -> Texts:
    """Return the class of each row that only `side` has, old or new."""
    is_new = side == "new"
    lost = {"bad": "newly unknown", "good": "newly unknown", "open": "unchanged"}
    found = {"bad": "revealed", "good": "settled", "open": "unchanged"}
    unread = pd.Series(outcome, dtype=object).map(found if is_new else lost).to_numpy(dtype=object)
    words = {
        "unasked": "not comparable",
        "read": "newly unknown" if is_new else "settled",
        "absent": "new" if is_new else "gone",
    }
    classes = pd.Series(absence, dtype=object).map(words).to_numpy(dtype=object)
    return np.where(absence == "unread", unread, classes)


def _explained(name: str) -> dict[str, str]:
    return {
        "unasked": f"{name} did not run this check on this resource under this policy, or its scope leaves it out.",
        "unread": f"{name} could not read this resource.",
        "read": f"{name} read all rows of this kind.",
    }


def _frame(pairs: Pairs, change: Texts, why: Texts, new: Snapshot) -> pd.DataFrame:
    apart = ("status", "verdict", "waiver", "observed")
    shared = [name for name in ("policy", "check_id", *FINDING_FIELDS) if name not in apart]
    columns = {name: pairs.latest(name) for name in shared}
    columns |= {f"{side}_{name}": pairs.column(side, name) for name in apart for side in ("old", "new")}
    columns |= {"change": change, "why": why}
    frame = pd.DataFrame({name: pd.array(values, dtype="string") for name, values in columns.items()})
    frame["is_regression"] = _regressions(frame, new) & (not pairs.snapshots["old"].read_nothing)
    ranks = pd.DataFrame(
        {
            "calm": ~frame["is_regression"],
            "class": frame["change"].map({name: rank for rank, name in enumerate(FINDING_CHANGES)}),
            "severity": frame["severity"].map({word.value: word.rank for word in Severity}).fillna(9),
            "workspace": pairs.latest("workspace_key"),
            "check": columns["check_id"],
            "resource": pairs.latest("resource_key"),
            "policy": columns["policy"],
            "nth": pairs.latest("nth"),
        }
    )
    order = ranks.sort_values(list(ranks.columns), kind="stable").index
    return frame.loc[order, list(FINDING_COLUMNS)].reset_index(drop=True)


def _regressions(frame: pd.DataFrame, new: Snapshot) -> pd.Series[bool]:
    """Return for each row whether it is a violation that fails its policy and is not in the old audit.

    A finding that follows from another one counts only if its cause does not count.
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

"""Outbound rules that were added, removed, widened, narrowed, led elsewhere or failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from checks.drift.model import Snapshot, frame_of, records
from checks.drift.openings import holds, is_denial, rule_of, said
from checks.network.reachability import OutboundRule

RULE_CHANGES = (
    "not read now",
    "widened",
    "added",
    "target changed",
    "failed",
    "narrowed",
    "removed",
    "recovered",
    "status changed",
    "changed",
    "read again",
)
"""The order of importance. A rule whose destination and whose status changed has a row for each."""

RULE_COLUMNS = (
    "change",
    "workspace_id",
    "workspace",
    "subscription",
    "rule",
    "category",
    "old",
    "new",
    "details",
    "rule_id",
)

_DEFINING = (
    "type", "action", "fqdn", "service_tag", "protocol", "port_ranges", "address_prefixes",
    "service_resource_id", "subresource_target",
)  # fmt: skip
_BESIDE = ("category", "spark_enabled", "error_information", "parent_rules")

Rows = Mapping[str, Mapping[str, str]]
"""Rules as texts, by lower-cased id."""


def rule_changes(old: Snapshot, new: Snapshot) -> pd.DataFrame:
    """The changes of rules in workspaces that both sides have, with `RULE_COLUMNS`.

    A rule missing on the side that did not read all rules of its workspace is neither added nor removed;
    the workspace then has one row without a rule: `not read now` or `read again`.
    """
    here = old.workspaces_by_key.index.intersection(new.workspaces_by_key.index)
    before, after = _rules_in(old, here), _rules_in(new, here)
    whole_before, whole_after = rules_known(old), rules_known(new)
    rows = [*_unread(new, here, whole_before, whole_after)]
    rows += _lone(after, before, whole_before, "added", "new")
    rows += _lone(before, after, whole_after, "removed", "old")
    rows += [row for pair in _different(before, after) for row in _changes_of(*pair)]
    ranked = [
        {
            **_identity(new.workspace_rows[row["key"]]),
            **row,
            "rank": f"{RULE_CHANGES.index(row['change']):02}",
        }
        for row in rows
    ]
    order = ("rank", "subscription", "workspace_id", "rule")
    return frame_of(ranked, (*RULE_COLUMNS, "rank"), order).drop(columns="rank")


def rules_known(snapshot: Snapshot) -> frozenset[str]:
    """The lower-cased ids of the workspaces whose rules were all read: their number is told."""
    counted = snapshot.workspaces_by_key["outbound_rules"]
    return frozenset(counted.index[counted.ne("")])


def compared(old: OutboundRule, new: OutboundRule) -> str:
    """What became of a rule's destination: widened, narrowed, target changed, or changed if undecided.

    "" where it is the same once written alike. What a rule denies counts the other way round.
    """
    if _definition(old) == _definition(new):
        return ""
    if is_denial(old) != is_denial(new):
        return "narrowed" if is_denial(new) else "widened"
    grew, shrank = holds(new, old), holds(old, new)
    if is_denial(new):
        grew, shrank = shrank, grew
    if grew is shrank is None:
        return "changed"
    words = {(True, True): "changed", (True, False): "widened", (False, True): "narrowed"}
    return words.get((grew is True, shrank is True), "target changed")


def _definition(rule: OutboundRule) -> tuple[object, ...]:
    return tuple(getattr(rule, name) for name in _DEFINING)


def _rules_in(snapshot: Snapshot, workspaces: pd.Index) -> pd.DataFrame:
    rules = snapshot.rules_by_key
    return rules[rules["workspace_key"].isin(workspaces)]


def _unread(
    new: Snapshot, here: pd.Index, before: frozenset[str], after: frozenset[str]
) -> Iterable[dict[str, str]]:
    for key in here:
        if (key in before) != (key in after):
            lost = key in before
            told = "Not all its rules were read" + (f" in {new.name}." if lost else " before.")
            yield {"change": "not read now" if lost else "read again", "details": told, "key": str(key)}


def _lone(
    these: pd.DataFrame, others: pd.DataFrame, whole: frozenset[str], change: str, side: str
) -> list[dict[str, str]]:
    alone = these.loc[these.index.difference(others.index)]
    sure = alone[alone["workspace_key"].isin(whole)]
    return [
        {**_named(row), "change": change, side: said(row), "details": _status_said(row)}
        for row in records(sure)
    ]


def _different(before: pd.DataFrame, after: pd.DataFrame) -> Iterable[tuple[dict[str, str], dict[str, str]]]:
    both = before.index.intersection(after.index)
    names = [*_DEFINING, "status", *_BESIDE]
    left, right = before.loc[both], after.loc[both]
    differs = (left[names] != right[names]).any(axis=1)
    return zip(records(left[differs]), records(right[differs]), strict=True)


def _changes_of(old: Mapping[str, str], new: Mapping[str, str]) -> Iterable[dict[str, str]]:
    both = {**_named(new), "old": said(old), "new": said(new)}
    destination = compared(rule_of(old), rule_of(new))
    if destination:
        yield {**both, "change": destination, "details": _listed(old, new, _DEFINING)}
    if old["status"].lower() != new["status"].lower():
        yield {**both, "change": _of_status(old, new), "details": _listed(old, new, ("status", *_ERROR))}
    elif not destination and any(old[name] != new[name] for name in _BESIDE):
        yield {**both, "change": "changed", "details": _listed(old, new, _BESIDE)}


_ERROR = ("error_information",)


def _of_status(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    failed = old["status"].lower() == "failed", new["status"].lower() == "failed"
    return {(False, True): "failed", (True, False): "recovered"}.get(failed, "status changed")


def _listed(old: Mapping[str, str], new: Mapping[str, str], names: Iterable[str]) -> str:
    told = [
        f"{name}: {old[name] or 'not reported'} → {new[name] or 'not reported'}"
        for name in names
        if old[name] != new[name]
    ]
    return "; ".join(told)


def _status_said(row: Mapping[str, str]) -> str:
    active = row["status"].lower() == "active"
    return "" if active else f"status: {row['status'] or 'not reported'}"


def _named(row: Mapping[str, str]) -> dict[str, str]:
    return {name: row[name] for name in ("rule", "rule_id", "category")} | {"key": row["workspace_key"]}


def _identity(row: Mapping[str, str]) -> dict[str, str]:
    return {name: row[name] for name in ("workspace_id", "workspace", "subscription")}

"""Find the outbound rules that were added, removed, widened, narrowed, redirected, or failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from checks.drift.model import Snapshot, change_frame, records, workspace_names
from checks.drift.openings import destination_text, includes, is_denial, rule_of
from checks.frames import pd
from checks.network.outbound_rules import OutboundRule

RULE_CHANGES = (
    "not read now", "widened", "added", "target changed", "failed", "narrowed", "removed", "recovered",
    "status changed", "changed", "read again",
)  # fmt: skip
"""The most important first. A rule has a row for its destination and one for its status if both changed."""

RULE_COLUMNS = (
    "change", "workspace_id", "workspace", "subscription", "rule", "category", "old", "new", "details", "rule_id",
)  # fmt: skip

_DEFINING = (
    "type", "action", "fqdn", "service_tag", "protocol", "port_ranges", "address_prefixes",
    "service_resource_id", "subresource_target",
)  # fmt: skip
_OTHERS = ("category", "spark_enabled", "error_information", "parent_rules")


def rule_changes(old: Snapshot, new: Snapshot) -> pd.DataFrame:
    """Return the changed rules of workspaces that both sides have, with `RULE_COLUMNS`.

    If a side did not read all rules of a workspace, a rule that it lacks is neither added nor removed. The workspace
    then has one row without a rule: `not read now` or `read again`.
    """
    here = old.workspaces_by_key.index.intersection(new.workspaces_by_key.index)
    before, after = _rules_in(old, here), _rules_in(new, here)
    whole_before, whole_after = rules_known(old), rules_known(new)
    rows = [*_not_read(old, new, here)]
    rows += _lone(after, before, whole_before, "added", "new")
    rows += _lone(before, after, whole_after, "removed", "old")
    rows += [row for pair in _different(before, after) for row in _changes_of(*pair)]
    named = ({**workspace_names(new.workspace_rows[row["key"]]), **row} for row in rows)
    return change_frame(named, RULE_COLUMNS, RULE_CHANGES, ("subscription", "workspace_id", "rule"))


def rules_known(snapshot: Snapshot) -> frozenset[str]:
    """Return the lower-cased ids of the workspaces whose rules were all read: the file counts them."""
    counted = snapshot.workspaces_by_key["outbound_rules"]
    return frozenset(counted.index[counted.ne("")])


def compared(old: OutboundRule, new: OutboundRule) -> str:
    """Return the change of a rule's destination: widened, narrowed, target changed, or changed if undecided.

    "" if it is the same but for spelling. A rule that denies more is narrowed.
    """
    if _definition(old) == _definition(new):
        return ""
    if is_denial(old) != is_denial(new):
        return "narrowed" if is_denial(new) else "widened"
    grew, shrank = includes(new, old), includes(old, new)
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


def _not_read(old: Snapshot, new: Snapshot, here: pd.Index) -> Iterable[dict[str, str]]:
    before, after = rules_known(old), rules_known(new)
    for key in here:
        if (key in before) != (key in after):
            change, side = ("not read now", new) if key in before else ("read again", old)
            yield {"change": change, "details": f"{side.name} did not read all its rules.", "key": str(key)}


def _lone(
    these: pd.DataFrame, others: pd.DataFrame, whole: frozenset[str], change: str, side: str
) -> list[dict[str, str]]:
    alone = these.loc[these.index.difference(others.index)]
    sure = alone[alone["workspace_key"].isin(whole)]
    return [
        {**_named(row), "change": change, side: destination_text(row), "details": _status_text(row)}
        for row in records(sure)
    ]


def _different(before: pd.DataFrame, after: pd.DataFrame) -> Iterable[tuple[dict[str, str], dict[str, str]]]:
    both = before.index.intersection(after.index)
    names = [*_DEFINING, "status", *_OTHERS]
    left, right = before.loc[both], after.loc[both]
    differs = (left[names] != right[names]).any(axis=1)
    return zip(records(left[differs]), records(right[differs]), strict=True)


def _changes_of(old: Mapping[str, str], new: Mapping[str, str]) -> Iterable[dict[str, str]]:
    both = {**_named(new), "old": destination_text(old), "new": destination_text(new)}
    destination = compared(rule_of(old), rule_of(new))
    if destination:
        yield {**both, "change": destination, "details": _listed(old, new, _DEFINING)}
    if old["status"].lower() != new["status"].lower():
        yield {
            **both,
            "change": _of_status(old, new),
            "details": _listed(old, new, ("status", "error_information")),
        }
    elif not destination and any(old[name] != new[name] for name in _OTHERS):
        yield {**both, "change": "changed", "details": _listed(old, new, _OTHERS)}


def _of_status(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    failed = old["status"].lower() == "failed", new["status"].lower() == "failed"
    return {(False, True): "failed", (True, False): "recovered"}.get(failed, "status changed")


def _listed(old: Mapping[str, str], new: Mapping[str, str], names: Iterable[str]) -> str:
    return "; ".join(
        f"{name}: {old[name] or 'not reported'} → {new[name] or 'not reported'}"
        for name in names
        if old[name] != new[name]
    )


def _status_text(row: Mapping[str, str]) -> str:
    active = row["status"].lower() == "active"
    return "" if active else f"status: {row['status'] or 'not reported'}"


def _named(row: Mapping[str, str]) -> dict[str, str]:
    return {name: row[name] for name in ("rule", "rule_id", "category")} | {"key": row["workspace_key"]}

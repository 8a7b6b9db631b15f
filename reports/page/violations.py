"""Every violation and every unknown finding with its reason: what print and a browser without script show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

import pandas as pd

from checks.engine.finding_ids import finding_ids
from checks.model import Check
from checks.severity import Severity, Verdict
from reports.audit import Audit
from reports.history import Since
from reports.tables.workspaces import workspace_name

LISTED = (Verdict.VIOLATED, Verdict.UNDETERMINED, Verdict.WAIVED, Verdict.CONSEQUENCE)
IN_DETAIL = 20_000
"""Up to this many findings each is a line with an anchor. Of more, lines list names, and consequences are counted."""

_COUNTED = "Each follows from a finding that is listed above."


@dataclass(frozen=True, kw_only=True)
class Item:
    """One finding: the names of its workspace and of its resource, its id, and since when it is open, if known."""

    name: str
    id: str
    since: str


@dataclass(frozen=True, kw_only=True)
class Reason:
    """A reason, the waiver if there is one, and its findings."""

    text: str
    waiver: str
    items: tuple[Item, ...]
    """Empty if there are too many to list each."""
    names: str
    """All names in a line, if there are too many to list each."""
    count: int


@dataclass(frozen=True, kw_only=True)
class Group:
    """The findings of one check with one verdict and severity under one policy."""

    policy: str
    verdict: str
    severity: str
    check: Check
    reasons: tuple[Reason, ...]

    @property
    def count(self) -> int:
        """The number of findings."""
        return sum(reason.count for reason in self.reasons)


def violations(audit: Audit) -> Iterator[Group]:
    """Yield the groups: violated first, then unknown, then waived, then consequences; the worst first."""
    rows = audit.findings[audit.findings["verdict"].isin(LISTED)]
    in_detail = len(rows) <= IN_DETAIL
    known = audit.history.since if audit.history else {}
    ids = finding_ids(rows) if in_detail or known else pd.Series("", index=rows.index)
    columns = ("policy", "verdict", "severity", "check_id", "reason", "waiver", "workspace_id", "resource_id")
    texts = [rows[name].astype(object).fillna("").tolist() for name in columns]
    places = {verdict.policy: place for place, verdict in enumerate(audit.verdicts)}
    order = {verdict.value: place for place, verdict in enumerate(LISTED)}
    keyed = sorted(
        (
            places.get(policy, -1),
            order[verdict],
            Severity(severity).rank,
            check_id,
            reason if in_detail or verdict != Verdict.CONSEQUENCE else _COUNTED,
            waiver,
            *rest,
        )
        for policy, verdict, severity, check_id, reason, waiver, *rest in zip(
            *texts, ids.tolist(), strict=True
        )
    )
    names = [verdict.policy for verdict in audit.verdicts]
    name = workspace_name(audit.tables.workspaces)
    for (policy, verdict, severity, check_id), found in groupby(keyed, key=lambda row: row[:4]):
        yield Group(
            policy=names[policy],
            verdict=LISTED[verdict].value,
            severity=list(Severity)[severity].value,
            check=audit.checks[check_id],
            reasons=tuple(
                _reason(
                    reason,
                    waiver,
                    [
                        Item(name=_name(row[6], row[7], name), id=row[8], since=since_text(known, row[8]))
                        for row in same
                    ],
                    LISTED[verdict],
                    in_detail=in_detail,
                )
                for (reason, waiver), same in groupby(found, key=lambda row: row[4:6])
            ),
        )


def _reason(text: str, waiver: str, found: list[Item], verdict: Verdict, *, in_detail: bool) -> Reason:
    is_counted = not in_detail and verdict is Verdict.CONSEQUENCE
    return Reason(
        text=text,
        waiver=waiver,
        items=tuple(found) if in_detail else (),
        names="" if in_detail or is_counted else ", ".join(dict.fromkeys(map(_with_since, found))),
        count=len(found),
    )


def since_text(known: Mapping[str, Since], id: str) -> str:
    """Return since when the finding with this id is open, "" if the archive does not have it."""
    return known[id].text if id in known else ""


def _with_since(item: Item) -> str:
    return f"{item.name} ({item.since})" if item.since else item.name


def _name(workspace_id: str, resource_id: str, name: Callable[[str], str]) -> str:
    workspace, resource = name(workspace_id) or "no workspace", resource_id.rpartition("/")[2]
    return workspace if resource_id.lower() == workspace_id.lower() else f"{workspace} / {resource}"

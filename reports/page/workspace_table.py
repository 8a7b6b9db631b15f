"""What the page shows of each workspace without its script: a row, with a tally for each policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from checks.contract.hubs import is_project, with_hub_values
from checks.model import Severity
from reports.audit import Audit
from reports.page.posture import postures
from reports.page.tallies import tallies
from reports.tables import workspaces
from reports.tables.policies import texts_by_id
from reports.tables.pools import Pooled
from reports.tables.records import records

NOT_REPORTED = "not reported"

_SHOWN = (
    "workspace_id", "workspace", "kind", "subscription", "subscription_id", "resource_group", "location",
    "inbound", "inbound_level", "outbound", "outbound_level", "effective_isolation_mode", "outbound_rules",
    "approved_private_endpoints",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How one workspace fares under one policy; `rank` 0 needs attention first, `score` "" is none.

    What is waived is counted in `waived` alone.
    """

    unknown: int
    failures: tuple[tuple[str, int], ...]
    waived: int
    total: int
    rank: int
    score: str


@dataclass(frozen=True, kw_only=True)
class WorkspaceRow:
    """One workspace as the table shows it; counts are "" where not everything was read."""

    id: str
    key: str
    name: str
    kind: str
    subscription: str
    subscription_id: str
    resource_group: str
    location: str
    inbound: str
    inbound_level: str
    outbound: str
    outbound_level: str
    mode: str
    rules: str
    endpoints: str
    tallies: tuple[Tally, ...]


def workspace_frame(audit: Audit, counted: pd.DataFrame) -> pd.DataFrame:
    """The workspaces with the values that count for them, their postures and their own values.

    `counted` comes from `counted_findings`. Sorted by how soon they need attention under
    the first policy. `rank_0`, `rank_1`, … are that order under each policy.
    """
    reported = workspaces.workspaces(audit.tables)
    resolved = with_hub_values(audit.tables).workspaces
    added = [name for name in reported.columns if name not in resolved.columns]
    frame = resolved.join(reported[added])
    projects = is_project(frame)
    frame = frame.join(postures(frame)).assign(
        own_public_network_access=reported["public_network_access"].where(projects),
        own_isolation_mode=reported["isolation_mode"].where(projects),
    )
    ranks = {
        f"rank_{number}": _ranks(frame, _counts_of(counted, frame, verdict.policy))
        for number, verdict in enumerate(audit.verdicts)
    }
    return frame.assign(**ranks).sort_values("rank_0") if ranks else frame.sort_index()


def _ranks(frame: pd.DataFrame, counts: pd.DataFrame) -> pd.Series[int]:
    """The place of each workspace: anything unknown first, then by the worst failures, then by name."""
    keys = counts.assign(certain=counts["unknown"].eq(0), name=frame["workspace"].str.lower().fillna(""))
    keys = keys.assign(key=keys.index)
    severities = [severity.value for severity in Severity]
    order = keys.sort_values(
        ["certain", *severities, "unknown", "waived", "name", "key"],
        ascending=[True, *[False] * 7, True, True],
    ).index
    return pd.Series(range(len(order)), index=order).reindex(frame.index)


def _counts_of(counted: pd.DataFrame, frame: pd.DataFrame, policy: str) -> pd.DataFrame:
    return tallies(counted, policy).reindex(frame.index, fill_value=0)


def workspace_rows(audit: Audit, frame: pd.DataFrame, counted: pd.DataFrame) -> Iterator[WorkspaceRow]:
    """A row for each workspace of `workspace_frame`, in its order."""
    tallied = [
        _tallies(
            _counts_of(counted, frame, verdict.policy).assign(rank=frame[f"rank_{number}"]),
            texts_by_id(verdict, "workspace"),
        )
        for number, verdict in enumerate(audit.verdicts)
    ]
    rows = zip(frame.index, records(frame[list(_SHOWN)]), strict=True)
    return (_workspace_row(key, record, [next(each) for each in tallied]) for key, record in rows)


def _tallies(counts: pd.DataFrame, scores: Mapping[str, str]) -> Iterator[Tally]:
    severities = [severity.value for severity in Severity]
    numbers = (counts[name] for name in ("unknown", "waived", "total", "rank", *severities))
    return (
        Tally(
            unknown=int(unknown),
            failures=tuple(
                (name, int(count)) for name, count in zip(severities, failures, strict=True) if count
            ),
            waived=int(waived),
            total=int(total),
            rank=int(rank),
            score=scores.get(key, ""),
        )
        for key, unknown, waived, total, rank, *failures in zip(counts.index, *numbers, strict=True)
    )


def _workspace_row(key: str, record: Mapping[str, str], tallied: Sequence[Tally]) -> WorkspaceRow:
    return WorkspaceRow(
        id=record["workspace_id"],
        key=key,
        name=record["workspace"] or "(no name)",
        kind=record["kind"],
        subscription=record["subscription"] or record["subscription_id"],
        subscription_id=record["subscription_id"],
        resource_group=record["resource_group"],
        location=record["location"],
        inbound=record["inbound"],
        inbound_level=record["inbound_level"],
        outbound=record["outbound"],
        outbound_level=record["outbound_level"],
        mode=record["effective_isolation_mode"] or NOT_REPORTED,
        rules=record["outbound_rules"],
        endpoints=record["approved_private_endpoints"],
        tallies=tuple(tallied),
    )


def stray_findings(audit: Audit) -> tuple[tuple[str, str, str, str, str, str], ...]:
    """Check, status, resource, reason, policy and waiver of the findings about no workspace that was seen."""
    owners, seen = Pooled.of(audit.findings["workspace_id"]), audit.tables.workspaces.index
    is_stray = ~pd.Index(owners.changed(str.lower).pool[:-1]).isin(seen)
    strays = audit.findings[np.append(is_stray, [True])[owners.places]]
    names = ("check_id", "status", "resource_id", "reason", "policy", "waiver")
    return tuple(sorted(zip(*(strays[name].astype("string").fillna("") for name in names), strict=True)))

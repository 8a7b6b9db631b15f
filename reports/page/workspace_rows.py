"""The page's table of workspaces: one row each, with a tally of findings for each policy.

`html_page` builds the frame once and passes it to `templates/_workspaces.html` and to `details`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from checks.contract.hubs import is_project
from checks.vocabulary import Vocabulary
from reports.audit import Audit
from reports.page.tallies import tallies
from reports.statuses import SEVERITY_ORDER
from reports.tables.policies import scores_by_id
from reports.tables.population import text_rows
from reports.tables.workspaces import workspace_table

NOT_REPORTED = "not reported"

_SHOWN = (
    "workspace_id", "workspace", "kind", "subscription", "subscription_id", "resource_group", "location",
    "inbound", "inbound_level", "outbound", "outbound_level", "effective_isolation_mode", "outbound_rules",
    "approved_private_endpoints",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Tally:
    """The findings of one workspace under one policy, counted.

    `rank` 0 needs attention first; `score` is "" for none. A waived finding counts in `waived` only.
    """

    unknown: int
    failures: tuple[tuple[str, int], ...]
    waived: int
    total: int
    rank: int
    score: str


@dataclass(frozen=True, kw_only=True)
class WorkspaceRow:
    """One workspace as the table shows it."""

    key: str
    """The lower-cased id."""
    cells: Mapping[str, str]
    """The columns `_SHOWN` as texts; "" if a value was not reported, or if not everything was counted."""
    tallies: tuple[Tally, ...]


def workspace_frame(audit: Audit, counted: pd.DataFrame) -> pd.DataFrame:
    """Return the workspaces with effective values, postures, and a Project's own values.

    `counted` comes from `counted_findings`. `rank_0`, `rank_1`, … are the order in which the workspaces
    need attention under each policy; the frame is sorted by the first.
    """
    reported = workspace_table(audit.tables)
    resolved = audit.tables.effective.workspaces
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
    """Return the rank of each workspace: any unknown first, then by the worst failures, then by name."""
    keys = counts.assign(certain=counts["unknown"].eq(0), name=frame["workspace"].str.lower().fillna(""))
    keys = keys.assign(key=keys.index)
    order = keys.sort_values(
        ["certain", *SEVERITY_ORDER, "unknown", "waived", "name", "key"],
        ascending=[True, *[False] * 7, True, True],
    ).index
    return pd.Series(range(len(order)), index=order).reindex(frame.index)


def _counts_of(counted: pd.DataFrame, frame: pd.DataFrame, policy: str) -> pd.DataFrame:
    return tallies(counted, policy).reindex(frame.index, fill_value=0)


def workspace_rows(audit: Audit, frame: pd.DataFrame, counted: pd.DataFrame) -> Iterator[WorkspaceRow]:
    """Return a row for each workspace of `workspace_frame`, in its order."""
    tallied = [
        _tallies(
            _counts_of(counted, frame, verdict.policy).assign(rank=frame[f"rank_{number}"]),
            scores_by_id(verdict, "workspace"),
        )
        for number, verdict in enumerate(audit.verdicts)
    ]
    rows = zip(frame.index, text_rows(frame[list(_SHOWN)]), strict=True)
    return (
        WorkspaceRow(key=key, cells=cells, tallies=tuple(next(each) for each in tallied))
        for key, cells in rows
    )


def _tallies(counts: pd.DataFrame, scores: Mapping[str, str]) -> Iterator[Tally]:
    numbers = (counts[name] for name in ("unknown", "waived", "total", "rank", *SEVERITY_ORDER))
    return (
        Tally(
            unknown=int(unknown),
            failures=tuple(
                (name, int(count)) for name, count in zip(SEVERITY_ORDER, failures, strict=True) if count
            ),
            waived=int(waived),
            total=int(total),
            rank=int(rank),
            score=scores.get(key, ""),
        )
        for key, unknown, waived, total, rank, *failures in zip(counts.index, *numbers, strict=True)
    )


def stray_findings(audit: Audit) -> tuple[tuple[str, str, str, str, str, str], ...]:
    """Return check, status, resource, reason, policy and waiver of findings about no known workspace."""
    owners, seen = Vocabulary.of(audit.findings["workspace_id"]), audit.tables.workspaces.index
    is_stray = ~pd.Index(owners.changed(str.lower).pool[:-1]).isin(seen)
    strays = audit.findings[np.append(is_stray, [True])[owners.codes]]
    names = ("check_id", "status", "resource_id", "reason", "policy", "waiver")
    return tuple(sorted(zip(*(strays[name].astype("string").fillna("") for name in names), strict=True)))


def postures(workspaces: pd.DataFrame) -> pd.DataFrame:
    """Return who can reach each workspace and what it can reach, as a word and a level.

    The columns are `inbound`, `inbound_level`, `outbound` and `outbound_level`. A level is open, limited,
    closed or unknown. `workspaces` has effective values and the counts of `workspace_table`.
    """
    sides = {
        "inbound": _posture(workspaces["public_network_access"], _inbound_rules(workspaces)),
        "outbound": _posture(workspaces["effective_isolation_mode"], _outbound_rules(workspaces)),
    }
    columns = {name: side["word"] for name, side in sides.items()}
    return pd.DataFrame(columns | {f"{name}_level": side["level"] for name, side in sides.items()})


_Rules = tuple[tuple["pd.Series[bool]", str, str], ...]


def _inbound_rules(workspaces: pd.DataFrame) -> _Rules:
    access = workspaces["public_network_access"].str.lower()
    endpoints = workspaces["approved_private_endpoints"]
    denies = workspaces["network_acls_default_action"].str.lower().eq("deny")
    return (
        (access.eq("enabled"), "Public", "open"),
        (access.eq("enabled") & denies, "Selected addresses", "limited"),
        (access.eq("disabled"), "Public access off", "closed"),
        (access.eq("disabled") & endpoints.gt(0), "Private endpoint", "closed"),
        (access.eq("disabled") & endpoints.eq(0), "Off, no endpoint", "closed"),
    )


def _outbound_rules(workspaces: pd.DataFrame) -> _Rules:
    mode = workspaces["effective_isolation_mode"].str.lower()
    return (
        (mode.eq("disabled"), "No managed network", "open"),
        (mode.eq("allowinternetoutbound"), "Internet outbound", "limited"),
        (mode.eq("allowonlyapprovedoutbound"), "Approved only", "closed"),
    )


def _posture(value: pd.Series[str], rules: _Rules) -> pd.DataFrame:
    """Return word and level of the last rule that matches; Azure's own word and unknown if none does."""
    found = pd.DataFrame({"word": value.fillna("Not reported"), "level": "unknown"}).astype("string")
    for mask, word, level in rules:
        found.loc[mask.fillna(value=False).astype(bool)] = [word, level]
    return found

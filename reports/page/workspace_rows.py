"""The workspaces of the page, in the order in which they need attention, with what is reachable of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from checks.contract.hubs import is_project
from checks.vocabulary import Vocabulary
from reports.audit import Audit
from reports.page.networks import Fleet, inbound_postures, outbound_postures
from reports.page.tallies import tallies
from reports.statuses import SETTLED_STATES, SEVERITY_ORDER
from reports.tables.policies import workspace_scores
from reports.tables.population import text_rows
from reports.tables.workspaces import workspace_table

_NOT_JUDGED = " (left out by the scope, not judged)"

_SHOWN = (
    "workspace_id", "workspace", "kind", "subscription", "subscription_id", "resource_group", "location", "inbound",
    "outbound", "effective_isolation_mode", "outbound_rules", "approved_private_endpoints", "provisioning_state",
    "left_out_by",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Tally:
    """The findings of one workspace under one policy, counted; `score` is "" for none."""

    policy: str
    violations: tuple[tuple[str, int], ...]
    unknown: int
    waived: int
    score: str

    @property
    def worst(self) -> str:
        """The worst severity of a violation, else "unknown", else "" """
        return self.violations[0][0] if self.violations else "unknown" if self.unknown else ""


@dataclass(frozen=True, kw_only=True)
class WorkspaceRow:
    """One workspace as the table shows it."""

    key: str
    """The lower-cased id."""
    cells: Mapping[str, str]
    """The columns `_SHOWN` as texts; "" if a value was not reported, or if not everything was counted."""
    tallies: tuple[Tally, ...]

    @property
    def is_in_scope(self) -> bool:
        """Return whether the workspace is judged, and not only read for the Projects of a hub."""
        return not self.cells["left_out_by"]

    @property
    def state(self) -> str:
        """The provisioning state if it is one to point out, such as Failed, else "" """
        state = self.cells["provisioning_state"]
        return "" if state.lower() in SETTLED_STATES else state


def workspace_frame(audit: Audit, counted: pd.DataFrame, fleet: Fleet) -> pd.DataFrame:
    """Return the workspaces with effective values, postures, and a Project's own values; the worst first."""
    reported = workspace_table(audit.tables)
    resolved = audit.tables.effective.workspaces
    added = [name for name in reported.columns if name not in resolved.columns]
    frame = resolved.join(reported[added])
    projects = is_project(frame)
    outbound = outbound_postures(fleet)
    names = frame["workspace"].where(frame["left_out_by"].isna(), frame["workspace"] + _NOT_JUDGED)
    frame = frame.assign(
        workspace=names,
        inbound=inbound_postures(resolved),
        outbound=pd.Series([outbound[key] for key in frame.index], index=frame.index, dtype="string"),
        own_public_network_access=reported["public_network_access"].where(projects),
        own_isolation_mode=reported["isolation_mode"].where(projects),
    )
    return frame.loc[_in_order(audit, counted, frame)]


def _in_order(audit: Audit, counted: pd.DataFrame, frame: pd.DataFrame) -> pd.Index:
    """Return the ids: by violations under the first policy, the most severe first, then unknown, then by name."""
    keys = pd.DataFrame(
        {"name": frame["workspace"].str.lower().fillna(""), "key": frame.index}, index=frame.index
    )
    counts = [*SEVERITY_ORDER, "unknown"]
    if audit.verdicts:
        keys = keys.join(tallies(counted, audit.verdicts[0].policy, frame.index)[counts])
        return keys.sort_values(
            [*counts, "name", "key"], ascending=[*[False] * len(counts), True, True]
        ).index
    return keys.sort_values(["name", "key"]).index


def workspace_rows(audit: Audit, frame: pd.DataFrame, counted: pd.DataFrame) -> Iterator[WorkspaceRow]:
    """Return a row for each workspace of the frame, in its order."""
    tallied = [
        _tallies(verdict.policy, tallies(counted, verdict.policy, frame.index), workspace_scores(verdict))
        for verdict in audit.verdicts
    ]
    rows = zip(frame.index, text_rows(frame[list(_SHOWN)]), strict=True)
    return (
        WorkspaceRow(key=key, cells=cells, tallies=tuple(next(each) for each in tallied))
        for key, cells in rows
    )


def _tallies(policy: str, counts: pd.DataFrame, scores: Mapping[str, str]) -> Iterator[Tally]:
    numbers = (counts[name] for name in ("unknown", "waived", *SEVERITY_ORDER))
    return (
        Tally(
            policy=policy,
            violations=tuple((name, int(n)) for name, n in zip(SEVERITY_ORDER, violated, strict=True) if n),
            unknown=int(unknown),
            waived=int(waived),
            score=scores.get(key, ""),
        )
        for key, unknown, waived, *violated in zip(counts.index, *numbers, strict=True)
    )


def stray_findings(audit: Audit) -> tuple[tuple[str, str, str, str, str, str], ...]:
    """Return check, status, resource, reason, policy and waiver of findings about no known workspace."""
    owners, seen = Vocabulary.of(audit.findings["workspace_id"]), audit.tables.workspaces.index
    is_stray = ~pd.Index(owners.changed(str.lower).pool[:-1]).isin(seen)
    strays = audit.findings[np.append(is_stray, [True])[owners.codes]]
    names = ("check_id", "status", "resource_id", "reason", "policy", "waiver")
    return tuple(sorted(zip(*(strays[name].astype("string").fillna("") for name in names), strict=True)))

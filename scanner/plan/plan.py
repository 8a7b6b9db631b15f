"""The plan of an audit: its fixes by what they remove, and their steps in the order in which they are safe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from checks.contract.tables import Tables
from checks.drift.model import Snapshot, TextRow
from checks.fixes.effects import Reason
from checks.model import Check
from scanner.plan.facts import Facts
from scanner.plan.filling import Values
from scanner.plan.merging import merged
from scanner.plan.recreation import ModeChange, with_mode_changes
from scanner.plan.steps import Step, key_of, steps_of


@dataclass(frozen=True, kw_only=True)
class Fix:
    """The steps of one check's fix."""

    check: Check
    steps: tuple[Step, ...]

    @cached_property
    def findings(self) -> Mapping[tuple[str, str, str], TextRow]:
        """The findings that its steps remove, each once."""
        return {key_of(row): row for step in self.steps for row in step.findings}

    @cached_property
    def workspaces(self) -> frozenset[str]:
        """The lower-cased ids of the workspaces of these findings."""
        return frozenset(row["workspace_id"].lower() for row in self.findings.values() if row["workspace_id"])

    @property
    def reasons(self) -> frozenset[Reason]:
        """Why a step of it is set apart."""
        return frozenset[Reason]().union(*(step.reasons for step in self.steps))

    @property
    def order(self) -> tuple[int, int, bool, bool, int, str]:
        """The worst severity first, then more workspaces, then what can be undone, then what is not set apart."""
        return (
            min(step.rank for step in self.steps),
            -len(self.workspaces),
            Reason.IRREVERSIBLE in self.reasons,
            bool(self.reasons),
            -len(self.findings),
            self.check.id,
        )


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The fixes by rank, the steps in order, and the changes of isolation modes among them."""

    fixes: tuple[Fix, ...]
    changes: tuple[ModeChange, ...]
    unknown_checks: tuple[str, ...] = ()

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The steps in the order in which they are safe."""
        steps = [step for fix in self.fixes for step in fix.steps]
        return tuple(
            sorted(steps, key=lambda step: (step.phase, step.rank, step.check.id, step.target.lower()))
        )

    @property
    def findings(self) -> Mapping[tuple[str, str, str], TextRow]:
        """Every finding that a step removes, once."""
        return {key: row for fix in self.fixes for key, row in fix.findings.items()}

    @property
    def workspaces(self) -> frozenset[str]:
        """The lower-cased ids of the workspaces of these findings."""
        return frozenset[str]().union(*(fix.workspaces for fix in self.fixes))


def plan_of(audit: Snapshot, tables: Tables | None) -> Plan:
    """Return the plan that removes every violation of the audit."""
    found = steps_of(audit, Facts(audit, tables), Values(audit, tables))
    steps, changes = with_mode_changes(merged(found.steps))
    return Plan(fixes=_ranked(steps), changes=tuple(changes), unknown_checks=found.unknown_checks)


def _ranked(steps: Iterable[Step]) -> tuple[Fix, ...]:
    by_check: dict[str, list[Step]] = {}
    for step in steps:
        by_check.setdefault(step.check.id, []).append(step)
    fixes = (Fix(check=listed[0].check, steps=tuple(listed)) for listed in by_check.values())
    return tuple(sorted(fixes, key=lambda fix: fix.order))


def narrowed(plan: Plan, *, check_id: str | None, workspace_key: str | None, top: int | None) -> Plan:
    """Return the plan with the steps that remove a finding of the check and of the workspace, and the first fixes."""
    steps = [
        step
        for fix in plan.fixes
        for step in fix.steps
        if any(_is_wanted(row, check_id, workspace_key) for row in _findings_of(step, plan.changes))
    ]
    fixes = _ranked(steps)[:top]
    kept = {id(step) for fix in fixes for step in fix.steps}
    return replace(plan, fixes=fixes, changes=tuple(each for each in plan.changes if id(each.before) in kept))


def _findings_of(step: Step, changes: Sequence[ModeChange]) -> Sequence[TextRow]:
    """Return the findings of the step; for the second step of a mode change those of the first."""
    return next((change.before.findings for change in changes if change.after is step), step.findings)


def _is_wanted(row: TextRow, check_id: str | None, workspace_key: str | None) -> bool:
    return (check_id is None or row["check_id"] == check_id) and (
        workspace_key is None or row["workspace_id"].lower() == workspace_key
    )

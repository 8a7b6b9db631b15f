"""By control: each control of each framework with its checks, the verdict, and the workspaces that fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from checks.framework_titles import FULL_NAMES, TITLES
from checks.model import Check, Status
from checks.registry import registry
from checks.severity import Verdict
from reports.audit import Audit
from reports.tables.workspaces import workspace_name


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """One check and the workspaces that violate it. It is not asked if the policy did not choose it."""

    check: Check
    is_asked: bool
    is_judged: bool
    """True if it passed or failed for a resource: a check that applied to nothing proves nothing."""
    workspaces: tuple[str, ...]
    unknown: int
    passing: int
    """Workspaces in which it passed, and has no other answer."""


@dataclass(frozen=True, kw_only=True)
class Control:
    """One control under the first policy."""

    id: str
    title: str
    """The title that the framework gives it, "" if that is not known."""
    checks: tuple[CheckResult, ...]

    @property
    def workspaces(self) -> tuple[str, ...]:
        """The names of the workspaces that violate one of its checks."""
        return tuple(sorted({name for each in self.checks for name in each.workspaces}, key=str.lower))

    @property
    def verdict(self) -> str:
        """Violated, undetermined, compliant, or why it is none: nothing was judged, or the policy chose no check."""
        if self.workspaces:
            return "violated"
        if any(each.unknown for each in self.checks):
            return "undetermined"
        if any(each.is_judged for each in self.checks):
            return "compliant"
        return "nothing judged" if any(each.is_asked for each in self.checks) else "not asked"


@dataclass(frozen=True, kw_only=True)
class Framework:
    """A framework and its controls."""

    name: str
    controls: tuple[Control, ...]

    @property
    def full_name(self) -> str:
        """The name that its publisher gives it, "" if that is no longer."""
        return FULL_NAMES.get(self.name, "")

    def count(self, verdict: str) -> int:
        """Return how many of its controls have this verdict."""
        return sum(control.verdict == verdict for control in self.controls)


def check_results(audit: Audit) -> Mapping[str, CheckResult]:
    """Return the result of every known check under the first policy, by id."""
    chosen = audit.verdicts[0].checks if audit.verdicts else ()
    judged, passing, clean = _judged(audit), _passing(audit), _clean(audit)
    known = {**registry(), **audit.checks}
    return {
        id: CheckResult(
            check=known[id],
            is_asked=id in chosen,
            is_judged=id in passing,
            workspaces=judged.get(id, ((), 0))[0],
            unknown=judged.get(id, ((), 0))[1],
            passing=clean.get(id, 0),
        )
        for id in sorted(known)
    }


def frameworks(results: Mapping[str, CheckResult]) -> tuple[Framework, ...]:
    """Return all frameworks that a known check supports, by name. Checks that follow from a cause count as violated."""
    by_control: dict[str, dict[str, list[CheckResult]]] = {}
    for result in results.values():
        for framework, ids in result.check.controls.items():
            for id in ids:
                by_control.setdefault(framework, {}).setdefault(id, []).append(result)
    return tuple(
        Framework(
            name=name,
            controls=tuple(
                Control(id=id, title=TITLES.get(name, {}).get(id, ""), checks=tuple(checks))
                for id, checks in sorted(controls.items(), key=_order)
            ),
        )
        for name, controls in sorted(by_control.items())
    )


def _order(item: tuple[str, list[CheckResult]]) -> list[tuple[int, str]]:
    """Sort 9.2 before 9.10."""
    parts = item[0].replace("(", ".").replace("-", ".").split(".")
    return [(int(part), "") if part.isdigit() else (0, part) for part in parts]


Judged = Mapping[str, tuple[tuple[str, ...], int]]


def _judged(audit: Audit) -> Judged:
    """Return by check id the names of the workspaces that fail under the first policy, and how many are unknown."""
    if not audit.verdicts:
        return {}
    findings = audit.findings[audit.findings["policy"].eq(audit.verdicts[0].policy)]
    is_open = findings["verdict"].isin([Verdict.VIOLATED, Verdict.UNDETERMINED, Verdict.CONSEQUENCE])
    name = workspace_name(audit.tables.workspaces)
    rows = findings.loc[is_open, ["check_id", "status", "workspace_id"]].astype(object).drop_duplicates()
    return {str(check_id): _counted(group, name) for check_id, group in rows.groupby("check_id")}


def _counted(rows: pd.DataFrame, name: Callable[[str], str]) -> tuple[tuple[str, ...], int]:
    fails = rows["status"].eq("fail")
    failing = {id.lower(): name(id) for id in rows["workspace_id"][fails].dropna() if id}
    unknown = {id.lower() for id in rows["workspace_id"][~fails].dropna()} - failing.keys()
    return tuple(sorted(failing.values(), key=str.lower)), len(unknown)


def _passing(audit: Audit) -> frozenset[str]:
    """Return the checks that passed or failed for something under the first policy."""
    if not audit.verdicts:
        return frozenset()
    findings = audit.findings[audit.findings["policy"].eq(audit.verdicts[0].policy)]
    return frozenset(findings["check_id"][findings["status"].isin([Status.PASS, Status.FAIL])].astype(str))


def _clean(audit: Audit) -> Mapping[str, int]:
    """Return by check id the number of workspaces in which it passed and neither failed nor is unknown."""
    if not audit.verdicts:
        return {}
    findings = audit.findings[audit.findings["policy"].eq(audit.verdicts[0].policy)]
    judged = findings[findings["status"].ne(Status.NOT_APPLICABLE)]
    keys = [judged[name].astype(object) for name in ("check_id", "workspace_id")]
    is_clean = judged["status"].eq(Status.PASS).groupby(keys, sort=False).all()
    counts = is_clean[is_clean].groupby(level=0, sort=False).size()
    return {str(id): int(count) for id, count in counts.items()}

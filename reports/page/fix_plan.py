"""The five fixes that remove the most severe violations, each as commands, as a ticket and as a waiver."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from checks.fixes.effects import can_be_undone
from checks.model import Check, Remediation
from checks.severity import Verdict
from reports.audit import Audit
from reports.literals import DIALECTS, filled_in, placeholders, printable, texts
from reports.page.fixes import Resources
from reports.statuses import SEVERITY_ORDER
from reports.tables.violations import FixGroup, severity_counts, violations_by_fix
from reports.tables.workspaces import workspace_name

MOST = 5
SHOWN = 20
"""Resources whose commands the page writes out. The table of workspaces has the others."""
LISTED = 200
"""Resources that a ticket and a waiver list."""

_WAIVED_FOR = timedelta(days=90)


@dataclass(frozen=True, kw_only=True)
class Fix:
    """One fix for all violations of the checks that have it."""

    checks: tuple[Check, ...]
    remediation: Remediation
    cleared: tuple[tuple[str, int], ...]
    """Severities and how many violations the fix clears; the worst first."""
    follows: int
    """Findings that follow from these violations."""
    workspaces: tuple[str, ...]
    resources: tuple[str, ...]
    parts: tuple[tuple[str, str], ...]
    """Rules and other resources that it removes or changes, with the name of their workspace: none for a workspace."""
    commands: str
    ticket: str
    waiver: str

    @property
    def can_be_undone(self) -> bool:
        """Return whether no alternative of the fix deletes something or takes a step that Azure cannot undo."""
        return can_be_undone(self.remediation)


@dataclass(frozen=True, kw_only=True)
class FixPlan:
    """The fixes under one policy and what is left after them."""

    policy: str
    fixes: tuple[Fix, ...]
    left: tuple[tuple[str, int], ...]
    """Each severity and its violations after the fixes."""


def fix_plan(audit: Audit) -> FixPlan | None:
    """Return the plan for the first policy, None without a policy."""
    if not audit.verdicts:
        return None
    policy = audit.verdicts[0].policy
    findings = audit.findings[audit.findings["policy"].eq(policy)]
    violated = findings[findings["verdict"].eq(Verdict.VIOLATED)]
    chosen = violations_by_fix(violated, audit.checks)[:MOST]
    resources = Resources(audit.tables)
    fixes = tuple(_fix(audit, group, findings, resources) for group in chosen)
    left = severity_counts(violated.drop(index=[label for group in chosen for label in group.rows.index]))
    return FixPlan(policy=policy, fixes=fixes, left=tuple(zip(SEVERITY_ORDER, left, strict=True)))


def _fix(audit: Audit, group: FixGroup, findings: pd.DataFrame, resources: Resources) -> Fix:
    checks, rows = group.checks, group.rows
    rows = rows.astype({"resource_id": object, "workspace_id": object, "check_id": object})
    rows = rows.fillna({"resource_id": "", "workspace_id": "", "judged_by": ""})
    rows = (
        rows.assign(key=rows["resource_id"].str.lower())
        .sort_values(["key", "check_id"])
        .drop_duplicates("key")
    )
    causes = set(rows["check_id"] + " " + rows["resource_id"])
    name = workspace_name(audit.tables.workspaces)
    workspaces = tuple(sorted({name(id) for id in rows["workspace_id"]}, key=str.lower))
    listed = tuple(rows["resource_id"])
    cleared = tuple(
        (severity, count) for severity, count in zip(SEVERITY_ORDER, group.counts, strict=True) if count
    )
    return Fix(
        checks=checks,
        remediation=group.remediation,
        cleared=cleared,
        follows=int(findings["caused_by"].astype(object).isin(causes).sum()),
        workspaces=workspaces,
        resources=listed,
        parts=tuple(
            (id.rsplit("/", 1)[-1], name(owner))
            for id, owner in zip(listed, rows["workspace_id"], strict=True)
            if id and id.lower() not in audit.tables.workspaces.index
        ),
        commands=_commands(checks, rows.head(SHOWN), len(listed), resources),
        ticket=_ticket(audit, checks, cleared, listed),
        waiver=_waiver(audit, checks, listed),
    )


def _commands(checks: Sequence[Check], rows: pd.DataFrame, count: int, resources: Resources) -> str:
    """Return the first language that has a text, filled in for each resource."""
    dialect = next((name for name, text in texts(checks[0].remediation).items() if text), "")
    if not dialect:
        return ""
    quote = DIALECTS[dialect]
    names = placeholders(checks[0].remediation)
    made = []
    for row in rows.to_dict("records"):
        check = next(each for each in checks if each.id == row["check_id"])
        ids = {name: str(row[name] or "") for name in ("resource_id", "workspace_id", "judged_by")}
        values = resources.values(check, names, **ids, reason=str(row["reason"] or ""))
        literals = {name: quote(value) for name, value in zip(names, values, strict=True)}
        made.append(filled_in(texts(resources.fix(check, **ids))[dialect], literals))
    if count > len(made):
        made.append(f"# and the same for {count - len(made):,} more: open them in the table of workspaces")
    return "\n\n".join(dict.fromkeys(made))


def _ticket(
    audit: Audit, checks: Sequence[Check], cleared: Sequence[tuple[str, int]], resources: Sequence[str]
) -> str:
    remediation = checks[0].remediation
    counts = ", ".join(f"{count:,} {severity}" for severity, count in cleared)
    lines = [
        f"## {remediation.summary}",
        "",
        f"Clears {counts} ({', '.join(check.id for check in checks)}) under the policy {audit.verdicts[0].policy}.",
        *(["", f"**Before you start:** {remediation.caution}"] if remediation.caution else []),
        "",
        *(f"- [ ] `{printable(resource).replace('`', '')}`" for resource in resources[:LISTED]),
        *(
            [f"- [ ] and {len(resources) - LISTED:,} more: findings.csv lists them"]
            if len(resources) > LISTED
            else []
        ),
        "",
        *(f"- {check.id}: {check.title}" for check in checks),
    ]
    return "\n".join(lines)


def _waiver(audit: Audit, checks: Sequence[Check], resources: Sequence[str]) -> str:
    expires = (audit.finished_at + _WAIVED_FOR).date().isoformat()
    lines = ["waivers:"]
    for check in checks:
        lines += [f"  - check: {check.id}", "    resource:"]
        lines += [f"      - {_yaml(resource)}" for resource in resources[:LISTED]]
        if len(resources) > LISTED:
            lines += [f"      # and {len(resources) - LISTED:,} more: findings.csv lists them"]
        lines += ["    reason: WHY", "    approver: WHO", f"    expires: {expires}"]
    return "\n".join(lines)


def _yaml(text: str) -> str:
    """Return the text as a double-quoted YAML scalar, with the glob characters of a waiver taken as they are."""
    literal = re.sub(r"([\[*?])", r"[\1]", printable(text))
    escaped = literal.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

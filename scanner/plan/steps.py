"""The steps of a plan: one for each change in Azure, with every finding that the change removes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from checks.drift.model import Snapshot, TextRow, records, texts
from checks.fixes.effects import Reason, phase_of, reasons_of
from checks.fixes.reading import Alternative, FixText, Part, read
from checks.model import Check
from checks.registry import registry
from checks.severity import Severity
from scanner.plan.facts import Facts, Workspace
from scanner.plan.filling import Values, decided, filled, unfilled

RANKS = {word.value: word.rank for word in Severity}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One change, and the findings that it removes: violations and what follows from them.

    `parts` are lines of the fix with its placeholders; `values` fills them. `names` maps the names that the user sets
    to their meaning. `others` are alternatives that the audit cannot rule out. `advice` is the text of a fix that has
    no command for the workspace.
    """

    check: Check
    parts: tuple[Part, ...]
    values: Mapping[str, str]
    names: Mapping[str, str]
    workspace: Workspace
    findings: tuple[TextRow, ...]
    reasons: frozenset[Reason]
    warnings: tuple[str, ...] = ()
    others: tuple[Alternative, ...] = ()
    phase: tuple[int, int] = (0, 0)
    advice: str = ""

    @property
    def commands(self) -> tuple[str, ...]:
        """The lines that are no comments."""
        return tuple(line for part in self.parts for line in part.commands)

    @property
    def changes(self) -> tuple[str, ...]:
        """The filled commands. Two steps with the same commands are one."""
        return tuple(filled(line, self.values, str) for line in self.commands)

    @property
    def is_mode_change(self) -> bool:
        """Return whether computes and endpoints are deleted because the isolation mode changes."""
        return any("isolationMode" in line for line in self.commands) and any(
            "$COMPUTE" in line for line in self.commands
        )

    @property
    def rank(self) -> int:
        """The rank of its worst finding: 0 is critical."""
        return min((RANKS.get(row["severity"], 9) for row in self.findings), default=9)

    @property
    def target(self) -> str:
        """The name of the resource that it changes, and that of its workspace if it is another resource."""
        name = self.values["resource_id"].rpartition("/")[2]
        own = self.workspace.name
        return (
            own
            if self.values["resource_id"].lower() == self.workspace.workspace_id.lower()
            else f"{own}: {name}"
        )


@dataclass(frozen=True, kw_only=True)
class Steps:
    """The steps of an audit, and the check ids of violations that this installation cannot fix."""

    steps: tuple[Step, ...]
    unknown_checks: tuple[str, ...]


def steps_of(audit: Snapshot, facts: Facts, values: Values) -> Steps:
    """Return the steps that remove the violations of the audit, one for each."""
    violations, followers = _findings(audit)
    checks = registry()
    made = [
        _step(checks[row["check_id"]], row, followers, facts, values)
        for row in violations
        if row["check_id"] in checks
    ]
    unknown = {row["check_id"] for row in violations if row["check_id"] not in checks}
    return Steps(steps=tuple(made), unknown_checks=tuple(sorted(unknown)))


def _findings(audit: Snapshot) -> tuple[list[dict[str, str]], Mapping[str, list[TextRow]]]:
    """Return the violations, and the findings that follow from another one by the key of their cause."""
    found = audit.findings
    fails = texts(found["status"]).eq("fail")
    verdict = texts(found["verdict"])
    followers: dict[str, list[TextRow]] = defaultdict(list)
    for row in records(found[fails & verdict.eq("consequence")].apply(texts)):
        followers[row["caused_by"].lower()].append(row)
    return records(found[fails & verdict.eq("violated")].apply(texts)), followers


def _with_followers(row: TextRow, followers: Mapping[str, list[TextRow]]) -> Iterable[TextRow]:
    waiting, seen = [row], set()
    while waiting:
        each = waiting.pop()
        key = key_of(each)
        if key not in seen:
            seen.add(key)
            yield each
            waiting += followers.get(f"{each['check_id']} {each['resource_id']}".lower(), [])


def key_of(row: TextRow) -> tuple[str, str, str]:
    """Return what identifies a finding, whatever the policy."""
    return row["check_id"], row["resource_id"].lower(), row["workspace_id"].lower()


def _step(
    check: Check, row: TextRow, followers: Mapping[str, list[TextRow]], facts: Facts, values: Values
) -> Step:
    text = read(values.fix(check, row).az)
    workspace = facts.of(values.owner(check, row))
    way, others = _chosen(text, workspace, row["expected"])
    whole = way.parts if way else ()
    known = values.of(check, _placeholders(whole), row)
    parts = tuple(decided(part, known) for part in whole)
    if way and not any(part.commands for part in parts):
        way = None
    lines = tuple(line for part in parts for line in part.commands)
    holes = {
        name.upper(): f"the {name.replace('_', ' ')}, which this audit does not have"
        for name in unfilled(lines, known)
    }
    caution = check.remediation.caution
    reasons = reasons_of(way, caution, is_choice=bool(others)) if way else frozenset({Reason.DECISION})
    return Step(
        check=check,
        parts=parts,
        values=known,
        names={name: text.names[name] for name in text.names if _uses(lines, name)} | holes,
        workspace=workspace,
        findings=tuple(_with_followers(row, followers)),
        reasons=reasons,
        warnings=way.warnings if way else (),
        others=others,
        phase=phase_of(check.id),
        advice="" if way else _advice(text, workspace, row["expected"]),
    )


def _advice(text: FixText, workspace: Workspace, expected: str) -> str:
    """Return the sentences of the alternative without a command that is meant for the workspace, "" if none is."""
    for way in text.advice:
        if not way.label or workspace.decides(way.label, expected):
            lines = [line for part in way.parts for line in (part.does, *part.lines)]
            return " ".join(" ".join(line.lstrip("# ") for line in lines).split())
    return ""


def _placeholders(parts: Sequence[Part]) -> tuple[str, ...]:
    lines = "\n".join(line for part in parts for line in part.lines)
    return tuple(dict.fromkeys(re.findall(r"\{\{(\w+)\}\}", lines)))


def _uses(lines: Iterable[str], name: str) -> bool:
    return any(re.search(rf"\${name}\b", line) for line in lines)


def _chosen(
    text: FixText, workspace: Workspace, expected: str
) -> tuple[Alternative | None, tuple[Alternative, ...]]:
    """Return the alternative for the workspace, and those that the audit cannot rule out.

    None if the check has no az text, or if the audit rules out every alternative.
    """
    possible = [way for way in text.alternatives if workspace.decides(way.label, expected) is not False]
    meant = [way for way in possible if workspace.decides(way.label, expected)]
    if meant:
        return meant[0], ()
    return (possible[0], tuple(possible[1:])) if possible else (None, ())

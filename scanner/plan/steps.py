"""The steps of a plan: one for each change in Azure, with every finding that the change removes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from checks.drift.model import Snapshot, records, texts
from checks.model import Check
from checks.registry import registry
from checks.severity import Severity
from scanner.plan.effects import Reason, phase_of, reasons_of
from scanner.plan.facts import Facts, Workspace
from scanner.plan.filling import Values, filled, unfilled
from scanner.plan.texts import Alternative, FixText, Part, read

Row = Mapping[str, str]

RANKS = {word.value: word.rank for word in Severity}
_QUERY = re.compile(r" --query (?P<query>'.*') > compute\.json$")
_SAVES_COMPUTE = re.compile(r"^az rest --method get --url \{\{compute_id\}\} .*> compute\.json$")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One change, and the findings that it removes: violations and what follows from them.

    `parts` are lines of the fix with its placeholders; `values` fills them. `names` maps the names that the user sets to
    their meaning. `others` are alternatives that the audit cannot rule out.
    """

    check: Check
    parts: tuple[Part, ...]
    values: Mapping[str, str]
    names: Mapping[str, str]
    workspace: Workspace
    findings: tuple[Row, ...]
    reasons: frozenset[Reason]
    warnings: tuple[str, ...] = ()
    others: tuple[Alternative, ...] = ()
    phase: tuple[int, int] = (0, 0)

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
        """Whether computes and endpoints are deleted because the isolation mode changes."""
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
        return own if self.values["resource_id"].lower() == self.workspace.workspace_id.lower() else f"{own}: {name}"


@dataclass(frozen=True, kw_only=True)
class Steps:
    """The steps of an audit, and the check ids of violations that this installation cannot fix."""

    steps: tuple[Step, ...]
    unknown_checks: tuple[str, ...]


def steps_of(audit: Snapshot, facts: Facts, values: Values) -> Steps:
    """Return the steps that remove the violations of the audit, merged where one removes several."""
    violations, followers = _findings(audit)
    checks = registry()
    made = [
        _step(checks[row["check_id"]], row, followers, facts, values)
        for row in violations
        if row["check_id"] in checks
    ]
    unknown = {row["check_id"] for row in violations if row["check_id"] not in checks}
    return Steps(steps=tuple(_merged(made)), unknown_checks=tuple(sorted(unknown)))


def _findings(audit: Snapshot) -> tuple[list[dict[str, str]], Mapping[str, list[Row]]]:
    """Return the violations, and the findings that follow from another one by the key of their cause."""
    found = audit.findings
    fails = texts(found["status"]).eq("fail")
    verdict = texts(found["verdict"])
    followers: dict[str, list[Row]] = defaultdict(list)
    for row in records(found[fails & verdict.eq("consequence")].apply(texts)):
        followers[row["caused_by"].lower()].append(row)
    return records(found[fails & verdict.eq("violated")].apply(texts)), followers


def _with_followers(row: Row, followers: Mapping[str, list[Row]]) -> Iterable[Row]:
    waiting, seen = [row], set()
    while waiting:
        each = waiting.pop()
        key = _key(each)
        if key not in seen:
            seen.add(key)
            yield each
            waiting += followers.get(f"{each['check_id']} {each['resource_id']}".lower(), [])


def _key(row: Row) -> tuple[str, str, str]:
    return row["check_id"], row["resource_id"].lower(), row["workspace_id"].lower()


def _step(
    check: Check, row: Row, followers: Mapping[str, list[Row]], facts: Facts, values: Values
) -> Step:
    text = read(check.remediation.az)
    workspace = facts.of(values.owner(check, row))
    way, others = _chosen(text, workspace)
    parts = way.parts if way else ()
    known = values.of(check, _placeholders(parts), row)
    lines = tuple(line for part in parts for line in part.commands)
    holes = {
        name.upper(): f"the {name.replace('_', ' ')}, which this audit does not have"
        for name in unfilled(lines, known)
    }
    caution = check.remediation.caution
    reasons = (
        reasons_of(way, caution, is_choice=bool(others)) if way else frozenset({Reason.DECISION})
    )
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
    )


def _placeholders(parts: Sequence[Part]) -> tuple[str, ...]:
    lines = "\n".join(line for part in parts for line in part.lines)
    return tuple(dict.fromkeys(re.findall(r"\{\{(\w+)\}\}", lines)))


def _uses(lines: Iterable[str], name: str) -> bool:
    return any(re.search(rf"\${name}\b", line) for line in lines)


def _chosen(text: FixText, workspace: Workspace) -> tuple[Alternative | None, tuple[Alternative, ...]]:
    """Return the alternative for the workspace, and those that the audit cannot rule out.

    None if the check has no az text, or if the audit rules out every alternative.
    """
    possible = [way for way in text.alternatives if workspace.decides(way.label) is not False]
    meant = [way for way in possible if workspace.decides(way.label)]
    if meant:
        return meant[0], ()
    return (possible[0], tuple(possible[1:])) if possible else (None, ())


def _merged(steps: Sequence[Step]) -> list[Step]:
    """Return the steps without repetitions, and each compute created again once."""
    same: dict[object, Step] = {}
    for step in steps:
        key = step.changes or (step.check.id, step.values["resource_id"].lower())
        same[key] = _joined(same[key], step) if key in same else step
    return _without_parts_of_others(_computes_once(list(same.values())))


def _joined(one: Step, other: Step) -> Step:
    """Return the step of the worse finding with the findings of both.

    Both have one effect: it is billed, or a choice, only if both fixes say so.
    """
    both = one.reasons & other.reasons
    either = (one.reasons | other.reasons) - {Reason.BILLED, Reason.DECISION}
    rows = {_key(row): row for row in (*one.findings, *other.findings)}
    first = min(one, other, key=lambda step: (step.rank, step.check.id))
    return replace(
        first,
        findings=tuple(rows.values()),
        reasons=both | either,
        warnings=tuple(dict.fromkeys((*one.warnings, *other.warnings))),
        names={**one.names, **other.names},
        phase=max(one.phase, other.phase),
    )


def _computes_once(steps: Sequence[Step]) -> list[Step]:
    """Merge the steps that delete one compute and create it again: the changes are made one after the other."""
    kept: list[Step] = []
    places: dict[str, int] = {}
    for step in steps:
        resource = step.values["resource_id"].lower()
        if not recreates_compute(step):
            kept.append(step)
        elif resource in places:
            one = kept[places[resource]]
            kept[places[resource]] = replace(_joined(one, step), parts=_both_changes(one.parts, step.parts))
        else:
            places[resource] = len(kept)
            kept.append(step)
    return kept


def recreates_compute(step: Step) -> bool:
    """Return whether the step saves a compute, deletes it and creates it again."""
    return any(_SAVES_COMPUTE.match(line) for line in step.commands)


def compute_query(step: Step) -> str:
    """Return the query that changes the saved compute, as a shell word; "" if it stays as it is."""
    found = [_QUERY.search(line) for line in step.commands if _SAVES_COMPUTE.match(line)]
    return next((match["query"] for match in found if match), "")


def _both_changes(one: Sequence[Part], other: Sequence[Part]) -> tuple[Part, ...]:
    """Return the longer of two descriptions of a recreation, with the queries of both in its saving command."""
    base, added = (one, other) if len(one) >= len(other) else (other, one)
    lines = [line for part in added for line in part.commands if _SAVES_COMPUTE.match(line)]
    query = next((found["query"] for line in lines if (found := _QUERY.search(line))), "")
    first = [line for part in added for line in part.commands if re.match(r"[A-Z_]+=", line)]
    saved = tuple(replace(part, lines=tuple(_with_query(line, query) for line in part.lines)) for part in base)
    return (Part(does="", lines=tuple(first)), *saved) if first else saved


def _with_query(line: str, query: str) -> str:
    if not query or not _SAVES_COMPUTE.match(line):
        return line
    own = _QUERY.search(line)
    if own is None:
        return line.replace(" > compute.json", f" --query {query} > compute.json")
    if query in own["query"]:
        return line
    return line.replace(own["query"], f"{own['query']}' | '{query}")


def _without_parts_of_others(steps: Sequence[Step]) -> list[Step]:
    """Drop each step whose commands all belong to another step that is not set apart for more reasons."""
    by_command: dict[str, list[int]] = defaultdict(list)
    changes = [frozenset(step.changes) for step in steps]
    for place, commands in enumerate(changes):
        for command in commands:
            by_command[command].append(place)
    kept = dict(enumerate(steps))
    for place, step in enumerate(steps):
        wider = next((other for other in _wider(place, changes, by_command) if _takes(kept.get(other), step)), None)
        if wider is not None:
            kept[wider] = _with_findings(kept[wider], step)
            del kept[place]
    return list(kept.values())


def _wider(
    place: int, changes: Sequence[frozenset[str]], by_command: Mapping[str, list[int]]
) -> Iterable[int]:
    own = changes[place]
    rarest = min((by_command[command] for command in own), key=len, default=[])
    return (other for other in rarest if own < changes[other])


def _takes(wider: Step | None, step: Step) -> bool:
    return wider is not None and wider.reasons <= step.reasons and not step.others


def _with_findings(step: Step, other: Step) -> Step:
    rows = {_key(row): row for row in (*step.findings, *other.findings)}
    return replace(step, findings=tuple(rows.values()))

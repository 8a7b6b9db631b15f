"""Merge steps: one change of one resource is made once, whatever number of findings it removes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from checks.fixes.effects import Reason
from checks.fixes.reading import Part
from scanner.plan.steps import Step, key_of

_QUERY = re.compile(r" --query (?P<query>'.*') > compute\.json$")
_SAVES_COMPUTE = re.compile(r"^az rest --method get --url \{\{compute_id\}\} .*> compute\.json$")


def merged(steps: Sequence[Step]) -> list[Step]:
    """Return the steps without repetitions, and each compute created again once."""
    same: dict[object, Step] = {}
    for step in steps:
        key = step.changes or (step.check.id, step.values["resource_id"].lower())
        same[key] = _joined(same[key], step) if key in same else step
    return _without_parts_of_others(_rules_removed_once(_computes_once(list(same.values()))))


def _joined(one: Step, other: Step) -> Step:
    """Return the step of the worse finding with the findings of both.

    Both have one effect: it is billed, or a choice, only if that is a reason of both.
    """
    both = one.reasons & other.reasons
    either = (one.reasons | other.reasons) - {Reason.BILLED, Reason.DECISION}
    rows = {key_of(row): row for row in (*one.findings, *other.findings)}
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
    saved = tuple(
        replace(part, lines=tuple(_with_query(line, query) for line in part.lines)) for part in base
    )
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


def _rules_removed_once(steps: Sequence[Step]) -> list[Step]:
    """Drop the other steps of a rule that a step removes: nothing is left to change.

    The step that first adds something in place of the rule stays.
    """
    removing: dict[str, Step] = {}
    for step in steps:
        rule = step.values["resource_id"].lower()
        if _removes_rule(step) and len(step.parts) > len(removing[rule].parts if rule in removing else ()):
            removing[rule] = step
    kept = {id(step): step for step in steps}
    taken = {id(step): step for step in removing.values()}
    for step in steps:
        remover = removing.get(step.values["resource_id"].lower())
        if remover is not None and step is not remover:
            taken[id(remover)] = _with_findings(taken[id(remover)], step)
            del kept[id(step)]
    return [taken.get(key, step) for key, step in kept.items()]


def _removes_rule(step: Step) -> bool:
    return any("outbound-rule remove " in line and "--rule {{rule}}" in line for line in step.commands)


def _without_parts_of_others(steps: Sequence[Step]) -> list[Step]:
    """Drop each step whose commands all belong to another step that is not set apart for more reasons."""
    by_command: dict[str, list[int]] = defaultdict(list)
    changes = [frozenset(step.changes) for step in steps]
    for place, commands in enumerate(changes):
        for command in commands:
            by_command[command].append(place)
    kept = dict(enumerate(steps))
    for place, step in enumerate(steps):
        wider = next(
            (other for other in _wider(place, changes, by_command) if _takes(kept.get(other), step)), None
        )
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
    return wider is not None and wider.reasons <= step.reasons


def _with_findings(step: Step, other: Step) -> Step:
    rows = {key_of(row): row for row in (*step.findings, *other.findings)}
    return replace(step, findings=tuple(rows.values()))

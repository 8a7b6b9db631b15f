"""Apply fixes to failing resources, scan the tenant again, and compare the answers of every check."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import yaml

from checks.contract.tables import Tables
from checks.engine.asking import findings
from checks.model import ChosenCheck, Status
from tests.support.fixes.applying import Applied, applied
from tests.support.fixes.cases import (
    Case,
    asked,
    cases,
    filled,
    in_shipped_policies,
    is_shipped,
    needs_cluster,
    needs_endpoint,
    scan,
    start,
)
from tests.support.fixes.conditions import applicable
from tests.support.fixes.losses import lost
from tests.support.fixes.reasons import reason_of
from tests.support.side_by_side import beside

LANGUAGES = ("az", "bicep", "terraform")

Statuses = Mapping[tuple[str, str, str], str]
"""Check, workspace and resource (lower-cased ids) to status."""

RESOLVED = frozenset({Status.PASS, Status.NOT_APPLICABLE, "gone"})
"""Statuses of a resource that failed and that the fix changed, so that the check has nothing against it."""

_MARKED = re.compile(r"(/resourcegroups/)(\d+)~")


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What came of one text for one resource. Without `problems` its effect is proven.

    `verdict` is the check's new status of the resource: "gone" if the fix deletes it. `is_new` is True if the check
    passes for a new resource, beside the failing one.
    """

    case: Case
    applied: Applied
    verdict: str
    is_new: bool
    problems: tuple[str, ...]


Proofs = Mapping[str, Mapping[str, tuple[Effect, ...]]]
"""Check to language to the effect of its fix on a failing resource of each kind."""


@cache
def proofs(check_ids: tuple[str, ...]) -> Proofs:
    """Return the effects of the fixes of these checks, each on a failing resource of each kind.

    A kind has several resources, and a text can have alternatives: the first that is proven counts, or whose problem
    has a reason, or else the first. A round tries one text of every check that is left and judges all tenants at once,
    because a check costs much the same for one tenant as for fifty.
    """
    tries = {
        (id, language, kind): [(case, text) for case in some for text in applicable(case, language)]
        for id in check_ids
        for language in LANGUAGES
        for kind, some in enumerate(cases(id))
        if filled(some[0])[language]
    }
    found = best({key: some for key, some in tries.items() if some})
    return {id: _by_language(id, found) for id in check_ids}


Try = tuple[Case, str]
"""A failing resource, and a text that may fix it."""


def best(tries: dict[tuple[str, str, int], list[Try]]) -> Mapping[tuple[str, str, int], Effect]:
    """Return the best effect of the texts for each check, language and number. The tries are used up."""
    judge = Judge()
    found: dict[tuple[str, str, int], Effect] = {}
    while open_tries := {key: left.pop(0) for key, left in tries.items() if left}:
        done = judge.judged([applied(case, key[1], text) for key, (case, text) in open_tries.items()])
        for key, effect in zip(open_tries, done, strict=True):
            if key not in found or len(effect.problems) < len(found[key].problems):
                found[key] = effect
            if not effect.problems:
                tries[key].clear()
            elif all(reason_of(key[0], key[1], problem) for problem in effect.problems):
                tries[key] = [each for each in tries[key] if each[0] is effect.case]
    return found


def _by_language(id: str, found: Mapping[tuple[str, str, int], Effect]) -> Mapping[str, tuple[Effect, ...]]:
    of_check = {key: effect for key, effect in found.items() if key[0] == id}
    return {
        language: tuple(effect for key, effect in of_check.items() if key[1] == language)
        for language in LANGUAGES
        if any(key[1] == language for key in of_check)
    }


class Judge:
    """Judges tenants after fixes. It scans and judges each tenant as it was before the fixes once."""

    def __init__(self) -> None:
        """Start without a tenant."""
        self._before: dict[str, tuple[Statuses, ...]] = {}

    def judged(self, tried: Sequence[Applied]) -> list[Effect]:
        """Ask every check about all the tenants at once, before and after."""
        worlds: dict[str, Tables] = {}
        for number, each in enumerate(tried):
            worlds[f"after {number}"] = scan(each.world.tenant())
            if (before := _name_of_start(each.case)) not in {*self._before, *worlds}:
                worlds[before] = scan(start(each.case))
        answers = {name: found for group in _groups(worlds) for name, found in _answers(group).items()}
        self._before |= {name: found for name, found in answers.items() if name.startswith("before")}
        return [
            _effect(each, self._before[_name_of_start(each.case)], answers[f"after {number}"])
            for number, each in enumerate(tried)
        ]


_OF_SUBSCRIPTIONS = ["subscription_id", "tenant_id", "network_registration_state"]
"""The columns of subscriptions that checks read."""


def _groups(worlds: Mapping[str, Tables]) -> list[dict[str, Tables]]:
    """Return the worlds in groups. Worlds whose subscriptions differ cannot stand beside each other."""
    groups: dict[object, dict[str, Tables]] = {}
    for name, world in worlds.items():
        rows = world.subscriptions[_OF_SUBSCRIPTIONS].fillna("").itertuples(index=False, name=None)
        groups.setdefault(frozenset(rows), {})[name] = world
    return list(groups.values())


def _answers(worlds: Mapping[str, Tables]) -> dict[str, tuple[Statuses, ...]]:
    """Return the answers to all rounds of questions by world."""
    together, names = beside(worlds), list(worlds)
    rounds = [_by_world(together, chosen, names) for chosen in asked()]
    return {name: tuple(of[name] for of in rounds) for name in names}


def _name_of_start(case: Case) -> str:
    """Name the tenant in which the fix is applied: many checks share one."""
    reached = f" with an endpoint of {needs_endpoint(case)}" if needs_endpoint(case) else ""
    return f"before {case.workspace_id}{reached}" + (f" for {case.check.id}" if needs_cluster(case) else "")


def _by_world(tables: Tables, chosen: Sequence[ChosenCheck], names: Sequence[str]) -> dict[str, Statuses]:
    frame = findings(tables, chosen)
    found: dict[str, dict[tuple[str, str, str], str]] = {name: {} for name in names}
    for check, workspace, resource, status in zip(
        frame["check_id"],
        frame["workspace_id"].str.lower(),
        frame["resource_id"].str.lower(),
        frame["status"],
        strict=True,
    ):
        number = _MARKED.search(workspace)
        if number:
            key = check, _MARKED.sub(r"\1", workspace), _MARKED.sub(r"\1", resource)
            found[names[int(number[2])]][key] = status
    return dict(found)


def _effect(tried: Applied, before: Sequence[Statuses], after: Sequence[Statuses]) -> Effect:
    case = tried.case
    verdict, made = _verdict(case, before[0], after[0])
    if tried.failure:
        problems = [tried.failure]
    else:
        named = {case.check.id, *_named_checks(case)}
        problems = [each for each in _broken(tried, before, after) if each.partition(" ")[0] not in named]
        problems += lost(case, tried.before, tried.world.bodies(), tried.world.written())
        if verdict not in RESOLVED and not made:
            problems.append(f"{case.check.id} is {verdict} afterwards")
        if not tried.world.requests:
            problems.append("the text changes nothing")
    return Effect(
        case=case,
        applied=tried,
        verdict=verdict,
        is_new=verdict not in RESOLVED and bool(made),
        problems=tuple(dict.fromkeys(problems)),
    )


def _named_checks(case: Case) -> set[str]:
    """Return the checks of no shipped policy that the caution names: they may fail until the reader follows them."""
    return set(re.findall(r"\b[A-Z]{3}\d{3}\b", case.check.remediation.caution)) - in_shipped_policies()


def _waived(tried: Applied) -> set[tuple[str, str]]:
    """Return check and workspace of each waiver that the text prints.

    The finding of a Project follows from that of its hub, so the waiver of a hub covers its Projects.
    """
    lines = re.findall(r"^(?:#|//) - (\{check: .*\})$", tried.text, re.MULTILINE)
    waivers = {(each["check"], each["where"]["workspace"].lower()) for each in map(yaml.safe_load, lines)}
    hubs = {
        key: str((body.get("properties") or {}).get("hubResourceId")) for key, body in tried.before.items()
    }
    return waivers | {
        (check, key) for check, owner in waivers for key, hub in hubs.items() if hub.lower() == owner
    }


def _verdict(case: Case, before: Statuses, after: Statuses) -> tuple[str, list[str]]:
    """Return the new status of the failing resource, and the new resources that pass or are not concerned."""
    check, workspace = case.check.id, case.workspace_id.lower()
    status = after.get((check, workspace, case.resource_id.lower()), "gone")
    known = {resource for about, _, resource in before if about == check}
    made = [
        resource
        for (about, _, resource), new in after.items()
        if about == check and resource not in known and new in (Status.PASS, Status.NOT_APPLICABLE)
    ]
    return status, made


def _broken(tried: Applied, before: Sequence[Statuses], after: Sequence[Statuses]) -> Iterator[str]:
    """Name each check that did not fail, and fails.

    A check of no shipped policy counts only if it passed: it may not have applied before.
    """
    case, waived = tried.case, _waived(tried)
    for number, (old, new) in enumerate(zip(before, after, strict=True)):
        failed = {(check, resource) for (check, _, resource), status in old.items() if status == Status.FAIL}
        for (check, workspace, resource), status in new.items():
            was = old.get((check, workspace, resource))
            if status != Status.FAIL or was == Status.FAIL or (check, workspace) in waived:
                continue
            if was == Status.PASS or (
                is_shipped(number, check) and not _failed_too(case, check, resource, failed)
            ):
                yield f"{check} of {_short(resource)} was {was or 'absent'} and fails now"


def _failed_too(case: Case, check: str, resource: str, failed: Collection[tuple[str, str]]) -> bool:
    """Whether the resource failed for another workspace, or is a new workspace in the place of one that failed."""
    is_workspace = resource.rpartition("/")[0] == case.workspace_id.lower().rpartition("/")[0]
    return (check, resource) in failed or (is_workspace and (check, case.workspace_id.lower()) in failed)


def _short(resource: str) -> str:
    return "/".join(resource.split("/")[-2:])

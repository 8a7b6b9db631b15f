"""Apply fixes to failing resources, scan the tenant again, and compare the answers of every check."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

import yaml

from checks.contract.tables import Tables
from checks.engine.asking import findings
from checks.model import ChosenCheck, Status
from scanner.emulator.tenants.tenant import Tenant
from tests.support.fixes.applying import Applied, applied, has_azapi
from tests.support.fixes.cases import (
    Case,
    asked,
    cases,
    in_shipped_policies,
    is_shipped,
    scan,
    start,
)
from tests.support.fixes.conditions import applicable
from tests.support.fixes.losses import lost
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
"""Check to language to the effects of its fix."""

Try = tuple[Case, str, str]
"""A failing resource, a language, and a text that is to fix the resource."""


@cache
def proofs(check_ids: tuple[str, ...]) -> Proofs:
    """Return the effects of the fixes of these checks on every failing resource of the demo tenant."""
    done = effects(each for id in check_ids for case in cases(id) for each in tries(case))
    return {
        id: {
            language: tuple(
                each for each in done if (each.case.check.id, each.applied.language) == (id, language)
            )
            for language in LANGUAGES
        }
        for id in check_ids
    }


def tries(case: Case) -> Iterator[Try]:
    """Yield each alternative of each text that is for the resource, except azurerm's, which nothing evaluates."""
    for language in LANGUAGES:
        for text in applicable(case, language):
            if language != "terraform" or has_azapi(text):
                yield case, language, text


def effects(tried: Iterable[Try]) -> list[Effect]:
    """Apply the texts, each in a tenant of its own, and judge all tenants at once.

    A check costs much the same for one tenant as for fifty. Tenants that came out equal are judged once.
    """
    done = [applied(*each) for each in tried]
    starts = [start(each.case) for each in done]
    ends = [each.world.tenant() for each in done]
    answers = _answers_of([*starts, *ends])
    return [
        _effect(each, *found)
        for each, *found in zip(done, answers[: len(done)], answers[len(done) :], strict=True)
    ]


_KNOWN: dict[str, tuple[Statuses, ...]] = {}
"""The answers about each tenant that was judged, by its content."""


def _answers_of(tenants: Sequence[Tenant]) -> list[tuple[Statuses, ...]]:
    names = [_content(each) for each in tenants]
    new = {name: each for name, each in zip(names, tenants, strict=True) if name not in _KNOWN}
    for group in _groups({name: scan(each) for name, each in new.items()}):
        _KNOWN.update(_answers(group))
    return [_KNOWN[name] for name in names]


def _content(tenant: Tenant) -> str:
    documents = sorted((each.id.lower(), each.body, each.listed, each.rules) for each in tenant.resources)
    text = json.dumps([documents, tenant.registration_states], sort_keys=True)
    return sha256(text.encode()).hexdigest()


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
        is_waived = (case.check.id, case.workspace_id.lower()) in _waived(tried)
        if verdict not in RESOLVED and not made and not is_waived:
            problems.append(f"{case.check.id} is {verdict} afterwards")
        if not tried.world.requests and not is_waived:
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
    lines += [
        f"{{check: {check}, where: {{workspace: {tried.case.workspace_id}}}}}"
        for check in re.findall(r"^(?:#|//) (RES\d+): \{parameters: ", tried.text, re.MULTILINE)
    ]
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

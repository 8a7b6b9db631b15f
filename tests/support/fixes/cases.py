"""The failing resources of the demo tenant, and each check's fix filled in for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pandas as pd

from checks.contract.tables import Tables
from checks.engine.asking import findings
from checks.model import Check, ChosenCheck, Status
from checks.registry import BUILT_IN, registry
from reports.literals import DIALECTS, placeholders, texts
from reports.page.fixes import Resources
from scanner.emulator.demo.places import PRODUCTION
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.server import emulated
from scanner.emulator.tenants.builders import Place, Site, workspace
from scanner.emulator.tenants.dependencies import closed, insights
from scanner.emulator.tenants.network import (
    APPROVED,
    INTERNET,
    managed_network,
    no_managed_network,
    private,
    selected,
)
from scanner.emulator.tenants.rules import private_endpoint
from scanner.emulator.tenants.tenant import Resource, Tenant
from scanner.emulator.tenants.workloads import cluster
from scanner.policies import loaded, shipped
from scanner.reading.collection import EVERYTHING
from tests.support.fixes.reached import reached
from tests.support.places import DATA
from tests.support.scanning import rows, scanned

EXTRA = ("mlw-selected-only", "mlw-approved-only", "mlw-selected-alone")
"""Workspaces beside those of the demo tenant, for checks that none of those fails."""

_LINKS = ("storageAccount", "keyVault", "containerRegistry", "applicationInsights", "hubResourceId")


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """A tenant that a law draws, and its tables. Its fixes are applied in the whole of it."""

    tenant: Tenant
    tables: Tables


@dataclass(frozen=True, kw_only=True)
class Case:
    """One failing resource: the ids of a finding, and the row of the check's table. `drawn` is None in the demo."""

    check: Check
    resource_id: str
    workspace_id: str
    judged_by: str
    reason: str
    row: Mapping[str, Any]
    drawn: Drawn | None = None

    @property
    def key(self) -> tuple[str, str]:
        """The lower-cased ids of the workspace and the resource."""
        return self.workspace_id.lower(), self.resource_id.lower()

    @property
    def name(self) -> str:
        """The resource's name, preceded by its workspace's if it is another."""
        names = [self.workspace_id.rpartition("/")[2], self.resource_id.rpartition("/")[2]]
        return "/".join(dict.fromkeys(names))


@cache
def questions() -> tuple[ChosenCheck, ...]:
    """Return every check there is, with parameters wherever it would not apply without."""
    return loaded([str(DATA / "demo_truth_policy.yaml")], registry())[0].checks


@cache
def asked() -> tuple[tuple[ChosenCheck, ...], ...]:
    """Return `questions`, and then the questions of shipped policies with other parameters, in rounds.

    No round has a check twice.
    """
    rounds: list[list[ChosenCheck]] = [list(questions())]
    seen = {_question(each) for each in questions()}
    for chosen in _shipped():
        if _question(chosen) in seen:
            continue
        seen.add(_question(chosen))
        free = next((r for r in rounds[1:] if chosen.check.id not in {each.check.id for each in r}), None)
        if free is None:
            rounds.append(free := [])
        free.append(chosen)
    return tuple(map(tuple, rounds))


@cache
def _shipped() -> tuple[ChosenCheck, ...]:
    return tuple(each for policy in loaded(shipped(), registry()) for each in policy.checks)


@cache
def _of_shipped_policies() -> frozenset[str]:
    """Return the checks of `questions` that a shipped policy asks with the same parameters."""
    asked_so = {_question(each) for each in _shipped()}
    return frozenset(each.check.id for each in questions() if _question(each) in asked_so)


@cache
def in_shipped_policies() -> frozenset[str]:
    """Return the ids of the checks that a shipped policy asks."""
    return frozenset(each.check.id for each in _shipped())


def is_shipped(round_: int, check_id: str) -> bool:
    """Return whether a shipped policy asks what this round of `asked` asks by this check."""
    return round_ > 0 or check_id in _of_shipped_policies()


def _question(chosen: ChosenCheck) -> str:
    return f"{chosen.check.id} {chosen.params!r}"


@cache
def proof_tenant() -> Tenant:
    """Return the demo tenant, and three workspaces that fail what no demo workspace does."""
    tenant = demo_tenant()
    made: list[Resource] = []
    rules = {
        "odd-part": private_endpoint(PRODUCTION.id_of("Microsoft.Storage/storageAccounts", "stlake"), "odd")
    }
    first, second, third = (Site(place=PRODUCTION, name=name) for name in EXTRA)
    for site, body in (
        (first, workspace(first, selected("20.50.60.70"), managed_network(first, INTERNET, {}))),
        (second, workspace(second, private(), managed_network(second, APPROVED, rules))),
        (third, workspace(third, selected("20.50.60.70"), no_managed_network())),
    ):
        made += [Resource(body=body), *closed(site)]
    return replace(tenant, resources=(*tenant.resources, *made))


@cache
def demo() -> Tables:
    """Return the tables of the whole tenant."""
    return scan(proof_tenant())


def scan(tenant: Tenant) -> Tables:
    """Return the tables of a scan over HTTP."""
    with emulated(tenant) as emulator:
        return scanned(emulator, collection=EVERYTHING)[0]


@cache
def _failing() -> dict[str, list[dict[str, Any]]]:
    answers = findings(demo(), questions())
    failing: dict[str, list[dict[str, Any]]] = {check.id: [] for check in BUILT_IN}
    for row in rows(answers[answers["status"].eq(Status.FAIL)]):
        failing[row["check_id"]].append(row)
    return {
        id: some if id in _WITH_EXTRA else [row for row in some if not _is_extra(row)] or some
        for id, some in failing.items()
    }


_WITH_EXTRA = frozenset({"OBR003", "OBR009", "OBR011", "END005"})
"""Checks whose fix has something to do that no resource of the demo tenant needs."""


def _is_extra(row: Mapping[str, Any]) -> bool:
    return str(row["workspace_id"]).rpartition("/")[2] in EXTRA


@cache
def cases(check_id: str) -> tuple[Case, ...]:
    """Return every failing resource of the check in the tenant."""
    return tuple(failing(check_id, demo(), _failing()[check_id]))


def failing(
    check_id: str, tables: Tables, found: Iterable[Mapping[str, Any]], drawn: Drawn | None = None
) -> Iterator[Case]:
    """Yield a case for each finding of a check."""
    check = next(each for each in BUILT_IN if each.id == check_id)
    frame = tables[check.over]
    ids = frame["resource_id"].str.lower() if "resource_id" in frame.columns else frame.index.to_series()
    places = {key: place for place, key in enumerate(ids)}
    for each in found:
        place = places.get(each["resource_id"].lower())
        row: Mapping[str, Any] = {} if place is None else dict(frame.iloc[place])
        yield Case(
            check=check,
            **{name: str(each[name]) for name in ("resource_id", "workspace_id", "judged_by", "reason")},
            row={str(name): value for name, value in row.items() if not _is_missing(value)},
            drawn=drawn,
        )


def _is_missing(value: object) -> bool:
    return bool(value is None or value is pd.NA or value != value)


def tables_of(case: Case) -> Tables:
    """Return the tables of the tenant before the fix."""
    return case.drawn.tables if case.drawn else demo()


def filled(case: Case) -> dict[str, str]:
    """Return the text of each language with the values of this resource, as a report shows it."""
    names = placeholders(case.check.remediation)
    resources = Resources(tables_of(case))
    ids = {name: getattr(case, name) for name in ("resource_id", "workspace_id", "judged_by")}
    by_name = dict(zip(names, resources.values(case.check, names, **ids, reason=case.reason), strict=True))
    return {
        language: re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda hole: quote(by_name[hole[1]]), text)  # noqa: B023
        for language, text in texts(resources.fix(case.check, **ids)).items()
        for quote in [DIALECTS[language]]
    }


CLUSTER = "cpu-proof"
"""The cluster that a workspace gets if a fix requires one."""

_NEEDS_CLUSTER = frozenset({"RES001", "RES003", "RES008"})


_CREATES = frozenset({"SEC002", "SEC003"})
"""The checks whose fix creates a workspace. The user creates an Application Insights for it before."""

COMPONENT = "insights-proof"


def _component(case: Case) -> Resource:
    segments = case.workspace_id.split("/")
    place = Place(subscription=segments[2], group=segments[4], location="westeurope")
    body = insights(Site(place=place, name="mlw-proof"))
    return Resource(
        body={
            **body,
            "id": f"{body['id'].rpartition('/')[0]}/{COMPONENT}",
            "name": COMPONENT,
        }
    )


def needs_cluster(case: Case) -> bool:
    """Return whether the fix is applied to a workspace that gets a cluster before."""
    return case.check.id in _NEEDS_CLUSTER


def needs_endpoint(case: Case) -> str:
    """Return the lower-cased id of what the fix closes behind an approved private endpoint, or ""."""
    target = case.resource_id if case.check.id.startswith("RES") else case.judged_by
    is_asked = any(each in case.check.remediation.az for each in ("approved=$(", "scope=$("))
    return target.lower() if is_asked else ""


def start(case: Case) -> Tenant:
    """Return the part of the demo tenant in which the fix is applied."""
    tenant = case.drawn.tenant if case.drawn else _around(case.workspace_id)
    tenant = reached(tenant, needs_endpoint(case))
    if case.check.id in _CREATES:
        tenant = replace(tenant, resources=(*tenant.resources, _component(case)))
    if not needs_cluster(case):
        return tenant
    owner = next(each for each in tenant.resources if each.id.lower() == case.judged_by)
    segments = owner.id.split("/")
    place = Place(subscription=segments[2], group=segments[4], location=owner.body["location"])
    made = cluster(Site(place=place, name=segments[-1]), CLUSTER)
    return replace(tenant, resources=(*tenant.resources, made))


@cache
def _around(workspace_id: str) -> Tenant:
    """Return the demo tenant without the workspaces that share nothing with this one."""
    tenant = proof_tenant()
    by_id = {each.id.lower(): each for each in tenant.resources}
    own = by_id[workspace_id.lower()]
    related = [each for each in tenant.resources if _is_workspace(each) and _is_related(own, each)]
    kept = [
        each
        for each in tenant.resources
        if re.search("/(roleassignments|privateendpoints|virtualnetworks)/", each.id.lower())
        or any(_belongs(each, to) for to in related)
    ]
    return replace(tenant, resources=tuple(kept), default_faults=())


def _is_workspace(resource: Resource) -> bool:
    return str(resource.body.get("type", "")).lower() == "microsoft.machinelearningservices/workspaces"


def _links(workspace: Resource) -> set[str]:
    properties = workspace.body.get("properties") or {}
    return {str(properties[name]).lower() for name in _LINKS if properties.get(name)}


def _is_related(one: Resource, other: Resource) -> bool:
    """Whether they are the same, a hub and its Project, two Projects of a hub, or share a dependency."""
    key, other_key = one.id.lower(), other.id.lower()
    return bool(({key} | _links(one)) & ({other_key} | _links(other)))


def _belongs(resource: Resource, workspace: Resource) -> bool:
    key = resource.id.lower()
    if _is_workspace(resource):
        return key == workspace.id.lower()
    owners = {workspace.id.lower(), *(link for link in _links(workspace) if "/workspaces/" not in link)}
    return any(key == owner or key.startswith(f"{owner}/") for owner in owners)

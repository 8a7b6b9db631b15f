"""The law of completeness: without any single answer or gap of a bundle, verify misses one, whatever its kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from checks.registry import registry
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.tenants.generated import generated_tenant
from scanner.evidence.replaying import Pages
from scanner.evidence.verifying import completeness, scope_questions
from scanner.evidence.verifying.ledger import Ledger
from scanner.payloads.answers import payload_or_gap
from scanner.payloads.payload import Gap, Payload
from scanner.policies import loaded, management_groups
from scanner.reading.collection import Collection
from scanner.scope.wanted import Wanted
from scanner.tables.graph_rows import GRAPH
from tests.support.evidence.bundles import Scanned, scan_of, verified, wrong
from tests.support.worlds.scopes import team_tenant

POLICY = "azure-policy"
"""A shipped policy with few checks."""

BY_GROUP = """name: by-group
description: Softer below a management group.
extends: azure-policy
overrides:
  - where: {management_group: sandbox}
    checks: {NET001: {severity: low}}
"""
DEMO = replace(demo_tenant(), stable_shows_addresses=False)
MANY = generated_tenant(subscriptions=3, workspaces=3, rules=2, seed=4)
SHARED = generated_tenant(subscriptions=1, workspaces=4, rules=1, seed=4)
ONE, OTHER, LAST = (str(each["subscriptionId"]) for each in MANY.subscriptions)
HIDDEN = "00000000-0000-4000-8000-0000000000ff"
REFUSED = (
    Fault(kind=FaultKind.STATUS, status=403, route="workspaces", subscription=LAST),
    Fault(kind=FaultKind.STATUS, status=400, code="NoRegisteredProviderFound", route="computes"),
    Fault(kind=FaultKind.RESET, route="batchEndpoints", subscription=ONE),
)


def of_demo() -> Scanned:
    return scan_of(DEMO, *DEMO.default_faults, policies=(POLICY,))


def through_graph() -> Scanned:
    return scan_of(MANY, *REFUSED, policies=(POLICY,), asks_graph=True)


def graph_broke_off() -> Scanned:
    lost = Fault(kind=FaultKind.RESET, route="resourceGraph", page=2)
    return scan_of(MANY, lost, policies=(POLICY,), asks_graph=True)


def old_versions() -> Scanned:
    refused = Fault(kind=FaultKind.STATUS, status=400, code="NoRegisteredProviderFound", route="workspaces")
    return scan_of(SHARED, refused, policies=(POLICY,))


def below_groups() -> Scanned:
    wanted = Wanted(management_groups=("corp",), excluded_management_groups=("sandbox",))
    return scan_of(team_tenant(), policies=(POLICY,), wanted=wanted)


def hidden_subscription() -> Scanned:
    return scan_of(MANY, policies=(POLICY,), wanted=Wanted(subscriptions=(ONE, HIDDEN)))


SCANS: Mapping[str, Callable[[], Scanned]] = {
    each.__name__: each
    for each in (of_demo, through_graph, graph_broke_off, old_versions, below_groups, hidden_subscription)
}


@pytest.fixture(scope="module", params=SCANS)
def scanned(request: pytest.FixtureRequest) -> Scanned:
    return SCANS[request.param]()


def problems(scanned: Scanned, gone: Payload | Gap | None = None) -> list[str]:
    """What verify reports of the answers and gaps without one of them."""
    ledger, pages = Ledger.of(scanned.record), Pages()
    items: list[Payload | Gap] = [*scanned.payloads, *scanned.gaps]
    for item in items:
        if item is not gone:
            ledger.add(item)
            pages.add(payload_or_gap(item) if isinstance(item, Payload) else item)
    for missing in pages.missing():
        ledger.add(missing)
    groups = management_groups(scanned.policies)
    needed = Collection(kinds=frozenset(), members=frozenset())
    return [
        *completeness.problems(ledger, scanned.record.asked_for),
        *scope_questions.needed_problems(ledger, scanned.record, needed, groups),
    ]


def deletions(scanned: Scanned) -> Iterator[Payload | Gap]:
    """Some answers of every kind, and every gap.

    A superseded answer falsifies nothing by its absence. A query to Resource Graph that broke off has a gap in place
    of all its pages, and none of them counts.
    """
    graph_broke_off = any(gap.asked == GRAPH for gap in scanned.gaps)
    by_kind: dict[str, list[Payload]] = {}
    for each in scanned.payloads:
        if not each.superseded and not (graph_broke_off and each.kind == GRAPH):
            by_kind.setdefault(each.kind, []).append(each)
    for found in by_kind.values():
        yield from {each.id: each for each in (*found[:4], *found[-4:])}.values()
    yield from scanned.gaps


def test_no_answer_and_no_gap_can_be_left_out(scanned: Scanned) -> None:
    assert problems(scanned) == []
    unnoticed = [
        each.request if isinstance(each, Gap) else each.ask.request
        for each in deletions(scanned)
        if not problems(scanned, each)
    ]
    assert unnoticed == []


def test_the_law_meets_every_kind_of_answer() -> None:
    kinds = {each.kind for scan in (of_demo, through_graph, below_groups) for each in scan().payloads}
    assert kinds >= {
        *("subscriptions", "descendants", "workspaces", "workspace", "provider", "resourceGraph"),
        *("outboundRules", "computes", "onlineEndpoints", "batchEndpoints", "associatedResource"),
        *("networkProvider", "privateEndpoints", "virtualNetworks", "roleAssignments", "networkAcls"),
        *("networkSecurityPerimeterConfigurations", "diagnosticSettings"),
    }


def test_the_roles_of_each_of_two_identities_on_one_target_are_asked_for(tmp_path: Path) -> None:
    scanned = scan_of(SHARED, policies=(POLICY,))
    roles = [each for each in scanned.payloads if each.kind == "roleAssignments"]
    (target, count) = Counter(each.scope for each in roles).most_common(1)[0]
    assert count > 1
    scanned.seal(tmp_path / "whole")
    assert wrong(verified(tmp_path / "whole")) == []
    for gone in (each for each in roles if each.scope == target):
        (problem, *_) = problems(scanned, gone)
        assert problem.startswith(f"roleAssignments of {target.lower()}/providers/"), problem


def test_a_group_that_a_policy_knows_is_asked_for(tmp_path: Path) -> None:
    policy = tmp_path / "by-group.yaml"
    policy.write_text(BY_GROUP)
    scanned = scan_of(team_tenant(), policies=(str(policy),))
    assert problems(scanned) == []
    (known,) = [each for each in scanned.payloads if each.kind == "descendants"]
    assert "Management group sandbox was asked for" in problems(scanned, known)[0]
    assert loaded([str(policy)], registry())[0].composition.management_groups

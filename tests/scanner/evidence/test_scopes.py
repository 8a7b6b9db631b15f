"""Bundles of scans with every way to choose subscriptions, and with odd answers, agree with themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.tenants.generated import generated_tenant
from scanner.reading.scope import Wanted
from tests.support.evidence.bundles import scan_of, verified, wrong

TENANT = generated_tenant(subscriptions=3, workspaces=2, rules=1, seed=4)
ONE, OTHER, LAST = (str(each["subscriptionId"]) for each in TENANT.subscriptions)
HIDDEN = "00000000-0000-4000-8000-0000000000ff"
SCOPES = {
    "all": Wanted(),
    "by id": Wanted(subscriptions=(ONE.upper(),)),
    "by name": Wanted(subscriptions=("generated-0001",)),
    "hidden": Wanted(subscriptions=(ONE, HIDDEN)),
    "hidden alone": Wanted(subscriptions=(HIDDEN,)),
    "excluded": Wanted(excluded=(ONE, "generated-0001")),
    "nothing left": Wanted(excluded=(ONE, OTHER, LAST)),
    "group": Wanted(management_groups=("generated",)),
    "group without one": Wanted(management_groups=("generated",), excluded=(OTHER,)),
    "unknown group": Wanted(management_groups=("nowhere",), subscriptions=(ONE,)),
}
FAULTS = {
    "subscriptions refused": (Fault(kind=FaultKind.STATUS, status=403, route="subscriptions"),),
    "subscriptions broken off": (Fault(kind=FaultKind.RESET, route="subscriptions", page=2),),
    "graph refused": (Fault(kind=FaultKind.STATUS, status=403, route="resourceGraph"),),
    "graph lost": (Fault(kind=FaultKind.RESET, route="resourceGraph"),),
    "workspaces twice": (Fault(kind=FaultKind.DUPLICATES, route="workspaces"),),
    "workspaces lost": (Fault(kind=FaultKind.RESET, route="workspaces", subscription=OTHER),),
    "members missing": (Fault(kind=FaultKind.MISSING_MEMBERS, route="workspaces"),),
    "other types": (Fault(kind=FaultKind.WRONG_TYPES, route="workspaces"),),
    "other case": (Fault(kind=FaultKind.OTHER_CASE, route="workspaces"),),
    "strange names": (Fault(kind=FaultKind.STRANGE_NAMES, route="onlineEndpoints"),),
    "not registered": (
        Fault(
            kind=FaultKind.STATUS,
            status=409,
            code="MissingSubscriptionRegistration",
            route="workspaces",
            subscription=OTHER,
        ),
    ),
    "old versions": (
        Fault(kind=FaultKind.STATUS, status=400, code="NoRegisteredProviderFound", route="workspaces"),
    ),
}


@pytest.mark.parametrize("name", SCOPES)
@pytest.mark.parametrize("asks_graph", [False, True])
def test_every_scope_is_complete(name: str, asks_graph: bool, tmp_path: Path) -> None:
    scanned = scan_of(TENANT, policies=("internet-outbound",), wanted=SCOPES[name], asks_graph=asks_graph)
    scanned.seal(tmp_path / "bundle")
    assert wrong(verified(tmp_path / "bundle")) == []


@pytest.mark.parametrize("name", FAULTS)
def test_odd_answers_are_complete(name: str, tmp_path: Path) -> None:
    scanned = scan_of(TENANT, *FAULTS[name], policies=("internet-outbound",), asks_graph=True)
    scanned.seal(tmp_path / "bundle")
    assert wrong(verified(tmp_path / "bundle")) == []

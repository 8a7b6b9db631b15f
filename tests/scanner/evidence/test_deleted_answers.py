"""No answer can be deleted from a bundle: its question then has no answer, no refusal and no gap."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.tenants.tenant import Tenant
from tests.support.evidence.bundles import Scanned, scan_of, verified, wrong
from tests.support.evidence.forging import Forger

POLICY = "azure-policy"
"""A shipped policy with few checks, so that deriving is quick."""

DEMO = replace(demo_tenant(), stable_shows_addresses=False)
WITHOUT_VERSION = DEMO.offering("2025-12-01")
ONE_REFUSED = Fault(kind=FaultKind.STATUS, status=403, route="privateEndpoints")
NETWORKS = (
    *("networkProvider", "privateEndpoints", "virtualNetworks"),
    *("networkSecurityPerimeterConfigurations", "networkAcls", "roleAssignments"),
)


def scanned(tenant: Tenant = DEMO, *faults: Fault) -> Scanned:
    return scan_of(tenant, *tenant.default_faults, *faults, policies=(POLICY,))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("sealed") / "bundle"
    scanned().seal(target)
    return target


def found_in(bundle: Path, target: Path, *, without: Iterable[str], one: bool = False) -> list[str]:
    """What verify reports of a bundle without answers and gaps of these kinds, or without one answer of each."""
    forger = Forger.of(bundle)
    for kind in without:
        forger.forget(kind, one=one)
    forger.seal(target)
    return wrong(verified(target))


@pytest.mark.parametrize("one", [True, False], ids=["one", "all"])
@pytest.mark.parametrize("kind", NETWORKS)
def test_deleted_answers_about_networks_are_named(kind: str, one: bool, bundle: Path, tmp_path: Path) -> None:
    found = found_in(bundle, tmp_path / "forged", without=[kind], one=one)
    is_first_page = kind == "networkAcls" and one
    words = "is a later page that no answer leads to" if is_first_page else f"{kind} of /subscriptions/"
    assert any(words in each for each in found), found


def test_endpoints_that_only_a_list_of_connections_names_are_asked_for(tmp_path: Path) -> None:
    lists = Fault(kind=FaultKind.MISSING_MEMBERS, route="workspaces")
    scanned(DEMO, lists).seal(tmp_path / "bundle")
    assert wrong(verified(tmp_path / "bundle")) == []
    found = found_in(tmp_path / "bundle", tmp_path / "forged", without=["privateEndpoints"])
    assert any(each.startswith("privateEndpoints of /subscriptions/") for each in found), found


def test_refusals_of_endpoints_are_answers_and_cannot_be_deleted(tmp_path: Path) -> None:
    scanned(DEMO, ONE_REFUSED).seal(tmp_path / "bundle")
    assert wrong(verified(tmp_path / "bundle")) == []
    found = found_in(tmp_path / "bundle", tmp_path / "forged", without=["privateEndpoints"], one=True)
    assert any(each.startswith("privateEndpoints of /subscriptions/") for each in found), found


def test_the_list_of_offers_replaces_address_rules_and_cannot_be_deleted(tmp_path: Path) -> None:
    scanned(WITHOUT_VERSION).seal(tmp_path / "bundle")
    assert wrong(verified(tmp_path / "bundle")) == []
    found = found_in(tmp_path / "bundle", tmp_path / "forged", without=["provider"])
    assert any(each.startswith("networkAcls of /subscriptions/") for each in found), found


@pytest.mark.parametrize(
    ("kind", "other"),
    [("privateEndpoints", "/other"), ("virtualNetworks", "/other"), ("networkProvider", "s")],
)
def test_an_answer_at_another_url_than_its_scope_is_named(
    kind: str, other: str, bundle: Path, tmp_path: Path
) -> None:
    forger = Forger.of(bundle)
    one = forger.first(lambda each: each.kind == kind)
    forger.change(lambda each: each is one, scope=f"{one.scope}{other}")
    forger.seal(tmp_path / "forged")
    assert any(f"does not ask for {kind} of" in each for each in wrong(verified(tmp_path / "forged")))

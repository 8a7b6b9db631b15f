"""Faults on a share of all requests: every violation in what was readable is found, and none is invented.

`make nightly` runs more seeds.
"""

from __future__ import annotations

import os
from functools import cache

import pytest

from checks.contract.tables import Tables
from checks.engine.asking import findings
from checks.registry import registry
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import emulated
from scanner.emulator.tenants.generated import generated_tenant
from scanner.emulator.tenants.tenant import Tenant
from scanner.policies import LoadedPolicy, loaded
from tests.support.scanning import IMPATIENT, NETWORK, rows, scanned

SEEDS = int(os.environ.get("AZML_AUDIT_FAULT_SEEDS", "10"))
WORKSPACES = int(os.environ.get("AZML_AUDIT_FAULT_WORKSPACES", "1000"))
SHARE = 0.05
SUBSCRIPTIONS = 10
HANG_GUARD = 300.0
ROUTES = ("workspaces", "workspace", "outboundRules")
FAULTS = (
    *({"kind": FaultKind.STATUS, "status": status} for status in (401, 403, 404, 409, 429, 500, 502, 503)),
    *(
        {"kind": kind}
        for kind in (
            *(FaultKind.RESET, FaultKind.TRUNCATE, FaultKind.HTML, FaultKind.NOT_UTF8, FaultKind.TOO_DEEP),
            *(FaultKind.NULL_VALUE, FaultKind.NEXT_LINK_LOOP, FaultKind.FOREIGN_NEXT_LINK),
            *(FaultKind.MISSING_MEMBERS, FaultKind.WRONG_TYPES, FaultKind.UNKNOWN_ENUMS),
            *(FaultKind.STRANGE_NAMES, FaultKind.DUPLICATES, FaultKind.OTHER_CASE),
        )
    ),
)


@cache
def tenant() -> Tenant:
    return generated_tenant(subscriptions=SUBSCRIPTIONS, workspaces=WORKSPACES // SUBSCRIPTIONS, rules=2)


@cache
def policy() -> LoadedPolicy:
    (only,) = loaded(["internet-outbound"], registry())
    return only


def faults(seed: int) -> list[Fault]:
    """Each kind on its part of the share, on every route that decides."""
    rate = SHARE / len(FAULTS)
    return [Fault(**each, route=route, rate=rate, seed=seed) for each in FAULTS for route in ROUTES]  # type: ignore[arg-type]


def statuses(tables: Tables) -> dict[str, str]:
    """Lower-cased workspace id to what NET006 says of it."""
    found = rows(findings(tables, policy().checks))
    return {row["workspace_id"].lower(): row["status"] for row in found if row["check_id"] == "NET006"}


@pytest.mark.parametrize("seed", range(SEEDS))
def test_all_violations_that_could_be_read_are_found_and_none_is_invented(seed: int) -> None:
    with emulated(tenant(), faults=faults(seed), page_size=7) as emulator:
        tables, _ = scanned(emulator, patience=IMPATIENT, collection=NETWORK, hang_guard=HANG_GUARD)
        struck = set(emulator.struck_paths)
    told, violations = statuses(tables), tenant().expected_violations
    everything = {resource.id.lower() for resource in tenant().resources}
    assert struck, "a run without faults shows nothing"
    failing = {key for key, status in told.items() if status == "fail"}
    assert failing <= violations, "none is invented"
    assert not {key for key, status in told.items() if status == "pass"} & violations, "none is let pass"
    undecided = everything - {key for key, status in told.items() if status in ("pass", "fail")}
    assert {key for key in undecided if not touched(key, struck)} == set(), "what was readable is judged"
    assert len(undecided) < len(everything) / 2, "faults are few, and most are asked about again"
    assert everything - told.keys() <= in_broken_lists(tables), "what is missing, a gap says"


def test_an_undocumented_word_is_unknown_unless_the_other_value_fails() -> None:
    words = [Fault(kind=FaultKind.UNKNOWN_ENUMS, route=route, rate=0.5, seed=1) for route in ROUTES[:2]]
    with emulated(tenant(), faults=words, page_size=7) as emulator:
        tables, _ = scanned(emulator, patience=IMPATIENT, collection=NETWORK, hang_guard=HANG_GUARD)
    found, violations = statuses(tables), tenant().expected_violations
    assert unheard(tables) & violations, "without such a word this shows nothing"
    assert unheard(tables) - violations
    assert {found[key] for key in unheard(tables)} == {"unknown"}
    failing = {key for key, status in found.items() if status == "fail"}
    assert failing == violations - unheard(tables)


def unheard(tables: Tables) -> set[str]:
    """The workspaces of which a fault replaced public access and isolation mode by an undocumented word."""
    found = tables.effective.workspaces
    is_unheard = found["public_network_access"].eq("Unheard") & found["isolation_mode"].eq("Unheard")
    return set(found.index[is_unheard.fillna(value=False)])


def touched(workspace: str, struck: set[str]) -> bool:
    """Whether a fault struck the list that tells of the workspace, or anything of its own."""
    listed = f"{'/'.join(workspace.split('/')[:3])}/providers/microsoft.machinelearningservices/workspaces"
    return listed in struck or any(path.startswith(workspace) for path in struck)


def in_broken_lists(tables: Tables) -> set[str]:
    """The workspaces of the subscriptions whose list has a gap."""
    broken = {row["scope"].lower() for row in rows(tables.gaps) if row["asked"] == "workspaces"}
    return {
        resource.id.lower()
        for resource in tenant().resources
        if "/".join(resource.id.split("/")[:3]).lower() in broken
    }


def test_the_same_seed_gives_the_same_faults() -> None:
    outcomes = []
    for _ in range(2):
        with emulated(tenant(), faults=faults(0), page_size=7) as emulator:
            tables, _ = scanned(emulator, patience=IMPATIENT, collection=NETWORK, hang_guard=HANG_GUARD)
            outcomes.append(tables)
    assert list(outcomes[0].gaps["scope"]) == list(outcomes[1].gaps["scope"])
    assert outcomes[0].workspaces.equals(outcomes[1].workspaces)

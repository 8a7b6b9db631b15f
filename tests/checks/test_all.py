"""Laws that every registered check obeys, whoever wrote it."""

from __future__ import annotations

import os
import re
import subprocess
from functools import cache

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from checks.contract.tables import SCHEMAS, Tables, frame
from checks.documentation import section
from checks.engine.asking import findings
from checks.families.pages import MANAGED_NETWORK
from checks.model import Check, Status
from checks.registry import BUILT_IN, registry
from reports.page.fixes import OF_REASON
from tests.support.places import ROOT
from tests.support.side_by_side import KEYS, beside, blanked, verdicts
from tests.support.tables.drawn import chosen, tables
from tests.support.worlds import dependencies, networks, workloads
from tests.support.worlds.networks import child, identity

EXAMPLES = int(os.environ.get("AZML_AUDIT_EXAMPLES", "8"))
"""Worlds drawn for all checks; `make nightly` draws more."""

COST_OR_READINESS = {**networks.WITHOUT_CONTROL, **dependencies.WITHOUT_CONTROL}
"""Checks that map to no control, and why."""

OTHER_EVIDENCE = {
    **networks.OTHER_EVIDENCE,
    **dependencies.OTHER_EVIDENCE,
    **workloads.OTHER_EVIDENCE,
}
"""Columns a row may pass without, because another one decided; any other blank column forbids passing."""

PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
EVERYWHERE = {"workspace", "resource_group", "subscription_id", "location", "workspace_id", "resource_id"}

FAMILIES = ROOT / "tests" / "checks" / "families"
CHECKS = list(registry().values())
WORLDS = networks.WORLDS | dependencies.WORLDS | workloads.WORLDS

HUB = "workspaces.hub_resource_id"
"""What a Project without it belongs to, anybody may own: its world cannot stand beside others."""
READS = sorted({read for check in CHECKS for read in check.reads} | {"workspaces.kind"})
DECIDING = {(check.id, read) for check in CHECKS for read in check.reads} - OTHER_EVIDENCE.keys()


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(tables=tables())
def test_blanking_a_column_never_makes_a_row_pass(tables: Tables) -> None:
    worlds = {"": tables, **{read: blanked(tables, read) for read in READS}}
    found = verdicts(worlds, CHECKS).join(verdicts({HUB: blanked(tables, HUB)}, CHECKS), how="outer")
    for read in (*READS, HUB):
        after = found[read].dropna()
        changed = after[after.ne(found[""].reindex(after.index))]
        for id, status in set(zip(changed.index.get_level_values("check_id"), changed, strict=True)):
            allowed = {Status.UNKNOWN} | dependencies.ABSENCE_MEANS.get((id, read), set())
            assert status in allowed, f"{id} without {read}: {changed[id].to_dict()}"
        passed = set(after[after.eq(Status.PASS)].index.get_level_values("check_id"))
        without = {(id, read) for id in passed} & DECIDING
        assert not without, f"these pass without it: {without}"


@cache
def passing() -> frozenset[tuple[str, str]]:
    """Every check of which some row of `WORLDS` passes, and without which column ("": with all of them)."""
    world = beside(WORLDS)
    found = verdicts({"": world, **{read: blanked(world, read) for read in READS}}, CHECKS)
    ids = found.index.get_level_values("check_id")
    return frozenset((id, read) for read in ("", *READS) for id in ids[found[read].eq(Status.PASS)])


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_check_passes_somewhere_so_that_its_laws_can_fail(check: Check) -> None:
    assert (check.id, "") in passing()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_what_passes_no_longer_does_without_a_column_that_decides(check: Check) -> None:
    decide = {(id, read) for id, read in DECIDING if id == check.id}
    assert passing() & decide == set(), "these pass without it"


def test_every_excuse_for_a_column_is_still_needed() -> None:
    assert OTHER_EVIDENCE.keys() - passing() == set(), "these never pass without it"


def test_a_world_beside_others_is_judged_as_if_it_were_alone() -> None:
    together = verdicts(WORLDS, CHECKS)
    for name in ("strict", "workloads approved", "dependencies open"):
        alone = findings(WORLDS[name], map(chosen, CHECKS)).set_index(KEYS)
        assert together[name].dropna().to_dict() == alone["status"].astype(str).to_dict(), name


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_has_a_title_a_rationale_and_a_fix(check: Check) -> None:
    assert check.title.strip()
    assert len(check.rationale.split("\n")) >= 3
    assert check.remediation.summary.strip()
    assert check.remediation.caution.strip()
    assert check.references
    assert all(reference.startswith("https://") for reference in check.references)
    assert MANAGED_NETWORK not in check.references, "cite the section that decides"
    assert bool(check.controls) != (check.id in COST_OR_READINESS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_check_has_tests_that_its_id_finds(check: Check) -> None:
    families = "".join(file.read_text("utf-8") for file in FAMILIES.glob("test_*.py"))
    assert f"def test_{check.id.lower()}_" in families or f'"{check.id}"' in families


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_remediation_uses_placeholders_the_report_can_fill(check: Check) -> None:
    fix = check.remediation
    for text in (fix.summary, fix.caution, fix.az, fix.bicep, fix.terraform):
        assert set(PLACEHOLDER.findall(text)) <= EVERYWHERE | {OF_REASON} | set(SCHEMAS[check.over].dtypes)
        rest = PLACEHOLDER.sub("", text)
        assert "{{" not in rest
        assert rest.count("{") == rest.count("}")
    assert "'{{" not in fix.bicep
    assert '"{{' not in fix.terraform


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_parameter_is_explained(check: Check) -> None:
    assert all(field.description for field in check.params.model_fields.values())


def test_ids_are_unique_and_listed_in_order() -> None:
    ids = [check.id for check in BUILT_IN]
    assert len(ids) == len(set(ids))
    by_family: dict[str, list[str]] = {}
    for check in BUILT_IN:
        by_family.setdefault(check.family, []).append(check.id)
    assert all(family == sorted(family) for family in by_family.values())
    assert list(registry()) == sorted(registry())


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_check_answers_on_empty_tables(check: Check) -> None:
    empty = Tables.of()
    assert check.function(empty.restricted_to(check.reads), chosen(check).params).empty
    assert findings(empty, [chosen(check)]).empty


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_what_was_not_reported_is_not_shown_as_observed(check: Check) -> None:
    nothing = Tables.of(
        workspaces=[identity("ws")],
        outbound_rules=[child("ws", "rule", "r")],
        private_endpoint_connections=[child("ws", "connection", "c")],
    )
    found = findings(nothing, [chosen(check)])
    means_fail = any(Status.FAIL in dependencies.ABSENCE_MEANS.get((check.id, r), ()) for r in check.reads)
    assert set(found["status"]) <= {Status.UNKNOWN} | ({Status.FAIL} if means_fail else set())
    assert found["observed"].str.contains("not reported|not read").all(), list(found["observed"])


@cache
def in_either_order() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The findings of all checks in all worlds, and those where every table is turned upside down."""
    world = beside(WORLDS)
    turned = Tables(**{name: world[name].iloc[::-1] for name in SCHEMAS})
    one, other = (findings(each, map(chosen, CHECKS)) for each in (world, turned))
    return one, other


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_answers_do_not_depend_on_the_order_of_rows(check: Check) -> None:
    one, other = (found[found["check_id"].eq(check.id)] for found in in_either_order())
    assert not one.empty
    pd.testing.assert_frame_equal(one, other)


def test_the_rows_of_a_frame_are_sorted_whatever_their_order() -> None:
    rows = [identity("b"), identity("a")]
    assert list(frame("workspaces", rows)["workspace"]) == ["a", "b"]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_fix_for_any_resource_has_no_placeholders_and_its_names_are_texts(check: Check) -> None:
    fix = check.remediation.for_any_resource()
    shown = section(check)
    for text, quote in ((fix.az, "'"), (fix.bicep, "'"), (fix.terraform, '"')):
        assert "{{" not in text
        assert text.strip() in shown
        assert re.findall(r"(?<!['\"])<\w+>|<\w+>(?!['\"])", text) == []
        assert set(re.findall(r"(.)<\w+>(.)", text)) <= {(quote, quote)}
    shell = subprocess.run(["bash", "-n"], input=fix.az, text=True, capture_output=True, check=False)
    assert shell.returncode == 0, shell.stderr

"""Fixes filled in for the failing resources of the demo tenant, as a report fills them in."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest
import tree_sitter_bicep
from tree_sitter import Language, Parser

from checks.contract.tables import Tables
from checks.engine.asking import findings
from checks.model import Check, Status
from checks.registry import BUILT_IN, registry
from reports.literals import placeholders
from reports.page.fixes import Resources
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.server import emulated
from scanner.policies import loaded
from scanner.reading.collection import EVERYTHING
from tests.support.audits.tenants import workspace_row
from tests.support.fix_lines import filled
from tests.support.fixes.templates.terraform import blocks
from tests.support.places import DATA
from tests.support.scanning import rows, scanned


@cache
def failing() -> tuple[Tables, list[dict[str, str]]]:
    (policy,) = loaded([str(DATA / "demo_truth_policy.yaml")], registry())
    with emulated(demo_tenant()) as emulator:
        tables, _ = scanned(emulator, collection=EVERYTHING)
    found = findings(tables, policy.checks)
    return tables, rows(found[found["status"].eq(Status.FAIL)])


@pytest.mark.parametrize("check", BUILT_IN, ids=lambda check: check.id)
def test_every_placeholder_has_a_value_of_the_resource(check: Check) -> None:
    tables, found = failing()
    names = placeholders(check.remediation)
    resources = Resources(tables)
    for row in (each for each in found if each["check_id"] == check.id):
        ids = {name: row[name] for name in ("resource_id", "workspace_id", "judged_by")}
        values = dict(zip(names, resources.values(check, names, **ids, reason=row["reason"]), strict=True))
        for text in filled(check.remediation, values).values():
            assert "{{" not in text
        absent = {name for name, value in values.items() if value == f"<{name}>"}
        assert absent <= {"service_tag", "address_prefixes", "isolation_mode", "service_resource_id"}, row
        if "workspace_id" in values:
            assert values["workspace_id"].lower() in {row["workspace_id"].lower(), row["judged_by"].lower()}


@pytest.mark.parametrize("check", BUILT_IN, ids=lambda check: check.id)
def test_a_hostile_name_is_one_word_in_every_language(check: Check, tmp_path: Path) -> None:
    hostile = 'it\'s $(touch stolen) `touch stolen` "q" ${x} rg(1) ü'
    texts = filled(check.remediation, dict.fromkeys(placeholders(check.remediation), hostile))
    az = tmp_path / "az"
    az.write_text("#!/bin/sh\n", encoding="utf-8")
    az.chmod(0o755)
    names = dict.fromkeys(re.findall(r"\$\{?([A-Z_]+)", texts["az"]), "value")
    done = subprocess.run(
        ["bash", "-eu", "-c", texts["az"]],
        cwd=tmp_path,
        env={**names, "PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert not (tmp_path / "stolen").exists()
    if texts["bicep"]:
        language = Language(tree_sitter_bicep.language())
        assert not Parser(language).parse(texts["bicep"].encode()).root_node.has_error
    if texts["terraform"]:
        assert blocks(texts["terraform"])


def test_a_shared_dependency_is_filled_in_for_the_workspace_of_the_finding() -> None:
    workspaces = [workspace_row(number) for number in range(2)]
    store = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/shared"
    tables = Tables.of(
        workspaces=workspaces,
        associated_resources=[
            {
                "association_id": f"{each['workspace_id']}#storage".lower(),
                "workspace_id": each["workspace_id"],
                "resource_id": store,
                "resource": "shared",
                "role": "storage",
            }
            for each in workspaces
        ],
    )
    check = registry()["RES010"]
    names = ("workspace_id", "resource", "resource_id")
    for each in workspaces:
        id_ = each["workspace_id"]
        found = Resources(tables).values(
            check, names, resource_id=store, workspace_id=id_, judged_by=id_.lower()
        )
        assert found == [id_, "shared", store]

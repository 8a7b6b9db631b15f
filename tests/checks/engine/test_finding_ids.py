"""A finding keeps its id in every run and report, and no two findings share one."""

from __future__ import annotations

import uuid
from typing import Any

import pandas as pd

from checks.engine.finding_ids import NAMESPACE, finding_id, finding_ids
from tests.support.audits.audits import CHECKS, audit_of
from tests.support.audits.tenants import hostile_tenant, tenant
from tests.support.places import ROOT

WORKSPACE = "/subscriptions/S/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
VAULT = "/subscriptions/S/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v"


def test_an_id_is_the_uuid5_of_check_and_lower_cased_resource() -> None:
    """Pinned: an id that changes orphans every ticket, suppression and baseline that names it."""
    assert finding_id("NET001", WORKSPACE, WORKSPACE) == str(
        uuid.uuid5(NAMESPACE, f"NET001\n{WORKSPACE.lower()}")
    )
    assert finding_id("NET001", WORKSPACE) == "a747d78f-6578-5453-bf5c-b0fbc05df267"


def test_case_does_not_matter_and_every_word_does() -> None:
    own = finding_id("NET001", WORKSPACE, WORKSPACE)
    assert finding_id("NET001", WORKSPACE.upper(), WORKSPACE) == own
    assert len({own, finding_id("NET002", WORKSPACE, WORKSPACE), finding_id("NET001", VAULT, WORKSPACE)}) == 3


def test_what_two_workspaces_share_has_a_finding_for_each() -> None:
    other = WORKSPACE + "2"
    assert finding_id("RES001", VAULT, WORKSPACE) != finding_id("RES001", VAULT, other)
    assert finding_id("CMP001", f"{WORKSPACE}/computes/c", WORKSPACE) == finding_id(
        "CMP001", f"{WORKSPACE}/computes/c"
    )
    assert finding_id("CMP001", f"{other}/computes/c", WORKSPACE) != finding_id(
        "CMP001", f"{other}/computes/c", other
    )


def test_ids_of_a_frame_are_those_of_its_rows_and_the_same_under_every_policy() -> None:
    findings = audit_of(tenant(20), {"one": CHECKS, "two": CHECKS[:2]}).findings
    ids = finding_ids(findings.sample(frac=1, random_state=1))
    assert ids.loc[0] == finding_id(*findings.loc[0, ["check_id", "resource_id", "workspace_id"]])
    by_policy = {name: set(ids[rows.index]) for name, rows in findings.groupby("policy")}
    assert len(by_policy["one"]) == int(findings["policy"].eq("one").sum())
    assert by_policy["two"] < by_policy["one"]


def test_categoricals_missing_ids_and_lone_surrogates_have_ids() -> None:
    frame = pd.DataFrame(
        {
            "check_id": pd.Categorical(["NET001", "NET001"]),
            "resource_id": pd.Series([None, "/x/\ud800"], dtype=object),
            "workspace_id": ["", ""],
        }
    )
    assert finding_ids(frame).nunique() == 2
    assert finding_ids(audit_of(hostile_tenant()).findings).is_unique


def test_the_documented_way_from_a_row_of_findings_csv_to_the_id_is_right() -> None:
    recipe: dict[str, Any] = {}
    text = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    exec(text.partition("```python\n")[2].partition("```")[0], recipe)
    rows = [("NET001", WORKSPACE, WORKSPACE), ("CMP001", f"{WORKSPACE}/computes/C", WORKSPACE)]
    rows += [("RES001", VAULT, WORKSPACE), ("SUB001", "/subscriptions/S", "")]
    findings = pd.DataFrame(rows, columns=["check_id", "resource_id", "workspace_id"])
    told = [recipe["finding_id"](row) for row in findings.to_dict("records")]
    assert told == finding_ids(findings).tolist()

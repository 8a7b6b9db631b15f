from __future__ import annotations

import pandas as pd
import pytest

from checks.contract.columns_of_workspaces import NETWORK_COLUMNS
from checks.contract.hubs import hub_notes
from checks.contract.tables import Tables
from tests.support.tables.checks import asked, isolated, statuses, workspace, workspace_id

HUB = {**isolated("Hub", public_network_access="Disabled"), "kind": "Hub"}
PROJECT = workspace("project", kind="Project", public_network_access="Enabled")


def project_of(hub: str | None) -> dict[str, object]:
    return {**PROJECT, "hub_resource_id": hub}


def test_a_project_takes_its_hubs_network_whatever_the_case_of_the_id() -> None:
    found = asked("NET001", [HUB, project_of(workspace_id("hUB"))])
    assert statuses(found) == ["pass", "pass"]
    assert found["judged_by"][1] == workspace_id("Hub").lower()
    assert "A Project is judged by its hub" in found["reason"][1]
    assert "hub" not in found["reason"][0]


def test_a_project_without_a_readable_hub_is_unknown_and_says_why() -> None:
    found = asked("NET001", [project_of(workspace_id("elsewhere"))])
    assert statuses(found) == ["unknown"]
    assert "could not be read" in found["reason"][0]
    assert workspace_id("elsewhere") in found["reason"][0]


def test_a_project_that_names_no_hub_is_unknown_and_says_why() -> None:
    found = asked("NET001", [project_of(None)])
    assert statuses(found) == ["unknown"]
    assert "names none" in found["reason"][0]


def test_a_project_cannot_be_the_hub_of_another() -> None:
    other = {**workspace("other", kind="Project", public_network_access="Disabled"), "hub_resource_id": "/x"}
    found = asked("NET001", [project_of(workspace_id("other")), other])
    assert statuses(found) == ["unknown", "unknown"]


def test_a_workspace_that_names_a_hub_is_a_project_without_a_kind_too() -> None:
    row = {**project_of(workspace_id("hub")), "kind": None}
    assert statuses(asked("NET001", [HUB, row])) == ["pass", "pass"]


def test_other_columns_stay_the_projects_own() -> None:
    row = {**project_of(workspace_id("hub")), "serverless_compute_configured": False}
    resolved = Tables.of(workspaces=[HUB, row]).effective.workspaces
    assert list(resolved["serverless_compute_configured"].astype("string").fillna("NA")) == ["NA", "False"]


@pytest.mark.parametrize("hub", [workspace_id("hub"), workspace_id("elsewhere"), None])
def test_resolving_twice_changes_nothing_more(hub: str | None) -> None:
    once = Tables.of(workspaces=[HUB, project_of(hub)]).effective
    pd.testing.assert_frame_equal(once.effective.workspaces, once.workspaces)


def test_plain_workspaces_keep_their_values_and_get_no_note() -> None:
    tables = Tables.of(workspaces=[HUB, workspace()])
    resolved = tables.effective.workspaces
    pd.testing.assert_frame_equal(
        resolved[list(NETWORK_COLUMNS)], tables.workspaces[list(NETWORK_COLUMNS)], check_dtype=False
    )
    assert list(hub_notes(resolved)) == ["", ""]

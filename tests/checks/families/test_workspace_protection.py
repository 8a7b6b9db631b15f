from __future__ import annotations

import pytest
from pydantic import ValidationError

from tests.support.tables.checks import findings_of, workspace_id
from tests.support.tables.dependencies import place, setting


def status_of(check_id: str, column: str, value: object, **parameters: object) -> str:
    found = findings_of(check_id, parameters, workspaces=[{**place(), column: value}])
    return str(found["status"].iloc[0])


@pytest.mark.parametrize(
    ("type_", "kind", "status"),
    [
        ("SystemAssigned", "SystemAssigned", "pass"),
        ("systemassigned, USERASSIGNED", "SystemAssigned", "pass"),
        ("SystemAssigned,UserAssigned", "UserAssigned", "pass"),
        ("UserAssigned", "Any", "pass"),
        ("UserAssigned", "SystemAssigned", "fail"),
        ("SystemAssigned", "UserAssigned", "fail"),
        ("None", "Any", "fail"),
        ("", "SystemAssigned", "fail"),
        ("Borrowed", "Any", "unknown"),
        ("SystemAssigned, Borrowed", "UserAssigned", "unknown"),
        (None, "Any", "unknown"),
    ],
)
def test_sec001_the_identity_is_of_the_wanted_kind(type_: str | None, kind: str, status: str) -> None:
    assert status_of("SEC001", "identity_type", type_, kind=kind) == status


def test_sec001_the_identity_is_system_assigned_by_default() -> None:
    assert status_of("SEC001", "identity_type", "UserAssigned") == "fail"
    with pytest.raises(ValidationError):
        status_of("SEC001", "identity_type", "UserAssigned", kind="None")


@pytest.mark.parametrize(
    ("encryption", "status"),
    [
        ("Enabled", "pass"),
        ("enabled", "pass"),
        ("Disabled", "fail"),
        ("", "fail"),
        (None, "unknown"),
        ("Odd", "unknown"),
    ],
)
def test_sec002_the_key_is_the_customers(encryption: str | None, status: str) -> None:
    assert status_of("SEC002", "encryption_status", encryption) == status


def test_sec002_a_project_is_encrypted_as_its_hub_is_and_unknown_without_it() -> None:
    hub = place("hub", kind="Hub", encryption_status="Enabled")
    project = place("proj", kind="Project", hub_resource_id=workspace_id("hub"), encryption_status="")
    orphan = place(
        "zorphan", kind="Project", hub_resource_id=workspace_id("gone"), encryption_status="Enabled"
    )
    found = findings_of("SEC002", workspaces=[hub, project, orphan])
    assert list(found["status"]) == ["pass", "pass", "unknown"]


@pytest.mark.parametrize(("flag", "status"), [(True, "pass"), (False, "fail"), (None, "unknown")])
def test_sec003_high_business_impact_is_set(flag: bool | None, status: str) -> None:
    assert status_of("SEC003", "hbi_workspace", flag) == status


@pytest.mark.parametrize(
    ("logs", "sinks", "known", "status"),
    [
        ("AmlComputeJobEvent", "workspaceId", True, "pass"),
        ("allLogs, audit", "storageAccountId, workspaceId", None, "pass"),
        ("", "workspaceId", True, "fail"),
        ("AmlComputeJobEvent", "", True, "fail"),
        ("", "workspaceId", False, "unknown"),
        ("", "workspaceId", None, "unknown"),
        (None, "workspaceId", True, "unknown"),
        ("AmlComputeJobEvent", None, True, "unknown"),
    ],
)
def test_sec004_logs_are_sent_by_a_setting_with_categories_and_a_sink(
    logs: str | None, sinks: str | None, known: bool | None, status: str
) -> None:
    found = findings_of(
        "SEC004",
        workspaces=[place(diagnostic_settings_known=known)],
        diagnostic_settings=[setting(logs, sinks)],
    )
    assert list(found["status"]) == [status]


def test_sec004_without_a_setting_logs_go_nowhere_or_nobody_knows() -> None:
    rows = [place("a"), place("b", diagnostic_settings_known=None)]
    assert list(findings_of("SEC004", workspaces=rows)["status"]) == ["fail", "unknown"]


def test_sec004_one_setting_that_sends_is_enough_and_is_named() -> None:
    settings = [setting("", "workspaceId", name="off"), setting("audit", "workspaceId", name="on")]
    found = findings_of("SEC004", workspaces=[place()], diagnostic_settings=settings)
    assert list(found["status"]) == ["pass"]
    assert list(found["observed"]) == ["on"]


def test_sec004_a_project_needs_diagnostic_settings_of_its_own() -> None:
    hub = place("hub", kind="Hub")
    project = place("proj", kind="Project", hub_resource_id=workspace_id("hub"))
    of_hub = findings_of(
        "SEC004", workspaces=[hub, project], diagnostic_settings=[setting("a", "b", of="hub")]
    )
    assert list(of_hub["status"]) == ["pass", "fail"]
    of_project = findings_of(
        "SEC004", workspaces=[hub, project], diagnostic_settings=[setting("a", "b", of="proj")]
    )
    assert list(of_project["status"]) == ["fail", "pass"]


@pytest.mark.parametrize(
    ("mode", "status"),
    [
        ("Identity", "pass"),
        ("identity", "pass"),
        ("UserDelegationSAS", "pass"),
        ("accesskey", "fail"),
        ("", "fail"),
        (None, "unknown"),
        ("Telepathy", "unknown"),
    ],
)
def test_sec005_default_datastores_use_identity(mode: str | None, status: str) -> None:
    assert status_of("SEC005", "system_datastores_auth_mode", mode) == status


@pytest.mark.parametrize(("flag", "status"), [(False, "pass"), (True, "fail"), (None, "unknown")])
def test_sec006_the_legacy_api_mode_is_off(flag: bool | None, status: str) -> None:
    assert status_of("SEC006", "v1_legacy_mode", flag) == status


@pytest.mark.parametrize("check_id", ["SEC001", "SEC002", "SEC003", "SEC005", "SEC006"])
def test_protection_is_asked_of_every_workspace(check_id: str) -> None:
    rows = [place("a", kind="Hub"), place("b", kind="FeatureStore"), place("c", kind=None)]
    assert "not-applicable" not in set(findings_of(check_id, workspaces=rows)["status"])

from __future__ import annotations

import pytest

from tests.support.tables.checks import SUBSCRIPTION, asked, connection, statuses, workspace

NETWORK_GROUP = f"/subscriptions/{SUBSCRIPTION.upper()}/resourceGroups/net"
ENDPOINT = f"{NETWORK_GROUP}/providers/Microsoft.Network/privateEndpoints/pe"


@pytest.mark.parametrize(
    ("states", "known", "status"),
    [
        (["approved"], True, "pass"),
        (["Pending", "Approved"], True, "pass"),
        (["Pending", "Timeout"], True, "fail"),
        ([], True, "fail"),
        (["Pending", None], True, "unknown"),
        (["Approved"], False, "unknown"),
        ([], None, "unknown"),
    ],
)
def test_pep001_only_an_approved_connection_counts(
    states: list[str | None], known: bool | None, status: str
) -> None:
    row = workspace(private_endpoint_connections_known=known)
    connections = [connection(state, f"pe{n}") for n, state in enumerate(states)]
    assert statuses(asked("PEP001", [row], connections=connections)) == [status]


def test_pep001_closed_and_without_endpoint_is_called_unreachable() -> None:
    found = asked("PEP001", [workspace(public_network_access="Disabled")])
    assert "unreachable" in found["reason"][0]


def test_pep001_a_project_is_judged_by_the_endpoints_of_its_hub() -> None:
    hub = workspace("hub", kind="Hub")
    project = workspace("project", kind="Project", hub_resource_id=str(hub["workspace_id"]).upper())
    found = asked("PEP001", [hub, project], connections=[connection("Approved", of="hub")])
    assert statuses(found) == ["pass", "pass"]
    assert "judged by its hub" in found["reason"][1]


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("Approved", "pass"),
        ("Pending", "fail"),
        ("rejected", "fail"),
        ("Disconnected", "fail"),
        ("Timeout", "fail"),
        ("Pondering", "unknown"),
        (None, "unknown"),
    ],
)
def test_pep002_a_connection_that_waits_or_was_refused_fails(state: str | None, status: str) -> None:
    found = asked("PEP002", [workspace()], connections=[connection(state)])
    assert statuses(found) == [status]


@pytest.mark.parametrize(("description", "quoted"), [("please", True), ("", False), (None, False)])
def test_pep002_a_description_is_quoted_where_there_is_one(description: str | None, quoted: bool) -> None:
    rows = [connection("Pending", description=description)]
    reason = asked("PEP002", [workspace()], connections=rows)["reason"][0]
    assert ("Its owner wrote" in reason) == quoted


def test_pep002_unread_connections_make_the_workspace_unknown() -> None:
    row = workspace(private_endpoint_connections_known=False)
    found = asked("PEP002", [row], connections=[connection("Approved")])
    assert sorted(statuses(found)) == ["pass", "unknown"]


@pytest.mark.parametrize(
    ("endpoint", "allowed", "status"),
    [
        (ENDPOINT, [SUBSCRIPTION], "pass"),
        (ENDPOINT, [f" /Subscriptions/{SUBSCRIPTION.upper()}/"], "pass"),
        (ENDPOINT, ["99999999-0000-0000-0000-000000000000"], "fail"),
        (None, [SUBSCRIPTION], "unknown"),
        ("not an id", [SUBSCRIPTION], "unknown"),
        (ENDPOINT, [], "not-applicable"),
        (None, [], "not-applicable"),
    ],
)
def test_pep003_endpoints_have_to_come_from_allowed_subscriptions(
    endpoint: str | None, allowed: list[str], status: str
) -> None:
    rows = [connection("Approved", private_endpoint_id=endpoint)]
    found = asked("PEP003", [workspace()], connections=rows, allowed_subscriptions=allowed)
    assert statuses(found) == [status]

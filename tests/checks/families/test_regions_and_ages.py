"""RES017, the region of a dependency, and CMP009, computes older than the private endpoint."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.tables.checks import Row, workspace_id
from tests.support.tables.dependencies import dependency, missing, unreadable
from tests.support.tables.workloads import compute, place, status

OLD, SINCE, NEW = "2026-01-31T23:59:59.9999999Z", "2026-02-01T00:00:00Z", "2026-02-01T01:00:00+00:00"


def region(row: Row, home: str | None = "westeurope") -> str:
    return status("RES017", workspaces=[place(location=home)], associated_resources=[row])


@pytest.mark.parametrize(
    ("location", "outcome"),
    [
        ("westeurope", "pass"),
        ("West Europe", "pass"),
        ("WESTEUROPE", "pass"),
        ("eastus", "fail"),
        ("westeurope2", "fail"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
@pytest.mark.parametrize("role", ["storage", "vault", "registry", "insights"])
def test_RES017_a_dependency_is_in_the_region_of_its_workspace(  # noqa: N802
    role: str, location: str | None, outcome: str
) -> None:
    assert region(dependency(role, location=location, sku="Standard")) == outcome


@pytest.mark.parametrize(
    ("sku", "outcome"), [("Basic", "fail"), ("Standard", "fail"), ("Premium", "unknown"), (None, "unknown")]
)
def test_RES017_a_registry_may_have_a_replica(sku: str | None, outcome: str) -> None:  # noqa: N802
    assert region(dependency("registry", location="eastus", sku=sku)) == outcome
    assert region(dependency("registry", location="westeurope", sku=sku)) == "pass"
    assert region(dependency("vault", location="eastus", sku=sku)) == "fail"


def test_RES017_what_was_not_read_is_unknown() -> None:  # noqa: N802
    assert {region(missing("vault")), region(unreadable("vault"))} == {"unknown"}
    assert region(dependency("vault", location="eastus"), home=None) == "unknown"


def connection(created: str | None = SINCE, status: str | None = "Approved", name: str = "c") -> Row:
    return {
        "connection_id": f"{workspace_id()}/privateEndpointConnections/{name}",
        "workspace_id": workspace_id().upper(),
        "connection": name,
        "status": status,
        "created_at": created,
    }


def age(
    created: str | None,
    *connections: Row,
    kind: str = "AmlCompute",
    subnet: str | None = "",
    known: bool = True,
) -> str:
    return status(
        "CMP009",
        workspaces=[place(private_endpoint_connections_known=known)],
        computes=[compute({"created_on": created, "subnet_id": subnet}, kind)],
        private_endpoint_connections=connections,
    )


@pytest.mark.parametrize(
    ("created", "outcome"),
    [(OLD, "fail"), (SINCE, "pass"), (NEW, "pass"), ("2026-02-01T00:30:00+01:00", "fail"), ("", "unknown"),
     (None, "unknown"), ("yesterday", "unknown"), ("now", "unknown"), ("today", "unknown"), ("2026", "unknown"),
     ("2026-01-01T00:00:00", "unknown"), ("0001-01-01T00:00:00Z", "unknown")],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["AmlCompute", "ComputeInstance"])
def test_CMP009_a_compute_is_younger_than_the_endpoint(kind: str, created: str | None, outcome: str) -> None:  # noqa: N802
    assert age(created, connection(), kind=kind) == outcome


@pytest.mark.parametrize(
    ("connections", "outcome"),
    [
        ([], "not-applicable"),
        ([connection(status="Rejected")], "not-applicable"),
        ([connection(status="Pending"), connection(OLD, name="d")], "pass"),
        ([connection(status=None)], "unknown"),
        ([connection(None)], "unknown"),
        ([connection(), connection(None, name="d")], "unknown"),
        ([connection("2026-03-01T00:00:00Z"), connection(name="d")], "pass"),
    ],
)
def test_CMP009_the_oldest_approved_connection_decides(connections: list[Row], outcome: str) -> None:  # noqa: N802
    assert age(NEW, *connections) == outcome


def test_CMP009_connections_that_were_not_all_read_leave_it_open() -> None:  # noqa: N802
    assert age(OLD, known=False) == age(OLD, connection(), known=False) == "unknown"


def test_CMP009_an_old_compute_in_a_subnet_may_be_in_the_endpoints_network() -> None:  # noqa: N802
    assert age(OLD, connection(), subnet="/subnets/own") == age(OLD, connection(), subnet=None) == "unknown"
    assert age(NEW, connection(), subnet="/subnets/own") == "pass"


def test_CMP009_attached_computes_are_not_asked() -> None:  # noqa: N802
    assert age(OLD, connection(), kind="Kubernetes") == "not-applicable"


TIMES = st.datetimes(min_value=datetime(2, 1, 1))


@given(TIMES, TIMES)
def test_CMP009_decides_by_the_order_of_the_times(created: object, since: object) -> None:  # noqa: N802
    times = [f"{each.isoformat()}Z" for each in (created, since)]  # type: ignore[attr-defined]
    expected = "fail" if created < since else "pass"  # type: ignore[operator]
    assert age(times[0], connection(times[1])) == expected

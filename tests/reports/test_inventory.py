"""The dependencies, computes and endpoints of a workspace never claim more than was read."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from checks.contract.tables import Tables
from reports.page.inventory import computes, dependencies, endpoints, read_signs
from tests.support.audits.inventory import compute_rows, dependency_row, endpoint_rows, with_inventory
from tests.support.audits.tenants import Row, tenant, workspace_row

OWNER = workspace_row(0)["workspace_id"]


def one(frame: pd.DataFrame) -> dict[str, Any]:
    return dict(frame.astype(object).where(frame.notna(), None).iloc[0])


def dependency(role: str = "storage", **values: object) -> dict[str, Any]:
    return one(dependencies(Tables.of(associated_resources=[{**dependency_row(OWNER, role), **values}])))


def compute(mode: str | None = "Disabled", **values: object) -> dict[str, Any]:
    owner = {**workspace_row(0), "isolation_mode": mode, "managed_network_reported": mode and True}
    row: Row = {**compute_rows(OWNER, 1)[0], **values}
    return one(computes(Tables.of(workspaces=[owner], computes=[row])))


@pytest.mark.parametrize(
    ("status", "why", "shown"),
    [
        ("read", "", "read"),
        ("missing", "", "no such resource (404)"),
        ("unreadable", "AuthorizationFailed", "could not be read: AuthorizationFailed"),
        ("unreadable", "", "could not be read: no reason was recorded"),
        (None, None, "unknown"),
    ],
)
def test_a_dependency_shows_whether_it_was_read(status: str | None, why: str | None, shown: str) -> None:
    assert dependency(read_status=status, unread_reason=why)["read"] == shown


def test_what_a_read_dependency_left_out_was_not_reported() -> None:
    row = dependency(public_network_access=None, default_action=None, approved_private_endpoints=None)
    assert (row["access"], row["default_action"], row["endpoints"]) == ("not reported",) * 3


def test_a_dependency_that_was_not_read_has_no_values() -> None:
    row = dependency("registry", public_network_access="Enabled")
    assert (row["access"], row["default_action"], row["endpoints"]) == (None, None, None)


def test_application_insights_has_an_access_for_each_way() -> None:
    assert dependency("insights")["access"] == "ingestion Disabled, queries not reported"


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({}, "203.0.113.1"),
        ({"public_ip_address": ""}, "yes"),
        ({"public_ip_address": "", "enable_node_public_ip": False}, "no"),
        ({"public_ip_address": None, "enable_node_public_ip": False}, "no, but the address was not reported"),
        ({"public_ip_address": "", "enable_node_public_ip": None}, "not reported"),
        ({"compute_type": "Kubernetes"}, None),
    ],
)
def test_a_compute_shows_its_public_address(values: Row, shown: str | None) -> None:
    assert compute(**values)["address"] == shown


@pytest.mark.parametrize(
    ("mode", "subnet", "shown"),
    [
        ("Disabled", "", "none"),
        ("AllowInternetOutbound", "", "managed network"),
        (None, "", "no subnet; the isolation mode was not reported"),
        ("AllowInternetOutbound", None, "not reported"),
        ("AllowInternetOutbound", "/x/VirtualNetworks/v/subnets/s", "v/s"),
        ("Disabled", "something else", "something else"),
    ],
)
def test_a_compute_shows_its_network(mode: str | None, subnet: str | None, shown: str) -> None:
    assert compute(mode, subnet_id=subnet)["network"] == shown


def test_only_online_endpoints_have_an_access() -> None:
    rows = [{**row, "public_network_access": None} for row in endpoint_rows(OWNER)]
    found = endpoints(Tables.of(endpoints=rows)).set_index("endpoint_type")["access"]
    assert found["online"] == "not reported"
    assert pd.isna(found["batch"])


def test_not_read_not_collected_and_unknown_have_signs_of_their_own() -> None:
    workspaces = with_inventory(tenant(6)).workspaces
    assert read_signs(workspaces).tolist() == ["ynyy-y", "yyyy-y", "yyyy-y", "yyyy-y", "yyyy-y", "ynyy-n"]
    partly = workspaces.copy()
    partly.loc[partly.index[1], "computes_known"] = pd.NA
    assert read_signs(partly).tolist()[1] == "y?yy-y"
    assert set(read_signs(tenant(2).workspaces)) == {"-----y"}

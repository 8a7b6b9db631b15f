"""The dependencies, computes and endpoints of each workspace, in the words of the page."""

from __future__ import annotations

import pandas as pd

from checks.contract.isolation import is_on, mode_around
from checks.contract.tables import Tables
from checks.contract.workloads import MANAGED_TYPES, is_type

DEPENDENCY_COLUMNS = (
    "role", "resource_id", "read", "access", "default_action", "endpoints", "perimeter",
)  # fmt: skip

COMPUTE_COLUMNS = ("compute", "compute_type", "address", "network", "local_auth", "login")

ENDPOINT_COLUMNS = ("endpoint", "endpoint_type", "access", "auth_mode")

KINDS: tuple[tuple[str, str], ...] = (
    ("dependencies", "associated_resources_known"),
    ("computes", "computes_known"),
    ("online endpoints", "online_endpoints_known"),
    ("batch endpoints", "batch_endpoints_known"),
    ("serverless endpoints", "serverless_endpoints_known"),
    ("private endpoint connections", "private_endpoint_connections_known"),
)
"""A kind of resource, and the column of `workspaces` that is True if all of that kind were read."""

READ, BROKEN, NOT_COLLECTED, NOT_KNOWN = "yn-?"
"""The words for the state of a kind's list for a workspace. Not collected: the scan did not ask for the list."""

_MISSING = "not reported"


def dependencies(tables: Tables) -> pd.DataFrame:
    """Return a row for each resource a workspace depends on: `DEPENDENCY_COLUMNS` and `workspace_id`."""
    found = tables.associated_resources
    is_read = found["read_status"].eq("read").fillna(value=False).astype(bool)
    is_insights = found["role"].eq("insights").fillna(value=False).astype(bool)
    queried = "ingestion " + found["ingestion_access"].fillna(_MISSING)
    queried = queried + ", queries " + found["query_access"].fillna(_MISSING)
    access = found["public_network_access"].fillna(_MISSING).mask(is_insights, queried)
    endpoints = found["approved_private_endpoints"].astype("string").fillna(_MISSING)
    return found[["workspace_id", "role", "resource_id"]].assign(
        read=_read(found),
        access=access.where(is_read),
        default_action=found["default_action"].fillna(_MISSING).where(is_read & ~is_insights),
        endpoints=endpoints.where(is_read & ~is_insights),
        perimeter=found["perimeter_access_mode"].replace("", pd.NA).where(is_read),
    )


def _read(found: pd.DataFrame) -> pd.Series[str]:
    status = found["read_status"]
    shown = status.mask(status.eq("missing").fillna(value=False), "no such resource (404)")
    why = "could not be read: " + found["unread_reason"].replace("", pd.NA).fillna("no reason was recorded")
    return shown.mask(status.eq("unreadable").fillna(value=False), why).fillna("unknown")


def computes(tables: Tables) -> pd.DataFrame:
    """Return a row for each compute: `COMPUTE_COLUMNS` and `workspace_id`, all strings.

    Address, network and login are `<NA>` for computes that Azure Machine Learning does not run itself.
    """
    found = tables.computes
    is_managed = is_type(found, *MANAGED_TYPES).fillna(value=True).astype(bool)
    login = found["ssh_public_access"].fillna(found["remote_login_port_public_access"])
    return found[["workspace_id", "compute", "compute_type"]].assign(
        compute_type=found["compute_type"].fillna(_MISSING),
        address=_address(found).where(is_managed),
        network=_network(tables).where(is_managed),
        local_auth=_words(found["disable_local_auth"], yes="off", no="on"),
        login=login.fillna(_MISSING).where(is_managed),
    )


def _address(found: pd.DataFrame) -> pd.Series[str]:
    """Return the address of an instance if it has one, else whether nodes get one."""
    address = found["public_ip_address"]
    is_instance = is_type(found, "ComputeInstance").fillna(value=False).astype(bool)
    shown = _words(found["enable_node_public_ip"], yes="yes", no="no")
    shown = shown.mask(is_instance & address.isna() & shown.eq("no"), "no, but the address was not reported")
    return shown.mask(is_instance & address.ne("").fillna(value=False).astype(bool), address)


def _network(tables: Tables) -> pd.Series[str]:
    """Return the subnet as network/subnet, else the managed network if it is on."""
    subnet = tables.computes["subnet_id"]
    short = subnet.str.extract(r"(?i)/virtualNetworks/([^/]+)/subnets/([^/]+)", expand=True)
    named = (short[0] + "/" + short[1]).fillna(subnet)
    around = _words(is_on(mode_around(tables.effective)), yes="managed network", no="none")
    around = around.mask(around.eq(_MISSING), "no subnet; the isolation mode was not reported")
    return named.mask(subnet.eq("").fillna(value=False).astype(bool), around).fillna(_MISSING)


def endpoints(tables: Tables) -> pd.DataFrame:
    """Return a row for each endpoint: `ENDPOINT_COLUMNS` and `workspace_id`, all strings.

    `access` is `<NA>` unless the endpoint is online: others have no network access of their own.
    """
    found = tables.endpoints
    is_online = found["endpoint_type"].eq("online").fillna(value=False).astype(bool)
    return found[["workspace_id", "endpoint", "endpoint_type"]].assign(
        access=found["public_network_access"].mask(
            is_online & found["public_network_access"].isna(), _MISSING
        ),
        auth_mode=found["auth_mode"].fillna(_MISSING),
    )


def read_signs(workspaces: pd.DataFrame) -> pd.Series[str]:
    """Return for each workspace one sign for each of `KINDS`, in their order."""
    signs = pd.Series("", index=workspaces.index, dtype="string")
    for _, column in KINDS:
        known = workspaces[column]
        absent = NOT_KNOWN if known.notna().any() else NOT_COLLECTED
        signs = signs + _words(known, yes=READ, no=BROKEN, absent=absent)
    return signs


def _words(claim: pd.Series, *, yes: str, no: str, absent: str = _MISSING) -> pd.Series[str]:
    return claim.astype(object).map({True: yes, False: no}).astype("string").fillna(absent)

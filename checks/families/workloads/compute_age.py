"""CMP009: computes that are older than the private endpoint of their workspace."""

from __future__ import annotations

from checks.contract.connections import is_approved
from checks.contract.tables import Tables
from checks.contract.three_valued import any_child, of_workspace
from checks.contract.workloads import MANAGED_TYPES, is_type
from checks.families import pages
from checks.families.workloads.facts import NOT_MANAGED
from checks.fixes.computes import CREATED_AFTER_THE_ENDPOINT
from checks.frames import pd
from checks.model import Answers, Params, Severity, answer, check

_TIME = r"(?!0001-)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"


@check(
    id="CMP009",
    title="Created after the workspace's private endpoint",
    over="computes",
    severity=Severity.LOW,
    reads=(
        "computes.compute_type",
        "computes.created_on",
        "computes.subnet_id",
        "private_endpoint_connections.status",
        "private_endpoint_connections.created_at",
        "workspaces.private_endpoint_connections_known",
    ),
    remediation=CREATED_AFTER_THE_ENDPOINT,
    references=(f"{pages.PRIVATE_LINK}#limitations", pages.COMPUTE_TEMPLATE),
)
def compute_is_younger_than_the_private_endpoint(tables: Tables, _params: Params) -> Answers:
    """A compute from before the private endpoint does not work, unless it is in the virtual network of the endpoint.

    Asked of compute clusters and compute instances whose workspace has an Approved connection: `createdOn` is not
    before the creation of the oldest one. An older compute with a subnet of its own is unknown, because its network may
    be the endpoint's. A time that is absent or unreadable, and connections that were not all read, are unknown. An
    endpoint that replaced an older one makes computes look too old; then create nothing again and waive the finding.
    """
    computes = tables.computes
    created = _times(computes["created_on"])
    since = of_workspace(_oldest_endpoint(tables), computes)
    workspaces, connections = tables.workspaces, tables.private_endpoint_connections
    all_known = workspaces["private_endpoint_connections_known"]
    has_endpoint = of_workspace(
        any_child(is_approved(connections), connections, workspaces, known=all_known), computes
    )
    is_older = (created < since).astype("boolean").where(created.notna() & since.notna())
    may_share = computes["subnet_id"].fillna("?").ne("")
    return answer(
        known=is_older.notna() & ~(is_older.fillna(value=False) & may_share),
        passed=~is_older,
        applies=is_type(computes, *MANAGED_TYPES) & has_endpoint,
        observed="createdOn " + computes["created_on"].fillna("not reported"),
        expected="createdOn after " + _said(since),
        failed="The compute is older than the oldest private endpoint of its workspace, of "
        + _said(since)
        + ".",
        unknown="A time of creation or a subnet was not reported, a status was not reported or is an undocumented "
        "word, the connections were not all read, or the "
        "compute is in a subnet that may be the endpoint's.",
        not_applicable=pd.Series(NOT_MANAGED, index=computes.index, dtype="string").mask(
            is_type(computes, *MANAGED_TYPES).fillna(value=False),
            "The workspace has no approved private endpoint connection.",
        ),
    )


def _times(column: pd.Series) -> pd.Series:
    """Return ISO 8601 times in UTC. NaT for what is absent or no such time, such as "now" or one without a zone.

    The year 1 is how .NET writes a time that nobody set.
    """
    is_time = column.str.fullmatch(_TIME).fillna(value=False).astype(bool)
    parsed = pd.to_datetime(column.where(is_time).astype(object), errors="coerce", utc=True, format="ISO8601")
    return pd.Series(parsed, index=column.index).dt.as_unit("us")


def _oldest_endpoint(tables: Tables) -> pd.Series:
    """Return for each workspace when its oldest approved connection was created. NaT if one is not known."""
    workspaces, connections = tables.workspaces, tables.private_endpoint_connections
    may_be_approved = is_approved(connections).fillna(value=True).to_numpy(dtype=bool)
    connections = connections[may_be_approved]
    times, keys = _times(connections["created_at"]), connections["workspace_id"].str.lower()
    oldest = times.groupby(keys).min().reindex(workspaces["judged_by"]).set_axis(workspaces.index)
    is_unsure = (times.isna() | is_approved(connections).isna()).to_numpy(dtype=bool)
    is_whole = workspaces["private_endpoint_connections_known"].fillna(value=False)
    return oldest.where(is_whole & ~workspaces["judged_by"].isin(keys[is_unsure]))


def _said(times: pd.Series) -> pd.Series:
    said: pd.Series = times.dt.strftime("%Y-%m-%dT%H:%M:%SZ").astype("string")
    return said.fillna("the oldest private endpoint")

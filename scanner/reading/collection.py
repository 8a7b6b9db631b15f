"""What to collect: what the chosen checks read, and nothing else, unless everything is wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from checks.contract.tables import SCHEMAS
from checks.model import Check
from scanner.tables.workspace_rows import WORKSPACE_MEMBERS

KIND_OF: Mapping[str, str] = {
    "outbound_rules_known": "outboundRules",
    "private_endpoint_connections_known": "privateEndpointConnections",
    "computes_known": "computes",
    "online_endpoints_known": "onlineEndpoints",
    "online_deployments_known": "deployments",
    "batch_endpoints_known": "batchEndpoints",
    "serverless_endpoints_known": "serverlessEndpoints",
    "diagnostic_settings_known": "diagnosticSettings",
    "associated_resources_known": "associatedResource",
}
"""The column of `workspaces` that says whether something was read, and the kind of payload it comes from."""


@dataclass(frozen=True, kw_only=True)
class Collection:
    """What is asked for beyond the list of workspaces.

    `kinds` are lists below a workspace (and its associated resources); `members` those of the workspace's
    `properties` for which it is asked itself where the list leaves them out.
    """

    kinds: frozenset[str]
    members: frozenset[str]


EVERYTHING = Collection(kinds=frozenset(KIND_OF.values()), members=frozenset(WORKSPACE_MEMBERS.values()))


def collection_for(checks: Iterable[Check]) -> Collection:
    """What these checks read, as they declare it."""
    reads: set[str] = set()
    for check in checks:
        reads |= {*check.reads, *(f"workspaces.{column}" for column in check.rows_known_by)}
    tables = {read.partition(".")[0] for read in reads}
    known = {column for table in tables for column in _known_by(table, reads)}
    return Collection(
        kinds=frozenset(KIND_OF[column] for column in known),
        members=frozenset(WORKSPACE_MEMBERS[read] for read in reads if read in WORKSPACE_MEMBERS),
    )


def _known_by(table: str, reads: set[str]) -> Iterable[str]:
    """The columns that say whether a table was read, of those a check reads; all where it names none."""
    if table == "workspaces":
        return [column for column in KIND_OF if f"workspaces.{column}" in reads]
    columns = SCHEMAS[table].known_by
    named = [column for column in columns if f"workspaces.{column}" in reads]
    return named or columns

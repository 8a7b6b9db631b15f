"""Chooses what to read: what the chosen checks need and nothing else, unless `EVERYTHING` is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from checks.contract.tables import SCHEMAS
from checks.model import Check
from scanner.payloads.answers import ADDRESS_RULES, NETWORK_PROVIDER, PERIMETERS, ROLE_ASSIGNMENTS
from scanner.tables.associated import ASSOCIATED, TYPES
from scanner.tables.children import CHILDREN
from scanner.tables.networks import NETWORK_TYPES
from scanner.tables.workspaces import WORKSPACE_MEMBERS

KIND_OF: Mapping[str, str] = {
    **{child.known_column: child.kind for child in CHILDREN},
    "associated_resources_known": ASSOCIATED,
}
"""The column of `workspaces` that reports whether something was read, and the kind of payload it comes from."""


@dataclass(frozen=True, kw_only=True)
class Collection:
    """The questions of the reader beyond the list of workspaces.

    `kinds` are lists below a workspace, its associated resources, their network security perimeters, the virtual
    networks around its private endpoints, the registration of Microsoft.Network, and the role assignments of its
    identity. `members` are members of the workspace: if the list leaves one out, `scanner.reading.learning` decides
    who is read singly. If the collection `asks_everybody`, every workspace is.
    """

    kinds: frozenset[str]
    members: frozenset[str]
    asks_everybody: bool = False

    @property
    def members_in_lists(self) -> frozenset[str]:
        """The members that the list of workspaces is expected to have. Address rules have a list of their own."""
        return self.members - {ADDRESS_RULES}


_KINDS_OF_COLUMNS: Mapping[str, frozenset[str]] = {
    "associated_resources.perimeter_": frozenset({PERIMETERS}),
    "associated_resources.networks_shared": frozenset(NETWORK_TYPES),
    "private_endpoint_connections.subnet_id": frozenset(NETWORK_TYPES),
    "private_endpoint_connections.network_prefixes": frozenset(NETWORK_TYPES),
    "subscriptions.network_registration_state": frozenset({NETWORK_PROVIDER}),
    "outbound_rules.target_roles": frozenset({ROLE_ASSIGNMENTS}),
}
"""The beginning of the names of columns, and the kinds of payload that are read for these columns alone."""

EVERYTHING = Collection(
    kinds=frozenset({*KIND_OF.values(), PERIMETERS, *NETWORK_TYPES, NETWORK_PROVIDER, ROLE_ASSIGNMENTS}),
    members=frozenset(WORKSPACE_MEMBERS.values()),
    asks_everybody=True,
)


def collection_for(checks: Iterable[Check]) -> Collection:
    """Return what these checks read, as they declare it."""
    reads: set[str] = set()
    for check in checks:
        reads |= {*check.reads, *(f"workspaces.{column}" for column in check.rows_known_by)}
    tables = {read.partition(".")[0] for read in reads}
    known = {column for table in tables for column in _known_by(table, reads)}
    beside = {
        kind
        for name, kinds in _KINDS_OF_COLUMNS.items()
        if any(read.startswith(name) for read in reads)
        for kind in kinds
    }
    kinds = frozenset({*(KIND_OF[column] for column in known), *beside})
    links = {each.member for each in TYPES} if ASSOCIATED in kinds else set()
    members = {WORKSPACE_MEMBERS[read] for read in reads if read in WORKSPACE_MEMBERS}
    return Collection(kinds=kinds, members=frozenset(members | links))


def _known_by(table: str, reads: set[str]) -> Iterable[str]:
    """Return the known columns of a table that a check reads, or all of them if it reads none."""
    if table == "workspaces":
        return [column for column in KIND_OF if f"workspaces.{column}" in reads]
    columns = SCHEMAS[table].known_by
    return [column for column in columns if f"workspaces.{column}" in reads] or columns

"""The contract between reading and judging: every table, column, dtype and the API property behind it.

Each table is a frame indexed by the lower-cased resource id; its first column is that id as Azure
spelled it. dtypes are nullable and `<NA>` means "not reported", never False. Lists are kept as one
string, joined by ", ", where "" is an empty list that was reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import pandas as pd

STRING = "string"
BOOLEAN = "boolean"
INTEGER = "Int64"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: its dtype, the API property behind it, and whether a Project takes its hub's value."""

    name: str
    dtype: str = STRING
    source: str
    follows_hub: bool = False


@dataclass(frozen=True, kw_only=True)
class TableSchema:
    """One table: what a row is, its columns (the first is the resource id), and what every check may read.

    `known_by` names the boolean column of `workspaces` that says whether the rows of this table
    were read completely for a workspace.
    """

    name: str
    row: str
    columns: tuple[Column, ...]
    identity: tuple[str, ...]
    known_by: str | None = None

    @property
    def id_column(self) -> str:
        """The column holding the resource id as Azure spelled it."""
        return self.columns[0].name

    @property
    def dtypes(self) -> dict[str, str]:
        """Column name to pandas dtype, in order."""
        return {column.name: column.dtype for column in self.columns}


def _columns(*rows: tuple[str, str] | tuple[str, str, str], follows_hub: bool = False) -> tuple[Column, ...]:
    return tuple(
        Column(name=row[0], source=row[1], dtype=row[2] if len(row) == 3 else STRING, follows_hub=follows_hub)
        for row in rows
    )


SUBSCRIPTIONS = TableSchema(
    name="subscriptions",
    row="a subscription the identity sees or the user named",
    identity=("subscription_resource_id", "subscription_id", "subscription"),
    columns=_columns(
        ("subscription_resource_id", "id: /subscriptions/{subscriptionId}"),
        ("subscription_id", "subscriptionId"),
        ("subscription", "displayName"),
        ("state", "state: Enabled, Warned, PastDue, Disabled, Deleted"),
        ("tenant_id", "tenantId: the tenant the subscription belongs to"),
        ("authorization_source", "authorizationSource"),
        ("managed_by_tenants", "managedByTenants[].tenantId: Lighthouse delegation"),
        ("read", "our own: whether the list of its workspaces was read to the end", BOOLEAN),
        ("workspaces", "our own: workspaces seen in it, also where the list broke off", INTEGER),
        ("note", "our own: why it was not read, or why it can hold no workspace"),
    ),
)

_WORKSPACE_IDENTITY = _columns(
    ("workspace_id", "id"),
    ("workspace", "name"),
    ("kind", "kind: Default, Hub, Project, FeatureStore; an open set"),
    ("subscription_id", "id"),
    ("resource_group", "id"),
    ("location", "location"),
    ("tags", "tags, as a JSON object"),
    ("api_version", "our own: the api-version the workspace was read with"),
    ("hub_resource_id", "properties.hubResourceId"),
    ("judged_by", "our own: the lower-cased id of the workspace whose network decides (a Project's hub)"),
)

_WORKSPACE_NETWORK = _columns(
    ("public_network_access", "properties.publicNetworkAccess: Enabled, Disabled; an open set"),
    (
        "allow_public_access_when_behind_vnet",
        "properties.allowPublicAccessWhenBehindVnet: the legacy flag",
        BOOLEAN,
    ),
    ("network_acls_default_action", "properties.networkAcls.defaultAction: Allow, Deny"),
    ("ip_rules", "properties.networkAcls.ipRules[].value, joined by ', '"),
    (
        "managed_network_reported",
        "our own: the body carries properties.managedNetwork (True) or does not although this api-version "
        "shows it, which means none (False); <NA>: this api-version cannot show it",
        BOOLEAN,
    ),
    (
        "isolation_mode",
        "properties.managedNetwork.isolationMode: Disabled, AllowInternetOutbound, AllowOnlyApprovedOutbound",
    ),
    ("managed_network_status", "properties.managedNetwork.status.status: Inactive, Active"),
    ("spark_ready", "properties.managedNetwork.status.sparkReady", BOOLEAN),
    ("firewall_sku", "properties.managedNetwork.firewallSku: Standard, Basic"),
    ("changeable_isolation_modes", "properties.managedNetwork.changeableIsolationModes[], joined by ', '"),
    (
        "outbound_rules_known",
        "our own: all outbound rules were read, or the network is plainly off",
        BOOLEAN,
    ),
    ("private_endpoint_connections_known", "our own: every private endpoint connection was read", BOOLEAN),
    follows_hub=True,
)

_WORKSPACE_REST = _columns(
    (
        "serverless_compute_configured",
        "properties.serverlessComputeSettings: an object (True), null (False), absent (<NA>)",
        BOOLEAN,
    ),
    (
        "serverless_compute_custom_subnet",
        "properties.serverlessComputeSettings.serverlessComputeCustomSubnet; '' when reported as null",
    ),
    (
        "serverless_compute_no_public_ip",
        "properties.serverlessComputeSettings.serverlessComputeNoPublicIP",
        BOOLEAN,
    ),
    ("provisioning_state", "properties.provisioningState"),
    ("outbound_rules_discrepancy", "our own: how the workspace's body and its outboundRules list disagree"),
)

WORKSPACES = TableSchema(
    name="workspaces",
    row="a workspace of any kind",
    identity=tuple(column.name for column in _WORKSPACE_IDENTITY),
    columns=_WORKSPACE_IDENTITY + _WORKSPACE_NETWORK + _WORKSPACE_REST,
)

OUTBOUND_RULES = TableSchema(
    name="outbound_rules",
    row="an outbound rule of a workspace's managed network",
    identity=("rule_id", "workspace_id", "rule"),
    known_by="outbound_rules_known",
    columns=_columns(
        ("rule_id", "id, or the workspace's id and the rule's name where only the workspace's body has it"),
        ("workspace_id", "id"),
        ("rule", "name"),
        ("type", "properties.type: FQDN, PrivateEndpoint, ServiceTag"),
        ("category", "properties.category: Required, Recommended, UserDefined, Dependency"),
        ("status", "properties.status: Inactive, Active, Provisioning, Deleting, Failed"),
        ("error_information", "properties.errorInformation; '' when reported as null"),
        ("destination", "properties.destination in one line: host, service tag or target resource id"),
        ("fqdn", "properties.destination of an FQDN rule"),
        ("service_tag", "properties.destination.serviceTag"),
        ("protocol", "properties.destination.protocol: TCP, UDP, ICMP, *"),
        ("port_ranges", "properties.destination.portRanges: a comma list, or *"),
        ("address_prefixes", "properties.destination.addressPrefixes[], joined by ', '; override the tag"),
        ("action", "properties.destination.action: Allow, Deny"),
        ("service_resource_id", "properties.destination.serviceResourceId"),
        ("subresource_target", "properties.destination.subresourceTarget"),
        ("spark_enabled", "properties.destination.sparkEnabled", BOOLEAN),
        ("spark_status", "properties.destination.sparkStatus"),
        ("parent_rules", "properties.parentRuleNames[], joined by ', '"),
        ("seen_in", "our own: workspace, outboundRules, or both"),
    ),
)

PRIVATE_ENDPOINT_CONNECTIONS = TableSchema(
    name="private_endpoint_connections",
    row="a private endpoint connection of a workspace",
    identity=("connection_id", "workspace_id", "connection"),
    known_by="private_endpoint_connections_known",
    columns=_columns(
        ("connection_id", "id"),
        ("workspace_id", "id"),
        ("connection", "name"),
        (
            "status",
            "properties.privateLinkServiceConnectionState.status: Approved, Pending, Rejected, "
            "Disconnected, Timeout",
        ),
        ("description", "properties.privateLinkServiceConnectionState.description"),
        ("private_endpoint_id", "properties.privateEndpoint.id"),
        ("provisioning_state", "properties.provisioningState"),
    ),
)

GAPS = TableSchema(
    name="gaps",
    row="something that was asked for and not read",
    identity=("gap_id",),
    columns=_columns(
        ("gap_id", "our own: scope and what was asked"),
        ("scope", "the resource id the request was about"),
        ("subscription_id", "the subscription it belongs to; <NA> for tenant-wide requests"),
        ("asked", "what was asked for: subscriptions, workspaces, outboundRules, …"),
        ("request", "method and URL"),
        ("http_status", "HTTP status; <NA> where no answer came", INTEGER),
        ("code", "error.code of the ARM error, or our own word for what went wrong"),
        ("message", "error.message, without e-mail addresses"),
        ("closes", "what would close the gap: the missing action, the role to grant, or what to do"),
        ("request_id", "x-ms-request-id, for a support case"),
    ),
)

SCHEMAS: Mapping[str, TableSchema] = {
    schema.name: schema
    for schema in (SUBSCRIPTIONS, WORKSPACES, OUTBOUND_RULES, PRIVATE_ENDPOINT_CONNECTIONS, GAPS)
}


def frame(table: str, rows: Iterable[Mapping[str, object]]) -> pd.DataFrame:
    """The rows as a frame with exactly the columns and dtypes of `table`, sorted by its index.

    A row may leave columns out: they become `<NA>`. Raises KeyError for a column the table has not,
    ValueError where two rows share an id.
    """
    schema = SCHEMAS[table]
    listed = list(rows)
    unknown = {name for row in listed for name in row} - set(schema.dtypes)
    if unknown:
        raise KeyError(f"{table} has no column {', '.join(sorted(unknown))}")
    columns = {
        name: pd.array([_value(row.get(name)) for row in listed], dtype=dtype)  # type: ignore[call-overload]
        for name, dtype in schema.dtypes.items()
    }
    index = pd.Index([str(row[schema.id_column]).lower() for row in listed], name="id", dtype=STRING)
    if not index.is_unique:
        raise ValueError(f"{table}: the id {index[index.duplicated()][0]} occurs twice")
    return pd.DataFrame(columns, index=index).sort_index()


def _value(value: object) -> object:
    return pd.NA if value is None else value


@dataclass(frozen=True, kw_only=True)
class Tables:
    """All tables of one collection, each as `SCHEMAS` describes it."""

    subscriptions: pd.DataFrame
    workspaces: pd.DataFrame
    outbound_rules: pd.DataFrame
    private_endpoint_connections: pd.DataFrame
    gaps: pd.DataFrame

    @classmethod
    def of(cls, **rows: Sequence[Mapping[str, object]]) -> Tables:
        """Tables from plain rows, for tests and plug-ins; a table left out is empty."""
        unknown = set(rows) - set(SCHEMAS)
        if unknown:
            raise KeyError(f"no table {', '.join(sorted(unknown))}; there are {', '.join(SCHEMAS)}")
        return cls(**{name: frame(name, rows.get(name, ())) for name in SCHEMAS})

    def __getitem__(self, table: str) -> pd.DataFrame:
        """The frame of that name."""
        result: pd.DataFrame = getattr(self, table)
        return result

    def replaced(self, **frames: pd.DataFrame) -> Tables:
        """The same tables with some of them exchanged."""
        return replace(self, **frames)

    def restricted_to(self, reads: Iterable[str]) -> Tables:
        """Only the identity columns and those named `table.column`: what a check said it reads."""
        wanted: dict[str, set[str]] = {name: set(schema.identity) for name, schema in SCHEMAS.items()}
        for read in reads:
            table, _, column = read.partition(".")
            wanted[table].add(column)
        return Tables(
            **{
                field.name: self[field.name][[c for c in self[field.name].columns if c in wanted[field.name]]]
                for field in fields(self)
            }
        )

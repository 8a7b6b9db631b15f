"""The published schema of the CSV files: every file, its columns, their types and meanings.

The version is `SCHEMA_VERSION`: its second number grows when a column or a file is added, its first when one
is renamed, moved, removed or changes its meaning. `datapackage.json`, written beside the files, repeats
all this as a Frictionless Data Package. Every text is UTF-8, every line ends in LF, an empty cell is
"not reported", booleans are `true` and `false`, and a text a spreadsheet would run begins with `'`.
"""

from __future__ import annotations

from dataclasses import dataclass

from checks.contract.tables import BOOLEAN, INTEGER, SCHEMAS, STRING
from checks.policy.score import WEIGHTS

SCHEMA_VERSION = "2.0"

DECIMAL = "Float64"
"""A number with one decimal."""


@dataclass(frozen=True, kw_only=True)
class ReportColumn:
    """One column of a CSV file: its pandas dtype and what it holds."""

    name: str
    dtype: str = STRING
    meaning: str


@dataclass(frozen=True, kw_only=True)
class ReportFile:
    """One CSV file: what a row is, its columns in order, and what its rows are sorted by."""

    name: str
    row: str
    columns: tuple[ReportColumn, ...]
    sorted_by: tuple[str, ...]

    @property
    def path(self) -> str:
        """The file's name in the report's folder."""
        return f"{self.name}.csv"


def _columns(*rows: tuple[str, str] | tuple[str, str, str]) -> tuple[ReportColumn, ...]:
    return tuple(
        ReportColumn(name=row[0], meaning=row[1], dtype=row[2] if len(row) == 3 else STRING) for row in rows
    )


def _from_table(table: str, *names: str) -> tuple[ReportColumn, ...]:
    """Columns published as the table has them, with the table's own dtype and source."""
    columns = {column.name: column for column in SCHEMAS[table].columns}
    return tuple(
        ReportColumn(name=name, dtype=columns[name].dtype, meaning=columns[name].source) for name in names
    )


FINDINGS = ReportFile(
    name="findings",
    row="one check's answer for one resource, under one policy",
    sorted_by=("workspace_id", "check_id", "resource_id", "policy"),
    columns=_columns(
        ("check_id", "the check; never reused for another"),
        ("title", "the state the check wants"),
        ("family", "the letters of check_id"),
        ("severity", "as the policy weighs it: critical, high, medium, low, informational"),
        ("status", "the fact: pass, fail, unknown, not-applicable, error"),
        ("verdict", "what the policy makes of it: compliant, violated, waived, undetermined"),
        ("resource_id", "the resource the check answers for, as Azure spelled it"),
        ("workspace_id", "the workspace it belongs to, as Azure spelled it"),
        ("workspace", "the workspace's name"),
        ("subscription_id", "the workspace's subscription"),
        ("subscription", "the subscription's display name"),
        ("resource_group", "the workspace's resource group"),
        ("location", "the workspace's region"),
        ("observed", "what was seen"),
        ("expected", "what the check wants to see"),
        ("reason", "why the status is what it is"),
        ("policy", "the policy that chose the check"),
        ("waiver", "why, by whom and until when it is waived; empty where it is not"),
        (
            "caused_by",
            "check id and resource id of the finding that this one follows from, a space between them; empty where it "
            "follows from none",
        ),
    ),
)

SCORES = ReportFile(
    name="scores",
    row="a policy, a subscription or a workspace with an answer under it: each answer is in one count",
    sorted_by=("policy", "scope", "id"),
    columns=_columns(
        ("policy", "the policy"),
        ("scope", "policy, subscription or workspace"),
        ("id", "the subscription's id or the workspace's, as Azure spelled it; empty for the policy"),
        ("name", "the subscription's display name or the workspace's name; empty where it is not known"),
        ("pass", "answers that pass", INTEGER),
        ("fail", "answers that fail, are not waived and follow from no other finding", INTEGER),
        ("unknown", "answers that are unknown, are not waived and follow from no other finding", INTEGER),
        ("not_applicable", "answers of checks that do not apply", INTEGER),
        ("error", "answers of checks that crashed", INTEGER),
        ("waived", "answers that are waived, whatever their status", INTEGER),
        ("consequence", "answers that follow from another finding, whatever their status", INTEGER),
        (
            "score",
            "0 to 100: the worst violated severity chooses the band, the weighted share of satisfied checks the place "
            "in it, by severity: "
            + ", ".join(f"{name} {weight}" for name, weight in WEIGHTS.items())
            + "; of a policy or a subscription the mean over its workspaces; empty without a finding",
            DECIMAL,
        ),
    ),
)

WORKSPACES = ReportFile(
    name="workspaces",
    row="a workspace that was seen, whatever was found about it",
    sorted_by=("workspace_id",),
    columns=(
        *_from_table("workspaces", "workspace_id", "workspace", "kind", "subscription_id"),
        *_columns(("subscription", "the subscription's display name")),
        *_from_table("workspaces", "resource_group", "location"),
        *_from_table("workspaces", "public_network_access", "isolation_mode", "managed_network_status"),
        *_columns(
            ("outbound_rules", "rules of its managed network; empty where not all were read", INTEGER),
            ("user_defined_rules", "those of category UserDefined; empty likewise", INTEGER),
            (
                "approved_private_endpoints",
                "private endpoint connections with status Approved; empty where not all were read",
                INTEGER,
            ),
        ),
        *_from_table("workspaces", "api_version"),
        *_columns(
            ("effective_public_network_access", "the value that counts: for a Project its hub's"),
            (
                "effective_isolation_mode",
                "the value that counts: for a Project its hub's; Disabled where the api-version shows "
                "managed networks and the workspace reports none",
            ),
        ),
    ),
)

OUTBOUND_RULES = ReportFile(
    name="outbound_rules",
    row=SCHEMAS["outbound_rules"].row,
    sorted_by=("workspace_id", "rule", "rule_id"),
    columns=_from_table(
        "outbound_rules",
        "workspace_id",
        "rule",
        "type",
        "category",
        "status",
        "destination",
        "protocol",
        "port_ranges",
        "address_prefixes",
        "action",
        "fqdn",
        "service_tag",
        "service_resource_id",
        "subresource_target",
        "spark_enabled",
        "spark_status",
        "parent_rules",
        "error_information",
        "seen_in",
        "rule_id",
    ),
)

SUBSCRIPTIONS = ReportFile(
    name="subscriptions",
    row=SCHEMAS["subscriptions"].row,
    sorted_by=("subscription_id",),
    columns=_from_table(
        "subscriptions",
        "subscription_id",
        "subscription",
        "state",
        "tenant_id",
        "authorization_source",
        "managed_by_tenants",
        "read",
        "workspaces",
        "workspaces_in_graph",
        "note",
        "subscription_resource_id",
    ),
)

GAPS = ReportFile(
    name="gaps",
    row=SCHEMAS["gaps"].row,
    sorted_by=("subscription_id", "scope", "asked", "gap_id"),
    columns=_from_table(
        "gaps",
        "gap_id",
        "scope",
        "subscription_id",
        "asked",
        "request",
        "http_status",
        "code",
        "message",
        "closes",
    ),
)

POLICIES = ReportFile(
    name="policies",
    row="a policy, what it came to, and the audit it judged",
    sorted_by=("policy",),
    columns=_columns(
        ("policy", "the policy"),
        ("verdict", "compliant, violated or undetermined"),
        ("fail_on", "the least severity whose violation violates it"),
        ("unknown", "what unknown counts as: incomplete or violation"),
        ("checks", "the checks it asks of any workspace, joined by ', '"),
        (
            "digest",
            "SHA-256 of what it says of checks, notes and waivers left out; the same text judges alike",
        ),
        ("tool_version", "the version of azml-audit"),
        ("source", "where the facts come from, in words"),
        ("is_azure", "whether they come from Azure", BOOLEAN),
        ("started_at", "when reading began, UTC"),
        ("finished_at", "when it ended, UTC"),
    ),
)

WAIVERS = ReportFile(
    name="waivers",
    row="a waiver of a policy, whatever it did",
    sorted_by=("policy", "check", "resource", "where", "place"),
    columns=_columns(
        ("policy", "the policy it counts for"),
        ("place", "the policy it is written in, and its place there"),
        ("check", "the check or the family it bears violations of"),
        ("resource", "globs on resource ids, joined by ', '; empty for any"),
        ("where", "the selector of workspaces as JSON; empty for all"),
        ("reason", "why"),
        ("approver", "who answers for it"),
        ("expires", "the last day on which it counts"),
        ("ticket", "where it was decided"),
        ("state", "in force, expired, or without effect"),
        ("violations", "violated findings it matches, be it in force or not", INTEGER),
    ),
)

FILES: tuple[ReportFile, ...] = (
    FINDINGS,
    WORKSPACES,
    OUTBOUND_RULES,
    SUBSCRIPTIONS,
    GAPS,
    SCORES,
    POLICIES,
    WAIVERS,
)

"""The published schema of the CSV files: every file, its columns, their types and meanings.

The second number of `SCHEMA_VERSION` grows when a column or a file is added, the first when one is renamed,
moved, removed or changes its meaning. `datapackage.json` repeats the schema as a Frictionless Data Package.
Files are UTF-8 with LF line ends. An empty cell means "not reported", booleans are `true` and `false`, and a
text that a spreadsheet would run starts with `'`.
"""

from __future__ import annotations

from dataclasses import dataclass

from checks.contract.tables import BOOLEAN, INTEGER, SCHEMAS, STRING
from checks.policy.score import WEIGHTS

SCHEMA_VERSION = "3.1"

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
    """One CSV file: what a row is, its columns in order, and the columns its rows are sorted by.

    `note` describes the rows that the file of a report leaves out, "" if it has them all.
    """

    name: str
    row: str
    columns: tuple[ReportColumn, ...]
    sorted_by: tuple[str, ...]
    note: str = ""

    @property
    def path(self) -> str:
        """The file's name in the report's folder."""
        return f"{self.name}.csv"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns, in order."""
        return tuple(column.name for column in self.columns)


def _columns(*rows: tuple[str, str] | tuple[str, str, str]) -> tuple[ReportColumn, ...]:
    return tuple(
        ReportColumn(name=row[0], meaning=row[1], dtype=row[2] if len(row) == 3 else STRING) for row in rows
    )


def _from_table(table: str, *names: str) -> tuple[ReportColumn, ...]:
    """Return columns of a table with the table's own dtype and source."""
    columns = {column.name: column for column in SCHEMAS[table].columns}
    return tuple(
        ReportColumn(name=name, dtype=columns[name].dtype, meaning=columns[name].source) for name in names
    )


FINDINGS = ReportFile(
    name="findings",
    row="the finding of one check for one resource, under one policy",
    sorted_by=("workspace_id", "check_id", "resource_id", "policy"),
    note="Findings that are not applicable are left out unless `--include not-applicable` is given, and `--statuses` "
    "may leave out more. A finding that is not in this file was judged: `scores.csv` counts it, and "
    "`findings.parquet` has it. `notListed` in `datapackage.json` counts the missing findings by status.",
    columns=_columns(
        ("check_id", "the check; never reused for another"),
        ("title", "the state the check requires"),
        ("family", "the letters of check_id"),
        (
            "severity",
            "the severity under the policy, or a worse one of a violation that follows: critical, high, medium, low, "
            "informational",
        ),
        ("status", "the fact: pass, fail, unknown, not-applicable, error"),
        ("verdict", "the policy's judgement: compliant, violated, waived, undetermined, consequence"),
        ("resource_id", "the id of the resource, as Azure spells it"),
        ("workspace_id", "the id of its workspace, as Azure spells it"),
        ("workspace", "the workspace's name"),
        ("subscription_id", "the workspace's subscription"),
        ("subscription", "the subscription's display name"),
        ("resource_group", "the workspace's resource group"),
        ("location", "the workspace's region"),
        ("observed", "the value that Azure reported"),
        ("expected", "the value that the check requires"),
        ("reason", "why the check gave this status"),
        ("policy", "the policy that chose the check"),
        ("waiver", "the waiver's reason, approver and expiry; empty if it is not waived"),
        (
            "caused_by",
            "check id and resource id, separated by a space, of the finding that this one follows from; empty if it "
            "follows from none",
        ),
        (
            "followed_by",
            "what follows from this finding and is counted with it, separated by commas: the number of findings, "
            "severity, check and verdict, such as `20 high NET001 violated`; empty if nothing does",
        ),
    ),
)

VIOLATIONS = ReportFile(
    name="violations",
    row="a finding that is fail, unknown or error: first the violated ones, then the undetermined, the "
    "consequences and the waived",
    sorted_by=(),
    note="`--statuses` may leave out some of the three statuses; `notListed` in `datapackage.json` counts them.",
    columns=_columns(
        (
            "severity",
            "the severity under the policy, or a worse one of a violation that follows: critical, high, medium, low, "
            "informational",
        ),
        ("verdict", "the policy's judgement: violated, undetermined, consequence, waived"),
        ("check_id", "the check; never reused for another"),
        ("title", "the state the check requires"),
        ("workspace", "the workspace's name"),
        ("resource", "the resource's name: the last part of its id"),
        ("reason", "why the check gave this status"),
        ("fix", "the fix in one sentence; `azml-audit checks show` has the commands. Empty unless it fails"),
        (
            "caused_by",
            "check id and resource id, separated by a space, of the finding that this one follows from",
        ),
        (
            "followed_by",
            "what follows from this finding and is counted with it, separated by commas: the number of findings, "
            "severity, check and verdict, such as `20 high NET001 violated`; empty if nothing does",
        ),
        ("status", "the fact: fail, unknown, error"),
        ("observed", "the value that Azure reported"),
        ("expected", "the value that the check requires"),
        ("waiver", "the waiver's reason, approver and expiry; empty if it is not waived"),
        ("policy", "the policy that chose the check"),
        ("subscription", "the subscription's display name"),
        ("resource_group", "the workspace's resource group"),
        ("location", "the workspace's region"),
        ("resource_id", "the id of the resource, as Azure spells it"),
        ("workspace_id", "the id of its workspace, as Azure spells it"),
        ("finding_id", "the id of the finding, the same in every format, run and policy"),
    ),
)

SCORES = ReportFile(
    name="scores",
    row="a policy, or a subscription or workspace with a finding under it; each finding is in one count",
    sorted_by=("policy", "scope", "id"),
    columns=_columns(
        ("policy", "the policy"),
        ("scope", "policy, subscription or workspace"),
        ("id", "the id of the subscription or workspace, as Azure spells it; empty for the policy"),
        ("name", "the name of the subscription or workspace; empty if it was not read"),
        ("pass", "findings that pass", INTEGER),
        ("fail", "findings that fail, are not waived and follow from no other finding", INTEGER),
        ("unknown", "findings that are unknown, are not waived and follow from no other finding", INTEGER),
        ("not_applicable", "findings of checks that do not apply", INTEGER),
        ("error", "findings of checks that crashed", INTEGER),
        ("waived", "waived findings of any status", INTEGER),
        ("consequence", "findings of any status that follow from another finding", INTEGER),
        (
            "score",
            "0 to 100: the worst violated severity chooses the band, and the weighted share of satisfied checks the "
            "place in it. Weights: "
            + ", ".join(f"{name} {weight}" for name, weight in WEIGHTS.items())
            + ". The score of a policy or a subscription is the mean over its workspaces. Empty without a finding",
            DECIMAL,
        ),
    ),
)

WORKSPACES = ReportFile(
    name="workspaces",
    row="a workspace that was read",
    sorted_by=("workspace_id",),
    columns=(
        *_from_table("workspaces", "workspace_id", "workspace", "kind", "subscription_id"),
        *_columns(("subscription", "the subscription's display name")),
        *_from_table("workspaces", "resource_group", "location"),
        *_from_table("workspaces", "public_network_access", "isolation_mode", "managed_network_status"),
        *_columns(
            ("outbound_rules", "rules of its managed network; empty if not all were read", INTEGER),
            (
                "user_defined_rules",
                "rules of category UserDefined; empty if not all rules were read",
                INTEGER,
            ),
            (
                "approved_private_endpoints",
                "private endpoint connections with status Approved; empty if not all were read",
                INTEGER,
            ),
        ),
        *_from_table("workspaces", "api_version"),
        *_columns(
            ("effective_public_network_access", "the effective value: for a Project, the value of its hub"),
            (
                "effective_isolation_mode",
                "the effective value: for a Project, the value of its hub; Disabled if the api-version has "
                "managed networks and the workspace reports none",
            ),
        ),
        *_from_table("workspaces", "hub_resource_id", "provisioning_state", "left_out_by"),
        *_from_table("subscriptions", "tenant_id"),
    ),
)

OUTBOUND_RULES = ReportFile(
    name="outbound_rules",
    row=SCHEMAS["outbound_rules"].row,
    sorted_by=("workspace_id", "rule", "rule_id"),
    columns=_from_table(
        "outbound_rules",
        "workspace_id", "rule", "type", "category", "status", "destination", "protocol", "port_ranges",
        "address_prefixes", "action", "fqdn", "service_tag", "service_resource_id", "subresource_target",
        "spark_enabled", "spark_status", "parent_rules", "error_information", "seen_in", "rule_id",
    ),
)  # fmt: skip

SUBSCRIPTIONS = ReportFile(
    name="subscriptions",
    row=SCHEMAS["subscriptions"].row,
    sorted_by=("subscription_id",),
    columns=_from_table(
        "subscriptions",
        "subscription_id", "subscription", "state", "tenant_id", "authorization_source", "managed_by_tenants",
        "read", "workspaces", "workspaces_in_graph", "note", "subscription_resource_id",
        "quota_id", "left_out_by", "workspaces_left_out",
    ),
)  # fmt: skip

LEFT_OUT = ReportFile(
    name="left_out",
    row=SCHEMAS["left_out"].row,
    sorted_by=("left_out_id",),
    columns=_from_table(
        "left_out", "left_out_id", "subscription_id", "left_out", "name", "rule", "why", "read_for"
    ),
)

GAPS = ReportFile(
    name="gaps",
    row=SCHEMAS["gaps"].row,
    sorted_by=("subscription_id", "scope", "asked", "gap_id"),
    columns=_from_table(
        "gaps",
        "gap_id", "scope", "subscription_id", "asked", "request", "http_status", "code", "message", "closes",
    ),
)  # fmt: skip

POLICIES = ReportFile(
    name="policies",
    row="a policy, its verdict, and the audit it judged",
    sorted_by=("policy",),
    columns=_columns(
        ("policy", "the policy"),
        ("verdict", "compliant, violated or undetermined"),
        ("fail_on", "the lowest severity whose violation violates the policy"),
        ("unknown", "how the policy counts an unknown: incomplete or violation"),
        ("checks", "the checks that it runs, joined by ', '"),
        ("digest", "SHA-256 of its checks, overrides, fail_on and unknown, without notes and waivers"),
        ("tool_version", "the version of azml-audit"),
        ("source", "where the facts come from, in words"),
        ("is_azure", "whether the facts come from Azure", BOOLEAN),
        ("started_at", "when the scan began, UTC"),
        ("finished_at", "when the scan ended, UTC"),
        ("root_digest", "the root digest of the evidence bundle of the audit, if there is one"),
    ),
)

WAIVERS = ReportFile(
    name="waivers",
    row="a waiver of a policy, also if it matches nothing",
    sorted_by=("policy", "check", "resource", "where", "place"),
    columns=_columns(
        ("policy", "the policy that it applies to"),
        ("place", "the file or policy that contains it, and its position there"),
        ("check", "the check or family that it waives"),
        ("resource", "globs on resource ids, joined by ', '; empty for any"),
        ("where", "the selector of workspaces as JSON; empty for all"),
        ("reason", "why the violation is accepted"),
        ("approver", "who approved it"),
        ("expires", "the last day on which it is valid"),
        ("ticket", "the record of the decision"),
        ("state", "in force, expired, or without effect"),
        ("violations", "violated findings that it matches, in force or not", INTEGER),
    ),
)

FILES: tuple[ReportFile, ...] = (
    FINDINGS, WORKSPACES, OUTBOUND_RULES, SUBSCRIPTIONS, LEFT_OUT, GAPS, SCORES, POLICIES, WAIVERS,
)  # fmt: skip
"""The tables of an audit. Evidence bundles seal them, and a drift reads them back."""

REPORT_FILES = (VIOLATIONS, *FILES)
"""The CSV files of a report: `violations` first, for people. It repeats rows of `findings`."""

ALL_FINDINGS = "findings.parquet"
"""The file of every report with all findings, in the columns of `FINDINGS`."""

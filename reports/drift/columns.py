"""The published schema of the drift files: what differs between two audits, as CSV.

It is versioned by `DRIFT_SCHEMA_VERSION` as the report's own files are by theirs, and written alike. The
rows are in the order of importance; a cell is empty where a side has no such thing or did not report it.
"""

from __future__ import annotations

from checks.contract.tables import BOOLEAN, STRING
from checks.drift.findings import FINDING_CHANGES, FINDING_COLUMNS
from checks.drift.reach import REACH_CHANGES, REACH_COLUMNS
from checks.drift.rules import RULE_CHANGES, RULE_COLUMNS
from checks.drift.waivers import WAIVER_CHANGES, WAIVER_COLUMNS
from checks.drift.workspaces import WORKSPACE_CHANGES, WORKSPACE_COLUMNS
from reports.tables.columns import ReportColumn, ReportFile

DRIFT_SCHEMA_VERSION = "1.0"

_EVERYWHERE = {
    "workspace_id": "the workspace, as Azure spelled it",
    "workspace": "the workspace's name",
    "subscription_id": "the workspace's subscription",
    "subscription": "the subscription's display name",
    "policy": "the policy",
    "reason": "why the status is what it is, in the newer audit that has the finding",
}


def _file(
    name: str, row: str, columns: tuple[str, ...], words: tuple[str, ...], **meanings: str
) -> ReportFile:
    told = {**_EVERYWHERE, **meanings, "change": f"what became of it: {', '.join(words)}"}
    return ReportFile(
        name=f"drift_{name}",
        row=row,
        sorted_by=(),
        columns=tuple(
            ReportColumn(name=each, meaning=told[each], dtype=BOOLEAN if each == "is_regression" else STRING)
            for each in columns
        ),
    )


WORKSPACES = _file(
    "workspaces",
    "a workspace only one audit has, or a column of a workspace that changed",
    WORKSPACE_COLUMNS,
    WORKSPACE_CHANGES,
    column="the column of workspaces.csv that changed",
    old="its value before",
    new="its value now",
    effect="widened or narrowed, where the column says what may come in or go out",
    why="why it could not be compared, or what else there is to say",
)

FINDINGS = _file(
    "findings",
    "a finding that changed, of a policy, a check and a resource",
    FINDING_COLUMNS,
    FINDING_CHANGES[:-1],
    check_id="the check",
    title="the state the check wants",
    severity="as the policy of the newer audit that has the finding weighs it",
    old_status="the fact before",
    new_status="the fact now",
    old_verdict="what the policy made of it before",
    new_verdict="what it makes of it now",
    old_waiver="the waiver that bore it before",
    new_waiver="the waiver that bears it now",
    resource_id="the resource the check answers for, as Azure spelled it",
    old_observed="what was seen before",
    new_observed="what is seen now",
    why="why it is in this class, where that does not follow from the two statuses",
    is_regression="whether it is a violation that fails its policy and that the older audit does not have",
)

RULES = _file(
    "rules",
    "a change of an outbound rule of a workspace that both audits have",
    RULE_COLUMNS,
    RULE_CHANGES,
    rule="the rule's name; empty where the row is about all rules of the workspace",
    category="Required, Recommended, UserDefined, Dependency",
    old="its destination before",
    new="its destination now",
    details="what changed, column by column",
    rule_id="the rule, as Azure spelled it",
)

REACH = _file(
    "reach",
    "a destination that became reachable from a workspace, or ceased to be, whatever rule opens it",
    REACH_COLUMNS,
    REACH_CHANGES,
    destination="what was opened, closed or denied",
    rule="the rule that opened or denied it; empty where the isolation mode did",
    before="what of it was open, or denied, already",
    after="what of it still is",
)

WAIVERS = _file(
    "waivers",
    "a waiver that changed",
    WAIVER_COLUMNS,
    WAIVER_CHANGES,
    policy="the policy it counts for",
    check="the check or the family it bears violations of",
    resource="globs on resource ids; empty for any",
    where="the selector of workspaces as JSON; empty for all",
    reason="why",
    approver="who answers for it",
    expires="the last day on which it counts",
    ticket="where it was decided",
    state="in force, expired, or without effect",
    violations="violated findings it matches, be it in force or not",
    details="what changed, term by term",
)

DRIFT_FILES: tuple[ReportFile, ...] = (FINDINGS, RULES, REACH, WORKSPACES, WAIVERS)

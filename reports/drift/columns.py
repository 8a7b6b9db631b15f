"""The published schema of the drift files: what differs between two audits, as CSV.

`DRIFT_SCHEMA_VERSION` counts like the version of the report's CSV files. The most important rows come first. A
cell is empty if one audit does not have the thing or did not report it.
"""

from __future__ import annotations

from checks.contract.tables import BOOLEAN, STRING
from checks.drift.findings import FINDING_CHANGES, FINDING_COLUMNS
from checks.drift.reach import REACH_CHANGES, REACH_COLUMNS
from checks.drift.rules import RULE_CHANGES, RULE_COLUMNS
from checks.drift.waivers import WAIVER_CHANGES, WAIVER_COLUMNS
from checks.drift.workspaces import WORKSPACE_CHANGES, WORKSPACE_COLUMNS
from reports.tables.columns import ReportColumn, ReportFile

DRIFT_SCHEMA_VERSION = "1.2"

_EVERYWHERE = {
    "workspace_id": "the id of the workspace, as Azure spells it",
    "workspace": "the workspace's name",
    "subscription_id": "the workspace's subscription",
    "subscription": "the subscription's display name",
    "policy": "the policy",
    "reason": "why the check gave this status, in the newer audit that has the finding",
}


def _file(
    name: str, row: str, columns: tuple[str, ...], words: tuple[str, ...], **meanings: str
) -> ReportFile:
    meaning_of = {**_EVERYWHERE, **meanings, "change": f"the class of the change: {', '.join(words)}"}
    return ReportFile(
        name=f"drift_{name}",
        row=row,
        sorted_by=(),
        columns=tuple(
            ReportColumn(
                name=each, meaning=meaning_of[each], dtype=BOOLEAN if each == "is_regression" else STRING
            )
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
    effect="widened or narrowed, if the column is about inbound or outbound access",
    why="why it could not be compared, or a note on the change",
)

FINDINGS = _file(
    "findings",
    "a finding that changed, of a policy, a check and a resource",
    FINDING_COLUMNS,
    FINDING_CHANGES[:-1],
    check_id="the check",
    title="the state the check requires",
    severity="the severity under the policy, in the newer audit that has the finding",
    old_status="the status before",
    new_status="the status now",
    old_verdict="the verdict before",
    new_verdict="the verdict now",
    old_waiver="the waiver before",
    new_waiver="the waiver now",
    resource_id="the id of the resource, as Azure spells it",
    old_observed="the observed value before",
    new_observed="the observed value now",
    why="why it is in this class, if the two statuses do not show it",
    is_regression="whether it is a violation that fails its policy and is not in the older audit",
)

RULES = _file(
    "rules",
    "a changed outbound rule of a workspace that both audits have",
    RULE_COLUMNS,
    RULE_CHANGES,
    rule="the rule's name; empty if the row is about all rules of the workspace",
    category="Required, Recommended, UserDefined, Dependency",
    old="its destination before",
    new="its destination now",
    details="the changed columns",
    rule_id="the id of the rule, as Azure spells it",
)

REACH = _file(
    "reach",
    "a destination that became reachable from a workspace, or unreachable, by any rule",
    REACH_COLUMNS,
    REACH_CHANGES,
    destination="the destination that was opened, closed or denied",
    rule="the rule that opened or denied it; empty if the isolation mode did",
    before="the part of it that was open, or denied, before",
    after="the part of it that still is",
    rule_id="the id of that rule, as Azure spells it",
    is_regression="whether a rule, a denial that is gone, a hub or a mode allows more than before, without a waiver or "
    "an approval",
)

WAIVERS = _file(
    "waivers",
    "a waiver that changed",
    WAIVER_COLUMNS,
    WAIVER_CHANGES,
    policy="the policy that it applies to",
    check="the check or family that it waives",
    resource="globs on resource ids; empty for any",
    where="the selector of workspaces as JSON; empty for all",
    reason="why the violation is accepted",
    approver="who approved it",
    expires="the last day on which it is valid",
    ticket="the record of the decision",
    state="in force, expired, or without effect",
    violations="violated findings that it matches, in force or not",
    details="the changed fields",
)

DRIFT_FILES: tuple[ReportFile, ...] = (FINDINGS, RULES, REACH, WORKSPACES, WAIVERS)

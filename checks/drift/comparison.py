"""What differs between two audits: workspaces, findings, outbound rules, reach and waivers."""

from __future__ import annotations

from checks.drift.findings import changed_findings
from checks.drift.model import Drift as Drift
from checks.drift.model import Snapshot as Snapshot
from checks.drift.notes import notes
from checks.drift.policies import with_names_of
from checks.drift.reach import reach_changes
from checks.drift.rules import rule_changes
from checks.drift.waivers import waiver_changes
from checks.drift.workspaces import workspace_changes


def drift(old: Snapshot, new: Snapshot) -> Drift:
    """Return what differs between an older and a newer audit; of an audit and itself nothing does."""
    old = with_names_of(old, new)
    reach = reach_changes(old, new)
    findings, counts = changed_findings(old, new, reach)
    return Drift(
        old=old,
        new=new,
        notes=notes(old, new),
        workspaces=workspace_changes(old, new),
        findings=findings,
        finding_counts=counts,
        rules=rule_changes(old, new),
        reach=reach,
        waivers=waiver_changes(old, new),
    )

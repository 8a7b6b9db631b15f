"""Derive the part of the statement that counts what was in scope and what was read."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import asdict

from checks.frames import pd
from reports.audit import Audit
from scanner.evidence.statement import (
    Count,
    Derived,
    KindOfPayload,
    ManagementGroup,
    PolicyResult,
    SampleOfLists,
    ScanRecord,
    SubscriptionRecord,
)
from scanner.evidence.tally import Tally
from scanner.payloads.answers import ADDRESS_RULES
from scanner.reading.learning import Learning
from scanner.tables.provenance import Provenance


def learning_of(record: ScanRecord) -> Learning:
    """Return an empty learning of the members that the scan was to read."""
    return Learning(frozenset(record.asked_for.members) - {ADDRESS_RULES}, record.asked_for.wanted)


def derived_statement(audit: Audit, provenance: Provenance, tally: Tally, learning: Learning) -> Derived:
    """Return the part of the statement that follows from payloads and policies."""
    subscriptions, left_out = audit.tables.subscriptions, audit.tables.left_out
    read = subscriptions["read"]
    is_left_out = subscriptions["left_out_by"].notna()
    counts = {
        "subscriptions_seen": len(subscriptions),
        "subscriptions_read": int(read.fillna(value=False).sum()),
        "subscriptions_unread": int((~read.fillna(value=True)).sum()),
        "subscriptions_not_asked_for": int((read.isna() & ~is_left_out).sum()),
        "subscriptions_left_out": int(is_left_out.sum()),
        "workspaces": len(audit.tables.workspaces),
        "workspaces_left_out": int(left_out["left_out"].eq("workspace").sum()),
        "gaps": len(audit.tables.gaps),
    }
    return Derived(
        tenants=sorted(subscriptions["tenant_id"].dropna().astype(str).unique()),
        management_groups=_management_groups(audit, provenance),
        **counts,
        subscriptions=[_subscription(dict(row)) for row in subscriptions.to_dict("records")],
        payloads={kind: KindOfPayload(**vars(counted)) for kind, counted in tally.kinds().items()},
        policies=_policies(audit),
        samples=[SampleOfLists(**asdict(each)) for each in learning.samples()],
        reconciliation=list(_reconciled(audit, provenance, tally, counts)),
    )


def _subscription(row: Mapping[Hashable, object]) -> SubscriptionRecord:
    cells = {str(name): None if pd.isna(value) else value for name, value in row.items()}  # type: ignore[call-overload]
    return SubscriptionRecord.model_validate(
        {
            "subscription_id": cells["subscription_id"],
            "name": cells["subscription"],
            "state": cells["state"],
            "tenant_id": cells["tenant_id"],
            "read": cells["read"],
            "workspaces": cells["workspaces"],
            "left_out_by": cells["left_out_by"],
            "workspaces_left_out": cells["workspaces_left_out"],
            "why": cells["note"],
        }
    )


def _management_groups(audit: Audit, provenance: Provenance) -> list[ManagementGroup]:
    """Return the requested management groups. A gap among its descendants makes a group incomplete."""
    gaps = audit.tables.gaps
    broken = set(gaps.loc[gaps["asked"].eq("descendants"), "scope"].str.lower())
    asked = sorted(scope for kind, scope in provenance.lists if kind == "descendants")
    return [ManagementGroup(name=scope.rsplit("/", 1)[-1], read=scope not in broken) for scope in asked]


def _policies(audit: Audit) -> list[PolicyResult]:
    findings = audit.findings["policy"].value_counts()
    return [
        PolicyResult(
            name=verdict.policy,
            digest=verdict.digest,
            verdict=verdict.verdict.value,
            fail_on=verdict.fail_on.value,
            checks=list(verdict.checks),
            findings=int(findings.get(verdict.policy, 0)),
            score=verdict.score,
        )
        for verdict in audit.verdicts
    ]


def _reconciled(
    audit: Audit, provenance: Provenance, tally: Tally, counts: Mapping[str, int]
) -> Iterator[Count]:
    """Yield the pairs of counts that must agree."""
    subscriptions, gaps = audit.tables.subscriptions, audit.tables.gaps
    parts = ("read", "unread", "not_asked_for", "left_out")
    yield _count(
        "the subscriptions seen are those read, not read, not asked for and left out",
        counts["subscriptions_seen"],
        sum(counts[f"subscriptions_{part}"] for part in parts),
    )
    unread = subscriptions[~subscriptions["read"].fillna(value=True)]
    yield _count(
        "every subscription that was not read has a reason", len(unread), int(unread["note"].notna().sum())
    )
    seen = set(subscriptions["subscription_id"].str.lower())
    yield _count(
        "the workspaces of each subscription are those its list names",
        int(subscriptions["workspaces"].fillna(0).sum()),
        sum(len(workspaces) for key, workspaces in tally.listed.items() if key in seen),
    )
    workspaces, left_out = audit.tables.workspaces, audit.tables.left_out
    in_a_table = {*workspaces.index, *left_out.index[left_out["left_out"].eq("workspace")]}
    yield _count(
        "every workspace that an answer names is in a table, or a rule leaves it out",
        len(tally.workspaces),
        len(in_a_table),
    )
    found = [provenance.of_row("gaps", str(key)) for key in gaps.index]
    yield _count("every gap refers to what it came from", len(gaps), sum(map(bool, found)))
    ids = {reference.partition("#")[0] for references in found for reference in references}
    yield _count("every refused answer has a gap", len(tally.refused), len(tally.refused & ids))
    referred = _referred(provenance)
    yield _count("every answer that a row refers to is kept", len(referred), len(referred & tally.ids()))


def _referred(provenance: Provenance) -> set[str]:
    """Return the ids of all payloads and gaps that rows refer to."""
    return {
        reference.partition("#")[0]
        for rows in provenance.rows.values()
        for references in rows.values()
        for reference in references
    }


def _count(claim: str, counted: int, expected: int) -> Count:
    return Count(claim=claim, counted=counted, expected=expected, holds=counted == expected)

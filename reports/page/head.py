"""The first screen of the page: one sentence of counts, the verdict of each policy, and what was not read."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from checks.contract.hubs import is_project
from checks.model import Status
from checks.network.destinations import Service
from checks.policy.judge import CLAIMS, PolicyVerdict, claim_counts
from checks.severity import Verdict
from reports.audit import Audit
from reports.page.networks import Fleet, outbound_postures, reach_counts
from reports.statuses import SEVERITY_ORDER
from reports.tables.policies import score_text
from reports.tables.population import Population, in_scope

EXFILTRATION, MODE = "OBR005", "MVN002"
"""The checks of outbound rules that anybody can receive data by, and of the isolation mode."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One part of the sentence: how many workspaces, of which nothing is known, and what is wrong with them."""

    check_id: str
    count: int
    unknown: int
    text: str
    inherited: str
    """"20 Projects inherit it", "" for none."""


@dataclass(frozen=True, kw_only=True)
class WaysOut:
    """How data may leave, to connect the claim about data exfiltration with what the workspaces may reach."""

    by_rules: int
    """Workspaces that the claim counts: an outbound rule leads to where anybody can receive data."""
    by_mode: int
    """Other workspaces whose isolation mode opens every public address."""
    is_accepted: bool | None
    """True if the policy accepts that mode in all of them, None if in some only."""
    storage: int
    """Workspaces that may reach any storage account."""
    perhaps_storage: int
    """Workspaces of which that is unknown."""


@dataclass(frozen=True, kw_only=True)
class PolicyLine:
    """The verdict of one policy in a line."""

    verdict: PolicyVerdict
    violations: tuple[tuple[str, int], ...]
    """Severities with a violation, and how many; the worst first."""
    undecided: int
    waived: int
    score: str
    """With one decimal; "" if nothing counts."""

    @property
    def is_empty(self) -> bool:
        """Return whether the policy had nothing to judge."""
        return not sum(self.verdict.statuses.values())


def claims(audit: Audit) -> tuple[Claim, ...]:
    """Return the parts of the sentence under the first policy: claims that are true of a workspace, or may be."""
    if not audit.verdicts or audit.tables.workspaces.empty:
        return ()
    first = audit.verdicts[0]
    findings = audit.findings[audit.findings["policy"].eq(first.policy)]
    found = [_claim(findings, check_id) for check_id in CLAIMS if check_id in first.checks]
    chosen = [claim for claim in found if claim.count or claim.unknown]
    return tuple(chosen) if found else (_violating(findings, first.policy),)


def _claim(findings: pd.DataFrame, check_id: str) -> Claim:
    counts = claim_counts(findings, check_id)
    singular, plural = CLAIMS[check_id]
    return Claim(
        check_id=check_id,
        count=len(counts.failing),
        unknown=len(counts.unknown),
        text=singular if len(counts.failing) == 1 else plural,
        inherited=counts.inherited,
    )


def _violating(findings: pd.DataFrame, policy: str) -> Claim:
    violating = _workspaces(findings[findings["verdict"].eq(Verdict.VIOLATED)])
    unknown = _workspaces(findings[findings["verdict"].eq(Verdict.UNDETERMINED)]) - violating
    verb = "violates" if len(violating) == 1 else "violate"
    return Claim(
        check_id="", count=len(violating), unknown=len(unknown), text=f"{verb} {policy}", inherited=""
    )


def _workspaces(findings: pd.DataFrame) -> frozenset[str]:
    return frozenset(findings["workspace_id"].astype(object).dropna().str.lower()) - {""}


def ways_out(audit: Audit, fleet: Fleet) -> WaysOut | None:
    """Return how data may leave under the first policy. None if it asks nothing about it, or no mode lets it out."""
    if not audit.verdicts or EXFILTRATION not in audit.verdicts[0].checks:
        return None
    findings = audit.findings[audit.findings["policy"].eq(audit.verdicts[0].policy)]
    by_rules = claim_counts(findings, EXFILTRATION).failing
    judged = _deciding(in_scope(audit.tables.workspaces))
    by_mode = {
        key for key, word in outbound_postures(fleet).items() if word == "internet"
    } & judged - by_rules
    refused = _failing(findings, MODE) & by_mode
    storage = reach_counts(fleet, Service(tag="Storage"))
    return (
        WaysOut(
            by_rules=len(by_rules),
            by_mode=len(by_mode),
            is_accepted=not refused or (False if refused == by_mode else None),
            storage=storage[True],
            perhaps_storage=storage[None],
        )
        if by_mode
        else None
    )


def _failing(findings: pd.DataFrame, check_id: str) -> frozenset[str]:
    rows = findings[findings["check_id"].eq(check_id)]
    return _workspaces(rows[rows["status"].eq(Status.FAIL) & ~rows["verdict"].eq(Verdict.WAIVED)])


def _deciding(workspaces: pd.DataFrame) -> set[str]:
    """Return the ids of the workspaces without the Projects whose hub is among them: the hub counts for them."""
    repeats = is_project(workspaces) & workspaces["hub_resource_id"].str.lower().isin(workspaces.index)
    return set(workspaces.index[~repeats.fillna(value=False).to_numpy(dtype=bool)])


def policy_lines(audit: Audit) -> tuple[PolicyLine, ...]:
    """Return the line of each policy, in their order."""
    return tuple(
        PolicyLine(
            verdict=verdict,
            violations=tuple(
                (name, verdict.violated[name]) for name in SEVERITY_ORDER if verdict.violated.get(name)
            ),
            undecided=verdict.undecided,
            waived=sum(verdict.waived.values()),
            score=score_text(verdict.score),
        )
        for verdict in audit.verdicts
    )


def uncovered(population: Population) -> str:
    """Return the part of the sentence about subscriptions that were not read, "" if all were."""
    if not population.unread:
        return ""
    return f"{population.unread:,} {'subscription was' if population.unread == 1 else 'subscriptions were'} not read"

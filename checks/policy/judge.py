"""Verdicts of a policy on findings and gaps."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from checks.model import Severity, Status
from checks.policy.headlines import headlines
from checks.policy.model import UnknownCounts
from checks.policy.score import no_scores, scores
from checks.policy.verdicts import VERDICTS
from checks.policy.verdicts import Verdict as Verdict
from checks.policy.waivers import AppliedWaiver
from checks.vocabulary import Vocabulary

_VERDICT_OF = {
    Status.PASS: Verdict.COMPLIANT,
    Status.NOT_APPLICABLE: Verdict.COMPLIANT,
    Status.FAIL: Verdict.VIOLATED,
    Status.UNKNOWN: Verdict.UNDETERMINED,
    Status.ERROR: Verdict.UNDETERMINED,
}


@dataclass(frozen=True, kw_only=True)
class PolicyVerdict:
    """The verdict of one policy on all findings of a run.

    `verdict` is violated if a violated finding reaches `fail_on`. Otherwise it is undetermined if a finding is
    undetermined or there is a gap, and compliant if not. `statuses` counts findings before waivers; `violated`
    and `waived` count findings of that verdict by severity.
    """

    policy: str
    description: str
    verdict: Verdict
    fail_on: Severity
    checks: tuple[str, ...]
    statuses: dict[str, int]
    violated: dict[str, int]
    """Violated findings by severity; a waived finding is not violated."""
    crashed: bool
    waived: dict[str, int] = field(default_factory=dict)
    """Waived findings by severity."""
    headlines: tuple[str, ...] = ()
    """Sentences that count workspaces, as `checks.policy.headlines` makes them."""
    idle_checks: tuple[str, ...] = ()
    """Chosen checks that do not apply because a parameter is empty, each with that parameter in brackets."""
    consequences: int = 0
    """Findings that follow from another one; they are neither violated nor undetermined."""
    inheriting: int = 0
    """Projects that inherit a finding of their hub."""
    expired_waivers: tuple[str, ...] = ()
    """Waivers that ended before the audit, in readable words: each needs renewing or removing."""
    orphan_waivers: tuple[str, ...] = ()
    """Waivers that had nothing to waive, in readable words."""
    unread_groups: tuple[str, ...] = ()
    """Management groups that a selector names and the reader could not read. Their settings were not applied."""
    unknown: UnknownCounts = UnknownCounts.INCOMPLETE
    score: float | None = None
    """The score that `checks.policy.score` computes. None if no finding counts."""
    scores: pd.DataFrame = field(default_factory=no_scores, compare=False, repr=False)
    waivers: tuple[AppliedWaiver, ...] = ()
    """Every waiver of the policy and what it did."""
    digest: str = ""
    """`Composition.digest` of the policy; "" if it was not composed."""
    """Counts and scores of the policy, its subscriptions and workspaces, as `checks.policy.score.scores`."""


def judged(
    findings: pd.DataFrame, policy: str, *, unknown: UnknownCounts = UnknownCounts.INCOMPLETE
) -> pd.DataFrame:
    """The findings with the columns `verdict`, `waiver` and `caused_by` ("" throughout) and `policy`.

    `checks.policy.waivers.waived` adds the waivers, `checks.engine.causes.with_causes` the causes.
    An error is undetermined whatever `unknown` is.
    """
    words = {status.value: verdict.value for status, verdict in _VERDICT_OF.items()}
    if unknown is UnknownCounts.VIOLATION:
        words[Status.UNKNOWN.value] = Verdict.VIOLATED.value
    return findings.assign(
        verdict=Vocabulary.of(findings["status"])
        .changed(lambda status: words.get(status, ""))
        .categorical(VERDICTS),
        waiver=Vocabulary.repeated("", len(findings)).categorical(),
        caused_by=Vocabulary.repeated("", len(findings)).categorical(),
        policy=Vocabulary.repeated(policy, len(findings)).categorical(),
    )


def concluded(
    findings: pd.DataFrame,
    *,
    policy: str,
    description: str,
    checks: tuple[str, ...],
    fail_on: Severity,
    complete: bool,
    workspaces: int = 0,
    idle: tuple[str, ...] = (),
    unknown: UnknownCounts = UnknownCounts.INCOMPLETE,
    expired_waivers: tuple[str, ...] = (),
    orphan_waivers: tuple[str, ...] = (),
    unread_groups: tuple[str, ...] = (),
    waivers: tuple[AppliedWaiver, ...] = (),
    digest: str = "",
) -> PolicyVerdict:
    """Return the verdict of one policy on its judged findings. `complete` is False if there are gaps.

    A gap is no finding, so it leaves the verdict undetermined for every value of `unknown`.
    """
    violated = _by_severity(findings, Verdict.VIOLATED)
    statuses = findings["status"].value_counts()
    fails = findings["status"].eq(Status.FAIL)
    follows = findings["verdict"].eq(Verdict.CONSEQUENCE)
    undetermined = bool((findings["verdict"].eq(Verdict.UNDETERMINED) | (follows & ~fails)).any())
    reaching = _added(violated, _by_severity(findings[fails], Verdict.CONSEQUENCE))
    table = scores(findings, policy)
    return PolicyVerdict(
        policy=policy,
        description=description,
        verdict=_overall(reaching, fail_on, is_open=undetermined or bool(unread_groups) or not complete),
        fail_on=fail_on,
        checks=checks,
        statuses={status.value: int(statuses.get(status.value, 0)) for status in Status},
        violated=violated,
        crashed=bool(statuses.get(Status.ERROR.value, 0)),
        waived=_by_severity(findings, Verdict.WAIVED),
        headlines=headlines(findings, checks, workspaces),
        idle_checks=idle,
        consequences=int(follows.sum()),
        inheriting=_inheriting(findings[follows]),
        expired_waivers=expired_waivers,
        orphan_waivers=orphan_waivers,
        unread_groups=unread_groups,
        unknown=unknown,
        score=_policy_score(table),
        scores=table,
        waivers=waivers,
        digest=digest,
    )


def _overall(violated: dict[str, int], fail_on: Severity, *, is_open: bool) -> Verdict:
    """The verdict over violations counted by severity; `is_open`: something is undetermined."""
    if any(count and Severity(severity).reaches(fail_on) for severity, count in violated.items()):
        return Verdict.VIOLATED
    return Verdict.UNDETERMINED if is_open else Verdict.COMPLIANT


def _added(some: dict[str, int], others: dict[str, int]) -> dict[str, int]:
    """Return the sums by severity: a consequence may reach `fail_on` although its cause does not."""
    return {severity: count + others[severity] for severity, count in some.items()}


def _inheriting(consequences: pd.DataFrame) -> int:
    """Return how many workspaces repeat a finding of their hub."""
    cause = (
        consequences["caused_by"].astype(object).fillna("") if "caused_by" in consequences.columns else None
    )
    if cause is None or not len(consequences):
        return 0
    same = cause.str.partition(" ")[0].eq(consequences["check_id"].astype(object))
    return int(consequences.loc[same, "workspace_id"].astype(object).str.lower().nunique())


def _policy_score(table: pd.DataFrame) -> float | None:
    overall = table.loc[table["scope"].eq("policy"), "score"].dropna()
    return float(overall.iloc[0]) if len(overall) else None


def _by_severity(findings: pd.DataFrame, verdict: Verdict) -> dict[str, int]:
    counts = findings[findings["verdict"].eq(verdict)]["severity"].value_counts()
    return {severity.value: int(counts.get(severity.value, 0)) for severity in Severity}

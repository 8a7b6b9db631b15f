"""Judge findings by a policy: verdicts of findings, the verdict of the policy, sentences that count workspaces.

`scanner.audit` calls `judged`, then adds waivers and causes, then calls `concluded`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from checks.frames import pd
from checks.model import ChosenCheck, Status
from checks.policy.model import UnknownCounts
from checks.policy.score import no_scores, scores
from checks.policy.waivers import AppliedWaiver
from checks.severity import VERDICTS, Severity, Verdict
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
    """The verdict of one policy over a whole collection.

    `verdict` is violated if a violated finding reaches `fail_on`, else undetermined if a finding is undetermined or
    there is a gap, else compliant. `statuses` counts findings by status, waived ones included.
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
    """Sentences that count workspaces, as `headlines` makes them."""
    idle_checks: tuple[str, ...] = ()
    """Chosen checks that judge nothing because a parameter is empty, each with that parameter in brackets."""
    consequences: int = 0
    """The number of findings that follow from another one. They are neither violated nor undetermined."""
    inheriting: int = 0
    """The number of Projects that inherit a finding of their hub."""
    expired_waivers: tuple[str, ...] = ()
    """Sentences on waivers that expired before the audit. Each has to be renewed or removed."""
    orphan_waivers: tuple[str, ...] = ()
    """Sentences on waivers that match no violation."""
    unread_groups: tuple[str, ...] = ()
    """Management groups of selectors that could not be read. Overrides and waivers for them were not applied."""
    unknown: UnknownCounts = UnknownCounts.INCOMPLETE
    score: float | None = None
    """The score of `checks.policy.score`, None if no finding counts."""
    scores: pd.DataFrame = field(default_factory=no_scores, compare=False, repr=False)
    """Counts and scores of the policy, its subscriptions and workspaces: `checks.policy.score.scores`."""
    waivers: tuple[AppliedWaiver, ...] = ()
    """Every waiver of the policy with its state."""
    digest: str = ""
    """`Composition.digest` of the policy, "" if it was not composed."""


def judged(
    findings: pd.DataFrame, policy: str, *, unknown: UnknownCounts = UnknownCounts.INCOMPLETE
) -> pd.DataFrame:
    """Return the findings with the columns `verdict`, `waiver`, `caused_by` and `policy`.

    `waiver` and `caused_by` are "": `checks.policy.waivers.waived` fills the former, `checks.engine.causes.with_causes`
    the latter. An error is undetermined even if `unknown` counts as a violation.
    """
    words = {status.value: verdict.value for status, verdict in _VERDICT_OF.items()}
    if unknown is UnknownCounts.VIOLATION:
        words[Status.UNKNOWN.value] = Verdict.VIOLATED.value
    verdicts = Vocabulary.of(findings["status"]).changed(lambda status: words.get(status, ""))
    same = {"waiver": "", "caused_by": "", "policy": policy}
    return findings.assign(
        verdict=verdicts.categorical(VERDICTS),
        **{name: Vocabulary.repeated(text, len(findings)).categorical() for name, text in same.items()},
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
    """Return the verdict of one policy over its judged findings. `complete` is False if there is a gap.

    A gap is no finding: it leaves the verdict undetermined even if `unknown` counts as a violation.
    """
    statuses = findings["status"].value_counts()
    follows = findings["verdict"].eq(Verdict.CONSEQUENCE)
    table = scores(findings, policy)
    return PolicyVerdict(
        policy=policy,
        description=description,
        verdict=_overall(findings, fail_on, is_whole=complete and not unread_groups),
        fail_on=fail_on,
        checks=checks,
        statuses={status.value: int(statuses.get(status.value, 0)) for status in Status},
        violated=_by_severity(findings, Verdict.VIOLATED),
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


def _overall(findings: pd.DataFrame, fail_on: Severity, *, is_whole: bool) -> Verdict:
    """Return the verdict of a policy. A consequence that fails may reach `fail_on` although its cause does not."""
    fails = findings["status"].eq(Status.FAIL)
    follows = findings["verdict"].eq(Verdict.CONSEQUENCE)
    violated = findings["verdict"].eq(Verdict.VIOLATED) | (follows & fails)
    if any(Severity(each).reaches(fail_on) for each in findings["severity"][violated].unique()):
        return Verdict.VIOLATED
    is_open = (findings["verdict"].eq(Verdict.UNDETERMINED) | (follows & ~fails)).any()
    return Verdict.UNDETERMINED if is_open or not is_whole else Verdict.COMPLIANT


def _inheriting(consequences: pd.DataFrame) -> int:
    """Return how many workspaces repeat a finding of their hub."""
    if not len(consequences):
        return 0
    cause = consequences["caused_by"].astype(object).fillna("")
    same = cause.str.partition(" ")[0].eq(consequences["check_id"].astype(object))
    return int(consequences.loc[same, "workspace_id"].astype(object).str.lower().nunique())


def _policy_score(table: pd.DataFrame) -> float | None:
    overall = table.loc[table["scope"].eq("policy"), "score"].dropna()
    return float(overall.iloc[0]) if len(overall) else None


def _by_severity(findings: pd.DataFrame, verdict: Verdict) -> dict[str, int]:
    counts = findings[findings["verdict"].eq(verdict)]["severity"].value_counts()
    return {severity.value: int(counts.get(severity.value, 0)) for severity in Severity}


CLAIMS: Final = {
    "OBR005": ("allows data exfiltration", "allow data exfiltration"),
    "NET001": ("is open to the internet", "are open to the internet"),
    "MVN001": ("has no managed network", "have no managed network"),
    "RES001": ("has an open storage account", "have an open storage account"),
}
"""The meaning of a violation for a workspace, in the singular and in the plural, by check id. The worst is first."""


def headlines(findings: pd.DataFrame, checks: Iterable[str], workspaces: int) -> tuple[str, ...]:
    """Return a sentence for each chosen check of `CLAIMS`: "2 of 28 workspaces allow data exfiltration.".

    A workspace counts if one of its findings, or of its hub's, fails and is not waived. `workspaces` is the number that
    was read. The sentence also counts the workspaces whose answer is unknown.
    """
    if not workspaces:
        return ()
    chosen = [check_id for check_id in CLAIMS if check_id in set(checks)]
    return tuple(_sentence(findings[findings["check_id"].eq(each)], each, workspaces) for each in chosen)


def _sentence(findings: pd.DataFrame, check_id: str, workspaces: int) -> str:
    fails = findings["status"].eq(Status.FAIL) & ~findings["verdict"].eq(Verdict.WAIVED)
    failing = _workspaces(findings[fails])
    unknown = _workspaces(findings[findings["status"].isin([Status.UNKNOWN, Status.ERROR])]) - failing
    singular, plural = CLAIMS[check_id]
    verb = singular if 1 in (len(failing), workspaces) else plural
    text = f"{len(failing):,} of {workspaces:,} workspace{'' if workspaces == 1 else 's'} {verb}"
    return text + (f", {len(unknown):,} unknown." if unknown else ".")


def _workspaces(findings: pd.DataFrame) -> frozenset[str]:
    ids = findings["workspace_id"].astype(object).dropna().str.lower()
    return frozenset(ids) - {""}


WHILE_EMPTY: Final = "while empty the check does not apply"
"""The description of a parameter has these words if its check judges nothing without it."""


def idle_checks(chosen: Iterable[ChosenCheck]) -> tuple[str, ...]:
    """Return the chosen checks that judge nothing, because the policy leaves a parameter empty: "OBR008 (approved)"."""
    return tuple(
        f"{each.check.id} ({name})"
        for each in chosen
        for name, field in each.check.params.model_fields.items()
        if WHILE_EMPTY in (field.description or "") and not getattr(each.params, name)
    )

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
    there is a gap, else compliant. A consequence never decides it: its cause carries it. `statuses` counts findings by
    status, consequences and waived ones included.
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
    undecided: int = 0
    """Findings that are unknown or crashed, without the waived ones and the consequences."""
    consequences: int = 0
    """The number of findings that follow from another one. They are neither violated nor undetermined."""
    inheriting: int = 0
    """The number of Projects that inherit a finding of their hub."""
    repeats: int = 0
    """The consequences that repeat a hub's finding for a Project."""
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
    """Return the findings with the columns `verdict`, `waiver`, `caused_by`, `followed_by` and `policy`.

    All but the first and the last are "": `checks.policy.waivers.waived` fills `waiver`, and
    `checks.engine.causes.with_causes` the others. An error is undetermined even if `unknown` counts as a violation.
    """
    words = {status.value: verdict.value for status, verdict in _VERDICT_OF.items()}
    if unknown is UnknownCounts.VIOLATION:
        words[Status.UNKNOWN.value] = Verdict.VIOLATED.value
    verdicts = Vocabulary.of(findings["status"]).changed(lambda status: words.get(status, ""))
    same = {"waiver": "", "caused_by": "", "followed_by": "", "policy": policy}
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
    is_open = findings["status"].isin([Status.UNKNOWN, Status.ERROR])
    repeated = _repeated(findings[follows])
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
        undecided=int((is_open & ~follows & findings["verdict"].ne(Verdict.WAIVED)).sum()),
        consequences=int(follows.sum()),
        inheriting=len(_workspaces(repeated)),
        repeats=len(repeated),
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
    """Return the verdict of a policy. A cause carries what follows from it: see `checks.engine.causes`."""
    violated = findings[findings["verdict"].eq(Verdict.VIOLATED)]
    if any(Severity(each).reaches(fail_on) for each in violated["severity"].unique()):
        return Verdict.VIOLATED
    is_open = findings["verdict"].eq(Verdict.UNDETERMINED).any() or _mentions(violated, "undetermined").any()
    return Verdict.UNDETERMINED if is_open or not is_whole else Verdict.COMPLIANT


def _mentions(findings: pd.DataFrame, words: str) -> pd.Series[bool]:
    """Return for each finding whether `followed_by` has an entry that ends in the words."""
    says = Vocabulary.of(findings["followed_by"]).changed(lambda text: f" {words}," in f"{text},")
    return pd.Series(says.expanded.astype(bool), index=findings.index)


def _repeated(consequences: pd.DataFrame) -> pd.DataFrame:
    """Return the consequences that repeat the finding of a hub: their cause is of the same check."""
    cause = Vocabulary.of(consequences["caused_by"]).changed(lambda text: text.partition(" ")[0])
    repeats = cause.expanded == Vocabulary.of(consequences["check_id"]).expanded
    return consequences[pd.Series(repeats, index=consequences.index)]


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


@dataclass(frozen=True, kw_only=True)
class ClaimCounts:
    """The workspaces for which a claim is true, those for which it is unknown, and the Projects that inherit it."""

    failing: frozenset[str]
    unknown: frozenset[str]
    inheriting: frozenset[str]

    @property
    def inherited(self) -> str:
        """Return "20 Projects inherit it", "" for none."""
        number = len(self.inheriting)
        return f"{number:,} Project{' inherits' if number == 1 else 's inherit'} it" if number else ""


def claim_counts(findings: pd.DataFrame, check_id: str) -> ClaimCounts:
    """Return the workspaces, by lower-cased id, with a finding of the check that fails or is unknown.

    Waived findings do not count. A Project that repeats its hub's finding counts as inheriting only.
    """
    verdict, status = findings["verdict"], findings["status"]
    own = findings["check_id"].eq(check_id) & ~verdict.isin([Verdict.WAIVED, Verdict.CONSEQUENCE])
    counts = verdict.isin([Verdict.VIOLATED, Verdict.UNDETERMINED])
    followed = _mentions(findings, f"{check_id} violated") & counts
    failing = _workspaces(findings[(own & status.eq(Status.FAIL)) | followed])
    open_ = own & status.isin([Status.UNKNOWN, Status.ERROR])
    unknown = _workspaces(findings[open_ | (_mentions(findings, f"{check_id} undetermined") & counts)])
    repeats = verdict.eq(Verdict.CONSEQUENCE) & findings["check_id"].eq(check_id) & status.eq(Status.FAIL)
    return ClaimCounts(
        failing=failing,
        unknown=unknown - failing,
        inheriting=_workspaces(findings[repeats]) - failing,
    )


def headlines(findings: pd.DataFrame, checks: Iterable[str], workspaces: int) -> tuple[str, ...]:
    """Return a sentence for each chosen check of `CLAIMS`: "2 of 32 workspaces allow data exfiltration.".

    A hub counts once, and the sentence ends in "20 Projects inherit it". `workspaces` is the number that was read. The
    sentence also counts the workspaces whose answer is unknown.
    """
    if not workspaces:
        return ()
    chosen = [check_id for check_id in CLAIMS if check_id in set(checks)]
    return tuple(_sentence(claim_counts(findings, each), each, workspaces) for each in chosen)


def _sentence(counts: ClaimCounts, check_id: str, workspaces: int) -> str:
    singular, plural = CLAIMS[check_id]
    verb = singular if 1 in (len(counts.failing), workspaces) else plural
    text = f"{len(counts.failing):,} of {workspaces:,} workspace{'' if workspaces == 1 else 's'} {verb}"
    text += f", {len(counts.unknown):,} unknown" if counts.unknown else ""
    return text + (f"; {counts.inherited}." if counts.inheriting else ".")


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

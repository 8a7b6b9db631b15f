"""What the page opens its judgements with: a card for each policy, and how its score is counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from checks.model import Severity, Status
from checks.policy import score
from checks.policy.judge import PolicyVerdict
from checks.policy.model import UnknownCounts
from reports.audit import Audit
from reports.page.findings import STATUS_ORDER
from reports.tables.policies import score_text


@dataclass(frozen=True, kw_only=True)
class Share:
    """One stretch of a bar: its word, its count and where it lies, in thousandths."""

    word: str
    count: int
    start: int
    width: int


@dataclass(frozen=True, kw_only=True)
class PolicyCard:
    """One policy's verdict with the counts behind it."""

    verdict: PolicyVerdict
    shares: tuple[Share, ...]
    severities: tuple[tuple[Severity, int, int, bool], ...]
    """Severity, violations, those waived beside them, and whether it reaches the policy's threshold."""
    score: str
    """With one decimal; "" where nothing counts."""

    @property
    def answers(self) -> int:
        """Answers of any status; 0 where there was nothing to judge."""
        return sum(self.verdict.statuses.values())

    @property
    def violations(self) -> int:
        """Violations of any severity."""
        return sum(count for _, count, _, _ in self.severities)

    @property
    def reaching(self) -> int:
        """Violations at or above the threshold."""
        return sum(count for _, count, _, reaches in self.severities if reaches)

    @property
    def waived(self) -> int:
        """Waived findings of any severity; none of them is among the violations."""
        return sum(count for _, _, count, _ in self.severities)

    @property
    def counts_unknown(self) -> bool:
        """Whether this policy counts what is unknown as a violation."""
        return self.verdict.unknown is UnknownCounts.VIOLATION

    @property
    def undecided(self) -> int:
        """Answers that are unknown, or of checks that crashed."""
        statuses = self.verdict.statuses
        return statuses.get(Status.UNKNOWN, 0) + statuses.get(Status.ERROR, 0)


def policy_cards(audit: Audit) -> tuple[PolicyCard, ...]:
    """A card for each policy, in their order."""
    return tuple(
        PolicyCard(
            verdict=verdict,
            shares=_shares(verdict.statuses),
            severities=tuple(
                (
                    severity,
                    verdict.violated.get(severity.value, 0),
                    verdict.waived.get(severity.value, 0),
                    severity.reaches(verdict.fail_on),
                )
                for severity in Severity
            ),
            score=score_text(verdict.score),
        )
        for verdict in audit.verdicts
    )


def _shares(statuses: Mapping[str, int]) -> tuple[Share, ...]:
    total = sum(statuses.values()) or 1
    shares: list[Share] = []
    seen = 0
    for status in STATUS_ORDER:
        start, seen = seen, seen + statuses.get(status.value, 0)
        first, last = round(1000 * start / total), round(1000 * seen / total)
        shares.append(Share(word=status.value, count=seen - start, start=first, width=last - first))
    return tuple(shares)


def score_explanation() -> tuple[str, ...]:
    """The formula of the score, its weights and an example, in paragraphs: those of `checks.policy.score`."""
    return tuple(" ".join(paragraph.split()) for paragraph in (score.__doc__ or "").split("\n\n"))

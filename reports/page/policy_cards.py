"""The page's card for each policy, and the text that explains the score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from checks.model import Severity, Status
from checks.policy import score
from checks.policy.judge import PolicyVerdict
from checks.policy.model import UnknownCounts
from reports.audit import Audit
from reports.statuses import STATUS_ORDER
from reports.tables.policies import score_text


@dataclass(frozen=True, kw_only=True)
class Share:
    """One segment of a bar: its status, its count, and its position in thousandths."""

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
    """Severity, violations, waived findings, and whether it reaches the policy's threshold."""
    score: str
    """With one decimal; "" if nothing counts."""

    @property
    def findings(self) -> int:
        """Findings of any status; 0 if there was nothing to judge."""
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
        """Waived findings of any severity. They are not among the violations."""
        return sum(count for _, _, count, _ in self.severities)

    @property
    def counts_unknown(self) -> bool:
        """Whether this policy counts an unknown as a violation."""
        return self.verdict.unknown is UnknownCounts.VIOLATION

    @property
    def undecided(self) -> int:
        """Findings that are unknown, or of checks that crashed."""
        statuses = self.verdict.statuses
        return statuses.get(Status.UNKNOWN, 0) + statuses.get(Status.ERROR, 0)


def policy_cards(audit: Audit) -> tuple[PolicyCard, ...]:
    """Return a card for each policy, in their order."""
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
    """Return the paragraphs that explain the score, from the docstring of `checks.policy.score`."""
    return tuple(" ".join(paragraph.split()) for paragraph in (score.__doc__ or "").split("\n\n"))

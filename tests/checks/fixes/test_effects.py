"""Each printed fix makes its check pass and no other check fail, and docs/fixes.md shows it.

`python -m tests.support.fixes.documentation ID` renews the line of a check, without ID the whole page.
"""

from __future__ import annotations

import pytest

from checks.model import Check
from checks.registry import BUILT_IN
from reports.literals import texts
from tests.support.fixes.documentation import NOT_PROVEN, PAGE, page, row, rows
from tests.support.fixes.effect import effects
from tests.support.fixes.reasons import NO_TEXT, REASONS

IDS = [check.id for check in BUILT_IN]


@pytest.mark.slow
@pytest.mark.parametrize("check_id", IDS)
def test_the_page_shows_what_a_proof_finds(check_id: str) -> None:
    assert row(check_id) == rows()[check_id]


@pytest.mark.slow
@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: f"{reason.check_id}-{reason.problem[:20]}")
def test_every_reason_is_needed(reason) -> None:  # type: ignore[no-untyped-def]
    found = effects(reason.check_id)
    problems = {language: problem for language, each in found.items() for e in each for problem in e.problems}
    assert any(reason.explains(reason.check_id, *item) for item in problems.items())


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(rows())


def test_no_fix_is_unproven_without_a_reason() -> None:
    assert list(rows()) == IDS
    assert [line for line in rows().values() if NOT_PROVEN in line] == []


@pytest.mark.parametrize("check", BUILT_IN, ids=IDS)
def test_a_language_without_a_text_has_a_reason_and_no_other_has_one(check: Check) -> None:
    missing = {language for language, text in texts(check.remediation).items() if not text}
    assert missing == set(NO_TEXT.get(check.id, {}))

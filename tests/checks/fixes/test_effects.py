"""Each printed fix makes its check pass and no other check fail, and docs/fixes.md shows it.

`python -m tests.support.fixes.documentation ID` renews the line of a check, without ID the whole page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from checks.model import Check
from checks.registry import BUILT_IN
from reports.literals import texts
from tests.support.fixes.documentation import NOT_PROVEN, PAGE, page, row, rows
from tests.support.fixes.effect import Effect, proofs
from tests.support.fixes.reasons import NO_TEXT, REASONS

IDS = [check.id for check in BUILT_IN]
OF_ONE_CHECK = pytest.mark.parametrize("check_id", IDS, scope="module")
"""The tests of a check stand beside those of its family, so that few workers prove a family."""


@pytest.fixture(scope="module")
def found(request: pytest.FixtureRequest, check_id: str) -> Mapping[str, Sequence[Effect]]:
    """Return the effects of a check's fix, proven together with its family as far as this run tests it."""
    tested = {
        item.callspec.params.get("check_id") for item in request.session.items if hasattr(item, "callspec")
    }
    return proofs(tuple(id for id in IDS if id[:3] == check_id[:3] and id in tested))[check_id]


@pytest.mark.slow
@OF_ONE_CHECK
def test_the_page_shows_what_a_proof_finds(check_id: str, found: Mapping[str, Sequence[Effect]]) -> None:
    assert row(check_id, found) == rows()[check_id]


@pytest.mark.slow
@OF_ONE_CHECK
def test_every_reason_is_needed(check_id: str, found: Mapping[str, Sequence[Effect]]) -> None:
    problems = [
        (language, problem) for language, each in found.items() for e in each for problem in e.problems
    ]
    reasons = [reason for reason in REASONS if reason.check_id == check_id]
    assert [each for each in reasons if not any(each.explains(check_id, *item) for item in problems)] == []


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(rows())


def test_no_fix_is_unproven_without_a_reason() -> None:
    assert list(rows()) == IDS
    assert [line for line in rows().values() if NOT_PROVEN in line] == []


@pytest.mark.parametrize("check", BUILT_IN, ids=IDS)
def test_a_language_without_a_text_has_a_reason_and_no_other_has_one(check: Check) -> None:
    missing = {language for language, text in texts(check.remediation).items() if not text}
    assert missing == set(NO_TEXT.get(check.id, {}))

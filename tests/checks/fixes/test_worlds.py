"""Tenants that no demo workspace resembles: each text makes its check pass there and makes no other check fail.

`AZML_AUDIT_FIX_WORLDS=all` tries every fix in every world, which takes a minute. By default only fixes that once were
wrong in a world are tried there.
"""

from __future__ import annotations

import os

import pytest

from tests.support.fixes.drawn import tries_in
from tests.support.fixes.effect import effects
from tests.support.fixes.reasons import reason_of
from tests.support.fixes.worlds import WORLDS

ONCE_WRONG = {
    "upper": ("OBR001", "SCN001"),
    "spark": ("OBR001", "OBR009"),
    "off": ("CMP002",),
    "feature-store": ("RES001",),
    "unhealthy": ("MVN002", "OBR001", "SCN001"),
}
"""The checks whose fixes were wrong in a world, by whole ids or families."""

_IS_WHOLE = os.environ.get("AZML_AUDIT_FIX_WORLDS") == "all"


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS if _IS_WHOLE else ONCE_WRONG)
def test_no_fix_makes_another_check_fail(name: str) -> None:
    tried = tries_in(WORLDS[name](), *([""] if _IS_WHOLE else ONCE_WRONG[name]))
    assert tried
    problems = {
        f"{effect.case.check.id} {effect.applied.language} {effect.case.name}": unexplained
        for effect in effects(tried)
        if (
            unexplained := [
                each
                for each in effect.problems
                if not reason_of(effect.case.check.id, effect.applied.language, each)
            ]
        )
    }
    assert problems == {}

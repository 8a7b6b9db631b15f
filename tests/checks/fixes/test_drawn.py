"""A law over drawn workspaces: a fix, applied as printed, makes its check pass and makes no other check fail."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from scanner.emulator.tenants.tenant import Tenant
from tests.support.fixes.drawn import tenants, tries_in
from tests.support.fixes.effect import LANGUAGES, effects
from tests.support.fixes.reasons import reason_of

EXAMPLES = int(os.environ.get("AZML_AUDIT_FIX_EXAMPLES", "8"))
"""Workspaces drawn. Each takes about a second."""


@pytest.mark.slow
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(tenant=tenants(), language=st.sampled_from(LANGUAGES))
def test_no_fix_makes_another_check_fail(tenant: Tenant, language: str) -> None:
    problems = {
        f"{effect.case.check.id} {language} {effect.case.name}": unexplained
        for effect in effects(each for each in tries_in(tenant, "NET", "MVN", "OBR") if each[1] == language)
        if (
            unexplained := [
                each for each in effect.problems if not reason_of(effect.case.check.id, language, each)
            ]
        )
    }
    assert problems == {}

"""A newcomer finds a module by its folder: no folder is crowded."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.support.places import ROOT

MOST = 20
PACKAGES = ("scanner", "checks", "reports", "templates", "tests")


@pytest.mark.parametrize("package", PACKAGES)
def test_no_folder_has_more_than_twenty_modules(package: str) -> None:
    modules = Counter(str(path.parent.relative_to(ROOT)) for path in (ROOT / package).rglob("*.py"))
    assert modules or package == "templates"
    assert {folder: number for folder, number in modules.items() if number > MOST} == {}

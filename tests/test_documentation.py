"""What is documented is what runs: the generated documents, and the code of the guide."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.registry import BUILT_IN
from scanner.documentation import documents

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", sorted(documents(ROOT)))
def test_generated_documents_are_those_committed(name: str) -> None:
    assert (ROOT / name).read_text() == documents(ROOT)[name], f"{name} is stale; renew it with: make docs"


def test_every_built_in_check_has_a_section_and_a_line() -> None:
    written = documents(ROOT)
    for check in BUILT_IN:
        assert f"### {check.id}: {check.title}" in written["docs/checks.md"]
        assert f"| {check.id} | {check.severity.value} |" in written["README.md"]

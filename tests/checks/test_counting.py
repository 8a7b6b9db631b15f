"""Singular and plural are right wherever the terminal counts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checks.counting import counted
from scanner.emulator.tenants.generated import generated_tenant
from tests.support.command_line import run, scanned

WRONG = re.compile(r"(?<![\d,.])1 [a-z-]+ ?[a-z]*s\b(?<!ss)(?<!is)(?<!has)(?<!was)(?<!satisfies)")
"""A 1 before a plural, such as "1 workspaces" or "1 outbound rules"."""


@pytest.mark.parametrize(
    ("number", "words", "text"),
    [
        (0, ("workspace",), "0 workspaces"),
        (1, ("workspace",), "1 workspace"),
        (1234, ("workspace",), "1,234 workspaces"),
        (1, ("policy", "policies"), "1 policy"),
        (2, ("policy", "policies"), "2 policies"),
    ],
)
def test_a_number_has_its_noun(number: int, words: tuple[str, ...], text: str) -> None:
    assert counted(number, *words) == text


def test_commands_about_one_workspace_count_in_the_singular(tmp_path: Path) -> None:
    tenant = generated_tenant(subscriptions=1, workspaces=1, rules=1, seed=1)
    report = str(tmp_path / "report")
    _, scan, _ = scanned(tenant, tmp_path)
    said = [
        scan,
        *(
            run(*words)[1]
            for words in (
                ("diff", report, report),
                ("fix", "--from", report),
                ("reach", "*", "pypi.org", "--from", report),
                ("explain", "mlw", "--from", report),
            )
        ),
    ]
    assert [found[0] for text in said for found in WRONG.finditer(text)] == []

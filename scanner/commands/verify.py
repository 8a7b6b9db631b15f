"""`azml-audit verify`: whether a bundle of evidence is whole, and whether everything in it follows."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.text import Text

from checks.registry import registry
from scanner.choices import VerifyFormat
from scanner.evidence.verification import Expected, Step, Verification, verify
from scanner.terminal import harmless

_TITLES = {
    "files": "Files",
    "signature": "Signature",
    "timestamp": "Timestamp",
    "derivation": "Derived again",
}


def verify_bundle(path: Path, expected: Expected, out: Console, verify_format: VerifyFormat) -> int:
    """Print what was looked at; 0 where all of it holds, 1 where anything does not."""
    found = verify(path, expected, registry())
    if verify_format is VerifyFormat.JSON:
        told = {"bundle": str(path), "holds": found.holds, **asdict(found)}
        out.print(Text(json.dumps(told, indent=1, ensure_ascii=False)), soft_wrap=True)
    else:
        _show(path, found, out)
    return 0 if found.holds else 1


def _show(path: Path, found: Verification, out: Console) -> None:
    for step in found.steps:
        _show_step(step, out)
    if found.root:
        out.print(Text(f"Root digest {found.root}"), soft_wrap=True)
    wrong = sum(len(step.wrong) for step in found.steps)
    if found.holds:
        out.print(Text(f"{path} holds.", style="bold green"), soft_wrap=True)
    else:
        things = "1 thing is" if wrong == 1 else f"{wrong} things are"
        out.print(Text(f"{path} does not hold: {things} wrong.", style="bold red"), soft_wrap=True)


def _show_step(step: Step, out: Console) -> None:
    out.print(Text(_TITLES[step.name], style="bold"))
    for sign, style, lines in (
        ("✗", "red", step.wrong),
        ("✓", "green", step.holds),
        ("·", "yellow", step.open),
    ):
        for line in lines:
            out.print(Text(f"  {sign} ", style=style).append(harmless(line), style=""), soft_wrap=True)

"""`azml-audit verify`: check an evidence bundle, and print every step."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.text import Text

from checks.registry import registry
from reports.writing.lines import harmless
from scanner.choices import VerifyFormat
from scanner.evidence.verification import Expected, Step, Verification, verify
from scanner.terminal import print_line, print_lines

_TITLES = {
    "files": "Files",
    "signature": "Signature",
    "timestamp": "Timestamp",
    "derivation": "Derived again",
}


def verify_bundle(path: Path, expected: Expected, out: Console, verify_format: VerifyFormat) -> int:
    """Print every step. Return 0 if the bundle is verified, else 1."""
    found = verify(path, expected, registry())
    if verify_format is VerifyFormat.JSON:
        result = {"bundle": str(path), "holds": found.holds, **asdict(found)}
        print_lines(out, json.dumps(result, indent=1))
    else:
        _show(path, found, out)
    return 0 if found.holds else 1


def _show(path: Path, found: Verification, out: Console) -> None:
    for step in found.steps:
        _show_step(step, out)
    if found.root:
        print_line(out, f"Root digest {found.root}")
    wrong = sum(len(step.wrong) for step in found.steps)
    if found.holds:
        print_line(out, f"Verified {path}.", "bold green")
    else:
        count = "1 problem" if wrong == 1 else f"{wrong} problems"
        print_line(out, f"Verification of {path} failed ({count}).", "bold red")


def _show_step(step: Step, out: Console) -> None:
    out.print(Text(_TITLES[step.name], style="bold"))
    for sign, style, lines in (
        ("✗", "red", step.wrong),
        ("✓", "green", step.holds),
        ("·", "yellow", step.open),
    ):
        for line in lines:
            out.print(Text(f"  {sign} ", style=style).append(harmless(line), style=""), soft_wrap=True)

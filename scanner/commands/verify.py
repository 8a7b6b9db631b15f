"""`azml-audit verify`: check an evidence bundle, and print every step."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from checks.registry import registry
from reports.writing.lines import harmless
from scanner.choices import ExitCode, TextFormat
from scanner.errors import UsageError
from scanner.evidence.verifying.chain import bundles_in, chain_step, linked
from scanner.evidence.verifying.steps import Step, Verification
from scanner.evidence.verifying.verification import Expected, verify
from scanner.evidence.verifying.work_paper import Paper, write_paper
from scanner.terminal import print_line, print_lines

_TITLES = {
    "files": "Files",
    "signature": "Signature",
    "timestamp": "Timestamp",
    "answers": "Answers",
    "agreement": "Times, hosts and authorship",
    "expectations": "Expectations",
    "derivation": "Derived again",
    "level": "Level",
    "chain": "Chain",
}


def verify_bundles(
    path: Path | None,
    expected: Expected,
    paper: Paper | None,
    chain: Path | None,
    out: Console,
    verify_format: TextFormat,
) -> int:
    """Verify one bundle, or a chain of them. Return 0 if all is verified, 1 if something is false, else 3.

    Raises UsageError if neither is named.
    """
    if chain is not None:
        return _verify_chain(path, expected, paper, chain, out, verify_format)
    if path is None:
        raise UsageError("Name a BUNDLE, or a folder of bundles with --chain DIR.")
    found = verify(path, expected, registry())
    if paper is not None:
        write_paper(paper, path, found, registry())
    if verify_format is TextFormat.JSON:
        print_lines(out, json.dumps(as_json(path, found), indent=1))
    else:
        _show(path, found, out)
    return found.exit_code


def _verify_chain(
    path: Path | None,
    expected: Expected,
    paper: Paper | None,
    folder: Path,
    out: Console,
    verify_format: TextFormat,
) -> int:
    """Verify every bundle of a folder, and the one at `path`. A root digest is that of the last one."""
    if paper is not None:
        raise UsageError("--report is about one bundle: leave out --chain.")
    checks, given = registry(), expected.root
    root = None if given is None else given.lower().removeprefix("sha256:")
    paths = {each.resolve(): each for each in (*bundles_in(folder), *([path] if path else []))}.values()
    links = [linked(each, replace(expected, root=None), checks) for each in paths]
    whole = Verification(steps=[chain_step(links, root)])
    codes = {int(each.exit_code) for each in (whole, *(link.verification for link in links))}
    code = 1 if 1 in codes else max(codes)
    if verify_format is TextFormat.JSON:
        bundles = [as_json(link.path, link.verification) for link in links]
        result = {
            "holds": code == 0,
            "exit_code": code,
            "bundles": bundles,
            "chain": asdict(whole)["steps"][0],
        }
        print_lines(out, json.dumps(result, indent=1))
        return code
    for link in links:
        _show(link.path, link.verification, out)
    for step in whole.steps:
        _show_step(step, out)
    done = f"Verified a chain of {len(links)} bundles." if code == 0 else "Verification of the chain failed."
    print_line(out, done, "bold yellow" if code == 0 else "bold red")
    return code


def as_json(path: Path, found: Verification) -> dict[str, Any]:
    """Return the verification for programs."""
    meaning = found.level.meaning if found.level else None
    return {
        "bundle": str(path),
        "holds": found.holds,
        "exit_code": int(found.exit_code),
        **asdict(found),
        "meaning": meaning,
        "conclusion": found.conclusion,
    }


def _show(path: Path, found: Verification, out: Console) -> None:
    for step in found.steps:
        _show_step(step, out)
    if found.root:
        print_line(out, f"Root digest {found.root}")
    wrong = sum(len(step.wrong) for step in found.steps)
    if found.level:
        style = "bold green" if found.level.is_vouched_for else "bold yellow"
        print_line(out, f"Verified {path}: {found.conclusion}.", style)
    elif found.exit_code == ExitCode.INCOMPLETE:
        print_line(out, f"This azml-audit cannot verify {path}. See what to install above.", "bold yellow")
    else:
        count = "1 problem" if wrong == 1 else f"{wrong} problems"
        print_line(out, f"Verification of {path} failed ({count}).", "bold red")


def _show_step(step: Step, out: Console) -> None:
    out.print(Text(_TITLES[step.name], style="bold"))
    for sign, style, lines in (
        ("✗", "red", step.wrong),
        ("?", "yellow", step.cannot),
        ("✓", "green", step.holds),
        ("·", "yellow", step.open),
    ):
        for line in lines:
            out.print(Text(f"  {sign} ", style=style).append(harmless(line), style=""), soft_wrap=True)

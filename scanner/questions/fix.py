"""`azml-audit fix`: what to fix first, what each fix removes and costs, and the script that does it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from checks.drift.model import Snapshot
from checks.fixes.effects import MEANINGS, Reason
from checks.registry import registry
from checks.suggestions import did_you_mean
from reports.writing.lines import harmless
from reports.writing.single_file import check_file
from scanner.errors import UsageError
from scanner.plan.billing import billed_by, billed_by_change, priced, prices_from
from scanner.plan.plan import Fix, Plan, narrowed, plan_of
from scanner.plan.recreation import ModeChange, mode_change_lines
from scanner.plan.script import script_of
from scanner.questions.latest import Subject, read
from scanner.questions.names import workspace_named
from scanner.terminal import print_line, print_lines

if TYPE_CHECKING:
    from scanner.terminal import Terminal

_WIDTH = 80
_MOST_FIXES = 10
_MOST_CHANGES = 3
_STYLES = {"critical": "bold red", "high": "red", "medium": "yellow"}
_WORDS = ("critical", "high", "medium", "low", "informational")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The fixes to list, the script to write, and the file of prices.

    `options` are the other options of the user as words of a shell: the commands that the list names repeat them.
    """

    top: int | None = None
    workspace: str | None = None
    check: str | None = None
    output: Path | None = None
    prices: Path | None = None
    options: str = ""


def fix(choice: Choice, subject: Subject, terminal: Terminal) -> int:
    """List the fixes, and write the script if the choice names a file.

    Raises UsageError for an unknown check, an unknown workspace, a bad file of prices, or an output that exists.
    """
    prices = prices_from(choice.prices) if choice.prices else {}
    if choice.output is not None:
        if os.path.lexists(choice.output):
            what = (
                "is a folder. Name a file"
                if choice.output.is_dir()
                else "exists. Name another file, or delete this one"
            )
            raise UsageError(f"{choice.output} {what}.")
        check_file("--output", choice.output)
    audit, tables = read(subject, terminal, with_tables=True)
    check_id = _check_named(choice.check, audit) if choice.check is not None else None
    key = workspace_named(audit, choice.workspace) if choice.workspace is not None else None
    whole = plan_of(audit, tables)
    plan = narrowed(whole, check_id=check_id, workspace_key=key, top=choice.top)
    _show_unknown(whole, terminal.err)
    if not plan.fixes:
        print_line(terminal.out, _nothing(audit, check_id, choice.workspace), "green")
        return 0
    _show(plan, choice, prices, terminal.out)
    if choice.output is not None:
        _write(choice.output, script_of(plan, audit.name, prices))
        print_lines(
            terminal.out,
            f"\nWrote {choice.output}. Read it, then run: bash {shlex.quote(str(choice.output))}",
        )
    return 0


def _check_named(name: str, audit: Snapshot) -> str:
    wanted = name.strip().upper()
    known = {*registry(), *audit.findings["check_id"].dropna().unique()}
    if wanted not in known:
        raise UsageError(
            f"There is no check {name!r}. {did_you_mean(name, sorted(known))}`azml-audit checks list` lists all checks."
        )
    return wanted


def _show_unknown(plan: Plan, err: Console) -> None:
    if plan.unknown_checks:
        names = ", ".join(plan.unknown_checks)
        print_line(err, f"Left out, because this installation does not have the checks: {names}.", "yellow")


def _nothing(audit: Snapshot, check_id: str | None, workspace: str | None) -> str:
    where = f" in {workspace}" if workspace else ""
    what = f" of {check_id}" if check_id else ""
    return f"{audit.name} has no violation{what}{where}: nothing to fix, and no script was written."


def _write(path: Path, script: str) -> None:
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(script)
        path.chmod(0o700)
    except OSError as error:
        raise UsageError(f"Could not write {path}: {error.strerror}.") from error


def _show(plan: Plan, choice: Choice, prices: Mapping[str, float], out: Console) -> None:
    print_line(
        out,
        f"{_many(len(plan.fixes), 'fix', 'fixes')}, {_many(len(plan.steps), 'step')}, "
        f"{_many(len(plan.findings), 'finding')} in {_many(len(plan.workspaces), 'workspace')}.",
        "bold",
    )
    shown = plan.fixes[: choice.top or _MOST_FIXES]
    for number, each in enumerate(shown, 1):
        _show_fix(number, each, choice.options, prices, out)
    if len(shown) < len(plan.fixes):
        more = len(plan.fixes) - len(shown)
        print_lines(
            out, f"\n... and {_many(more, 'more fix', 'more fixes')}: --top {len(plan.fixes)}", "yellow"
        )
    is_narrow = choice.check is not None or choice.workspace is not None
    changes = plan.changes if is_narrow else plan.changes[:_MOST_CHANGES]
    for change in changes:
        _show_change(change, prices, out)
    if len(changes) < len(plan.changes):
        print_lines(out, f"\n... and {len(plan.changes) - len(changes)} more: --check MVN001", "yellow")


def _many(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _show_fix(number: int, each: Fix, options: str, prices: Mapping[str, float], out: Console) -> None:
    word = _WORDS[min(step.rank for step in each.steps)]
    head = f"{each.check.id} {each.check.title}"
    out.print()
    out.print(
        Text.assemble(f"{number:2}. ", (word, _STYLES.get(word, "magenta")), " ", (_cut(head, word), "bold"))
    )
    others = sorted({row["check_id"] for row in each.findings.values()} - {each.check.id})
    also = f", with {', '.join(others)}" if others else ""
    removed = _many(len(each.findings), "finding")
    _show_text(each.check.remediation.summary, out)
    is_advice = all(step.advice for step in each.steps)
    verb = "Concerns" if is_advice else "Clears"
    _show_text(f"{verb} {removed} in {_many(len(each.workspaces), 'workspace')}{also}.", out)
    for advice in dict.fromkeys(step.advice for step in each.steps if step.advice):
        _show_text(f"No command does this. {advice}", out)
    if is_advice:
        return
    for line in _cost(each, prices):
        _show_text(line, out)
    name = f"{each.check.id}.sh"
    print_line(out, f"    azml-audit fix --check {each.check.id} --output {name} {options}".rstrip(), "cyan")


def _cut(head: str, word: str) -> str:
    room = _WIDTH - len(word) - 5
    safe = harmless(head)
    return safe if len(safe) <= room else f"{safe[: room - 3]}..."


def _cost(each: Fix, prices: Mapping[str, float]) -> list[str]:
    if not each.reasons:
        return ["Reversible. In the default script."]
    others = "; ".join(
        MEANINGS[reason] for reason in Reason if reason in each.reasons - {Reason.IRREVERSIBLE}
    )
    if Reason.IRREVERSIBLE in each.reasons:
        warnings = dict.fromkeys(_sentence(text) for step in each.steps for text in step.warnings)
        lines = [
            f"Not reversible: {' '.join(warnings) or 'it deletes something.'}{f' Also: {others}.' if others else ''}"
        ]
    else:
        lines = [f"Reversible. Set apart: {others}."]
    added = billed_by(each.steps)
    if added:
        lines.append(
            "Billed: " + "; ".join(priced(name, count, prices) for name, count in added.items()) + "."
        )
    return lines


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _show_change(change: ModeChange, prices: Mapping[str, float], out: Console) -> None:
    out.print()
    print_line(out, _cut(f"Isolation mode of {change.workspace.name}", ""), "bold")
    for line in (*mode_change_lines(change), *billed_by_change(change, prices)):
        _show_text(line, out)


def _show_text(text: str, out: Console) -> None:
    for line in wrap(harmless(text), _WIDTH - 4, break_on_hyphens=False):
        print_line(out, f"    {line}")

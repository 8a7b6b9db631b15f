"""`azml-audit diff`: what differs between two audits, from their reports or bundles alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from checks.drift.comparison import Drift, drift
from reports.drift import files as drift_files
from reports.drift import page
from reports.writing.encoding import Files
from reports.writing.folder import check_replaceable, replace
from scanner.commands.drift_summary import show_drift
from scanner.errors import UsageError
from scanner.snapshots import snapshot
from scanner.terminal import Terminal
from scanner.version import VERSION

RENDERERS: Mapping[str, Callable[[Drift], Files]] = {
    "html": lambda found: page.files(found, VERSION),
    "csv": drift_files.csv,
    "json": drift_files.as_json,
}

EXIT_MEANING = {
    0: "no regression, and nothing that was known is unknown now",
    1: "there are violations that the older audit does not have",
    3: "no regression, but something that was known is not known now",
}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Which two audits to compare, where files go (nowhere if None), and what decides the exit code."""

    old: Path
    new: Path
    output: Path | None = None
    formats: tuple[str, ...] = ()
    fail_on_regression: bool = False
    quiet: bool = False


def diff(comparison: Comparison, terminal: Terminal) -> int:
    """Compare, write the files asked for, print the drift; the exit code of `regression_code`, or 0.

    Raises SnapshotError for what is no report or bundle, UsageError for formats there are not or without
    a folder.
    """
    formats = _formats(comparison)
    if comparison.output is not None:
        check_replaceable(comparison.output)
    found = drift(snapshot(comparison.old), snapshot(comparison.new))
    if not comparison.quiet:
        show_drift(found, terminal.out)
    if comparison.output is not None:
        files = {name: content for each in formats for name, content in RENDERERS[each](found).items()}
        folder = replace(comparison.output, files)
        if not comparison.quiet:
            terminal.out.print(Text(f"Drift: {folder}"), soft_wrap=True)
    if not comparison.fail_on_regression:
        return 0
    code = regression_code(found)
    if not comparison.quiet:
        terminal.out.print(Text(f"Exit code {code}: {EXIT_MEANING[code]}."), soft_wrap=True)
    return code


def regression_code(found: Drift) -> int:
    """1 for any regression, else 3 where something that was known is not any more, else 0."""
    return 1 if found.regressions else 3 if found.newly_unknown else 0


def _formats(comparison: Comparison) -> tuple[str, ...]:
    """The formats wanted, all where none is named."""
    names = list(_listed(comparison.formats))
    unknown = [name for name in names if name not in RENDERERS]
    if unknown:
        raise UsageError(f"--format {unknown[0]}: a drift comes as {', '.join(RENDERERS)}.")
    if names and comparison.output is None:
        raise UsageError("--format needs a folder to write to: add --output DIR.")
    return tuple(dict.fromkeys(names)) or tuple(RENDERERS)


def _listed(words: Iterable[str]) -> Iterable[str]:
    return (name.strip().lower() for word in words for name in word.split(","))

"""`azml-audit diff`: compare two audits by their reports or evidence bundles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from checks.drift.comparison import drift
from checks.drift.model import Drift
from checks.suggestions import did_you_mean
from reports.drift import files as drift_files
from reports.page import drift_page
from reports.writing.encoding import Files
from reports.writing.folder import check_replaceable, replace
from scanner.errors import UsageError
from scanner.questions.drift_summary import show_drift
from scanner.snapshots import snapshot
from scanner.terminal import Terminal, print_line
from scanner.version import VERSION

RENDERERS: Mapping[str, Callable[[Drift], Files]] = {
    "html": lambda found: drift_page.files(found, VERSION),
    "csv": drift_files.csv,
    "json": drift_files.as_json,
}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The two audits to compare, the folder for files (None writes none), and how to exit."""

    old: Path
    new: Path
    output: Path | None = None
    formats: tuple[str, ...] = ()
    fail_on_regression: bool = False
    quiet: bool = False


def diff(comparison: Comparison, terminal: Terminal) -> int:
    """Print the drift, write its files and return the exit code.

    Raises SnapshotError if a path is neither a report nor an evidence bundle, and UsageError for an unknown
    format or a format without a folder.
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
            print_line(terminal.out, f"Drift: {folder}")
    if not comparison.fail_on_regression:
        return 0
    code, meaning = exit_of(found)
    if not comparison.quiet:
        print_line(terminal.out, f"Exit code {code}: {meaning}.")
    return code


def exit_of(found: Drift) -> tuple[int, str]:
    """Return the exit code of `--fail-on-regression` and its meaning.

    3 if nothing could be compared, else 1 for a regression, else 3 if something known became unknown, else 0.
    """
    if found.why_nothing_was_compared:
        return 3, f"nothing could be compared: {found.why_nothing_was_compared}"
    if found.is_worse:
        what = " and ".join(
            word for word, count in (("violations", found.regressions), ("openings", found.openings)) if count
        )
        return 1, f"there are {what} that the older audit does not have"
    if found.newly_unknown:
        return 3, "no regression, but something known became unknown"
    return 0, "no regression, and nothing known became unknown"


def _formats(comparison: Comparison) -> tuple[str, ...]:
    """Return the named formats, or all if none is named."""
    names = [name.strip().lower() for word in comparison.formats for name in word.split(",")]
    unknown = [name for name in names if name not in RENDERERS]
    if unknown:
        hint = did_you_mean(unknown[0], RENDERERS)
        raise UsageError(f"There is no format {unknown[0]!r}. {hint}Formats: {', '.join(RENDERERS)}.")
    if names and comparison.output is None:
        raise UsageError("--format needs a folder to write to: add --output DIR.")
    return tuple(dict.fromkeys(names)) or tuple(RENDERERS)

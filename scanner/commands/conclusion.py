"""Conclude a scan whose report is written: the summary, the result, the metrics, the command of `--on-change`."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

from checks.counting import counted
from reports.audit import Audit
from reports.writing.previous import PREVIOUS, Extent, extent_of
from scanner.after.metrics import write_metrics
from scanner.after.result import STDOUT, result_of, write_result
from scanner.audit import exit_code
from scanner.choices import ExitCode
from scanner.commands.job import Job
from scanner.summary.ending import EXIT_MEANING, Ending, show
from scanner.terminal import Terminal


def concluded(job: Job, audit: Audit, folder: Path, terminal: Terminal, run: str, began: float) -> int:
    """Print the summary and return the exit code."""
    code, meaning = exit_of(audit, fail_on_regression=job.fail_on_regression)
    _complain_of_less(folder, terminal)
    if not job.quiet and job.result != STDOUT:
        ending = Ending(
            code=code,
            meaning=meaning,
            label="A scan would exit with code" if job.is_demonstration else "Exit code",
            evidence=_evidence_lines(job, audit, run),
            is_live=job.earlier is None,
        )
        show(audit, folder, terminal.out, ending)
    _after(job, audit, folder, began, code=code, meaning=meaning)
    if job.attest and job.attest.failure:
        terminal.complain(f"azml-audit: {job.evidence} is sealed without a timestamp. {job.attest.failure}")
        return ExitCode.INTERNAL
    return code


def _complain_of_less(folder: Path, terminal: Terminal) -> None:
    """Print a line if the folder keeps the previous report, because it read more."""
    now, before = extent_of(folder), extent_of(folder / PREVIOUS)
    if now is not None and before is not None:
        terminal.complain(
            f"azml-audit: This audit read less than the one before: {_covered(now)}; before: {_covered(before)}. "
            f"The report of the one before is kept in {folder / PREVIOUS}."
        )


def _covered(extent: Extent) -> str:
    return (
        f"{counted(extent.subscriptions, 'subscription')} and {counted(extent.workspaces, 'workspace')}, "
        f"{extent.complete_workspaces:,} of them without a gap"
    )


def _after(job: Job, audit: Audit, folder: Path, began: float, *, code: int, meaning: str) -> None:
    """Write the result line and the metrics, and run the command of `--on-change`."""
    if job.result is None and job.metrics is None and not job.on_change:
        return
    seconds = monotonic() - began
    result = result_of(audit, folder, code=code, meaning=meaning, evidence=job.evidence, seconds=seconds)
    if job.result is not None:
        write_result(result, job.result)
    if job.metrics is not None:
        write_metrics(result, job.metrics)
    if job.on_change and audit.drift is not None:
        from scanner.after.on_change import run_on_change

        run_on_change(job.on_change, audit.drift, result)


def _evidence_lines(job: Job, audit: Audit, run: str) -> tuple[str, ...]:
    """Return where the evidence is, in an archive or in a bundle of its own, and its root digest."""
    if not audit.root_digest:
        return ()
    place = f"Archive: {job.archive}, run {run}" if run else f"Evidence: {job.evidence}"
    return place, f"Root digest: {audit.root_digest}"


def exit_of(audit: Audit, *, fail_on_regression: bool) -> tuple[int, str]:
    """Return the exit code and its meaning. A check that crashed is 4, with a baseline too."""
    code: int = exit_code(audit)
    if audit.drift is None or not fail_on_regression or code == ExitCode.INTERNAL:
        return code, EXIT_MEANING[code]
    from scanner.questions import diff

    return diff.exit_of(audit.drift)

"""`azml-audit scan`: one audit from credentials to reports.

What only some scans need (a baseline, evidence, an earlier reading) is imported by those, and what writes
the reports while others wait for answers: a third of the imports of a small scan.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING

from rich.text import Text

from checks.registry import registry
from reports.audit import Audit
from reports.formats.registry import chosen, prepare
from reports.writing.folder import check_replaceable, write
from scanner.audit import audited, exit_code
from scanner.boundary import INTERNAL
from scanner.commands.connections import Connection as Connection
from scanner.commands.connections import connection as connection
from scanner.commands.gathering import Clock, Gathered, asked_for, from_azure, from_earlier
from scanner.commands.gathering import Job as Job
from scanner.commands.gathering import now as now
from scanner.commands.summary import EXIT_MEANING, show
from scanner.errors import UsageError
from scanner.payloads.gaps import PAST_DEADLINE
from scanner.payloads.payload import PayloadStore, Store
from scanner.payloads.spool import Spool
from scanner.policies import LoadedPolicy, loaded
from scanner.terminal import Terminal, TerminalProgress

if TYPE_CHECKING:
    from pathlib import Path

    from checks.drift.comparison import Snapshot


def scan(
    job: Job,
    connect: Callable[[], Connection],
    terminal: Terminal,
    *,
    clock: Clock = now,
) -> int:
    """Run the job, write its reports, show the summary and return the exit code.

    Policies, formats and the output folder are checked before anything is asked of `connect`.
    """
    policies = loaded(job.policies, registry())
    formats = chosen(job.formats)
    baseline = baseline_of(job)
    _check_places(job)
    Thread(target=prepare, args=[formats], daemon=True).start()
    with _store(job, clock) as store:
        gathered = _gathered(job, policies, connect, terminal, store, clock)
        audit = _audit(job, gathered, policies, baseline, store)
        try:
            folder = write(audit, job.output, formats)
        except BaseException:
            _show_root(job, audit, terminal)
            raise
        if not gathered.tables.gaps["code"].eq(PAST_DEADLINE).any():
            store.finish()
    return _told(job, audit, folder, terminal)


def _check_places(job: Job) -> None:
    """Raise for a place that could not be written when all is read."""
    check_replaceable(job.output)
    if job.evidence is not None:
        from scanner.evidence.packing import check_writable

        check_writable(job.evidence, job.output)


def _audit(
    job: Job,
    gathered: Gathered,
    policies: tuple[LoadedPolicy, ...],
    baseline: Snapshot | None,
    store: Store,
) -> Audit:
    """What was gathered, judged, compared and sealed, as far as the job asks for it."""
    audit = audited(
        gathered.tables,
        policies,
        fail_on=job.fail_on,
        source=gathered.source,
        is_azure=gathered.is_azure,
        started_at=gathered.started_at,
        finished_at=gathered.finished_at,
    )
    if baseline is not None:
        audit = _compared(audit, baseline)
    if job.evidence is not None:
        from scanner.commands.evidence import with_evidence

        audit = with_evidence(job, gathered, audit, policies, store, job.attest)
    return audit


def _told(job: Job, audit: Audit, folder: Path, terminal: Terminal) -> int:
    """Show how it ended; returns the exit code."""
    code, meaning = _ended(audit, fail_on_regression=job.fail_on_regression)
    if not job.quiet:
        show(audit, folder, terminal.out)
        told = "a scan would exit with" if job.is_demonstration else "exit code"
        terminal.out.print(Text(f"{told.capitalize()} {code}: {meaning}."), soft_wrap=True)
    _show_root(job, audit, terminal)
    if job.attest and job.attest.failure:
        terminal.complain(f"azml-audit: {job.evidence} is sealed without a timestamp. {job.attest.failure}")
        return INTERNAL
    return code


def _show_root(job: Job, audit: Audit, terminal: Terminal) -> None:
    """What evidence was sealed, if any: it is whole and stays, whatever becomes of the report."""
    if audit.root_digest:
        terminal.out.print(Text(f"Evidence: {job.evidence}, root digest {audit.root_digest}"), soft_wrap=True)


def baseline_of(job: Job) -> Snapshot | None:
    """The audit to compare with. Raises UsageError where one is needed, SnapshotError for what is none."""
    if job.baseline is not None:
        from scanner.snapshots import snapshot

        return snapshot(job.baseline)
    if job.fail_on_regression:
        raise UsageError("--fail-on-regression needs an audit to compare with: add --baseline OLD.")
    return None


def _compared(audit: Audit, baseline: Snapshot) -> Audit:
    from checks.drift.comparison import drift
    from scanner.snapshots import snapshot_of

    return replace(audit, drift=drift(baseline, snapshot_of(audit, "this audit")))


def _ended(audit: Audit, *, fail_on_regression: bool) -> tuple[int, str]:
    """The exit code and what it means; a check that crashed is 4 whatever was asked."""
    code = exit_code(audit)
    if audit.drift is None or not fail_on_regression or code == INTERNAL:
        return code, EXIT_MEANING[code]
    from scanner.commands import diff

    code = diff.regression_code(audit.drift)
    return code, diff.EXIT_MEANING[code]


def _store(job: Job, clock: Clock) -> Spool | PayloadStore:
    """A file from which the job can be resumed, unless it asks nobody far away."""
    if job.is_demonstration or job.earlier is not None:
        return PayloadStore()
    return Spool(job.output, clock=clock, max_age=job.max_age, resume=job.resume)


def _gathered(
    job: Job,
    policies: Sequence[LoadedPolicy],
    connect: Callable[[], Connection],
    terminal: Terminal,
    store: Store,
    clock: Clock,
) -> Gathered:
    if job.earlier is not None:
        from scanner.commands.replay import earlier

        return from_earlier(job, earlier(job.earlier, asked_for(job, policies)), store, clock)
    began = monotonic()
    connected = connect()
    in_time = replace(job, patience=job.patience.after(monotonic() - began))
    with TerminalProgress(terminal.err, enabled=not job.quiet) as progress:
        return from_azure(in_time, policies, connected, progress, store, clock)

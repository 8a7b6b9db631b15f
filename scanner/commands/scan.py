"""`azml-audit scan`: one audit from credentials to reports.

A small scan spends a third of its time on imports. So the modules for a baseline, evidence or an earlier
reading are imported only if the scan needs them, and those of the reports while the scan waits for Azure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING

from checks.contract.tables import Tables
from checks.registry import registry
from reports.audit import Audit
from reports.formats.names import chosen
from reports.formats.registry import prepare, write
from reports.writing.folder import check_replaceable
from reports.writing.places import files_listed
from scanner.after.metrics import check_metrics
from scanner.after.result import check_result, result_of, write_result
from scanner.audit import audited
from scanner.choices import ExitCode
from scanner.commands.conclusion import concluded, exit_of
from scanner.commands.connections import Connection
from scanner.commands.gathering import Clock, Gathered, from_azure, from_earlier, now
from scanner.commands.job import Job, asked_for
from scanner.payloads.gaps import NONE_TO_READ, NOTHING_IN_SCOPE, PAST_DEADLINE
from scanner.payloads.payload import PayloadStore, Store
from scanner.payloads.spool import Spool
from scanner.policies import LoadedPolicy, addresses, loaded
from scanner.terminal import Terminal, TerminalProgress

if TYPE_CHECKING:
    from checks.drift.model import Snapshot
    from scanner.archive.of_scan import Archiving


def scan(
    job: Job,
    connect: Callable[[], Connection],
    terminal: Terminal,
    *,
    clock: Clock = now,
) -> int:
    """Run the job, write its reports, print the summary and return the exit code.

    Policies, formats and the output folder are checked before `connect` is called.
    """
    began = monotonic()
    policies = job.loaded or loaded(job.policies, registry())
    formats = chosen(job.formats)
    _check_places(job)
    Thread(target=prepare, args=[formats], daemon=True).start()
    connect = cache(connect)
    with _store(job, clock) as store, ExitStack() as last:
        baseline, earlier = baseline_of(job, policies, connect, terminal, last)
        job, archive = _archive(job, policies, connect, last)
        gathered = _gathered(job, policies, connect, terminal, store, clock)
        unlisted = _why_nothing_was_scanned(gathered.tables) if job.earlier is None else ""
        if unlisted and files_listed(job.output):
            store.finish()
            return _kept_earlier(job, gathered, policies, unlisted, terminal)
        if unlisted:
            terminal.complain(f"azml-audit: {unlisted}")
        audit, publish = _audit(job, gathered, policies, baseline, store, last)
        audit = _with_history(audit, archive or earlier)
        folder = write(audit, job.output, formats, publish)
        if not gathered.tables.gaps["code"].eq(PAST_DEADLINE).any():
            store.finish()
        run = _kept_run(job, archive, audit, folder) if archive is not None else ""
    return concluded(job, audit, folder, terminal, run, began)


def _archive(
    job: Job, policies: Sequence[LoadedPolicy], connect: Callable[[], Connection], last: ExitStack
) -> tuple[Job, Archiving | None]:
    if job.archive is None:
        return job, None
    from scanner.archive.of_scan import archiving

    return archiving(job, policies, connect, last)


def _with_history(audit: Audit, archive: Archiving | None) -> Audit:
    if archive is None:
        return audit
    from scanner.archive.of_scan import with_history

    return with_history(audit, archive)


def _kept_run(job: Job, archive: Archiving, audit: Audit, folder: Path) -> str:
    """Put the run into the archive, and return its name there."""
    from scanner.archive.of_scan import keep_run

    code, meaning = exit_of(audit, fail_on_regression=job.fail_on_regression)
    return keep_run(job, archive, audit, folder, code=code, meaning=meaning)


def _why_nothing_was_scanned(tables: Tables) -> str:
    """Return why nothing is in scope or the list of subscriptions could not be read, "" for neither.

    A list that was read, and in which no subscription is visible, is neither.
    """
    gaps = tables.gaps
    if gaps["code"].eq(NOTHING_IN_SCOPE).any():
        return str(gaps.loc[gaps["code"].eq(NOTHING_IN_SCOPE), "message"].iloc[0])
    unlisted = gaps[gaps["asked"].eq("subscriptions") & ~gaps["code"].isin(NONE_TO_READ)]
    if unlisted.empty or tables.subscriptions["read"].fillna(value=False).any():
        return ""
    first = unlisted.iloc[0]
    return f"Could not list the subscriptions: {first['code']}: {first['message']} {first['closes']}"


def _kept_earlier(
    job: Job, gathered: Gathered, policies: tuple[LoadedPolicy, ...], reason: str, terminal: Terminal
) -> int:
    """Print why nothing was scanned. The earlier report stays, and no evidence is sealed."""
    meaning = f"nothing was scanned, and {job.output} still has the earlier report"
    terminal.complain(f"azml-audit: {reason}")
    terminal.complain(f"Exit code {ExitCode.INCOMPLETE.value}: {meaning}.")
    if job.result is not None:
        audit = _audited(job, gathered, policies)
        result = result_of(audit, job.output, code=ExitCode.INCOMPLETE, meaning=meaning, evidence=None)
        write_result(result, job.result)
    return ExitCode.INCOMPLETE


def _check_places(job: Job) -> None:
    """Raise UsageError now if the report or the evidence could not be written at the end."""
    check_replaceable(job.output)
    check_result(job.result)
    check_metrics(job.metrics)
    if job.evidence is not None:
        from scanner.evidence.packing import check_writable

        check_writable(job.evidence, job.output)


def _audit(
    job: Job,
    gathered: Gathered,
    policies: tuple[LoadedPolicy, ...],
    baseline: Snapshot | None,
    store: Store,
    last: ExitStack,
) -> tuple[Audit, Callable[[], None]]:
    """Judge the tables, then compare with a baseline and seal evidence if the job asks for it.

    Also return what publishes the sealed evidence, which stays hidden until the report is in place.
    """
    audit = _audited(job, gathered, policies)
    if baseline is not None:
        audit = _compared(audit, baseline)
    if job.evidence is not None:
        from scanner.commands.evidence import with_evidence
        from scanner.evidence.packing import staged

        bundle = last.enter_context(staged(job.evidence))
        return with_evidence(job, gathered, audit, policies, store, bundle), bundle.publish
    return audit, _nothing


def _nothing() -> None:
    """Publish nothing more."""


def _audited(job: Job, gathered: Gathered, policies: tuple[LoadedPolicy, ...]) -> Audit:
    audit = audited(
        gathered.tables,
        policies,
        fail_on=job.fail_on,
        source=gathered.source,
        is_azure=gathered.is_azure,
        started_at=gathered.started_at,
        finished_at=gathered.finished_at,
    )
    return replace(audit, selection=job.selection)


def baseline_of(
    job: Job,
    policies: Sequence[LoadedPolicy],
    connect: Callable[[], Connection],
    terminal: Terminal,
    last: ExitStack,
) -> tuple[Snapshot | None, Archiving | None]:
    """Read the audit to compare with, and the archive that has it. An archive may have none yet, which is noted.

    Raises UsageError if it is missing, SnapshotError if unreadable.
    """
    if job.baseline is None:
        return None, None
    from scanner.archive.earlier import is_archive
    from scanner.snapshots import snapshot

    if str(job.baseline) != job.archive and not is_archive(job.baseline):
        return snapshot(Path(job.baseline)), None
    from scanner.archive.of_scan import archived_baseline

    found, archive = archived_baseline(job, policies, connect, last)
    if found is None:
        terminal.complain(
            f"azml-audit: {job.baseline} has no complete run of this scope and these policies yet."
        )
    return found, archive


def _compared(audit: Audit, baseline: Snapshot) -> Audit:
    from checks.drift.comparison import drift
    from scanner.snapshots import snapshot_of

    return replace(audit, drift=drift(baseline, snapshot_of(audit, "this audit")))


def _store(job: Job, clock: Clock) -> Spool | PayloadStore:
    """Return a file from which the scan can resume; a demo or an earlier reading needs none."""
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

        read = earlier(job.earlier, asked_for(job, policies), addresses(policies))
        return from_earlier(job, read, store, clock)
    began = monotonic()
    connected = connect()
    in_time = replace(job, patience=job.patience.after(monotonic() - began))
    with TerminalProgress(terminal.err, enabled=not job.quiet) as progress:
        return from_azure(in_time, policies, connected, progress, store, clock)

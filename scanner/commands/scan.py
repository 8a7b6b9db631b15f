"""`azml-audit scan`: one audit from credentials to reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from time import monotonic

from rich.text import Text

from checks.registry import registry
from reports.formats import chosen
from reports.writing import check_replaceable, write
from scanner.audit import audited, exit_code
from scanner.commands.connections import Connection as Connection
from scanner.commands.connections import connection as connection
from scanner.commands.gathering import Clock, Gathered, asked_for, from_azure, from_earlier
from scanner.commands.gathering import Job as Job
from scanner.commands.gathering import now as now
from scanner.commands.replay import earlier
from scanner.commands.summary import EXIT_MEANING, show
from scanner.gaps import PAST_DEADLINE
from scanner.payloads import PayloadStore, Store
from scanner.policies import LoadedPolicy, loaded
from scanner.spool import Spool
from scanner.terminal import Terminal, TerminalProgress


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
    check_replaceable(job.output)
    with _store(job, clock) as store:
        gathered = _gathered(job, policies, connect, terminal, store, clock)
        audit = audited(
            gathered.tables,
            policies,
            fail_on=job.fail_on,
            source=gathered.source,
            is_azure=gathered.is_azure,
            started_at=gathered.started_at,
            finished_at=gathered.finished_at,
        )
        folder = write(audit, job.output, formats)
        if not gathered.tables.gaps["code"].eq(PAST_DEADLINE).any():
            store.finish()
    code = exit_code(audit)
    if not job.quiet:
        show(audit, folder, terminal.out)
        told = "a scan would exit with" if job.is_demonstration else "exit code"
        terminal.out.print(Text(f"{told.capitalize()} {code}: {EXIT_MEANING[code]}."), soft_wrap=True)
    return code


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
        return from_earlier(earlier(job.earlier, asked_for(job, policies)), store, clock)
    began = monotonic()
    connected = connect()
    in_time = replace(job, patience=job.patience.after(monotonic() - began))
    with TerminalProgress(terminal.err, enabled=not job.quiet) as progress:
        return from_azure(in_time, policies, connected, progress, store, clock)

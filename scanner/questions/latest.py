"""Find the audit that `explain`, `reach` and `fix` describe: the last report, a bundle, exports, or Azure now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.choices import LAST_REPORT
from scanner.errors import UsageError
from scanner.evidence.opening import is_bundle
from scanner.snapshots import snapshot, snapshot_of

if TYPE_CHECKING:
    from checks.contract.tables import Tables
    from checks.drift.model import Snapshot
    from scanner.commands.connections import Connection
    from scanner.commands.gathering import Gathered
    from scanner.commands.job import Job
    from scanner.policies import LoadedPolicy
    from scanner.scope.wanted import Wanted
    from scanner.terminal import Terminal


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The audit to describe. With neither `path` nor `connect` it is the last report.

    `policies` judge exports and Azure; a report and a bundle have findings of their own.
    """

    path: Path | None = None
    connect: Callable[[], Connection] | None = None
    wanted: Wanted | None = None
    policies: Sequence[str] = ("baseline",)


def latest(subject: Subject, terminal: Terminal) -> Snapshot:
    """Return the audit. Raises UsageError if there is no last report, and SnapshotError for another file."""
    return read(subject, terminal, with_tables=False)[0]


def read(subject: Subject, terminal: Terminal, *, with_tables: bool) -> tuple[Snapshot, Tables | None]:
    """Return the audit and its tables, None for a report, whose files have fewer columns.

    The tables of a bundle are read from its payloads again, which takes as long as a replay: only `with_tables`, which
    also reads from Azure what no policy needs.
    """
    if subject.connect is not None:
        return _judged(subject, terminal, collect_all=with_tables)
    path = subject.path or LAST_REPORT
    if subject.path is None and not path.exists():
        raise UsageError(
            f"There is no report in {path}. Run `azml-audit scan` first, name a report, a bundle or exports with "
            "--from PATH, or read Azure now with --live."
        )
    if _is_report(path) or not path.exists():
        tables = _tables_of_bundle(path, terminal) if with_tables and is_bundle(path) else None
        return snapshot(path), tables
    return _judged(subject, terminal, collect_all=True)


def _is_report(path: Path) -> bool:
    is_of_ours = path.is_dir() and any(
        (path / name).exists() for name in ("findings.csv", "findings.parquet", "report.html")
    )
    return is_bundle(path) or is_of_ours


def _tables_of_bundle(path: Path, terminal: Terminal) -> Tables:
    from scanner.commands.job import Job

    job = Job(output=LAST_REPORT, policies=(), earlier=path)
    return _gathered(Subject(path=path), job, (), terminal).tables


def _judged(subject: Subject, terminal: Terminal, *, collect_all: bool) -> tuple[Snapshot, Tables]:
    """Return the audit of Azure or of exports, judged by the policies of the subject, and its tables."""
    from checks.registry import registry
    from scanner.audit import audited
    from scanner.commands.job import Job
    from scanner.policies import loaded

    policies = loaded(subject.policies, registry())
    job = Job(
        output=LAST_REPORT,
        policies=subject.policies,
        earlier=subject.path,
        collect_all=collect_all,
    )
    found = _gathered(subject, job, policies, terminal)
    audit = audited(
        found.tables,
        policies,
        fail_on=None,
        source=found.source,
        is_azure=found.is_azure,
        started_at=found.started_at,
        finished_at=found.finished_at,
    )
    return snapshot_of(audit, str(subject.path or "Azure")), found.tables


def _gathered(subject: Subject, job: Job, policies: Sequence[LoadedPolicy], terminal: Terminal) -> Gathered:
    from dataclasses import replace

    from scanner.commands.gathering import from_azure, from_earlier, now
    from scanner.commands.job import asked_for
    from scanner.payloads.payload import PayloadStore
    from scanner.terminal import TerminalProgress

    with PayloadStore() as store:
        if subject.connect is None:
            from scanner.commands.replay import earlier
            from scanner.policies import addresses

            path = subject.path or LAST_REPORT
            return from_earlier(job, earlier(path, asked_for(job, policies), addresses(policies)), store, now)
        asked = replace(job, wanted=subject.wanted) if subject.wanted else job
        with TerminalProgress(terminal.err, enabled=True) as progress:
            return from_azure(asked, policies, subject.connect(), progress, store, now)

"""The archive of a scan: the root digest of the run before, the baseline, and keeping the finished run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from reports.audit import Audit
from scanner.after.result import result_of
from scanner.archive.earlier import download_report, last_complete
from scanner.archive.following import chained
from scanner.archive.index import Run, runs_in
from scanner.archive.keeping import Kept, keep, store_at
from scanner.archive.lines import line_of, scope_digest
from scanner.archive.stores import ArchiveStore, FolderStore
from scanner.audit import exit_code
from scanner.commands.connections import Connection
from scanner.commands.job import Job, asked_for
from scanner.errors import ArchiveError, UsageError
from scanner.history.trend import history_of
from scanner.policies import LoadedPolicy
from scanner.snapshots import snapshot

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

    from checks.drift.model import Snapshot


@dataclass(frozen=True, kw_only=True)
class Archiving:
    """The archive of a scan. `scope` is the digest of the questions and of the cloud.

    `runs` are those that the archive had when the scan began. They decide the history of the scan, and the last one is
    the run whose root digest the bundle names.
    """

    store: ArchiveStore
    scope: str
    runs: Sequence[Run]


def archiving(
    job: Job, policies: Sequence[LoadedPolicy], connect: Callable[[], Connection], last: ExitStack
) -> tuple[Job, Archiving | None]:
    """Open the archive before Azure is read. Return the job with a bundle to seal, and the archive.

    Raises UsageError if the archive cannot be read, or is a folder that cannot be written to.
    """
    location = job.archive
    if location is None:
        return job, None
    if job.evidence is None:
        folder = last.enter_context(TemporaryDirectory(prefix="azml-audit-"))
        job = replace(job, evidence=Path(folder) / "evidence.zip")
    try:
        if isinstance(store := opened(location, connect), FolderStore):
            store.check()
        archive = read_archive(location, job, policies, connect)
    except ArchiveError as error:
        raise UsageError(f"{error} Nothing was scanned.") from error
    previous = archive.runs[-1].root if archive.runs else None
    return replace(job, previous_root=previous), archive


def read_archive(
    location: str, job: Job, policies: Sequence[LoadedPolicy], connect: Callable[[], Connection]
) -> Archiving:
    """Return the archive at the location with its runs. Raises ArchiveError if its index cannot be read."""
    store = opened(location, connect)
    runs = runs_in(store.index().content, store.name)
    return Archiving(store=store, scope=scope_of(job, policies, connect), runs=runs)


def opened(location: str, connect: Callable[[], Connection]) -> ArchiveStore:
    """Return the store at the location. Its token is asked for apart from the token of Resource Manager."""

    def credential() -> TokenCredential:
        from scanner.archive.credential import StorageCredential

        return StorageCredential(connect().make_credential)

    ca_bundle = connect().ca_bundle if "://" in location else None
    return store_at(location, credential, ca_bundle=ca_bundle)


def scope_of(job: Job, policies: Sequence[LoadedPolicy], connect: Callable[[], Connection]) -> str:
    """Return the digest of the scope: the cloud or the files, every rule of the scope, and what is read."""
    place = str(job.earlier) if job.earlier is not None else connect().cloud.arm_endpoint
    return scope_digest(
        {
            "place": "the demo tenant" if job.is_demonstration else place,
            **job.wanted.rules,
            "kinds": sorted(asked_for(job, policies).kinds),
        }
    )


def archived_baseline(
    job: Job, policies: Sequence[LoadedPolicy], connect: Callable[[], Connection], last: ExitStack
) -> tuple[Snapshot | None, Archiving]:
    """Return the last complete run of the same scope and policies, None if there is none yet, and the archive."""
    assert job.baseline is not None
    archive = read_archive(job.baseline, job, policies, connect)
    digests = {policy.policy.name: policy.composition.digest for policy in policies}
    run = last_complete(archive.runs, scope=archive.scope, policies=digests)
    if run is None:
        return None, archive
    folder = last.enter_context(TemporaryDirectory(prefix="azml-audit-"))
    report = download_report(archive.store, run, Path(folder))
    return replace(snapshot(report), name=f"run {run.run}"), archive


def with_history(audit: Audit, archive: Archiving) -> Audit:
    """Return the audit with its history in the archive."""
    draft = line_of(audit, scope=archive.scope, exit_code=exit_code(audit))
    return replace(audit, history=history_of(archive.runs, chained(draft, archive.runs)))


def keep_run(job: Job, archive: Archiving, audit: Audit, folder: Path, *, code: int, meaning: str) -> str:
    """Put the finished run into the archive and return its name. Raises ArchiveError."""
    assert job.evidence is not None
    result = result_of(audit, folder, code=code, meaning=meaning, evidence=None)
    kept = Kept(
        audit=audit,
        report=folder,
        bundle=job.evidence,
        result=result,
        scope=archive.scope,
        exit_code=code,
    )
    return keep(archive.store, kept).run

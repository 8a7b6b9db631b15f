"""`azml-audit scan`: one audit from credentials to reports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from azure.core.credentials_async import AsyncSupportsTokenInfo
from rich.text import Text

from checks.model import Severity
from checks.registry import registry
from checks.schema import Tables
from reports.audit import Audit
from reports.writing import check_replaceable, write
from scanner.arm import Arm
from scanner.audit import audited, collected, exit_code
from scanner.clouds import KNOWN, Cloud, discovered
from scanner.collection import EVERYTHING, collection_for
from scanner.commands.summary import EXIT_MEANING, show
from scanner.credentials import credential
from scanner.live import LiveSource
from scanner.options import Auth, CloudName
from scanner.payloads import PayloadStore
from scanner.pipeline import Patience
from scanner.policies import LoadedPolicy, loaded, management_groups
from scanner.scope import Wanted
from scanner.terminal import Terminal, TerminalProgress


@dataclass(frozen=True, kw_only=True)
class Job:
    """What to audit, by which policies, and where the reports go."""

    output: Path
    policies: Sequence[str]
    fail_on: Severity | None = None
    wanted: Wanted = field(default_factory=Wanted)
    patience: Patience = field(default_factory=Patience)
    collect_all: bool = False
    is_demonstration: bool = False
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class Connection:
    """Which cloud to ask and as whom. `source` says so in words, for the reports."""

    cloud: Cloud
    credential: AsyncSupportsTokenInfo
    source: str
    is_azure: bool
    ca_bundle: Path | None = None


def now() -> datetime:
    """The clock of a real run: UTC, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def connection(
    *,
    auth: Auth,
    cloud_name: CloudName,
    arm_endpoint: str | None,
    tenant: str | None,
    client_id: str | None,
    ca_bundle: Path | None,
    prompt: Callable[[str], None],
) -> Connection:
    """How to reach the cloud the options name. Raises CloudError or CredentialError."""
    cloud = asyncio.run(discovered(arm_endpoint, ca_bundle)) if arm_endpoint else KNOWN[cloud_name]
    signed_in = credential(
        auth, cloud, tenant=tenant, client_id=client_id, ca_bundle=ca_bundle, prompt=prompt
    )
    where = f"Azure Resource Manager at {cloud.arm_endpoint} ({cloud.name})"
    return Connection(
        cloud=cloud,
        credential=signed_in,
        source=f"a server on this machine, {cloud.arm_endpoint}" if cloud.is_loopback else where,
        is_azure=not cloud.is_loopback,
        ca_bundle=ca_bundle,
    )


def scan(
    job: Job,
    connect: Callable[[], Connection],
    terminal: Terminal,
    *,
    clock: Callable[[], datetime] = now,
) -> int:
    """Run the job, write its reports, show the summary and return the exit code.

    Policies and the output folder are checked before anything is asked of `connect`.
    """
    began = monotonic()
    policies = loaded(job.policies, registry())
    check_replaceable(job.output)
    connected = connect()
    in_time = replace(job, patience=job.patience.after(monotonic() - began))
    audit = audit_of(in_time, policies, connected, terminal, clock=clock)
    folder = write(audit, job.output)
    code = exit_code(audit)
    if not job.quiet:
        show(audit, folder, terminal.out)
        told = "a scan would exit with" if job.is_demonstration else "exit code"
        terminal.out.print(Text(f"{told.capitalize()} {code}: {EXIT_MEANING[code]}."), soft_wrap=True)
    return code


def audit_of(
    job: Job,
    policies: Sequence[LoadedPolicy],
    connected: Connection,
    terminal: Terminal,
    *,
    clock: Callable[[], datetime],
) -> Audit:
    """The audit record of one collection."""
    started_at = clock()
    with TerminalProgress(terminal.err, enabled=not job.quiet) as progress, PayloadStore() as store:
        tables = asyncio.run(_collected(job, policies, connected, progress, store, clock))
    return audited(
        tables,
        policies,
        fail_on=job.fail_on,
        source=connected.source,
        is_azure=connected.is_azure,
        started_at=started_at,
        finished_at=clock(),
    )


async def _collected(
    job: Job,
    policies: Sequence[LoadedPolicy],
    connected: Connection,
    progress: TerminalProgress,
    store: PayloadStore,
    clock: Callable[[], datetime],
) -> Tables:
    chosen = [each.check for policy in policies for each in policy.checks]
    collection = EVERYTHING if job.collect_all else collection_for(chosen)
    arm = Arm(
        connected.cloud,
        connected.credential,
        clock=clock,
        patience=job.patience,
        ca_bundle=connected.ca_bundle,
        progress=progress,
    )
    async with arm:
        wanted = replace(job.wanted, known_groups=management_groups(policies))
        return await collected(LiveSource(arm, wanted, collection=collection, progress=progress), store)

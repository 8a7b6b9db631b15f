"""Seal the evidence bundle of a scan, with its statement: who read what, with which tools."""

from __future__ import annotations

import asyncio
import platform
import re
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

from reports.audit import Audit
from scanner.azure.identity import Identity
from scanner.commands.gathering import Gathered
from scanner.commands.job import Job, asked_for
from scanner.errors import EvidenceError
from scanner.evidence.code import installed_libraries
from scanner.evidence.packing import Staged
from scanner.evidence.pointers import evidence_of
from scanner.evidence.replaying import sealed
from scanner.evidence.sealing import seal
from scanner.evidence.statement import AskedBy, AskedFor, ScanRecord, scope_members
from scanner.evidence.verifying.checked import CheckedSource
from scanner.payloads.payload import Store
from scanner.payloads.secret_forms import redacted_text
from scanner.policies import LoadedPolicy
from scanner.tables.provenance import Traces

_SECRET_OPTION = re.compile(r"--[a-z-]*(secret|password|passphrase|token|sas)[a-z-]*", re.IGNORECASE)
_REPLACED = "[redacted]"


def with_evidence(
    job: Job,
    gathered: Gathered,
    audit: Audit,
    policies: tuple[LoadedPolicy, ...],
    store: Store,
    target: Staged,
) -> Audit:
    """Seal an evidence bundle for `target`, and return the audit with its root digest."""
    traces = gathered.traces or Traces()
    provenance = traces.finished()
    audit = replace(audit, evidence=evidence_of(audit.findings, audit.tables, provenance, audit.checks))
    root = seal(
        target,
        payloads=store,
        gaps=traces.gaps,
        audit=audit,
        policies=policies,
        provenance=provenance,
        record=_record(job, gathered, audit, policies),
        attest=job.attest,
    )
    if job.earlier is not None and gathered.record is None:
        _check_replays(target, audit.source)
    return replace(audit, root_digest=root)


def _check_replays(target: Staged, source: str) -> None:
    """Raise ValueError if `scan --from` would refuse the bundle: the answers of an export follow no scan's plan."""
    try:
        asyncio.run(CheckedSource(sealed(target.folder)).read(lambda _item: None))
    except EvidenceError as error:
        raise ValueError(
            f"The bundle of {source} was not written, because nobody could replay it: {error}"
        ) from error


def without_secrets(command: Sequence[str]) -> list[str]:
    """Return the command line without the values of secret options, the secrets in URLs and e-mail addresses."""
    shown: list[str] = []
    for word in command:
        name, is_assigned, _ = word.partition("=")
        if shown and "=" not in shown[-1] and _SECRET_OPTION.fullmatch(shown[-1]):
            shown.append(_REPLACED)
        elif is_assigned and _SECRET_OPTION.fullmatch(name):
            shown.append(f"{name}={_REPLACED}")
        else:
            shown.append(redacted_text(_without_credentials(word)))
    return shown


def _without_credentials(word: str) -> str:
    """Return a URL without user, password and query."""
    try:
        parts = urlsplit(word)
    except ValueError:
        return word
    if not parts.scheme or not parts.netloc:
        return word
    netloc = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, netloc, parts.path, _REPLACED if parts.query else "", ""))


def _record(job: Job, gathered: Gathered, audit: Audit, policies: Sequence[LoadedPolicy]) -> ScanRecord:
    earlier, asked_by = gathered.record, [_asked_by(each) for each in gathered.identities]
    return ScanRecord(
        tool_version=audit.tool_version,
        python=platform.python_version(),
        libraries=installed_libraries(),
        command=without_secrets(job.command),
        source=audit.source,
        is_azure=audit.is_azure,
        cloud=earlier.cloud if earlier else gathered.cloud,
        endpoint=earlier.endpoint if earlier else gathered.endpoint,
        asked_by=earlier.asked_by if earlier else next(iter(asked_by), None),
        also_asked_by=earlier.also_asked_by if earlier else asked_by[1:],
        asked_for=earlier.asked_for if earlier else _asked_for(job, policies),
        fail_on=job.fail_on.value if job.fail_on else None,
        started_at=audit.started_at,
        finished_at=audit.finished_at,
        replay_of=gathered.replay_of,
        previous_root=job.previous_root,
    )


def _asked_by(identity: Identity) -> AskedBy:
    return AskedBy(
        identity_type=identity.kind,
        tenant_id=identity.tenant_id,
        object_id=identity.object_id,
        application_id=identity.client_id,
    )


def _asked_for(job: Job, policies: Sequence[LoadedPolicy]) -> AskedFor:
    collection = asked_for(job, policies)
    return AskedFor(
        **scope_members(job.wanted),
        kinds=sorted(collection.kinds),
        members=sorted(collection.members),
        single_reads="all" if collection.asks_everybody else "sampled",
        discovery=job.discover.value if job.discover else "default",
    )

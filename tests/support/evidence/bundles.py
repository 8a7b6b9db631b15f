"""Bundles of evidence, made of scans of an emulator over real HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from checks.registry import registry
from reports.audit import Audit
from scanner.audit import audited, collected
from scanner.azure.arm import Arm
from scanner.azure.clouds import DEMO
from scanner.commands.demo import emulator_connection
from scanner.emulator.faults import Fault
from scanner.emulator.server import emulated
from scanner.emulator.tenants.tenant import Tenant
from scanner.evidence.code import installed_libraries
from scanner.evidence.deciding import place_in
from scanner.evidence.manifest import MANIFEST, SealedFile, manifest_of
from scanner.evidence.packing import staged
from scanner.evidence.sealing import Attest, seal
from scanner.evidence.statement import AskedFor, ScanRecord, scope_members
from scanner.evidence.verifying.steps import Verification
from scanner.evidence.verifying.verification import Expected, verify
from scanner.payloads.payload import Gap, Payload, PayloadStore
from scanner.policies import LoadedPolicy, loaded, management_groups
from scanner.reading.collection import EVERYTHING
from scanner.reading.discovery import Discovery
from scanner.reading.live import LiveSource
from scanner.reading.once import Read
from scanner.scope.wanted import Wanted
from scanner.tables.provenance import Provenance, Traces
from scanner.version import VERSION
from tests.support.scanning import IMPATIENT, NOON

RECORD = ScanRecord(
    tool_version=VERSION,
    python="3.11.0",
    libraries=installed_libraries(),
    command=["scan"],
    source=DEMO,
    is_azure=False,
    cloud="emulator",
    endpoint="http://127.0.0.1",
    asked_by=None,
    asked_for=AskedFor(
        subscriptions=[],
        excluded_subscriptions=[],
        management_groups=[],
        kinds=sorted(EVERYTHING.kinds),
        members=sorted(EVERYTHING.members),
        single_reads="all",
        discovery="arm",
    ),
    fail_on=None,
    started_at=NOON,
    finished_at=NOON,
)


@dataclass(frozen=True, kw_only=True)
class Scanned:
    """One scan with everything that is sealed of it."""

    payloads: Sequence[Payload]
    gaps: Sequence[Gap]
    audit: Audit
    policies: tuple[LoadedPolicy, ...]
    provenance: Provenance
    record: ScanRecord

    def seal(self, target: Path, attest: Attest | None = None) -> str:
        with staged(target) as place:
            root = seal(
                place,
                payloads=self.payloads,
                gaps=self.gaps,
                audit=self.audit,
                policies=self.policies,
                provenance=self.provenance,
                record=self.record,
                attest=attest,
            )
            place.publish()
        return root


def scan_of(
    tenant: Tenant,
    *faults: Fault,
    policies: Sequence[str] = ("baseline",),
    wanted: Wanted | None = None,
    asks_graph: bool = False,
) -> Scanned:
    """Everything read of a tenant, pages of two items, judged by these policies."""
    chosen, traces = loaded(policies, registry()), Traces()
    chosen_scope = replace(wanted or Wanted(), known_groups=management_groups(chosen))
    with emulated(tenant, faults=faults, page_size=2) as emulator, PayloadStore() as store:
        connection = emulator_connection(emulator)

        async def read() -> Any:
            arm = Arm(connection.cloud, connection.credential, clock=lambda: NOON, patience=IMPATIENT)
            async with arm:
                discovery = Discovery(arm, batch=2, page=2) if asks_graph else None
                source = LiveSource(arm, chosen_scope, collection=EVERYTHING, discovery=discovery)
                return await collected(Read().once(source), store, traces, chosen_scope)

        tables = asyncio.run(read())
        kept = list(store)
    audit = audited(tables, chosen, source=RECORD.source, is_azure=False, started_at=NOON, finished_at=NOON)
    asked_for = RECORD.asked_for.model_copy(
        update={
            **scope_members(chosen_scope),
            "discovery": "default" if asks_graph else "arm",
        }
    )
    return Scanned(
        payloads=kept,
        gaps=traces.gaps,
        audit=audit,
        policies=chosen,
        provenance=traces.finished(),
        record=RECORD.model_copy(update={"endpoint": connection.cloud.arm_endpoint, "asked_for": asked_for}),
    )


def verified(path: Path, now: datetime | None = None, **expected: Any) -> Verification:
    return verify(path, Expected(**expected), registry(), now)


def wrong(found: Verification) -> list[str]:
    """Everything that is wrong."""
    return [each for step in found.steps for each in step.wrong]


def sealed_anew(folder: Path) -> None:
    """Make the manifest fit the files, as somebody would who altered them."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST]
    listed = [
        SealedFile(
            name=path.relative_to(folder).as_posix(),
            size=path.stat().st_size,
            sha256=sha256(path.read_bytes()).hexdigest(),
        )
        for path in files
    ]
    (folder / MANIFEST).write_bytes(manifest_of(listed))


def altered_line(line: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """A payload's line with another body, and the digests that belong to it."""
    told = json.loads(line)
    document = json.loads(told["body"])
    change(document)
    told["body"] = json.dumps(document, separators=(",", ":"))
    return refitted(told)


def refitted(told: dict[str, Any]) -> bytes:
    """A payload's line with the digest and the id that fit everything else on it, as a forger makes them."""
    told["sha256"] = sha256(told["body"].encode()).hexdigest()
    kept = {name: value for name, value in told.items() if name not in ("id", "body")}
    told["id"] = sha256(json.dumps(kept, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def resolved(reference: str, payloads: Mapping[str, Payload]) -> Any:
    """What a reference leads to. Raises KeyError or IndexError where it leads nowhere."""
    identity, _, pointer = reference.partition("#")
    return place_in(payloads[identity].document, pointer)

"""Derive tables, findings and verdicts from a bundle's payloads, and compare them with the sealed ones."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import chain
from typing import Any

from checks.contract.tables import Tables
from checks.model import Check, Severity
from reports.audit import Audit
from scanner.audit import audited, collected
from scanner.evidence.bounded_json import bounded
from scanner.evidence.code import CHECKS, library_changes
from scanner.evidence.manifest import SealedFile
from scanner.evidence.opening import Bundle, content
from scanner.evidence.payload_files import FOLDER as PAYLOADS
from scanner.evidence.policy_files import RESOLVED, policy_files, sealed_policies
from scanner.evidence.population import derived_statement
from scanner.evidence.replaying import BundleSource
from scanner.evidence.statement import STATEMENT, Statement, statement_bytes
from scanner.evidence.tables import derived
from scanner.evidence.tally import Tally
from scanner.evidence.verifying.comparison import csv_differences, json_differences, parquet_differences
from scanner.evidence.verifying.ledger import Ledger
from scanner.policies import LoadedPolicy
from scanner.tables.provenance import Provenance, Traces


@dataclass(frozen=True, kw_only=True)
class Derivation:
    """The tables, findings and verdicts that follow from a bundle's payloads and policies."""

    audit: Audit
    policies: tuple[LoadedPolicy, ...]
    provenance: Provenance
    tally: Tally
    ledger: Ledger


def derive(bundle: Bundle, statement: Statement, registry: Mapping[str, Check]) -> Derivation:
    """Judge the payloads by the policies of the bundle, as if on the day of the scan.

    Raises EvidenceError or PolicyError for what cannot be read.
    """
    traces, record = Traces(), statement.record
    ledger = Ledger.of(record)
    source = BundleSource(bundle, ledger.add)
    policies = sealed_policies(bundle, registry)
    tables: Tables = asyncio.run(collected(source, None, traces, record.asked_for.wanted))
    audit = audited(
        tables,
        policies,
        fail_on=Severity(record.fail_on) if record.fail_on else None,
        source=record.source,
        is_azure=record.is_azure,
        started_at=record.started_at,
        finished_at=record.finished_at,
    )
    return Derivation(
        audit=replace(audit, tool_version=record.tool_version),
        policies=policies,
        provenance=traces.finished(),
        tally=source.tally,
        ledger=ledger,
    )


def differences(
    bundle: Bundle, listed: Mapping[str, SealedFile], statement: Statement, found: Derivation
) -> Iterator[str]:
    """Yield a text, with file, row and column, for everything sealed that does not follow from the payloads.

    Libraries in equal versions write equal bytes. In other versions, equal values are enough.
    """
    is_exact = not library_changes(statement.record.libraries)
    again = derived_statement(found.audit, found.provenance, found.tally, found.ledger.learning)
    sealed, follows = (part.model_dump(mode="json") for part in (statement.derived, again))
    yield from json_differences(f"{STATEMENT}: derived", sealed, follows)
    for count in again.reconciliation:
        if not count.holds:
            yield f"{STATEMENT}: {count.claim}: {count.counted:,} and {count.expected:,} do not agree."
    if bounded(bundle, STATEMENT) != statement_bytes(statement):
        yield f"{STATEMENT} is written in another way than azml-audit writes it."
    of_tables = ((name, b"".join(chunks)) for name, chunks in derived(found.audit, found.provenance))
    names = {name for name in listed if not name.startswith(PAYLOADS)} - {STATEMENT, CHECKS}
    for name, expected in chain(policy_files(found.policies), of_tables):
        names.discard(name)
        yield from _compared(bundle, listed, name, expected, is_exact=is_exact)
    for name in sorted(names):
        yield f"{name} was added: nothing in the bundle leads to such a file."


def _compared(
    bundle: Bundle, listed: Mapping[str, SealedFile], name: str, expected: bytes, *, is_exact: bool
) -> Iterator[str]:
    """Yield the differences in one file, whose digest was already compared with its content."""
    if name not in listed:
        yield f"{name} follows from the payloads, and is not in the bundle."
    elif listed[name].sha256 != sha256(expected).hexdigest():
        compare = _COMPARISONS.get(name.rpartition(".")[2], _compare_text)
        found = list(compare(name, content(bundle, name), expected))
        yield from found
        if is_exact and not found:
            yield f"{name} is written in another way than azml-audit writes it."


def _compare_json(name: str, sealed: bytes, expected: bytes) -> Iterator[str]:
    try:
        stored: Any = json.loads(sealed)
    except (ValueError, RecursionError):
        yield f"{name} is not JSON."
        return
    found = list(json_differences(name, stored, json.loads(expected)))
    yield from found or [f"{name} is written in another way than azml-audit writes it."]


def _compare_text(name: str, _sealed: bytes, _expected: bytes) -> Iterator[str]:
    yield f"{name} is not the file that {RESOLVED} leads to."


_COMPARISONS = {"json": _compare_json, "csv": csv_differences, "parquet": parquet_differences}

"""Verify a bundle: its files, signature and timestamp, and that its tables follow from its payloads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.x509 import Certificate
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]  # its __init__ has no __all__

from checks.errors import AuditError
from checks.model import Check
from scanner.errors import EvidenceError, SignatureError, SigningKeyError, TimestampError
from scanner.evidence.code import catalogue, code_changes, file_changes, misdescribed
from scanner.evidence.derivation import Derivation, derive, differences
from scanner.evidence.manifest import MANIFEST, SealedFile, files_in, root_digest
from scanner.evidence.opening import Bundle, content, opened
from scanner.evidence.packing import check_seal
from scanner.evidence.replaying import alterations
from scanner.evidence.sealing import CHECKS
from scanner.evidence.signing import SIGNATURE_FILE, verify_signature, verifying_key
from scanner.evidence.statement import STATEMENT, statement_in
from scanner.evidence.timestamps import TIMESTAMP_FILE, authorities, verify_timestamp
from scanner.version import VERSION


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of the verification: what is wrong, what holds, and what was not verified."""

    name: str
    wrong: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    open: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Expected:
    """Keys and digests that the verifier has from another source than the bundle."""

    root: str | None = None
    key: Path | None = None
    tsa_ca: Path | None = None


@dataclass
class Verification:
    """The steps of a verification."""

    root: str = ""
    steps: list[Step] = field(default_factory=list)
    code: Mapping[str, str] = field(default_factory=dict)
    """Each file of the installed code that differs from the sealed one, with `changed` or where it is missing."""

    @property
    def holds(self) -> bool:
        """Return whether no step found a problem."""
        return bool(self.steps) and not any(step.wrong for step in self.steps)


def verify(path: Path, expected: Expected, registry: Mapping[str, Check]) -> Verification:
    """Verify the bundle.

    Raises EvidenceError if the path does not exist, and SigningKeyError for unusable keys.
    """
    found = Verification()
    if not path.exists():
        raise EvidenceError(f"{path} does not exist.")
    key = verifying_key(_read(expected.key), str(expected.key)) if expected.key else None
    roots = authorities(_read(expected.tsa_ca), str(expected.tsa_ca)) if expected.tsa_ca else None
    try:
        bundle = opened(path)
        manifest = content(bundle, MANIFEST)
        listed = files_in(manifest)
    except EvidenceError as error:
        found.steps.append(Step(name="files", wrong=(str(error),)))
        return found
    found.root = root_digest(manifest)
    found.steps.append(_files(bundle, listed, expected, found.root))
    found.steps.append(_signature(bundle, manifest, key, expected.key))
    found.steps.append(_timestamp(bundle, manifest, roots, expected.tsa_ca))
    if found.steps[0].wrong:
        note = "Not derived again, because these are not the files that were sealed."
        found.steps.append(Step(name="derivation", open=(note,)))
    else:
        step, found.code = _derivation(bundle, listed, registry)
        found.steps.append(step)
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SigningKeyError(f"{path} cannot be read: {error.strerror}.") from error


def _files(bundle: Bundle, listed: dict[str, SealedFile], expected: Expected, root: str) -> Step:
    """Compare every file with the manifest, and the root digest with the expected one."""
    wrong = alterations(bundle, listed)
    if bundle.path.is_file():
        try:
            check_seal(bundle.path)
        except EvidenceError as error:
            wrong.append(str(error))
    holds = [] if wrong else [f"{len(listed)} files are as {MANIFEST} lists them, and there are no others."]
    if expected.root is None:
        note = (
            "Neither --root nor --key was given: a bundle that was altered and sealed again is not detected."
        )
        return Step(
            name="files", wrong=tuple(wrong), holds=tuple(holds), open=() if expected.key else (note,)
        )
    if expected.root.lower().removeprefix("sha256:") == root:
        holds.append("The root digest is the one expected.")
    else:
        wrong.append(
            f"{MANIFEST} is altered: the root digest is {root}, not {expected.root} as given with --root."
        )
    return Step(name="files", wrong=tuple(wrong), holds=tuple(holds))


def _signature(bundle: Bundle, manifest: bytes, key: SSlibKey | None, where: Path | None) -> Step:
    is_there = SIGNATURE_FILE in bundle.names()
    if key is None:
        note = f"{SIGNATURE_FILE} is there and not verified: give the signer's public key with --key."
        return Step(name="signature", open=(note if is_there else "The bundle is not signed.",))
    if not is_there:
        return Step(
            name="signature", wrong=(f"{SIGNATURE_FILE} is missing: there is nothing for {where} to hold.",)
        )
    try:
        signed = verify_signature(manifest, content(bundle, SIGNATURE_FILE), key)
    except (SignatureError, EvidenceError) as error:
        return Step(name="signature", wrong=(f"{error}.",))
    if signed.predicate.root_digest != root_digest(manifest):
        return Step(
            name="signature", wrong=(f"{SIGNATURE_FILE} names another root digest than the bundle's.",)
        )
    holds = f"Signed by {where} (key {signed.key_id})."
    return Step(name="signature", holds=(holds,))


def _timestamp(
    bundle: Bundle, manifest: bytes, roots: Sequence[Certificate] | None, where: Path | None
) -> Step:
    is_there = TIMESTAMP_FILE in bundle.names()
    if roots is None:
        note = f"{TIMESTAMP_FILE} is there and not verified: give its authority's root with --tsa-ca."
        return Step(name="timestamp", open=(note if is_there else "The bundle has no timestamp.",))
    if not is_there:
        return Step(
            name="timestamp",
            wrong=(f"{TIMESTAMP_FILE} is missing: nothing proves when the bundle was made.",),
        )
    try:
        at = verify_timestamp(manifest, content(bundle, TIMESTAMP_FILE), roots)
    except (TimestampError, EvidenceError) as error:
        return Step(name="timestamp", wrong=(f"{error}.",))
    return Step(
        name="timestamp", holds=(f"It existed on {at:%Y-%m-%d at %H:%M:%S} UTC, as {where} vouches.",)
    )


def _derivation(
    bundle: Bundle, listed: Mapping[str, SealedFile], registry: Mapping[str, Check]
) -> tuple[Step, dict[str, str]]:
    """Derive tables, findings and verdicts from the payloads by the sealed policies, and compare.

    Return the step, and each file of the code that differs.
    """
    files: dict[str, str] = {}
    try:
        statement = statement_in(content(bundle, STATEMENT))
        sealed, installed = json.loads(content(bundle, CHECKS)), catalogue(registry)
        changed = code_changes(sealed, installed)
        files = file_changes(sealed, installed)
        found = derive(bundle, statement, registry)
        wrong = (*_wrong_checks(sealed, installed, found), *differences(bundle, listed, statement, found))
    except (AuditError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        why = str(error) if isinstance(error, AuditError) else f"{CHECKS} is altered: {error!r}."
        return Step(name="derivation", wrong=(f"It cannot be derived again. {why}",)), files
    notes = [f"The installed code is not the sealed code: {each}." for each in changed]
    if statement.told.tool_version != VERSION:
        notes.append(f"Sealed by azml-audit {statement.told.tool_version}, derived again by {VERSION}.")
    findings, workspaces = len(found.audit.findings), len(found.audit.tables.workspaces)
    holds = (
        f"{sum(kind.count for kind in found.tally.kinds().values()):,} answers give the sealed tables; "
        f"subscriptions: {len(found.audit.tables.subscriptions):,}, workspaces: {workspaces:,}, "
        f"gaps: {len(found.audit.tables.gaps):,}.",
        f"The sealed policies give the sealed {findings:,} findings: {_verdicts(found)}.",
        f"{len(statement.derived.reconciliation)} counts of the statement agree.",
    )
    return Step(name="derivation", wrong=wrong, holds=() if wrong else holds, open=tuple(notes)), files


def _wrong_checks(
    sealed: Mapping[str, Any], installed: Mapping[str, Any], found: Derivation
) -> Iterator[str]:
    """Yield a text for every check that the sealed catalogue describes falsely or leaves out."""
    for check_id in misdescribed(sealed, installed):
        yield f"{CHECKS}: {check_id} is described otherwise than the code with its digest describes it."
    used = {check_id for verdict in found.audit.verdicts for check_id in verdict.checks}
    for check_id in sorted(used - {each["id"] for each in sealed["checks"]}):
        yield f"{CHECKS}: {check_id} is missing: the policies ask for it."


def _verdicts(found: Derivation) -> str:
    return ", ".join(f"{each.policy} {each.verdict.value}" for each in found.audit.verdicts)

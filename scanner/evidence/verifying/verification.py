"""Verify a bundle: its files, signatures and timestamp, and that its statement and tables follow from its answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from checks.errors import AuditError
from checks.model import Check
from scanner.errors import EvidenceError, FormatVersionError
from scanner.evidence.bounded_json import bounded, document
from scanner.evidence.manifest import MANIFEST, SealedFile, files_in, root_digest
from scanner.evidence.opening import Bundle, opened
from scanner.evidence.packing import check_seal
from scanner.evidence.replaying import alterations
from scanner.evidence.statement import STATEMENT, Statement, statement_in
from scanner.evidence.verifying import agreement, completeness, expectations, scope_questions
from scanner.evidence.verifying.attested import signature_step, timestamp_step, trust
from scanner.evidence.verifying.derivation import Derivation, derive, differences
from scanner.evidence.verifying.expectations import Expectations
from scanner.evidence.verifying.levels import level_of
from scanner.evidence.verifying.sealed_code import SealedCode
from scanner.evidence.verifying.steps import Step, Verification
from scanner.policies import management_groups
from scanner.reading.collection import collection_for
from scanner.version import VERSION


@dataclass(frozen=True, kw_only=True)
class Expected:
    """Keys, digests and expectations that the verifier has from another source than the bundle."""

    root: str | None = None
    keys: tuple[Path, ...] = ()
    trusted_keys: tuple[Path, ...] = ()
    tsa_ca: Path | None = None
    expectations: Expectations = field(default_factory=Expectations)


def verify(
    path: Path, expected: Expected, registry: Mapping[str, Check], now: datetime | None = None
) -> Verification:
    """Verify the bundle.

    Raises EvidenceError if the path does not exist, SigningKeyError for unusable keys and PolicyError for an
    unusable policy among the expectations.
    """
    now = now or datetime.now(UTC)
    found = Verification()
    if not path.exists():
        raise EvidenceError(f"{path} does not exist.")
    trusted = trust(expected.keys, expected.trusted_keys, expected.tsa_ca)
    try:
        bundle = opened(path)
        manifest = bounded(bundle, MANIFEST)
        listed = files_in(manifest)
    except FormatVersionError as error:
        install = f"Install {_sealed_by(bundle)} to verify it."
        found.steps.append(Step(name="files", cannot=(f"{error} {install}",)))
        return found
    except EvidenceError as error:
        found.steps.append(Step(name="files", wrong=(str(error),)))
        return found
    found.root = root_digest(manifest)
    found.steps.append(_files(bundle, listed, expected, found.root))
    is_intact = not found.steps[0].wrong
    statement = _statement(bundle) if is_intact else None
    record = statement.record if isinstance(statement, Statement) else None
    found.steps.append(signature_step(bundle, manifest, trusted, record))
    found.steps.append(timestamp_step(bundle, manifest, trusted, record, now))
    if statement is None:
        note = "Not derived again, because these are not the files that were sealed."
        found.steps.append(Step(name="derivation", open=(note,)))
    elif isinstance(statement, str):
        found.steps.append(Step(name="derivation", wrong=(f"It cannot be derived again. {statement}",)))
    else:
        _follow(found, bundle, listed, statement, expected, registry, now)
    _conclude(found, expected)
    return found


def _sealed_by(bundle: Bundle) -> str:
    """Return the version that a bundle of another format names."""
    try:
        return f"azml-audit {str(document(bundle, STATEMENT)['told']['tool_version'])[:40]}"
    except (EvidenceError, KeyError, TypeError):
        return "the azml-audit that sealed the bundle"


def _statement(bundle: Bundle) -> Statement | str:
    """Return the statement, or why it cannot be read."""
    try:
        return statement_in(bounded(bundle, STATEMENT))
    except EvidenceError as error:
        return str(error)


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
        is_signed = expected.keys or expected.trusted_keys
        note = (
            "Neither --root nor --key was given: a bundle that was altered and sealed again is not detected."
        )
        return Step(name="files", wrong=tuple(wrong), holds=tuple(holds), open=() if is_signed else (note,))
    if expected.root.lower().removeprefix("sha256:") == root:
        holds.append("The root digest is the one expected.")
    else:
        wrong.append(
            f"{MANIFEST} is altered: the root digest is {root}, not {expected.root} as given with --root."
        )
    return Step(name="files", wrong=tuple(wrong), holds=tuple(holds))


def _follow(
    found: Verification,
    bundle: Bundle,
    listed: Mapping[str, SealedFile],
    statement: Statement,
    expected: Expected,
    registry: Mapping[str, Check],
    now: datetime,
) -> None:
    """Derive the bundle again, and add the steps about its answers, its statement and its tables."""
    again = "It cannot be derived again."
    try:
        code = SealedCode.of(bundle, statement, registry)
    except EvidenceError as error:
        found.steps.append(Step(name="derivation", wrong=(f"{again} {error}",)))
        return
    found.code = code.files
    try:
        derived = derive(bundle, statement, registry)
        differs = tuple(differences(bundle, listed, statement, derived))
    except EvidenceError as error:
        found.steps.append(code.step((f"{again} {error}",), (), ()))
        return
    except (AuditError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        why = str(error) if isinstance(error, AuditError) else f"No scan seals such a bundle: {error!r}."
        found.steps.append(code.step((), (f"{again} {why}",), ()))
        return
    found.steps.append(_answers(derived, statement))
    found.steps.append(_agreement(derived, statement, now))
    found.steps.append(_expectations(derived, statement, expected.expectations, registry, now))
    found.steps.append(
        code.step(tuple(code.wrong_checks(derived)), differs, tuple(_derived(derived, statement)))
    )


def _answers(derived: Derivation, statement: Statement) -> Step:
    needed = collection_for(each.check for policy in derived.policies for each in policy.checks)
    wrong = (
        *completeness.problems(derived.ledger, statement.record.asked_for),
        *scope_questions.needed_problems(
            derived.ledger, statement.record, needed, management_groups(derived.policies)
        ),
    )
    holds = f"Every question of the scan has one answer, refusal or gap; answers: {len(derived.ledger.answered):,}."
    files = f"The answers come from {derived.ledger.files:,} files: nothing shows who gave them, or when."
    if derived.ledger.files:
        return Step(name="answers", wrong=wrong, open=(files,))
    return Step(name="answers", wrong=wrong, holds=() if wrong else (holds,))


def _agreement(derived: Derivation, statement: Statement, now: datetime) -> Step:
    record = statement.record
    wrong = tuple(agreement.problems(derived.ledger, record, now))
    when = f"from {record.started_at.isoformat()} to {record.finished_at.isoformat()}"
    holds = f"Times and hosts agree: {record.source}, {when}."
    return Step(name="agreement", wrong=wrong, holds=() if wrong else (holds,))


def _expectations(
    derived: Derivation,
    statement: Statement,
    expected: Expectations,
    registry: Mapping[str, Check],
    now: datetime,
) -> Step:
    wrong = tuple(expectations.differences(expected, statement, derived.policies, registry, now))
    shipped = list(expectations.shipped_policies(derived.policies, statement.record.tool_version, VERSION))
    holds = [text for is_shipped, text in shipped if is_shipped]
    opened_ = [text for is_shipped, text in shipped if not is_shipped]
    if statement.record.fail_on:
        opened_.append(f"--fail-on {statement.record.fail_on} decides the verdicts, not the policies.")
    if not expected.scope and (left_out := _left_out(statement)):
        opened_.append(left_out)
    if not expected.are_given:
        opened_.append("No expectations were given: nothing shows that the scope and the policies are yours.")
    elif not wrong:
        holds.append("Everything is as expected.")
    return Step(name="expectations", wrong=wrong, holds=tuple(holds), open=tuple(opened_))


def _left_out(statement: Statement) -> str:
    """Return what the scope leaves out, for the reader to compare with the own scope; "" if nothing."""
    derived = statement.derived
    if not derived.subscriptions_left_out and not derived.workspaces_left_out:
        return ""
    return (
        "The scope leaves out by rule (asked_for in statement.json, tables/left_out.csv): "
        f"subscriptions {derived.subscriptions_left_out:,}, workspaces {derived.workspaces_left_out:,}."
    )


def _derived(found: Derivation, statement: Statement) -> Iterator[str]:
    tables = found.audit.tables
    yield (
        f"{sum(kind.count for kind in found.tally.kinds().values()):,} answers give the sealed tables; "
        f"subscriptions: {len(tables.subscriptions):,}, workspaces: {len(tables.workspaces):,}, "
        f"gaps: {len(tables.gaps):,}."
    )
    verdicts = ", ".join(f"{each.policy} {each.verdict.value}" for each in found.audit.verdicts)
    yield f"The sealed policies give the sealed {len(found.audit.findings):,} findings: {verdicts}."
    yield f"{len(statement.derived.reconciliation)} counts of the statement agree."


def _conclude(found: Verification, expected: Expected) -> None:
    """Set the level of a bundle that is verified, and compare it with the expected one."""
    if not found.holds:
        return
    found.level = level_of(
        is_anchored=expected.root is not None,
        is_signed=bool(expected.keys or expected.trusted_keys),
        is_timestamped=expected.tsa_ca is not None,
    )
    wanted = expected.expectations.level
    if wanted is not None and found.level.rank < wanted.rank:
        found.steps.append(
            Step(name="level", wrong=(f"The level {wanted} is expected, and {found.level} reached.",))
        )
        found.level = None
        return
    found.is_as_expected = expected.expectations.are_given

"""`azml-audit report`: write the reports of an evidence bundle again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from checks.registry import registry
from reports.audit import Audit
from reports.formats.names import chosen
from reports.formats.registry import write
from reports.selection import USUAL, Selection
from reports.writing.folder import check_replaceable
from scanner.after.result import STDOUT, check_result, result_of, write_result
from scanner.audit import exit_code
from scanner.commands.replay import replayed
from scanner.errors import UsageError
from scanner.evidence.pointers import evidence_of
from scanner.evidence.replaying import sealed
from scanner.evidence.verifying.checked import refuse
from scanner.evidence.verifying.derivation import derive
from scanner.summary.ending import Ending, show
from scanner.terminal import Terminal, print_line

if TYPE_CHECKING:
    from scanner.archive.stores import ArchiveStore


def write_reports(
    path: Path,
    output: Path,
    formats: Sequence[str],
    terminal: Terminal,
    *,
    selection: Selection = USUAL,
    quiet: bool = False,
    result: Path | None = None,
    archive: ArchiveStore | None = None,
) -> int:
    """Judge a bundle by its own policies as of the day of its scan, and write the reports.

    With the archive of the bundle the page shows its history. Raises EvidenceError if the bundle is altered.
    """
    wanted = chosen(formats)
    check_replaceable(output)
    check_result(result)
    bundle = sealed(path)
    found = derive(bundle.bundle, bundle.statement, registry())
    refuse(found.ledger, bundle.statement.record, path)
    audit = replace(
        found.audit,
        source=replayed(bundle).words,
        root_digest=bundle.root,
        selection=selection,
        evidence=evidence_of(found.audit.findings, found.audit.tables, found.provenance, found.audit.checks),
    )
    if archive is not None:
        audit = _with_history(audit, archive, bundle.statement.record.previous_root)
    folder = write(audit, output, wanted)
    code = exit_code(audit)
    if result is not None:
        meaning = "the report was written again"
        write_result(result_of(audit, folder, code=code, meaning=meaning, evidence=path), result)
    if not quiet and result != STDOUT:
        show(audit, folder, terminal.out, Ending(code=code, is_live=False))
        line = f"Judged as of {audit.started_at:%Y-%m-%d} by the policies in the bundle; nothing was scanned."
        print_line(terminal.out, line)
    return 0


def _with_history(audit: Audit, store: ArchiveStore, previous_root: str | None) -> Audit:
    """Return the audit with its history: the runs up to the one that its bundle names as the run before it.

    Later runs change nothing, so the same bundle gives the same page however long the archive has grown. Raises
    UsageError if the archive does not have the bundle.
    """
    from scanner.archive.index import runs_in
    from scanner.archive.of_scan import Archiving, with_history

    runs = runs_in(store.index().content, store.name)
    scopes = {run.root: run.scope for run in runs}
    if audit.root_digest not in scopes or (previous_root is not None and previous_root not in scopes):
        lacking = audit.root_digest if audit.root_digest not in scopes else previous_root
        raise UsageError(
            f"{store.name} has no run with the root digest {lacking}, which the history of this bundle needs. Name the "
            "archive that keeps the bundle, or leave out --history."
        )
    places = {run.root: place for place, run in enumerate(runs, 1)}
    before = runs[: places[previous_root]] if previous_root is not None else []
    return with_history(audit, Archiving(store=store, scope=scopes[audit.root_digest], runs=before))

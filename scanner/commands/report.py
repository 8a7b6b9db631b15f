"""`azml-audit report`: write the reports of an evidence bundle again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from checks.registry import registry
from reports.formats.registry import chosen, write
from reports.selection import USUAL, Selection
from reports.writing.folder import check_replaceable
from scanner.after.result import STDOUT, check_result, result_of, write_result
from scanner.audit import exit_code
from scanner.commands.replay import replayed
from scanner.commands.summary import show
from scanner.evidence.pointers import evidence_of
from scanner.evidence.replaying import sealed
from scanner.evidence.verifying.checked import refuse
from scanner.evidence.verifying.derivation import derive
from scanner.terminal import Terminal, print_line


def write_reports(
    path: Path,
    output: Path,
    formats: Sequence[str],
    terminal: Terminal,
    *,
    selection: Selection = USUAL,
    quiet: bool = False,
    result: Path | None = None,
) -> int:
    """Judge a bundle by its own policies as of the day of its scan, and write the reports.

    Raises EvidenceError if the bundle is altered.
    """
    wanted = chosen(formats)
    check_replaceable(output)
    check_result(result)
    bundle = sealed(path)
    found = derive(bundle.bundle, bundle.statement, registry())
    refuse(found.ledger, bundle.statement.told, path)
    audit = replace(
        found.audit,
        source=replayed(bundle).words,
        root_digest=bundle.root,
        selection=selection,
        evidence=evidence_of(found.audit.findings, found.audit.tables, found.provenance, found.audit.checks),
    )
    folder = write(audit, output, wanted)
    code = exit_code(audit)
    if result is not None:
        meaning = "the report was written again"
        write_result(result_of(audit, folder, code=code, meaning=meaning, evidence=path), result)
    if not quiet and result != STDOUT:
        show(audit, folder, terminal.out, code=code)
        line = f"Judged as of {audit.started_at:%Y-%m-%d} by the policies in the bundle; nothing was scanned."
        print_line(terminal.out, line)
    return 0

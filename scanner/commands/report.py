"""`azml-audit report`: renders the sealed verdicts of a bundle again, without scanning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.text import Text

from checks.registry import registry
from reports.formats.registry import chosen
from reports.writing.folder import check_replaceable, write
from scanner.commands.replay import replayed
from scanner.commands.summary import show
from scanner.evidence.derivation import derive
from scanner.evidence.replaying import sealed
from scanner.terminal import Terminal


def report(
    path: Path, output: Path, formats: Sequence[str], terminal: Terminal, *, quiet: bool = False
) -> int:
    """Judge what the bundle holds by its own policies, as on the day of the scan, and write the reports.

    Raises EvidenceError where the bundle is altered.
    """
    wanted = chosen(formats)
    check_replaceable(output)
    bundle = sealed(path)
    found = derive(bundle.bundle, bundle.statement, registry())
    audit = replace(found.audit, source=replayed(bundle).words, root_digest=bundle.root)
    folder = write(audit, output, wanted)
    if not quiet:
        show(audit, folder, terminal.out)
        told = (
            f"Judged as of {audit.started_at:%Y-%m-%d}, by the policies in the evidence; nothing was scanned."
        )
        terminal.out.print(Text(told), soft_wrap=True)
    return 0

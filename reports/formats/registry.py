"""The formats of a report. `names.MODULES` lists them; the module of each has a function `files`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path

from checks.contract.tables import Tables
from reports.audit import Audit
from reports.formats.names import MODULES, chosen
from reports.writing.encoding import Files
from reports.writing.folder import replace
from reports.writing.previous import Extent

Renderer = Callable[[Audit], Files]
"""Returns the files of one format. Their content is made chunk by chunk while they are written."""


def _files(module: str, audit: Audit) -> Files:
    """Return the files of a format. Its module is imported on the first call."""
    files: Files = import_module(f"reports.{module}").files(audit)
    return files


RENDERERS: Mapping[str, Renderer] = {name: partial(_files, module) for name, module in MODULES.items()}


def rendered(audit: Audit, formats: Iterable[str]) -> dict[str, Iterable[bytes]]:
    """Return `findings.parquet`, the files of the formats by name, and those of the drift if there is one.

    Raises ReportError for an unknown format.
    """
    names = chosen(formats)
    files: dict[str, Iterable[bytes]] = dict(import_module("reports.formats.csv_report").all_findings(audit))
    for name in names:
        files |= RENDERERS[name](audit)
    if audit.drift:
        from reports.drift import files as drift_files

        files |= drift_files.beside(audit.drift, names)
    return files


def write(
    audit: Audit, folder: Path, formats: Iterable[str] = (), then: Callable[[], None] = lambda: None
) -> Path:
    """Write the audit in these formats into `folder`, all files or none, and return the folder, resolved.

    `then` is called as soon as the files are in place. Raises ReportError for an unknown format and everything
    that `replace` raises.
    """
    return replace(folder, rendered(audit, formats), extent=_extent(audit.tables), then=then)


def _extent(tables: Tables) -> Extent:
    """Return how much the audit covers. A gap below a workspace makes the workspace incomplete."""
    workspaces = tables.workspaces["workspace_id"].str.lower()
    with_gaps = tables.gaps["scope"].str.lower().str.extract(r"^(.*?/workspaces/[^/]+)", expand=False)
    return Extent(
        subscriptions=int(tables.subscriptions["read"].fillna(value=False).sum()),
        workspaces=len(workspaces),
        complete_workspaces=int((~workspaces.isin(with_gaps.dropna())).sum()),
    )


def prepare(formats: Iterable[str]) -> None:
    """Import the modules of the formats, and prepare them. A thread does this while the scan waits for Azure."""
    for name in chosen(formats):
        module = import_module(f"reports.{MODULES[name]}")
        getattr(module, "prepare", lambda: None)()

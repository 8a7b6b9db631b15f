"""Keep a finished run in an archive: its files first, then its line in the index, then the pointer.

A run that is cut off before its line is no run for readers: its files stay, and `history verify` names them.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports.audit import Audit
from scanner.archive.following import chained
from scanner.archive.index import Run, runs_in
from scanner.archive.lines import Draft, line_of
from scanner.archive.stores import ArchiveStore, ChangedMeanwhileError, FolderStore
from scanner.errors import ArchiveError, UsageError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_log = logging.getLogger("azml_audit")
_MOST_TRIES = 50


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The files that a scan puts into an archive."""

    audit: Audit
    report: Path
    bundle: Path
    result: Mapping[str, Any]
    scope: str
    exit_code: int


def store_at(
    location: str, credential: Callable[[], TokenCredential] | None = None, *, ca_bundle: Path | None = None
) -> ArchiveStore:
    """Return the store of a folder or a container. Raises UsageError for another URL.

    `credential` makes the credential for a container. A folder needs none.
    """
    if not location.strip():
        raise UsageError("The archive has no name. Name a folder, or the URL of a blob container.")
    if "://" not in location:
        return FolderStore(Path(location))
    from scanner.archive.blob import BlobStore

    if credential is None:
        raise UsageError(f"{location} needs an identity: name one with --auth.")
    return BlobStore(location, credential(), ca_bundle=ca_bundle)


def keep(store: ArchiveStore, kept: Kept) -> Run:
    """Write the files of a run and its line, and return the line. Raises ArchiveError."""
    draft = line_of(kept.audit, scope=kept.scope, exit_code=kept.exit_code)
    files: dict[str, str] = {}
    for name, content in _files(kept):
        store.create(f"{draft.fixed['run']}/{name}", content)
        files[name] = sha256(content).hexdigest()
    line = _append(store, replace(draft, fixed={**draft.fixed, "files": files}))
    try:
        store.point(json.dumps({"run": line.run, "root": line.root}).encode() + b"\n")
    except ArchiveError as error:
        _log.warning("The pointer to the latest run was not written; the index has it. %s", error)
    return line


def _append(store: ArchiveStore, draft: Draft) -> Run:
    """Append the run to the index and return its line. If another writer was faster, chain it after that one."""
    for _ in range(_MOST_TRIES):
        version = store.index()
        run = chained(draft, runs_in(version.content, store.name))
        cut_off = version.content and not version.content.endswith(b"\n")
        try:
            store.append((b"\n" if cut_off else b"") + run.model_dump_json().encode() + b"\n", version.etag)
        except ChangedMeanwhileError:
            continue
        return run
    raise ArchiveError(f"{store.name}: other writers changed the index {_MOST_TRIES} times in a row.")


def _files(kept: Kept) -> Iterator[tuple[str, bytes]]:
    """Yield the name and content of every file of the run."""
    for path in sorted(kept.report.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            yield f"report/{path.relative_to(kept.report).as_posix()}", path.read_bytes()
    if kept.bundle.is_dir():
        for path in sorted(kept.bundle.rglob("*")):
            if path.is_file():
                yield f"evidence/{path.relative_to(kept.bundle).as_posix()}", path.read_bytes()
    else:
        yield "evidence.zip", kept.bundle.read_bytes()
    yield "result.json", json.dumps(kept.result).encode() + b"\n"

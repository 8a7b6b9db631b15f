"""What `--from` names: a bundle of evidence, or an export of what others read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scanner.collection import Collection
from scanner.offline.source import source_from
from scanner.payloads import Source


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """Facts read earlier: `words` name them in reports; the times are None where nobody knows them."""

    source: Source
    words: str
    is_azure: bool
    started_at: datetime | None = None
    finished_at: datetime | None = None


def earlier(path: Path, collection: Collection) -> Earlier:
    """What lies at the path. Raises ExportError for what is neither evidence nor an export."""
    source = source_from(path, collection)
    return Earlier(source=source, words=source.words, is_azure=True)

"""Finds the files of an export, and reads, decodes, parses and redacts each of them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scanner.errors import ExportError
from scanner.payloads.answers import answered
from scanner.payloads.bodies import parsed
from scanner.payloads.json_members import member
from scanner.payloads.payload import Payload
from scanner.payloads.people import Pseudonyms
from scanner.payloads.questions import Ask

MAX_BYTES = 512 * 1024 * 1024
SUPPORTED = (
    "Supported, as JSON: az ml workspace list|show, az ml workspace outbound-rule list, az ml compute list, "
    "az ml online-endpoint list, az ml batch-endpoint list, az ml online-deployment list, "
    "az resource list|show, az graph query, the GET and LIST bodies of Azure Resource Manager (az rest), "
    "Get-AzResource -ExpandProperties, Get-AzMLWorkspace, Search-AzGraph and Invoke-AzRestMethod through "
    "ConvertTo-Json, and azure_rm_resource_info of Ansible."
)


@dataclass(frozen=True, kw_only=True)
class ExportFile:
    """One file of an export.

    `name` is its path below the export's folder, with slashes. `payload` is the whole file in UTF-8 after redaction.
    Its time is when the file was last written, to the second. It replaces the time when Azure answered, which an
    export does not contain.
    """

    name: str
    payload: Payload

    @property
    def document(self) -> Any:
        """The parsed file, without secrets."""
        return self.payload.document

    @property
    def place(self) -> str:
        """The URL of the file in payloads and gaps."""
        return self.payload.url


@dataclass(frozen=True, kw_only=True)
class Found:
    """The files that were read, sorted by name, and the names of files that do not end in .json."""

    files: tuple[ExportFile, ...]
    ignored: tuple[str, ...]


def found(path: Path, people: Pseudonyms) -> Found:
    """Return the export at a path: one file with any name, or every .json file below a folder.

    Hidden files and folders are ignored, and links to folders are not followed. Raises ExportError if there
    is nothing to read or a file is not JSON.
    """
    if path.is_file():
        return Found(files=(_read(path, path.name, people),), ignored=())
    if not path.is_dir():
        raise ExportError(f"Could not read the export {path}: no such file or folder.")
    names = sorted(_below(path))
    wanted = [name for name in names if name.lower().endswith(".json")]
    if not wanted:
        raise ExportError(f"The folder {path} contains no .json file. {SUPPORTED}")
    return Found(
        files=tuple(_read(path / name, name, people) for name in wanted),
        ignored=tuple(name for name in names if name not in set(wanted)),
    )


def _below(folder: Path) -> Iterator[str]:
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith("."):
                yield (Path(where) / name).relative_to(folder).as_posix()


def _read(path: Path, name: str, people: Pseudonyms) -> ExportFile:
    try:
        status = path.stat()
        if status.st_size > MAX_BYTES:
            raise ExportError(
                f"{name} is too large: {status.st_size:,} bytes, and the limit is {MAX_BYTES:,}. "
                "Split the export by subscription."
            )
        text = _decoded(path.read_bytes(), name)
    except OSError as error:
        raise ExportError(f"Could not read {name}: {error.strerror or error}.") from error
    body = text.encode()
    document = parsed(body)
    if document is None:
        raise ExportError(f"{name} is not an export: {_why_not_json(text)}. {SUPPORTED}")
    body, document = _unwrapped(body, document)
    place = f"file:{name}"
    answer = answered(
        Ask(kind="export", scope=place, url=place, api_version=""),
        body,
        status=200,
        headers={},
        at=datetime.fromtimestamp(int(status.st_mtime), UTC),
        people=people,
        document=document,
    )
    assert isinstance(answer, Payload)
    return ExportFile(name=name, payload=answer)


def _unwrapped(body: bytes, document: Any) -> tuple[bytes, Any]:
    """Return Azure's answer that `Invoke-AzRestMethod` wrapped as text, or the document itself.

    This comes before redaction, because JSON in which a secret was replaced as in a text is no JSON.
    """
    content = member(document, "Content")
    if not isinstance(content, str) or "StatusCode" not in document:
        return body, document
    inner = content.encode("utf-8", "replace")
    answer = parsed(inner)
    return (body, document) if answer is None else (inner, answer)


def _decoded(body: bytes, name: str) -> str:
    """Decode UTF-8, UTF-16 or UTF-32. Windows PowerShell writes redirected output as UTF-16 with a mark."""
    try:
        return body.decode(json.detect_encoding(body)).removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise ExportError(
            f"{name} is not an export: it is not text in UTF-8 or UTF-16. {SUPPORTED}"
        ) from None


def _why_not_json(text: str) -> str:
    if not text.strip():
        return "it is empty, so the command that wrote it may have failed. An empty list is written []"
    try:
        is_null = json.loads(text) is None
    except RecursionError:
        is_null = False
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and error.pos:
            return "it has several JSON documents. Make it a list with: jq -s . FILE > LIST.json"
        return f"it is not JSON ({error})"
    return "it contains only null" if is_null else "it is nested too deeply"

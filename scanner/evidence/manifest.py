"""Read and write the list of a bundle's files with sizes and SHA-256, and compute the root digest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import PurePosixPath

from scanner.errors import EvidenceError, FormatVersionError

MANIFEST = "manifest.json"
FORMAT = "azml-audit evidence"
VERSION = "3.1"
"""The version of the bundle's format. Bundles of other versions are refused, not converted.

Raise it whenever the ids of payloads, the layout of files or the members of the statement change.
"""

ATTESTATIONS = "attestations.json"
"""Lists the signature and the timestamp, which are made after the manifest."""

ATTESTED = frozenset({"signature.dsse.json", "timestamp.tsr"})
DETACHED = frozenset({MANIFEST, ATTESTATIONS}) | ATTESTED
"""Files that the manifest does not list: itself, and the attestations that cover it."""

MAX_FILES = 10_000
_NAME = re.compile(r"[A-Za-z0-9._+@ -]+(/[A-Za-z0-9._+@ -]+)*")


@dataclass(frozen=True, kw_only=True)
class SealedFile:
    """One file of a bundle: its name with forward slashes, its size in bytes, its SHA-256."""

    name: str
    size: int
    sha256: str


def manifest_of(files: Iterable[SealedFile], version: str = VERSION) -> bytes:
    """Return the manifest of these files as canonical JSON, so that one list has one digest."""
    listed = sorted(map(asdict, files), key=lambda each: each["name"])
    document = {"files": listed, "format": FORMAT, "version": version}
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def root_digest(manifest: bytes) -> str:
    """Return the SHA-256 of the manifest in hexadecimal. It changes with every alteration of the bundle."""
    return sha256(manifest).hexdigest()


def files_in(manifest: bytes, name: str = MANIFEST) -> dict[str, SealedFile]:
    """Return the files that a manifest of that name lists.

    Raises EvidenceError if `manifest_of` would write it otherwise, or if its format has another version.
    """
    try:
        document = json.loads(manifest)
        files = [SealedFile(**each) for each in document["files"]]
        version = document["version"]
        is_exact = manifest_of(files, version) == manifest
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise EvidenceError(f"{name} is altered: it is no list of files ({error!r}).") from error
    named = {file.name: file for file in files}
    if not is_exact or len(named) < len(files):
        raise EvidenceError(f"{name} is altered: it is not written as azml-audit writes it.")
    if version != VERSION:
        raise FormatVersionError(
            f"{name} has version {version} of the evidence format. This azml-audit reads version {VERSION}: "
            "use the azml-audit that sealed the bundle."
        )
    for each in named:
        check_name(each, name)
    return named


def check_name(name: str, where: object) -> None:
    """Raise EvidenceError if azml-audit writes no such name, or if the name could lead out of the bundle."""
    path = PurePosixPath(name)
    if not _NAME.fullmatch(name) or path.is_absolute() or {".", ".."} & set(name.split("/")):
        raise EvidenceError(f"{where}: the file name {name!r} is refused: no bundle of ours has such a name.")

"""Read the JSON files of a bundle within bounds of their own.

A few kilobytes in a zip file unpack to many megabytes of JSON, and each of their bytes becomes up to a
hundred bytes of Python objects. Payload lines have a bound of their own in `payload_files`.
"""

from __future__ import annotations

import json
from typing import Any

from scanner.errors import EvidenceError
from scanner.evidence.manifest import ATTESTATIONS, MANIFEST
from scanner.evidence.opening import Bundle, content

MAX_VALUES = 500_000
"""Values in one file. A statement about 10,000 subscriptions has 80,000."""

_MEGABYTE = 1024**2
_MAX_BYTES = {MANIFEST: 8 * _MEGABYTE, ATTESTATIONS: 64 * 1024, "signature.dsse.json": _MEGABYTE}
_MAX_OTHER = 32 * _MEGABYTE


def bounded(bundle: Bundle, name: str) -> bytes:
    """Return a JSON file of the bundle unparsed. Raises EvidenceError if it is too large to parse."""
    text = content(bundle, name, _MAX_BYTES.get(name, _MAX_OTHER))
    values = text.count(b",") + text.count(b"{") + text.count(b"[")
    if values > MAX_VALUES:
        raise EvidenceError(f"{bundle.path}: {name} is refused: it has more than {MAX_VALUES:,} values.")
    return text


def document(bundle: Bundle, name: str) -> Any:
    """Return a JSON file of the bundle. Raises EvidenceError if it is too large or no JSON."""
    try:
        return json.loads(bounded(bundle, name))
    except (ValueError, RecursionError) as error:
        raise EvidenceError(f"{bundle.path}: {name} is altered: it is no JSON ({error!r}).") from error

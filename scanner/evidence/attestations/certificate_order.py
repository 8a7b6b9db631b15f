"""Sorts the certificates in a timestamp token, which OpenSSL writes in the order of their chain.

They are a SET OF in DER (RFC 5652, 5.1), whose elements DER sorts by their bytes (X.690, 11.6). OpenSSL does not
sort them, and rfc3161-client 1.0 refuses what is not sorted. No signature covers their order.
"""

from __future__ import annotations

_SEQUENCE, _CONTEXT_0 = 0x30, 0xA0
_LONG_FORM = 0x80


def with_sorted_certificates(response: bytes) -> bytes:
    """Return a timestamp response with its certificates sorted, or as it is if it has another structure."""
    try:
        status, token = _elements(_content(response, _SEQUENCE))
        kind, wrapped = _elements(_content(token, _SEQUENCE))
        signed = _elements(_content(_content(wrapped, _CONTEXT_0), _SEQUENCE))
    except (ValueError, IndexError):
        return response
    parts = [_sorted(part) if part[0] == _CONTEXT_0 else part for part in signed]
    signed_data = _element(_CONTEXT_0, _element(_SEQUENCE, b"".join(parts)))
    return _element(_SEQUENCE, status + _element(_SEQUENCE, kind + signed_data))


def _sorted(certificates: bytes) -> bytes:
    try:
        return _element(_CONTEXT_0, b"".join(sorted(_elements(_content(certificates, _CONTEXT_0)))))
    except (ValueError, IndexError):
        return certificates


def _content(element: bytes, tag: int) -> bytes:
    """Return the content of an element. Raises ValueError if it has another tag or another length."""
    start, end = _bounds(element, 0)
    if element[0] != tag or end != len(element):
        raise ValueError(f"no single element with tag {tag:#x}")
    return element[start:end]


def _elements(content: bytes) -> list[bytes]:
    """Return the elements that follow each other in a content."""
    found, place = [], 0
    while place < len(content):
        _, end = _bounds(content, place)
        found.append(content[place:end])
        place = end
    return found


def _bounds(text: bytes, place: int) -> tuple[int, int]:
    """Return where the content of the element at a place begins and ends."""
    length, start = text[place + 1], place + 2
    if length & _LONG_FORM:
        digits = length & ~_LONG_FORM
        length, start = int.from_bytes(text[start : start + digits]), start + digits
    if start + length > len(text):
        raise ValueError("an element is longer than what contains it")
    return start, start + length


def _element(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < _LONG_FORM:
        return bytes([tag, length]) + content
    digits = (length.bit_length() + 7) // 8
    return bytes([tag, _LONG_FORM | digits]) + length.to_bytes(digits) + content

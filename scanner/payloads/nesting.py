"""How deep a JSON document is nested, told cheaply from its bytes."""

from __future__ import annotations

from typing import Any

MAX_DEPTH = 100
"""Far beyond what Azure nests, far below where recursion over a document would end."""

_KEPT = b"[]{}"
_DROPPED = bytes(set(range(256)) - set(_KEPT))


def is_too_deep(body: bytes, document: Any) -> bool:
    """Whether the document of this body is nested too deep: not up to `MAX_DEPTH`, but beyond twice that.

    Innermost pairs of brackets are taken away layer by layer, until too few are left to matter; only where
    brackets in texts leave more over is the document itself walked.
    """
    brackets = body.translate(None, _DROPPED)
    for _ in range(MAX_DEPTH):
        if len(brackets) <= MAX_DEPTH:
            return False
        fewer = brackets.replace(b"{}", b"").replace(b"[]", b"")
        if len(fewer) == len(brackets):
            return _is_deeper(document)
        brackets = fewer
    return len(brackets) > MAX_DEPTH and _is_deeper(document)


def _is_deeper(document: Any) -> bool:
    layer = [document]
    for _ in range(MAX_DEPTH):
        layer = [child for node in layer for child in _children(node)]
        if not layer:
            return False
    return True


def _children(node: Any) -> list[Any]:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [child for child in children if isinstance(child, dict | list)]

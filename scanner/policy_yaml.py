"""Reads YAML that a stranger may have written: the safe subset, of bounded size, depth and expansion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from checks.errors import PolicyError

MAX_BYTES = 1024 * 1024
MAX_NODES = 100_000
"""Of values once every alias stands for what it names; the largest policy in use has some hundreds."""

MAX_DEPTH = 50


class _Strict(yaml.SafeLoader):
    """YAML's safe subset; a key that occurs twice is an error and not a silent overwriting."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _wrong("a key must be a plain word", key)
            if key.value in seen:
                raise _wrong(f"the key {key.value!r} occurs twice", key)
            seen.add(key.value)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, OverflowError) as error:
            raise _wrong(f"{str(node.value)[:40]!r} cannot be: {error}", node) from error


def text_of(path: Path) -> str:
    """The text of a file. Raises OSError, UnicodeDecodeError, or ValueError where it is too large."""
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES:,} bytes, which no policy is")
    return content.decode("utf-8")


def document(text: str, source: str) -> Any:
    """What the text says, as plain values. Raises PolicyError, naming `source` and the place."""
    try:
        loader = _Strict(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _check_expansion(node, {}, depth=0)
        return loader.construct_document(node)
    except RecursionError as error:
        raise PolicyError(f"{source}: not YAML we read: nested too deeply.") from error
    except yaml.YAMLError as error:
        raise PolicyError(f"{source}: not YAML: {error}") from error


def _check_expansion(node: yaml.Node, sizes: dict[int, int], *, depth: int) -> int:
    """How many values the node comes to when its aliases are written out; each is counted once.

    Ten aliases of ten aliases, ten deep, are a few hundred bytes and ten thousand million values.
    """
    if id(node) in sizes:
        if not sizes[id(node)]:
            raise _wrong("it holds itself", node)
        return sizes[id(node)]
    if depth > MAX_DEPTH:
        raise _wrong(f"nested more than {MAX_DEPTH} deep", node)
    sizes[id(node)] = 0
    size = 1 + sum(_check_expansion(part, sizes, depth=depth + 1) for part in _parts(node))
    if size > MAX_NODES:
        raise _wrong(f"more than {MAX_NODES:,} values, aliases written out", node)
    sizes[id(node)] = size
    return size


def _parts(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _wrong(problem: str, node: yaml.Node) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)

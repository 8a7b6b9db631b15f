"""Read YAML from an untrusted file: the safe subset, with limits on size, depth and expanded aliases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from checks.errors import PolicyError
from checks.policy.parsing import KeyPath, Marks

MAX_BYTES = 1024 * 1024
MAX_NODES = 100_000
"""The most values, with every alias replaced by its values. The largest policy in use has some hundreds."""

MAX_DEPTH = 50


class _Strict(yaml.SafeLoader):
    """YAML's safe subset. A key that occurs twice is an error; PyYAML would drop the first value."""

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
            raise _wrong(f"{str(node.value)[:40]!r} is not a valid value: {error}", node) from error


def text_of(path: Path) -> str:
    """Return the text of a file. Raises OSError, UnicodeDecodeError, or ValueError if it is too large."""
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES:,} bytes, the limit for policies")
    return content.decode("utf-8")


def document(text: str, source: str) -> Any:
    """Return the plain values of a YAML text. Raises PolicyError with `source`, line and column."""
    return marked_document(text, source)[0]


def marked_document(text: str, source: str) -> tuple[Any, Marks]:
    """Return the plain values of a YAML text, and the line and column of every key and list item."""
    try:
        loader = _Strict(text)
        node = loader.get_single_node()
        if node is None:
            return None, {}
        _check_expansion(node, {}, depth=0)
        value = loader.construct_document(node)
        return value, {path: (mark.line + 1, mark.column + 1) for path, mark in _marks(node, node.start_mark)}
    except RecursionError as error:
        raise PolicyError(f"{source}: not valid YAML: nested too deeply") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f"{source}:{mark.line + 1}:{mark.column + 1}" if mark else source
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        raise PolicyError(f"{at}: not valid YAML: {problem}") from error
    except yaml.YAMLError as error:
        raise PolicyError(f"{source}: not valid YAML: {error}") from error


def _marks(node: yaml.Node, mark: yaml.Mark, path: KeyPath = ()) -> Iterator[tuple[KeyPath, yaml.Mark]]:
    yield path, mark
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _marks(value, key.start_mark, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _marks(item, item.start_mark, (*path, number))


def _check_expansion(node: yaml.Node, sizes: dict[int, int], *, depth: int) -> int:
    """Return the number of values of a node with its aliases expanded. Each node is counted once.

    Ten aliases of ten aliases, ten levels deep, are a few hundred bytes and ten thousand million values.
    """
    if id(node) in sizes:
        if not sizes[id(node)]:
            raise _wrong("it contains itself", node)
        return sizes[id(node)]
    if depth > MAX_DEPTH:
        raise _wrong(f"nested more than {MAX_DEPTH} deep", node)
    sizes[id(node)] = 0
    size = 1 + sum(_check_expansion(part, sizes, depth=depth + 1) for part in _parts(node))
    if size > MAX_NODES:
        raise _wrong(f"more than {MAX_NODES:,} values with all aliases expanded", node)
    sizes[id(node)] = size
    return size


def _parts(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _wrong(problem: str, node: yaml.Node) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)

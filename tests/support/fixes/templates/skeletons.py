"""The bodies of resources in Bicep and in an ARM template, with None for what only Azure evaluates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

EXPRESSION = "(expression)"
"""Stands for a member whose name only Azure evaluates."""

_NOT_IN_THE_BODY = frozenset({"type", "apiVersion", "name", "parent", "scope", "dependsOn"})


def of_template(template: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each resource of an ARM template as `type@api-version` and its body."""
    for resource in template["resources"]:
        yield f"{resource['type']}@{resource['apiVersion']}", _body(_without_expressions(resource))


def of_bicep(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each resource of a Bicep text as `type@api-version` and its body. Raises ValueError if it is no Bicep."""
    root = Parser(Language(tree_sitter_bicep.language())).parse(text.encode()).root_node
    if root.has_error:
        raise ValueError("The text is not Bicep.")
    for node in root.named_children:
        if node.type == "resource_declaration":
            _, type_, *_, body = _parts(node)
            yield str(_value(type_)), _body(_value(body))


def _body(resource: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name not in _NOT_IN_THE_BODY}


def _without_expressions(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            EXPRESSION if name.startswith("[") else name: _without_expressions(each)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_without_expressions(each) for each in value]
    return None if isinstance(value, str) and value.startswith("[") else value


def _value(node: Node) -> Any:
    if node.type == "object":
        return {_name(_parts(pair)[0]): _value(_parts(pair)[-1]) for pair in _parts(node)}
    if node.type == "array":
        return [_value(each) for each in _items(node)]
    if node.type == "string" and not _is_interpolated(node):
        return "".join(_text(child) for child in node.named_children)
    if node.type in ("number", "boolean"):
        return int(_text(node)) if node.type == "number" else _text(node) == "true"
    return None


def _items(array: Node) -> Iterator[Node]:
    """Yield the first node of each item: the grammar makes two nodes of a call such as `managementGroup().id`."""
    end = -1
    for part in _parts(array):
        if part.start_byte != end:
            yield part
        end = part.end_byte


def _name(node: Node) -> str:
    if node.type == "string":
        return EXPRESSION if _is_interpolated(node) else str(_value(node))
    return _text(node)


def _is_interpolated(node: Node) -> bool:
    return any(child.type == "interpolation" for child in node.named_children)


def _parts(node: Node) -> list[Node]:
    return [child for child in node.named_children if child.type not in ("comment", "decorators")]


def _text(node: Node) -> str:
    return (node.text or b"").decode()

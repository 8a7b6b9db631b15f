"""Read a Bicep text with tree-sitter, and evaluate its resources to the bodies that a deployment sends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

from tests.support.fixes.templates.declared import Declared

OWN_TEMPLATE = "lines for your own template"
"""A comment with these words marks resources that are parts of larger ones."""


class BicepError(Exception):
    """The text is not Bicep, or uses something that this module cannot evaluate."""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """Where a text is deployed, and the values of its parameters and free names."""

    subscription: str
    group: str
    values: Mapping[str, Any]


def declared_in_bicep(text: str, deployment: Deployment) -> list[Declared]:
    """Return the resources of the text in their order. Raises BicepError if the text cannot be read."""
    root = Parser(Language(tree_sitter_bicep.language())).parse(text.encode()).root_node
    if root.has_error:
        raise BicepError(f"the parser stops at {_first_error(root)}")
    return _Evaluation(deployment, is_part=OWN_TEMPLATE in _comments(root).lower()).of(root)


def _comments(root: Node) -> str:
    return " ".join(_text(node) for node in root.children if node.type == "comment")


def _first_error(node: Node) -> str:
    for child in node.children:
        if child.has_error or child.is_missing:
            return _first_error(child)
    return f"line {node.start_point[0] + 1}: {_text(node)[:60]!r}"


def _text(node: Node | None) -> str:
    return b"".join([node.text or b""]).decode() if node is not None else ""


def _named(node: Node) -> list[Node]:
    return [child for child in node.named_children if child.type not in ("comment", "decorators")]


class _Evaluation:
    def __init__(self, deployment: Deployment, *, is_part: bool) -> None:
        self._deployment, self._is_part = deployment, is_part
        self._names: dict[str, Any] = {}
        self._declared: list[Declared] = []

    def of(self, root: Node) -> list[Declared]:
        for node in _named(root):
            if node.type == "resource_declaration":
                self._resource(node)
            elif node.type == "variable_declaration":
                name, value = _named(node)[0], _named(node)[-1]
                self._names[_text(name)] = self._value(value)
            elif node.type == "parameter_declaration":
                self._parameter(node)
            elif node.type not in ("output_declaration", "metadata_declaration", "decorator"):
                raise BicepError(f"{node.type} is not known here: {_text(node)[:60]}")
        return self._declared

    def _parameter(self, node: Node) -> None:
        parts = _named(node)
        name = _text(parts[0])
        if name in self._deployment.values:
            self._names[name] = self._deployment.values[name]
        elif len(parts) > 2:
            self._names[name] = self._value(parts[-1])

    def _resource(self, node: Node) -> None:
        symbol, type_, *_, value = _named(node)
        resource_type, _, version = str(self._value(type_)).partition("@")
        is_existing = any(_text(child) == "existing" for child in node.children)
        if value.type == "for_statement":
            bodies = list(self._each(value))
        elif value.type == "if_statement":
            condition, body = _named(value)[0], _named(value)[-1]
            bodies = [self._value(body)] if self._value(condition) else []
        else:
            bodies = [self._value(value)]
        self._names.setdefault(_text(symbol), [])  # others may wait for a resource of which there is none
        for body in bodies:
            made = Declared(
                resource_type=resource_type,
                version=version,
                id=self._id(resource_type, body),
                body={name: part for name, part in body.items() if name not in _NOT_SENT},
                is_existing=is_existing,
                is_part=self._is_part,
            )
            self._declared.append(made)
            self._names[_text(symbol)] = {**made.body, "id": made.id, "name": body["name"]}

    def _id(self, resource_type: str, body: Mapping[str, Any]) -> str:
        name, namespace_and_types = body["name"], resource_type.split("/")
        if "parent" in body:
            return f"{body['parent']['id']}/{namespace_and_types[-1]}/{name}"
        place = self._deployment
        scope = f"/subscriptions/{place.subscription}/resourceGroups/{place.group}"
        if "scope" in body:
            scope = body["scope"]["id"]
        namespace, *types = namespace_and_types
        pairs = "/".join(f"{kind}/{part}" for kind, part in zip(types, str(name).split("/"), strict=True))
        return f"{scope}/providers/{namespace}/{pairs}"

    def _value(self, node: Node) -> Any:
        evaluate = _EVALUATE.get(node.type)
        if evaluate is None:
            raise BicepError(f"{node.type} is not known here: {_text(node)[:60]}")
        return evaluate(self, node)

    def _string(self, node: Node) -> str:
        parts = []
        for child in node.named_children:
            if child.type == "interpolation":
                parts.append(str(self._value(_named(child)[0])))
            elif child.type == "escape_sequence":
                parts.append(_text(child)[1:])
            else:
                parts.append(_text(child))
        return "".join(parts)

    def _object(self, node: Node) -> dict[str, Any]:
        found = {}
        for pair in _named(node):
            name, value = _named(pair)[0], _named(pair)[-1]
            found[self._string(name) if name.type == "string" else _text(name)] = self._value(value)
        return found

    def _array(self, node: Node) -> list[Any]:
        children = _named(node)
        return [self._value(child) for child in children]

    def _identifier(self, node: Node) -> Any:
        name = _text(node)
        for known in (self._names, self._deployment.values):
            if name in known:
                return known[name]
        raise BicepError(f"nothing declares {name}")

    def _member(self, node: Node) -> Any:
        of, name = _named(node)[0], _named(node)[-1]
        return self._value(of)[_text(name)]

    def _call(self, node: Node) -> Any:
        function, *rest = _named(node)
        values = [self._value(each) for each in (_named(rest[0]) if rest else [])]
        if _text(function) not in _FUNCTIONS:
            raise BicepError(f"the function {_text(function)} is not known here")
        return _FUNCTIONS[_text(function)](*values)

    def _each(self, node: Node) -> Iterator[Any]:
        parts = _named(node)
        parameters, items, body = parts[0], parts[-2], parts[-1]
        names = [_text(each) for each in _named(parameters)] or [_text(parameters)]
        for position, item in enumerate(self._value(items)):
            for name, value in zip(names, (item, position), strict=False):
                self._names[name] = value
            yield self._value(body)

    def _ternary(self, node: Node) -> Any:
        condition, yes, no = _named(node)
        return self._value(yes if self._value(condition) else no)

    def _binary(self, node: Node) -> Any:
        left, right = (self._value(each) for each in _named(node))
        sign = next(_text(child) for child in node.children if not child.is_named)
        return {"+": lambda: left + right, "==": lambda: left == right, "!=": lambda: left != right}[sign]()


_NOT_SENT = ("name", "parent", "scope", "dependsOn")

_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "union": lambda *parts: {name: value for part in parts for name, value in part.items()},
    "concat": lambda *parts: [item for part in parts for item in part],
    "subscriptionResourceId": lambda kind, name: f"/providers/{kind}/{name}",
    "empty": lambda value: not value,
    "split": lambda text, sign: text.split(sign),
    "replace": lambda text, old, new: text.replace(old, new),
    "contains": lambda values, value: value in values,
    "join": lambda parts, sign: sign.join(parts),
    "guid": lambda *parts: "00000000-0000-4000-8000-000000000002",
}

_EVALUATE: Mapping[str, Callable[[_Evaluation, Node], Any]] = {
    "string": _Evaluation._string,
    "object": _Evaluation._object,
    "array": _Evaluation._array,
    "identifier": _Evaluation._identifier,
    "member_expression": _Evaluation._member,
    "call_expression": _Evaluation._call,
    "for_statement": lambda self, node: list(self._each(node)),
    "conditional_expression": _Evaluation._ternary,
    "ternary_expression": _Evaluation._ternary,
    "binary_expression": _Evaluation._binary,
    "parenthesized_expression": lambda self, node: self._value(_named(node)[0]),
    "number": lambda _self, node: int(_text(node)),
    "boolean": lambda _self, node: _text(node) == "true",
    "null": lambda _self, _node: None,
}

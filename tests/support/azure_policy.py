"""A small interpreter of Azure Policy conditions: what a built-in audit definition says of one resource.

It knows the operators the Machine Learning definitions use and refuses any other, so that a definition
is never half understood. Semantics: Azure Policy's definition structure (learn.microsoft.com, 2026-08):
comparisons of strings ignore case, a missing field equals nothing and is not equal to everything, and
`exists` and booleans may be written as strings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Document = Mapping[str, Any]


def flags(
    definition: Document, resource: Document, parameters: Mapping[str, object], related: Any = ()
) -> bool:
    """Whether the definition calls the resource non-compliant.

    `related` are the resources an existence condition is looked for in.
    """
    rule = definition.get("properties", definition)["policyRule"]
    defaults = definition.get("properties", definition).get("parameters", {})
    values = {name: each.get("defaultValue") for name, each in defaults.items()} | dict(parameters)
    if not _holds(rule["if"], resource, values):
        return False
    details = rule["then"].get("details", {})
    if "existenceCondition" not in details:
        return True
    candidates = [resource] if details["type"].lower() == str(resource["type"]).lower() else related
    return not any(_holds(details["existenceCondition"], each, values) for each in candidates)


def _holds(condition: Document, resource: Document, parameters: Mapping[str, object]) -> bool:
    if "allOf" in condition:
        return all(_holds(each, resource, parameters) for each in condition["allOf"])
    if "anyOf" in condition:
        return any(_holds(each, resource, parameters) for each in condition["anyOf"])
    if "not" in condition:
        return not _holds(condition["not"], resource, parameters)
    if "count" in condition:
        return _counted(condition, resource, parameters)
    return _compared(_left(condition, resource), condition, parameters)


def _left(condition: Document, resource: Document) -> object:
    if "field" in condition:
        return _field(condition["field"], resource)
    inner = str(condition["value"]).removeprefix("[empty(field('").removesuffix("'))]")
    if inner == condition["value"]:
        raise NotImplementedError(f"the expression {condition['value']}")
    return not _field(inner, resource)


def _compared(left: object, condition: Document, parameters: Mapping[str, object]) -> bool:
    operator = next(name for name in condition if name not in ("field", "value"))
    right = _resolved(condition[operator], parameters)
    if operator == "exists":
        return (left is not None) == (str(right).lower() == "true")
    if operator == "equals":
        return left is not None and _plain(left) == _plain(right)
    if operator == "notEquals":
        return left is None or _plain(left) != _plain(right)
    if operator == "in" and isinstance(right, list):
        return left is not None and _plain(left) in [_plain(each) for each in right]
    raise NotImplementedError(f"the operator {operator}")


def _counted(condition: Document, resource: Document, parameters: Mapping[str, object]) -> bool:
    field = condition["count"]["field"]
    items = _field(field.removesuffix("[*]"), resource) or []
    if not isinstance(items, list):
        raise NotImplementedError(f"counting {field}")
    where = condition["count"].get("where", {"allOf": []})
    found = sum(_holds(where, _Item(resource, field, item), parameters) for item in items)
    if "less" in condition:
        return bool(found < condition["less"])
    return bool(found >= condition["greaterOrEquals"])


class _Item(dict[str, Any]):
    """A resource seen from inside a count: fields below `prefix` are those of one item."""

    def __init__(self, resource: Document, prefix: str, item: object) -> None:
        super().__init__(resource)
        self.prefix = prefix
        self.item = item


def _field(alias: str, resource: Document) -> Any:
    """The value an alias names; None where it is missing or null."""
    if isinstance(resource, _Item):
        for prefix in (resource.prefix, resource.prefix.removesuffix("[*]")):
            if alias.startswith(f"{prefix}."):
                return _walk(resource.item, alias.removeprefix(f"{prefix}."))
    if "/" not in alias:
        return resource.get(alias)
    kind = str(resource["type"])
    if not alias.lower().startswith(f"{kind.lower()}/"):
        return None
    return _walk(resource.get("properties"), alias[len(kind) + 1 :])


def _walk(node: Any, path: str) -> Any:
    """Follow a dotted path; ARM nests a compute's and a connection's own properties once more."""
    for name in path.split("."):
        if not isinstance(node, Mapping):
            return None
        inner = node.get("properties")
        node = node[name] if name in node else inner.get(name) if isinstance(inner, Mapping) else None
    return node


def _resolved(value: object, parameters: Mapping[str, object]) -> object:
    if isinstance(value, str) and value.startswith("[parameters('"):
        return parameters[value.removeprefix("[parameters('").removesuffix("')]")]
    return value


def _plain(value: object) -> str:
    return str(value).lower()

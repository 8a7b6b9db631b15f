"""Read a Terraform text with python-hcl2, and evaluate its azapi resources to the bodies that they send.

Resources of azurerm are only compared with the provider's schema: see `azurerm`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import hcl2

from scanner.emulator.tenants.roles import APPROVER, CONTRIBUTOR
from tests.support.fixes.templates.declared import Declared

_HOLE = re.compile(r"\$\{([^{}]*)\}")


_META = frozenset({"depends_on", "lifecycle", "for_each", "count", "provider"})


class TerraformError(Exception):
    """The text is not HCL, or uses something that this module cannot evaluate."""


def blocks(text: str) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Return the type, name and arguments of each resource. Raises TerraformError if the text is not HCL."""
    try:
        document = hcl2.loads(text if text.endswith("\n") else f"{text}\n")
    except Exception as error:
        raise TerraformError(f"the parser stops: {str(error)[:200]}") from error
    found = []
    for resource in document.get("resource", []):
        for kind, by_name in resource.items():
            found += [(_unquoted(kind), _unquoted(name), body) for name, body in by_name.items()]
    return found


def declared_in_terraform(text: str, values: Mapping[str, Any]) -> list[Declared]:
    """Return the azapi resources of the text, in their order. `values` are those of its variables."""
    evaluation = _Evaluation(values)
    return [made for kind, name, body in blocks(text) for made in evaluation.of(kind, name, body)]


def _unquoted(text: str) -> str:
    return text[1:-1] if text[:1] == '"' else text


ROLES = {"Azure AI Enterprise Network Connection Approver": APPROVER, "Contributor": CONTRIBUTOR}
"""The role definitions that the texts name."""


class _Evaluation:
    def __init__(self, values: Mapping[str, Any]) -> None:
        self._names: dict[str, Any] = {f"var.{name}": value for name, value in values.items()}

    def of(self, kind: str, name: str, body: Mapping[str, Any]) -> Iterator[Declared]:
        if kind == "azurerm_role_assignment":
            yield self._role(body)
        if not kind.startswith("azapi_"):
            self._names[f"{kind}.{name}.id"] = f"<{kind}.{name}.id>"
            return
        for key, value in self._repeated(body):
            self._names |= {"each.key": key, "each.value": value}
            made = self._declared(
                kind, {each: self.value(part) for each, part in body.items() if each not in _META}
            )
            self._names[f"{kind}.{name}.id"] = made.id
            yield made

    def _role(self, body: Mapping[str, Any]) -> Declared:
        """Return what azurerm_role_assignment sends: a PUT below its scope, under a new name."""
        properties = {
            "roleDefinitionId": f"/roleDefinitions/{ROLES[self.value(body['role_definition_name'])]}",
            "principalId": self.value(body["principal_id"]),
        }
        return Declared(
            resource_type="Microsoft.Authorization/roleAssignments",
            version="2022-04-01",
            id=f"{self.value(body['scope'])}/providers/Microsoft.Authorization/roleAssignments/new",
            body={"properties": properties},
            is_checked=False,
        )

    def _repeated(self, body: Mapping[str, Any]) -> list[tuple[Any, Any]]:
        if "count" in body:
            return [(number, number) for number in range(int(self.value(body["count"])))]
        if "for_each" not in body:
            return [("", "")]
        items = self.value(body["for_each"])
        return list(items.items()) if isinstance(items, Mapping) else [(item, item) for item in items]

    def _declared(self, kind: str, values: Mapping[str, Any]) -> Declared:
        resource_type, _, version = values["type"].partition("@")
        resource_id = values.get("resource_id") or self._id(resource_type, values)
        body = dict(values.get("body") or {})
        body |= {name: values[name] for name in ("location", "tags", "identity") if name in values}
        method = "PUT"
        if kind == "azapi_resource_action":
            method = values.get("method", "POST")
            resource_id = "/".join(filter(None, [resource_id, values.get("action")]))
        return Declared(
            resource_type=resource_type,
            version=version,
            id=resource_id,
            body=body,
            is_part=kind == "azapi_update_resource",
            method=method,
        )

    @staticmethod
    def _id(resource_type: str, values: Mapping[str, Any]) -> str:
        namespace, *types = resource_type.split("/")
        parent = values["parent_id"]
        if len(types) > 1 and f"/{namespace}/{types[0]}/".lower() in parent.lower():
            return f"{parent}/{types[-1]}/{values['name']}"
        return f"{parent}/providers/{resource_type}/{values['name']}"

    def value(self, part: Any) -> Any:
        """Return the value of what python-hcl2 read: strings keep their quotes, expressions are `${…}`."""
        if isinstance(part, Mapping):
            return {
                _unquoted(name): self.value(each) for name, each in part.items() if not name.startswith("__")
            }
        if isinstance(part, list):
            return [self.value(each) for each in part]
        if not isinstance(part, str):
            return part
        if part.startswith("${") and part.endswith("}"):
            return self._expression(part[2:-1].strip())
        return self._expression(part)

    def _filled(self, text: str) -> str:
        filled = _HOLE.sub(lambda hole: str(self._expression(hole[1].strip())), text.replace("$${", "\0"))
        return filled.replace("\0", "${").replace('\\"', '"').replace("\\\\", "\\")

    def _expression(self, text: str) -> Any:
        if text in self._names:
            return self._names[text]
        for pattern, evaluate in _EXPRESSIONS:
            if found := pattern.fullmatch(text):
                return evaluate(self, found)
        raise TerraformError(f"the expression is not known here: {text[:80]}")

    def _choice(self, found: re.Match[str]) -> Any:
        is_equal = self._expression(found[1]) == self._expression(found[2])
        return self._expression(found[3] if is_equal else found[4])

    def _list(self, found: re.Match[str]) -> Any:
        return [self._expression(found[4].strip()) for _ in self._loop(found)]

    def _map(self, found: re.Match[str]) -> Any:
        return {self._expression(found[4]): self._expression(found[5]) for _ in self._loop(found)}

    def _collection(self, found: re.Match[str]) -> Any:
        return self.value(hcl2.loads(f"x = {found[0]}\n")["x"])

    def _call(self, found: re.Match[str]) -> Any:
        if found[1] not in _FUNCTIONS:
            raise TerraformError(f"the function {found[1]} is not known here")
        return _FUNCTIONS[found[1]](*self.value(hcl2.loads(f"x = [{found[2]}]\n")["x"]))

    def _loop(self, found: re.Match[str]) -> Iterator[None]:
        first, second, items = found[1], found[2], self._expression(found[3].strip())
        for position, item in enumerate(items):
            self._names |= {first: position, second: item} if second else {first: item}
            yield


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "join": lambda sign, parts: sign.join(map(str, parts)),
    "split": lambda sign, text: text.split(sign) if text else [],
    "toset": lambda items: items,
    "replace": lambda text, old, new: text.replace(old, new),
    "merge": lambda *parts: {name: value for part in parts for name, value in part.items()},
    "compact": lambda items: [item for item in items if item],
    "concat": lambda *parts: [item for part in parts for item in part],
}


_TEXT = r'"(?:[^"\\]|\\.)*"'

_EXPRESSIONS: Sequence[tuple[re.Pattern[str], Callable[[_Evaluation, re.Match[str]], Any]]] = (
    (re.compile(r"(\w+)\((.*)\)", re.DOTALL), _Evaluation._call),
    (re.compile(r"(.+?) == (.+?) \? (.+?) : (.+)", re.DOTALL), _Evaluation._choice),
    (
        re.compile(r"(var\.\w+) \? (.+) : (.+)", re.DOTALL),
        lambda self, found: self._expression(found[2] if self._expression(found[1]) else found[3]),
    ),
    (re.compile(_TEXT, re.DOTALL), lambda self, found: self._filled(found[0][1:-1])),
    (re.compile(r"true|false"), lambda _, found: found[0] == "true"),
    (re.compile(r"null"), lambda _self, _found: None),
    (re.compile(r"-?\d+"), lambda _, found: int(found[0])),
    (
        re.compile(r"(\S+) \+ (\d+)"),
        lambda self, found: int(self._expression(found[1])) + int(found[2]),
    ),
    (re.compile(r"\[for (\w+)(?:, (\w+))? in (.+?) : (.+)\]", re.DOTALL), _Evaluation._list),
    (re.compile(r"\{for (\w+)(?:, (\w+))? in (.+?) : (.+?) => (.+)\}", re.DOTALL), _Evaluation._map),
    (re.compile(r"[\[{].*[\]}]", re.DOTALL), _Evaluation._collection),
)

"""The types that Bicep checks a resource against, cut from Azure/bicep-types-az into a data file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from tests.support.places import DATA

REQUIRED, READ_ONLY = 1, 2
_ENVELOPE = frozenset({"id", "name", "type", "apiVersion", "parent", "scope", "dependsOn"})
"""Members that Bicep adds to every resource, or that are part of its id."""

_PRIMITIVES: Mapping[str, tuple[type, ...]] = {"string": (str,), "int": (int,), "bool": (bool,)}

Type = Any
"""The name of a primitive, or an object of the data file."""


class ResourceTypes:
    """The types of the data file. A resource is named `Namespace/type@api-version`."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Index the resources without regard to case."""
        self.source = str(document["source"])
        self._types = document["types"]
        self._resources = {name.lower(): number for name, number in document["resources"].items()}

    def __contains__(self, resource: str) -> bool:
        return resource.lower() in self._resources

    def problems(self, resource: str, body: Mapping[str, Any], *, is_part: bool = False) -> list[str]:
        """Return what Bicep would refuse in this body: unknown, read-only, missing and wrong members.

        A part of a larger body may lack members, the one that names its kind included.
        """
        type_ = self._type(self._resources[resource.lower()])
        members = {name: value for name, value in body.items() if name not in _ENVELOPE}
        return [
            problem
            for problem in self._in_object(type_, members, "")
            if problem.removesuffix(" is missing") not in _ENVELOPE
            and not (is_part and (problem.endswith(" is missing") or " is None, not one of " in problem))
        ]

    def read_only(self, resource: str) -> list[tuple[str, ...]]:
        """Return the paths of the members that a PUT cannot change."""
        return list(self._read_only(self._type(self._resources[resource.lower()]), ()))

    def members(self, resource: str) -> frozenset[str]:
        """Return the names below `properties`."""
        properties = self._type(self._type(self._resources[resource.lower()])["properties"]["properties"][1])
        return frozenset(properties["properties"])

    def _type(self, reference: Any) -> Type:
        return self._types[reference] if isinstance(reference, int) else reference

    def _read_only(self, type_: Type, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for name, (flags, inner) in (type_.get("properties") or {}).items():
            if flags & READ_ONLY:
                yield (*path, name)
            elif isinstance(self._type(inner), dict):
                yield from self._read_only(self._type(inner), (*path, name))

    def _in(self, type_: Type, value: Any, path: str) -> Iterator[str]:
        if value is None or type_ == "any":
            return
        if isinstance(type_, str):
            if not isinstance(value, _PRIMITIVES[type_]) or (type_ == "int" and isinstance(value, bool)):
                yield f"{path} is not of type {type_}"
        elif "values" in type_:
            if value not in type_["values"] and not (type_.get("open") and isinstance(value, str)):
                yield f"{path} is {value!r}, not one of {', '.join(map(str, type_['values']))}"
        elif "items" in type_:
            yield from self._in_list(type_, value, path)
        else:
            yield from self._in_object(type_, value, path)

    def _in_list(self, type_: Type, value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{path} is not a list"
            return
        for position, item in enumerate(value):
            yield from self._in(self._type(type_["items"]), item, f"{path}[{position}]")

    def _in_object(self, type_: Type, value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, Mapping):
            yield f"{path} is not an object"
            return
        members = dict(type_["properties"])
        if "by" in type_:
            kind = value.get(type_["by"])
            if kind not in type_["kinds"]:
                yield f"{_below(path, type_['by'])} is {kind!r}, not one of {', '.join(type_['kinds'])}"
                return
            members |= self._type(type_["kinds"][kind])["properties"]
        for name, (flags, inner) in members.items():
            if name not in value and flags & REQUIRED:
                yield f"{_below(path, name)} is missing"
            elif name in value and flags & READ_ONLY:
                yield f"{_below(path, name)} is read-only"
            elif name in value:
                yield from self._in(self._type(inner), value[name], _below(path, name))
        if "others" not in type_:
            yield from (f"{_below(path, name)} is unknown" for name in value if name not in members)


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


@cache
def resource_types() -> ResourceTypes:
    """Return the types of the resources that fixes change."""
    return _in_file("fixes/bicep_types.json")


@cache
def deployed_types() -> ResourceTypes:
    """Return the types of the resources that `deploy/container-apps` deploys."""
    return _in_file("deploy_types.json")


def _in_file(name: str) -> ResourceTypes:
    return ResourceTypes(json.loads((DATA / name).read_text(encoding="utf-8")))

"""Reads what a policy says, and refuses what no policy may say, by source, path and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from checks.errors import PolicyError
from checks.model import Check
from checks.policy.model import Policy, fields_at
from checks.severity import Severity

_VALUE_ERROR = "Value error, "


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One policy file as it was read, and the name explanations and errors give it."""

    source: str
    policy: Policy
    text: str = ""


def parsed(document: object, source: str) -> Policy:
    """The policy that `document` (plain lists and mappings) describes.

    `source` names where it came from in errors. Raises PolicyError naming the source, the path inside
    it and what is allowed there.
    """
    if not isinstance(document, Mapping):
        raise PolicyError(
            f"{source}: a policy is a mapping with the keys {', '.join(Policy.model_fields)}, "
            f"but this is {_described(document)}."
        )
    try:
        return Policy.model_validate(document)
    except ValidationError as error:
        raise PolicyError(explained(error, source, Policy)) from error


def checks_under(
    key: str, registry: Mapping[str, Check], where: str, *, severities: bool = True
) -> list[str]:
    """The ids of the checks a key of a policy means: an id, a family or, if allowed, a severity.

    `where` is the source and the path of the key. Raises PolicyError where it means none.
    """
    by_severity = key if severities else None
    matching = [
        id
        for id, check in registry.items()
        if key in (id, check.family) or check.severity.value == by_severity
    ]
    is_severity = severities and key in list(Severity)
    if not matching and not is_severity:
        kinds = "id, family or severity" if severities else "id or family"
        raise PolicyError(f"{where}: there is no check of that {kinds}. {_near(key, registry, severities)}")
    return matching


def explained(error: ValidationError, source: str, model: type[BaseModel]) -> str:
    """One line for each thing `model` refused: the source, the path inside it, and what is allowed."""
    return "\n".join(_line(problem, source, model) for problem in error.errors(include_url=False))


def _line(problem: Any, source: str, model: type[BaseModel]) -> str:
    location = problem["loc"]
    told = problem["msg"].removeprefix(_VALUE_ERROR)
    if problem["type"] == "extra_forbidden":
        names = fields_at(model, location[:-1])
        told = f"no such key; allowed here: {', '.join(names) or 'none'}"
    elif problem["type"] == "string_type":
        told = f"{told}; write it in quotes"
    elif problem["type"] == "missing":
        told = "is missing, and must be said"
    return f"{source}: {_path(location)}: {told}"


def _path(location: Iterable[int | str]) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location]
    return "".join(parts).lstrip(".").removesuffix(".[key]") or "(the whole)"


def _near(key: str, registry: Mapping[str, Check], severities: bool) -> str:
    families = sorted({check.family for check in registry.values()})
    words = [word.value for word in Severity] if severities else []
    close = get_close_matches(key.upper(), [*registry, *families], n=3) or get_close_matches(key, words, n=1)
    hint = f"Did you mean {' or '.join(close)}? " if close else ""
    also = f" Severities: {', '.join(words)}." if severities else ""
    return f"{hint}Families: {', '.join(families)};{also} `azml-audit checks list` shows every id."


def _described(document: object) -> str:
    return "empty" if document is None else f"a {type(document).__name__}"

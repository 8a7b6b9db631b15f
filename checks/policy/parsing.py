"""Parse a policy, and explain what is wrong with it: source, line, column, path and the allowed values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from checks.errors import PolicyError
from checks.model import Check
from checks.policy.model import Policy, fields_at
from checks.severity import Severity
from checks.suggestions import did_you_mean

_VALUE_ERROR = "Value error, "

KeyPath = tuple[int | str, ...]
Marks = Mapping[KeyPath, tuple[int, int]]
"""The line and column, both from 1, of every place in a policy file."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A policy file as it was read. `source` is its name in explanations and errors."""

    source: str
    policy: Policy
    text: str = ""
    marks: Marks = field(default_factory=dict, repr=False)


def parsed(document: object, source: str, marks: Marks | None = None) -> Policy:
    """Return the policy in `document`, which is plain lists and mappings.

    Raises PolicyError with `source`, the line and column if `marks` has them, the path inside the document and the
    allowed values.
    """
    if not isinstance(document, Mapping):
        raise PolicyError(
            f"{pointed(source, marks or {})}: a policy has to be a mapping with the keys "
            f"{', '.join(Policy.model_fields)}. This one is {_described(document)}."
        )
    try:
        return Policy.model_validate(document)
    except ValidationError as error:
        known = marks or {}
        problems = sorted(
            error.errors(include_url=False), key=lambda problem: _nearest(known, problem["loc"])
        )
        raise PolicyError(
            explained(problems, Policy, lambda path: f"{pointed(source, known, path)}: {spelled(path)}")
        ) from error


def checks_under(
    key: str, registry: Mapping[str, Check], where: str, *, severities: bool = True
) -> list[str]:
    """Return the ids of the checks under a key of a policy: an id, a family or, with `severities`, a severity.

    `where` is the source and the path of the key. Raises PolicyError if there are none.
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


def explained(
    problems: Iterable[ErrorDetails], model: type[BaseModel], place: Callable[[KeyPath], str]
) -> str:
    """Return one line for each problem: its place, and what `model` allows there."""
    return "\n".join(f"{place(problem['loc'])}: {_explanation(problem, model)}" for problem in problems)


def _explanation(problem: ErrorDetails, model: type[BaseModel]) -> str:
    message: str = problem["msg"].removeprefix(_VALUE_ERROR)
    match problem["type"]:
        case "extra_forbidden":
            names = fields_at(model, problem["loc"][:-1])
            hint = did_you_mean(str(problem["loc"][-1]), names)
            return f"no such key; allowed here: {', '.join(names) or 'none'}. {hint}".rstrip()
        case "enum":
            known = re.findall(r"'([^']*)'", problem["ctx"]["expected"])
            return f"there is no {problem['input']!r}. {did_you_mean(str(problem['input']), known)}{message}."
        case "string_type":
            return f"{message}; write it in quotes"
        case "missing":
            return "this key is missing"
        case "tuple_type":
            return "has to be a list, such as [first, second]"
    return message


def pointed(source: str, marks: Marks, path: KeyPath = ()) -> str:
    """Return `source:line:column` of a path or the nearest place around it; `source` if none is marked."""
    line, column = _nearest(marks, path)
    return f"{source}:{line}:{column}" if line else source


def _nearest(marks: Marks, path: KeyPath) -> tuple[int, int]:
    here: KeyPath = ()
    for part in path:
        here = (*here, part) if (*here, part) in marks else here
    return marks.get(here, (0, 0))


def spelled(path: Iterable[int | str]) -> str:
    """Return a path as errors write it, such as `overrides[0].checks.NET`."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path]
    return "".join(parts).lstrip(".").removesuffix(".[key]") or "(the whole)"


def _near(key: str, registry: Mapping[str, Check], severities: bool) -> str:
    families = sorted({check.family for check in registry.values()})
    words = [word.value for word in Severity] if severities else []
    hint = did_you_mean(key, [*registry, *families, *words])
    also = f" Severities: {', '.join(words)}." if severities else ""
    return f"{hint}Families: {', '.join(families)};{also} `azml-audit checks list` shows every id."


def _described(document: object) -> str:
    return "empty" if document is None else f"a {type(document).__name__}"

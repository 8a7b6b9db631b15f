"""What a policy may say, and what it comes to: checks with a severity and parameters each."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from checks.errors import PolicyError
from checks.model import Check, ChosenCheck, Severity


class CheckSetting(BaseModel):
    """What a policy says of one check, or of all checks under one prefix."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    severity: Severity | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)


class Policy(BaseModel):
    """A named choice of checks.

    `checks` maps an id (`NET006`) or a family prefix (`NET`) to its settings; an id beats the prefix
    it falls under, whatever their order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._ -]*$")
    description: str = ""
    checks: dict[str, CheckSetting | None] = Field(min_length=1)


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
        raise PolicyError(_explained(error, source, allowed=Policy.model_fields)) from error


def chosen(policy: Policy, registry: Mapping[str, Check], source: str) -> tuple[ChosenCheck, ...]:
    """The checks the policy chooses, sorted by id, each with its severity and parameters.

    Raises PolicyError for an id or prefix that no installed check has, or parameters a check refuses.
    """
    settings: dict[str, tuple[str, CheckSetting]] = {}
    for key in sorted(policy.checks, key=len):
        matching = [id for id in registry if id == key or registry[id].family == key]
        if not matching:
            raise PolicyError(
                f"{source}: checks.{key}: there is no check of that id or family. {_near(key, registry)}"
            )
        settings |= {id: (key, policy.checks[key] or CheckSetting()) for id in matching}
    return tuple(_chosen(registry[id], *settings[id], source) for id in sorted(settings))


def _chosen(check: Check, key: str, setting: CheckSetting, source: str) -> ChosenCheck:
    try:
        params = check.params.model_validate(setting.parameters)
    except ValidationError as error:
        where = f"{source}: checks.{key}.parameters (of {check.id})"
        raise PolicyError(_explained(error, where, allowed=check.params.model_fields)) from error
    return ChosenCheck(check=check, severity=setting.severity or check.severity, params=params)


def _explained(error: ValidationError, source: str, allowed: Mapping[str, object]) -> str:
    lines = []
    for problem in error.errors(include_url=False):
        path = ".".join(str(part) for part in problem["loc"]) or "(the whole)"
        line = f"{source}: {path}: {problem['msg']}"
        if problem["type"] == "extra_forbidden":
            names = CheckSetting.model_fields if len(problem["loc"]) > 1 else allowed
            line = f"{source}: {path}: no such key; allowed here: {', '.join(names) or 'none'}"
        lines.append(line)
    return "\n".join(lines)


def _near(key: str, registry: Mapping[str, Check]) -> str:
    families = sorted({check.family for check in registry.values()})
    close = get_close_matches(key.upper(), [*registry, *families], n=3)
    hint = f"Did you mean {' or '.join(close)}? " if close else ""
    return f"{hint}Families: {', '.join(families)}; `azml-audit checks list` shows every id."


def _described(document: object) -> str:
    return "empty" if document is None else f"a {type(document).__name__}"

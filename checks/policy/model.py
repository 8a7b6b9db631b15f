"""The models of a policy file. They validate it, and its JSON Schema is made from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from checks.policy.selectors import Globs, Selector
from checks.severity import Severity

VERSION = 1
"""The version of the schema. It changes if a valid file would get another meaning."""

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000, pattern=r"\S")]


class UnknownCounts(StrEnum):
    """The ways to count a finding whose status is unknown."""

    INCOMPLETE = "incomplete"
    VIOLATION = "violation"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class CheckSetting(_Model):
    """The settings of one check, or of all checks under one key. Naming a check turns it on.

    `off`, which YAML reads as false, is short for `enabled: false`. An empty value and `on` are short for `{}`.
    """

    severity: Severity | None = Field(
        None, description="The severity of a violation; the check's default if not set."
    )
    parameters: dict[str, Any] = Field(
        default_factory=dict,
        description="Parameters by name. Each replaces the earlier value of the same parameter.",
    )
    note: str = Field("", description="The reason for this setting, for readers of the policy.")
    enabled: bool = Field(default=True, description="True if the check is asked. `off` is short for false.")

    @model_validator(mode="before")
    @classmethod
    def _spelled_out(cls, value: object) -> object:
        if value is False or value == "off":
            return {"enabled": False}
        return {} if value is None or value is True or value == "on" else value


Settings = dict[str, CheckSetting]

_SETTINGS = (
    "Checks by id (NET006), by family (NET) or by the severity they have by default (high), each with its "
    "settings. An id beats its family and a family a severity, whatever their order."
)


class Override(_Model):
    """Other settings for some workspaces. A later override wins over an earlier one and over `checks`."""

    name: Line = Field("", description="The name that `policies explain` shows.")
    where: Selector = Field(description="The workspaces that it applies to.")
    checks: Settings = Field(min_length=1, description=_SETTINGS)


def _calendar_day(value: object) -> object:
    if isinstance(value, date) or (isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value)):
        return value
    raise ValueError("write the expiry as a date, such as 2027-01-31")


class Waiver(_Model):
    """An accepted violation, until a date. It stays visible, counted and in every export."""

    check: Line = Field(description="The id of a check (OBR005), or a family (OBR).")
    resource: Globs | None = Field(None, description="Globs on the resource id of a finding, in any case.")
    where: Selector | None = Field(None, description="The workspaces that it applies to.")
    reason: Line = Field(description="Why the violation is accepted.")
    approver: Line = Field(description="The person who is responsible for the waiver.")
    expires: Annotated[date, BeforeValidator(_calendar_day)] = Field(
        description="The last day (UTC) on which the waiver counts, such as 2027-01-31."
    )
    ticket: Line | None = Field(None, description="The ticket of the decision.")

    @model_validator(mode="after")
    def _names_findings(self) -> Waiver:
        if self.resource is None and self.where is None:
            raise ValueError("a waiver needs `resource` (globs on resource ids) or `where` (a selector)")
        return self


def _known_version(value: object) -> object:
    if value == VERSION and not isinstance(value, bool):
        return VERSION
    raise ValueError(f"this azml-audit reads version {VERSION}; write `version: {VERSION}` or update it")


def _sources(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class Policy(_Model):
    """A named choice of checks with their settings, overrides and waivers."""

    version: Annotated[Literal[1], BeforeValidator(_known_version)] = Field(
        default=1, description="The version of this schema; 1 if not set."
    )
    name: str = Field(
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._ -]*$",
        description="The name of the policy in reports.",
    )
    description: str = Field("", description="The demands of the policy, for readers of the report.")
    checks: Settings = Field(default_factory=dict, description=_SETTINGS)
    extends: Annotated[tuple[Line, ...], BeforeValidator(_sources)] = Field(
        default=(),
        description="Policies that this one extends: names of shipped policies, or files relative to this one. "
        "A later one wins. Their overrides and waivers apply too.",
    )
    fail_on: Severity | None = Field(
        None,
        description="The lowest severity whose violation fails the run. If not set: that of the extended policy, "
        "else low. `--fail-on` on the command line wins.",
    )
    unknown: UnknownCounts | None = Field(
        None,
        description="The count of an unknown finding: incomplete (exit code 3) or violation. If not set: as in the "
        "extended policy, else incomplete.",
    )
    overrides: tuple[Override, ...] = Field(default=(), description="Other settings for some workspaces.")
    waivers: tuple[Waiver, ...] = Field(default=(), description="Violations that are accepted for now.")

    @model_validator(mode="after")
    def _chooses(self) -> Policy:
        if not self.checks and not self.extends:
            raise ValueError("a policy needs `checks` or `extends`; both are empty")
        return self


def override_label(override: Override, number: int) -> str:
    """Return the name of the override in explanations: `overrides[0] (sandbox)`."""
    return f"overrides[{number}]" + (f" ({override.name})" if override.name else "")


def fields_at(model: type[BaseModel], location: tuple[int | str, ...]) -> Mapping[str, object]:
    """Return the fields that are allowed at a location of pydantic in a document of that model."""
    here = model
    for part in location:
        if part in here.model_fields:
            here = _model_in(here.model_fields[str(part)].annotation) or here
    return here.model_fields


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(argument) for argument in getattr(annotation, "__args__", ()))
    return next((model for model in inner if model), None)

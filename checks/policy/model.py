"""The models of a policy file. Its validation and its JSON Schema come from them."""

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
"""The version of the schema. It grows when a file that was valid would come to mean something else."""

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000, pattern=r"\S")]


class UnknownCounts(StrEnum):
    """How a policy counts a finding whose status is unknown."""

    INCOMPLETE = "incomplete"
    VIOLATION = "violation"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CheckSetting(_Model):
    """The settings of one check, or of all checks under one key. A key turns its checks on.

    `off` (which YAML reads as false) is short for `enabled: false`. An empty value and `on` are short for `{}`.
    """

    severity: Severity | None = Field(None, description="How bad a violation is; the check's own if not set.")
    parameters: dict[str, Any] = Field(
        default_factory=dict,
        description="The check's parameters by name. Each replaces the value that was set before.",
    )
    note: str = Field("", description="Why; for readers of the policy.")
    enabled: bool = Field(default=True, description="Whether the check is asked. `off` is short for false.")

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
    """Other settings for some workspaces. Later overrides win over earlier ones, and over `checks`."""

    name: Line = Field("", description="What `policies explain` calls it.")
    where: Selector = Field(description="The workspaces it is for.")
    checks: Settings = Field(min_length=1, description=_SETTINGS)


def _calendar_day(value: object) -> object:
    if isinstance(value, date) or (isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value)):
        return value
    raise ValueError("an expiry is a day, written like 2027-01-31")


class Waiver(_Model):
    """A violation that an approver accepts until a day. It stays visible, counted and in every export."""

    check: Line = Field(description="The id of a check (OBR005), or a family (OBR).")
    resource: Globs | None = Field(
        None, description="Globs on the id of the resource a finding is about; case is ignored."
    )
    where: Selector | None = Field(None, description="The workspaces it is for.")
    reason: Line = Field(description="Why the violation is accepted.")
    approver: Line = Field(description="The person or team that accepts it.")
    expires: Annotated[date, BeforeValidator(_calendar_day)] = Field(
        description="The last day on which it counts (UTC), like 2027-01-31."
    )
    ticket: Line | None = Field(None, description="Where it was decided.")

    @model_validator(mode="after")
    def _says_for_what(self) -> Waiver:
        if self.resource is None and self.where is None:
            raise ValueError("a waiver needs `resource`, a glob on resource ids, or `where`, a selector")
        return self


def _known_version(value: object) -> object:
    if value == VERSION and not isinstance(value, bool):
        return VERSION
    raise ValueError(f"this azml-audit reads version {VERSION}; write `version: {VERSION}` or update it")


def _sources(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class Policy(_Model):
    """A named set of checks and settings, of overrides for some workspaces, and of waivers."""

    version: Annotated[Literal[1], BeforeValidator(_known_version)] = Field(
        default=1, description="The version of this schema; 1 if not set."
    )
    name: str = Field(
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._ -]*$",
        description="What reports call the policy.",
    )
    description: str = Field("", description="What the policy requires, for readers of the report.")
    checks: Settings = Field(default_factory=dict, description=_SETTINGS)
    extends: Annotated[tuple[Line, ...], BeforeValidator(_sources)] = Field(
        default=(),
        description="Policies this one starts from, the later the stronger: the name of a shipped policy, "
        "or a file, relative to this one. Their overrides and waivers are taken over too.",
    )
    fail_on: Severity | None = Field(
        None,
        description="The least severity whose violation fails the run; as in the policy it extends, or low, "
        "if not set. `--fail-on` on the command line wins.",
    )
    unknown: UnknownCounts | None = Field(
        None,
        description="How an unknown finding counts: incomplete (exit 3) or violation; as in the policy it "
        "extends, or incomplete, if not set.",
    )
    overrides: tuple[Override, ...] = Field(default=(), description="Other settings for some workspaces.")
    waivers: tuple[Waiver, ...] = Field(default=(), description="Violations that are accepted until a day.")

    @model_validator(mode="after")
    def _chooses(self) -> Policy:
        if not self.checks and not self.extends:
            raise ValueError(
                "a policy needs `checks`, or a policy that it `extends`; both are missing or empty"
            )
        return self


def override_label(override: Override, number: int) -> str:
    """How explanations name the override: `overrides[0] (sandbox)`."""
    return f"overrides[{number}]" + (f" ({override.name})" if override.name else "")


def fields_at(model: type[BaseModel], location: tuple[int | str, ...]) -> Mapping[str, object]:
    """The fields allowed at a place in a document of that model, as pydantic locates it."""
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

"""What a check is: a pure function over tables, its identity, its fix, and the answers it gives."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from inspect import cleandoc

import pandas as pd
from pydantic import BaseModel, ConfigDict

from checks.schema import SCHEMAS, Tables
from checks.severity import Severity as Severity
from checks.workspace_columns import NETWORK_COLUMNS


class Status(StrEnum):
    """What a check found out about one resource."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not-applicable"
    ERROR = "error"


class Params(BaseModel):
    """The parameters of a check, with defaults; a policy may set them."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, kw_only=True)
class Remediation:
    """The fix as text a person can paste, in three dialects.

    Placeholders are written `{{name}}` and stand for a whole literal, without quotes around them:
    whoever fills them in quotes for the dialect. Names: workspace, resource_group, subscription_id,
    location, workspace_id, resource_id, and the columns of the check's table.
    `caution` is what cannot be undone or needs re-creation; it is shown before the commands.
    """

    summary: str
    az: str = ""
    bicep: str = ""
    terraform: str = ""
    caution: str = ""


Answers = pd.DataFrame
"""A frame on the index of the check's table: status, observed, expected, reason."""

ANSWER_COLUMNS = ("status", "observed", "expected", "reason")

Text = str | pd.Series

CheckFunction = Callable[..., Answers]

_ID = re.compile(r"[A-Z]{2,8}[0-9]{3}")


@dataclass(frozen=True, kw_only=True)
class Check:
    """A named, documented question to one table, made by the `check` decorator.

    `reads` lists `table.column`; the function sees those and the identity columns, nothing else.
    `known_by` narrows what must have been read for the rows of its table to be all there are, where that
    is less than the table says.
    """

    id: str
    title: str
    over: str
    severity: Severity
    reads: tuple[str, ...]
    remediation: Remediation
    function: CheckFunction = field(repr=False, compare=False)
    controls: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    params: type[Params] = Params
    known_by: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Raise ValueError where the declaration cannot be right."""
        if not _ID.fullmatch(self.id):
            raise ValueError(f"check id {self.id!r} is not a family of 2 to 8 capitals and three digits")
        if self.over not in SCHEMAS:
            raise ValueError(f"{self.id}: no table {self.over!r}; there are {', '.join(SCHEMAS)}")
        for read in self.reads:
            table, _, column = read.partition(".")
            if table not in SCHEMAS or column not in SCHEMAS[table].dtypes:
                raise ValueError(f"{self.id} reads {read!r}, which no table has")

    @property
    def family(self) -> str:
        """The letters of the id."""
        return self.id[:-3]

    @property
    def rows_known_by(self) -> tuple[str, ...]:
        """The boolean columns of `workspaces` that say whether a workspace's rows were all read."""
        return SCHEMAS[self.over].known_by if self.known_by is None else self.known_by

    @property
    def follows_hub(self) -> bool:
        """Whether anything it looks at is a Project's hub's and not the Project's own."""
        read = {name.removeprefix("workspaces.") for name in self.reads if name.startswith("workspaces.")}
        return not NETWORK_COLUMNS.isdisjoint({*read, *self.rows_known_by})

    @property
    def rationale(self) -> str:
        """The docstring of the check: the risk, what decides, what counts as unknown."""
        return cleandoc(self.function.__doc__ or "")


def check(
    *,
    id: str,
    title: str,
    over: str,
    severity: Severity,
    reads: tuple[str, ...],
    remediation: Remediation,
    controls: Mapping[str, tuple[str, ...]] | None = None,
    references: tuple[str, ...] = (),
    params: type[Params] = Params,
    known_by: tuple[str, ...] | None = None,
) -> Callable[[CheckFunction], Check]:
    """Make a `Check` of a function `(tables, params) -> Answers`; nothing is registered."""

    def made(function: CheckFunction) -> Check:
        return Check(
            id=id,
            title=title,
            over=over,
            severity=severity,
            reads=reads,
            remediation=remediation,
            function=function,
            controls=dict(controls or {}),
            references=references,
            params=params,
            known_by=known_by,
        )

    return made


def answer(
    *,
    known: pd.Series,
    passed: pd.Series,
    observed: Text,
    expected: Text,
    failed: Text,
    unknown: Text = "The value that decides was not reported.",
    passes: Text = "",
    applies: pd.Series | None = None,
    not_applicable: Text = "",
) -> Answers:
    """Answers on the index of `known`, with the reason of whichever status comes out.

    What does not apply is decided first, then what is not known, and only then what passes: `<NA>`
    in `applies` or in `passed` is unknown, so nothing absent can pass. Shapes: boolean series on one
    index; texts are a series on it or one string for all.
    """
    index = known.index
    applicable = (
        pd.Series(data=True, index=index, dtype="boolean") if applies is None else applies.astype("boolean")
    )
    verdict = passed.astype("boolean")
    is_known = known.astype("boolean").fillna(value=False) & verdict.notna() & applicable.notna()
    status = pd.Series(Status.FAIL.value, index=index, dtype="string")
    reason = _text(failed, index)
    for mask, value, text in (
        (verdict.fillna(value=False), Status.PASS, passes),
        (~is_known, Status.UNKNOWN, unknown),
        (~applicable.fillna(value=True), Status.NOT_APPLICABLE, not_applicable),
    ):
        status = status.mask(mask, value.value)
        reason = reason.mask(mask, _text(text, index))
    return pd.DataFrame(
        {
            "status": status,
            "observed": _text(observed, index).fillna("not reported"),
            "expected": _text(expected, index),
            "reason": reason.fillna(""),
        },
        index=index,
    )


def _text(text: Text, index: pd.Index) -> pd.Series:
    if isinstance(text, str):
        return pd.Series(text, index=index, dtype="string")
    return text.astype("string")


@dataclass(frozen=True, kw_only=True)
class ChosenCheck:
    """A check as one policy wants it: with its severity and its parameters."""

    check: Check
    severity: Severity
    params: Params


def ask(chosen: ChosenCheck, tables: Tables) -> Answers:
    """The answers of the check, which sees only the columns it said it reads."""
    return chosen.check.function(tables.restricted_to(chosen.check.reads), chosen.params)

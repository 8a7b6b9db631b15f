"""What a check is: a pure function over tables, its identity, its fix, and the answers it gives."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from inspect import cleandoc
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict

from checks.contract.columns_of_workspaces import NETWORK_COLUMNS
from checks.contract.tables import SCHEMAS, Tables
from checks.severity import Severity as Severity


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

Mask = npt.NDArray[np.bool_]

Scope = Literal["row", "workspace", "everything"]

_ID = re.compile(r"[A-Z]{2,8}[0-9]{3}")


@dataclass(frozen=True, kw_only=True)
class Check:
    """A named, documented question to one table, made by the `check` decorator.

    `reads` lists `table.column`; the function sees those and the identity columns, nothing else.
    `follows` names checks whose violation, of the same resource or else of the same workspace, explains a
    violation of this one: the finding then names its cause and is not counted again.
    `known_by` narrows what must have been read for the rows of its table to be all there are, where that
    is less than the table says.

    `looks_at` promises what an answer can depend on: the "row" as the check reads it, with its workspace's
    columns if it reads those; or the "workspace", its columns and the rows of other tables that belong to
    the one that decides for it. The check is then asked about one of each kind. Its tables have the columns
    it reads and, to quote in texts, the ids and names, for which stand-ins are shown; nothing else.
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
    follows: tuple[str, ...] = ()
    looks_at: Scope = "everything"

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
    def is_decided_by_hub(self) -> bool:
        """Whether the hub's values alone decide for a Project, so that the Project's finding repeats the hub's."""
        read = {name.partition(".")[2] for name in self.reads if name.startswith("workspaces.")}
        own = {*read, *self.rows_known_by} - NETWORK_COLUMNS
        return self.over == "workspaces" and self.follows_hub and not own

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
    follows: tuple[str, ...] = (),
    looks_at: Scope = "everything",
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
            follows=follows,
            looks_at=looks_at,
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
    does_apply, may_apply = _certain_and_settled(applies, index)
    passes_surely, is_decided = _certain_and_settled(passed, index)
    known_surely, _ = _certain_and_settled(known, index)
    status = np.full(len(index), Status.FAIL.value, dtype=object)
    reason = _texts(failed, index, absent="")
    for mask, value, text in (
        (passes_surely, Status.PASS, passes),
        (~(known_surely & is_decided & may_apply), Status.UNKNOWN, unknown),
        (may_apply & ~does_apply, Status.NOT_APPLICABLE, not_applicable),
    ):
        if mask.any():
            status[mask] = value.value
            reason[mask] = text if isinstance(text, str) else _texts(text, index, absent="")[mask]
    words = (
        status,
        _texts(observed, index, absent="not reported"),
        _texts(expected, index, absent=""),
        reason,
    )
    columns = dict(zip(ANSWER_COLUMNS, words, strict=True))
    return pd.DataFrame(
        {name: pd.array(texts, dtype="string") for name, texts in columns.items()}, index=index
    )


def _certain_and_settled(claim: pd.Series | None, index: pd.Index) -> tuple[Mask, Mask]:
    """Per row whether the claim holds for sure, and whether it is not `<NA>`; None holds everywhere."""
    if claim is None:
        return np.ones(len(index), dtype=bool), np.ones(len(index), dtype=bool)
    if not claim.index.equals(index):
        claim = claim.reindex(index)
    values = claim.astype("boolean").array
    return values.to_numpy(dtype=bool, na_value=False), ~np.asarray(values.isna(), dtype=bool)


def _texts(text: Text, index: pd.Index, *, absent: str) -> npt.NDArray[np.object_]:
    """Per row the text, `absent` for `<NA>`."""
    if isinstance(text, str):
        return np.full(len(index), text, dtype=object)
    if not text.index.equals(index):
        text = text.reindex(index)
    return np.array(text.astype("string").to_numpy(dtype=object, na_value=absent), dtype=object)


@dataclass(frozen=True, kw_only=True)
class ChosenCheck:
    """A check as one policy wants it: with its severity and its parameters."""

    check: Check
    severity: Severity
    params: Params


def ask(chosen: ChosenCheck, tables: Tables) -> Answers:
    """The answers of the check, which sees only the columns it said it reads."""
    return chosen.check.function(tables.restricted_to(chosen.check.reads), chosen.params)

"""The model of a check: a pure function over tables, its identity, its fix, and the answers that it returns.

The families and plug-ins declare checks with `check` and build their answers with `answer`; the engine asks them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from inspect import cleandoc
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from checks.contract.columns_of_workspaces import NETWORK_COLUMNS
from checks.contract.tables import SCHEMAS
from checks.frames import np, pd
from checks.severity import Severity as Severity
from checks.texts import literal, names_in, partly_filled
from checks.vocabulary import Codes, Mask, Vocabulary


class Status(StrEnum):
    """The answer of a check about one resource."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not-applicable"
    ERROR = "error"


class Params(BaseModel):
    """The parameters of a check, with defaults; a policy may set them."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_is_a_number(cls, value: object, info: ValidationInfo) -> object:
        """Refuse true as a number: it would be 1, and `min_prefix` 1 admits half of the internet."""
        if isinstance(value, bool) and cls.model_fields[str(info.field_name)].annotation is int:
            raise ValueError("true and false are no numbers; write the number in digits")
        return value


@dataclass(frozen=True, kw_only=True)
class Remediation:
    """The fix as text that a person can paste, in three languages.

    A placeholder is written `{{name}}` and replaces a whole literal. It has no quotes around it: the report adds
    the quotes of the language. The names are workspace, resource_group, subscription_id, location, workspace_id,
    workspace_kind, resource_id, and the columns of the check's table. `caution` names what cannot be undone or needs
    re-creation; reports show it before the commands. `summary` and `caution` are prose without placeholders.
    `marked` are the three texts with marks on the lines that only some resources need, if there are any:
    `checks.fixes.steps.for_facts` returns the fix for one resource.
    """

    summary: str
    az: str = ""
    bicep: str = ""
    terraform: str = ""
    caution: str = ""
    marked: tuple[str, ...] = ()

    def for_any_resource(self) -> Remediation:
        """Return the fix with `<name>` as a text of the language in place of each placeholder, for a person to read."""
        return replace(
            self,
            az=_PLACEHOLDER.sub(r"'<\1>'", self.az),
            bicep=_PLACEHOLDER.sub(r"'<\1>'", self.bicep),
            terraform=_PLACEHOLDER.sub(r'"<\1>"', self.terraform),
        )


Answers: TypeAlias = "pd.DataFrame"
"""A frame on the index of the check's table: status, and the templates observed, expected and reason.

Build it with `answer`. The engine fills the templates as `checks.texts` describes.
"""

ANSWER_COLUMNS = ("status", "observed", "expected", "reason")

Text: TypeAlias = "str | pd.Series"
"""A template for all rows, or a series with the literal text of each row."""

CheckFunction = Callable[..., Answers]

Scope = Literal["row", "workspace", "everything"]

_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_ID = re.compile(r"[A-Z]{2,8}[0-9]{3}")


@dataclass(frozen=True, kw_only=True)
class Check:
    """A named, documented question about the rows of one table, made by the `check` decorator.

    `reads` lists `table.column`. `follows` names checks whose violation, of the same resource or of the same
    workspace, explains a violation of this one: the finding then names its cause and is not counted again. A check over
    workspaces follows one over their parts only while it is unknown, and its reason names the part ("NAME: …").
    `known_by` lists the columns of `workspaces` that must be true for the rows of the check's table to be complete,
    if the table's own list asks for too much.

    `looks_at` promises what an answer depends on, so that the engine asks about equal rows once:

    - "row": the columns of the row that the check reads, and those of its workspace.
    - "workspace": the columns of the workspace, and the rows of other tables that belong to the workspace that decides.
    - "everything": all tables, with the names.

    With "row" and "workspace" the tables hold one row of each kind: the columns that the check reads, `kind`, `role` or
    `endpoint_type`, and the ids that join tables. Names come into the texts by templates.
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
        """Raise ValueError if the declaration contradicts itself or the tables, or the id is malformed."""
        if not _ID.fullmatch(self.id):
            raise ValueError(f"check id {self.id!r} is not a family of 2 to 8 capitals and three digits")
        if self.over not in SCHEMAS:
            raise ValueError(f"{self.id}: no table {self.over!r}; there are {', '.join(SCHEMAS)}")
        if "{{" in self.remediation.summary + self.remediation.caution:
            raise ValueError(f"{self.id}: a fix has placeholders in its commands only, not in its prose")
        if self.looks_at == "workspace" and self.over != "workspaces":
            raise ValueError(f"{self.id} looks at workspaces, and is over {self.over}")
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
        """The boolean columns of `workspaces` that are all true if a workspace's rows are complete."""
        return SCHEMAS[self.over].known_by if self.known_by is None else self.known_by

    @property
    def follows_hub(self) -> bool:
        """Return whether the check reads a column that a Project takes from its hub."""
        read = {name.removeprefix("workspaces.") for name in self.reads if name.startswith("workspaces.")}
        return not NETWORK_COLUMNS.isdisjoint({*read, *self.rows_known_by})

    @property
    def is_decided_by_hub(self) -> bool:
        """Return whether the hub's values alone decide for a Project. Its finding then repeats the hub's."""
        read = {name.partition(".")[2] for name in self.reads if name.startswith("workspaces.")}
        own = {*read, *self.rows_known_by} - NETWORK_COLUMNS
        return self.over == "workspaces" and self.follows_hub and not own

    @property
    def rationale(self) -> str:
        """The docstring of the check: the risk, what decides, and what is unknown."""
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
    """Return a decorator that makes a `Check` of a function `(tables, params) -> Answers`. It registers nothing."""

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
    values: Mapping[str, Text] | None = None,
) -> Answers:
    """Return the answers on the index of `known`, each with the reason that belongs to its status.

    A row that does not apply is not applicable, else a row that is not known is unknown, else it passes or fails.
    `<NA>` in `applies`, `known` or `passed` is unknown, so an absent value never passes.

    A text is a template for all rows, such as `"The rule {rule} is {state}."`, or a series with the literal text of
    each row. A name in a template is one of `values`, which the check computed, or a column of its table, which the
    engine fills in; `<NA>` becomes "not reported".
    """
    index = known.index
    does_apply, may_apply = _certain_and_settled(applies, index)
    passes_surely, is_decided = _certain_and_settled(passed, index)
    known_surely, _ = _certain_and_settled(known, index)
    words = {
        name: Vocabulary.of(_on(text, index), absent="not reported") for name, text in (values or {}).items()
    }
    statuses = np.array(
        [Status.FAIL.value, Status.PASS.value, Status.UNKNOWN.value, Status.NOT_APPLICABLE.value],
        dtype=object,
    )
    status = np.zeros(len(index), dtype=np.int8)
    status[passes_surely] = 1
    status[~(known_surely & is_decided & may_apply)] = 2
    status[may_apply & ~does_apply] = 3
    texts = (failed, passes, unknown, not_applicable)
    by_status = [np.flatnonzero(status == number) for number in range(len(statuses))]
    reasons = Vocabulary.concatenated(
        [_templates(text, index, rows, words, absent="") for text, rows in zip(texts, by_status, strict=True)]
    )
    place = np.empty(len(index), dtype=np.int64)
    place[np.concatenate(by_status)] = np.arange(len(index))
    everywhere = np.arange(len(index))
    columns = (
        Vocabulary(codes=status, pool=statuses),
        _templates(observed, index, everywhere, words, absent="not reported"),
        _templates(expected, index, everywhere, words, absent=""),
        reasons.take(place),
    )
    named = zip(ANSWER_COLUMNS, columns, strict=True)
    return pd.DataFrame({name: column.compacted().categorical() for name, column in named}, index=index)


def _certain_and_settled(claim: pd.Series | None, index: pd.Index) -> tuple[Mask, Mask]:
    """Return for each row whether the claim is true, and whether it is not `<NA>`. None is true everywhere."""
    if claim is None:
        return np.ones(len(index), dtype=bool), np.ones(len(index), dtype=bool)
    if not claim.index.equals(index):
        claim = claim.reindex(index)
    values = claim.astype("boolean").array
    return values.to_numpy(dtype=bool, na_value=False), ~np.asarray(values.isna(), dtype=bool)


def _templates(
    text: Text, index: pd.Index, rows: Codes, words: Mapping[str, Vocabulary], *, absent: str
) -> Vocabulary:
    """Return for each of these rows a template in which only columns of the table are left to fill in."""
    if not isinstance(text, str):
        return Vocabulary.of(_on(text, index).iloc[rows], absent=absent).changed(literal)
    used = sorted(names_in(text) & words.keys())
    template = Vocabulary.repeated(text, len(rows))
    if used:
        template = template.combined(
            np.arange(len(rows)),
            [words[name].take(rows) for name in used],
            lambda text, *found: partly_filled(text, dict(zip(used, found, strict=True))),
        )
    return template


def _on(text: Text, index: pd.Index) -> pd.Series:
    """Return the text of each row as a column of strings."""
    if isinstance(text, str):
        return pd.Series(text, index=index, dtype="string")
    return (text if text.index.equals(index) else text.reindex(index)).astype("string")


@dataclass(frozen=True, kw_only=True)
class ChosenCheck:
    """A check with the severity and the parameters that one policy gives it."""

    check: Check
    severity: Severity
    params: Params

"""Asks every chosen check and stamps its answers with who, what and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd

from checks.hubs import hub_notes, with_hub_values
from checks.model import ANSWER_COLUMNS, Answers, ChosenCheck, Status, ask
from checks.schema import SCHEMAS, Tables

FINDING_COLUMNS = (
    "check_id",
    "title",
    "family",
    "severity",
    "status",
    "resource_id",
    "workspace_id",
    "judged_by",
    "observed",
    "expected",
    "reason",
)
"""The columns of `findings`, all strings: ids as Azure spelled them, `judged_by` lower-cased."""

_STATUSES = frozenset(status.value for status in Status)


@dataclass(frozen=True, kw_only=True)
class ScopedCheck:
    """A check whose answers count for some workspaces only.

    `workspaces` are their lower-cased ids, "" among them for what belongs to no workspace that was seen;
    None is everything there is.
    """

    chosen: ChosenCheck
    workspaces: pd.Index | None = field(default=None, compare=False, repr=False)


def findings(tables: Tables, chosen: Iterable[ChosenCheck | ScopedCheck]) -> pd.DataFrame:
    """One row per check and resource, with `FINDING_COLUMNS`, sorted by workspace, check and resource.

    A check is asked once for each of its different parameters, of whole tables, whatever its scopes.

    Projects are judged by their hubs. Where the rows a check is about were not read for a workspace,
    the check answers `unknown` for that workspace. A check that raises, or answers in a wrong shape,
    becomes status `error` for every row it should have answered (one nameless row if there is none).
    """
    resolved = with_hub_values(tables)
    asked: dict[tuple[str, str], pd.DataFrame] = {}
    frames = [_within(resolved, each, asked) for each in chosen]
    filled = [frame for frame in frames if len(frame)]
    if not filled:
        return pd.DataFrame({name: pd.Series(dtype="string") for name in FINDING_COLUMNS})
    result = pd.concat(filled, ignore_index=True)
    nameless = result["resource_id"].eq("") & result.duplicated(["check_id", "resource_id", "workspace_id"])
    result = result[~nameless].reset_index(drop=True)
    keys = pd.DataFrame({name: result[name].str.lower() for name in ("workspace_id", "resource_id")})
    order = keys.assign(check_id=result["check_id"]).sort_values(["workspace_id", "check_id", "resource_id"])
    return result.loc[order.index].reset_index(drop=True)


def _within(
    tables: Tables, each: ChosenCheck | ScopedCheck, asked: dict[tuple[str, str], pd.DataFrame]
) -> pd.DataFrame:
    """The stamped answers that count; `asked` holds those of a check and its parameters meanwhile."""
    if isinstance(each, ChosenCheck):
        return _stamped(tables, each)
    chosen, key = each.chosen, (each.chosen.check.id, repr(each.chosen.params))
    if each.workspaces is None:
        return _stamped(tables, chosen)
    if key not in asked:
        asked[key] = _stamped(tables, chosen)
    workspaces = asked[key]["workspace_id"].str.lower()
    seen = workspaces.where(workspaces.isin(tables.workspaces.index), "")
    counts = seen.isin(each.workspaces) | asked[key]["resource_id"].eq("")
    severity = pd.array([chosen.severity.value] * int(counts.sum()), "string")
    return asked[key][counts].assign(severity=severity)


def _stamped(tables: Tables, chosen: ChosenCheck) -> pd.DataFrame:
    table = tables[chosen.check.over]
    try:
        answers = _verified(ask(chosen, tables), table.index)
    except Exception as error:  # noqa: BLE001 - a check, perhaps somebody else's, must not stop the audit
        answers = _crashed(table.index, error)
        if table.empty:
            return _identified(answers, tables, chosen, ids=pd.Series("", index=answers.index))
    ids = table[SCHEMAS[chosen.check.over].resource_column]
    stamped = _identified(answers, tables, chosen, ids=ids)
    return pd.concat([stamped, _unread(tables, chosen)], ignore_index=True)


def _verified(answers: Answers, index: pd.Index) -> Answers:
    if not isinstance(answers, pd.DataFrame):
        raise TypeError(f"the check returned {type(answers).__name__}, not a frame")
    missing = [name for name in ANSWER_COLUMNS if name not in answers.columns]
    if missing:
        raise ValueError(f"the answers lack the column {', '.join(missing)}")
    if not answers.index.is_unique or set(answers.index) != set(index):
        raise ValueError("the answers are not on the index of the table the check is over")
    strange = sorted(set(answers["status"].fillna("<NA>").astype(str)) - _STATUSES)
    if strange:
        raise ValueError(f"there is no status {', '.join(strange)}; there are {', '.join(Status)}")
    texts = answers.loc[index, list(ANSWER_COLUMNS)].astype("string")
    return texts.fillna("")


def _crashed(index: pd.Index, error: Exception) -> Answers:
    reason = f"The check could not be run: {type(error).__name__}: {error}"
    rows = index if len(index) else pd.Index([""])
    return pd.DataFrame(
        {"status": Status.ERROR.value, "observed": "", "expected": "", "reason": reason}, index=rows
    ).astype("string")


def _unread(tables: Tables, chosen: ChosenCheck) -> pd.DataFrame:
    """An `unknown` row for every workspace whose rows of the check's table were not all read."""
    known_by = list(chosen.check.rows_known_by)
    workspaces = tables.workspaces
    unread = workspaces[~workspaces[known_by].fillna(value=False).all(axis="columns")]
    rows = chosen.check.over.replace("_", " ")
    answers = pd.DataFrame(
        {
            "status": Status.UNKNOWN.value,
            "observed": "not read",
            "expected": "",
            "reason": f"The {rows} of this workspace were not read completely.",
        },
        index=unread.index,
    ).astype("string")
    return _identified(answers, tables, chosen, ids=unread["workspace_id"])


def _identified(answers: Answers, tables: Tables, chosen: ChosenCheck, *, ids: pd.Series) -> pd.DataFrame:
    over = tables[chosen.check.over].reindex(answers.index)
    own = tables.workspaces["workspace_id"].reindex(answers.index)
    workspace_ids = own.fillna(over["workspace_id"]) if "workspace_id" in over.columns else own
    keys = workspace_ids.fillna("").str.lower()
    notes = hub_notes(tables.workspaces).reindex(keys).set_axis(answers.index).fillna("")
    judged_by = tables.workspaces["judged_by"].reindex(keys).set_axis(answers.index)
    return pd.DataFrame(
        {
            "check_id": chosen.check.id,
            "title": chosen.check.title,
            "family": chosen.check.family,
            "severity": chosen.severity.value,
            "status": answers["status"],
            "resource_id": ids.reindex(answers.index),
            "workspace_id": workspace_ids.fillna(""),
            "judged_by": judged_by.fillna(""),
            "observed": answers["observed"],
            "expected": answers["expected"],
            "reason": (answers["reason"].str.strip() + " " + notes).str.strip(),
        },
        columns=list(FINDING_COLUMNS),
    ).astype("string")

"""Asks every chosen check and stamps its answers with who, what and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from checks.hubs import with_hub_values
from checks.model import ANSWER_COLUMNS, Answers, ChosenCheck, Status, ask
from checks.schema import Tables
from checks.stamps import NAMELESS, Stamps

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
    stamps = Stamps(with_hub_values(tables))
    asked: dict[tuple[str, str], pd.DataFrame] = {}
    frames = [_within(stamps, each, asked) for each in chosen]
    filled = [frame for frame in frames if len(frame)]
    if not filled:
        return pd.DataFrame({name: pd.Series(dtype="string") for name in FINDING_COLUMNS})
    return _in_order(pd.concat(filled, ignore_index=True))


def _in_order(found: pd.DataFrame) -> pd.DataFrame:
    """The findings sorted, a nameless one (of a crash without rows) kept once."""
    nameless = found["resource_id"].eq("") & found.duplicated(["check_id", "resource_id", "workspace_id"])
    found = found[~nameless]
    check_rank = pd.factorize(found["check_id"], sort=True)[0]
    order = np.lexsort((found["resource_rank"], check_rank, found["workspace_rank"]))
    return found[list(FINDING_COLUMNS)].iloc[order].reset_index(drop=True)


def _within(
    stamps: Stamps, each: ChosenCheck | ScopedCheck, asked: dict[tuple[str, str], pd.DataFrame]
) -> pd.DataFrame:
    """The stamped answers that count; `asked` holds those of a check and its parameters meanwhile."""
    if isinstance(each, ChosenCheck):
        return _stamped(stamps, each)
    chosen, key = each.chosen, (each.chosen.check.id, repr(each.chosen.params))
    if each.workspaces is None:
        return _stamped(stamps, chosen)
    if key not in asked:
        asked[key] = _stamped(stamps, chosen)
    workspaces = asked[key]["workspace_id"].str.lower()
    seen = workspaces.where(workspaces.isin(stamps.tables.workspaces.index), "")
    counts = seen.isin(each.workspaces) | asked[key]["resource_id"].eq("")
    severity = pd.array([chosen.severity.value] * int(counts.sum()), "string")
    return asked[key][counts].assign(severity=severity)


def _stamped(stamps: Stamps, chosen: ChosenCheck) -> pd.DataFrame:
    """The answers of one check with who and where, and an unknown one for each workspace not read."""
    rows = stamps.of(chosen.check.over)
    try:
        answers = _verified(ask(chosen, stamps.tables), rows.index)
    except Exception as error:  # noqa: BLE001 - a check, perhaps somebody else's, must not stop the audit
        if rows.empty:
            return _identified(_crashed(pd.Index([""]), error), NAMELESS, chosen)
        answers = _crashed(rows.index, error)
    unread = stamps.unread(chosen)
    return pd.concat(
        [_identified(answers, rows, chosen), _identified(_not_read(chosen, unread.index), unread, chosen)],
        ignore_index=True,
    )


def _verified(answers: Answers, index: pd.Index) -> Answers:
    """The answers in the order of `index`, all texts. Raises TypeError or ValueError for a wrong shape."""
    if not isinstance(answers, pd.DataFrame):
        raise TypeError(f"the check returned {type(answers).__name__}, not a frame")
    missing = [name for name in ANSWER_COLUMNS if name not in answers.columns]
    if missing:
        raise ValueError(f"the answers lack the column {', '.join(missing)}")
    answers = answers[list(ANSWER_COLUMNS)]
    if not answers.index.equals(index):
        if not answers.index.is_unique or set(answers.index) != set(index):
            raise ValueError("the answers are not on the index of the table the check is over")
        answers = answers.loc[index]
    strange = sorted({str(status) for status in answers["status"].unique()} - _STATUSES)
    if strange:
        raise ValueError(f"there is no status {', '.join(strange)}; there are {', '.join(Status)}")
    return answers.astype("string").fillna("")


def _crashed(index: pd.Index, error: Exception) -> Answers:
    reason = f"The check could not be run: {type(error).__name__}: {error}"
    return _same_for_all(index, Status.ERROR, observed="", reason=reason)


def _not_read(chosen: ChosenCheck, index: pd.Index) -> Answers:
    rows = chosen.check.over.replace("_", " ")
    reason = f"The {rows} of this workspace were not read completely."
    return _same_for_all(index, Status.UNKNOWN, observed="not read", reason=reason)


def _same_for_all(index: pd.Index, status: Status, *, observed: str, reason: str) -> Answers:
    words = {"status": status.value, "observed": observed, "expected": "", "reason": reason}
    return pd.DataFrame(words, index=index, dtype="string")


def _identified(answers: Answers, rows: pd.DataFrame, chosen: ChosenCheck) -> pd.DataFrame:
    """Answers and rows on one index, put together as findings with their ranks."""
    same = {
        "check_id": chosen.check.id,
        "title": chosen.check.title,
        "family": chosen.check.family,
        "severity": chosen.severity.value,
    }
    frame = rows.assign(**{name: answers[name] for name in ANSWER_COLUMNS})
    for name, word in same.items():
        frame[name] = pd.array(np.full(len(frame), word, dtype=object), dtype="string")
    frame["reason"] = frame["reason"].str.strip()
    noted = frame["note"].ne("")
    if chosen.check.follows_hub and noted.any():
        reasons = frame["reason"] + " " + frame["note"]
        frame["reason"] = frame["reason"].mask(noted, reasons.str.strip())
    return frame.drop(columns="note")

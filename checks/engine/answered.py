"""What a check answered, verified, with every different text once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from checks.model import ANSWER_COLUMNS, Answers, Status
from checks.vocabulary import Texts, filled

_STATUSES = frozenset(status.value for status in Status)


@dataclass(frozen=True, kw_only=True)
class Answered:
    """The answers to some rows."""

    status: Texts
    observed: Texts
    expected: Texts
    reason: Texts

    def take(self, rows: npt.NDArray[np.int64]) -> Answered:
        """The answers to these rows."""
        return Answered(**{name: getattr(self, name).take(rows) for name in ANSWER_COLUMNS})

    def packed(self) -> Answered:
        """The same, in an eighth of the memory."""
        return Answered(**{name: getattr(self, name).packed() for name in ANSWER_COLUMNS})

    def filled(self, rows: pd.DataFrame) -> Answered:
        """With the ids and names of these rows in place of stand-ins."""
        return Answered(
            status=self.status,
            observed=filled(self.observed, rows),
            expected=filled(self.expected, rows),
            reason=filled(self.reason, rows).changed(str.strip),
        )


def verified(answers: Answers, index: pd.Index) -> Answered:
    """The answers in the order of `index`. Raises TypeError or ValueError for a wrong shape."""
    if not isinstance(answers, pd.DataFrame):
        raise TypeError(f"the check returned {type(answers).__name__}, not a frame")
    missing = [name for name in ANSWER_COLUMNS if name not in answers.columns]
    if missing:
        raise ValueError(f"the answers lack the column {', '.join(missing)}")
    if not answers.index.equals(index):
        if not answers.index.is_unique or set(answers.index) != set(index):
            raise ValueError("the answers are not on the index of the table the check is over")
        answers = answers.loc[index]
    strange = sorted({str(status) for status in answers["status"].unique()} - _STATUSES)
    if strange:
        raise ValueError(f"there is no status {', '.join(strange)}; there are {', '.join(Status)}")
    texts = {name: Texts.of(answers[name].astype("string")) for name in ANSWER_COLUMNS}
    return Answered(**{**texts, "reason": texts["reason"].changed(str.strip)})


def crashed(length: int, error: Exception) -> Answered:
    """The answers of a check that raised."""
    reason = f"The check could not be run: {type(error).__name__}: {error}"
    return _same_for_all(length, Status.ERROR, observed="", reason=reason)


def not_read(length: int, table: str) -> Answered:
    """The answers for workspaces whose rows of that table were not all read."""
    reason = f"The {table.replace('_', ' ')} of this workspace were not read completely."
    return _same_for_all(length, Status.UNKNOWN, observed="not read", reason=reason)


def _same_for_all(length: int, status: Status, *, observed: str, reason: str) -> Answered:
    words = {"status": status.value, "observed": observed, "expected": "", "reason": reason.strip()}
    return Answered(**{name: Texts.same(word, length) for name, word in words.items()})

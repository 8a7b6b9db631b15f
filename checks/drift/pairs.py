"""Findings of two snapshots paired by policy, check, workspace and resource."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from checks.drift.model import Snapshot, texts
from checks.model import Status
from checks.vocabulary import Mask

Texts = npt.NDArray[Any]
"""Python strings, one for each row."""

Places = npt.NDArray[np.int64]

STANDINGS = {
    Status.PASS.value: "good",
    Status.NOT_APPLICABLE.value: "good",
    Status.FAIL.value: "bad",
    Status.UNKNOWN.value: "open",
    Status.ERROR.value: "open",
}
"""A status to what it is worth: nothing wrong, something wrong, or not known."""

CERTAIN = [status for status, standing in STANDINGS.items() if standing != "open"]
"""The statuses of what is known."""

TOLD = (
    "title", "severity", "status", "verdict", "waiver", "resource_id", "workspace_id", "workspace",
    "subscription_id", "subscription", "observed", "reason", "caused_by",
)  # fmt: skip
"""The columns of a finding that drift tells, beside its policy and check."""

_PAIRED_BY = ["policy", "check_id", "workspace_key", "resource_key", "nth"]


class Pairs:
    """The findings of two sides, outer-joined by their keys without a copy: where each pair is on each side.

    `places` are those of a pair on a side, -1 where it lacks the finding.
    """

    def __init__(self, old: Snapshot, new: Snapshot) -> None:
        """Pair them; the order is that of the older side, then of what only the newer one has."""
        self.snapshots = {"old": old, "new": new}
        self.sides = {name: _keyed(each) for name, each in self.snapshots.items()}
        codes = dict(zip(self.sides, _codes(_PAIRED_BY, *self.sides.values()), strict=True))
        total = max((int(each.max(initial=-1)) + 1 for each in codes.values()), default=0)
        self.places: dict[str, Places] = {}
        for name, each in codes.items():
            self.places[name] = np.full(total, -1, dtype="int64")
            self.places[name][each] = np.arange(len(each))

    def only(self, rows: Places) -> Pairs:
        """The same with these rows alone."""
        chosen = copy(self)
        chosen.places = {name: places[rows] for name, places in self.places.items()}
        return chosen

    def told(self, side: str, name: str) -> Texts:
        """The column of one side; "" where it lacks the finding."""
        values = np.append(self.sides[side][name].to_numpy(dtype=object), "")
        return values[self.places[side]]

    def either(self, name: str) -> Texts:
        """The column of the newer side, of the older one where that lacks the finding."""
        return np.where(self.places["new"] < 0, self.told("old", name), self.told("new", name))


def _keyed(snapshot: Snapshot) -> pd.DataFrame:
    """The findings as texts with their keys; `nth` tells findings apart that share the rest."""
    found = snapshot.findings
    frame = pd.DataFrame({name: texts(found[name]) for name in ("policy", "check_id", *TOLD)})
    frame["workspace_key"] = frame["workspace_id"].str.lower()
    frame["resource_key"] = frame["resource_id"].str.lower()
    shared = frame.duplicated(_PAIRED_BY[:-1], keep=False)
    frame["nth"] = 0
    if shared.any():
        ordered = frame[shared].sort_values([*_PAIRED_BY[:-1], "status", "observed", "reason"])
        frame.loc[ordered.index, "nth"] = ordered.groupby(_PAIRED_BY[:-1]).cumcount()
    return frame


def _codes(names: list[str], *frames: pd.DataFrame) -> list[np.ndarray]:
    """Per frame and row a number, the same wherever the values of `names` are the same."""
    together = pd.concat([frame[names] for frame in frames], ignore_index=True)
    numbers = np.zeros(len(together), dtype="int64")
    for name in names:
        places = pd.factorize(together[name])[0]
        numbers = pd.factorize(numbers * (int(places.max(initial=0)) + 1) + places)[0]
    return np.split(numbers, np.cumsum([len(frame) for frame in frames])[:-1])


def within(rows: pd.DataFrame, names: list[str], known: pd.DataFrame) -> Mask:
    """Per row whether its values of `names` are together a row of `known`."""
    asked, listed = _codes(names, rows, known)
    return np.isin(asked, listed)


def selected(rules: Sequence[tuple[Mask, str]], otherwise: str) -> Texts:
    """The word of the first rule that holds, row by row."""
    conditions = [np.asarray(rule, dtype=bool) for rule, _ in rules]
    return np.select(conditions, [word for _, word in rules], otherwise).astype(object)

"""Pair the findings of two snapshots by policy, check, workspace and resource, and explain a missing counterpart."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy.typing as npt

from checks.drift.model import Snapshot, texts
from checks.frames import np, pd
from checks.model import Status
from checks.vocabulary import Mask

Texts = npt.NDArray[Any]
"""A Python string for each row."""

Places = npt.NDArray[np.int64]

OUTCOMES = {
    Status.PASS.value: "good",
    Status.NOT_APPLICABLE.value: "good",
    Status.FAIL.value: "bad",
    Status.UNKNOWN.value: "open",
    Status.ERROR.value: "open",
}
"""The outcome of each status: good, bad, or open if it is not known."""

CERTAIN = [status for status, outcome in OUTCOMES.items() if outcome != "open"]
"""The statuses that are not open."""

FINDING_FIELDS = (
    "title", "severity", "status", "verdict", "waiver", "resource_id", "workspace_id", "workspace",
    "subscription_id", "subscription", "observed", "reason", "caused_by",
)  # fmt: skip
"""The columns of a finding that drift compares or shows, besides its policy and check."""

_ASKED_BY = ["policy", "check_id"]
_PAIRED_BY = ["policy", "check_id", "workspace_key", "resource_key", "nth"]


class Pairs:
    """The findings of two sides, outer-joined by their keys without a copy.

    `places` holds, for each side, the row of each pair, -1 if the side lacks the finding.
    """

    def __init__(self, old: Snapshot, new: Snapshot) -> None:
        """Pair the findings."""
        self.snapshots = {"old": old, "new": new}
        self.sides = {name: _keyed(each) for name, each in self.snapshots.items()}
        codes = dict(zip(self.sides, _codes(_PAIRED_BY, *self.sides.values()), strict=True))
        total = max((int(each.max(initial=-1)) + 1 for each in codes.values()), default=0)
        self.places: dict[str, Places] = {}
        for name, each in codes.items():
            self.places[name] = np.full(total, -1, dtype="int64")
            self.places[name][each] = np.arange(len(each))

    def only(self, rows: Places) -> Pairs:
        """Return these pairs only."""
        chosen = copy(self)
        chosen.places = {name: places[rows] for name, places in self.places.items()}
        return chosen

    def column(self, side: str, name: str) -> Texts:
        """Return a column of one side, "" if it lacks the finding."""
        values = np.append(self.sides[side][name].to_numpy(dtype=object), "")
        return values[self.places[side]]

    def latest(self, name: str) -> Texts:
        """Return a column of the newer side, or of the older side if the newer one lacks the finding."""
        return np.where(self.places["new"] < 0, self.column("old", name), self.column("new", name))


def _keyed(snapshot: Snapshot) -> pd.DataFrame:
    """Return the findings as texts with their keys. `nth` numbers findings that share all other keys."""
    found = snapshot.findings
    frame = pd.DataFrame({name: texts(found[name]) for name in ("policy", "check_id", *FINDING_FIELDS)})
    frame["workspace_key"] = frame["workspace_id"].str.lower()
    frame["resource_key"] = frame["resource_id"].str.lower()
    shared = frame.duplicated(_PAIRED_BY[:-1], keep=False)
    frame["nth"] = 0
    if shared.any():
        ordered = frame[shared].sort_values([*_PAIRED_BY[:-1], "status", "observed", "reason"])
        frame.loc[ordered.index, "nth"] = ordered.groupby(_PAIRED_BY[:-1]).cumcount()
    return frame


def _codes(names: list[str], *frames: pd.DataFrame) -> list[np.ndarray]:
    """Return for each frame a number for each row, the same if the values of `names` are the same."""
    together = pd.concat([frame[names] for frame in frames], ignore_index=True)
    numbers = np.zeros(len(together), dtype="int64")
    for name in names:
        places = pd.factorize(together[name])[0]
        numbers = pd.factorize(numbers * (int(places.max(initial=0)) + 1) + places)[0]
    return np.split(numbers, np.cumsum([len(frame) for frame in frames])[:-1])


def within(rows: pd.DataFrame, names: list[str], known: pd.DataFrame) -> Mask:
    """Return for each row whether its values of `names` are those of a row of `known`."""
    asked, listed = _codes(names, rows, known)
    return np.isin(asked, listed)


def selected(rules: Sequence[tuple[Mask, str]], otherwise: str) -> Texts:
    """Return for each row the word of the first rule that is true."""
    conditions = [np.asarray(rule, dtype=bool) for rule, _ in rules]
    return np.select(conditions, [word for _, word in rules], otherwise).astype(object)


def absence_of(
    alone: pd.DataFrame, lacking: Snapshot, others: pd.DataFrame, over_workspaces: frozenset[str]
) -> Texts:
    """Return why the snapshot `lacking`, with the findings `others`, lacks each finding of `alone`.

    The reasons are unasked, unread (it could not know), read (the finding is about rows that could not be read, and
    `lacking` read them), and absent.
    """
    workspace = alone["workspace_key"]
    shown = workspace.isin(lacking.workspaces_by_key.index).to_numpy(dtype=bool)
    named = workspace.ne("").to_numpy(dtype=bool)
    would_show = workspace.map({key: lacking.would_show(key) for key in workspace.unique()}).to_numpy(
        dtype=bool
    )
    left_out = workspace.map({key: bool(lacking.left_out_by(key)) for key in workspace.unique()})
    rules = (
        (left_out.to_numpy(dtype=bool) | ~within(alone, _ASKED_BY, _asked(lacking, others)), "unasked"),
        (~shown & ~would_show, "unread"),
        (~shown & named, "absent"),
        (within(alone, [*_ASKED_BY, "workspace_key"], others[_are_marks(others, over_workspaces)]), "unread"),
        (_are_marks(alone, over_workspaces), "read"),
        (within(alone, ["workspace_key", "resource_key"], _resources(lacking, others)), "unasked"),
    )
    return selected(rules, "absent")


def checks_over_workspaces(*sides: pd.DataFrame) -> frozenset[str]:
    """Return the checks that answer for a workspace itself. An unknown of another check is about rows not read."""
    own = [
        side[side["resource_key"].eq(side["workspace_key"]) & side["status"].isin(CERTAIN)] for side in sides
    ]
    return frozenset(check for frame in own for check in frame["check_id"].unique())


def _asked(snapshot: Snapshot, findings: pd.DataFrame) -> pd.DataFrame:
    """Return the policies and checks that the snapshot lists, and those of its findings."""
    listed = [
        (policy, check.strip())
        for policy, checks in snapshot.of_policies("checks").items()
        for check in checks.split(",")
    ]
    named = pd.DataFrame(listed, columns=_ASKED_BY, dtype="string")
    return pd.concat([named, findings[_ASKED_BY]])


def _are_marks(findings: pd.DataFrame, over_workspaces: frozenset[str]) -> Mask:
    """Return for each finding whether it is about rows of its workspace that could not be read or judged."""
    own = findings["resource_key"].eq(findings["workspace_key"]) & findings["workspace_key"].ne("")
    is_open = ~findings["status"].isin(CERTAIN)
    marks = own & is_open & ~findings["check_id"].isin(over_workspaces)
    return marks.to_numpy(dtype=bool)


def _resources(snapshot: Snapshot, findings: pd.DataFrame) -> pd.DataFrame:
    """Return every workspace and resource of the snapshot."""
    names = ["workspace_key", "resource_key"]
    workspaces = snapshot.workspaces_by_key.index.astype("string")
    rules = snapshot.rules_by_key
    parts = (
        findings[names],
        pd.DataFrame({"workspace_key": workspaces, "resource_key": workspaces}),
        pd.DataFrame({"workspace_key": rules["workspace_key"], "resource_key": rules.index.astype("string")}),
    )
    return pd.concat(parts)

"""What drift is told of and in: two snapshots, and the frames of what differs between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from checks.contract.three_valued import subscription_of


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One audit as the files of its report tell it; `name` is what messages call it.

    The frames have the columns of the published files. `policies` and `waivers` are None where the report
    is of a time before they were written; what they would tell is then not known.
    """

    name: str
    findings: pd.DataFrame
    workspaces: pd.DataFrame
    outbound_rules: pd.DataFrame
    subscriptions: pd.DataFrame
    gaps: pd.DataFrame
    policies: pd.DataFrame | None = None
    waivers: pd.DataFrame | None = None

    @cached_property
    def workspaces_by_key(self) -> pd.DataFrame:
        """The workspaces as texts ("" for what was not reported), by lower-cased id."""
        return by_key(self.workspaces, "workspace_id")

    @cached_property
    def workspace_rows(self) -> Mapping[str, Mapping[str, str]]:
        """The same, each as a mapping."""
        return dict(zip(self.workspaces_by_key.index, records(self.workspaces_by_key), strict=True))

    @cached_property
    def rules_by_key(self) -> pd.DataFrame:
        """The outbound rules likewise, by lower-cased id; `workspace_key` is their workspace's."""
        rules = by_key(self.outbound_rules, "rule_id")
        return rules.assign(workspace_key=rules["workspace_id"].str.lower())

    @cached_property
    def subscriptions_read(self) -> frozenset[str]:
        """The lower-cased ids of the subscriptions whose workspaces were all listed."""
        read = texts(self.subscriptions["read"]).str.lower().eq("true")
        return frozenset(texts(self.subscriptions["subscription_id"]).str.lower()[read])

    @cached_property
    def subscriptions_seen(self) -> frozenset[str]:
        """The lower-cased ids of all subscriptions it tells of."""
        return frozenset(texts(self.subscriptions["subscription_id"]).str.lower())

    def would_show(self, workspace_key: str) -> bool:
        """Whether a workspace of that id would be in it if there were one.

        For what belongs to no workspace: whether nothing at all was left unread.
        """
        if not workspace_key:
            return self.gaps.empty
        return subscription_of(workspace_key) in self.subscriptions_read

    def of_policies(self, column: str) -> Mapping[str, str]:
        """Policy name to its value in `policies`; empty where that was not written."""
        if self.policies is None:
            return {}
        return dict(zip(texts(self.policies["policy"]), texts(self.policies[column]), strict=True))

    def told(self, column: str) -> str:
        """What `policies` tells of the audit as a whole; "" where it was not written."""
        return next(iter(self.of_policies(column).values()), "")


@dataclass(frozen=True, kw_only=True)
class Drift:
    """What differs between two audits; of equal ones every frame and the notes are empty.

    `findings` leaves out those unchanged, which `finding_counts` counts like every other class. Each
    frame has the columns its module names, all strings but `is_regression`, and is sorted.
    """

    old: Snapshot
    new: Snapshot
    notes: tuple[str, ...]
    """Why the two cannot be compared in full, most important first."""
    workspaces: pd.DataFrame
    findings: pd.DataFrame
    finding_counts: Mapping[str, int]
    rules: pd.DataFrame
    reach: pd.DataFrame
    waivers: pd.DataFrame

    @property
    def regressions(self) -> int:
        """Violations the old audit does not have, at or above what fails their policy, waived by nobody."""
        return int(self.findings["is_regression"].sum())

    @property
    def compared(self) -> int:
        """How many findings could be compared: those of a policy and a check that both audits ran."""
        return sum(self.finding_counts.values()) - self.finding_counts.get("not comparable", 0)

    @property
    def newly_unknown(self) -> int:
        """How many things were known before and are not now: findings, workspaces and lists of rules."""
        counted = (self.findings, "newly unknown"), (self.workspaces, "not read now")
        lost = sum(int(frame["change"].eq(word).sum()) for frame, word in counted)
        return lost + int(self.rules["change"].eq("not read now").sum())

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs and all could be compared."""
        frames = (self.workspaces, self.findings, self.rules, self.reach, self.waivers)
        return not self.notes and all(frame.empty for frame in frames)


def texts(column: pd.Series) -> pd.Series[str]:
    """The column as strings, "" for `<NA>`; a categorical or a number is as good."""
    return column.astype("string").fillna("")


def records(frame: pd.DataFrame) -> list[dict[str, str]]:
    """The rows of a frame of texts, each as a mapping."""
    return [{str(name): str(value) for name, value in row.items()} for row in frame.to_dict("records")]


def by_key(frame: pd.DataFrame, id_column: str) -> pd.DataFrame:
    """All columns as texts, by the lower-cased id; of rows that share one the first."""
    made = pd.DataFrame({str(name): texts(frame[name]) for name in frame.columns})
    made = made.set_axis(pd.Index(made[id_column].str.lower(), name="key"), axis="index")
    return made[~made.index.duplicated()].sort_index()


def frame_of(rows: list[dict[str, str]], columns: tuple[str, ...], order: tuple[str, ...]) -> pd.DataFrame:
    """The rows as strings with exactly these columns, "" for what a row leaves out, sorted by `order`."""
    made = pd.DataFrame(
        {name: pd.array([row.get(name, "") for row in rows], dtype="string") for name in columns}
    )
    keys = {f"{name}, any case": made[name].str.lower() for name in order}
    sorted_ = made.assign(**keys).sort_values([*keys, *columns], kind="stable")
    return sorted_[list(columns)].reset_index(drop=True)

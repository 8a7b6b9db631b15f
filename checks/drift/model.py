"""The input and the result of a comparison: two snapshots, and the frames of their differences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from checks.contract.three_valued import subscription_of
from checks.frames import pd

TextRow = Mapping[str, str]
"""The cells of a row of a snapshot by the name of their column, "" for `<NA>`. `records` makes them."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One audit, read from the files of its report. `name` is its name in messages.

    The frames have the columns of the published files. `policies`, `waivers` and `left_out` are None if the report is
    older than these files.
    """

    name: str
    findings: pd.DataFrame
    workspaces: pd.DataFrame
    outbound_rules: pd.DataFrame
    subscriptions: pd.DataFrame
    gaps: pd.DataFrame
    policies: pd.DataFrame | None = None
    waivers: pd.DataFrame | None = None
    left_out: pd.DataFrame | None = None

    @cached_property
    def workspaces_by_key(self) -> pd.DataFrame:
        """The workspaces as texts by lower-cased id; "" if a value was not reported."""
        return by_key(self.workspaces, "workspace_id")

    @cached_property
    def workspace_rows(self) -> Mapping[str, Mapping[str, str]]:
        """The same workspaces, each as a mapping."""
        return dict(zip(self.workspaces_by_key.index, records(self.workspaces_by_key), strict=True))

    @cached_property
    def rules_by_key(self) -> pd.DataFrame:
        """The outbound rules as texts by lower-cased id; `workspace_key` is the id of their workspace."""
        rules = by_key(self.outbound_rules, "rule_id")
        return rules.assign(workspace_key=rules["workspace_id"].str.lower())

    @cached_property
    def subscriptions_read(self) -> frozenset[str]:
        """The lower-cased ids of the subscriptions whose workspaces were all listed."""
        read = texts(self.subscriptions["read"]).str.lower().eq("true")
        return frozenset(texts(self.subscriptions["subscription_id"]).str.lower()[read])

    @cached_property
    def subscriptions_seen(self) -> frozenset[str]:
        """The lower-cased ids of all its subscriptions."""
        return frozenset(texts(self.subscriptions["subscription_id"]).str.lower())

    @property
    def read_nothing(self) -> bool:
        """Return whether the audit could not read any workspace, such as at its deadline."""
        return self.workspaces.empty and not self.gaps.empty

    @cached_property
    def _rules_of_scope(self) -> Mapping[str, str]:
        """The rule that leaves out a subscription or workspace, by its lower-cased id."""
        if self.left_out is None:
            return {}
        ids, rules = texts(self.left_out["left_out_id"]).str.lower(), texts(self.left_out["rule"])
        return dict(zip(ids, rules, strict=True))

    def left_out_by(self, workspace_key: str) -> str:
        """Return the rule of the scope that leaves out a workspace or its subscription, "" if none does."""
        own = self._rules_of_scope.get(workspace_key, "")
        return own or self._rules_of_scope.get(f"/subscriptions/{subscription_of(workspace_key) or ''}", "")

    def would_show(self, workspace_key: str) -> bool:
        """Return whether the snapshot would contain a workspace of that id if Azure had it.

        For a resource of no workspace ("") return whether the audit has no gap.
        """
        if not workspace_key:
            return self.gaps.empty
        return subscription_of(workspace_key) in self.subscriptions_read and not self.left_out_by(
            workspace_key
        )

    def of_policies(self, column: str) -> Mapping[str, str]:
        """Return a column of `policies` by the name of the policy. Empty if the report has no such file."""
        if self.policies is None:
            return {}
        return dict(zip(texts(self.policies["policy"]), texts(self.policies[column]), strict=True))

    def of_audit(self, column: str) -> str:
        """Return a column of `policies` that has one value for the whole audit, "" without that file."""
        return next(iter(self.of_policies(column).values()), "")


@dataclass(frozen=True, kw_only=True)
class Drift:
    """The differences between two audits. Every frame and the notes are empty for equal audits.

    `findings` leaves out unchanged findings; `finding_counts` counts them too. The module that makes a frame names its
    columns, which are strings except `is_regression`. Every frame is sorted.
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
        """The number of violations that fail their policy, have no waiver, and are not in the old audit."""
        return int(self.findings["is_regression"].sum())

    @property
    def openings(self) -> int:
        """The number of rules, denials, hubs and modes that allow more than in the old audit, without a waiver."""
        return int(self.reach["is_regression"].sum())

    @property
    def is_worse(self) -> bool:
        """Return whether there is a regression: a violation or an opening that the old audit does not have."""
        return bool(self.regressions or self.openings)

    @property
    def why_nothing_was_compared(self) -> str:
        """The reason why no finding of one audit can be compared with the other audit, "" if one can."""
        if are_strangers(self.old, self.new):
            return "the two audits have no subscription in common"
        for side in (self.old, self.new):
            if side.read_nothing:
                return f"{side.name} could not read any workspace"
        compared = sum(self.finding_counts.values()) - self.finding_counts.get("not comparable", 0)
        return "" if compared else "the two audits have no check of one policy in common"

    @property
    def newly_unknown(self) -> int:
        """The number of findings, workspaces and lists of rules that were known before and are not now."""
        counted = (self.findings, "newly unknown"), (self.workspaces, "not read now")
        lost = sum(int(frame["change"].eq(word).sum()) for frame, word in counted)
        return lost + int(self.rules["change"].eq("not read now").sum())

    @property
    def is_empty(self) -> bool:
        """Return whether nothing differs and everything could be compared."""
        frames = (self.workspaces, self.findings, self.rules, self.reach, self.waivers)
        return not self.notes and all(frame.empty for frame in frames)


def are_strangers(one: Snapshot, other: Snapshot) -> bool:
    """Return whether both audits name subscriptions and share none."""
    seen = one.subscriptions_seen, other.subscriptions_seen
    return all(seen) and seen[0].isdisjoint(seen[1])


def texts(column: pd.Series) -> pd.Series[str]:
    """Return the column as strings, "" for `<NA>`. It may be categorical or hold numbers."""
    return column.astype("string").fillna("")


def records(frame: pd.DataFrame) -> list[dict[str, str]]:
    """Return the rows of a frame of texts, each as a mapping."""
    return [{str(name): str(value) for name, value in row.items()} for row in frame.to_dict("records")]


def by_key(frame: pd.DataFrame, id_column: str) -> pd.DataFrame:
    """Return all columns as texts by lower-cased id. Of rows that share an id the first counts."""
    made = pd.DataFrame({str(name): texts(frame[name]) for name in frame.columns})
    made = made.set_axis(pd.Index(made[id_column].str.lower(), name="key"), axis="index")
    return made[~made.index.duplicated()].sort_index()


def workspace_names(row: Mapping[str, str]) -> dict[str, str]:
    """Return the columns of a workspace that name it in every frame."""
    return {name: row[name] for name in ("workspace_id", "workspace", "subscription_id", "subscription")}


def change_frame(
    rows: Iterable[Mapping[str, str]],
    columns: tuple[str, ...],
    changes: tuple[str, ...],
    order: tuple[str, ...],
) -> pd.DataFrame:
    """Return the rows as strings with exactly these columns, sorted by `changes`, then by `order` in any case.

    A column that a row leaves out is "".
    """
    listed = list(rows)
    made = pd.DataFrame(
        {name: pd.array([row.get(name, "") for row in listed], dtype="string") for name in columns}
    )
    keys = {f"{name}, any case": made[name].str.lower() for name in order}
    rank = made["change"].map({change: place for place, change in enumerate(changes)})
    ranked = made.assign(rank=rank, **keys).sort_values(["rank", *keys, *columns], kind="stable")
    return ranked[list(columns)].reset_index(drop=True)

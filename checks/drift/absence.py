"""Why one snapshot lacks a finding that another has: not asked, not read, or not there."""

from __future__ import annotations

import pandas as pd

from checks.drift.model import Snapshot
from checks.drift.pairs import CERTAIN, Texts, selected, within
from checks.vocabulary import Mask

_ASKED_BY = ["policy", "check_id"]
_MARKED_BY = [*_ASKED_BY, "workspace_key"]


def absence_of(
    alone: pd.DataFrame, lacking: Snapshot, others: pd.DataFrame, over_workspaces: frozenset[str]
) -> Texts:
    """Why the snapshot `lacking`, with the findings `others`, has no counterpart of each finding of `alone`.

    unasked, unread (it could not have known), read (the finding says that rows were not read which it had
    read), or absent.
    """
    workspace = alone["workspace_key"]
    different = {key: lacking.would_show(key) for key in workspace.unique()}
    shown = workspace.isin(lacking.workspaces_by_key.index).to_numpy(dtype=bool)
    named = workspace.ne("").to_numpy(dtype=bool)
    would_show = workspace.map(different).to_numpy(dtype=bool)
    rules = (
        (~within(alone, _ASKED_BY, _asked(lacking, others)), "unasked"),
        (~shown & ~would_show, "unread"),
        (~shown & named, "absent"),
        (within(alone, _MARKED_BY, others[_are_marks(others, over_workspaces)]), "unread"),
        (_are_marks(alone, over_workspaces), "read"),
        (within(alone, ["workspace_key", "resource_key"], _resources(lacking, others)), "unasked"),
    )
    return selected(rules, "absent")


def checks_over_workspaces(*sides: pd.DataFrame) -> frozenset[str]:
    """Checks that answered for a workspace itself; an unknown answer of any other is for unread rows."""
    own = [
        side[side["resource_key"].eq(side["workspace_key"]) & side["status"].isin(CERTAIN)] for side in sides
    ]
    return frozenset(check for frame in own for check in frame["check_id"].unique())


def _asked(snapshot: Snapshot, findings: pd.DataFrame) -> pd.DataFrame:
    """The policies and checks it asked: those it lists, and those that answered."""
    listed = [
        (policy, check.strip())
        for policy, checks in snapshot.of_policies("checks").items()
        for check in checks.split(",")
    ]
    named = pd.DataFrame(listed, columns=_ASKED_BY, dtype="string")
    return pd.concat([named, findings[_ASKED_BY]])


def _are_marks(findings: pd.DataFrame, over_workspaces: frozenset[str]) -> Mask:
    """Per finding whether it says that rows of its workspace were not read, or could not be answered for."""
    own = findings["resource_key"].eq(findings["workspace_key"]) & findings["workspace_key"].ne("")
    is_open = ~findings["status"].isin(CERTAIN)
    marks = own & is_open & ~findings["check_id"].isin(over_workspaces)
    return marks.to_numpy(dtype=bool)


def _resources(snapshot: Snapshot, findings: pd.DataFrame) -> pd.DataFrame:
    """Every workspace and resource it tells of."""
    names = ["workspace_key", "resource_key"]
    workspaces = snapshot.workspaces_by_key.index.astype("string")
    rules = snapshot.rules_by_key
    parts = (
        findings[names],
        pd.DataFrame({"workspace_key": workspaces, "resource_key": workspaces}),
        pd.DataFrame({"workspace_key": rules["workspace_key"], "resource_key": rules.index.astype("string")}),
    )
    return pd.concat(parts)

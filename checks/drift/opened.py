"""Findings that fail as before, of workspaces whose outbound traffic reaches more than before."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from checks.drift.pairs import Pairs, Texts
from checks.vocabulary import Mask

OPENINGS = frozenset({"opened", "no longer denied"})
"""The changes of reach that let more out."""

_OUTBOUND = ("OBR", "MVN", "NET006")
"""The checks that judge what leaves a workspace: ids, or how they begin."""


def opened_further(pairs: Pairs, change: Texts, reach: pd.DataFrame) -> Mask:
    """Return for each pair whether it fails on both sides, nobody waives it, and what it judges opened further.

    Each opening marks the findings of its rule; if none fails, those of the workspace itself; if none of these
    fails either, those of its other rules. `reach` is as `checks.drift.reach.reach_changes` returns it.
    """
    marked = np.zeros(len(change), dtype=bool)
    openings = reach[reach["change"].isin(list(OPENINGS))]
    if openings.empty:
        return marked
    statuses = (pairs.told("old", "status"), pairs.told("new", "status"))
    fails = (statuses[0] == "fail") & (statuses[1] == "fail") & (pairs.told("new", "waiver") == "")
    judges_outbound = np.array(
        [str(id).startswith(_OUTBOUND) for id in pairs.told("new", "check_id")], dtype=bool
    )
    rows = np.flatnonzero(fails & judges_outbound)
    workspaces, resources = pairs.told("new", "workspace_key"), pairs.told("new", "resource_key")
    for workspace, rule in _places(openings):
        own = rows[workspaces[rows] == workspace]
        for resource in (f"{workspace}/outboundrules/{rule}", workspace):
            found = own[resources[own] == resource]
            if len(found):
                break
        marked[found if len(found) else own] = True
    return marked


def _places(openings: pd.DataFrame) -> Iterable[tuple[str, str]]:
    """Return the lower-cased workspace id and rule name of each opening; the name is "" of a mode."""
    return sorted(set(zip(openings["workspace_id"].str.lower(), openings["rule"].str.lower(), strict=True)))

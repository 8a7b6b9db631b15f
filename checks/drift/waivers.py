"""Waivers that were added, are gone, expired, were renewed or changed."""

from __future__ import annotations

import pandas as pd

from checks.drift.model import Snapshot, frame_of, records, texts
from checks.policy.waivers import WaiverState

WAIVER_CHANGES = ("added", "expired", "gone", "renewed", "changed")

WAIVER_COLUMNS = (
    "change", "policy", "check", "resource", "where", "reason", "approver", "expires", "ticket", "state",
    "violations", "details",
)  # fmt: skip

_FOR = ["policy", "check", "resource", "where"]
_TERMS = ("reason", "approver", "expires", "ticket")


def waiver_changes(old: Snapshot, new: Snapshot) -> pd.DataFrame:
    """The changes of waivers, paired by policy, check, resource and selector, with `WAIVER_COLUMNS`.

    Empty where a side does not tell its waivers, which a note of the drift then says.
    """
    if old.waivers is None or new.waivers is None:
        return frame_of([], WAIVER_COLUMNS, ("policy",))
    pairs = _keyed(old.waivers).merge(
        _keyed(new.waivers), on=[*_FOR, "nth"], how="outer", suffixes=("_old", "_new"), indicator=True
    )
    found = [_told(row) for row in records(pairs.astype({"_merge": "string"}).fillna(""))]
    order = ("rank", "policy", "check", "resource", "where")
    rows = [{**row, "rank": str(WAIVER_CHANGES.index(row["change"]))} for row in found if row]
    return frame_of(rows, (*WAIVER_COLUMNS, "rank"), order).drop(columns="rank")


def _keyed(waivers: pd.DataFrame) -> pd.DataFrame:
    names = [*_FOR, *_TERMS, "state", "violations"]
    frame = pd.DataFrame({name: texts(waivers[name]) for name in names})
    frame = frame.astype(object).sort_values([*_FOR, "expires", *_TERMS], kind="stable")
    return frame.assign(nth=frame.groupby(_FOR).cumcount())


def _told(row: dict[str, str]) -> dict[str, str] | None:
    side = "old" if row["_merge"] == "left_only" else "new"
    shown = {name: row[f"{name}_{side}"] for name in (*_TERMS, "state", "violations")}
    told = {**{name: row[name] for name in _FOR}, **shown}
    if row["_merge"] != "both":
        return {**told, "change": "added" if side == "new" else "gone"}
    expired = [row[f"state_{side}"] == WaiverState.EXPIRED for side in ("old", "new")]
    changed = [
        f"{name}: {row[f'{name}_old'] or 'none'} → {row[f'{name}_new'] or 'none'}"
        for name in _TERMS
        if row[f"{name}_old"] != row[f"{name}_new"]
    ]
    details = "; ".join(changed)
    if expired[0] != expired[1]:
        return {**told, "change": "expired" if expired[1] else "renewed", "details": details}
    return {**told, "change": "changed", "details": details} if changed else None

"""Find the waivers that were added, removed, renewed or changed, or that expired."""

from __future__ import annotations

from checks.drift.model import Snapshot, change_frame, records, texts
from checks.frames import pd
from checks.policy.waivers import WaiverState

WAIVER_CHANGES = ("added", "expired", "gone", "renewed", "changed")

WAIVER_COLUMNS = (
    "change", "policy", "check", "resource", "where", "reason", "approver", "expires", "ticket", "state",
    "violations", "details",
)  # fmt: skip

_KEYS = ["policy", "check", "resource", "where"]
_TERMS = ("reason", "approver", "expires", "ticket")


def waiver_changes(old: Snapshot, new: Snapshot) -> pd.DataFrame:
    """Return the changed waivers, paired by policy, check, resource and selector, with `WAIVER_COLUMNS`.

    Empty if a side does not list its waivers. A note of the drift reports that.
    """
    if old.waivers is None or new.waivers is None:
        return change_frame([], WAIVER_COLUMNS, WAIVER_CHANGES, ())
    pairs = _keyed(old.waivers).merge(
        _keyed(new.waivers), on=[*_KEYS, "nth"], how="outer", suffixes=("_old", "_new"), indicator=True
    )
    found = (_change(row) for row in records(pairs.astype({"_merge": "string"}).fillna("")))
    return change_frame((row for row in found if row), WAIVER_COLUMNS, WAIVER_CHANGES, tuple(_KEYS))


def _keyed(waivers: pd.DataFrame) -> pd.DataFrame:
    names = [*_KEYS, *_TERMS, "state", "violations"]
    frame = pd.DataFrame({name: texts(waivers[name]) for name in names})
    frame = frame.astype(object).sort_values([*_KEYS, "expires", *_TERMS], kind="stable")
    return frame.assign(nth=frame.groupby(_KEYS).cumcount())


def _change(row: dict[str, str]) -> dict[str, str] | None:
    side = "old" if row["_merge"] == "left_only" else "new"
    shown = {name: row[name] for name in _KEYS}
    shown |= {name: row[f"{name}_{side}"] for name in (*_TERMS, "state", "violations")}
    if row["_merge"] != "both":
        return {**shown, "change": "added" if side == "new" else "gone"}
    shown["details"] = "; ".join(
        f"{name}: {row[f'{name}_old'] or 'none'} → {row[f'{name}_new'] or 'none'}"
        for name in _TERMS
        if row[f"{name}_old"] != row[f"{name}_new"]
    )
    was_expired, is_expired = (row[f"state_{each}"] == WaiverState.EXPIRED for each in ("old", "new"))
    if was_expired != is_expired:
        return {**shown, "change": "expired" if is_expired else "renewed"}
    return {**shown, "change": "changed"} if shown["details"] else None

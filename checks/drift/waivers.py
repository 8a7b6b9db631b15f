"""Find the waivers that were added, removed, renewed or changed, or that expired, and the openings that they accept."""

from __future__ import annotations

import json
from collections.abc import Mapping

from checks.drift.model import Snapshot, change_frame, records, texts
from checks.frames import np, pd
from checks.policy.selectors import FACT_COLUMNS, Selector, globbed, matching
from checks.policy.waivers import WaiverState
from checks.vocabulary import Mask

WAIVER_CHANGES = ("added", "expired", "gone", "renewed", "changed")

WAIVER_COLUMNS = (
    "change", "policy", "check", "resource", "where", "reason", "approver", "expires", "ticket", "state",
    "violations", "details",
)  # fmt: skip

_KEYS = ["policy", "check", "resource", "where"]
_APPROVALS = ("OBR008", "OBR013")
"""The checks that compare the destination of a rule with what the policy lists. They judge nothing without a list."""
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


def are_accepted(reach: pd.DataFrame, new: Snapshot) -> Mask:
    """Return for each row of `checks.drift.reach.reach_changes` whether a waiver of the newer audit accepts it.

    A waiver accepts the opening of a rule if it is for a check of outbound rules (OBR) and for that rule, whether the
    check fails or passes. A waiver of MVN, NET006 or their families accepts the opening of a workspace by its mode.
    A policy of the newer audit accepts the rules to what it lists: OBR008 or OBR013 passes for them.
    """
    of_rule = reach["rule_id"].ne("").to_numpy(dtype=bool)
    resources = reach["rule_id"].where(of_rule, reach["workspace_id"]).str.lower()
    accepted = np.zeros(len(reach), dtype=bool)
    waived = new.findings[texts(new.findings["waiver"]).ne("").to_numpy(dtype=bool)]
    for check, ids in waived["resource_id"].str.lower().groupby(texts(waived["check_id"])):
        accepted |= _judges(str(check), of_rule) & resources.isin(ids)
    approved = new.findings[new.findings["check_id"].isin(_APPROVALS) & new.findings["status"].eq("pass")]
    accepted |= of_rule & resources.isin(approved["resource_id"].str.lower()).to_numpy(dtype=bool)
    for row in () if new.waivers is None else records(_as_texts(new.waivers)):
        if row["state"] != WaiverState.EXPIRED:
            accepted |= _judges(row["check"], of_rule) & _covers(row, reach, resources, new)
    return accepted


def _judges(check: str, of_rule: Mask) -> Mask:
    """Return for each opening whether the check or family judges it."""
    return np.where(of_rule, check.startswith("OBR"), check.startswith("MVN") or check in {"NET", "NET006"})


def _covers(waiver: Mapping[str, str], reach: pd.DataFrame, resources: pd.Series, new: Snapshot) -> Mask:
    found = np.ones(len(reach), dtype=bool)
    if waiver["resource"]:
        found &= globbed(resources, tuple(waiver["resource"].split(", "))).to_numpy(dtype=bool)
    if waiver["where"]:
        chosen = _chosen(waiver["where"], new).reindex(reach["workspace_id"].str.lower(), fill_value=False)
        found &= chosen.to_numpy(dtype=bool)
    return found


def _chosen(where: str, new: Snapshot) -> pd.Series[bool]:
    """Return for each workspace whether the selector matches. A selector that cannot be parsed matches none."""
    facts = new.workspaces_by_key.reindex(columns=list(FACT_COLUMNS)).replace("", pd.NA).astype("string")
    try:
        selector = Selector.model_validate(json.loads(where))
    except ValueError:
        return pd.Series(data=False, index=facts.index, dtype=bool)
    return matching(selector, facts)


def _as_texts(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({str(name): texts(frame[name]) for name in frame.columns})


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

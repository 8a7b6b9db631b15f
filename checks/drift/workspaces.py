"""Workspaces that appeared, are gone, changed, or cannot be compared because they were not read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from checks.contract.isolation import APPROVED, DISABLED, INTERNET
from checks.contract.three_valued import subscription_of
from checks.drift.model import Snapshot, frame_of, texts

WORKSPACE_CHANGES = ("appeared", "gone", "not read now", "read again", "changed")
"""The order of importance; `read again` is a workspace the old audit could not have shown."""

WORKSPACE_COLUMNS = (
    "change",
    "workspace_id",
    "workspace",
    "subscription_id",
    "subscription",
    "column",
    "old",
    "new",
    "effect",
    "why",
)

_COMPARED = (
    "effective_public_network_access",
    "effective_isolation_mode",
    "public_network_access",
    "isolation_mode",
    "managed_network_status",
    "approved_private_endpoints",
    "hub_resource_id",
    "kind",
    "location",
)
"""What is left out changes by itself (api_version), is told elsewhere (rules) or names the same thing."""

_OWN_OF = {
    "public_network_access": "effective_public_network_access",
    "isolation_mode": "effective_isolation_mode",
}
"""A workspace's own value, said only where the value that counts did not change."""

MODE_WIDTH = {APPROVED.lower(): 0, INTERNET.lower(): 1, DISABLED.lower(): 2}
"""How much a mode lets out: approved rules, all that is public, whatever the customer's network lets out."""

_ACCESS_WIDTH = {"disabled": 0, "securedbyperimeter": 0, "enabled": 1}


Rows = Mapping[str, Mapping[str, str]]


def workspace_changes(old: Snapshot, new: Snapshot) -> pd.DataFrame:
    """One row for each workspace on one side only and for each changed column of the others.

    `effect` is widened or narrowed where a column says what may come in or go out. A column that one side
    does not know is told like any other, with "" for its value there.
    """
    before, after = old.workspace_rows, new.workspace_rows
    rows = [
        *(_missing(after[key], key, old, "appeared", "read again") for key in after.keys() - before.keys()),
        *(_missing(before[key], key, new, "gone", "not read now") for key in before.keys() - after.keys()),
        *_changed(before, after),
    ]
    ranked = [{**row, "rank": str(WORKSPACE_CHANGES.index(row["change"]))} for row in rows]
    order = ("rank", "subscription", "workspace_id", "column")
    return frame_of(ranked, (*WORKSPACE_COLUMNS, "rank"), order).drop(columns="rank")


def effect_of_mode(old: str, new: str) -> str:
    """Whether another isolation mode widens or narrows what goes out; "" where a word is not known."""
    return _effect(MODE_WIDTH, old, new)


def why_unread(snapshot: Snapshot, workspace_key: str) -> str:
    """Why a workspace of that id could not have been seen, in the snapshot's own words where it has some."""
    subscription = subscription_of(workspace_key)
    ids = texts(snapshot.subscriptions["subscription_id"]).str.lower()
    notes = texts(snapshot.subscriptions["note"])[ids.eq(subscription or "").to_numpy()]
    if notes.empty:
        return f"Its subscription is not in {snapshot.name}: not asked for, gone, or not visible any more."
    return f"Its subscription was not read to the end in {snapshot.name}. {notes.iloc[0]}".strip()


def _missing(row: Mapping[str, str], key: str, other: Snapshot, shown: str, unread: str) -> dict[str, str]:
    if not other.would_show(key):
        return {**_identity(row), "change": unread, "why": why_unread(other, key)}
    counted = row["outbound_rules"]
    return {**_identity(row), "change": shown, "why": f"with {counted} outbound rules" if counted else ""}


def _changed(before: Rows, after: Rows) -> Iterable[dict[str, str]]:
    for key in before.keys() & after.keys():
        old, new = before[key], after[key]
        differs = [name for name in _COMPARED if old[name].lower() != new[name].lower()]
        for name in differs:
            if _OWN_OF.get(name) not in differs:
                yield {
                    **_identity(new),
                    "change": "changed",
                    "column": name,
                    "old": old[name],
                    "new": new[name],
                    "effect": _effect_of(name, old[name], new[name]),
                    "why": _why(old[name], new[name]),
                }


def _effect_of(column: str, old: str, new: str) -> str:
    if column.endswith("isolation_mode"):
        return effect_of_mode(old, new)
    return _effect(_ACCESS_WIDTH, old, new) if column.endswith("network_access") else ""


def _effect(width: dict[str, int], old: str, new: str) -> str:
    was, now = width.get(old.lower()), width.get(new.lower())
    if was is None or now is None or was == now:
        return ""
    return "widened" if now > was else "narrowed"


def _why(old: str, new: str) -> str:
    return "not reported before" if not old else "not reported now" if not new else ""


def _identity(row: Mapping[str, str]) -> dict[str, str]:
    return {name: row[name] for name in ("workspace_id", "workspace", "subscription_id", "subscription")}

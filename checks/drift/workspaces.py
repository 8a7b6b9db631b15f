"""Find the workspaces that appeared, are gone or changed, and those that one side could not read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from checks.contract.isolation import APPROVED, DISABLED, INTERNET
from checks.contract.three_valued import subscription_of
from checks.counting import counted
from checks.drift.model import Snapshot, change_frame, texts, workspace_names
from checks.frames import pd

WORKSPACE_CHANGES = ("appeared", "gone", "not read now", "read again", "changed")
"""The most important first. `read again` is a workspace that the old audit could not show."""

WORKSPACE_COLUMNS = (
    "change", "workspace_id", "workspace", "subscription_id", "subscription", "column", "old", "new", "effect", "why",
)  # fmt: skip

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
"""Other columns change by themselves (api_version) or are compared elsewhere (rules)."""

_OWN_OF = {
    "public_network_access": "effective_public_network_access",
    "isolation_mode": "effective_isolation_mode",
}
"""A workspace's own value by column. It is shown only if the effective value did not change."""

MODE_WIDTH = {APPROVED.lower(): 0, INTERNET.lower(): 1, DISABLED.lower(): 2}
"""The width of each mode: approved rules, public addresses, everything that the customer's network allows."""

_ACCESS_WIDTH = {"disabled": 0, "securedbyperimeter": 0, "enabled": 1}


def workspace_changes(old: Snapshot, new: Snapshot) -> pd.DataFrame:
    """Return a row for each workspace of one side only and for each changed column of the others.

    `effect` is widened or narrowed for a column about inbound or outbound access. A value that a side does not know
    is "".
    """
    before, after = old.workspace_rows, new.workspace_rows
    rows = [
        *(_missing(after[key], key, old, "appeared", "read again") for key in after.keys() - before.keys()),
        *(_missing(before[key], key, new, "gone", "not read now") for key in before.keys() - after.keys()),
        *_changed(before, after),
    ]
    order = ("subscription", "workspace_id", "column")
    return change_frame(rows, WORKSPACE_COLUMNS, WORKSPACE_CHANGES, order)


def effect_of_mode(old: str, new: str) -> str:
    """Return whether a new isolation mode is widened or narrowed, "" for the same width or an unknown word."""
    return _effect(MODE_WIDTH, old, new)


def why_unread(snapshot: Snapshot, workspace_key: str) -> str:
    """Return why the snapshot could not show a workspace of that id, with the note of its subscription."""
    if rule := snapshot.left_out_by(workspace_key):
        return f"The scope of {snapshot.name} leaves it out: {rule}."
    subscription = subscription_of(workspace_key)
    ids = texts(snapshot.subscriptions["subscription_id"]).str.lower()
    notes = texts(snapshot.subscriptions["note"])[ids.eq(subscription or "").to_numpy()]
    if notes.empty:
        return f"{snapshot.name} does not have its subscription: not asked for, deleted or not visible."
    return f"{snapshot.name} did not read all of its subscription. {notes.iloc[0]}".strip()


def _missing(row: Mapping[str, str], key: str, other: Snapshot, shown: str, unread: str) -> dict[str, str]:
    if not other.would_show(key):
        return {**workspace_names(row), "change": unread, "why": why_unread(other, key)}
    number = row["outbound_rules"]
    return {
        **workspace_names(row),
        "change": shown,
        "why": f"with {counted(int(number), 'outbound rule')}" if number else "",
    }


def _changed(
    before: Mapping[str, Mapping[str, str]], after: Mapping[str, Mapping[str, str]]
) -> Iterable[dict[str, str]]:
    for key in before.keys() & after.keys():
        old, new = before[key], after[key]
        differs = [name for name in _COMPARED if old[name].lower() != new[name].lower()]
        for name in differs:
            if _OWN_OF.get(name) not in differs:
                yield {
                    **workspace_names(new),
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

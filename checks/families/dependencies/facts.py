"""What all checks of a dependency ask first: what it is to the workspace, was it read, who gets in."""

from __future__ import annotations

import pandas as pd

from checks.contract.three_valued import says

READ = ("associated_resources.read_status", "associated_resources.unread_reason")
"""What a check that asks `is_read` and `why_unknown` has to say it reads."""

ACCESS_READS = (
    "associated_resources.read_status",
    "associated_resources.public_network_access",
    "associated_resources.default_action",
)
"""What decides whether a dependency is closed to the public."""

CLOSED_READS = (*ACCESS_READS, "associated_resources.unread_reason")
"""The same, and why it was not read."""


def has_role(resources: pd.DataFrame, *roles: str) -> pd.Series:
    """Per row whether the resource is one of these to its workspace."""
    return says(resources["role"], *roles)


def is_read(resources: pd.DataFrame) -> pd.Series:
    """Per row whether Azure told what the resource is like; `<NA>` where even that is not known."""
    return says(resources["read_status"], "read")


def is_closed(resources: pd.DataFrame) -> pd.Series:
    """Per row whether the resource is closed to the public; `<NA>` where it was not read.

    Disabled and SecuredByPerimeter close it whatever its firewall says. Otherwise the firewall's default
    action decides, and a firewall that is absent allows: so Azure creates these resources (storage, key
    vault and registry contracts, 2026-08). A word Azure has not documented settles nothing.
    """
    access, action = resources["public_network_access"], resources["default_action"]
    is_shut = says(access, "Disabled", "SecuredByPerimeter")
    is_understood = access.isna() | says(access, "Enabled", "Disabled", "SecuredByPerimeter")
    closed = is_shut.fillna(value=False) | _denies(action)
    return closed.where(is_understood).where(is_read(resources).fillna(value=False)).astype("boolean")


def is_plainly_open(resources: pd.DataFrame) -> pd.Series:
    """Per row whether the resource says itself that anybody may come; `<NA>` where only absence says so."""
    says_so = says(resources["public_network_access"], "Enabled") & says(
        resources["default_action"], "Allow", ""
    )
    plainly = says_so.fillna(value=False) & is_read(resources).fillna(value=False)
    return plainly.where(plainly | is_closed(resources).fillna(value=False))


def denies_by_default(resources: pd.DataFrame) -> pd.Series:
    """Per row whether the resource's firewall refuses whom it does not name; `<NA>` where it was not read."""
    return _denies(resources["default_action"]).where(is_read(resources).fillna(value=False))


def _denies(action: pd.Series) -> pd.Series:
    """Whether the default action is Deny; "" is an absent firewall, which allows.

    `<NA>` for an undocumented word, or where Azure's answer could not be read.
    """
    is_documented = says(action, "Allow", "Deny", "").fillna(value=False)
    return says(action, "Deny").fillna(value=False).where(is_documented)


def access_of(resources: pd.DataFrame) -> pd.Series:
    """Per row, for people, the two values that decide who may reach the resource."""
    access = resources["public_network_access"].fillna("not reported")
    action = resources["default_action"].replace("", "none, which allows").fillna("not reported")
    seen = "publicNetworkAccess " + access + ", defaultAction " + action
    return seen.where(is_read(resources).fillna(value=False), "not read")


def why_unknown(resources: pd.DataFrame, otherwise: str) -> pd.Series:
    """Per row why the resource cannot be judged: it does not exist, was not read, or else `otherwise`."""
    status, reason = resources["read_status"], resources["unread_reason"].fillna("no reason was recorded.")
    text = pd.Series(otherwise, index=resources.index, dtype="string")
    text = text.mask(says(status, "missing").fillna(value=False), "Azure knows no such resource (404).")
    return text.mask(
        says(status, "unreadable").fillna(value=False), "The resource could not be read: " + reason
    )

"""In one word each, who can reach a workspace and what it can reach: facts, not judgements."""

from __future__ import annotations

import pandas as pd

LEVELS = ("open", "limited", "closed", "unknown")
"""How far a side is open, told by the shape of its mark; `unknown` where that was not reported."""


def postures(workspaces: pd.DataFrame) -> pd.DataFrame:
    """Per workspace `inbound`, `inbound_level`, `outbound` and `outbound_level`, all strings.

    Expects the effective network values (`checks.contract.hubs.with_hub_values`) and the columns
    `approved_private_endpoints` and `effective_isolation_mode` of `reports.tables.workspaces.workspaces`.
    """
    inbound = _said(workspaces["public_network_access"], _inbound_rules(workspaces))
    outbound = _said(workspaces["effective_isolation_mode"], _outbound_rules(workspaces))
    return pd.DataFrame(
        {
            "inbound": inbound["word"],
            "inbound_level": inbound["level"],
            "outbound": outbound["word"],
            "outbound_level": outbound["level"],
        }
    )


_Rules = tuple[tuple["pd.Series[bool]", str, str], ...]


def _inbound_rules(workspaces: pd.DataFrame) -> _Rules:
    access = workspaces["public_network_access"].str.lower()
    endpoints = workspaces["approved_private_endpoints"]
    denies = workspaces["network_acls_default_action"].str.lower().eq("deny")
    return (
        (access.eq("enabled"), "Public", "open"),
        (access.eq("enabled") & denies, "Selected addresses", "limited"),
        (access.eq("disabled"), "Public access off", "closed"),
        (access.eq("disabled") & endpoints.gt(0), "Private endpoint", "closed"),
        (access.eq("disabled") & endpoints.eq(0), "Off, no endpoint", "closed"),
    )


def _outbound_rules(workspaces: pd.DataFrame) -> _Rules:
    mode = workspaces["effective_isolation_mode"].str.lower()
    return (
        (mode.eq("disabled"), "No managed network", "open"),
        (mode.eq("allowinternetoutbound"), "Internet outbound", "limited"),
        (mode.eq("allowonlyapprovedoutbound"), "Approved only", "closed"),
    )


def _said(value: pd.Series[str], rules: _Rules) -> pd.DataFrame:
    """The word and level of the last rule that holds; Azure's own word where none does."""
    said = pd.DataFrame({"word": value.fillna("Not reported"), "level": "unknown"}).astype("string")
    for mask, word, level in rules:
        said.loc[mask.fillna(value=False).astype(bool)] = [word, level]
    return said

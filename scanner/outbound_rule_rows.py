"""Outbound rules as rows, and one list made of the two places Azure tells them in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scanner import wire

Row = dict[str, Any]

_DECIDING = (
    "type",
    "status",
    "category",
    "destination",
    "protocol",
    "port_ranges",
    "address_prefixes",
    "action",
)


def rule_row(workspace_id: str, name: str, properties: Any, rule_id: str | None, seen_in: str) -> Row:
    """The row of one rule; members of a wrong type are left as not reported."""
    destination = wire.member(properties, "destination")
    own_id = f"{workspace_id}/outboundRules/{name}"
    return {
        "rule_id": rule_id if rule_id and rule_id.lower() == own_id.lower() else own_id,
        "workspace_id": workspace_id,
        "rule": name,
        "type": wire.named(properties, "type"),
        "category": wire.named(properties, "category"),
        "status": wire.named(properties, "status"),
        "error_information": _error(properties),
        "destination": _in_one_line(destination),
        "fqdn": destination or None if isinstance(destination, str) else None,
        "service_tag": wire.named(destination, "serviceTag"),
        "protocol": wire.named(destination, "protocol"),
        "port_ranges": wire.named(destination, "portRanges"),
        "address_prefixes": _prefixes(destination),
        "action": wire.named(destination, "action"),
        "service_resource_id": wire.named(destination, "serviceResourceId"),
        "subresource_target": wire.named(destination, "subresourceTarget"),
        "spark_enabled": wire.flag(destination, "sparkEnabled"),
        "spark_status": wire.named(destination, "sparkStatus"),
        "parent_rules": wire.joined(wire.member(properties, "parentRuleNames")),
        "seen_in": seen_in,
    }


def united(
    in_body: list[Row] | None, listed: list[Row] | None, partly_listed: Iterable[Row] = ()
) -> tuple[list[Row], str | None]:
    """The rules of one workspace, joined by name, and how the two places disagree (None: they do not).

    `in_body` are those of the workspace's own body, `listed` those of a complete outboundRules list; None
    where a place told nothing. Where both tell a rule the list is taken: it is the rule's own resource.
    `partly_listed` are the rules of a list that broke off; they can add but not contradict.
    """
    own = _by_name(in_body or ())
    other = _by_name(listed if listed is not None else partly_listed)
    rows = [
        row | {"seen_in": "both" if name in own and name in other else row["seen_in"]}
        for name, row in (own | other).items()
    ]
    if in_body is None or listed is None:
        return rows, None
    return rows, _discrepancy(own, other)


def _by_name(rows: Iterable[Row]) -> dict[str, Row]:
    """The rows by lower-cased name, as Azure compares names; of two with one name, order decides nothing."""
    kept: dict[str, Row] = {}
    for row in rows:
        name = row["rule"].lower()
        known = kept.setdefault(name, row)
        if known is not row:
            kept[name] = min(known, row, key=repr)
    return kept


def _discrepancy(own: dict[str, Row], other: dict[str, Row]) -> str | None:
    differing = [
        name for name in own.keys() & other.keys() if any(own[name][c] != other[name][c] for c in _DECIDING)
    ]
    parts = (
        ("only in the workspace's body", own.keys() - other.keys()),
        ("only in its outboundRules list", other.keys() - own.keys()),
        ("told differently", differing),
    )
    spelled = {name: row["rule"] for name, row in (own | other).items()}
    texts = [
        f"{what}: {', '.join(spelled[name] for name in sorted(names))}" for what, names in parts if names
    ]
    return "; ".join(texts) or None


def _error(properties: Any) -> str | None:
    """What went wrong with the rule; "" where Azure says null or nothing, which it does of a healthy one."""
    error = wire.member(properties, "errorInformation")
    return "" if error is None and isinstance(properties, dict) else wire.text(properties, "errorInformation")


def _in_one_line(destination: Any) -> str | None:
    if isinstance(destination, str):
        return destination or None
    return (
        wire.named(destination, "serviceResourceId")
        or _prefixes(destination)
        or wire.named(destination, "serviceTag")
    )


def _prefixes(destination: Any) -> str | None:
    """The address prefixes; "" where a service tag rule reports none, which makes its tag decide."""
    prefixes = wire.member(destination, "addressPrefixes")
    if prefixes is None and wire.named(destination, "serviceTag"):
        return ""
    return wire.joined(prefixes)

"""An outbound rule of a managed network, and what it is by itself: in force, and allowing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class OutboundRule:
    """A rule as Azure reported it. None is not reported; "" in `address_prefixes` is no prefix."""

    type: str | None = None
    status: str | None = None
    action: str | None = None
    fqdn: str | None = None
    service_tag: str | None = None
    protocol: str | None = None
    port_ranges: str | None = None
    address_prefixes: str | None = None
    service_resource_id: str | None = None
    subresource_target: str | None = None


def is_in_force(rule: OutboundRule) -> bool | None:
    """Return whether the rule is Active. None for an absent or undocumented status."""
    known = {"active": True} | dict.fromkeys(("inactive", "provisioning", "deleting", "failed"), False)
    return known.get((rule.status or "").lower())


def has_documented_type(rule: OutboundRule) -> bool:
    """Return whether the rule is a host-name, service-tag or private-endpoint rule."""
    return (rule.type or "").lower() in {"fqdn", "servicetag", "privateendpoint"}


def allows(rule: OutboundRule) -> bool | None:
    """Return whether the rule allows. Every rule does, except a service-tag rule with the action Deny.

    A service-tag rule without an action allows (recorded 2022-12-01-preview; the az exports leave it out). None for a
    rule of an undocumented type, whatever its action.
    """
    if not has_documented_type(rule):
        return None
    if (rule.type or "").lower() != "servicetag":
        return True
    return {"allow": True, "deny": False, "": True}.get((rule.action or "").lower())

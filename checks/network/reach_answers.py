"""Answer whether a workspace may reach a destination, and name the rule or its absence.

`reachability` decides; this module finds the reason for people. Called by `azml-audit reach`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from checks.network.destinations import (
    HOST_PORTS,
    Address,
    Destination,
    Endpoint,
    Host,
    Service,
    is_public_place,
)
from checks.network.outbound_rules import OutboundRule, allows, has_documented_type, is_in_force
from checks.network.reachability import (
    denies,
    leads_to,
    needs_private_endpoint,
    opens,
    opens_a_part,
    reachable,
)

ALLOWED, BLOCKED, UNKNOWN = "allowed", "blocked", "unknown"
WORDS = {True: ALLOWED, False: BLOCKED, None: UNKNOWN}


@dataclass(frozen=True, kw_only=True)
class ManagedNetwork:
    """A workspace's isolation mode and its outbound rules by name. Not `complete`: rules may be missing."""

    mode: str
    rules: Mapping[str, OutboundRule]
    complete: bool = True


@dataclass(frozen=True, kw_only=True)
class ReachAnswer:
    """The answer: allowed, blocked or unknown; the deciding rule, "" for none; and why, as a sentence."""

    answer: str
    rule: str
    reason: str


def reach_answer(network: ManagedNetwork, destination: Destination) -> ReachAnswer:
    """Return whether computes of the managed network may reach the destination, and why."""
    found = reachable(network.rules.values(), network.mode, destination, complete=network.complete)
    rule, reason = {True: _why_allowed, False: _why_blocked, None: _why_unknown}[found](network, destination)
    return ReachAnswer(answer=WORDS[found], rule=rule, reason=reason)


def _why_allowed(network: ManagedNetwork, destination: Destination) -> tuple[str, str]:
    opening = _first(name for name, rule in network.rules.items() if opens(rule, destination))
    if opening:
        return opening, f"The rule {opening} opens it."
    return "", f"{network.mode} opens every public address."


def _why_blocked(network: ManagedNetwork, destination: Destination) -> tuple[str, str]:
    for name, rule in network.rules.items():
        if leads_to(rule, destination) is not True:
            continue
        if denies(rule, destination):
            return name, f"The rule {name} denies it."
        if needs_private_endpoint(rule, destination):
            return name, f"The rule {name} names storage, which needs a private endpoint in this mode."
        if is_in_force(rule) is False:
            return name, f"The rule {name} would open it, but its status is {rule.status}."
    name = _first(name for name, rule in network.rules.items() if _lacks_the_port(rule, destination))
    if name:
        return name, f"The rule {name} opens the name on ports 80 and 443 over TCP only."
    return "", "No outbound rule in force opens it."


def _lacks_the_port(rule: OutboundRule, destination: Destination) -> bool:
    """Return whether the rule would open the destination if a host-name rule opened its port."""
    if not isinstance(destination, Host):
        return False
    by_name = Host(name=destination.name, port=HOST_PORTS[-1])
    return (rule.type or "").lower() == "fqdn" and by_name != destination and opens(rule, by_name) is True


def _why_unknown(network: ManagedNetwork, destination: Destination) -> tuple[str, str]:
    mode = network.mode.lower()
    if mode == "disabled":
        return "", "The managed network is off, so the customer's own network decides."
    if mode not in {"allowinternetoutbound", "allowonlyapprovedoutbound"}:
        return "", f"The isolation mode is {network.mode or 'not reported'}."
    if not network.complete:
        return "", "Not all outbound rules were read."
    opening = _first(name for name, rule in network.rules.items() if opens(rule, destination))
    denial = _first(name for name, rule in network.rules.items() if denies(rule, destination) is not False)
    if opening and denial:
        return opening, (
            f"The rule {opening} opens it and the rule {denial} may deny it; Azure does not document which wins."
        )
    if mode == "allowinternetoutbound" and is_public_place(destination) is None:
        return "", f"{network.mode} opens the public part of the network only."
    if is_public_place(destination) is False and isinstance(destination, Address):
        return "", "The address is private: it may be a private endpoint or the managed network itself."
    return _why_a_rule_may_open(network, destination)


def _why_a_rule_may_open(network: ManagedNetwork, destination: Destination) -> tuple[str, str]:
    names = [name for name, rule in network.rules.items() if opens(rule, destination) is None]
    if not names:
        return "", "The reported values do not decide it."
    name, rule = names[0], network.rules[names[0]]
    others = len(names) - 1
    more = f" {others} more rule{'s' if others > 1 else ''} may open it." if others else ""
    if not has_documented_type(rule):
        return name, f"The type of the rule {name} is {rule.type or 'not reported'}.{more}"
    if is_in_force(rule) is None:
        return name, f"The status of the rule {name} is {rule.status or 'not reported'}.{more}"
    if allows(rule) is None:
        return name, f"The action of the rule {name} is {rule.action or 'not reported'}.{more}"
    if opens_a_part(rule, destination):
        return name, f"The rule {name} opens a part of it.{more}"
    return name, f"The rule {name} may include it{_what_would_decide(rule, destination)}.{more}"


def _what_would_decide(rule: OutboundRule, destination: Destination) -> str:
    if isinstance(destination, Address) and rule.service_tag and destination.tags is not None:
        return ": the file of service tags does not decide it"
    if isinstance(destination, Address) and rule.service_tag:
        return ": the addresses of its service tag decide, so add --service-tags FILE"
    if isinstance(destination, Service) and rule.address_prefixes:
        return ": the addresses of the service tag decide"
    if isinstance(destination, Service) and rule.service_tag:
        return ": the two service tags have addresses in common"
    if isinstance(destination, Host) and rule.service_tag:
        return ": DNS decides whether the host has an address that the rule opens"
    if isinstance(destination, Host | Endpoint):
        return ": the name of its private endpoint does not follow from the target's id"
    return ": not all its values were reported"


def _first(names: Iterable[str]) -> str:
    return next(iter(names), "")

"""The outbound rules of the fleet, each different rule once, and what every workspace may reach with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from checks.contract.isolation import effective_mode
from checks.contract.tables import Tables
from checks.drift.openings import rule_of
from checks.network.destinations import Address, Destination, Endpoint, Host, Service
from checks.network.hosts import built_in_names, host_defect
from checks.network.ip_ranges import network_of, opening_defect
from checks.network.outbound_rules import OutboundRule
from checks.network.ports import parsed_ports
from checks.network.reach_answers import ManagedNetwork
from checks.network.reachability import denies, opens, reachable
from checks.network.service_tags import is_no_tag, is_shared
from checks.vocabulary import Vocabulary, grouped
from reports.tables.population import text_rows

EVERYBODY, ONE_OWNER, PRIVATE, AZURE, UNDECIDED = (
    "open to everybody",
    "one owner",
    "private endpoint",
    "Azure's own",
    "not decided",
)
"""The classes of destinations, by who can receive data there."""

_CONTENT = (
    "type", "category", "status", "action", "fqdn", "service_tag", "protocol", "port_ranges", "address_prefixes",
    "service_resource_id", "subresource_target", "destination", "error_information",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The outbound rules: their different contents, and for every row of the table the number of its content."""

    contents: Sequence[Mapping[str, str]]
    """Each has the columns of the table as texts, "" if not reported."""
    rules: Sequence[OutboundRule]
    classes: Sequence[str]
    number_of: Mapping[str, int]
    """By the lower-cased id of the rule."""


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """The rules and, by lower-cased id of the workspace, its managed network; a Project has that of its hub."""

    rules: Rules
    networks: Mapping[str, ManagedNetwork]
    names: Mapping[str, Sequence[tuple[str, int]]]
    """By lower-cased id of the workspace: the names of its own rules with the numbers of their contents, sorted."""


def fleet(tables: Tables) -> Fleet:
    """Return the managed networks of all workspaces."""
    rules = _rules(tables)
    frame = tables.outbound_rules
    names: dict[str, list[tuple[str, int]]] = {}
    owners = frame["workspace_id"].str.lower().fillna("")
    for key, owner, name in zip(frame.index, owners, frame["rule"].fillna(""), strict=True):
        names.setdefault(owner, []).append((name, rules.number_of[key]))
    workspaces = tables.effective.workspaces
    facts = zip(
        workspaces.index,
        workspaces["judged_by"].fillna(""),
        effective_mode(workspaces).fillna(""),
        workspaces["outbound_rules_known"].fillna(value=False),
        strict=True,
    )
    networks = {
        key: ManagedNetwork(
            mode=mode,
            rules={name: rules.rules[number] for name, number in sorted(names.get(judge, []))},
            complete=bool(complete),
        )
        for key, judge, mode, complete in facts
    }
    return Fleet(rules=rules, networks=networks, names={key: sorted(rows) for key, rows in names.items()})


def _rules(tables: Tables) -> Rules:
    frame = tables.outbound_rules
    alike = grouped([Vocabulary.of(frame[name].astype(object)) for name in _CONTENT])
    order = sorted(zip(text_rows(frame.iloc[alike.pool]), range(len(alike.pool)), strict=True), key=_key)
    place = {group: number for number, (_, group) in enumerate(order)}
    contents = [row for row, _ in order]
    rules = [rule_of(row) for row in contents]
    return Rules(
        contents=contents,
        rules=rules,
        classes=[_class(row, rule) for row, rule in zip(contents, rules, strict=True)],
        number_of=dict(zip(frame.index, (place[code] for code in alike.codes.tolist()), strict=True)),
    )


def _key(item: tuple[Mapping[str, str], int]) -> tuple[str, ...]:
    return tuple(item[0][name] for name in _CONTENT)


def _class(row: Mapping[str, str], rule: OutboundRule) -> str:
    if rule.type == "privateendpoint":
        return PRIVATE
    if row["category"].lower() in {"required", "recommended", "dependency"}:
        return AZURE
    if rule.type == "fqdn" and rule.fqdn:
        return EVERYBODY if host_defect(rule.fqdn, built_in_names()) else ONE_OWNER
    if rule.address_prefixes:
        defect = opening_defect(rule.address_prefixes.split(","), min_prefix=24, max_addresses=1024)
        return UNDECIDED if defect is None else EVERYBODY if defect else ONE_OWNER
    if rule.service_tag and not is_no_tag(rule.service_tag):
        return {True: EVERYBODY, False: ONE_OWNER, None: UNDECIDED}[is_shared(rule.service_tag)]
    return UNDECIDED


def destination_of(rule: OutboundRule) -> Destination | None:
    """Return the destination that the rule is about, None if its values were not reported or cannot be parsed."""
    if rule.type == "fqdn":
        return Host(name=rule.fqdn) if rule.fqdn else None
    if rule.type == "privateendpoint":
        return Endpoint(subresource=rule.subresource_target or "", resource_id=rule.service_resource_id or "")
    ports = parsed_ports(rule.port_ranges or "")
    if not ports or not rule.protocol:
        return None
    protocol = "TCP" if rule.protocol == "*" else rule.protocol.upper()
    port = 443 if any(low <= 443 <= high for low, high in ports) else ports[0][0]
    first = network_of((rule.address_prefixes or "").split(",")[0])
    if first is not None:
        return Address(network=first, protocol=protocol, port=port)
    return Service(tag=rule.service_tag, protocol=protocol, port=port) if rule.service_tag else None


def reach_counts(found: Fleet, destination: Destination) -> Counter[bool | None]:
    """Return how many workspaces may reach the destination, may not, or perhaps do (None).

    A rule that has nothing to do with the destination is asked once.
    """
    matters = {
        id(rule)
        for rule in found.rules.rules
        if opens(rule, destination) is not False or denies(rule, destination) is not False
    }
    return Counter(
        reachable(
            tuple(rule for rule in network.rules.values() if id(rule) in matters),
            network.mode,
            destination,
            complete=network.complete,
        )
        for network in found.networks.values()
    )


def inbound_postures(workspaces: pd.DataFrame) -> pd.Series[str]:
    """Return who may come in: private, selected addresses, public or unknown. Expects effective values.

    Public access that no documented firewall limits is public, also if the firewall was not reported.
    """
    access = workspaces["public_network_access"].str.lower()
    is_on = access.eq("enabled").fillna(value=False).astype(bool)
    denies = workspaces["network_acls_default_action"].str.lower().eq("deny").fillna(value=False).astype(bool)
    rules = workspaces["ip_rules"]
    every = [text for text in rules.dropna().unique() if _admits_all(text)]
    admits_all = rules.isin(every)
    found = pd.Series("unknown", index=workspaces.index, dtype="string")
    found = found.mask(access.eq("disabled").fillna(value=False).astype(bool), "private")
    found = found.mask(is_on, "public").mask(is_on & denies & ~admits_all, "selected addresses")
    return found.mask(is_on & denies & rules.isna(), "unknown")


def _admits_all(joined: str) -> bool:
    return opening_defect(joined.split(","), min_prefix=1, max_addresses=2**32) == "every address there is"


def outbound_postures(found: Fleet) -> dict[str, str]:
    """Return by workspace what its computes may reach, by `checks.network.reachability` and not by the mode's name."""
    shared = {
        id(rule): destination_of(rule)
        for rule, kind in zip(found.rules.rules, found.rules.classes, strict=True)
        if kind in {EVERYBODY, UNDECIDED}
    }
    return {key: _outbound(network, shared) for key, network in found.networks.items()}


def _outbound(network: ManagedNetwork, shared: Mapping[int, Destination | None]) -> str:
    if network.mode.lower() == "disabled":
        return "no managed network"
    rules = tuple(network.rules.values())
    if reachable((), network.mode, _ANYWHERE):
        return "internet"
    if reachable((), network.mode, _ANYWHERE) is None:
        return "unknown"
    answers = [_opens(rule, shared[id(rule)]) for rule in rules if id(rule) in shared]
    if True in answers:
        return "approved with an opening"
    return "approved only" if network.complete and None not in answers else "unknown"


_ANYWHERE = Service(tag="Internet")


def _opens(rule: OutboundRule, destination: Destination | None) -> bool | None:
    """Return whether the rule opens its destination, whatever a denial of another rule may change."""
    return None if destination is None else opens(rule, destination)

"""Outbound rules, and one list made of the two places Azure tells them in.

There are many times more rules than workspaces, told in two places and few of a kind: what a rule says is
kept apart from where it stands, once for all that say the same, and so are names and ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from sys import intern
from typing import Any, NamedTuple, TypeVar

import numpy as np
from pandas.api.extensions import ExtensionArray

from checks.contract.tables import column
from scanner.payloads import json_members


class Told(NamedTuple):
    """What a rule says: columns of `outbound_rules`, None where it is not reported."""

    type: str | None
    category: str | None
    status: str | None
    error_information: str | None
    destination: str | None
    fqdn: str | None
    service_tag: str | None
    protocol: str | None
    port_ranges: str | None
    address_prefixes: str | None
    action: str | None
    service_resource_id: str | None
    subresource_target: str | None
    spark_enabled: bool | None
    spark_status: str | None
    parent_rules: str | None

    @property
    def deciding(self) -> tuple[str | None, ...]:
        """What makes two rules of one name different rules."""
        return (
            self.type,
            self.status,
            self.category,
            self.destination,
            self.protocol,
            self.port_ranges,
            self.address_prefixes,
            self.action,
        )


class Rule(NamedTuple):
    """One rule of one workspace; `seen_in` says which place told it."""

    id: str
    workspace_id: str
    name: str
    told: Told
    seen_in: str


class InBody(NamedTuple):
    """A rule as its workspace's own body tells it, under no id of its own."""

    name: str
    told: Told


class BodyRules(NamedTuple):
    """The rules a workspace's own body tells, by name."""

    workspace_id: str
    told: dict[str, Told]


AnyRule = TypeVar("AnyRule", InBody, Rule)

_MOST_KNOWN = 50_000
"""How many different rules are recognised; past that, recognising begins anew."""


class RuleReader:
    """Makes rules of Azure's objects; rules that say the same share what they say."""

    def __init__(self) -> None:
        """Nothing read yet."""
        self._known: dict[bytes, Told] = {}

    def in_body(self, workspace_id: str, rules: Mapping[str, Any]) -> BodyRules:
        """The rules of a body, given as name to properties."""
        return BodyRules(workspace_id, {intern(name): self._told(rule) for name, rule in rules.items()})

    def listed(self, workspace_id: str, item: json_members.Object) -> Rule:
        """The rule a list tells; an id that is not its own, by place and name, is not believed."""
        rule_id, name = item["id"], json_members.last_part(item["id"])
        own_id = _rule_id(workspace_id, name)
        if rule_id != own_id and rule_id.lower() != own_id.lower():
            rule_id = own_id
        return Rule(rule_id, workspace_id, intern(name), self._told(item.get("properties")), "outboundRules")

    def _told(self, properties: Any) -> Told:
        written = json_members.content(properties)
        told = self._known.get(written)
        if told is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            told = self._known[written] = told_by(properties)
        return told


def _rule_id(workspace_id: str, name: str) -> str:
    return f"{workspace_id}/outboundRules/{name}"


def told_by(properties: Any) -> Told:
    """What the properties of a rule say; members of a wrong type are left as not reported."""
    destination = json_members.member(properties, "destination")
    return Told(
        type=json_members.named(properties, "type"),
        category=json_members.named(properties, "category"),
        status=json_members.named(properties, "status"),
        error_information=_error(properties),
        destination=_in_one_line(destination),
        fqdn=destination or None if isinstance(destination, str) else None,
        service_tag=json_members.named(destination, "serviceTag"),
        protocol=json_members.named(destination, "protocol"),
        port_ranges=json_members.named(destination, "portRanges"),
        address_prefixes=_prefixes(destination),
        action=json_members.named(destination, "action"),
        service_resource_id=json_members.named(destination, "serviceResourceId"),
        subresource_target=json_members.named(destination, "subresourceTarget"),
        spark_enabled=json_members.flag(destination, "sparkEnabled"),
        spark_status=json_members.named(destination, "sparkStatus"),
        parent_rules=json_members.joined(json_members.member(properties, "parentRuleNames")),
    )


def columns(rules: Sequence[Rule]) -> Iterator[tuple[str, Sequence[Any] | ExtensionArray]]:
    """The rules as the columns of `outbound_rules`, by name, one after the other.

    What rules say is made a column of once for all that say the same.
    """
    yield "rule_id", [rule.id for rule in rules]
    yield "workspace_id", [rule.workspace_id for rule in rules]
    yield "rule", [rule.name for rule in rules]
    yield "seen_in", [rule.seen_in for rule in rules]
    different = list({id(rule.told): rule.told for rule in rules}.values())
    numbers = {id(told): number for number, told in enumerate(different)}
    rows = np.array([numbers[id(rule.told)] for rule in rules], dtype=np.intp)
    for position, name in enumerate(Told._fields):
        yield name, column("outbound_rules", name, [told[position] for told in different]).take(rows)


def united(
    in_body: BodyRules | None, listed: Iterable[Rule] | None, partly_listed: Iterable[Rule] = ()
) -> tuple[list[Rule], str | None]:
    """The rules of one workspace by name, and how the two places disagree (None: they do not).

    `in_body` are those of the workspace's own body, `listed` those of a complete outboundRules list; None
    where a place told nothing. Where both tell a rule the list is taken: it is the rule's own resource.
    `partly_listed` are the rules of a list that broke off; they can add but not contradict.
    """
    own = _by_name(InBody(*each) for each in in_body.told.items()) if in_body else {}
    other = _by_name(listed if listed is not None else partly_listed)
    found = {name: Rule(*rule[:4], "both") if name in own else rule for name, rule in other.items()}
    if in_body is not None:
        alone = own.keys() - other.keys()
        found |= {name: _rule(in_body.workspace_id, own[name]) for name in alone}
    rules = [found[name] for name in sorted(found)]
    if in_body is None or listed is None:
        return rules, None
    return rules, _discrepancy(own, other)


def _rule(workspace_id: str, rule: InBody) -> Rule:
    return Rule(_rule_id(workspace_id, rule.name), workspace_id, rule.name, rule.told, "workspace")


def _by_name(rules: Iterable[AnyRule]) -> dict[str, AnyRule]:
    """The rules by lower-cased name, as Azure compares names; of two with one name, order decides nothing."""
    kept: dict[str, AnyRule] = {}
    for rule in rules:
        name = rule.name.lower()
        known = kept.setdefault(name, rule)
        if known is not rule:
            kept[name] = min(known, rule, key=repr)
    return kept


def _discrepancy(own: dict[str, InBody], other: dict[str, Rule]) -> str | None:
    differing = [name for name in own.keys() & other.keys() if _differ(own[name].told, other[name].told)]
    parts = (
        ("only in the workspace's body", own.keys() - other.keys()),
        ("only in its outboundRules list", other.keys() - own.keys()),
        ("told differently", differing),
    )
    texts = [
        f"{what}: {', '.join((other.get(name) or own[name]).name for name in sorted(names))}"
        for what, names in parts
        if names
    ]
    return "; ".join(texts) or None


def _differ(one: Told, other: Told) -> bool:
    return one is not other and one != other and one.deciding != other.deciding


def _error(properties: Any) -> str | None:
    """What went wrong with the rule; "" where Azure says null or nothing, which it does of a healthy one."""
    error = json_members.member(properties, "errorInformation")
    return (
        ""
        if error is None and isinstance(properties, dict)
        else json_members.text(properties, "errorInformation")
    )


def _in_one_line(destination: Any) -> str | None:
    if isinstance(destination, str):
        return destination or None
    return (
        json_members.named(destination, "serviceResourceId")
        or _prefixes(destination)
        or json_members.named(destination, "serviceTag")
    )


def _prefixes(destination: Any) -> str | None:
    """The address prefixes; "" where a service tag rule reports none, which makes its tag decide."""
    prefixes = json_members.member(destination, "addressPrefixes")
    if prefixes is None and json_members.named(destination, "serviceTag"):
        return ""
    return json_members.joined(prefixes)

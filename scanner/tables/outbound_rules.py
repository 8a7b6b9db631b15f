"""Outbound rules from the two places that report them: the workspace's body and its outboundRules list.

There are many more rules than workspaces, and few different ones. The properties of a rule are therefore kept
apart from its id and name, once for all equal rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from sys import intern
from typing import TYPE_CHECKING, Any, NamedTuple

from checks.contract.tables import column
from checks.frames import np
from scanner.payloads.json_members import (
    Object,
    content,
    flag,
    joined,
    key,
    last_part,
    member,
    named,
    text,
    without_slash,
)
from scanner.payloads.payload import Gap
from scanner.tables.page_rows import Page, PagedRows, keep_one

if TYPE_CHECKING:
    from pandas.api.extensions import ExtensionArray


class RuleProperties(NamedTuple):
    """The columns of `outbound_rules` that come from a rule's properties. None means not reported."""

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


_deciding = attrgetter(
    *("type", "status", "category", "destination", "protocol", "port_ranges", "address_prefixes", "action")
)
"""Returns the properties that make two rules of one name different rules."""


class Rule(NamedTuple):
    """One rule of one workspace. `seen_in` names the place that reports it."""

    id: str
    workspace_id: str
    name: str
    properties: RuleProperties
    seen_in: str


class BodyRules(NamedTuple):
    """The rules in a workspace's own body, by name."""

    workspace_id: str
    rules: dict[str, RuleProperties]


_MOST_KNOWN = 50_000
"""The most different rules that are remembered, to recognise equal ones. Then remembering starts again."""


class OutboundRules:
    """Collects the rules of all workspaces while payloads arrive."""

    def __init__(self) -> None:
        """Start empty. Everything is kept by the lower-cased id of the workspace."""
        self._known: dict[bytes, RuleProperties] = {}
        self._in_lists: dict[str, BodyRules] = {}
        self._in_details: dict[str, BodyRules] = {}
        self._listed: dict[str, PagedRows[Rule]] = {}

    def add_body(self, workspace_id: str, rules: Mapping[str, Any], *, is_detail: bool) -> None:
        """Add the rules of a body, given as name to properties. GET's body counts before LIST's item."""
        kept = self._in_details if is_detail else self._in_lists
        own = {intern(name): self._properties(rule) for name, rule in rules.items()}
        keep_one(kept, key(workspace_id), BodyRules(without_slash(workspace_id), own))

    def add_page(self, page: Page, items: Sequence[Object]) -> list[Rule]:
        """Add a page of a workspace's outboundRules list, and return its rules in the same order."""
        rules = [self._listed_rule(without_slash(page.scope), item) for item in items]
        listed = self._listed.setdefault(key(page.scope), PagedRows(_rule_id))
        listed.add_page(page, ((rule.name.lower(), rule) for rule in rules))
        return rules

    def disputes(self) -> Iterator[Gap]:
        """Return a gap for every page that describes a rule differently from another page."""
        return chain.from_iterable(listed.disputes() for listed in self._listed.values())

    def finished(
        self, is_whole: Callable[[str], bool | None]
    ) -> Iterator[tuple[str, list[Rule], str | None]]:
        """Yield each workspace's key, rules and disagreement of the two places; all rules sorted by id.

        `is_whole` returns whether a workspace's list was read completely. A yielded row is not kept.
        """
        in_body = self._in_lists | self._in_details
        self._in_lists.clear()
        self._in_details.clear()
        for workspace in sorted(in_body.keys() | self._listed.keys(), key="{}/".format):
            listed = self._listed.pop(workspace, None)
            body = in_body.pop(workspace, None)
            own = _by_name(body) if body else {}
            rows = listed.rows if listed else {}
            both_are_known = body and listed and is_whole(workspace)
            yield workspace, _merged(own, rows), _discrepancy(own, rows) if both_are_known else None

    def _listed_rule(self, workspace_id: str, item: Object) -> Rule:
        """Return the rule of a list's item. An id that differs from place and name is replaced."""
        rule_id, name = item["id"], last_part(item["id"])
        own_id = _id_of(workspace_id, name)
        if rule_id != own_id and rule_id.lower() != own_id.lower():
            rule_id = own_id
        properties = self._properties(item.get("properties"))
        return Rule(rule_id, workspace_id, intern(name), properties, "outboundRules")

    def _properties(self, properties: Any) -> RuleProperties:
        written = content(properties)
        known = self._known.get(written)
        if known is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            known = self._known[written] = rule_properties(properties)
        return known


def _by_name(body: BodyRules) -> dict[str, Rule]:
    """Return the rules of a body by lower-cased name, as Azure compares names."""
    own: dict[str, Rule] = {}
    for name, properties in body.rules.items():
        rule = Rule(_id_of(body.workspace_id, name), body.workspace_id, name, properties, "workspace")
        keep_one(own, name.lower(), rule)
    return own


def _merged(own: Mapping[str, Rule], listed: Mapping[str, Rule]) -> list[Rule]:
    """Merge the rules of the body and of the list by name, and sort them.

    If both places report a rule, the list's counts: there it is a resource of its own.
    """
    rules = {name: Rule(*rule[:4], "both") if name in own else rule for name, rule in listed.items()}
    merged = {**own, **rules}
    return [merged[name] for name in sorted(merged)]


def _discrepancy(own: Mapping[str, Rule], listed: Mapping[str, Rule]) -> str | None:
    """Describe how the two places disagree. None if they do not."""
    differing = {
        name for name in own.keys() & listed.keys() if _differ(own[name].properties, listed[name].properties)
    }
    parts = (
        ("only in the workspace's body", own.keys() - listed.keys()),
        ("only in its outboundRules list", listed.keys() - own.keys()),
        ("different in the two", differing),
    )
    rules = {**own, **listed}
    texts = [
        f"{what}: {', '.join(rules[name].name for name in sorted(names))}" for what, names in parts if names
    ]
    return "; ".join(texts) or None


def _differ(one: RuleProperties, other: RuleProperties) -> bool:
    return one is not other and bool(_deciding(one) != _deciding(other))


def _action(destination: Any) -> str | None:
    """Return the action, None if it is absent, which allows, and "" if a source does not show it."""
    action = member(destination, "action")
    return named(destination, "action") if action is None or isinstance(action, str) else ""


def rule_properties(properties: Any) -> RuleProperties:
    """Translate the properties of a rule. A member of a wrong type counts as not reported."""
    destination = member(properties, "destination")
    return RuleProperties(
        type=named(properties, "type"),
        category=named(properties, "category"),
        status=named(properties, "status"),
        error_information=_error(properties),
        destination=_in_one_line(destination),
        fqdn=destination or None if isinstance(destination, str) else None,
        service_tag=named(destination, "serviceTag"),
        protocol=named(destination, "protocol"),
        port_ranges=named(destination, "portRanges"),
        address_prefixes=_prefixes(destination),
        action=_action(destination),
        service_resource_id=named(destination, "serviceResourceId"),
        subresource_target=named(destination, "subresourceTarget"),
        spark_enabled=flag(destination, "sparkEnabled"),
        spark_status=named(destination, "sparkStatus"),
        parent_rules=joined(member(properties, "parentRuleNames")),
    )


def columns(rules: Sequence[Rule]) -> Iterator[tuple[str, Sequence[Any] | ExtensionArray]]:
    """Yield the columns of `outbound_rules` by name; equal properties are converted once."""
    yield "rule_id", [rule.id for rule in rules]
    yield "workspace_id", [rule.workspace_id for rule in rules]
    yield "rule", [rule.name for rule in rules]
    yield "seen_in", [rule.seen_in for rule in rules]
    different = list({id(rule.properties): rule.properties for rule in rules}.values())
    numbers = {id(each): number for number, each in enumerate(different)}
    rows = np.array([numbers[id(rule.properties)] for rule in rules], dtype=np.intp)
    for position, name in enumerate(RuleProperties._fields):
        yield name, column("outbound_rules", name, [each[position] for each in different]).take(rows)


def _id_of(workspace_id: str, name: str) -> str:
    return f"{workspace_id}/outboundRules/{name}"


def _rule_id(rule: Rule) -> str:
    return rule.id


def _error(properties: Any) -> str | None:
    """Return why the rule failed. "" if Azure reports null or nothing, as it does for a healthy rule."""
    error = member(properties, "errorInformation")
    is_healthy = error is None and isinstance(properties, dict)
    return "" if is_healthy else text(properties, "errorInformation")


def _in_one_line(destination: Any) -> str | None:
    if isinstance(destination, str):
        return destination or None
    return (
        named(destination, "serviceResourceId") or _prefixes(destination) or named(destination, "serviceTag")
    )


def _prefixes(destination: Any) -> str | None:
    """Return the address prefixes. "" if a service-tag rule reports none: then its tag decides."""
    prefixes = member(destination, "addressPrefixes")
    if prefixes is None and named(destination, "serviceTag"):
        return ""
    return joined(prefixes)

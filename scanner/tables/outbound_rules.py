"""The outbound rules of all workspaces, collected from the two places Azure tells them in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

from scanner.payloads import json_members
from scanner.payloads.payload import Gap
from scanner.tables.listings import Listings, Page, keep_one
from scanner.tables.outbound_rule_rows import BodyRules, Rule, RuleReader, united


class OutboundRules:
    """Collects rules while payloads arrive, by the lower-cased id of their workspace."""

    def __init__(self) -> None:
        """Nothing told yet."""
        self._reader = RuleReader()
        self._in_lists: dict[str, BodyRules] = {}
        self._in_details: dict[str, BodyRules] = {}
        self._listed: dict[str, Listings[Rule]] = {}
        self._begun = Listings(_rule_id)

    def add_body(self, workspace_id: str, rules: Mapping[str, Any], *, is_detail: bool) -> None:
        """A body tells these, by name; that of the workspace's own answer counts before its list's."""
        told = self._in_details if is_detail else self._in_lists
        keep_one(told, json_members.key(workspace_id), self._reader.in_body(workspace_id, rules))

    def begin(self, workspace_id: str, page: Page) -> None:
        """What is added from now on is told by this page of the workspace's outboundRules list."""
        self._begun = self._listed.setdefault(json_members.key(workspace_id), Listings(_rule_id))
        self._begun.begin(page)

    def add(self, workspace_id: str, item: json_members.Object) -> Rule:
        """The page that was begun tells this rule."""
        rule = self._reader.listed(workspace_id, item)
        self._begun.add(rule.name.lower(), rule)
        return rule

    def disputes(self) -> Iterator[Gap]:
        """The gap of every page that tells a rule otherwise than another."""
        return chain.from_iterable(listings.disputes() for listings in self._listed.values())

    def finished(
        self, is_whole: Callable[[str], bool | None]
    ) -> Iterator[tuple[str, list[Rule], str | None]]:
        """Of each workspace its key, its rules, and how the two places disagree; in all, rules sorted by id.

        `is_whole` says whether a workspace's list was read to its end. What was handed out is not kept.
        """
        in_body = self._in_lists | self._in_details
        self._in_lists.clear()
        self._in_details.clear()
        for key in sorted(in_body.keys() | self._listed.keys(), key="{}/".format):
            listings = self._listed.pop(key, None)
            told = list(listings.rows.values()) if listings else []
            whole = told if listings and is_whole(key) else None
            rules, discrepancy = united(in_body.pop(key, None), whole, told)
            yield key, rules, discrepancy


def _rule_id(rule: Rule) -> str:
    return rule.id

"""Check that the scope that a statement asks for was read: tenants, management groups, subscriptions, discovery.

`completeness` calls `of_subscriptions`, and `verification` what the policies need.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from checks.errors import AuditError
from scanner.evidence.statement import AskedFor, ScanRecord
from scanner.evidence.verifying.ledger import Ledger
from scanner.payloads import json_members
from scanner.reading.collection import Collection
from scanner.scope.file import scope_of_text
from scanner.scope.subscriptions import is_id, left_out_by, named, selected
from scanner.tables.graph_rows import GRAPH

OF_SUBSCRIPTION = frozenset({"workspaces", "provider", "subscription"})
"""The kinds of answers of which a subscription that was read has one."""


def needed_problems(
    ledger: Ledger, record: ScanRecord, needed: Collection, groups: Iterable[str]
) -> Iterator[str]:
    """Yield a text for everything that the policies need and the scan did not ask for.

    `groups` are the management groups that the policies know. Another policy may judge a replay, so its statement
    asks for what the first scan asked for.
    """
    asked = record.asked_for
    if record.replay_of is None:
        yield from () if ledger.files else _groups(ledger, asked, groups)
        for name in sorted((needed.kinds - {*asked.kinds}) | (needed.members - {*asked.members})):
            yield f"The policies need {name}, and the statement does not ask for it."
    if asked.scope_file is not None:
        yield from _scope_file(asked, asked.scope_file)


def _scope_file(asked: AskedFor, text: str) -> Iterator[str]:
    """Yield a text if the sealed scope file does not give the rules of the statement."""
    try:
        rules = scope_of_text(text, "the sealed scope file").rules
    except AuditError as error:
        yield f"The statement has a scope file that is none: {error}"
        return
    for name, value in asked.wanted.rules.items():
        if rules[name] != value:
            yield f"The sealed scope file asks for {name} {rules[name]}, and the statement for {value}."


def chosen_subscriptions(ledger: Ledger, asked: AskedFor) -> set[str]:
    """Return the subscriptions that the statement asks for, as far as the answers name them."""
    facts, below = ledger.visible, {group.lower(): found for group, found in ledger.below.items()}
    every = facts.keys() | selected(ledger.wanted, facts, below)
    left_out = {each for each in every if left_out_by(ledger.wanted, each, facts, below)}
    return every - left_out | {each.lower() for each in asked.subscriptions if is_id(each)} - left_out


def unread_subscriptions(ledger: Ledger, asked: AskedFor, chosen: set[str]) -> Iterator[str]:
    """Yield a text for everything in the scope that was not asked for or not answered."""
    if not any(kind == "subscriptions" for kind, _ in ledger.places | ledger.gaps):
        yield "No answer, refusal or gap lists the subscriptions."
    for tenant in _tenants(asked):
        if tenant and not ledger.is_settled(("subscriptions", f"/tenants/{tenant}/subscriptions")):
            yield f"Tenant {tenant} was asked for, and no answer, refusal or gap lists its subscriptions."
    yield from _groups(ledger, asked, (*asked.management_groups, *asked.excluded_management_groups))
    for wanted in asked.subscriptions:
        # Redaction replaces addresses in names, and a list that broke off may lack the name.
        if not named(wanted, ledger.visible) and "@" not in wanted and "subscriptions" not in ledger.broken:
            yield f"Subscription {wanted!r} was asked for, and no answer names it."
    shown = ledger.graph.rows.shown() if asked.discovery == "graph" else {}
    for each in sorted(chosen):
        is_empty = each in shown and not shown[each].workspaces
        if not is_empty and not OF_SUBSCRIPTION & _settled_kinds(ledger, each):
            yield f"Subscription {each} was asked for, and has no answer, refusal or gap."
    is_whole = "subscriptions" not in ledger.broken
    for each in sorted(chosen - ledger.listed) if is_whole else ():
        if not ledger.is_settled(("subscription", f"/subscriptions/{each}")):
            yield f"Subscription {each} is in no list, and has no answer, refusal or gap of its own."


def _groups(ledger: Ledger, asked: AskedFor, groups: Iterable[str]) -> Iterator[str]:
    """Yield a text for each management group that a tenant was not asked about."""
    refused = {each.place for each in ledger.superseded}
    for group in groups:
        path = f"/providers/microsoft.management/managementgroups/{group.lower()}/descendants"
        for tenant in _tenants(asked):
            place = "descendants", json_members.of_tenant(tenant, path)
            if not ledger.is_settled(place) and place not in refused:
                yield f"Management group {group} was asked for, and has no answer, refusal or gap."
                break


def _tenants(asked: AskedFor) -> list[str]:
    """Return the lower-cased tenants of a scan, "" for the only one."""
    return [each.lower() for each in asked.tenants] if len(asked.tenants) > 1 else [""]


def _settled_kinds(ledger: Ledger, subscription: str) -> set[str]:
    """Return the kinds of answers and gaps of a subscription. An answer about itself does not list anything."""
    kinds = ledger.asked_of[subscription]
    return kinds - {"subscription"} if subscription in ledger.visible else kinds


def unasked_subscriptions(ledger: Ledger, chosen: set[str]) -> Iterator[str]:
    """Yield a text for each subscription that was read and that the statement does not ask for."""
    for each in sorted(ledger.asked_of.keys() - chosen):
        if {"workspaces", "workspace", "provider"} & ledger.asked_of[each]:
            yield f"Subscription {each} has answers, and the statement does not ask for it."


def discovery_problems(ledger: Ledger, asked: AskedFor, chosen: set[str]) -> Iterator[str]:
    """Yield a text for each subscription that Resource Graph should have been asked about."""
    if asked.discovery == "arm":
        if ledger.graph.were_sent:
            yield "Resource Graph answered, and the statement does not ask it."
        return
    if not any(kind == GRAPH for kind, _ in ledger.gaps):
        for each in sorted((chosen & ledger.visible.keys()) - ledger.graph.subscriptions):
            yield f"Discovery asks Resource Graph about subscription {each}, and has no answer, refusal or gap."
    yield from ledger.graph.problems()

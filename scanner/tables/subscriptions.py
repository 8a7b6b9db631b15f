"""Subscriptions as rows: whether each was read, how many workspaces it has, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from scanner.payloads import gaps
from scanner.payloads.bodies import parsed
from scanner.payloads.gaps import arm_error
from scanner.payloads.json_members import (
    Object,
    joined,
    last_part,
    named,
    objects,
    subscription_of,
    text,
)
from scanner.payloads.pages import identity_of, subscriptions_below
from scanner.payloads.payload import Gap, Payload
from scanner.payloads.secret_forms import redacted_text
from scanner.scope.subscriptions import LeftOut, SubscriptionFacts, left_out_by, selected, undecided
from scanner.scope.wanted import Wanted
from scanner.tables.children import PROVIDER
from scanner.tables.graph_rows import GRAPH, asked_subscriptions
from scanner.tables.page_rows import keep_one
from scanner.tables.rows import Row

SUBSCRIPTION_KINDS = ("workspaces", "subscription", "provider")
"""The kinds of gap that mean a subscription was not read."""

_NOT_LISTED = (
    "Not listed: Resource Graph has no workspace here. It leaves out what the identity may not read."
)
_NOT_COMPARED = "the workspaces come from Azure Resource Manager alone."


NOTHING_READ = Gap(
    scope="/subscriptions",
    subscription_id=None,
    asked="subscriptions",
    request="count the subscriptions that were read",
    code=gaps.NONE_READ,
    message="No subscription was read, so nothing was audited.",
    closes="Choose at least one subscription whose workspaces can be listed, and run the audit again.",
)
"""The gap of an audit of nothing, whether it reads Azure, an evidence bundle or an export."""


class SubscriptionRows:
    """Collects what payloads and gaps report about subscriptions, by lower-cased id."""

    def __init__(self, wanted: Wanted) -> None:
        """Start empty. `wanted` leaves out some of them."""
        self._wanted = wanted
        self._rows: dict[str, Row] = {}
        self._facts: dict[str, SubscriptionFacts] = {}
        self._listed: dict[str, set[str]] = {}
        self._empty: dict[str, str] = {}
        self._undecided: dict[str, Gap] = {}
        self._problems: dict[str, set[str]] = {}
        self._groups: dict[str, set[str]] = {}
        self._unread_groups: set[str] = set()
        self._in_graph: dict[str, int] = {}
        self._networks: dict[str, str] = {}
        self._graph_refusals: dict[str, str] = {}

    def add(self, item: Object) -> str:
        """Add a subscription from LIST or GET, and return its lower-cased id."""
        resource_id = named(item, "id") or ""
        subscription_id = listed_id(item) or ""
        facts = facts_of(item)
        keep_one(self._facts, subscription_id.lower(), facts)
        tenants = objects(item, "managedByTenants")
        managed_by = None if tenants is None else [each["tenantId"] for each in tenants if "tenantId" in each]
        row = {
            "subscription_resource_id": resource_id or f"/subscriptions/{subscription_id}",
            "subscription_id": subscription_id,
            "subscription": text(item, "displayName"),
            "state": facts.state,
            "quota_id": facts.quota_id,
            "tenant_id": text(item, "tenantId"),
            "authorization_source": text(item, "authorizationSource"),
            "managed_by_tenants": joined(managed_by),
        }
        if "state" in self._rows.get(subscription_id.lower(), {}):
            keep_one(self._rows, subscription_id.lower(), row)
        else:
            self._rows[subscription_id.lower()] = row
        return subscription_id.lower()

    def count(self, subscription_id: str, workspaces: Iterable[str]) -> None:
        """Count the workspaces on one more page of the subscription's list, by key and each once."""
        self._listed.setdefault(subscription_id.lower(), set()).update(workspaces)

    def add_descendants(self, page: Payload) -> set[str]:
        """Add a page of a management group's descendants, and return the subscriptions on it."""
        below = subscriptions_below(page)
        self._groups.setdefault(last_part(page.scope), set()).update(below)
        return below

    def count_in_graph(self, subscription_id: str, workspaces: int) -> None:
        """Record how many workspaces Resource Graph has in the subscription."""
        self._in_graph[subscription_id.lower()] = workspaces

    def note_superseded(self, answer: Payload) -> None:
        """Record that Resource Graph refused to answer about the subscriptions of a query."""
        if answer.kind != GRAPH:
            return
        code, _ = arm_error(parsed(answer.body))
        refusal = f"Resource Graph answered {answer.status} {code}".strip()
        for key in asked_subscriptions(answer.request_body):
            self._graph_refusals[key] = f"{refusal}: {_NOT_COMPARED}"

    def note_provider(self, answer: Payload) -> None:
        """Record the state of Machine Learning in the subscription, and whether it proves that there is nothing."""
        key, state = (answer.subscription_id or "").lower(), registration_state(answer)
        if proves_absence(state):
            self._empty[key] = f"{PROVIDER} is {state} here: no workspace can exist."
        else:
            self._undecided[key] = _undecided(answer, state)

    def note_network(self, answer: Payload) -> None:
        """Record the state of Microsoft.Network in the subscription."""
        self._networks[(answer.subscription_id or "").lower()] = registration_state(answer)

    def note_unusable(self, answer: Payload) -> None:
        """Record that the subscription's type may not use Machine Learning."""
        code, message = arm_error(parsed(answer.body))
        note = f"{code}: {redacted_text(message)} No workspace can exist."
        self._empty[(answer.subscription_id or "").lower()] = note

    def left_out(self) -> Mapping[str, LeftOut]:
        """Return the rule that leaves out each subscription that is not in scope, by lower-cased id."""
        below = {group.lower(): subscriptions for group, subscriptions in self._groups.items()}
        known = {
            **self._facts,
            **{key: SubscriptionFacts() for key in self._rows.keys() - self._facts.keys()},
        }
        every = sorted(known.keys() | selected(self._wanted, known, below))
        rules = {key: left_out_by(self._wanted, key, known, below) for key in every}
        return {key: rule for key, rule in rules.items() if rule is not None}

    def count_known(self) -> int:
        """Return the number of subscriptions that are known, in scope or not."""
        return len(self._rows.keys() | self.left_out().keys())

    def unsettled(self) -> Iterator[Gap]:
        """Yield a gap for every subscription of which neither the list nor the provider's state is conclusive."""
        for key, gap in sorted(self._undecided.items()):
            if key not in self._listed and key not in self._problems and key not in self._empty:
                yield gap

    @property
    def were_read(self) -> bool:
        """Return whether at least one subscription was read, or is known to be empty."""
        return bool(self._listed or self._empty)

    def note(self, gap: Gap) -> None:
        """Record a gap of a management group, of a subscription or of its list of workspaces."""
        if gap.asked == "descendants":
            self._unread_groups.add(last_part(gap.scope))
        if gap.asked not in SUBSCRIPTION_KINDS or not gap.subscription_id:
            return
        key = gap.subscription_id.lower()
        self._problems.setdefault(key, set()).add(f"{gap.code}: {gap.message}")
        if gap.asked == "subscription":
            row = {"subscription_resource_id": gap.scope, "subscription_id": gap.subscription_id}
            self._rows.setdefault(key, row)

    def finished(self, notes_of: Mapping[str, str], counts: Mapping[str, int]) -> list[Row]:
        """Return the rows, each with its management groups, counts, and why it was not read.

        `notes_of` has more notes by lower-cased id, and `counts` the number of workspaces that a rule leaves out.
        """
        known_groups = joined(sorted(self._groups.keys() - self._unread_groups))
        left_out = self.left_out()
        rows = []
        for key, row in self._rows.items():
            below = sorted(group for group, subscriptions in self._groups.items() if key in subscriptions)
            read, workspaces, note = self._outcome(key)
            rule = None if read is not None else left_out.get(key)
            unsure = () if rule else undecided(self._wanted, self._facts.get(key, SubscriptionFacts()))
            first = rule.text if rule else note
            added = (*unsure, notes_of.get(key), self._graph_refusals.get(key))
            notes = [each for each in (first, *added) if each]
            rows.append(
                row
                | {
                    "management_groups": joined(below) if self._groups else None,
                    "known_management_groups": known_groups,
                    "workspaces_in_graph": self._in_graph.get(key),
                    "network_registration_state": self._networks.get(key) or None,
                    "read": read,
                    "left_out_by": rule.rule if rule else None,
                    "workspaces_left_out": None if workspaces is None else counts.get(key, 0),
                    "workspaces": workspaces,
                    "note": "; ".join(notes) or None,
                }
            )
        return rows

    def _outcome(self, key: str) -> tuple[bool | None, int | None, str | None]:
        """Return whether the subscription was read, how many workspaces it has, and a note."""
        problems, listed = self._problems.get(key), self._listed.get(key)
        count = None if listed is None else len(listed)
        if problems:
            return False, count, "; ".join(sorted(problems))
        if count is not None:
            return True, count, None
        if key in self._empty:
            return True, 0, self._empty[key]
        return None, None, _NOT_LISTED if self._in_graph.get(key) == 0 else "Not asked for."


def facts_of(item: Object) -> SubscriptionFacts:
    """Return what the rules of a scope need to know of a subscription from LIST or GET."""
    return SubscriptionFacts(
        name=text(item, "displayName") or "",
        state=text(item, "state") or None,
        quota_id=text(item, "subscriptionPolicies", "quotaId") or None,
        tenant_id=text(item, "tenantId") or "",
    )


def registration_state(provider: Payload) -> str:
    """Return the provider's registrationState in the subscription, or "" if there is none."""
    return text(provider.document, "registrationState") or ""


def proves_absence(state: str) -> bool:
    """Check whether no workspace can exist in this registration state.

    A provider cannot be unregistered while its resources exist, and resources may already be created while it
    is Registering (learn.microsoft.com, "Azure resource providers and types"). Other states prove nothing.
    """
    return state.lower() in ("notregistered", "unregistered")


def listed_id(item: Object) -> str | None:
    """Return the id of a subscription. Either of its two members is enough; None if they differ."""
    return subscription_of(identity_of("subscriptions", item) or "")


def _undecided(provider: Payload, state: str) -> Gap:
    message = (
        f"{PROVIDER} is {state or 'in no stated state'} in this subscription, and its workspaces were not listed. "
        "Workspaces may exist."
    )
    closes = "Run the audit again when the state is Registered, NotRegistered or Unregistered."
    return gaps.gap(
        provider.ask, "RegistrationUndecided", message, closes, status=provider.status, about=provider.id
    )

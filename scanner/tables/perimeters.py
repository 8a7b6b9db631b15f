"""The network security perimeter around a storage account or key vault, as columns of `associated_resources`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from scanner.payloads.json_members import Object, key, member, named, objects, said, text
from scanner.payloads.payload import Gap, Payload
from scanner.tables.rows import Row

_INBOUND, _OUTBOUND = "inbound", "outbound"

_STATES = frozenset({"accepted", "creating", "updating", "deleting", "failed", "canceled"})
"""The provisioning states other than Succeeded, from networksecurityperimeter.json of ARM's common types, version 5."""


class PerimeterAnswers:
    """Collects the pages of each resource's list of `networkSecurityPerimeterConfigurations`."""

    def __init__(self) -> None:
        """Start empty."""
        self._pages: dict[str, dict[str, Payload | Gap]] = defaultdict(dict)

    def add(self, answer: Payload | Gap) -> None:
        """Add a page or its gap. If several workers asked for one page, a payload comes before a gap."""
        pages = self._pages[key(answer.scope)]
        url = answer.ask.request if isinstance(answer, Payload) else answer.request
        known = pages.get(url)
        if known is None or (isinstance(known, Gap), _id(known)) > (isinstance(answer, Gap), _id(answer)):
            pages[url] = answer

    def of(self, resource_id: str) -> Sequence[Payload | Gap]:
        """Return the pages about a resource, sorted by their URL. Empty if nobody asked."""
        pages = self._pages.get(key(resource_id), {})
        return [pages[url] for url in sorted(pages)]

    def columns(self, resource_id: str) -> Row:
        """Return the columns of a resource. Empty if nobody asked."""
        pages = self.of(resource_id) if self._pages else ()
        if not pages:
            return {}
        read = [page for page in pages if isinstance(page, Payload) and page.status == 200]
        if len(read) == len(pages):
            return {"perimeter_status": "read"} | _columns(read)
        is_missing = not any(isinstance(page, Gap) for page in pages)
        return {"perimeter_status": "missing" if is_missing else "unreadable"}


def _id(answer: Payload | Gap) -> str:
    return answer.evidence_id if isinstance(answer, Gap) else answer.id


def _columns(pages: Iterable[Payload]) -> Row:
    """Return what the associations of one resource demand together. Azure allows one association."""
    lists = [objects(page.document, "value") for page in pages]
    associations = [item.get("properties") for items in lists for item in items or ()]
    if None in lists:
        return {}
    return {
        "perimeter_access_mode": _joined(_mode(each) for each in associations),
        "perimeter_id": _joined(named(each, "networkSecurityPerimeter", "id") for each in associations),
        "perimeter_prefixes": _joined(part for each in associations for part in _admitted(each, _prefixes)),
        "perimeter_subscriptions": _joined(
            part for each in associations for part in _admitted(each, _subscriptions)
        ),
        "perimeter_issues": _joined(part for each in associations for part in _issues(each)),
    }


def _joined(parts: Iterable[str | None]) -> str | None:
    """Join the parts with ", ", each once. None if one of them was not reported."""
    found = list(dict.fromkeys(parts))
    return None if None in found else ", ".join(str(part) for part in found)


def _mode(association: Any) -> str | None:
    return named(association, "resourceAssociation", "accessMode")


def _admitted(association: Any, parts: Any) -> Iterable[str | None]:
    """Yield what the inbound rules of an association name. None for rules that cannot be read."""
    profile = member(association, "profile")
    rules = objects(profile, "accessRules")
    if rules is None:
        if not isinstance(profile, dict) or profile.get("accessRules") is not None:
            yield None
        return
    for rule in rules:
        direction = (text(rule, "properties", "direction") or "").lower()
        if direction == _INBOUND:
            yield from parts(rule)
        elif direction != _OUTBOUND:
            yield None


_READ_OR_OUTBOUND = frozenset({"direction", "addressPrefixes", "subscriptions", "provisioningState"}) | {
    *("fullyQualifiedDomainNames", "emailAddresses", "phoneNumbers"),
}
"""The members of a rule that the columns show, and those of outbound rules (Microsoft.Network, 2024-07)."""


def _prefixes(rule: Object) -> Iterable[str | None]:
    """Yield the prefixes of an inbound rule. None for one that cannot be read, and for any other criterion.

    A rule may admit `serviceTags` or the resources of other perimeters (`networkSecurityPerimeters`). The answer does
    not show the addresses behind them.
    """
    if any(value and name not in _READ_OR_OUTBOUND for name, value in rule["properties"].items()):
        yield None
    prefixes = member(rule, "properties", "addressPrefixes")
    if prefixes is None:
        return
    if not isinstance(prefixes, list):
        yield None
        return
    yield from map(said, prefixes)


def _subscriptions(rule: Object) -> Iterable[str | None]:
    properties = rule.get("properties")
    if member(properties, "subscriptions") is None:
        return
    listed = objects(properties, "subscriptions")
    yield from [None] if listed is None else (said(each.get("id")) for each in listed)


def _issues(association: Any) -> Iterable[str | None]:
    """Yield the issues and a state other than Succeeded. None for what was not reported and for an undocumented state.

    An undocumented state beside an issue adds nothing, because the issue decides.
    """
    reported = member(association, "provisioningIssues")
    issues = [] if reported is None else objects(association, "provisioningIssues")
    if issues is None:
        yield None
        return
    yield from map(_issue, issues)
    state = named(association, "provisioningState") or ""
    if state.lower() in _STATES:
        yield state
    elif state.lower() != "succeeded" and not issues:
        yield None


def _issue(issue: Object) -> str:
    kind = named(issue, "properties", "issueType") or named(issue, "name") or "an issue without a name"
    description = named(issue, "properties", "description")
    return f"{kind}: {description}" if description else kind

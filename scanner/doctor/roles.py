"""Finds which actions the identity may use, from the answers to a sample of a scan's questions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from scanner.doctor.findings import Finding, fine, limited, untried
from scanner.doctor.permissions import ALWAYS, GROUPS, OF_KIND
from scanner.payloads.answers import ADDRESS_RULES, PERIMETERS
from scanner.payloads.payload import Gap, Payload
from scanner.tables.associated import ASSOCIATED
from scanner.tables.networks import NETWORK_TYPES
from scanner.tables.tabulate import item_kind

_LISTING, _REGISTRATION, _WORKSPACES = ALWAYS
_ACTION_OF_KIND = {
    "subscriptions": _LISTING,
    "subscription": _LISTING,
    "provider": _REGISTRATION,
    "workspaces": _WORKSPACES,
    "workspace": _WORKSPACES,
    ADDRESS_RULES: _WORKSPACES,
    "descendants": next(iter(GROUPS)),
    **{kind: list(actions)[-1] for kind, actions in OF_KIND.items()},
}

_SHOWN = 3


def role_findings(actions: Mapping[str, str], items: Sequence[Payload | Gap]) -> Iterator[Finding]:
    """Yield a finding for every action, and one for every other kind of failure."""
    for action, reads in actions.items():
        asked = [item for item in items if _action(item).lower() == action.lower()]
        yield _allowed(action, reads, asked)
    others: dict[str, list[Gap]] = {}
    for gap in items:
        if isinstance(gap, Gap) and not _is_refusal(gap) and gap.code != "NoSubscriptionVisible":
            others.setdefault(gap.code, []).append(gap)
    for code, gaps in sorted(others.items()):
        first = min(gaps, key=lambda gap: (gap.scope, gap.asked))
        seen = f"{len(gaps)} unanswered, first {first.asked} of {first.scope}: {first.message}"
        yield limited(code, seen, first.closes)


def _allowed(action: str, reads: str, asked: Sequence[Payload | Gap]) -> Finding:
    refused = sorted(
        (item for item in asked if isinstance(item, Gap) and _is_refusal(item)), key=lambda gap: gap.scope
    )
    answered = [item for item in asked if isinstance(item, Payload) and not item.superseded]
    if refused:
        where = _places(refused)
        seen = f"{reads}: refused {len(refused)} of {len(refused) + len(answered)} times, in {where}"
        return limited(action, seen, refused[0].closes)
    if answered:
        return fine(action, f"{reads}: allowed")
    return untried(action, f"{reads}: not tested, because there was nothing to read")


def _places(refused: Iterable[Gap]) -> str:
    places = sorted(
        {f"subscription {gap.subscription_id}" if gap.subscription_id else gap.scope for gap in refused}
    )
    more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    return ", ".join(places[:_SHOWN]) + more


def _is_refusal(gap: Gap) -> bool:
    return gap.http_status == 403


def _action(item: Payload | Gap) -> str:
    if item_kind(item) == ASSOCIATED:
        namespace, _, kind = item.scope.rpartition("/providers/")[2].partition("/")
        return f"{namespace}/{kind.partition('/')[0]}/read"
    if item_kind(item) == PERIMETERS:
        namespace, kind = item.scope.rpartition("/providers/")[2].split("/")[:2]
        return f"{namespace}/{kind}/{PERIMETERS}/read"
    if item_kind(item) in NETWORK_TYPES:
        return f"{NETWORK_TYPES[item_kind(item)]}/read"
    return _ACTION_OF_KIND.get(item_kind(item), "")

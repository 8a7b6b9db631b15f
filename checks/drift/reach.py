"""What a workspace's computes can reach now and could not before, whatever its rules are named."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from checks.contract.isolation import APPROVED, DISABLED
from checks.drift.model import Snapshot, frame_of, records
from checks.drift.openings import holds, is_broad, is_denial, is_private, rule_of, said
from checks.drift.rules import rules_known
from checks.drift.workspaces import MODE_WIDTH, effect_of_mode
from checks.network.reachability import OutboundRule, is_in_force

REACH_CHANGES = ("opened", "no longer denied", "closed", "newly denied")

REACH_COLUMNS = (
    "change",
    "workspace_id",
    "workspace",
    "subscription",
    "destination",
    "rule",
    "before",
    "after",
)

_OF_MODE = {
    0: "what approved rules open",
    1: "every public address (AllowInternetOutbound)",
    2: "whatever the customer's own network lets out (managed network off)",
}


@dataclass(frozen=True, kw_only=True)
class _Opening:
    """A rule in force, its name and its destination in one line."""

    rule: OutboundRule
    name: str
    said: str


def reach_changes(old: Snapshot, new: Snapshot) -> pd.DataFrame:
    """What became reachable or ceased to be, for each workspace both sides know, with `REACH_COLUMNS`.

    Of rules only those count that are not known to be out of force, and of those for public destinations
    only in AllowOnlyApprovedOutbound: the other modes need none. `before` of something opened is what of
    it was open already, `after` of something closed what of it still is. A Project has the network of its
    hub, on each side of the hub it had then. A workspace whose mode one side does not know is left out, and so
    are the rules of a network whose rules one side does not know.
    """
    before, after = old.workspace_rows, new.workspace_rows
    networks = {
        key: (_network(before[key], key), _network(after[key], key)) for key in before.keys() & after.keys()
    }
    rules = _changed_rules(old, new, set(networks.values()))
    rows: list[dict[str, str]] = []
    for key, network in networks.items():
        row = after[key]
        was, now = (side[key]["effective_isolation_mode"].lower() for side in (before, after))
        if not {was, now} <= MODE_WIDTH.keys():
            continue
        identity = {name: row[name] for name in ("workspace_id", "workspace", "subscription")}
        found = [*_of_modes(was, now), *_of_rules(was, now, *rules.get(network, ([], [])))]
        rows += [{**identity, **each, "rank": str(REACH_CHANGES.index(each["change"]))} for each in found]
    order = ("rank", "subscription", "workspace_id", "destination")
    return frame_of(rows, (*REACH_COLUMNS, "rank"), order).drop(columns="rank")


def _network(row: Mapping[str, str], key: str) -> str:
    """Return the lower-cased id of the workspace whose managed network this workspace has: a Project its hub's."""
    return row["hub_resource_id"].lower() or key


def _of_modes(was: str, now: str) -> Iterable[dict[str, str]]:
    before, after = (_OF_MODE[MODE_WIDTH[word]] for word in (was, now))
    effect = effect_of_mode(was, now)
    if effect == "widened":
        yield {"change": "opened", "destination": after, "before": before}
    elif effect == "narrowed":
        yield {"change": "closed", "destination": before, "after": after}


def _of_rules(was: str, now: str, old: list[_Opening], new: list[_Opening]) -> Iterable[dict[str, str]]:
    if DISABLED.lower() in {was, now}:
        return
    approved = {was, now} == {APPROVED.lower()}
    for change, these, others in (("opened", new, old), ("closed", old, new)):
        for each in _without_equal(these, others):
            if (approved or is_private(each.rule)) and not is_denial(each.rule):
                yield from _told(change, each, [other for other in others if not is_denial(other.rule)])
    for change, these, others in (("no longer denied", old, new), ("newly denied", new, old)):
        denials = [other for other in others if is_denial(other.rule)]
        for each in _without_equal(these, others):
            if is_denial(each.rule):
                yield from _told(change, each, denials)


def _without_equal(these: list[_Opening], others: list[_Opening]) -> list[_Opening]:
    known = {_place(other.rule) for other in others}
    return [each for each in these if _place(each.rule) not in known]


def _place(rule: OutboundRule) -> tuple[object, ...]:
    """All of a rule but its status."""
    return tuple(value for name, value in vars(rule).items() if name != "status")


def _told(change: str, each: _Opening, others: list[_Opening]) -> Iterable[dict[str, str]]:
    broad = [other.rule for other in others if is_broad(other.rule)]
    if any(holds(other, each.rule) for other in [*broad, *_unions(broad)]):
        return
    parts = [other.said for other in others if is_broad(each.rule) and holds(each.rule, other.rule)]
    beside = {"opened": "before", "no longer denied": "after", "closed": "after", "newly denied": "before"}
    told = {"change": change, "destination": each.said, "rule": each.name}
    yield {**told, beside[change]: ", ".join(sorted(set(parts)))}


def _unions(rules: Iterable[OutboundRule]) -> Iterable[OutboundRule]:
    """Return one rule for all address prefixes that several rules open over the same protocol and ports."""
    alike: dict[tuple[object, ...], list[OutboundRule]] = {}
    for rule in rules:
        if rule.address_prefixes:
            alike.setdefault((rule.action, rule.protocol, rule.port_ranges), []).append(rule)
    for group in alike.values():
        if len(group) > 1:
            yield replace(group[0], address_prefixes=", ".join(rule.address_prefixes or "" for rule in group))


def _changed_rules(
    old: Snapshot, new: Snapshot, networks: Collection[tuple[str, str]]
) -> dict[tuple[str, str], tuple[list[_Opening], list[_Opening]]]:
    """Return the openings of both sides, by pair of networks, of pairs that differ and are known on both sides."""
    known = rules_known(old), rules_known(new)
    sides = (old.rules_by_key, new.rules_by_key)
    names = [str(name) for name in sides[0].columns if name in sides[1].columns]
    both = pd.concat([side[names].reset_index() for side in sides])
    changed = set(both.drop_duplicates(keep=False)["workspace_key"])
    different = {
        (was, now)
        for was, now in networks
        if was in known[0] and now in known[1] and (was != now or now in changed)
    }
    before, after = (
        _openings(side[side["workspace_key"].isin({pair[place] for pair in different})])
        for place, side in enumerate(sides)
    )
    return {(was, now): (before.get(was, []), after.get(now, [])) for was, now in different}


def _openings(rules: pd.DataFrame) -> dict[str, list[_Opening]]:
    found: dict[str, list[_Opening]] = {}
    for row in records(rules):
        rule = rule_of(row)
        if is_in_force(rule) is not False:
            opening = _Opening(rule=rule, name=row["rule"], said=said(row))
            found.setdefault(row["workspace_key"], []).append(opening)
    return found

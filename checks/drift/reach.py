"""Find what the computes of a workspace can reach now and could not before, whatever the names of its rules."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from checks.contract.isolation import APPROVED, DISABLED
from checks.drift.model import Snapshot, change_frame, records, workspace_names
from checks.drift.openings import destination_text, includes, is_broad, is_denial, is_private, rule_of
from checks.drift.rules import rules_known
from checks.drift.workspaces import MODE_WIDTH, effect_of_mode
from checks.frames import pd
from checks.network.reachability import OutboundRule, is_in_force

REACH_CHANGES = ("opened", "no longer denied", "closed", "newly denied")

REACH_COLUMNS = (
    "change", "workspace_id", "workspace", "subscription", "destination", "rule", "before", "after",
)  # fmt: skip

_OF_MODE = {
    0: "the destinations of approved rules",
    1: "every public address (AllowInternetOutbound)",
    2: "everything that the customer's own network allows (managed network off)",
}


@dataclass(frozen=True, kw_only=True)
class _Opening:
    """A rule in force, its name and its destination in one line."""

    rule: OutboundRule
    name: str
    destination: str


def reach_changes(old: Snapshot, new: Snapshot) -> pd.DataFrame:
    """Return what became reachable or unreachable from each workspace that both sides know, with `REACH_COLUMNS`.

    A rule counts unless it is known to be out of force. A rule for a public destination counts only in
    AllowOnlyApprovedOutbound, because the other modes do not need it. `before` is the part of an opened destination
    that was open already, `after` the part of a closed one that is still open. A Project has the network of its hub,
    on each side of the hub that it had then. A workspace is left out if one side does not know its mode, and the rules
    of a network are left out if one side did not read them all.
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
        found = [*_of_modes(was, now), *_of_rules(was, now, *rules.get(network, ([], [])))]
        rows += [{**workspace_names(row), **each} for each in found]
    return change_frame(rows, REACH_COLUMNS, REACH_CHANGES, ("subscription", "workspace_id", "destination"))


def _network(row: Mapping[str, str], key: str) -> str:
    """Return the lower-cased id of the workspace whose managed network counts: for a Project its hub."""
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
                yield from _row(change, each, [other for other in others if not is_denial(other.rule)])
    for change, these, others in (("no longer denied", old, new), ("newly denied", new, old)):
        denials = [other for other in others if is_denial(other.rule)]
        for each in _without_equal(these, others):
            if is_denial(each.rule):
                yield from _row(change, each, denials)


def _without_equal(these: list[_Opening], others: list[_Opening]) -> list[_Opening]:
    known = {_place(other.rule) for other in others}
    return [each for each in these if _place(each.rule) not in known]


def _place(rule: OutboundRule) -> tuple[object, ...]:
    """Return everything of a rule except its status."""
    return tuple(value for name, value in vars(rule).items() if name != "status")


def _row(change: str, each: _Opening, others: list[_Opening]) -> Iterable[dict[str, str]]:
    broad = [other.rule for other in others if is_broad(other.rule)]
    if any(includes(other, each.rule) for other in [*broad, *_unions(broad)]):
        return
    parts = [other.destination for other in others if is_broad(each.rule) and includes(each.rule, other.rule)]
    beside = {"opened": "before", "no longer denied": "after", "closed": "after", "newly denied": "before"}
    row = {"change": change, "destination": each.destination, "rule": each.name}
    yield {**row, beside[change]: ", ".join(sorted(set(parts)))}


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
    """Return the openings of both sides, by pair of networks, if they differ and both sides read all rules."""
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
            opening = _Opening(rule=rule, name=row["rule"], destination=destination_text(row))
            found.setdefault(row["workspace_key"], []).append(opening)
    return found

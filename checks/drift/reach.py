"""Find what the computes of a workspace can reach now and could not before, whatever the names of its rules."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from checks.contract.isolation import APPROVED, DISABLED
from checks.drift.model import Snapshot, change_frame, records, workspace_names
from checks.drift.openings import destination_text, includes, is_broad, is_denial, is_private, rule_of
from checks.drift.rules import compared, rules_known
from checks.drift.workspaces import MODE_WIDTH, effect_of_mode
from checks.frames import pd
from checks.network.outbound_rules import OutboundRule, is_in_force

REACH_CHANGES = ("opened", "no longer denied", "closed", "newly denied")

REACH_COLUMNS = (
    "change", "workspace_id", "workspace", "subscription", "destination", "rule", "before", "after", "rule_id",
    "is_regression",
)  # fmt: skip

_OF_MODE = {
    0: "the destinations of approved rules",
    1: "every public address (AllowInternetOutbound)",
    2: "everything that the customer's own network allows (managed network off)",
}


_AZURES = frozenset({"required", "recommended", "dependency"})
"""The categories of rules that Azure makes. Azure changes them by itself."""

_OPENINGS = frozenset({"opened", "no longer denied"})
"""The changes of reach that allow more."""

_YES = "True"


@dataclass(frozen=True, kw_only=True)
class _Opening:
    """A rule of a network, its name and its destination in one line."""

    rule: OutboundRule
    name: str
    id: str
    destination: str
    is_azures: bool


@dataclass(frozen=True, kw_only=True)
class _Network:
    """The rules of a network on one side: those that may be in force, and all of them by lower-cased name."""

    open: tuple[_Opening, ...] = ()
    named: Mapping[str, OutboundRule] = field(default_factory=dict)


def reach_changes(old: Snapshot, new: Snapshot) -> pd.DataFrame:
    """Return what became reachable or unreachable from each workspace that both sides know, with `REACH_COLUMNS`.

    A rule counts unless it is known to be out of force. A rule for a public destination counts only in
    AllowOnlyApprovedOutbound, because the other modes do not need it. `before` is the part of an opened destination
    that was open already, `after` the part of a closed one that is still open. A Project has the network of its hub,
    on each side of the hub that it had then. A workspace is left out if one side does not know its mode. If one side
    did not read all rules of a network, the rules that both sides have show what they open, and nothing else counts.

    A row is a regression if a mode was widened, a denial is gone, a Project moved to a hub that opens more, or a rule
    is new or opens more, under its own name or another one. A rule that existed and is in force now is none. A
    Project whose hub has the same row is none, and neither is a rule that Azure made.
    """
    before, after = old.workspace_rows, new.workspace_rows
    networks = {
        key: (_network(before[key], key), _network(after[key], key)) for key in before.keys() & after.keys()
    }
    whole = rules_known(old) & rules_known(new)
    partly = {now for was, now in networks.values() if was == now and now not in whole}
    rules, nothing = _changed_rules(old, new, set(networks.values()), partly), _Network()
    rows: list[dict[str, str]] = []
    for key, network in networks.items():
        was, now = (side[key]["effective_isolation_mode"].lower() for side in (before, after))
        if not {was, now} <= MODE_WIDTH.keys():
            continue
        of_rules = _of_rules(was, now, *rules.get(network, (nothing, nothing)))
        shown = [each for each in of_rules if each["change"] in _OPENINGS or network[1] not in partly]
        moved, inherits = network[0] != network[1], network[1] != key and networks.get(network[1]) == network
        for each in (*_of_modes(was, now), *shown):
            is_regression = not inherits and (each["is_regression"] or (moved and each["change"] == "opened"))
            named = workspace_names(after[key])
            rows.append({**named, **each, "is_regression": _YES if is_regression else ""})
    order = ("subscription", "workspace_id", "destination")
    frame = change_frame(rows, REACH_COLUMNS, REACH_CHANGES, order)
    return frame.assign(is_regression=frame["is_regression"].eq(_YES).astype(bool))


def _network(row: Mapping[str, str], key: str) -> str:
    """Return the lower-cased id of the workspace whose managed network counts: for a Project its hub."""
    return row["hub_resource_id"].lower() or key


def _of_modes(was: str, now: str) -> Iterable[dict[str, str]]:
    before, after = (_OF_MODE[MODE_WIDTH[word]] for word in (was, now))
    effect = effect_of_mode(was, now)
    if effect == "widened":
        yield {"change": "opened", "destination": after, "before": before, "is_regression": _YES}
    elif effect == "narrowed":
        yield {"change": "closed", "destination": before, "after": after, "is_regression": ""}


def _of_rules(was: str, now: str, old: _Network, new: _Network) -> Iterable[dict[str, str]]:
    if DISABLED.lower() in {was, now}:
        return
    approved = {was, now} == {APPROVED.lower()}
    for change, these, others in (("opened", new, old), ("closed", old, new)):
        allowed = [other for other in others.open if not is_denial(other.rule)]
        for each in _without_equal(these.open, others.open):
            if (approved or is_private(each.rule)) and not is_denial(each.rule):
                for row in _row(change, each, allowed):
                    is_worse = change == "opened" and _opens_more(each, row["before"], old)
                    yield {**row, "is_regression": _YES if is_worse else ""}
    for change, these, others in (("no longer denied", old, new), ("newly denied", new, old)):
        denials = [other for other in others.open if is_denial(other.rule)]
        for each in _without_equal(these.open, others.open):
            if is_denial(each.rule):
                for row in _row(change, each, denials):
                    yield {**row, "is_regression": _YES if change == "no longer denied" else ""}


def _opens_more(each: _Opening, before: str, old: _Network) -> bool:
    """Return whether the opening comes from a rule of the customer's that is new or leads to more."""
    if each.is_azures:
        return False
    earlier = old.named.get(each.name.lower())
    return bool(before) or earlier is None or compared(earlier, each.rule) not in ("", "narrowed")


def _without_equal(these: Iterable[_Opening], others: Iterable[_Opening]) -> list[_Opening]:
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
    row = {"change": change, "destination": each.destination, "rule": each.name, "rule_id": each.id}
    yield {"before": "", **row, beside[change]: ", ".join(sorted(set(parts)))}


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
    old: Snapshot, new: Snapshot, networks: Collection[tuple[str, str]], partly: Collection[str]
) -> dict[tuple[str, str], tuple[_Network, _Network]]:
    """Return the rules of both sides, by pair of networks, if they differ.

    A network in `partly`, of which a side did not read all rules, has only the rules that both sides have.
    """
    known = rules_known(old), rules_known(new)
    sides = [old.rules_by_key, new.rules_by_key]
    both_have = sides[0].index.intersection(sides[1].index)
    sides = [side[~side["workspace_key"].isin(partly) | side.index.isin(both_have)] for side in sides]
    names = [str(name) for name in sides[0].columns if name in sides[1].columns]
    both = pd.concat([side[names].reset_index() for side in sides])
    changed = set(both.drop_duplicates(keep=False)["workspace_key"])
    different = {
        (was, now)
        for was, now in networks
        if (was == now and now in changed) or (was != now and was in known[0] and now in known[1])
    }
    before, after = (
        _by_network(side[side["workspace_key"].isin({pair[place] for pair in different})])
        for place, side in enumerate(sides)
    )
    none = _Network()
    return {(was, now): (before.get(was, none), after.get(now, none)) for was, now in different}


def _by_network(rules: pd.DataFrame) -> dict[str, _Network]:
    found: dict[str, list[_Opening]] = {}
    for row in records(rules):
        opening = _Opening(
            rule=rule_of(row),
            name=row["rule"],
            id=row["rule_id"],
            destination=destination_text(row),
            is_azures=row["category"].lower() in _AZURES,
        )
        found.setdefault(row["workspace_key"], []).append(opening)
    return {
        key: _Network(
            open=tuple(each for each in openings if is_in_force(each.rule) is not False),
            named={each.name.lower(): each.rule for each in openings},
        )
        for key, openings in found.items()
    }

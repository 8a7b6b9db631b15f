"""Destinations that each workspace's computes reach, by its isolation mode and its outbound rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from checks.contract.isolation import MODE_READS, effective_mode
from checks.contract.tables import Tables
from checks.contract.three_valued import names_where
from checks.frames import pd
from checks.network.destinations import Destination, Host
from checks.network.hosts import covers_a_part
from checks.network.outbound_rules import OutboundRule
from checks.network.reachability import leads_to, reachable

_ENDPOINT_FIELDS = ("type", "status", "service_resource_id", "subresource_target")
_ADDRESS_FIELDS = ("action", "fqdn", "service_tag", "protocol", "port_ranges", "address_prefixes")

ENDPOINT_READS = (
    *MODE_READS,
    "workspaces.managed_network_status",
    "workspaces.outbound_rules_known",
    *(f"outbound_rules.{field}" for field in _ENDPOINT_FIELDS),
)
"""The columns that a check of endpoints declares in `reads`."""

HOST_READS = (
    *MODE_READS,
    "workspaces.managed_network_status",
    "workspaces.outbound_rules_known",
    "outbound_rules.type",
    "outbound_rules.status",
    *(f"outbound_rules.{field}" for field in _ADDRESS_FIELDS),
)
"""The columns that a check of hosts declares in `reads`."""


@dataclass(frozen=True, kw_only=True)
class _Network:
    """The facts that decide for one workspace. `rules` are places in the list of different rules."""

    mode: str | None
    rules: frozenset[int]
    complete: bool


class Networks:
    """The managed networks of all workspaces, by the id of the workspace that decides.

    Equal rules are kept once, and so are equal networks: each is asked about a destination once.
    """

    def __init__(self, tables: Tables) -> None:
        """Collect the rules and modes of `tables`. A rule column that was not declared counts as not reported."""
        workspaces = tables.workspaces
        self._decides = workspaces["judged_by"].fillna("")
        self._rules, rules_of = _different_rules(tables.outbound_rules)
        deciding = ~self._decides.duplicated()
        columns = (
            self._decides[deciding],
            effective_mode(workspaces)[deciding],
            workspaces["outbound_rules_known"].fillna(value=False)[deciding],
        )
        none: frozenset[int] = frozenset()
        self._by_id: Mapping[str, _Network] = {
            id: _Network(
                mode=None if pd.isna(mode) else mode, rules=rules_of.get(id, none), complete=bool(known)
            )
            for id, mode, known in zip(*columns, strict=True)
            if id
        }

    def reach(self, destination: Destination) -> pd.Series:
        """Per workspace whether its computes reach the destination; `<NA>` where that is not settled."""
        different = {network: self._reach(network, destination) for network in set(self._by_id.values())}
        answers = {id: different[network] for id, network in self._by_id.items()}
        return self._decides.astype(object).map(answers).astype("boolean")

    def reach_own(self, destinations: Mapping[str, Destination]) -> pd.Series:
        """Per workspace whether its computes reach its own destination, given by the id that decides.

        `<NA>` where that is not settled or the workspace has none.
        """
        answers = {
            id: self._reach(self._by_id[id], destination)
            for id, destination in destinations.items()
            if id in self._by_id
        }
        return self._decides.astype(object).map(answers).astype("boolean")

    def _reach(self, network: _Network, destination: Destination) -> bool | None:
        rules = [self._rules[place] for place in sorted(network.rules)]
        if isinstance(destination, Host):
            rules = [rule for rule in rules if not _is_another_service(rule, destination)]
        return reachable(rules, network.mode, destination, complete=network.complete)


def _is_another_service(rule: OutboundRule, host: Host) -> bool:
    """Return whether a rule opens a private endpoint, a part of a wildcard, or a tag not known to include the host.

    The scenario pages list public hosts, and they list each host although every network has the required tags.
    """
    kind = (rule.type or "").lower()
    if kind == "fqdn" and covers_a_part(rule.fqdn or "", host.name):
        return True
    is_tag = kind == "servicetag" and rule.address_prefixes == "" and bool(rule.service_tag)
    return kind == "privateendpoint" or (is_tag and leads_to(rule, host) is not True)


def summed(reached: Mapping[str, pd.Series]) -> tuple[pd.Series, pd.Series]:
    """Per workspace whether every named claim holds, and the names of those that do not, joined by ", "."""
    everything = pd.Series(data=True, index=next(iter(reached.values())).index, dtype="boolean")
    for claim in reached.values():
        everything &= claim
    return everything, names_where({name: ~claim for name, claim in reached.items()})


def _different_rules(rules: pd.DataFrame) -> tuple[list[OutboundRule], dict[str, frozenset[int]]]:
    """Every different rule, and by lower-cased workspace id the places of those it has."""
    fields = [name for name in (*_ENDPOINT_FIELDS, *_ADDRESS_FIELDS) if name in rules.columns]
    places = rules.groupby(fields, dropna=False, sort=False).ngroup()
    columns = [_plain(rules.loc[~places.duplicated(), name]) for name in fields]
    different = [
        OutboundRule(**dict(zip(fields, values, strict=True))) for values in zip(*columns, strict=True)
    ]
    of_workspace = places.groupby(rules["workspace_id"].str.lower()).unique()
    return different, {str(id): frozenset(found.tolist()) for id, found in of_workspace.items()}


def _plain(column: pd.Series) -> Iterable[str | None]:
    return column.astype(object).where(column.notna(), None)

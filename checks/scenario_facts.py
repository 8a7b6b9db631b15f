"""What each workspace's computes reach, by its mode and its outbound rules: columns in, columns out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from checks.isolation import MODE_READS, effective_mode
from checks.reachability import Destination, OutboundRule, reachable
from checks.schema import Tables

_ENDPOINT_FIELDS = ("type", "status", "service_resource_id", "subresource_target")
_ADDRESS_FIELDS = ("action", "fqdn", "service_tag", "protocol", "port_ranges", "address_prefixes")

ENDPOINT_READS = (
    *MODE_READS,
    "workspaces.outbound_rules_known",
    *(f"outbound_rules.{field}" for field in _ENDPOINT_FIELDS),
)
"""What a check that asks for endpoints has to say it reads."""

HOST_READS = (
    *MODE_READS,
    "workspaces.outbound_rules_known",
    "outbound_rules.type",
    "outbound_rules.status",
    *(f"outbound_rules.{field}" for field in _ADDRESS_FIELDS),
)
"""What a check that asks for hosts has to say it reads."""


@dataclass(frozen=True, kw_only=True)
class _Network:
    """What decides for one workspace."""

    mode: str | None
    rules: tuple[OutboundRule, ...]
    complete: bool


class Networks:
    """The managed networks of all workspaces, each built once, by the id of the workspace that decides."""

    def __init__(self, tables: Tables) -> None:
        """Rules and modes of `tables`; a rule column that was not declared is as if not reported."""
        workspaces = tables.workspaces
        self._decides = workspaces["judged_by"].fillna("")
        rules = _rules_by_workspace(tables.outbound_rules)
        deciding = ~self._decides.duplicated()
        columns = (
            self._decides[deciding],
            effective_mode(workspaces)[deciding],
            workspaces["outbound_rules_known"].fillna(value=False)[deciding],
        )
        self._by_id: Mapping[str, _Network] = {
            id: _Network(mode=None if pd.isna(mode) else mode, rules=rules.get(id, ()), complete=bool(known))
            for id, mode, known in zip(*columns, strict=True)
            if id
        }

    def reach(self, destination: Destination) -> pd.Series:
        """Per workspace whether its computes reach the destination; `<NA>` where that is not settled."""
        answers = {id: _reach(network, destination) for id, network in self._by_id.items()}
        return self._decides.astype(object).map(answers).astype("boolean")

    def reach_own(self, destinations: Mapping[str, Destination]) -> pd.Series:
        """Per workspace whether its computes reach its own destination, given by the id that decides.

        `<NA>` where that is not settled or the workspace has none.
        """
        answers = {
            id: _reach(self._by_id[id], destination)
            for id, destination in destinations.items()
            if id in self._by_id
        }
        return self._decides.astype(object).map(answers).astype("boolean")


def summed(reached: Mapping[str, pd.Series]) -> tuple[pd.Series, pd.Series]:
    """Per workspace whether every named claim holds, and the names of those that do not, joined by ", "."""
    claims = pd.DataFrame(reached)
    missing = pd.Series("", index=claims.index, dtype="string")
    everything = pd.Series(data=True, index=claims.index, dtype="boolean")
    for name, claim in claims.items():
        everything &= claim
        missing = missing.mask((~claim).fillna(value=False), missing + ", " + str(name))
    return everything, missing.str.removeprefix(", ")


def _reach(network: _Network, destination: Destination) -> bool | None:
    return reachable(network.rules, network.mode, destination, complete=network.complete)


def _rules_by_workspace(rules: pd.DataFrame) -> dict[str, tuple[OutboundRule, ...]]:
    fields = [name for name in (*_ENDPOINT_FIELDS, *_ADDRESS_FIELDS) if name in rules.columns]
    columns = [_plain(rules[name]) for name in fields]
    built: dict[str, list[OutboundRule]] = {}
    for id, *values in zip(rules["workspace_id"].str.lower(), *columns, strict=True):
        built.setdefault(id, []).append(OutboundRule(**dict(zip(fields, values, strict=True))))
    return {id: tuple(found) for id, found in built.items()}


def _plain(column: pd.Series) -> Iterable[str | None]:
    return column.astype(object).where(column.notna(), None)

"""Makes the tables of everything that was collected. The rows are removed on the way, to save memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from checks.contract.tables import Tables, frame, frame_of
from scanner.payloads import json_members
from scanner.payloads.payload import Gap, Payload
from scanner.tables import left_out
from scanner.tables.associated import are_all_answered
from scanner.tables.children import CHILDREN, OF_KIND
from scanner.tables.collected import Collected
from scanner.tables.graph_rows import by_subscription, difference
from scanner.tables.outbound_rules import Rule, columns
from scanner.tables.page_rows import emptied
from scanner.tables.rows import Row
from scanner.tables.subscriptions import (
    NOTHING_READ,
)
from scanner.tables.workspaces import merged

if TYPE_CHECKING:
    import pandas as pd


_CHILD_TABLES = tuple(dict.fromkeys(child.table for child in CHILDREN if child.row))


def tables_of(collected: Collected) -> Tables:
    """Return the tables of everything added. The rows are removed on the way, to save memory."""
    for gap in chain(collected.listed.disputes(), collected.rules.disputes()):
        collected.gap(gap)
    _compare_discoveries(collected)
    for gap in list(collected.subscriptions.unsettled()):
        collected.gap(gap)
    collected.selection = left_out.selection(collected.wanted, collected.workspaces)
    _find_nothing_read(collected)
    subscriptions, rows_left_out = _subscriptions(collected)
    for key in collected.selection.dropped:
        del collected.workspaces[key]
        collected.details.pop(key, None)
    for key, details in collected.details.items():
        collected.workspaces[key] = merged(collected.workspaces.get(key, {}), details)
    for key in collected.address_rules.keys() & collected.workspaces.keys():
        row = collected.workspaces[key]
        row |= {name: each for name, each in collected.address_rules[key].items() if row[name] is None}
    rules, roles = _rules(collected)
    outbound_rules = frame_of("outbound_rules", [*columns(rules), ("target_roles", roles)])
    _finish_connections(collected)
    associated = frame("associated_resources", _associated(collected))
    workspaces = frame("workspaces", _workspaces(collected))
    return Tables(
        subscriptions=frame("subscriptions", subscriptions),
        left_out=frame("left_out", rows_left_out),
        workspaces=workspaces,
        outbound_rules=outbound_rules,
        associated_resources=associated,
        gaps=_frame("gaps", collected.gaps),
        **{table: _frame(table, collected.children[table]) for table in _CHILD_TABLES},
    )


def _compare_discoveries(collected: Collected) -> None:
    listed = by_subscription(row["workspace_id"] for row in collected.workspaces.values())
    for key, shown in collected.graph.shown().items():
        collected.subscriptions.count_in_graph(key, len(shown.workspaces))
        was_read = collected.completeness.of("workspaces", f"/subscriptions/{key}")
        if was_read or (was_read is None and shown.workspaces):
            gap = difference(key, listed.get(key, {}), shown)
            if gap:
                collected.gap(gap)


def _rules(collected: Collected) -> tuple[list[Rule], list[str | None]]:
    """Return the rules sorted by id, and the roles that the identity of each rule's workspace has on the target.

    Note in each workspace how its two places disagree.
    """
    found: list[Rule] = []
    roles: list[tuple[str | None, Sequence[Payload | Gap]]] = []
    is_whole = partial(collected.completeness.of, "outboundRules")
    for key, rules, discrepancy in collected.rules.finished(is_whole):
        if key in collected.selection.dropped:
            continue
        principal = None
        if key in collected.workspaces:
            collected.workspaces[key]["outbound_rules_discrepancy"] = discrepancy
            principal = collected.workspaces[key]["identity_principal_id"]
        found += rules
        roles += [collected.roles.on(rule.properties.service_resource_id, principal) for rule in rules]
    if collected.traces:
        collected.traces.settle_rules(found)
        for rule, (_, answers) in zip(found, roles, strict=True):
            for answer in answers:
                collected.trace("outbound_rules", rule.id.lower(), answer)
    return found, [each for each, _ in roles]


def _find_nothing_read(collected: Collected) -> None:
    """Add a gap if the scope matches nothing, or if nothing was read for another reason."""
    rules = collected.subscriptions.left_out()
    nothing = left_out.no_subscription_in_scope(rules, collected.subscriptions.count_known())
    nothing = nothing or left_out.no_workspace_in_scope(
        collected.wanted, collected.selection, collected.workspaces
    )
    if nothing is not None:
        collected.add_gap(nothing)
    elif not collected.subscriptions.were_read and not collected.gaps:
        collected.add_gap(NOTHING_READ)


def _subscriptions(collected: Collected) -> tuple[list[Row], list[Row]]:
    """Return the rows of the subscriptions, and those of everything that a rule leaves out."""
    found, workspaces = collected.selection, collected.workspaces
    rows = collected.subscriptions.finished(
        left_out.notes(found, workspaces), left_out.counts(found, workspaces)
    )
    others = [
        *left_out.subscription_rows(collected.subscriptions.left_out(), rows),
        *left_out.workspace_rows(found, workspaces),
    ]
    if collected.traces:
        collected.traces.settle_subscriptions(rows)
        collected.traces.settle_left_out(others)
        collected.traces.forget("workspaces", found.dropped)
    return rows, others


def _finish_connections(collected: Collected) -> None:
    """Join the connections of bodies and lists, and give each the columns of its virtual network."""
    in_bodies = collected.body_connections["workspaces"] | collected.body_connections["workspace"]
    rows = in_bodies | collected.children["private_endpoint_connections"]
    if dropped := collected.selection.dropped:
        others = [id for id, row in rows.items() if json_members.key(row["workspace_id"]) in dropped]
        for identity in others:
            del rows[identity]
        if collected.traces:
            collected.traces.forget("private_endpoint_connections", others)
    for identity, row in rows.items():
        for answer in collected.associated.networks.about(row):
            collected.trace("private_endpoint_connections", identity, answer)
        row.update(collected.associated.networks.columns(row))
    collected.children["private_endpoint_connections"] = rows


def _associated(collected: Collected) -> Iterator[Row]:
    connections: dict[str, list[Row]] = defaultdict(list)
    for row in collected.children["private_endpoint_connections"].values():
        connections[json_members.key(row["workspace_id"])].append(row)
    for key in sorted(collected.workspaces):
        rows = collected.associated.of(collected.workspaces[key], connections[key])
        if collected.traces:
            collected.traces.settle_associated(rows, collected.associated.all_of)
        yield from rows


def _workspaces(collected: Collected) -> Iterator[Row]:
    """Yield the rows, each marked with what was read completely."""
    parents = {child.below: _workspaces_with(collected, child.below) for child in CHILDREN if child.below}
    for row in emptied(collected.workspaces):
        collected.completeness.mark(row, parents)
        row["associated_resources_known"] = are_all_answered(row, collected.associated.answers) or None
        rule = collected.selection.rules.get(json_members.key(row["workspace_id"]))
        row["left_out_by"] = rule.rule if rule else None
        yield row


def _workspaces_with(collected: Collected, kind: str) -> set[str]:
    """Return the lower-cased ids of the workspaces that have a resource of this kind."""
    step = f"/{OF_KIND[kind].path.lower()}/"
    return {key.partition(step)[0] for key in collected.children[OF_KIND[kind].table] if step in key}


def _frame(table: str, rows: dict[str, Row]) -> pd.DataFrame:
    sorted_rows: Iterator[Row] = emptied(rows)
    return frame(table, sorted_rows)

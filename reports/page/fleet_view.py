"""The fleet in cells, inbound by outbound, and the destinations of all its outbound rules."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from checks.drift.openings import destination_text
from checks.network.outbound_rules import is_in_force
from reports.audit import Audit
from reports.page.gap_groups import command_in
from reports.page.networks import AZURE, EVERYBODY, ONE_OWNER, PRIVATE, UNDECIDED, Fleet
from reports.page.violations import since_text
from reports.page.workspace_rows import WorkspaceRow
from reports.statuses import SEVERITY_ORDER
from reports.tables.population import SubscriptionRow
from reports.tables.workspaces import workspace_name

INBOUND = ("public", "selected addresses", "unknown", "private")
OUTBOUND = ("no managed network", "internet", "approved with an opening", "unknown", "approved only")
MOST_DESTINATIONS = 150


@dataclass(frozen=True, kw_only=True)
class Cell:
    """The number of workspaces with this inbound and outbound, and the worst severity among them, "" for none."""

    inbound: str
    outbound: str
    count: int
    worst: str


@dataclass(frozen=True, kw_only=True)
class DestinationRow:
    """A destination of outbound rules that may be in force: who opens it, and who can receive data there."""

    text: str
    kind: str
    workspaces: tuple[str, ...]
    rules: tuple[str, ...]
    is_new: bool
    """True if a workspace can reach it now and could not at the baseline."""
    since: str
    """Since when the fleet has it, "" without a history."""


def cells(rows: Iterable[WorkspaceRow]) -> tuple[tuple[Cell, ...], ...]:
    """Return a row of cells for each of `INBOUND`; a cell for each of `OUTBOUND`."""
    counts: Counter[tuple[str, str]] = Counter()
    worst: dict[tuple[str, str], int] = {}
    order = [*SEVERITY_ORDER, "unknown", ""]
    for row in rows:
        place = (row.cells["inbound"], row.cells["outbound"])
        counts[place] += 1
        rank = order.index(row.tallies[0].worst if row.tallies else "")
        worst[place] = min(worst.get(place, len(order) - 1), rank)
    return tuple(
        tuple(
            Cell(
                inbound=inbound,
                outbound=outbound,
                count=counts[inbound, outbound],
                worst=order[worst.get((inbound, outbound), len(order) - 1)],
            )
            for outbound in OUTBOUND
        )
        for inbound in INBOUND
    )


@dataclass(frozen=True, kw_only=True)
class SubscriptionLine:
    """The workspaces of one subscription, and how many have each worst severity under the first policy."""

    name: str
    workspaces: int
    worst: tuple[tuple[str, int], ...]
    unknown: int
    """Workspaces with something unknown."""
    is_read: bool
    """True if its workspaces were listed completely."""
    command: str
    """The command that lets the next scan read it, "" if it was read or no command is known."""

    @property
    def clean(self) -> int:
        """Workspaces without a violation."""
        return self.workspaces - sum(count for _, count in self.worst)


def by_subscription(
    rows: Iterable[WorkspaceRow], subscriptions: Iterable[SubscriptionRow]
) -> Sequence[SubscriptionLine]:
    """Return a line for each subscription: first those not read, then by the most and worst violations."""
    known = {row.name: row for row in subscriptions}
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter, {name: Counter() for name in known})
    for row in rows:
        name = row.cells["subscription"] or row.cells["subscription_id"] or "not reported"
        tally = row.tallies[0] if row.tallies else None
        counts[name].update(["all"])
        counts[name].update([] if tally is None else [tally.worst] if tally.violations else [])
        counts[name].update(["unknown"] if tally is not None and tally.unknown else [])
    unread = {name for name, row in known.items() if not row.is_read}
    order = sorted(
        counts,
        key=lambda name: (
            name not in unread,
            [-counts[name][each] for each in SEVERITY_ORDER],
            name.lower(),
        ),
    )
    return [
        SubscriptionLine(
            name=name,
            workspaces=counts[name]["all"],
            worst=tuple((each, counts[name][each]) for each in SEVERITY_ORDER if counts[name][each]),
            unknown=counts[name]["unknown"],
            is_read=name not in unread,
            command=command_in(known[name].closes) if name in unread else "",
        )
        for name in order
    ]


def destinations(audit: Audit, fleet: Fleet) -> Sequence[DestinationRow]:
    """Return the destinations that customers opened: open to everybody first, then the rarest; Azure's own last."""
    openers: defaultdict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    contents = fleet.rules.contents
    described = [
        (destination_text(content), kind)
        if is_in_force(rule) is not False and content["action"].lower() != "deny"
        else None
        for content, rule, kind in zip(contents, fleet.rules.rules, fleet.rules.classes, strict=True)
    ]
    for key, rules in fleet.names.items():
        for name, number in rules:
            found = described[number]
            if found:
                openers[found].add((key, name))
    new = set() if audit.drift is None else set(audit.drift.reach.query("change == 'opened'")["destination"])
    name_of = workspace_name(audit.tables.workspaces)
    made = [_row(text, kind, who, name_of, text in new) for (text, kind), who in openers.items()]
    known = audit.history.destinations if audit.history else {}
    return sorted((replace(row, since=since_text(known, row.text)) for row in made), key=_by_need)


def _row(
    text: str, kind: str, who: set[tuple[str, str]], name_of: Callable[[str], str], is_new: bool
) -> DestinationRow:
    keys = {key for key, _ in who}
    return DestinationRow(
        text=text,
        kind=kind,
        workspaces=tuple(sorted((name_of(key) for key in keys), key=str.lower)),
        rules=tuple(sorted({rule for _, rule in who})),
        is_new=is_new,
        since="",
    )


def _by_need(row: DestinationRow) -> tuple[object, ...]:
    order = (EVERYBODY, UNDECIDED, ONE_OWNER, PRIVATE, AZURE)
    return (order.index(row.kind), len(row.workspaces), row.text)

"""What a report opens with: which subscriptions were read, which were not, and why."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from checks.contract.tables import Tables
from reports.tables.records import records


@dataclass(frozen=True, kw_only=True)
class SubscriptionRow:
    """One subscription: whether it was read, why not, and what would close the gaps in it."""

    name: str
    id: str
    state: str
    is_read: bool
    workspaces: int | None
    in_graph: int | None
    gaps: int
    why: tuple[str, ...]
    closes: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing in it was left unread."""
        return self.is_read and not self.gaps


@dataclass(frozen=True, kw_only=True)
class GapRow:
    """One thing that was asked for and not read, in the reader's words."""

    asked: str
    scope: str
    answer: str
    message: str
    closes: str
    request: str


@dataclass(frozen=True, kw_only=True)
class Population:
    """How much was seen, and every subscription: unread ones first, then those with gaps."""

    subscriptions: tuple[SubscriptionRow, ...]
    workspaces: int
    outbound_rules: int
    private_endpoint_connections: int
    gaps: int

    @property
    def read(self) -> int:
        """Subscriptions whose workspaces were listed to the end."""
        return sum(row.is_read for row in self.subscriptions)

    @property
    def compared(self) -> int:
        """Subscriptions of which Resource Graph told its workspaces, too."""
        return sum(row.in_graph is not None for row in self.subscriptions)

    @property
    def unread(self) -> int:
        """Subscriptions whose workspaces were not."""
        return len(self.subscriptions) - self.read


def population(tables: Tables) -> Population:
    """What was read of the tenant."""
    return Population(
        subscriptions=subscription_rows(tables),
        workspaces=len(tables.workspaces),
        outbound_rules=len(tables.outbound_rules),
        private_endpoint_connections=len(tables.private_endpoint_connections),
        gaps=len(tables.gaps),
    )


def gap_rows(tables: Tables) -> tuple[GapRow, ...]:
    """Every gap: tenant-wide ones first, then by scope and what was asked."""
    rows = records(tables.gaps)
    ordered = sorted(
        rows, key=lambda row: (row["subscription_id"].lower(), row["scope"].lower(), *row.values())
    )
    return tuple(
        GapRow(
            asked=row["asked"] or "not recorded",
            scope=row["scope"],
            answer=" ".join(part for part in (row["http_status"], row["code"]) if part) or "no answer",
            message=row["message"],
            closes=row["closes"],
            request=row["request"],
        )
        for row in ordered
    )


def subscription_rows(tables: Tables) -> tuple[SubscriptionRow, ...]:
    """Every subscription: unread ones first, then those with gaps, then by name and id."""
    told = _told_of_gaps(tables.gaps)
    none = told.iloc[:0]
    by_subscription = {str(key): group for key, group in told.groupby("subscription")}
    rows = [
        _subscription_row(row, by_subscription.get(row["subscription_id"].lower(), none))
        for row in records(tables.subscriptions)
    ]
    return tuple(sorted(rows, key=lambda row: (row.is_read, row.is_whole, row.name.lower(), row.id.lower())))


def _told_of_gaps(gaps: pd.DataFrame) -> pd.DataFrame:
    """Per gap its `subscription` (lower-cased; "" for none), `why` it is one and what `closes` it."""
    asked = gaps["asked"].fillna("something") + ": " + gaps["code"].fillna("no answer")
    status = gaps["http_status"].astype("string")
    return pd.DataFrame(
        {
            "subscription": gaps["subscription_id"].str.lower().fillna(""),
            "why": asked + (" (HTTP " + status + ")").fillna(""),
            "closes": gaps["closes"],
        }
    )


def _subscription_row(row: dict[str, str], gaps: pd.DataFrame) -> SubscriptionRow:
    note = row["note"]
    return SubscriptionRow(
        name=row["subscription"] or "(no name reported)",
        id=row["subscription_id"],
        state=row["state"] or "not reported",
        is_read=row["read"] == "True",
        workspaces=_count(row["workspaces"]),
        in_graph=_count(row["workspaces_in_graph"]),
        gaps=len(gaps),
        why=(*([note] if note else []), *_distinct(gaps["why"])),
        closes=_distinct(gaps["closes"]),
    )


def _count(text: str) -> int | None:
    return int(text) if text else None


def _distinct(texts: pd.Series[str]) -> tuple[str, ...]:
    return tuple(sorted({text for text in texts.tolist() if isinstance(text, str) and text}))

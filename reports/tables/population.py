"""The subscriptions with what was read of each, and the gaps. Every report opens with them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from checks.contract.tables import Tables


@dataclass(frozen=True, kw_only=True)
class SubscriptionRow:
    """One subscription: whether it was read, the reason if not, and what would close its gaps."""

    name: str
    id: str
    state: str
    tenant: str
    is_read: bool
    workspaces: int | None
    in_graph: int | None
    gaps: int
    why: tuple[str, ...]
    closes: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Return whether it was read and has no gap."""
        return self.is_read and not self.gaps


@dataclass(frozen=True, kw_only=True)
class GapRow:
    """One gap as texts."""

    asked: str
    scope: str
    answer: str
    message: str
    closes: str
    request: str


@dataclass(frozen=True, kw_only=True)
class LeftOutRow:
    """A subscription or workspace that a rule of the scope leaves out, as texts."""

    what: str
    name: str
    id: str
    rule: str
    why: str
    read_for: str


@dataclass(frozen=True, kw_only=True)
class Population:
    """Every subscription and workspace in scope, the counts of what was read, and what the scope leaves out."""

    subscriptions: tuple[SubscriptionRow, ...]
    left_out: tuple[LeftOutRow, ...]
    workspaces: int
    outbound_rules: int
    private_endpoint_connections: int
    gaps: int

    @property
    def read(self) -> int:
        """Subscriptions whose workspaces were listed completely."""
        return sum(row.is_read for row in self.subscriptions)

    @property
    def compared(self) -> int:
        """Subscriptions whose workspaces Resource Graph also listed."""
        return sum(row.in_graph is not None for row in self.subscriptions)

    @property
    def unread(self) -> int:
        """Subscriptions whose workspaces were not listed completely."""
        return len(self.subscriptions) - self.read

    @property
    def has_several_tenants(self) -> bool:
        """Return whether its subscriptions belong to more than one tenant."""
        return len({row.tenant for row in self.subscriptions}) > 1

    @property
    def subscriptions_left_out(self) -> int:
        """Subscriptions that a rule of the scope leaves out."""
        return sum(row.what == "subscription" for row in self.left_out)

    @property
    def workspaces_left_out(self) -> int:
        """Workspaces that a rule of the scope leaves out of subscriptions in scope."""
        return len(self.left_out) - self.subscriptions_left_out

    @property
    def unread_names(self) -> str:
        """The names of these subscriptions; after three, the count of the others."""
        names = [row.name for row in self.subscriptions if not row.is_read]
        return ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")


def population(tables: Tables) -> Population:
    """Return what was read of the tenant."""
    return Population(
        subscriptions=subscription_rows(tables),
        left_out=left_out_rows(tables),
        workspaces=len(in_scope(tables.workspaces)),
        outbound_rules=len(tables.outbound_rules),
        private_endpoint_connections=len(tables.private_endpoint_connections),
        gaps=len(tables.gaps),
    )


def in_scope(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `subscriptions` or `workspaces` that no rule of the scope leaves out."""
    return rows[rows["left_out_by"].isna()]


def left_out_rows(tables: Tables) -> tuple[LeftOutRow, ...]:
    """Return what the scope leaves out: subscriptions first, then workspaces, by name and id."""
    rows = [
        LeftOutRow(
            what=row["left_out"],
            name=row["name"] or "(no name reported)",
            id=row["left_out_id"],
            rule=row["rule"],
            why=row["why"],
            read_for=row["read_for"],
        )
        for row in text_rows(tables.left_out)
    ]
    return tuple(sorted(rows, key=lambda row: (row.what, row.name.lower(), row.id.lower())))


def gap_rows(tables: Tables) -> tuple[GapRow, ...]:
    """Return every gap: those of the whole tenant first, then by scope and what was asked."""
    ordered = sorted(
        text_rows(tables.gaps),
        key=lambda row: (row["subscription_id"].lower(), row["scope"].lower(), *row.values()),
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
    """Return every subscription in scope: those not read first, then those with gaps, then by name and id."""
    gaps = _gap_texts(tables.gaps)
    none = gaps.iloc[:0]
    by_subscription = {str(key): group for key, group in gaps.groupby("subscription")}
    rows = [
        _subscription_row(row, by_subscription.get(row["subscription_id"].lower(), none))
        for row in text_rows(in_scope(tables.subscriptions))
    ]
    return tuple(sorted(rows, key=lambda row: (row.is_read, row.is_whole, row.name.lower(), row.id.lower())))


def text_rows(frame: pd.DataFrame) -> list[dict[str, str]]:
    """Return the rows in order, each as column to text; "" for `<NA>`."""
    texts = frame.astype("string").fillna("")
    return [{str(name): value for name, value in row.items()} for row in texts.to_dict("records")]


def _gap_texts(gaps: pd.DataFrame) -> pd.DataFrame:
    """Return for each gap its `subscription` (lower-cased; "" for none), `why` and `closes`."""
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
    return SubscriptionRow(
        name=row["subscription"] or "(no name reported)",
        id=row["subscription_id"],
        state=row["state"] or "not reported",
        tenant=row["tenant_id"] or "not reported",
        is_read=row["read"] == "True",
        workspaces=_count(row["workspaces"]),
        in_graph=_count(row["workspaces_in_graph"]),
        gaps=len(gaps),
        why=_distinct(gaps["why"]) or ((row["note"],) if row["note"] else ()),
        closes=_distinct(gaps["closes"]),
    )


def _count(text: str) -> int | None:
    return int(text) if text else None


def _distinct(texts: pd.Series[str]) -> tuple[str, ...]:
    return tuple(sorted({text for text in texts.tolist() if isinstance(text, str) and text}))

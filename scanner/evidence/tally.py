"""Count payloads independently of the tables that are made of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from hashlib import sha256

from scanner.payloads.answers import payload_or_gap
from scanner.payloads.json_members import key, named
from scanner.payloads.pages import items_on
from scanner.payloads.payload import Gap, Payload


@dataclass(frozen=True, kw_only=True)
class Kind:
    """The number of answers of one kind, their bytes, and one digest over all their ids."""

    count: int
    bytes: int
    digest: str


class Tally:
    """The counts: answers by kind, refused answers, and the workspaces that lists name."""

    def __init__(self) -> None:
        """Nothing counted yet."""
        self.refused: set[str] = set()
        self.workspaces: set[str] = set()
        self.listed: dict[str, set[str]] = defaultdict(set)
        self._ids: dict[str, list[str]] = defaultdict(list)
        self._bytes: dict[str, int] = defaultdict(int)

    def add(self, item: Payload | Gap) -> None:
        """Count one payload or gap."""
        if isinstance(item, Gap):
            self._ids["gaps"].append(item.id)
            return
        self._ids[item.kind].append(item.id)
        self._bytes[item.kind] += len(item.body)
        if isinstance(payload_or_gap(item), Gap):
            self.refused.add(item.id)
        elif item.kind in ("workspaces", "workspace") and not item.superseded:
            self._count_workspaces(item)

    def ids(self) -> set[str]:
        """Return the ids of everything counted."""
        return {each for ids in self._ids.values() for each in ids}

    def kinds(self) -> dict[str, Kind]:
        """Return the counts by kind, sorted; `gaps` counts gaps without a payload."""
        return {
            kind: Kind(
                count=len(ids),
                bytes=self._bytes[kind],
                digest=sha256("\n".join(sorted(ids)).encode()).hexdigest(),
            )
            for kind, ids in sorted(self._ids.items())
        }

    def _count_workspaces(self, payload: Payload) -> None:
        is_one = payload.kind == "workspace"
        items = [payload.document] if is_one else [item for _, item in items_on(payload).items]
        keys = {key(identity) for identity in (named(item, "id") for item in items) if identity}
        self.workspaces |= keys
        if payload.kind == "workspaces":
            self.listed[(payload.subscription_id or "").lower()] |= keys

"""Passes on the first answer to every question, and records when answers came. `scan` reads through it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from scanner.payloads.payload import Gap, Keep, Payload, Source
from scanner.payloads.questions import Matter


@dataclass
class Read:
    """The times of the first and the last answer of a scan, None before the first one.

    The clocks of workers differ, so the scan's own clock does not decide. The scan asks a question twice if a list
    has a workspace twice, or if two workers read workspaces on one storage account. The first answer counts, because
    evidence with two answers to one question proves neither.
    """

    first_at: datetime | None = None
    last_at: datetime | None = None
    _asked: set[tuple[Matter, str]] = field(default_factory=set)

    def once(self, source: Source) -> Source:
        """Return the source without second answers."""
        return _Once(source, self)

    def is_new(self, item: Payload | Gap) -> bool:
        """Record an item. Return False if its question is answered already."""
        answer = item if isinstance(item, Payload) else item.answer
        if answer is None:
            return True
        asked = answer.ask.matter, answer.api_version if answer.superseded else ""
        if asked in self._asked:
            return False
        self._asked.add(asked)
        at = answer.retrieved_at
        self.first_at = at if self.first_at is None else min(self.first_at, at)
        self.last_at = at if self.last_at is None else max(self.last_at, at)
        return True


@dataclass(frozen=True)
class _Once:
    source: Source
    read_: Read

    async def read(self, keep: Keep) -> None:
        await self.source.read(lambda item: keep(item) if self.read_.is_new(item) else None)

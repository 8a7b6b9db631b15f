"""Follow the runs of one series: what is open after each, since when, and what the last one could not decide.

A line has only what changed since the line before of its series, so that a long index stays small.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reports.history import Since
from scanner.archive.index import Changes, Run, Violation
from scanner.archive.lines import EVERY_CHECK, Draft, is_decided

_WITHOUT_CHANGES = "1.0"
"""The version of lines that name what opened and closed, and not what the run could not decide."""


@dataclass(kw_only=True)
class Open:
    """Something that is open, and whether the last run found it so or could not decide it."""

    since: Since
    is_seen: bool = True


@dataclass(kw_only=True)
class Following:
    """The knowledge after some runs of one series, oldest first."""

    violations: dict[str, Violation] = field(default_factory=dict)
    open: dict[str, Open] = field(default_factory=dict)
    """The violations that are open, by the id of their finding."""
    destinations: dict[str, Open] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    """The subscriptions that the last run read."""
    unsure: dict[str, frozenset[str]] = field(default_factory=dict)
    """The checks that the last run could not decide, by workspace."""
    last: Run | None = None

    def then(self, run: Run) -> None:
        """Follow the next run."""
        changes = run.changes
        if run.format_version == _WITHOUT_CHANGES:
            changes = self._guessed(run)
            self.read, self.unsure = set(), {}
        self.violations |= {each.id: each for each in run.opened}
        for each in run.closed:
            self.violations.pop(each.id, None)
        is_first = self.last is None
        _follow(self.open, changes, run.finished_at, is_first=is_first)
        _follow(self.destinations, run.destinations, run.finished_at, is_first=is_first)
        self.read = {each for each in self.read if run.read.get(each, True)}
        self.read |= {each for each, is_read in run.read.items() if is_read}
        self.unsure |= {workspace: frozenset(checks) for workspace, checks in run.unsure.items()}
        self.last = run

    def had_none(self, violation: Violation) -> bool:
        """Return whether the last run knew that there is no such violation."""
        return violation.subscription in self.read and is_decided(violation, self.unsure)

    @property
    def knew_every_rule(self) -> bool:
        """Return whether the last run read the rules of every workspace and left none out."""
        return self.last is not None and self.last.is_complete and not _leaves_out(self.unsure)

    def _guessed(self, run: Run) -> Changes:
        """Return the changes of a line that lacks them: an incomplete run may have decided nothing that was open."""
        ids = tuple(each.id for each in run.opened)
        unseen = () if run.is_complete else tuple(self.open)
        again = tuple(id for id, each in self.open.items() if run.is_complete and not each.is_seen)
        closed = tuple(each.id for each in run.closed)
        return Changes(opened=ids, closed=closed, unseen=unseen, seen_again=again, maybe_older=ids)


def followed(runs: Iterable[Run]) -> Following:
    """Return what is known after these runs of one series."""
    following = Following()
    for run in runs:
        following.then(run)
    return following


def chained(draft: Draft, runs: Sequence[Run]) -> Run:
    """Return the line that follows these runs, which may be of several series."""
    run = Run.model_validate(
        {**draft.fixed, "opened": (), "closed": (), "previous_root": runs[-1].root if runs else None}
    )
    before = followed(each for each in runs if each.series == run.series)
    changes = _violations(draft, before)
    return run.model_copy(
        update={
            "opened": tuple(draft.violations[id] for id in changes.opened),
            "closed": tuple(before.violations[id] for id in changes.closed),
            "unseen": changes.unseen,
            "seen_again": changes.seen_again,
            "maybe_older": changes.maybe_older,
            "destinations": _destinations(
                draft, before, is_complete=run.is_complete and not _leaves_out(draft.unsure)
            ),
            "read": _read(draft.subscriptions_read, before.read),
            "unsure": _unsure(draft.unsure, before.unsure),
        }
    )


def _violations(draft: Draft, before: Following) -> Changes:
    return _changes(
        draft.violations,
        before.open,
        is_none=lambda id: draft.is_closed(before.violations[id]),
        was_none=lambda id: before.had_none(draft.violations[id]),
        is_first=before.last is None,
    )


def _destinations(draft: Draft, before: Following, *, is_complete: bool) -> Changes:
    """Return the changes. A run with a gap cannot exclude that a rule it did not read has a destination."""
    was_complete = before.knew_every_rule
    return _changes(
        draft.destinations,
        before.destinations,
        is_none=lambda _: is_complete,
        was_none=lambda _: was_complete,
        is_first=before.last is None,
    )


def _changes(
    now: Collection[str],
    before: Mapping[str, Open],
    *,
    is_none: Callable[[str], bool],
    was_none: Callable[[str], bool],
    is_first: bool,
) -> Changes:
    opened = tuple(id for id in now if id not in before)
    gone = [id for id in before if id not in now]
    return Changes(
        opened=opened,
        closed=tuple(id for id in gone if is_none(id)),
        unseen=tuple(id for id in gone if before[id].is_seen and not is_none(id)),
        seen_again=tuple(id for id, each in before.items() if id in now and not each.is_seen),
        maybe_older=() if is_first else tuple(id for id in opened if not was_none(id)),
    )


def _follow(known: dict[str, Open], changes: Changes, moment: datetime, *, is_first: bool) -> None:
    maybe_older = set(changes.maybe_older)
    for id in changes.opened:
        at_least = is_first or id in maybe_older
        known[id] = Open(since=Since(first_seen=moment, since=moment, at_least=at_least))
    for id in changes.closed:
        known.pop(id, None)
    for id in changes.unseen:
        known[id].is_seen = False
    for id in changes.seen_again:
        first_seen = known[id].since.first_seen
        known[id] = Open(since=Since(first_seen=first_seen, since=moment, at_least=True))


def _leaves_out(unsure: Mapping[str, Collection[str]]) -> bool:
    return any(EVERY_CHECK in checks for checks in unsure.values())


def _read(now: Collection[str], before: Collection[str]) -> dict[str, bool]:
    return {each: each in now for each in sorted({*now} ^ {*before})}


def _unsure(
    now: Mapping[str, Collection[str]], before: Mapping[str, Collection[str]]
) -> dict[str, tuple[str, ...]]:
    """Return the workspaces whose undecided checks changed, with the checks; none if all are decided now."""
    known = {workspace: tuple(sorted(checks)) for workspace, checks in now.items()}
    return {
        workspace: known.get(workspace, ())
        for workspace in sorted({*known, *before})
        if known.get(workspace, ()) != tuple(sorted(before.get(workspace, ())))
    }

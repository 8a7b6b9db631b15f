"""The payloads of a scan in a file beside its report, so that one that was interrupted can be resumed."""

from __future__ import annotations

import json
import logging
import os
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Set
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import IO
from urllib.parse import unquote

from filelock import FileLock, Timeout

from reports.writing.folder import make_private_folder
from reports.writing.swapping import unwritable
from scanner.errors import UsageError
from scanner.payloads.answers import is_answer
from scanner.payloads.payload import Payload, read_record, record_of
from scanner.payloads.questions import Ask, Question

_log = logging.getLogger("azml_audit.resume")

FORMAT = 1


def _following(page: Payload) -> Question | None:
    """The question that the next page of a list answers; None where there is none."""
    link = page.document.get("nextLink") if isinstance(page.document, dict) else None
    return (page.kind, page.scope, "GET", unquote(link), "") if isinstance(link, str) and link else None


def _whole(file: IO[bytes]) -> Payload | None:
    """The payload whose record begins here; None at the end, and for half a record there."""
    try:
        return read_record(file)
    except (ValueError, KeyError, TypeError):
        return None


class Spool:
    """A `Store` in a file of its owner's alone; a context manager, one at a time for one report.

    The file is `.NAME.payloads` beside the report NAME: a line with the scan's key, then a record for every
    payload, written as it comes. A process that is killed leaves at worst half a record at the end, which
    is cut off. Of an interrupted scan with the same key, answers that left no gap and are younger than
    `max_age` are used again, those of a list only where all its pages are. `finish` removes the file.
    """

    def __init__(
        self, report: Path, *, clock: Callable[[], datetime], max_age: timedelta, resume: bool
    ) -> None:
        """Beside this report; nothing is opened before the context is entered."""
        self._report = report.resolve()
        self._path = self._report.with_name(f".{self._report.name}.payloads")
        self._lock = FileLock(
            self._report.with_name(f".{self._report.name}.scan.lock"), timeout=0, mode=0o600
        )
        self._clock, self._max_age, self._resume = clock, max_age, resume
        self._writing: IO[bytes] | None = None
        self._reading: IO[bytes] | None = None
        self._end = 0
        self._offsets = array("Q")
        self._known: dict[Question, int] = {}
        self._known_about: defaultdict[str, list[Question]] = defaultdict(list)
        self._later: set[Question] = set()
        self._taken_up: dict[Question, int] = {}
        self.reused_since: datetime | None = None

    def __enter__(self) -> Spool:
        """Lock out any other scan for this report. Raises UsageError where there is one."""
        try:
            make_private_folder(self._report.parent)
            self._lock.acquire()
        except Timeout as error:
            raise UsageError(
                f"Another scan that will write {self._report} is under way. Wait for it to end, or name "
                "another --output."
            ) from error
        except OSError as error:
            raise unwritable(self._report, error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file; unless finished, it stays for --resume if there is anything worth it in it."""
        if self._writing is not None:
            self._close()
            if len(self) and not isinstance(error, UsageError):
                _log.warning("what was read is kept for a while: add --resume to continue from it")
            else:
                self._path.unlink(missing_ok=True)
        with suppress(OSError):
            Path(self._lock.lock_file).unlink()
        self._lock.release()

    def __len__(self) -> int:
        """How many payloads this scan has, its own and those it took up."""
        return len(self._offsets)

    def __iter__(self) -> Iterator[Payload]:
        """Every payload of this scan, in the order it came."""
        for offset in self._offsets:
            yield self._at(offset)

    def begin(self, key: str) -> None:
        """Take up the interrupted scan of this key, if wanted and there is one; else start anew."""
        first_line = json.dumps({"format": FORMAT, "key": key}).encode() + b"\n"
        try:
            if not (self._resume and key and self._begins_with(first_line)):
                self._start_anew(first_line)
            self._writing = self._path.open("r+b", buffering=0)
            self._reading = self._path.open("rb")
            self._end = self._read_known(self._reading, len(first_line))
            self._writing.truncate(self._end)
        except OSError as error:
            raise unwritable(self._report, error) from error

    def recalled(self, ask: Ask) -> Payload | None:
        """The answer an interrupted scan was given; None for a page of a list that was not read whole."""
        if not self._known:
            return None
        question = ask.question
        if question not in self._known or question in self._later:
            return None
        payload = self._at(self._known[question])
        if not self._is_whole(payload):
            del self._known[question]
            return None
        self._taken_up[question] = self._known[question]
        return payload

    def recollection(self, subscription_ids: Set[str]) -> list[Payload]:
        """All that can be recalled about these subscriptions (lower-cased ids), for a worker elsewhere."""
        theirs = [question for key in sorted(subscription_ids) for question in self._known_about[key]]
        found: dict[Question, Payload] = {}
        for _ in ("first pages", "the pages after them"):
            for question in theirs:
                if question in found or question not in self._known:
                    continue
                payload = self._at(self._known[question])
                if self.recalled(payload.ask):
                    found[question] = payload
        return list(found.values())

    def append(self, payload: Payload) -> None:
        """Keep one more payload; one that was recalled is there already."""
        offset = self._taken_up.pop(payload.ask.question, None) if self._taken_up else None
        if offset is None:
            offset = self._end
            self._write(record_of(payload))
        elif self.reused_since is None or payload.retrieved_at < self.reused_since:
            self.reused_since = payload.retrieved_at
        self._offsets.append(offset)

    def finish(self) -> None:
        """Remove the file: the report of this scan is written."""
        self._close()
        self._path.unlink(missing_ok=True)

    def _begins_with(self, first_line: bytes) -> bool:
        """Whether there is a file of ours, and nobody else could write it, that begins with this line."""
        try:
            with open(self._path, "rb", opener=_no_link) as old:
                begins = old.read(len(first_line)) == first_line
                is_ours = _is_ours(os.fstat(old.fileno()))
        except OSError:
            begins = is_ours = False
        if not (begins and is_ours):
            _log.warning("no scan like this one was interrupted beside %s: starting anew", self._report)
        return begins and is_ours

    def _start_anew(self, first_line: bytes) -> None:
        self._path.unlink(missing_ok=True)
        with open(self._path, "xb", opener=_private) as new:
            new.write(first_line)

    def _read_known(self, file: IO[bytes], offset: int) -> int:
        """Remember where the young answers are; returns where the last whole record ends."""
        oldest = self._clock() - self._max_age
        file.seek(offset)
        while (payload := _whole(file)) is not None:
            question = payload.ask.question
            if payload.retrieved_at >= oldest and is_answer(payload):
                self._known[question] = offset
                self._known_about[(payload.subscription_id or "").lower()].append(question)
            if following := _following(payload):
                self._later.add(following)
            offset = file.tell()
        return offset

    def _is_whole(self, page: Payload) -> bool:
        """Whether every further page of its list is known too; these may be recalled then."""
        found = [page.ask.question]
        while following := _following(page):
            if following in found or following not in self._known:
                return False
            found.append(following)
            page = self._at(self._known[following])
        self._later.difference_update(found)
        return True

    def _at(self, offset: int) -> Payload:
        assert self._reading is not None
        self._reading.seek(offset)
        payload = read_record(self._reading)
        assert payload is not None
        return payload

    def _write(self, record: bytes) -> None:
        """Add a record whole, or leave the file as it was. Raises UnwritableReportError for a full disk."""
        assert self._writing is not None
        try:
            self._writing.seek(self._end)
            left = memoryview(record)
            while left:
                left = left[self._writing.write(left) :]
        except OSError as error:
            with suppress(OSError):
                self._writing.truncate(self._end)
            raise unwritable(self._report, error) from error
        self._end += len(record)

    def _close(self) -> None:
        for file in (self._reading, self._writing):
            if file is not None:
                file.close()
        self._reading = self._writing = None


def _is_ours(status: os.stat_result) -> bool:
    is_private = os.name != "posix" or not status.st_mode & 0o077
    return is_private and (not hasattr(os, "geteuid") or status.st_uid == os.geteuid())


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)

"""Stores the payloads of a scan in a file beside its report, so that the scan can be resumed."""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Set
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import IO

from filelock import FileLock, Timeout

from reports.writing.places import hidden, make_private_folder, resolved, unwritable
from scanner.errors import UsageError
from scanner.payloads.answers import is_answer
from scanner.payloads.first_line import begins_with, begun, first_line_of, key_in
from scanner.payloads.notes import Notes
from scanner.payloads.pages import next_link
from scanner.payloads.payload import Payload, read_record, record_of
from scanner.payloads.people import new_key
from scanner.payloads.questions import Ask, Question

_log = logging.getLogger("azml_audit.resume")


def _next_question(page: Payload) -> Question | None:
    """Return the question for the next page of a list, or None after the last."""
    link = next_link(page.document)
    return (page.kind, page.scope, "GET", link, "") if isinstance(link, str) and link else None


def _next_record(file: IO[bytes]) -> Payload | None:
    """Return the next payload, or None at the end and for an incomplete record there."""
    try:
        return read_record(file)
    except (ValueError, KeyError, TypeError):
        return None


class Spool:
    """A `Store` in a file that only its owner can read. Only one scan at a time may write one report.

    The file is `.NAME.payloads` beside the report NAME, or inside it if that is a mount point. Its first line has the
    scan's key and the key of its pseudonyms. A record follows for each payload, written as soon as it is read. A
    killed process leaves at most one incomplete record at the end, which is cut off. A scan with the same key reuses
    answers that are no gaps and not older than `max_age`; it reuses a list only if it can reuse all pages.
    `finish` removes the file.
    """

    def __init__(
        self, report: Path, *, clock: Callable[[], datetime], max_age: timedelta, resume: bool
    ) -> None:
        """Prepare a spool beside this report. The context manager opens the file."""
        self._report = resolved(report)
        self._path = hidden(self._report, "payloads")
        self._lock = FileLock(hidden(self._report, "scan.lock"), timeout=0, mode=0o600)
        self._clock, self._max_age, self._resume = clock, max_age, resume
        self._writing: IO[bytes] | None = None
        self._reading: IO[bytes] | None = None
        self._end = 0
        self._first_line = b""
        self._is_resumed = False
        self._offsets = array("Q")
        self._known: dict[Question, int] = {}
        self._known_of: defaultdict[str, list[Question]] = defaultdict(list)
        self._later_pages: set[Question] = set()
        self._recalled: dict[Question, int] = {}

    def __enter__(self) -> Spool:
        """Lock the report against other scans. Raises UsageError if another scan holds the lock."""
        try:
            make_private_folder(self._report.parent)
            self._lock.acquire()
        except Timeout as error:
            raise UsageError(
                f"Another scan is writing {self._report}. Wait until it ends, or choose another --output."
            ) from error
        except OSError as error:
            raise unwritable(self._report, error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file. It stays for --resume unless it is empty or the scan finished."""
        if self._writing is not None:
            self._close()
            if len(self) and not isinstance(error, UsageError):
                _log.warning("the answers read so far are kept: add --resume to continue")
            else:
                self._path.unlink(missing_ok=True)
        with suppress(OSError):
            Path(self._lock.lock_file).unlink()
        self._lock.release()

    def __len__(self) -> int:
        """Return the number of payloads of this scan, with those it reuses."""
        return len(self._offsets)

    def __iter__(self) -> Iterator[Payload]:
        """Yield every payload of this scan in order."""
        for offset in self._offsets:
            yield self._at(offset)

    def begin(self, key: str, scope: str = "") -> bytes:
        """Resume the interrupted scan with this key, or start a new file. Return the key of its pseudonyms.

        Raises UsageError if the interrupted scan has another digest of its scope.
        """
        old = begun(self._path) if self._resume else {}
        if old.get("scope", scope) != scope:
            raise UsageError(
                f"--resume: the interrupted scan of {self._report} has another scope, and its answers do not fit "
                "this one. Repeat its scope, choose another --output, or leave out --resume to drop its answers."
            )
        try:
            first_line = first_line_of(key, scope, key_in(old))
            self._is_resumed = self._resume and bool(key) and self._begins_with(first_line)
            if not self._is_resumed:
                first_line = first_line_of(key, scope, new_key())
                self._start_new(first_line)
            self._writing = self._path.open("r+b", buffering=0)
            self._reading = self._path.open("rb")
            self._end = self._read_known(self._reading, len(first_line))
            self._writing.truncate(self._end)
            self._adopt(first_line)
        except OSError as error:
            raise unwritable(self._report, error) from error
        return key_in(json.loads(first_line))

    def new_notes(self) -> Notes:
        """Return an empty file for the answers of a worker."""
        name = f"{self._path.name}.{secrets.token_hex(4)}"
        return Notes(path=self._path.with_name(name), first_line=self._first_line)

    def _adopt(self, first_line: bytes) -> None:
        """Take over the notes that workers of the interrupted scan left, and remove them and all others."""
        self._first_line = first_line
        for path in self._noted():
            if self._is_resumed and begins_with(path, first_line):
                with path.open("rb") as file:
                    file.seek(len(first_line))
                    while (payload := _next_record(file)) is not None:
                        if payload.ask.question not in self._known:
                            offset = self._end
                            self._write(record_of(payload))
                            self._index(payload, offset)
            path.unlink(missing_ok=True)

    def _noted(self) -> list[Path]:
        name = re.compile(rf"{re.escape(self._path.name)}\.[0-9a-f]{{8}}")
        return [path for path in self._path.parent.iterdir() if name.fullmatch(path.name)]

    def recalled(self, ask: Ask) -> Payload | None:
        """Return the answer of the interrupted scan, or None if it cannot be reused.

        A list is recalled from its first page, and only if every page is there.
        """
        if not self._known:
            return None
        question = ask.question
        if question not in self._known or question in self._later_pages:
            return None
        payload = self._at(self._known[question])
        if not self._is_whole(payload):
            del self._known[question]
            return None
        self._recalled[question] = self._known[question]
        return payload

    def recollection(self, subscription_ids: Set[str]) -> list[Payload]:
        """Return everything that can be recalled for these subscriptions (lower-cased ids), for a worker.

        The second round finds later pages of the lists whose first page the first round recalled.
        """
        theirs = [question for key in sorted(subscription_ids) for question in self._known_of[key]]
        found: dict[Question, Payload] = {}
        for _ in range(2):
            for question in theirs:
                if question in found or question not in self._known:
                    continue
                payload = self._at(self._known[question])
                if self.recalled(payload.ask):
                    found[question] = payload
        return list(found.values())

    def append(self, payload: Payload) -> None:
        """Keep a payload. A recalled payload is in the file already."""
        offset = self._recalled.pop(payload.ask.question, None) if self._recalled else None
        if offset is None:
            offset = self._end
            self._write(record_of(payload))
        self._offsets.append(offset)

    def finish(self) -> None:
        """Remove the file, because the report of this scan is written."""
        self._close()
        self._path.unlink(missing_ok=True)
        for path in self._noted():
            path.unlink(missing_ok=True)

    def _begins_with(self, first_line: bytes) -> bool:
        """Check for a file that begins with this line and that only this user could write."""
        found = begins_with(self._path, first_line)
        if not found:
            _log.warning("no interrupted scan with these options beside %s: starting a new one", self._report)
        return found

    def _start_new(self, first_line: bytes) -> None:
        self._path.unlink(missing_ok=True)
        with open(self._path, "xb", opener=_private) as new:
            new.write(first_line)

    def _read_known(self, file: IO[bytes], offset: int) -> int:
        """Index the answers that are young enough. Return the offset after the last complete record."""
        file.seek(offset)
        while (payload := _next_record(file)) is not None:
            self._index(payload, offset)
            offset = file.tell()
        return offset

    def _index(self, payload: Payload, offset: int) -> None:
        question = payload.ask.question
        if payload.retrieved_at >= self._clock() - self._max_age and is_answer(payload):
            self._known[question] = offset
            self._known_of[(payload.subscription_id or "").lower()].append(question)
        if following := _next_question(payload):
            self._later_pages.add(following)

    def _is_whole(self, page: Payload) -> bool:
        """Check whether all later pages of the list are known, and if so allow them to be recalled."""
        found = [page.ask.question]
        while following := _next_question(page):
            if following in found or following not in self._known:
                return False
            found.append(following)
            page = self._at(self._known[following])
        self._later_pages.difference_update(found)
        return True

    def _at(self, offset: int) -> Payload:
        assert self._reading is not None
        self._reading.seek(offset)
        payload = read_record(self._reading)
        assert payload is not None
        return payload

    def _write(self, record: bytes) -> None:
        """Add a whole record or nothing. Raises UnwritableReportError if the disk is full."""
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


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)

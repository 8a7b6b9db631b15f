"""What a scan waits for is visible, with the time left, and is not repeated."""

from __future__ import annotations

import io
import logging
import re
import time

import pytest
from rich.console import Console

from scanner import terminal
from scanner.progress import Requests
from scanner.terminal import HarmlessConsole, TerminalProgress
from scanner.waiting import PACED, THROTTLED, UNAVAILABLE, Waits


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_text_names_the_longest_wait_and_counts_down() -> None:
    clock = Clock()
    waits = Waits(clock)
    assert waits.text() == ""
    waits.add(THROTTLED, "a/microsoft.storage", 20)
    waits.add(PACED, "b", 90)
    assert waits.text() == f"{PACED} subscription b and 1 more: 90 s left"
    clock.now += 75
    assert waits.text() == f"{PACED} subscription b: 15 s left"
    waits.add(UNAVAILABLE, "", 30)
    assert waits.text() == f"{UNAVAILABLE} the tenant and 1 more: 30 s left"
    clock.now += 31
    assert waits.text() == ""


def test_a_subscription_gets_one_line_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    waits = Waits(clock)
    for _ in range(120):
        waits.add(THROTTLED, "a", 5)
        waits.add(THROTTLED, "a/microsoft.storage", 5)
        waits.add(PACED, "b", 5)
        clock.now += 1
    assert [record.getMessage() for record in caplog.records] == [
        f"{THROTTLED} subscription a; waiting 5 s"
    ] * 2


def test_a_503_is_not_called_throttling(caplog: pytest.LogCaptureFixture) -> None:
    with TerminalProgress(Console(file=io.StringIO()), enabled=True) as progress:
        progress.unavailable("a", 9)
    assert "throttl" not in caplog.text
    assert "not available" in caplog.text


@pytest.mark.parametrize("kind", ["throttled", "unavailable", "paced"])
def test_off_a_terminal_a_line_is_logged_while_the_scan_waits(
    kind: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "EVERY", 0.05)
    with TerminalProgress(Console(file=io.StringIO()), enabled=True) as progress:
        getattr(progress, kind)("a", 300)
        lines: list[logging.LogRecord] = []
        while len(lines) < 2:
            time.sleep(0.02)
            lines = [record for record in caplog.records if "still waiting" in record.getMessage()]
    assert "s left; 0 requests answered" in lines[0].getMessage()


def test_on_a_terminal_the_time_left_is_drawn() -> None:
    console = HarmlessConsole(file=io.StringIO(), force_terminal=True, width=200, color_system=None)
    with TerminalProgress(console, enabled=True) as progress:
        progress.throttled("a\x1b[2Jb", 300)
        progress._progress.refresh()
    assert isinstance(console.file, io.StringIO)
    drawn = console.file.getvalue()
    assert f"{THROTTLED} subscription a\\u001b[2Jb: 300 s left" in drawn


def test_the_rate_is_that_of_the_last_ten_seconds() -> None:
    clock = Clock()
    requests = Requests(clock)
    assert (requests.count, requests.a_second()) == (0, 0)
    for _ in range(300):
        requests.add()
        clock.now += 0.1
    assert (requests.count, round(requests.a_second())) == (300, 10)
    clock.now += 60
    assert (requests.count, requests.a_second()) == (300, 0)


def test_on_a_terminal_the_requests_a_second_and_the_time_left_are_drawn() -> None:
    console = HarmlessConsole(file=io.StringIO(), force_terminal=True, width=200, color_system=None)
    with TerminalProgress(console, enabled=True) as progress:
        progress.workspaces_found(1000)
        for _ in range(3):
            progress.request_answered()
            progress.workspace_read()
            time.sleep(0.01)
        progress._progress.refresh()
    assert isinstance(console.file, io.StringIO)
    assert re.search(r"3 requests, 3 a second", console.file.getvalue())
    assert re.search(r"about \d+:\d\d:\d\d left", console.file.getvalue())


def test_at_80_columns_every_note_has_its_line_and_no_id_is_broken() -> None:
    console = HarmlessConsole(file=io.StringIO(), force_terminal=True, width=80, color_system=None)
    subscription = "379ca87f-4564-5195-ac26-a96fd63fd33e"
    with TerminalProgress(console, enabled=True) as progress:
        progress.subscriptions_found(1200)
        progress.workspaces_found(123456)
        for _ in range(12345):
            progress.request_answered()
        progress.workspace_read()
        time.sleep(0.01)
        progress.workspace_read()
        progress.unavailable(f"{subscription}/microsoft.storage", 300)
        progress._progress.refresh()
    assert isinstance(console.file, io.StringIO)
    drawn = console.file.getvalue().rpartition("Subscriptions")[2]
    assert subscription in drawn
    lines = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line) for line in drawn.split("\n")]
    assert max(map(len, lines)) <= 80
    assert "12,345 requests, " in lines[0]
    assert re.search(r"2/123456 about \S+( day(s)?, \S+)? left", lines[1])

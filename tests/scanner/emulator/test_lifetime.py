"""The emulator listens on loopback while it is wanted, and always stops."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.foreground import serve
from scanner.emulator.server import THREAD_NAME, Emulator, emulated
from tests.scanner.emulator.test_emulator import VISION, ask


def test_it_listens_on_loopback_only_and_stops_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), emulated(demo_tenant()) as emulator:
        assert 1 // emulator.count
    assert emulator.url.startswith("http://127.0.0.1:")
    with pytest.raises(ConnectionRefusedError):
        ask(emulator, VISION)
    assert THREAD_NAME not in [thread.name for thread in threading.enumerate()]


def test_a_taken_port_is_an_os_error() -> None:
    with emulated(demo_tenant()) as emulator:
        port = urlsplit(emulator.url).port or 0
        with pytest.raises(OSError), emulated(demo_tenant(), port=port):
            pass


@pytest.mark.parametrize("wrong", [{"port": 70000}, {"page_size": 0}])
def test_impossible_settings_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        Emulator(demo_tenant(), **wrong)  # type: ignore[arg-type]


def test_it_stops_although_an_answer_is_still_to_come() -> None:
    slow = Fault(kind=FaultKind.LATENCY, seconds=3600)
    with emulated(demo_tenant(), faults=[slow]) as emulator, pytest.raises(TimeoutError):
        ask(emulator, VISION, timeout=0.2)
    assert [request.status for request in emulator.requests] == [0]


def test_two_emulators_run_side_by_side() -> None:
    with emulated(demo_tenant()) as first, emulated(demo_tenant(), tls=True) as second:
        assert ask(first, VISION).body == ask(second, VISION).body
        assert (first.count, second.count) == (1, 1)


def entered(body: Callable[[Emulator], Awaitable[None]]) -> Emulator:
    async def run() -> Emulator:
        async with Emulator(demo_tenant()) as emulator:
            await body(emulator)
        return emulator

    return asyncio.run(run())


def test_it_can_be_entered_inside_a_running_loop() -> None:
    async def body(emulator: Emulator) -> None:
        reply = await asyncio.to_thread(ask, emulator, "/subscriptions", version="2022-12-01")
        assert reply.status == 200

    assert entered(body).count == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_in_the_foreground_it_serves_until_it_is_told_to_stop(tmp_path: Path, number: signal.Signals) -> None:
    seen: list[tuple[str, bytes | None]] = []

    def ready(emulator: Emulator) -> None:
        seen.append((emulator.url, emulator.ca_pem))
        threading.Timer(0, os.kill, (os.getpid(), number)).start()

    serve(demo_tenant(), ready=ready, tls_dir=tmp_path / "new")
    assert seen[0][0].startswith("https://localhost:")
    assert (tmp_path / "new" / "ca.pem").read_bytes() == seen[0][1]

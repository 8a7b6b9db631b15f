"""The edge of every command: exit codes, signals, and imports without garbage collection."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
import typer

from checks.errors import AuditError
from scanner.cli.boundary import lasting, run
from scanner.terminal import Terminal


def raising(error: BaseException) -> Callable[[Terminal], int]:
    def command(terminal: Terminal) -> int:
        raise error

    return command


@pytest.mark.parametrize(
    ("command", "code", "told"),
    [
        (lambda terminal: 3, 3, ""),
        (raising(AuditError("what to do")), 2, "azml-audit: what to do"),
        (raising(RuntimeError("ours")), 4, "RuntimeError: ours"),
        (raising(KeyboardInterrupt()), 130, "interrupted"),
    ],
    ids=["code", "usage", "internal", "interrupted"],
)
def test_a_command_ends_with_its_code_and_says_why(
    command: Callable[[Terminal], int], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended:
        run(command)
    assert ended.value.exit_code == code
    printed = capsys.readouterr()
    assert told in printed.err
    assert printed.out == ""


def test_a_termination_is_told_apart_from_an_interrupt(capsys: pytest.CaptureFixture[str]) -> None:
    def terminated(terminal: Terminal) -> int:
        signal.raise_signal(signal.SIGTERM)
        return 0

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(typer.Exit) as ended:
        run(terminated)
    assert ended.value.exit_code == 143
    assert "terminated" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("handler", [signal.default_int_handler, signal.SIG_IGN], ids=["usual", "ignored"])
def test_a_termination_cleans_up_what_a_loop_has_open_even_where_ctrl_c_is_ignored(
    handler: signal.Handlers,
) -> None:
    closed: list[str] = []

    async def work() -> int:
        try:
            asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGTERM)
            await asyncio.sleep(3600)
        finally:
            closed.append("closed")
        return 0

    before = signal.signal(signal.SIGINT, handler)
    try:
        with pytest.raises(typer.Exit) as ended:
            run(lambda terminal: asyncio.run(work()))
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended.value.exit_code == 143
    assert closed == ["closed"]


def test_garbage_is_collected_again_afterwards_whatever_happened() -> None:
    before = gc.get_threshold()
    try:
        with lasting():
            assert not gc.isenabled()
        assert gc.isenabled()
        with pytest.raises(ImportError), lasting():
            import_module("scanner.nowhere")
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@pytest.mark.parametrize("before", [None, "2"])
def test_the_environment_is_as_it_was(before: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "OPENBLAS_NUM_THREADS"
    if before is None:
        monkeypatch.delenv(name, raising=False)
    else:
        monkeypatch.setenv(name, before)
    threshold = gc.get_threshold()
    try:
        with lasting():
            assert os.environ[name] == "1"
        assert os.environ.get(name) == before
    finally:
        gc.set_threshold(*threshold)
        gc.unfreeze()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted in /proc")
def test_numpy_starts_no_threads() -> None:
    script = "\n".join(
        [
            "from pathlib import Path",
            "from scanner.cli.boundary import lasting",
            "with lasting():",
            "    import numpy",
            "print(len(list(Path('/proc/self/task').iterdir())))",
        ]
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "1"

"""Where a command ends: its code or its error becomes the exit of the process."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

import pytest
import typer

from checks.errors import AuditError
from scanner.cli.boundary import run
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

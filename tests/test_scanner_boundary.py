"""Where a command ends: its code or its error becomes the exit of the process."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import typer

from checks.errors import AuditError
from scanner.boundary import run
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

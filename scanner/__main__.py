"""The entry point of the console script and of `python -m scanner`.

It imports nothing of its own before it can handle an error: Python's exit code for an uncaught exception is 1,
which here means that a policy is violated.
"""

from __future__ import annotations

import os
import sys

_INTERNAL, _INTERRUPTED = 4, 130


def main() -> None:
    """Run the command line. Exit with 4, or 130 for Ctrl-C, if the command itself could not set its code."""
    try:
        _leave_current_folder()
        from scanner.cli.main import main as command_line

        command_line()
    except KeyboardInterrupt:
        _exit("interrupted.", _INTERRUPTED)
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - nothing may reach Python's own exit code
        text = " ".join(f"{type(error).__name__}: {error}".split())
        _exit(f"internal error: {text}", _INTERNAL)


def _leave_current_folder() -> None:
    """Import no module from the current folder, where `python -m` looks first, unless the scanner is there."""
    here, home = os.path.realpath(os.curdir), os.path.realpath(f"{__file__}/../..")
    if sys.path and not sys.flags.safe_path and os.path.realpath(sys.path[0]) == here != home:
        del sys.path[0]


def _exit(message: str, code: int) -> None:
    try:
        sys.stderr.write(f"azml-audit: {message}\n")
    finally:
        raise SystemExit(code)


if __name__ == "__main__":
    main()

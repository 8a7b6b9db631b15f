"""Run a printed az text in bash, as pasted. Its `az` sends the words to this process, which runs the command."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingUnixStreamServer
from threading import Thread

TOOLS = ("cat", "grep", "mktemp", "mv", "rm", "sed", "tr")
"""Programs that a text may use beside az. Anything else is not found."""

Run = Callable[[Sequence[str], Path], str]

_CLIENT = """\
#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as link:
    link.connect({address!r})
    link.sendall(json.dumps([sys.argv[1:], os.getcwd()]).encode() + b"\\n")
    answer = json.loads(b"".join(iter(lambda: link.recv(65536), b"")))
sys.stdout.write(answer["out"])
sys.stderr.write(answer["error"])
sys.exit(1 if answer["error"] else 0)
"""


class ShellFailed(Exception):  # noqa: N818 - the text failed, not this module
    """A printed text did not run to its end; the message is what bash and az wrote."""


def run_in_bash(text: str, variables: Mapping[str, str], run: Run) -> None:
    """Run the text with these variables, as if it were pasted: a command that fails does not stop the next one.

    Raises ShellFailed for a variable without a value, and for each az command that failed.
    """
    failed: list[str] = []
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        with _az(folder, run, failed):
            done = subprocess.run(
                [_tool("bash"), "--noprofile", "--norc", "-u", "-c", text],
                cwd=folder,
                env={**variables, "PATH": str(folder / "bin")},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
    unset = [line for line in done.stderr.splitlines() if "unbound variable" in line or "not found" in line]
    if failed or unset:
        raise ShellFailed("; ".join([*failed, *unset]))


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise ShellFailed(f"{name} is not installed")
    return found


@contextmanager
def _az(folder: Path, run: Run, failed: list[str]):  # type: ignore[no-untyped-def]
    """Put `az` and the tools into `folder`/bin, and answer az while the block runs."""
    programs = folder / "bin"
    programs.mkdir()
    for name in TOOLS:
        (programs / name).symlink_to(_tool(name))
    address = str(folder / "az.socket")
    client = programs / "az"
    client.write_text(_CLIENT.format(python=sys.executable, address=address), encoding="utf-8")
    client.chmod(0o700)

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            words, where = json.loads(self.rfile.readline())
            try:
                answer = {"out": run(words, Path(where)), "error": ""}
            except Exception as error:  # noqa: BLE001 - every failure of a command is bash's to report
                failed.append(f"az {' '.join(words)[:200]}: {type(error).__name__}: {error}")
                answer = {"out": "", "error": f"{failed[-1]}\n"}
            self.wfile.write(json.dumps(answer).encode())
            self.connection.shutdown(socket.SHUT_WR)

    server = ThreadingUnixStreamServer(address, Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

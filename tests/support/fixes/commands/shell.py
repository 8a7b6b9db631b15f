"""Run a printed az text in bash, as pasted. Its `az` sends the words to this process, which runs the command."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread

TOOLS = ("awk", "cat", "grep", "mktemp", "mv", "rm", "sed", "tr")
"""Programs that a text may use beside az. Anything else is not found."""

Run = Callable[[Sequence[str], Path], str]

_AZ = """\
az() {
  local link answer
  exec {link}<>/dev/tcp/127.0.0.1/$AZ_PORT
  printf '%s\\0' "$#" "$PWD" "$@" >&$link
  IFS= read -r -d '' answer <&$link
  exec {link}>&-
  if [ "${answer:0:1}" = 0 ]; then printf '%s' "${answer:1}"; else printf '%s\\n' "${answer:1}" >&2; return 1; fi
}
"""
"""The az of the tests, a function of the shell: a process for each command would cost most of the time of a proof."""


class ShellFailed(Exception):  # noqa: N818 - the text failed, not this module
    """A printed text did not run to its end; the message is what bash and az wrote."""


def run_in_bash(text: str, variables: Mapping[str, str], run: Run) -> None:
    """Run the text with these variables, as if it were pasted: a command that fails does not stop the next one.

    Raises ShellFailed for a variable without a value, and for each az command that failed.
    """
    failed: list[str] = []
    with tempfile.TemporaryDirectory() as made, _answering(run, failed) as port:
        folder = Path(made)
        programs = folder / "bin"
        programs.mkdir()
        for name in TOOLS:
            (programs / name).symlink_to(_tool(name))
        done = subprocess.run(
            [_tool("bash"), "--noprofile", "--norc", "-u", "-c", _AZ + text],
            cwd=folder,
            env={**variables, "PATH": str(programs), "AZ_PORT": str(port)},
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
def _answering(run: Run, failed: list[str]) -> Iterator[int]:
    """Answer az on the yielded port of this machine while the block runs."""

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            where, *words = self._words(int(self._words(1)[0]) + 1)
            try:
                answer = f"0{run(words, Path(where))}"
            except Exception as error:  # noqa: BLE001 - every failure of a command is bash's to report
                failed.append(f"az {' '.join(words)[:200]}: {type(error).__name__}: {error}")
                answer = f"1{failed[-1]}"
            self.wfile.write(answer.encode() + b"\0")

        def _words(self, count: int) -> list[str]:
            return [b"".join(iter(lambda: self.rfile.read(1), b"\0")).decode() for _ in range(count)]

    server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

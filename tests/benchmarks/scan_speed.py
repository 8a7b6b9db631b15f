"""How long a whole scan takes, beside a bare loop that reads the same URLs and does nothing else.

    python tests/benchmarks/scan_speed.py --subscriptions 100 --workspaces 10 --rules 12 --rounds 3

Starts the embedded emulator (it is not Azure) in a process of its own, with TLS and a latency, and runs
every row as a process of its own against it, compiled as if installed: wall clock, CPU seconds and peak
memory are those of the whole process, its start included. Rows take turns for `--rounds` rounds; the
median of each is shown, and the ratio to the bare loop of the same run. `--peers` adds sequential scripts
with the management SDK and azure-ai-ml, once: they take minutes.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scanner.emulator.tenants.identity import CLIENT_ID, CLIENT_SECRET, TENANT_ID

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PACKAGES = ("checks", "reports", "scanner", "templates")
PEERS = ("management SDK", "azure-ai-ml")
SIGN_IN = {
    "AZURE_TENANT_ID": TENANT_ID,
    "AZURE_CLIENT_ID": CLIENT_ID,
    "AZURE_CLIENT_SECRET": CLIENT_SECRET,
}


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One run of one row: seconds, CPU seconds and peak memory in MB."""

    wall: float
    cpu: float
    memory: float


@contextmanager
def emulator(arguments: argparse.Namespace, folder: Path) -> Iterator[str]:
    """The URL of an emulator that runs meanwhile; its authority is in `folder/ca.pem`."""
    options = {
        "--tenant": "generated",
        "--subscriptions": arguments.subscriptions,
        "--workspaces": arguments.workspaces,
        "--rules": arguments.rules,
        "--latency-ms": arguments.latency_ms,
        "--jitter-ms": arguments.latency_ms / 5,
        "--tls-dir": folder,
    }
    words = [str(word) for option in options.items() for word in option]
    command = [sys.executable, "-m", "scanner", "emulator", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield next(word for word in process.stdout.readline().split() if word.startswith("https://"))
        finally:
            process.terminate()


def measured(
    command: Sequence[str], authority: Path, accepted: Sequence[int] = (0,), code: Path = ROOT
) -> Measure:
    """Run a command of the package in `code` to its end. Raises SystemExit where it ends otherwise than accepted."""
    environment = {**os.environ, **SIGN_IN, "SSL_CERT_FILE": str(authority), "PYTHONPATH": str(code)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryFile() as told:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=told, stderr=told, env=environment, cwd=code)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in accepted:
            told.seek(0)
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}: {told.read().decode()}")
    return Measure(wall=wall, cpu=used.ru_utime + used.ru_stime, memory=used.ru_maxrss / 1024)


def rows(arguments: argparse.Namespace, url: str, folder: Path) -> Mapping[str, Sequence[str]]:
    """The command behind every row, the bare loop first."""
    authority, concurrency = str(folder / "ca.pem"), str(arguments.concurrency)
    python, policy = sys.executable, str(arguments.policy)
    scan = [python, "-m", "scanner", "scan", "--auth", "environment", "--arm-endpoint", url]
    scan += ["--ca-bundle", authority, "--policy", policy, "--max-concurrency", concurrency, "--quiet"]
    scan += ["--output", str(folder / "report"), "--fail-on", "critical", *arguments.scan_option]
    found = {
        "bare loop": [
            *(python, str(HERE / "bare_loop.py"), url, authority, str(folder / "urls.json"), concurrency)
        ],
        "collection": [python, str(HERE / "collect_only.py"), url, authority, policy, concurrency],
        "whole scan": scan,
    }
    if arguments.peers:
        peers = [arguments.peers, str(HERE / "peers.py")]
        found["management SDK"] = [*peers, "management", url, authority]
        found["azure-ai-ml"] = [*peers, "azure-ai-ml", url, authority]
    return found


def show(taken: Mapping[str, list[Measure]]) -> None:
    """Print the medians and their ratios to the bare loop."""
    bare = taken["bare loop"]
    print(f"{'':16}{'wall s':>9}{'ratio':>8}{'CPU s':>9}{'ratio':>8}{'peak MB':>9}")
    for name, measures in taken.items():
        wall, base_wall = (statistics.median(each.wall for each in which) for which in (measures, bare))
        cpu, base_cpu = (statistics.median(each.cpu for each in which) for which in (measures, bare))
        memory = max(each.memory for each in measures)
        print(f"{name:16}{wall:9.2f}{wall / base_wall:8.2f}{cpu:9.2f}{cpu / base_cpu:8.2f}{memory:9.0f}")


def parsed() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, default in (("subscriptions", 100), ("workspaces", 10), ("rules", 12), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--latency-ms", type=float, default=40.0)
    parser.add_argument("--concurrency", type=int, default=256)
    parser.add_argument("--policy", default=HERE / "network.yaml")
    parser.add_argument("--peers", metavar="PYTHON", help="an interpreter that has azure-ai-ml")
    parser.add_argument("--only", nargs="*", help="rows to run beside the bare loop")
    parser.add_argument("--scan-option", nargs="*", default=[], help="more options for the whole scan")
    return parser.parse_args()


def compile_all() -> None:
    """Let every row find our code compiled, as whoever installed it does."""
    for package in PACKAGES:
        compileall.compile_dir(ROOT / package, quiet=1)


def main() -> None:
    """Run everything and print the table."""
    arguments = parsed()
    compile_all()
    with tempfile.TemporaryDirectory() as name, emulator(arguments, Path(name)) as url:
        folder = Path(name)
        authority, urls = folder / "ca.pem", folder / "urls.json"
        collect = [sys.executable, str(HERE / "collect_only.py"), url, str(authority)]
        measured([*collect, str(arguments.policy), str(arguments.concurrency), str(urls)], authority)
        asked = json.loads(urls.read_text("utf-8"))
        requests = len(asked["first"]) + sum(
            len(each["pages"]) + len(each["rest"]) for each in asked["subscriptions"]
        )
        commands = rows(arguments, url, folder)
        chosen = [name for name in commands if not arguments.only or name in ("bare loop", *arguments.only)]
        taken: dict[str, list[Measure]] = {name: [] for name in chosen}
        for number in range(arguments.rounds):
            for name in chosen if number == 0 else [each for each in chosen if each not in PEERS]:
                taken[name].append(measured(commands[name], authority, accepted=(0, 1, 3)))
        size = subprocess.run(commands["bare loop"], capture_output=True, text=True, check=True).stdout
    workspaces = arguments.subscriptions * arguments.workspaces
    print(f"{workspaces:,} workspaces in {arguments.subscriptions:,} subscriptions, {arguments.rules} rules")
    print(f"{requests:,} requests, {int(size) / 1e6:,.1f} MB, {arguments.latency_ms:g} ms latency, ", end="")
    print(f"at most {arguments.concurrency} at once; medians of {arguments.rounds} rounds")
    print("requests by kind: " + ", ".join(f"{name} {count:,}" for name, count in asked["kinds"].items()))
    show(taken)


if __name__ == "__main__":
    main()

"""What writing and verifying evidence adds to a scan, as ratios in one run.

    python tests/benchmarks/evidence.py --subscriptions 100 --workspaces 100 --rules 12 --policy baseline

Starts the embedded emulator (it is not Azure) in a process of its own, with TLS and no latency, so that the
scan is as fast as it can be and evidence as dear as it can be beside it. Every row is a process of its
own; rows take turns for `--rounds` rounds and the median of each is shown, with the ratio to the scan
without evidence of the same run.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks.scan_speed import Measure, emulator, measured


def rows(arguments: argparse.Namespace, url: str, folder: Path) -> Mapping[str, Sequence[str]]:
    """The command behind every row, the bare scan first; verifying reads what was written before it."""
    program = [sys.executable, "-m", "scanner"]
    scan = [*program, "scan", "--auth", "environment", "--arm-endpoint", url, "--quiet", "--format", "csv"]
    scan += ["--ca-bundle", str(folder / "ca.pem"), "--policy", arguments.policy]
    scan += ["--output", str(folder / "report"), "--fail-on", "critical"]
    return {
        "scan": scan,
        "scan, zip": [*scan, "--evidence", str(folder / "evidence.zip")],
        "scan, folder": [*scan, "--evidence", str(folder / "evidence")],
        "verify, zip": [*program, "verify", str(folder / "evidence.zip")],
        "verify, folder": [*program, "verify", str(folder / "evidence")],
    }


def bytes_of(path: Path) -> int:
    """The size of a file or of all files in a folder."""
    return sum(each.stat().st_size for each in [path, *path.rglob("*")] if each.is_file())


def show(taken: Mapping[str, list[Measure]]) -> None:
    """Print the medians and their ratios to the bare scan."""
    bare = taken["scan"]
    print(f"{'':16}{'wall s':>9}{'ratio':>8}{'CPU s':>9}{'ratio':>8}{'peak MB':>9}")
    for name, measures in taken.items():
        wall, base_wall = (statistics.median(each.wall for each in which) for which in (measures, bare))
        cpu, base_cpu = (statistics.median(each.cpu for each in which) for which in (measures, bare))
        memory = max(each.memory for each in measures)
        print(f"{name:16}{wall:9.1f}{wall / base_wall:8.2f}{cpu:9.1f}{cpu / base_cpu:8.2f}{memory:9.0f}")


def parsed() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, default in (("subscriptions", 100), ("workspaces", 100), ("rules", 12), ("rounds", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--policy", default="baseline")
    return argparse.Namespace(**vars(parser.parse_args()), latency_ms=0.0)


def main() -> None:
    """Run everything and print the table."""
    arguments = parsed()
    with tempfile.TemporaryDirectory() as name, emulator(arguments, Path(name)) as url:
        folder = Path(name)
        commands = rows(arguments, url, folder)
        taken: dict[str, list[Measure]] = {row: [] for row in commands}
        for _ in range(arguments.rounds):
            (folder / "evidence.zip").unlink(missing_ok=True)
            shutil.rmtree(folder / "evidence", ignore_errors=True)
            for row, command in commands.items():
                accepted = (0,) if row.startswith("verify") else (0, 1, 3)
                taken[row].append(measured(command, folder / "ca.pem", accepted))
        sizes = {row: bytes_of(folder / row) / 1e6 for row in ("evidence", "evidence.zip", "report")}
    workspaces = arguments.subscriptions * arguments.workspaces
    print(f"{workspaces:,} workspaces, {arguments.rules} rules each, policy {arguments.policy}; ", end="")
    print(", ".join(f"{row} {size:,.1f} MB" for row, size in sizes.items()))
    show(taken)


if __name__ == "__main__":
    main()

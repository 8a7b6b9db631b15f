"""What writing a report costs: CPU and memory on top of an audit that is already judged.

    python tests/benchmarks/write_reports.py --subscriptions 100 --workspaces 100 --rules 12 --format html,csv
    python tests/benchmarks/write_reports.py --format all

The tenant is generated and tabulated in this process, without the network, and judged by `network.yaml`.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from checks.registry import registry
from reports.formats.names import chosen
from reports.formats.registry import RENDERERS, prepare, write
from scanner.audit import audited
from scanner.policies import loaded
from scanner.tables.tabulate import tables
from tests.benchmarks.judge_all_checks import pages, payload

HERE = Path(__file__).parent


def memory(name: str) -> float:
    """A line of `/proc/self/status`, in MB."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) / 1e3 for line in lines if line.startswith(f"{name}:"))


def main() -> None:
    """Run it and print a line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, default in (("subscriptions", 100), ("workspaces", 100), ("rules", 12)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--format", default="html,csv")
    arguments = parser.parse_args()
    bodies = pages(arguments.subscriptions, arguments.workspaces, arguments.rules)
    made = tables(payload(name, json.loads(body)) for name, body in bodies)
    made = made.replaced(workspaces=made.workspaces.assign(outbound_rules_known=True))
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    policies = loaded([str(HERE / "network.yaml")], registry())
    audit = audited(made, policies, source="generated", is_azure=False, started_at=moment, finished_at=moment)
    formats = tuple(RENDERERS) if arguments.format == "all" else chosen([arguments.format])
    prepare(formats)
    Path("/proc/self/clear_refs").write_text("5", "utf-8")
    before, began = memory("VmRSS"), os.times()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = write(audit, Path(folder) / "report", formats)
        wall, ended = time.monotonic() - started, os.times()
        user, system = ended.user - began.user, ended.system - began.system
        size = sum(path.stat().st_size for path in report.iterdir()) / 1e6
    print(f"{len(made.workspaces):,} workspaces, {len(audit.findings):,} findings, {size:,.0f} MB written")
    print(f"{wall:.1f} s, CPU {user:.1f} s, and {system:.1f} s in the system")
    print(f"{memory('VmHWM') - before:,.0f} MB at the most, beside {before:,.0f} MB that were there before")


if __name__ == "__main__":
    main()

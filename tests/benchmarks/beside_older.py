"""Requests, wall clock and CPU of a scan, beside an older commit of this repository in the same run.

    python tests/benchmarks/beside_older.py --commit 7b5473f --rounds 3

Both scan the same tenants of the embedded emulator (it is not Azure) and judge the same checks, those of the
policy `baseline` at commit 7b5473f. Rows take turns; the medians are shown. Reads of perimeters are not
counted, because the older commit did not make them. The last line compares the findings with those of a scan
that reads everything singly (`--collect all`).
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import statistics
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import Emulator, emulated
from scanner.emulator.tenants.generated import generated_tenant
from tests.benchmarks.scan_speed import ROOT, Measure, measured

NOT_COUNTED = "networkSecurityPerimeterConfigurations"
POLICY = """version: 1
name: baseline-of-7b5473f
description: The checks of the policy baseline at commit 7b5473f.
checks: {{{checks}}}
"""
FAMILIES = {
    "NET": (1, 2, 3, 5),
    "PEP": (1, 2, 3),
    "MVN": range(1, 8),
    "OBR": range(1, 14),
    "RES": (1, 2, 3, 13),
}
WORKLOADS = ("CMP001", "CMP002", "CMP006", "END001", "END002")
BUCKET = Fault(kind=FaultKind.TOKEN_BUCKET, capacity=250, refill=25)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A tenant and how the emulator serves it; `targets` are ratios by column."""

    name: str
    subscriptions: int
    workspaces: int
    latency_ms: float
    targets: Mapping[str, float]
    faults: tuple[Fault, ...] = ()


ROWS = (
    Row(
        name="40 ms",
        subscriptions=100,
        workspaces=10,
        latency_ms=40,
        targets={"requests": 3400 / 7288, "wall": 0.65, "cpu": 0.80},
    ),
    Row(name="300 ms", subscriptions=100, workspaces=10, latency_ms=300, targets={"wall": 0.25}),
    Row(
        name="bucket",
        subscriptions=1,
        workspaces=200,
        latency_ms=40,
        targets={"wall": 0.40},
        faults=(BUCKET,),
    ),
)


@contextmanager
def older_tree(commit: str) -> Iterator[Path]:
    """Unpack the commit into a folder that is deleted afterwards."""
    packed = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
    with tempfile.TemporaryDirectory() as name:
        with tarfile.open(fileobj=io.BytesIO(packed)) as files:
            files.extractall(name, filter="data")
        yield Path(name)


def scan(
    tree: Path, emulator: Emulator, policy: Path, folder: Path, *options: str
) -> tuple[Measure, int, Counter[str]]:
    """Scan with the code of `tree`; return its cost, the requests that count, and these by kind."""
    authority = folder / "ca.pem"
    authority.write_bytes(emulator.ca_pem or b"")
    before = len(emulator.requests)
    command = [
        sys.executable,
        "-m",
        "scanner",
        "scan",
        "--auth",
        "environment",
        "--arm-endpoint",
        emulator.url,
    ]
    command += [
        "--ca-bundle",
        str(authority),
        "--policy",
        str(policy),
        "--quiet",
        "--format",
        "csv",
        *options,
    ]
    command += ["--output", str(folder / "report")]
    cost = measured(command, authority, accepted=(0, 1, 3), code=tree)
    kinds = Counter(kind(request.path) for request in emulator.requests[before:])
    return cost, sum(count for name, count in kinds.items() if not name.endswith(NOT_COUNTED)), kinds


def kind(path: str) -> str:
    """Return what a path asks for: the types of the resource, without names."""
    provider = path.rpartition("/providers/")[2].split("/") if "/providers/" in path else path.split("/")
    return "/".join(provider[1::2]) or provider[0]


def findings(folder: Path) -> list[tuple[str, ...]]:
    """Return every finding of a report: check, resource, status and reason."""
    with (folder / "report" / "findings.csv").open(newline="", encoding="utf-8") as file:
        return sorted(
            (row["check_id"], row["resource_id"], row["status"], row["reason"])
            for row in csv.DictReader(file)
        )


def measure(row: Row, older: Path, policy: Path, rounds: int) -> None:
    """Print one row of the table and the requests by kind."""
    tenant = generated_tenant(
        subscriptions=row.subscriptions, workspaces=row.workspaces, rules=12, seed=0, with_dependencies=True
    )
    trees = {"older": older, "this": ROOT}
    costs: dict[str, list[Measure]] = {name: [] for name in trees}
    asked: dict[str, int] = {}
    kinds: dict[str, Counter[str]] = {}
    for _ in range(rounds):
        for name, tree in trees.items():
            server = emulated(
                tenant, tls=True, latency_ms=row.latency_ms, jitter_ms=row.latency_ms / 5, faults=row.faults
            )
            with server as emulator, tempfile.TemporaryDirectory() as folder:
                cost, asked[name], kinds[name] = scan(tree, emulator, policy, Path(folder))
                costs[name].append(cost)
    values = {
        "requests": {name: float(asked[name]) for name in trees},
        "wall": {name: statistics.median(each.wall for each in costs[name]) for name in trees},
        "cpu": {name: statistics.median(each.cpu for each in costs[name]) for name in trees},
    }
    for column, found in values.items():
        ratio, target = found["this"] / found["older"], row.targets.get(column)
        wanted = "" if target is None else f"  target {target:.2f}: {'met' if ratio <= target else 'MISSED'}"
        print(
            f"{row.name:8}{column:10}{found['older']:10,.2f}{found['this']:10,.2f}{ratio:8.2f}{wanted}",
            flush=True,
        )
    for name in trees:
        print(f"        {name}: {json.dumps(dict(kinds[name].most_common(12)))}", flush=True)


def compare_with_a_full_read(row: Row, policy: Path) -> None:
    """Print whether the findings are those of a scan that reads everything singly."""
    tenant = generated_tenant(
        subscriptions=row.subscriptions, workspaces=row.workspaces, rules=12, seed=0, with_dependencies=True
    )
    found: list[Sequence[tuple[str, ...]]] = []
    for options in ((), ("--collect", "all")):
        with emulated(tenant, tls=True) as emulator, tempfile.TemporaryDirectory() as folder:
            scan(ROOT, emulator, policy, Path(folder), *options)
            found.append(findings(Path(folder)))
    equal = "equal" if found[0] == found[1] else "NOT equal"
    print(f"{len(found[0]):,} findings, {equal} to those of --collect all")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--commit", default="7b5473f", help="the older commit")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=[row.name for row in ROWS], help="rows by name")
    arguments = parser.parse_args()
    print(f"{'':18}{arguments.commit:>10}{'this':>10}{'ratio':>8}")
    ids = [
        *(f"{family}{number:03}" for family, numbers in FAMILIES.items() for number in numbers),
        *WORKLOADS,
    ]
    with older_tree(arguments.commit) as older:
        policy = older / "policy.yaml"
        policy.write_text(POLICY.format(checks=", ".join(f"{id}: " for id in ids)), encoding="utf-8")
        for row in ROWS:
            if row.name in arguments.only:
                measure(row, older, policy, arguments.rounds)
        compare_with_a_full_read(ROWS[0], policy)


if __name__ == "__main__":
    main()

"""Requests, wall clock and CPU of a scan, beside an older commit of this repository in the same run.

    python tests/benchmarks/beside_older.py --commit 7b5473f --rounds 3

Both scan the same tenants of the embedded emulator (it is not Azure) and judge the same checks. Those of the first
rows are the policy `baseline` of commit 7b5473f without the two that read network security perimeters now, which
the older commit did not read; the row "all" has those too. In the row "storage" the emulator counts as the storage
provider does, and "refused" are its 429. Rows take turns; the medians are shown. The last line compares the
findings with those of a scan that reads everything singly (`--collect all`).
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
from scanner.emulator.tenants.tenant import Tenant
from tests.benchmarks.scan_speed import ROOT, Measure, measured

POLICY = """version: 1
name: beside-older
description: Checks that the older commit has as well.
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
BASELINE = (
    *(f"{family}{number:03}" for family, numbers in FAMILIES.items() for number in numbers),
    *WORKLOADS,
)
WITHOUT_PERIMETERS = tuple(id for id in BASELINE if id not in ("RES001", "RES002"))
"""The older commit did not read network security perimeters, which these two checks ask for now."""
BUCKET = Fault(kind=FaultKind.TOKEN_BUCKET, capacity=250, refill=25)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A tenant, how the emulator serves it, and what is judged; `targets` are ratios by column."""

    name: str
    subscriptions: int
    workspaces: int
    latency_ms: float
    targets: Mapping[str, float]
    faults: tuple[Fault, ...] = ()
    checks: Sequence[str] = WITHOUT_PERIMETERS
    has_storage_limits: bool = False

    def tenant(self) -> Tenant:
        """Return what the emulator serves."""
        return generated_tenant(
            subscriptions=self.subscriptions,
            workspaces=self.workspaces,
            rules=12,
            with_dependencies=True,
            has_storage_limits=self.has_storage_limits,
        )


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
    Row(
        name="all",
        subscriptions=100,
        workspaces=10,
        latency_ms=40,
        targets={},
        checks=BASELINE,
    ),
    Row(
        name="storage",
        subscriptions=1,
        workspaces=1000,
        latency_ms=40,
        targets={"refused": 0.0},
        checks=("RES001",),
        has_storage_limits=True,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What one scan took: the requests by kind, and how many of them were throttled."""

    cost: Measure
    kinds: Counter[str]
    refused: int

    @property
    def values(self) -> dict[str, float]:
        """The columns of the table."""
        return {
            "requests": self.kinds.total(),
            "wall": self.cost.wall,
            "cpu": self.cost.cpu,
            "refused": self.refused,
        }


@contextmanager
def older_tree(commit: str) -> Iterator[Path]:
    """Unpack the commit into a folder that is deleted afterwards."""
    packed = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
    with tempfile.TemporaryDirectory() as name:
        with tarfile.open(fileobj=io.BytesIO(packed)) as files:
            files.extractall(name, filter="data")
        yield Path(name)


def scan(tree: Path, emulator: Emulator, policy: Path, folder: Path, *options: str) -> Scan:
    """Scan with the code of `tree`."""
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
    requests = emulator.requests[before:]
    return Scan(
        cost=cost,
        kinds=Counter(kind(request.path) for request in requests),
        refused=sum(request.status == 429 for request in requests),
    )


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


def measure(row: Row, older: Path, rounds: int) -> None:
    """Print one row of the table and the requests by kind."""
    tenant, trees = row.tenant(), {"older": older, "this": ROOT}
    policy = policy_of(row, older)
    scans: dict[str, list[Scan]] = {name: [] for name in trees}
    for _ in range(rounds):
        for name, tree in trees.items():
            server = emulated(
                tenant, tls=True, latency_ms=row.latency_ms, jitter_ms=row.latency_ms / 5, faults=row.faults
            )
            with server as emulator, tempfile.TemporaryDirectory() as folder:
                scans[name].append(scan(tree, emulator, policy, Path(folder)))
    for column in ("requests", "wall", "cpu", "refused"):
        before, now = (statistics.median(each.values[column] for each in scans[name]) for name in trees)
        target = row.targets.get(column)
        wanted = "" if target is None else f"  target {target:.2f}: {verdict(now <= target * before)}"
        ratio = now / before if before else 1.0
        print(f"{row.name:8}{column:10}{before:10,.2f}{now:10,.2f}{ratio:8.2f}{wanted}", flush=True)
    for name in trees:
        print(f"        {name}: {json.dumps(dict(scans[name][-1].kinds.most_common(12)))}", flush=True)


def verdict(is_met: bool) -> str:
    """Return the word for a target."""
    return "met" if is_met else "MISSED"


def policy_of(row: Row, folder: Path) -> Path:
    """Write the policy of a row, which both commits can read, to a file in the folder."""
    policy = folder / f"policy of {row.name}.yaml"
    policy.write_text(POLICY.format(checks=", ".join(f"{id}: " for id in row.checks)), encoding="utf-8")
    return policy


def compare_with_a_full_read(row: Row, policy: Path) -> None:
    """Print whether the findings are those of a scan that reads everything singly."""
    tenant = row.tenant()
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
    with older_tree(arguments.commit) as older:
        for row in ROWS:
            if row.name in arguments.only:
                measure(row, older, arguments.rounds)
        full = next(row for row in ROWS if row.name == "all")
        compare_with_a_full_read(full, policy_of(full, older))


if __name__ == "__main__":
    main()

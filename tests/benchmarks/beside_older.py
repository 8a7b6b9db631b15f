"""Requests, wall clock and CPU of a scan, beside an older commit of this repository in the same run.

    python tests/benchmarks/beside_older.py --commit 7b5473f --rounds 3

Both scan the same tenants of the embedded emulator (it is not Azure), judge the same checks and are compiled, as in a
user's second scan. The checks are the policy `baseline` of commit 7b5473f without the two that read network security
perimeters now, which the older commit did not read; the row "all" has those too, and the row "small" is the policy
`internet-outbound` with the default formats. In the row "storage" the emulator counts as the storage provider does,
and "refused" are its 429. Rows take turns; the medians are shown.

After each scan of "40 ms" and "small" the bare loop (`bare_loop.py`) reads the URLs of that scan. "bare wall" and "bare
CPU" are its own: under the older commit it reads today's dependencies one by one. "x bare" is the scan divided by it.
The line after "all" compares the findings with those of a scan that reads everything singly (`--collect all`), byte by
byte.
"""

from __future__ import annotations

import argparse
import compileall
import io
import json
import statistics
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import Emulator, Request, emulated
from scanner.emulator.tenants.generated import generated_tenant
from scanner.emulator.tenants.tenant import Tenant
from tests.benchmarks.scan_speed import HERE, PACKAGES, ROOT, Measure, compile_all, measured

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
    """A tenant, how the emulator serves it, and what is judged.

    `targets` are the highest ratios to the older commit by column, and `limits` the highest values. `policy` is the
    name of a policy that both commits have, if it is judged instead of `checks`.
    """

    name: str
    subscriptions: int
    workspaces: int
    latency_ms: float
    targets: Mapping[str, float]
    faults: tuple[Fault, ...] = ()
    checks: Sequence[str] = WITHOUT_PERIMETERS
    has_storage_limits: bool = False
    policy: str = ""
    limits: Mapping[str, float] = field(default_factory=dict)
    with_bare_loop: bool = False

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
        targets={"requests": 3400 / 7288, "wall": 0.65, "CPU": 0.80},
        with_bare_loop=True,
    ),
    Row(
        name="small",
        subscriptions=100,
        workspaces=10,
        latency_ms=40,
        targets={"CPU": 0.80},
        limits={"wall x bare": 3.2},
        policy="internet-outbound",
        with_bare_loop=True,
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
    """What one scan took, its requests, and what the bare loop took for them."""

    cost: Measure
    requests: Sequence[Request]
    bare: Measure | None

    @property
    def kinds(self) -> Counter[str]:
        """The number of requests by kind."""
        return Counter(kind(request.path) for request in self.requests)

    @property
    def values(self) -> dict[str, float]:
        """The columns of the table."""
        found = {
            "requests": len(self.requests),
            "wall": self.cost.wall,
            "CPU": self.cost.cpu,
            "refused": sum(request.status == 429 for request in self.requests),
        }
        if self.bare:
            found |= {"bare wall": self.bare.wall, "bare CPU": self.bare.cpu}
            found |= {"wall x bare": self.cost.wall / self.bare.wall}
            found |= {"CPU x bare": self.cost.cpu / self.bare.cpu}
        return found


@contextmanager
def older_tree(commit: str) -> Iterator[Path]:
    """Unpack the commit into a folder that is deleted afterwards."""
    packed = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
    with tempfile.TemporaryDirectory() as name:
        with tarfile.open(fileobj=io.BytesIO(packed)) as files:
            files.extractall(name, filter="data")
        for package in PACKAGES:
            compileall.compile_dir(Path(name) / package, quiet=1)
        yield Path(name)


def scan(tree: Path, emulator: Emulator, row: Row, policy: str, folder: Path, *options: str) -> Scan:
    """Scan with the code of `tree`."""
    authority = folder / "ca.pem"
    authority.write_bytes(emulator.ca_pem or b"")
    before = len(emulator.requests)
    command = [sys.executable, "-m", "scanner", "scan", "--auth", "environment", "--quiet"]
    command += ["--arm-endpoint", emulator.url, "--ca-bundle", str(authority), "--policy", policy]
    command += [*([] if row.policy else ["--format", "csv"]), "--output", str(folder / "report"), *options]
    cost = measured(command, authority, accepted=(0, 1, 3), code=tree)
    requests = emulator.requests[before:]
    bare = bare_loop(emulator.url, requests, authority) if row.with_bare_loop else None
    return Scan(cost=cost, requests=requests, bare=bare)


def bare_loop(endpoint: str, requests: Iterable[Request], authority: Path) -> Measure:
    """Read the URLs of a scan again with the bare loop: the lists of workspaces before what is below them."""
    first: list[str] = []
    subscriptions: dict[str, dict[str, list[str]]] = {}
    for request in requests:
        url = f"{endpoint}{request.path}?{request.query}"
        words = request.path.lower().split("/")
        if words[1:2] != ["subscriptions"] or request.method != "GET":
            continue
        if len(words) < 3:
            first.append(url)
            continue
        own = subscriptions.setdefault(words[2], {"pages": [], "rest": []})
        is_page = words[3:] == ["providers", "microsoft.machinelearningservices", "workspaces"]
        own["pages" if is_page else "rest"].append(url)
    urls = authority.with_name("urls.json")
    urls.write_text(json.dumps({"first": first, "subscriptions": list(subscriptions.values())}), "utf-8")
    command = [sys.executable, str(HERE / "bare_loop.py"), endpoint, str(authority), str(urls), "256"]
    return measured(command, authority)


def kind(path: str) -> str:
    """Return what a path asks for: the types of the resource, without names."""
    provider = path.rpartition("/providers/")[2].split("/") if "/providers/" in path else path.split("/")
    return "/".join(provider[1::2]) or provider[0]


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
                scans[name].append(scan(tree, emulator, row, policy, Path(folder)))
    for column in scans["this"][0].values:
        before, now = (statistics.median(each.values[column] for each in scans[name]) for name in trees)
        ratio = now / before if before else 1.0
        print(
            f"{row.name:8}{column:12}{before:10,.2f}{now:10,.2f}{ratio:8.2f}{aim(row, column, before, now)}"
        )
    for name in trees:
        kinds = scans[name][-1].kinds.most_common(12)
        print(f"        {name}: {json.dumps(dict(kinds))}", flush=True)


def aim(row: Row, column: str, before: float, now: float) -> str:
    """Return whether a column is at its target."""
    if column in row.targets:
        target = row.targets[column]
        return f"  target {target:.2f} x: {verdict(now <= target * before)}"
    if column in row.limits:
        return f"  target {row.limits[column]:.2f}: {verdict(now <= row.limits[column])}"
    return ""


def verdict(is_met: bool) -> str:
    """Return the word for a target."""
    return "met" if is_met else "MISSED"


def policy_of(row: Row, folder: Path) -> str:
    """Return the policy of a row, which both commits can read: its name, or a new file in the folder."""
    if row.policy:
        return row.policy
    policy = folder / f"policy of {row.name}.yaml"
    policy.write_text(POLICY.format(checks=", ".join(f"{id}: " for id in row.checks)), encoding="utf-8")
    return str(policy)


def compare_with_a_full_read(row: Row, policy: str) -> None:
    """Print whether the findings are those of a scan that reads everything singly."""
    tenant = row.tenant()
    found: list[bytes] = []
    for options in ((), ("--collect", "all")):
        with emulated(tenant, tls=True) as emulator, tempfile.TemporaryDirectory() as folder:
            scan(ROOT, emulator, row, policy, Path(folder), *options)
            found.append((Path(folder) / "report" / "findings.csv").read_bytes())
    equal = "equal" if found[0] == found[1] else "NOT equal"
    print(f"findings.csv of {len(found[0]) / 1e6:,.1f} MB, {equal} to that of --collect all")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--commit", default="7b5473f", help="the older commit")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=[row.name for row in ROWS], help="rows by name")
    arguments = parser.parse_args()
    compile_all()
    print(f"{'':20}{arguments.commit:>10}{'this':>10}{'ratio':>8}")
    with older_tree(arguments.commit) as older:
        for row in ROWS:
            if row.name in arguments.only:
                measure(row, older, arguments.rounds)
                if row.checks is BASELINE:
                    compare_with_a_full_read(row, policy_of(row, older))


if __name__ == "__main__":
    main()

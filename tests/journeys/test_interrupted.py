"""Scans that end early, in processes of their own: they leave an old report or a whole one, and resume."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from checks.registry import registry
from reports.writing.folder import check_replaceable
from scanner.commands.demo import emulator_connection
from scanner.commands.job import Job
from scanner.commands.scan import scan
from scanner.emulator.credential import CLIENT_ID, CLIENT_SECRET
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import Emulator, emulated
from scanner.emulator.tenants.generated import generated_tenant
from scanner.evidence.verifying.verification import Expected, verify
from scanner.payloads.payload import read_record
from scanner.terminal import Terminal
from scanner.workers.pools import Pool
from tests.support.scanning import IMPATIENT, NOON, Heard, threads

TENANT = generated_tenant(subscriptions=3, workspaces=2, rules=3, seed=3)
NAMES = {
    each.id.rpartition("/")[2]
    for each in TENANT.resources
    if "/workspaces/" in each.id and each.id.count("/") == 8
}
STUCK = Fault(
    kind=FaultKind.LATENCY,
    seconds=3600.0,
    route="outboundRules",
    subscription=str(TENANT.subscriptions[-1]["subscriptionId"]),
    times=1,
)
WORKER = threads(1)
FILES = ("findings.csv", "workspaces.csv", "outbound_rules.csv", "gaps.csv")
FOREGROUND = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
BACKGROUND = "signal.signal(signal.SIGINT, signal.SIG_IGN)"
OLD = {"old.csv": b"an earlier report", ".azml-audit-files": b"old.csv\n"}


@dataclass(frozen=True, kw_only=True)
class Place:
    """An emulator with one request that is never answered, and a folder with an old report."""

    emulator: Emulator
    heard: Heard
    folder: Path

    @property
    def report(self) -> Path:
        return self.folder / "report"

    def process(self, *options: str, first: str = "pass") -> subprocess.Popen[str]:
        """A scan in a process of its own; `first` is Python that runs before it."""
        run = "import runpy; runpy.run_module('scanner', run_name='__main__', alter_sys=True)"
        start = f"{FOREGROUND}; {first}; {run}"
        signed_in = {
            "AZURE_TENANT_ID": TENANT.tenant_id,
            "AZURE_CLIENT_ID": CLIENT_ID,
            "AZURE_CLIENT_SECRET": CLIENT_SECRET,
        }
        return subprocess.Popen(
            [
                sys.executable,
                "-c",
                start,
                "scan",
                "--auth",
                "environment",
                "--arm-endpoint",
                self.emulator.url,
            ]
            + ["--ca-bundle", str(self.folder / "ca.pem"), "-p", "data-exfiltration", "-o", str(self.report)]
            + ["--quiet", *options],
            env=os.environ | signed_in,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def questions(self) -> Counter[str]:
        """How often each question about a subscription was asked."""
        asked = [each for each in self.emulator.requests if each.path.startswith("/subscriptions")]
        return Counter(f"{each.path}?{each.query}" for each in asked)

    def kept(self) -> set[str]:
        """The questions whose answers lie beside the report, save those of lists that have several pages."""
        with (self.folder / ".report.payloads").open("rb") as file:
            file.readline()
            payloads = list(iter(lambda: read_record(file), None))
        single = [
            each
            for each in payloads
            if "nextLink" not in each.document and "skiptoken" not in each.url.lower()
        ]
        return {each.url.removeprefix(self.emulator.url) for each in single if each.method == "GET"}

    def beside(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()} - {"ca.pem", "report"}


@contextmanager
def placed(folder: Path, *faults: Fault) -> Iterator[Place]:
    with emulated(TENANT, faults=faults, page_size=2, tls=True) as emulator:
        emulator.requests = heard = Heard()
        (folder / "ca.pem").write_bytes(emulator.ca_pem or b"")
        (folder / "report").mkdir()
        for name, content in OLD.items():
            (folder / "report" / name).write_bytes(content)
        yield Place(emulator=emulator, heard=heard, folder=folder)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def in_this_process(
    emulator: Emulator,
    output: Path,
    *,
    deadline: float | None = None,
    resume: bool = False,
    workers: Callable[[], Pool] | None = None,
) -> int:
    job = Job(
        output=output,
        policies=["data-exfiltration"],
        patience=replace(IMPATIENT, read_timeout=3600.0, deadline=deadline),
        resume=resume,
        workers=workers,
        quiet=True,
    )
    return scan(job, lambda: emulator_connection(emulator), Terminal(), clock=lambda: NOON)


@pytest.mark.parametrize("workers", [None, lambda: WORKER], ids=["here", "on-a-worker"])
def test_a_resumed_scan_asks_only_for_what_is_missing_and_reports_the_same_bytes(
    workers: Callable[[], Pool] | None, tmp_path: Path
) -> None:
    with emulated(TENANT, faults=[STUCK], page_size=2) as emulator:
        assert in_this_process(emulator, tmp_path / "cut", deadline=2.0) == 1
        assert b"DeadlinePassed" in (tmp_path / "cut" / "gaps.csv").read_bytes()
        before = len(emulator.requests)
        assert in_this_process(emulator, tmp_path / "cut", resume=True, workers=workers) == 1
        asked = [request.path.rpartition("/")[2] for request in emulator.requests[before:]]
        # The private endpoint of a workspace is read after its rules, and single workspaces after all lists.
        wanted = ["resources", *["outboundRules"] * 2, "pe-mlw-0002-0000"]
        assert asked[:4] == wanted, "a query, the list that was cut, and what comes after it"
        assert sorted(asked[4:]) == sorted(NAMES)
        assert in_this_process(emulator, tmp_path / "whole") == 1
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")
    assert {path.name for path in tmp_path.iterdir()} == {"cut", "whole"}


@dataclass(frozen=True, kw_only=True)
class Whole:
    """The files of a scan that nothing stopped, and how many requests it took before it read single workspaces."""

    files: dict[str, bytes]
    requests: int


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    report = tmp_path_factory.mktemp("whole") / "report"
    with emulated(TENANT, page_size=2) as emulator:
        in_this_process(emulator, report)
        lists = [each for each in emulator.requests if each.path.rpartition("/")[2] not in NAMES]
        return Whole(files=contents(report), requests=len(lists))


@pytest.mark.parametrize(
    ("number", "where", "code", "told"),
    [
        (signal.SIGINT, "pass", 130, "interrupted"),
        (signal.SIGTERM, "pass", 143, "terminated"),
        (signal.SIGHUP, "pass", 143, "terminated"),
        (signal.SIGTERM, BACKGROUND, 143, "terminated"),
        (signal.SIGKILL, "pass", -9, ""),
    ],
    ids=["ctrl-c", "sigterm", "sighup", "sigterm-in-the-background", "sigkill"],
)
def test_a_scan_that_is_stopped_leaves_the_old_report_and_what_it_read(
    number: signal.Signals, where: str, code: int, told: str, whole: Whole, tmp_path: Path
) -> None:
    with placed(tmp_path, STUCK) as place:
        place.heard.is_met = lambda requests: len(requests) >= whole.requests
        with place.process(first=where) as process:
            assert place.heard.met.wait(60)
            if where == BACKGROUND:
                process.send_signal(signal.SIGINT)
            process.send_signal(number)
            _, err = process.communicate()
        assert process.returncode == code
        assert told in err
        assert "Traceback" not in err
        assert "Unclosed" not in err
        assert contents(place.report) == OLD
        assert place.beside() - {".report.scan.lock"} == {".report.payloads"}
        if number is not signal.SIGKILL:
            return
        kept = place.kept()
        assert len(kept) > 10
        with place.process("--resume") as process:
            assert process.wait(60) == 1
        assert place.beside() <= {".report.scan.lock"}
        asked = place.questions()
    assert {question: asked[question] for question in kept if asked[question] != 1} == {}
    for name in FILES:
        assert (place.report / name).read_bytes() == whole.files[name]


def test_a_scan_that_is_terminated_does_not_wait_for_its_workers(whole: Whole, tmp_path: Path) -> None:
    with placed(tmp_path, STUCK) as place:
        place.heard.is_met = lambda requests: len(requests) >= whole.requests
        with place.process("--workers", "2") as process:
            assert place.heard.met.wait(60)
            process.terminate()
            process.communicate(timeout=30)  # until nobody holds the pipe any more
        assert process.returncode == 143
        assert contents(place.report) == OLD


def test_a_killed_scan_takes_its_workers_along_and_resumes_from_what_they_handed_back(
    whole: Whole, tmp_path: Path
) -> None:
    """The one that never gets its answer asks again after each slice of time: by then the rest is kept."""
    stuck = replace(STUCK, resource="mlw-0002-0000", times=2)
    with placed(tmp_path, stuck) as place:
        place.heard.is_met = lambda _requests: max(place.questions().values(), default=0) > 1
        with place.process(
            "--workers", "2", first="import scanner.workers.workers; scanner.workers.workers.SLICE = 0.5"
        ) as process:
            assert place.heard.met.wait(60)
            process.kill()
            process.communicate(timeout=30)  # until nobody holds the pipe any more
        kept, before = place.kept(), place.questions()
        assert any(f"/{STUCK.subscription}/" in each and "/workspaces?" in each for each in kept)
        with place.process("--workers", "2", "--resume") as process:
            assert process.wait(60) == 1
        after = place.questions()
    assert {after[question] - before[question] for question in kept} == {0}
    for name in FILES:
        assert (place.report / name).read_bytes() == whole.files[name]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_resumed_scan_keeps_what_workers_had_read_and_not_returned(
    how: signal.Signals, whole: Whole, tmp_path: Path
) -> None:
    """The workers return their answers after ten seconds at the earliest; the scan is stopped before."""
    with placed(tmp_path, STUCK) as place:
        place.heard.is_met = lambda requests: len(requests) >= whole.requests - 2
        with place.process("--workers", "2") as process:
            assert place.heard.met.wait(60)
            time.sleep(0.5)  # the answers to these requests arrive
            process.send_signal(how)
            process.communicate(timeout=30)
        before = place.questions()
        assert [name for name in place.beside() if re.fullmatch(r"\.report\.payloads\.[0-9a-f]{8}", name)]
        with place.process("--workers", "2", "--resume") as process:
            assert process.wait(60) == 1
        after = place.questions()
        assert place.beside() <= {".report.scan.lock"}
    again = sum((after - before).values())
    assert again <= 4 + len(NAMES), (
        "the query, the list that never came, what was on its way, and single workspaces"
    )
    for name in FILES:
        assert (place.report / name).read_bytes() == whole.files[name]


@pytest.mark.parametrize("size", [20_000, 200_000], ids=["while-reading", "while-writing"])
def test_a_full_disk_leaves_the_old_report_and_exits_4(size: int, tmp_path: Path) -> None:
    """No file may grow beyond a size: first the payloads do not fit, then the report's page does not."""
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))"
    with placed(tmp_path) as place, place.process(first=limit) as process:
        _, err = process.communicate()
    assert process.returncode == 4
    assert "could not be written" in err
    assert "Traceback" not in err
    assert contents(place.report) == OLD
    assert place.beside() == {".report.payloads"}
    kept = (tmp_path / ".report.payloads").read_bytes()
    assert (kept.count(b'"kind":"outboundRules"') == 3 * 2 * 2) is (size > 100_000)


def test_a_full_disk_leaves_no_evidence_and_the_same_command_publishes_it_with_the_report(
    tmp_path: Path,
) -> None:
    """First the evidence does not fit, then the report does not: its OCSF file is the largest of all."""
    options = ("--evidence", str(tmp_path / "evidence.zip"), "-f", "ocsf", "--resume")
    with placed(tmp_path) as place:
        for size, what in ((300_000, "evidence"), (600_000, "report")):
            limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))"
            with place.process(*options, first=limit) as process:
                out, err = process.communicate()
            assert process.returncode == 4
            assert f"The {what} could not be written" in err
            assert out == ""
            assert contents(place.report) == OLD
            assert place.beside() == {".report.payloads"}
        with place.process(*options, "--result", "-") as process:
            out, err = process.communicate()
        assert process.returncode == 1, err
        assert place.beside() == {"evidence.zip"}
    root = json.loads(out)["root_digest"]
    assert verify(tmp_path / "evidence.zip", Expected(root=root), registry()).holds


def test_a_zip_file_that_does_not_fit_leaves_nothing(tmp_path: Path) -> None:
    too_large = (
        "import os, pathlib, resource; from scanner.evidence.packing import refusing, staged, writing\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        f"target = pathlib.Path({str(tmp_path / 'evidence.zip')!r})\n"
        "with staged(target) as place, refusing(target):\n"
        "    for name in 'abc':\n"
        "        with writing(place.folder, name) as file: file.write(os.urandom(50_000))\n"
        "    place.pack()\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", too_large], check=False, capture_output=True, text=True
    ).stderr
    assert "UnwritableReportError: The evidence could not be written" in told
    assert not list(tmp_path.iterdir())


KILLED_AT = {
    "sealing": "import scanner.evidence.packing as at; at.pack = kill",
    "rendering": "import reports.writing.folder as at; at._list = kill",
    "the exchange": "import reports.writing.folder as at; at.swap = kill",
    "publishing": "import scanner.evidence.packing as at; at.Staged.publish = kill",
    "the end": "import scanner.payloads.spool as at; at.Spool.finish = kill",
}


@pytest.mark.parametrize(("where", "patch"), KILLED_AT.items(), ids=KILLED_AT)
def test_a_scan_killed_after_its_reading_is_finished_by_the_same_command(
    where: str, patch: str, tmp_path: Path
) -> None:
    kill = f"import os; kill = lambda *a, **k: os.kill(os.getpid(), 9); {patch}"
    options = ("--evidence", str(tmp_path / "evidence.zip"), "--resume")
    with placed(tmp_path) as place:
        with place.process(*options, first=kill) as process:
            assert process.wait(60) == -signal.SIGKILL
        if where == "the end":
            (tmp_path / "evidence.zip").rename(tmp_path / "another.zip")
        else:
            assert not (tmp_path / "evidence.zip").exists()
        with place.process(*options) as process:
            _, err = process.communicate()
        assert process.returncode == 1, err
        assert place.beside() - {"another.zip"} == {"evidence.zip"}
        assert not [name for name in contents(place.report) if name.startswith("old")]


def test_a_process_killed_between_the_renames_costs_nothing(tmp_path: Path) -> None:
    report = tmp_path / "report"
    killed = (
        "import os, pathlib, signal\n"
        "from reports.writing.folder import replace\n"
        "import reports.writing.swapping; reports.writing.swapping._exchanged = lambda *_: False\n"
        "rename = pathlib.Path.rename\n"
        "def kill(path, to): os.kill(os.getpid(), 9) if path.suffix == '.new' else rename(path, to)\n"
        f"folder = pathlib.Path({str(report)!r}); replace(folder, {{'a': [b'good']}})\n"
        "pathlib.Path.rename = kill; replace(folder, {'a': [b'half']})"
    )
    assert subprocess.run([sys.executable, "-c", killed], check=False).returncode == -signal.SIGKILL
    assert not report.exists()
    check_replaceable(report)
    assert (report / "a").read_bytes() == b"good"
    assert [path.name for path in tmp_path.iterdir()] == ["report"]

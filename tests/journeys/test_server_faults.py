"""Whatever one answer is, a scan ends with a report, a gap for what was hit and everything else as without it.

`make nightly` draws 2,000 faults.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from checks.drift.model import Snapshot
from scanner.commands.demo import emulator_connection
from scanner.commands.job import Job
from scanner.commands.scan import scan
from scanner.emulator.faults import Fault
from scanner.emulator.server import emulated
from scanner.snapshots import snapshot
from scanner.terminal import Terminal
from tests.support.faults.matrix import PATIENCE
from tests.support.faults.servers import SPOTS, Drawn, drawn
from tests.support.faults.world import tenant
from tests.support.places import DATA
from tests.support.scanning import rows

COUNT = int(os.environ.get("AZML_AUDIT_SERVER_FAULTS", "100"))
POLICY = str(DATA / "fault_matrix_policy.yaml")
BRIEF = replace(PATIENCE, throttle_budget=1.0, question_timeout=20.0, read_timeout=2.0, deadline=60.0)
IS_EXIT = (0, 1, 3)

Statuses = dict[tuple[str, str, str], str]


def scanned(
    folder: Path, *faults: Fault, place: dict[str, str] | None = None
) -> tuple[int, Snapshot, list[str]]:
    """The exit code and the report of a scan, and the paths that another host was asked for."""
    job = Job(
        output=folder / "report",
        policies=[POLICY],
        formats=["csv"],
        patience=BRIEF,
        collect_all=True,
        is_demonstration=True,
        quiet=True,
    )
    with emulated(tenant(), faults=faults, page_size=2) as emulator:
        (place or {})["url"] = emulator.url
        code = scan(job, lambda: emulator_connection(emulator), Terminal())
        strangers = [request.path for request in emulator.foreign_host_hits]
    return code, snapshot(folder / "report"), strangers


def statuses(report: Snapshot) -> Statuses:
    names = ("check_id", "resource_id", "workspace_id")
    return {tuple(row[name].lower() for name in names): row["status"] for row in rows(report.findings)}


@cache
def clean() -> Statuses:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        code, report, _ = scanned(Path(folder))
    assert code == 0
    return statuses(report)


def assert_law(fault: Drawn, code: int, report: Snapshot) -> None:
    found, touches = statuses(report), tuple(part.partition("#")[0].lower() for part in fault.spot.touches)
    assert code in IS_EXIT, "a crash"
    elsewhere = {key: status for key, status in clean().items() if not key[2].startswith(touches)}
    assert {key: found.get(key) for key in elsewhere} == elsewhere, "what was not hit is as without the fault"
    changed = {key: status for key, status in found.items() if status != clean().get(key)}
    assert set(changed.values()) <= {"unknown"}, "nothing is invented"
    is_whole = found == clean() and report.gaps.empty
    assert code == (0 if is_whole else 3), "what was hit is a gap"


@pytest.mark.parametrize("first", range(0, COUNT, 10))
def test_one_odd_answer_costs_what_it_hit_and_nothing_else(first: int, tmp_path: Path) -> None:
    for seed in range(first, min(first + 10, COUNT)):
        fault = drawn(seed)
        try:
            code, report, strangers = scanned(tmp_path / str(seed), fault.fault, place=fault.place)
            assert_law(fault, code, report)
            assert strangers == []
        except BaseException as error:
            error.add_note(f"seed {seed}: {fault.spot.title}, {fault.fault}")
            raise


def test_the_grammar_hits() -> None:
    """Were every drawn fault harmless, the law above could not fail."""
    faults = [drawn(seed) for seed in range(200)]
    assert {fault.spot.title for fault in faults} == {spot.title for spot in SPOTS}
    assert sum(fault.fault.rewrite is not None for fault in faults) > 40
    assert sum(bool(fault.fault.header) for fault in faults) > 40

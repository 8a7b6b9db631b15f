"""Every cell of the fault matrix, run over real sockets: what is lost, what is said, and that it ends."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checks.contract.tables import Tables
from reports.formats.registry import write
from scanner.emulator.faults import FaultKind
from tests.support.faults.matrix import (
    DOCUMENT,
    MATRIX,
    Outcome,
    Row,
    cells,
    clean,
    committed,
    outcome,
    struck,
)
from tests.support.faults.world import PLACES, Spot, huge_workspace
from tests.support.scanning import IMPATIENT, rows

CELLS = [pytest.param(row, spot, id=f"{row.name} - {spot.title}") for row, spot in cells()]
TABLES = ("workspaces", "outbound_rules", "associated_resources")


def untouched(tables: Tables, spot: Spot) -> dict[str, list[dict[str, object]]]:
    """The rows that do not depend on the struck place, told as texts."""
    touched = tuple(part.lower() for part in spot.touches)
    frames = {name: getattr(tables, name) for name in TABLES}
    return {
        name: rows(frame[~frame.index.str.startswith(touched)].astype("string").fillna("<NA>"))
        for name, frame in frames.items()
    }


@pytest.mark.parametrize(("row", "spot"), CELLS)
def test_a_fault_costs_what_the_table_says_and_nothing_else(row: Row, spot: Spot) -> None:
    found = struck(row, spot)
    assert found.cell == committed()[row.name, spot.title], "renew the table with: make reliability"
    assert untouched(found.tables, spot) == untouched(clean().tables, spot)
    verdicts = clean().statuses
    changed = {key: status for key, status in found.statuses.items() if status != verdicts.get(key)}
    assert set(changed.values()) <= {"unknown"}, "nothing is invented"
    assert_open_ends_are_told(found)


def assert_open_ends_are_told(found: Outcome) -> None:
    """Exit 0 means the very same answers and no gap; every gap says what happened and what closes it."""
    is_whole = found.statuses == clean().statuses and found.tables.gaps.empty
    assert found.exit_code == (0 if is_whole else 3)
    for gap in rows(found.tables.gaps):
        assert gap["message"]
        assert gap["closes"]
        assert gap["request"].startswith("GET http")


def test_the_table_has_every_cell_and_no_other() -> None:
    names = {(row.name, spot.title) for row in MATRIX for spot in PLACES}
    assert set(committed()) == names
    assert {key for key, cell in committed().items() if cell == "no list"} == names - {
        (row.name, spot.title) for row, spot in cells()
    }


def test_every_code_in_the_table_is_explained() -> None:
    page = DOCUMENT.read_text()
    codes = {code for cell in committed().values() for code in re.findall(r"`(\w+)`", cell)}
    assert len(codes) > 10
    assert [code for code in sorted(codes) if f"| `{code}` |" not in page] == []


def test_ten_thousand_rules_of_one_workspace_are_all_read() -> None:
    found = outcome(huge_workspace(10_000), page_size=2_500, patience=IMPATIENT)
    assert len(found.tables.outbound_rules) == 10_001
    assert found.tables.gaps.empty
    assert found.exit_code == 0


@pytest.mark.parametrize("spot", PLACES, ids=lambda spot: spot.title)
def test_strange_names_reach_every_report_as_they_are(spot: Spot, tmp_path: Path) -> None:
    (strange,) = [row for row in MATRIX if row.kind is FaultKind.STRANGE_NAMES]
    write(struck(strange, spot).audit, tmp_path / "report")
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "<b>'" not in page

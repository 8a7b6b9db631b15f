"""`report.xlsx`: a workbook with a summary and a sheet for each table, to filter in a spreadsheet.

Every text is a string cell. A text that a spreadsheet would run after an edit is marked with `quotePrefix`. A
sheet has at most 1,048,576 rows and a cell 32,767 UTF-16 units (Excel specifications and limits, 2026). The
rows and cells that do not fit are counted in their sheet and in the summary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC
from functools import partial
from tempfile import TemporaryFile
from typing import IO, Any

import pandas as pd
import xlsxwriter
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from checks.model import Status
from reports.audit import Audit
from reports.formats.csv_report import published_table
from reports.formats.texts import policy_notes
from reports.origin import caution, moment, origin
from reports.tables.columns import GAPS, OUTBOUND_RULES, WORKSPACES
from reports.tables.finding_rows import finding_frame
from reports.tables.policies import score_text
from reports.tables.population import population
from reports.writing.encoding import CHUNK, Files, for_xml
from reports.writing.lines import is_formula

NAME = "report.xlsx"
MOST_ROWS = 1_048_576
MOST_UNITS = 32_767

COLUMNS = (
    "severity", "status", "verdict", "check_id", "title", "workspace", "subscription", "resource_group",
    "resource_id", "observed", "expected", "reason", "waiver", "policy", "finding_id",
)  # fmt: skip
"""The columns of findings. The other columns of a workspace are on their own sheet."""

_COLOURS = {
    "critical": ("#7f1d1d", "#ffffff"),
    "high": ("#dc2626", "#ffffff"),
    "medium": ("#f59e0b", "#000000"),
    "low": ("#fde68a", "#000000"),
    "informational": ("#dbeafe", "#000000"),
    "fail": ("#fecaca", "#000000"),
    "violated": ("#fecaca", "#000000"),
    "unknown": ("#e9d5ff", "#000000"),
    "undetermined": ("#e9d5ff", "#000000"),
    "error": ("#e9d5ff", "#000000"),
    "waived": ("#e5e7eb", "#000000"),
}
_COLOURED = frozenset({"severity", "status", "verdict"})
_NARROW, _WIDE = 14, 44
_WIDE_COLUMNS = frozenset({
    "title", "resource_id", "workspace_id", "observed", "expected", "reason", "waiver", "finding_id",
    "destination", "message", "closes", "request", "scope", "rule_id", "gap_id",
})  # fmt: skip


def files(audit: Audit, *, most_rows: int = MOST_ROWS) -> Files:
    """Return the file. A sheet has at most `most_rows` rows, the header included."""
    return {NAME: _chunks(audit, most_rows)}


def _chunks(audit: Audit, most_rows: int) -> Iterator[bytes]:
    """Yield the workbook from a temporary file, because XlsxWriter cannot write in chunks."""
    with TemporaryFile() as file:
        _write(audit, file, most_rows)
        file.seek(0)
        yield from iter(partial(file.read, CHUNK), b"")


def _write(audit: Audit, file: IO[bytes], most_rows: int) -> None:
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "in_memory": False})
    book.set_properties({
        "title": "azml-audit" if audit.is_azure else "azml-audit (not Azure)",
        "comments": origin(audit),
        "created": audit.finished_at.astimezone(UTC).replace(tzinfo=None),
    })  # fmt: skip
    sheets = _Sheets(book, most_rows)
    summary = book.add_worksheet("summary")
    for name, frame in _tables(audit):
        sheets.add(name, frame)
    sheets.fill(summary, _summary(audit, sheets.notes))
    book.close()


def _tables(audit: Audit) -> Iterator[tuple[str, pd.DataFrame]]:
    yield "findings", finding_frame(audit)[list(COLUMNS)]
    for sheet, file in (("workspaces", WORKSPACES), ("rules", OUTBOUND_RULES), ("gaps", GAPS)):
        yield sheet, published_table(audit, file.name)[[column.name for column in file.columns]]


def _summary(audit: Audit, notes: Sequence[str]) -> Iterator[Sequence[Any]]:
    seen = population(audit.tables)
    if caution(audit):
        yield [caution(audit)]
    yield ["source", audit.source]
    yield ["started", moment(audit.started_at)]
    yield ["finished", moment(audit.finished_at)]
    yield ["azml-audit", audit.tool_version]
    if audit.root_digest:
        yield ["root digest", audit.root_digest]
    yield ["subscriptions", len(seen.subscriptions)]
    yield ["subscriptions not read", seen.unread]
    yield ["subscriptions left out by the scope", seen.subscriptions_left_out]
    yield ["workspaces", seen.workspaces]
    yield ["workspaces left out by the scope", seen.workspaces_left_out]
    yield ["outbound rules", seen.outbound_rules]
    yield ["gaps", seen.gaps]
    yield from ([note] for note in notes)
    yield []
    yield ["policy", "verdict", "score", "violated", "waived", *(each.value for each in Status)]
    for verdict in audit.verdicts:
        yield [
            verdict.policy,
            verdict.verdict.value,
            score_text(verdict.score) or "none",
            sum(verdict.violated.values()),
            sum(verdict.waived.values()),
            *(verdict.statuses.get(each, 0) for each in Status),
        ]
    for verdict in audit.verdicts:
        yield from ([verdict.policy, f"{label}: {each}"] for label, each in policy_notes(verdict))


class _Sheets:
    """The sheets of a workbook with their formats, and notes on rows and cells that did not fit."""

    def __init__(self, book: Workbook, most_rows: int) -> None:
        self.notes: list[str] = []
        self._book = book
        self._most_rows = most_rows
        self._cut = 0
        self._fitted: dict[str, str] = {}
        self._header = book.add_format({"bold": True, "bg_color": "#1f2937", "font_color": "#ffffff"})
        self._quoted = book.add_format({"quote_prefix": True})
        self._colours = {
            word: book.add_format({"bg_color": background, "font_color": ink})
            for word, (background, ink) in _COLOURS.items()
        }

    def add(self, name: str, frame: pd.DataFrame) -> None:
        """Add a sheet with the frame: frozen header, filter, colours, and a note if rows do not fit."""
        sheet, columns = self._book.add_worksheet(name), [str(each) for each in frame.columns]
        self._cut, self._fitted = 0, {}
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(columns):
            sheet.set_column(place, place, _WIDE if column in _WIDE_COLUMNS else _NARROW)
            sheet.write_string(0, place, column, self._header)
        fits = len(frame) < self._most_rows
        kept = frame if fits else frame.head(self._most_rows - 2)
        for number, row in enumerate(_values(kept), start=1):
            self._row(sheet, number, row)
        last = len(kept)
        if not fits:
            note = f"{len(frame) - last:,} more rows of {name} do not fit. report.json has all of them."
            self.notes.append(note)
            sheet.write_string(last + 1, 0, note)
        if self._cut:
            self.notes.append(f"{self._cut:,} cells of {name} are cut. report.json has the whole texts.")
        sheet.autofilter(0, 0, last, len(columns) - 1)
        self._colour(sheet, columns, last)

    def fill(self, sheet: Worksheet, rows: Iterator[Sequence[Any]]) -> None:
        """Fill a sheet with plain rows."""
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 9, _NARROW)
        for number, row in enumerate(rows):
            self._row(sheet, number, row)

    def _row(self, sheet: Worksheet, number: int, row: Sequence[Any]) -> None:
        for place, value in enumerate(row):
            if isinstance(value, str):
                if value:
                    self._text(sheet, number, place, value)
            elif isinstance(value, bool):
                sheet.write_boolean(number, place, value)
            elif value is not None:
                sheet.write_number(number, place, value)

    def _text(self, sheet: Worksheet, number: int, place: int, value: str) -> None:
        if value not in self._fitted:
            self._fitted[value] = fitting(for_xml(value))
        text = self._fitted[value]
        self._cut += len(text) < len(value)
        sheet.write_string(number, place, text, self._quoted if is_formula(text) else None)

    def _colour(self, sheet: Worksheet, columns: Sequence[str], last: int) -> None:
        for place, column in enumerate(columns):
            if column in _COLOURED and last:
                for word, style in self._colours.items():
                    rule = {"type": "cell", "criteria": "==", "value": f'"{word}"', "format": style}
                    sheet.conditional_format(1, place, last, place, rule)


def _values(frame: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    """Return the rows, with None for a value that was not reported."""
    columns = [frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in frame.columns]
    return zip(*columns, strict=True)


def fitting(text: str) -> str:
    """Return the text, or as much as fits into a cell and the number of characters that do not fit."""
    if len(text) <= MOST_UNITS // 2 or len(text.encode("utf-16-le")) <= MOST_UNITS * 2:
        return text
    kept = text.encode("utf-16-le")[: (MOST_UNITS - 60) * 2].decode("utf-16-le", errors="ignore")
    return f"{kept}… ({len(text) - len(kept):,} more characters do not fit)"

"""`report.xlsx`: a workbook with a summary and a sheet for each table, to filter in a spreadsheet.

Every text is a string cell. A text that a spreadsheet would run after an edit is marked with `quotePrefix`. A
sheet has at most 1,048,576 rows and a cell 32,767 UTF-16 units (Excel specifications and limits, 2026). The
rows and cells that do not fit are counted in their sheet and in the summary.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC
from functools import partial
from io import BytesIO
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
from reports.formats.xlsx_rows import Table, filled, fitting
from reports.origin import caution, moment, origin
from reports.selection import APPLICABLE, OPEN
from reports.tables.columns import ALL_FINDINGS, GAPS, OUTBOUND_RULES, WORKSPACES
from reports.tables.policies import score_text
from reports.tables.population import population
from reports.tables.violations import worst_first
from reports.tables.workspaces import with_workspaces
from reports.writing.encoding import CHUNK, Files, for_xml
from reports.writing.lines import is_formula

NAME = "report.xlsx"
MOST_ROWS = 1_048_576

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
    """Yield the workbook from a temporary file, because a ZIP file cannot be written in chunks."""
    with TemporaryFile() as file:
        tables = list(_findings(audit, most_rows)) + list(_tables(audit, most_rows))
        filled(_book(audit, tables), [table for _, table in tables], file)
        file.seek(0)
        yield from iter(partial(file.read, CHUNK), b"")


def _book(audit: Audit, tables: Sequence[tuple[str, Table]]) -> IO[bytes]:
    """Return the workbook with a summary and an empty sheet for each table."""
    file = BytesIO()
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "in_memory": True})
    book.set_properties({
        "title": "azml-audit" if audit.is_azure else "azml-audit (not Azure)",
        "comments": origin(audit),
        "created": audit.finished_at.astimezone(UTC).replace(tzinfo=None),
    })  # fmt: skip
    sheets = _Sheets(book)
    sheets.fill(book.add_worksheet("summary"), _summary(audit, list(_notes(tables))))
    for name, table in tables:
        sheets.add(name, table)
    book.close()
    return file


def _notes(tables: Sequence[tuple[str, Table]]) -> Iterator[str]:
    """Yield the notes of the sheets about rows and cells that do not fit."""
    for name, table in tables:
        yield from [table.note] if table.note else []
        if table.cut:
            yield f"{table.cut:,} cells of {name} are cut. {ALL_FINDINGS} has the whole texts of findings."


def _findings(audit: Audit, most_rows: int) -> Iterator[tuple[str, Table]]:
    """Yield the sheets of findings, the worst first. The least severe that do not fit are cut.

    Findings that need action are never cut: they go on to another sheet.
    """
    found = with_workspaces(worst_first(audit.listed(APPLICABLE)), audit.tables)
    needed = int(found["status"].isin(list(OPEN)).sum())
    room = most_rows - 2
    sheets = max(1, -(-needed // room))
    fits = len(found) <= sheets * room + 1
    kept = found if fits else found.head(sheets * room)
    note = "" if fits else _cut_note(found.iloc[len(kept) :])
    for number in range(sheets):
        is_last = number == sheets - 1
        part = kept.iloc[number * room : None if is_last else (number + 1) * room]
        name = f"findings {number + 1}" if number else "findings"
        yield name, Table(frame=part, columns=COLUMNS, note=note if is_last else "")


def _cut_note(cut: pd.DataFrame) -> str:
    columns = [cut[name].astype(object) for name in ("status", "severity")]
    counts = Counter(zip(*columns, strict=True))
    named = ", ".join(f"{count:,} {status} {severity}" for (status, severity), count in counts.items())
    return f"{len(cut):,} findings do not fit, the least severe ({named}). {ALL_FINDINGS} has all of them."


def _tables(audit: Audit, most_rows: int) -> Iterator[tuple[str, Table]]:
    for sheet, file in (("workspaces", WORKSPACES), ("rules", OUTBOUND_RULES), ("gaps", GAPS)):
        frame = published_table(audit, file.name)
        kept = frame if len(frame) < most_rows else frame.head(most_rows - 2)
        cut = len(frame) - len(kept)
        note = f"{cut:,} more rows of {sheet} do not fit. {file.path} has them." if cut else ""
        yield sheet, Table(frame=kept, columns=file.names, note=note)


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
    yield from ([note] for note in [*notes, *_not_listed(audit)])
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


def _not_listed(audit: Audit) -> list[str]:
    counts = [f"{count:,} {status}" for status, count in audit.not_listed(APPLICABLE).items()]
    return [f"Findings that are not listed: {', '.join(counts)}. {ALL_FINDINGS} has them."] if counts else []


class _Sheets:
    """The sheets of a workbook with their formats."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._header = book.add_format({"bold": True, "bg_color": "#1f2937", "font_color": "#ffffff"})
        self._quoted = book.add_format({"quote_prefix": True})
        self._colours = {
            word: book.add_format({"bg_color": background, "font_color": ink})
            for word, (background, ink) in _COLOURS.items()
        }

    def add(self, name: str, table: Table) -> None:
        """Add a sheet for a table: frozen header, filter, colours, and the template row that `filled` replaces."""
        sheet, count = self._book.add_worksheet(name), len(table.frame)
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(table.columns):
            sheet.set_column(place, place, _WIDE if column in _WIDE_COLUMNS else _NARROW)
            sheet.write_string(0, place, column, self._header)
        sheet.write_string(1, 0, "template", self._quoted)
        sheet.autofilter(0, 0, count, len(table.columns) - 1)
        self._colour(sheet, table.columns, count)

    def fill(self, sheet: Worksheet, rows: Iterator[Sequence[Any]]) -> None:
        """Fill a sheet with plain rows."""
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 9, _NARROW)
        for number, row in enumerate(rows):
            for place, value in enumerate(row):
                if isinstance(value, str):
                    text = fitting(for_xml(value))
                    sheet.write_string(number, place, text, self._quoted if is_formula(text) else None)
                else:
                    sheet.write_number(number, place, value)

    def _colour(self, sheet: Worksheet, columns: Sequence[str], last: int) -> None:
        for place, column in enumerate(columns):
            if column in _COLOURED and last:
                for word, style in self._colours.items():
                    rule = {"type": "cell", "criteria": "==", "value": f'"{word}"', "format": style}
                    sheet.conditional_format(1, place, last, place, rule)

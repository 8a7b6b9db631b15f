"""The rows of a large sheet as XML, put into a workbook that XlsxWriter made.

XlsxWriter takes 45 s of CPU for the findings of 10,000 workspaces, because it writes every cell on its own. Here each
different text becomes a cell once, and rows are joined from cells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np
import pandas as pd

from checks.engine.finding_ids import finding_ids
from checks.vocabulary import Codes, Vocabulary
from reports.tables.csv_text import joined
from reports.writing.encoding import for_xml, utf8
from reports.writing.lines import is_formula

MOST_UNITS = 32_767
"""The UTF-16 units that a cell of Excel can hold."""

FINDING_ID = "finding_id"
_ROWS_AT_ONCE = 1 << 14
_ZIP64_FROM = 750_000
"""With as many rows a sheet may have more than 2 GiB of XML."""

_TEMPLATE = re.compile(
    rb'(<sheetData>.*?</row>)<row.*?<c r="A2" s="(\d+)".*?</row>(</sheetData>.*)', re.DOTALL
)
_ESCAPE_OF_EXCEL = re.compile("(_x[0-9a-fA-F]{4}_)")
_DIMENSION = re.compile(rb'<dimension ref="[^"]*"/>')


@dataclass(frozen=True, kw_only=True)
class Table:
    """The rows of a sheet: the columns of a frame, and a note in a row of its own if it is not "".

    The column `finding_id` is computed while the rows are written, because every row has another one.
    """

    frame: pd.DataFrame
    columns: Sequence[str]
    note: str = ""

    @property
    def last_row(self) -> int:
        """The number of the sheet's last row. The header is row 1."""
        return 1 + len(self.frame) + bool(self.note)

    @property
    def cut(self) -> int:
        """The number of texts that do not fit in a cell."""
        columns = (Vocabulary.of(self.frame[name]) for name in self.columns if name != FINDING_ID)
        return sum(int(each.changed(_is_cut).expanded.sum()) for each in columns if len(self.frame))

    def rows(self, quoted: str) -> Iterator[bytes]:
        """Yield the rows as XML. `quoted` is the style of a text that a spreadsheet would run after an edit."""
        cell = _cell_maker(quoted)
        columns = {
            name: Vocabulary.of(self.frame[name]).changed(cell) for name in self.columns if name != FINDING_ID
        }
        for start in range(0, len(self.frame), _ROWS_AT_ONCE):
            rows = np.arange(start, min(start + _ROWS_AT_ONCE, len(self.frame)))
            yield utf8(joined(list(self._cells(columns, rows, cell)), np.arange(len(rows)), "", "</row>"))
        if self.note:
            yield utf8(f"<row>{cell(self.note)}</row>")

    def _cells(
        self, columns: dict[str, Vocabulary], rows: Codes, cell: Callable[[object], str]
    ) -> Iterator[Vocabulary]:
        yield Vocabulary.repeated("<row>", len(rows))
        for name in self.columns:
            if name == FINDING_ID:
                yield Vocabulary.unique(finding_ids(self.frame.iloc[rows])).changed(cell)
            else:
                yield columns[name].take(rows)


def _cell_maker(quoted: str) -> Callable[[object], str]:
    def cell(value: object) -> str:
        if isinstance(value, bool):
            return f'<c t="b"><v>{int(value)}</v></c>'
        if isinstance(value, int | float):
            return f"<c><v>{value}</v></c>"
        if not value:
            return "<c/>"
        text = fitting(for_xml(str(value)))
        style = f' s="{quoted}"' if is_formula(text) else ""
        shown = escape(_ESCAPE_OF_EXCEL.sub(r"_x005F\1", text))
        return f'<c{style} t="inlineStr"><is><t xml:space="preserve">{shown}</t></is></c>'

    return cell


def _is_cut(value: object) -> bool:
    return isinstance(value, str) and len(fitting(value)) < len(value)


def fitting(text: str) -> str:
    """Return the text, or as much as fits into a cell and the number of characters that do not fit."""
    if len(text) <= MOST_UNITS // 2 or len(text.encode("utf-16-le", "surrogatepass")) <= MOST_UNITS * 2:
        return text
    kept = text.encode("utf-16-le", "surrogatepass")[: (MOST_UNITS - 60) * 2].decode(
        "utf-16-le", errors="ignore"
    )
    return f"{kept}… ({len(text) - len(kept):,} more characters do not fit)"


def filled(book: IO[bytes], tables: Sequence[Table], target: IO[bytes]) -> None:
    """Copy a workbook. Its sheets after the first get the rows of the tables in place of their template row.

    The template row is row 2, and its first cell has the style of a quoted text.
    """
    sheets = {f"xl/worksheets/sheet{number}.xml": table for number, table in enumerate(tables, start=2)}
    with ZipFile(book) as source, ZipFile(target, "w", ZIP_DEFLATED) as made:
        for entry in source.infolist():
            table = sheets.get(entry.filename)
            large = table is not None and len(table.frame) >= _ZIP64_FROM
            content = source.read(entry)
            copy = ZipInfo(entry.filename, entry.date_time)
            copy.compress_type, copy.external_attr = ZIP_DEFLATED, entry.external_attr
            with made.open(copy, "w", force_zip64=large) as file:
                file.writelines(_sheet(content, table) if table else [content])


def _sheet(empty: bytes, table: Table) -> Iterator[bytes]:
    found = _TEMPLATE.search(empty)
    if found is None:
        raise ValueError("A sheet of XlsxWriter has no template row.")
    before = empty[: found.start()] + found[1]
    last = f"{_letters(len(table.columns))}{table.last_row}"
    yield _DIMENSION.sub(f'<dimension ref="A1:{last}"/>'.encode(), before)
    yield from table.rows(found[2].decode())
    yield found[3]


def _letters(column: int) -> str:
    """Return the name of a column by its number: A for 1, AA for 27."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters

"""Reads lists that come as sheets: CSV (also tab or semicolon divided) and XLSX."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
import zlib
from typing import Any

from appaudit.errors import InputError
from appaudit.policy.document import LoadedDocument
from appaudit.policy.encoding import decode
from appaudit.policy.lines import Lines, Piece
from appaudit.policy.zips import check_archive
from appaudit.records import Gap

_DAMAGE = (
    zipfile.BadZipFile,
    NotImplementedError,
    zlib.error,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    OSError,
    EOFError,
    OverflowError,
)
MAX_ROWS = 20_000
MAX_COLUMNS = 60
_MAX_FIELD = 1_000_000


def load_csv(name: str, data: bytes) -> LoadedDocument:
    """A CSV file as one table whose rows are the records; line ``n`` of the text is record ``n``."""
    decoded = decode(data)
    delimiter = _delimiter(decoded.text[:20_000])
    csv.field_size_limit(_MAX_FIELD)
    rows: list[list[str]] = []
    lines = Lines(name)
    try:
        for row in csv.reader(
            io.StringIO(decoded.text.replace("\0", "\ufffd"), newline=""), delimiter=delimiter
        ):
            if len(rows) >= MAX_ROWS:
                lines.gaps.append(_cut(name))
                break
            rows.append(row[:MAX_COLUMNS])
    except csv.Error as error:
        raise InputError(f"{name} is no CSV file: {error}") from error
    lines.add_table([[[Piece(cell)] for cell in row] for row in rows], header=True)
    return lines.document("csv", decoded.encoding)


def _delimiter(head: str) -> str:
    first = next((line for line in head.splitlines() if line.strip()), "")
    return max(",\t;|", key=lambda d: (first.count(d), -",\t;|".index(d)))


def load_xlsx(name: str, data: bytes) -> LoadedDocument:
    """Every sheet of a workbook as a table, under a line with the sheet's name.

    Merged cells are filled with their value. Raises InputError where the workbook cannot be opened.
    """
    import openpyxl  # slow to import, and few lists come as workbooks

    check_archive(name, data, max_xml=16 * 1024 * 1024)
    lines = Lines(name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what the workbook has that is not read
            book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
            for sheet in book.worksheets:
                _sheet(lines, sheet)
    except InputError:
        raise
    except (*_DAMAGE, SyntaxError) as error:  # xml.etree's ParseError is a SyntaxError
        raise InputError(f"{name} is a damaged workbook: {error}") from error
    return lines.document("xlsx", "utf-8")


def _sheet(lines: Lines, sheet: Any) -> None:
    merged: dict[tuple[int, int], Any] = {}
    for span in list(sheet.merged_cells.ranges)[:10_000]:
        value = sheet.cell(span.min_row, span.min_col).value
        rows = range(span.min_row, min(span.max_row, span.min_row + 500) + 1)
        columns = range(span.min_col, min(span.max_col, MAX_COLUMNS) + 1)
        merged.update({(r, c): value for r in rows for c in columns if len(merged) < MAX_ROWS})
    grid: list[list[list[Piece]]] = []
    for row in sheet.iter_rows(
        max_row=min(sheet.max_row or 0, MAX_ROWS), max_col=min(sheet.max_column or 0, MAX_COLUMNS)
    ):
        values = [merged.get((c.row, c.column), c.value) for c in row]
        links = [c.hyperlink.target or "" if c.hyperlink is not None else "" for c in row]
        while values and values[-1] is None:
            values.pop()
        if values:
            grid.append(
                [
                    [Piece("" if v is None else str(v), target=link)]
                    for v, link in zip(values, links, strict=False)
                ]
            )
    if (sheet.max_row or 0) > MAX_ROWS:
        lines.gaps.append(_cut(lines.name))
    if not grid:
        return
    lines.add([Piece(sheet.title)], heading=1)
    while grid and sum(bool(p.text.strip()) for cell in grid[0] for p in cell) < 2:
        lines.add([p for cell in grid.pop(0) for p in cell])  # a title over the table
    lines.add_table(grid, header=True)


def _cut(name: str) -> Gap:
    return Gap("policy", "document_cut", name, f"only the first {MAX_ROWS:,} rows were read")

"""An Excel workbook: a sheet for each table of the report."""

from __future__ import annotations

import io
from datetime import datetime

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from appaudit.report.cells import Grid
from appaudit.report.csv import plain
from appaudit.report.grid import Grids
from appaudit.report.model import AuditView
from appaudit.report.words import Words

ROWS = 100_000
CELL = 32_000
"""Characters: a cell's limit is 32,767."""

WRAPPED = 60
"""Characters from which a cell wraps; styling every cell would take longer than all the rest."""

FILL = {"violation": "F9D6D2", "review": "FBE8C4", "pass": "D3EBDB", "not_examined": "E4E7EB"}


def render(view: AuditView) -> bytes:
    """The workbook's bytes."""
    grids = Grids(view, Words(view.lang), rows=ROWS, items=200)
    book = Workbook(write_only=True)
    if view.date[:4].isdigit() and view.date.endswith("Z"):
        moment = datetime.fromisoformat(view.date[:-1])
        book.properties.created = book.properties.modified = moment
    for grid in sheets(view, grids):
        _sheet(book, grid)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def sheets(view: AuditView, grids: Grids) -> list[Grid]:
    """The tables of the workbook, those without rows left out but for the first."""
    made = [grids.sample() if view.app else grids.documents()]
    if view.kind == "policy":
        made.append(grids.findings())
    if view.kind == "audit":
        made += [grids.findings(), grids.clauses(), grids.collected(), grids.shared()]
    if view.kind != "policy":
        made += [grids.data(), grids.permissions(), grids.sdks(), grids.hosts(), grids.components(),
                 grids.properties(), grids.calls(), grids.conditions()]  # fmt: skip
    if view.kind != "scan":
        made += [grids.documents(), grids.declarations(), grids.topics()]
    made.append(grids.gaps())
    seen: dict[str, Grid] = {}
    for grid in made:
        seen.setdefault(grid.id, grid)
    return [g for i, g in enumerate(seen.values()) if g.rows or i == 0]


def _sheet(book: Workbook, grid: Grid) -> None:
    sheet = book.create_sheet("".join(c for c in grid.title if c not in "[]:*?/\\")[:31])
    sheet.freeze_panes = "A2"
    texts = [[plain(cell) for cell in row] for row in grid.rows]
    for i, header in enumerate(grid.headers):
        longest = max((len(t[i].encode("gbk", "replace")) for t in texts[:200]), default=0)
        sheet.column_dimensions[get_column_letter(i + 1)].width = min(
            60, max(len(header.encode("gbk", "replace")), longest) + 2
        )
    head = []
    for header in grid.headers:
        cell = WriteOnlyCell(sheet, header)
        cell.font = Font(bold=True)
        head.append(cell)
    sheet.append(head)
    wrap = Alignment(wrap_text=True, vertical="top")
    for row, values in zip(grid.rows, texts, strict=True):
        cells: list[object] = []
        for source, value in zip(row, values, strict=True):
            short = len(value) < WRAPPED and not value.startswith("=")
            if short and source.kind not in FILL:
                cells.append(value)
                continue
            cell = WriteOnlyCell(sheet, value[:CELL])
            cell.data_type = "s"  # never a formula, whatever it starts with
            cell.alignment = wrap
            if source.kind in FILL:
                cell.fill = PatternFill("solid", fgColor=FILL[source.kind])
            cells.append(cell)
        sheet.append(cells)

"""CSV tables for spreadsheets: findings, and the two lists.

UTF-8 with a byte order mark and CRLF, as Excel expects; a cell that a spreadsheet would run as a formula
is prefixed with an apostrophe.
"""

from __future__ import annotations

import csv
import io

from appaudit.report.cells import Cell, Grid
from appaudit.report.grid import Grids
from appaudit.report.model import AuditView
from appaudit.report.places import Place
from appaudit.report.words import Words

ALL = 1_000_000
"""Rows: a spreadsheet's limit."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "|", "%", "＝", "＋", "－", "＠")


def render(view: AuditView) -> str:
    """The findings."""
    return write(_grids(view).findings())


def collected(view: AuditView) -> str:
    """The list of collected personal information."""
    return write(_grids(view).collected())


def shared(view: AuditView) -> str:
    """The list of personal information shared with third parties."""
    return write(_grids(view).shared())


def _grids(view: AuditView) -> Grids:
    return Grids(view, Words(view.lang), rows=ALL, items=200)


def write(grid: Grid) -> str:
    """A grid as CSV text."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(grid.headers)
    writer.writerows([harmless(plain(cell)) for cell in row] for row in grid.rows)
    return "\ufeff" + out.getvalue()


def plain(cell: Cell) -> str:
    """A cell as text, places and all."""
    if cell.kind == "blank":
        return ""
    parts = [cell.text] if cell.lines or cell.links else []
    parts += [place_text(p) for p in cell.places]
    if cell.more:
        parts.append(f"… +{cell.more}")
    return "; ".join(p for p in parts if p)


def place_text(place: Place) -> str:
    """A place on one line."""
    text = f"{place.text} → {place.calls}" if place.calls else place.text
    return f"{text} [{place.where}]" if place.where else text


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return "'" + text if text.startswith(FORMULA) else text

"""Finds ruled tables on a PDF page: the lines drawn on it make a grid, the grid's regions are cells."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import pypdfium2.raw as pdfium_c

_TOLERANCE = 2.5
_THIN = 2.5
_MAX_EDGES = 1500
_MAX_PATHS = 20_000

Edge = tuple[float, float, float]
"""A drawn line: its fixed coordinate, then from and to along the other axis, in points."""


class Placed(Protocol):
    """Something with a middle on the page."""

    @property
    def centre(self) -> tuple[float, float]:
        """x and y in points."""
        ...


def ruled_edges(page: Any) -> tuple[list[Edge], list[Edge]]:
    """The horizontal and vertical lines drawn on a page: thin boxes, strokes, the sides of boxes."""
    across: list[Edge] = []
    upright: list[Edge] = []
    width, height = page.get_size()
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    raw = page.raw
    for index in range(min(pdfium_c.FPDFPage_CountObjects(raw), _MAX_PATHS)):
        item = pdfium_c.FPDFPage_GetObject(raw, index)
        if not item or pdfium_c.FPDFPageObj_GetType(item) != pdfium_c.FPDF_PAGEOBJ_PATH:
            continue
        if pdfium_c.FPDFPath_CountSegments(item) > 6:
            continue
        if not pdfium_c.FPDFPageObj_GetBounds(item, left, bottom, right, top):
            continue
        x0, y0, x1, y1 = left.value, bottom.value, right.value, top.value
        wide, tall = x1 - x0, y1 - y0
        if wide > 0.97 * width and tall > 0.9 * height:
            continue
        if tall <= _THIN < wide:
            across.append(((y0 + y1) / 2, x0, x1))
        elif wide <= _THIN < tall:
            upright.append(((x0 + x1) / 2, y0, y1))
        elif wide > _THIN and tall > _THIN:
            across += [(y0, x0, x1), (y1, x0, x1)]
            upright += [(x0, y0, y1), (x1, y0, y1)]
    return _merged(across), _merged(upright)


def _merged(edges: list[Edge]) -> list[Edge]:
    """Edges that lie on one line and touch, put together."""
    out: list[Edge] = []
    for at, start, end in sorted(edges, key=lambda e: (round(e[0] / _TOLERANCE), e[1])):
        if out and abs(out[-1][0] - at) <= _TOLERANCE and start <= out[-1][2] + _TOLERANCE:
            out[-1] = (out[-1][0], out[-1][1], max(out[-1][2], end))
        else:
            out.append((at, start, end))
    return out[:_MAX_EDGES]


@dataclass(frozen=True, slots=True)
class RuledTable:
    """A grid: ``columns`` and ``rows`` are its lines (x rising, y falling); ``region[r][c]`` numbers the
    cell that place belongs to, the same number where no line parts two places."""

    columns: tuple[float, ...]
    rows: tuple[float, ...]
    region: tuple[tuple[int, ...], ...]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """left, bottom, right, top."""
        return self.columns[0], self.rows[-1], self.columns[-1], self.rows[0]

    def fill(self, items: Iterable[Any]) -> list[list[list[Any]]]:
        """``items`` (see `Placed`) by row and column; a merged cell's items stand in each of its places."""
        content: dict[int, list[Any]] = {}
        for item in items:
            x, y = item.centre
            column = sum(c <= x for c in self.columns[1:-1])
            row = sum(r >= y for r in self.rows[1:-1])
            content.setdefault(self.region[row][column], []).append(item)
        return [[content.get(number, []) for number in row] for row in self.region]


def find_tables(across: list[Edge], upright: list[Edge]) -> list[RuledTable]:
    """The tables drawn by lines that cross, at least two rows by two columns, from the top down."""
    group = list(range(len(across) + len(upright)))

    def root(i: int) -> int:
        while group[i] != i:
            group[i] = group[group[i]]
            i = group[i]
        return i

    for v, (x, y0, y1) in enumerate(upright, len(across)):
        for h, (y, x0, x1) in enumerate(across):
            if x0 - _TOLERANCE <= x <= x1 + _TOLERANCE and y0 - _TOLERANCE <= y <= y1 + _TOLERANCE:
                group[root(v)] = root(h)
    parts: dict[int, tuple[list[Edge], list[Edge]]] = {}
    for i, edge in enumerate([*across, *upright]):
        parts.setdefault(root(i), ([], []))[i >= len(across)].append(edge)
    tables = []
    for lines, posts in parts.values():
        columns, rows = _places(e[0] for e in posts), _places(e[0] for e in lines)[::-1]
        if len(columns) > 2 and len(rows) > 2 and len(columns) * len(rows) < 20_000:
            tables.append(RuledTable(tuple(columns), tuple(rows), _regions(columns, rows, lines, posts)))
    return sorted(tables, key=lambda t: -t.rows[0])


def _places(values: Iterable[float]) -> list[float]:
    out: list[float] = []
    for value in sorted(values):
        if not out or value - out[-1] > 2 * _TOLERANCE:
            out.append(value)
    return out


def _regions(
    columns: list[float], rows: list[float], lines: list[Edge], posts: list[Edge]
) -> tuple[tuple[int, ...], ...]:
    """Numbers the cells: two neighbouring places are one cell where no edge stands between them."""
    wide, tall = len(columns) - 1, len(rows) - 1
    cell = list(range(wide * tall))

    def root(i: int) -> int:
        while cell[i] != i:
            i = cell[i]
        return i

    for r in range(tall):
        y = (rows[r] + rows[r + 1]) / 2
        for c in range(wide):
            x = (columns[c] + columns[c + 1]) / 2
            if c + 1 < wide and not _crossed(posts, columns[c + 1], y):
                cell[root(r * wide + c + 1)] = root(r * wide + c)
            if r + 1 < tall and not _crossed(lines, rows[r + 1], x):
                cell[root((r + 1) * wide + c)] = root(r * wide + c)
    return tuple(tuple(root(r * wide + c) for c in range(wide)) for r in range(tall))


def _crossed(edges: list[Edge], at: float, along: float) -> bool:
    return any(abs(e[0] - at) <= 2 * _TOLERANCE and e[1] - 1 <= along <= e[2] + 1 for e in edges)

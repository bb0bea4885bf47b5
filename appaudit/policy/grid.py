"""Lays out the cells of a table that spans columns and rows."""

from __future__ import annotations

import re

from appaudit.policy.lines import Piece, plain

MAX_COLUMNS = 100
MAX_CELLS = 150_000

_SENTENCE = re.compile(r"[。；;!?！？]|\.\s|https?://|@")


class Grid:
    """Rows of cells with ``colspan`` and ``rowspan`` laid out: a spanned place repeats the cell."""

    def __init__(self) -> None:
        self.rows: list[list[list[Piece]]] = []
        self.pending: dict[int, tuple[int, list[Piece]]] = {}
        self.cells = 0

    def add(self, cells: list[tuple[list[Piece], int, int]]) -> None:
        row: list[list[Piece]] = []
        pending: dict[int, tuple[int, list[Piece]]] = {}

        def carried() -> None:
            while len(row) < MAX_COLUMNS and (here := self.pending.get(len(row))) is not None:
                rows, pieces = here
                if rows > 1:
                    pending[len(row)] = (rows - 1, pieces)
                row.append(pieces)

        for pieces, columns, rows in cells:
            carried()
            for _ in range(min(columns, MAX_COLUMNS - len(row))):
                if rows > 1:
                    pending[len(row)] = (rows - 1, pieces)
                row.append(pieces)
        carried()
        self.pending = pending
        self.cells += len(row)
        if self.cells <= MAX_CELLS and any(plain(cell) for cell in row):
            self.rows.append(row)


def looks_like_head(rows: list[list[list[Piece]]]) -> bool:
    """Whether a table's first row names its columns although nothing marks it so: every cell filled,
    short, no sentence, none twice, and either all emphasised or the rows below are longer."""
    if len(rows) < 2:
        return False
    first = [plain(cell).strip() for cell in rows[0]]
    if not all(0 < len(cell) <= 40 and not _SENTENCE.search(cell) for cell in first):
        return False
    if len(set(first)) < len(first):
        return False
    if all(piece.emphasis or not piece.text.strip() for cell in rows[0] for piece in cell):
        return True
    below = [len(plain(cell)) for row in rows[1:] for cell in row]
    return sum(below) / max(1, len(below)) >= sum(map(len, first)) / len(first)

"""Finds tables on a PDF page that no lines are drawn for: cells that stand under each other in columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from appaudit.policy.pdf_text import Char

_GAP = 1.3
"""Blank between two columns, in heights of a character."""
_ALIGNED = 0.8
"""How far the left edges of a column's cells may lie apart, in heights of a character."""
_APART = 4.0
"""Blank between two rows of a table, in heights of a character."""
_MOST = 400
"""Lines of a page that are looked at."""


@dataclass(slots=True)
class Spaced:
    """A table: the characters of its rows' cells; all that it takes; its box (left, right, bottom, top)."""

    rows: list[list[list[Char]]]
    chars: list[Char]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """As `appaudit.policy.pdf_text.Row` has it."""
        return (
            min(c.left for c in self.chars),
            max(c.right for c in self.chars),
            min(c.bottom for c in self.chars),
            max(c.top for c in self.chars),
        )


_Line = list[list[Char]]
"""The parts of a line, from left to right, that wide blanks divide."""


def spaced_tables(chars: Sequence[Char]) -> list[Spaced]:
    """The tables of a page without drawn lines: three rows or more of three columns or more, from the top
    down. Two columns alone may be a page set in columns."""
    seen = [c for c in chars if c.text.strip() and c.right > c.left]
    if not seen:
        return []
    em = median(c.top - c.bottom for c in seen)
    ends = {id(a) for a, b in pairwise(chars) if a.text.strip() and b.text.isspace()}
    lines = _lines(seen, em, ends)[:_MOST]
    out: list[Spaced] = []
    start = 0
    while start < len(lines):
        end = _end(lines, start, em)
        if end - start >= 3 and sum(len(line) > 1 for line in lines[start:end]) >= 3:
            out.append(_table(lines[start:end], em))
            start = end
        else:
            start += 1
    return out


def _lines(chars: list[Char], em: float, ends: set[int]) -> list[_Line]:
    """``ends``: the characters (by identity) that a blank follows: the last ones of words."""
    lines: list[list[Char]] = []
    for char in sorted(chars, key=lambda c: -c.centre[1]):
        if lines and lines[-1][0].centre[1] - char.centre[1] < 0.5 * em:
            lines[-1].append(char)
        else:
            lines.append([char])
    return [_parts(sorted(line, key=lambda c: c.left), em, ends) for line in lines]


def _parts(line: list[Char], em: float, ends: set[int]) -> _Line:
    parts = [[line[0]]]
    for before, char in pairwise(line):
        if char.left - before.right > _GAP * em:
            parts.append([])
        elif id(before) in ends:
            parts[-1].append(Char(" ", before.right, before.bottom, char.left, before.top, before.bold))
        parts[-1].append(char)
    return parts


def _end(lines: list[_Line], start: int, em: float) -> int:
    """Where the table ends whose first row names the columns at ``start``."""
    edges = [part[0].left for part in lines[start]]
    if len(edges) < 3:
        return start
    end = start + 1
    while end < len(lines):
        blank = _bottom(lines[end - 1]) - max(c.top for part in lines[end] for c in part)
        if blank > _APART * em or not all(_column(part, edges, em) >= 0 for part in lines[end]):
            break
        end += 1
    while end > start and len(lines[end - 1]) == 1 and _column(lines[end - 1][0], edges, em) == 0:
        end -= 1  # a line of text below that is as narrow as the first column
    return end


def _column(part: list[Char], edges: list[float], em: float) -> int:
    """The column a part stands in, -1 when it stands in none or reaches into the next."""
    for number, edge in enumerate(edges):
        if abs(part[0].left - edge) <= _ALIGNED * em:
            beyond = edges[number + 1] if number + 1 < len(edges) else float("inf")
            return number if part[-1].right < beyond else -1
    return -1


def _table(lines: list[_Line], em: float) -> Spaced:
    edges = [part[0].left for part in lines[0]]
    blanks = [_bottom(a) - max(c.top for part in b for c in part) for a, b in pairwise(lines)]
    tight = min(blanks)
    wide = max(blanks) > tight + 0.4 * em  # rows stand further apart than the lines of a cell
    rows: list[list[list[Char]]] = []
    for number, line in enumerate(lines):
        columns = [_column(part, edges, em) for part in line]
        new = blanks[number - 1] > tight + 0.4 * em if wide and number else 0 in columns
        if not rows or new:
            rows.append([[] for _ in edges])
        for column, part in zip(columns, line, strict=True):
            rows[-1][column] += part
    return Spaced(rows, [c for line in lines for part in line for c in part])


def _bottom(line: _Line) -> float:
    return min(c.bottom for part in line for c in part)

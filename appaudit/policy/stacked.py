"""Tables that came as plain text: cells with tabs or bars between them, or each a line of its own.

A page that was copied or scraped loses its table. What is left are the heads, then the rows in the same
order; the heads say that it is a list (`appaudit.policy.listings.kind`), and the rows go on as long as
each cell can stand in its column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from appaudit.policy.cells import empty, permissions_in, types_in
from appaudit.policy.document import Table
from appaudit.policy.sdk_names import names_sdk

_MAX_HEAD = 24
_MAX_COLUMNS = 8
_MAX_NAME = 60
"""Characters of the longest cell that names an SDK, a company, a permission."""
_MAX_LIST = 400
_MAX_ROWS = 2000
_NO_HEAD = re.compile(
    r"[。；;：:，,、.\t|]|^\W*(?:[（(]?[一二三四五六七八九十\d]+[)）、]|第.{1,3}[章条节])|我们|^用于|有限公司|(?:政策|清单)$|^(?:基本|扩展|核心|附加)功能$"
)
_NO_CELL = re.compile(r"^(?:\d+(?:\.\d+)+|[（(]?[一二三四五六七八九十]+[)）、]|第.{1,3}[章条节])\s*\S")
"""A number of a section: the table is over."""
_SENTENCE = re.compile(r"。.|我们|您")
_RULE = re.compile(r"[\s|:-]*")
"""The line under the heads."""
_EDGES = " *_#\t　"

Column = Callable[[str], str | None]
"""Which column a head names (`appaudit.policy.listings.column`)."""
Kind = Callable[[Sequence[str | None]], str | None]
"""Which list has such columns (`appaudit.policy.listings.kind`)."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A table one cell a line. ``cells``: rows of ``(line, start, text)``, a cell for each of ``heads``."""

    heads: tuple[str, ...]
    cells: tuple[tuple[tuple[int, int, str], ...], ...]


def divided(lines: Sequence[str], column: Column, kind: Kind) -> Iterator[Table]:
    """Tables of lines with tabs or bars between the cells, each under heads that make it a list. A cell
    without a head stands under the head before it."""
    number = 0
    while number < len(lines):
        line = lines[number]
        mark = "\t" if "\t" in line else "|"
        heads = [head.strip(_EDGES) for head in line.split(mark)] if mark in line else []
        number += 1
        named = [head for head in heads if head]
        if not 2 <= len(named) <= _MAX_COLUMNS or len(heads) > 2 * _MAX_COLUMNS:
            continue
        if kind([column(head) for head in named]) is None:
            continue
        if sum(_is_head(head, column) for head in named) < len(named) - 1:
            continue
        for place in range(1, len(heads) - 1):
            heads[place] = heads[place] or heads[place - 1]
        first, numbers = number, []
        while (
            number < len(lines) and number - first < _MAX_ROWS and lines[number].count(mark) == len(heads) - 1
        ):
            number += 1
            if not _RULE.fullmatch(lines[number - 1]):
                numbers.append(number)
        if numbers:
            rows = tuple(tuple(lines[n - 1].split(mark)) for n in numbers)
            yield Table(tuple(heads), rows, tuple(numbers), first)


def stacked(lines: Sequence[str], column: Column, kind: Kind) -> Iterator[Stack]:
    """Tables one cell a line, each under heads that make it a list."""
    full = [(n, line.strip(_EDGES)) for n, line in enumerate(lines, 1) if line.strip(_EDGES)]
    heads = [column(text) if _is_head(text, column) else None for _, text in full]
    at = 0
    while at < len(full):
        end = at
        while end < len(full) and end - at < _MAX_COLUMNS and heads[end] is not None:
            end += 1
        best: Stack | None = None
        for size in range(2, end - at + 1):
            names = heads[at : at + size]
            if sum(map(bool, heads[at + size : at + 2 * size])) > 1:
                continue  # more heads: the row of heads is longer
            if not {"data", "permission"} & set(names) or kind(names) is None:
                continue
            words = tuple(text for _, text in full[at : at + size])
            rows = _rows(full, at + size, names) if len(set(words)) == size else []
            if (len(rows) > 1 or (rows and size > 2)) and (best is None or len(rows) * size > _size(best)):
                places = tuple(tuple((n, lines[n - 1].find(text), text) for n, text in row) for row in rows)
                best = Stack(words, places)
        if best is not None:
            yield best
            at += len(best.heads) + _size(best)
        else:
            at += 1


def _size(stack: Stack) -> int:
    return len(stack.cells) * len(stack.heads)


def _is_head(text: str, column: Column) -> bool:
    if len(text) > _MAX_HEAD or _NO_HEAD.search(text) is not None or column(text) is None:
        return False
    return not names_sdk(text)


def _rows(full: list[tuple[int, str]], at: int, names: Sequence[str | None]) -> list[list[tuple[int, str]]]:
    rows: list[list[tuple[int, str]]] = []
    while at + len(names) <= len(full) and len(rows) < _MAX_ROWS:
        row = full[at : at + len(names)]
        if not all(_fits(text, name) for (_, text), name in zip(row, names, strict=True)):
            break
        rows.append(row)
        at += len(names)
    return rows


def _fits(text: str, name: str | None) -> bool:
    """Whether a line can stand in the column ``name``."""
    if _NO_CELL.match(text):
        return False
    if name == "data":
        listed = len(text) <= _MAX_LIST and _SENTENCE.search(text) is None
        return empty(text) or (listed and any(True for _ in types_in(text)))
    if name == "permission":
        return (
            len(text) <= _MAX_NAME
            and _SENTENCE.search(text) is None
            and any(True for _ in permissions_in(text))
        )
    if name in ("sdk", "company", "method", "required", "system"):
        return len(text) <= _MAX_NAME and "。" not in text
    return len(text) <= _MAX_LIST

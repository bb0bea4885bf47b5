"""A declared document after loading, whatever format it came in: lines of text and what hangs on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import takewhile

from appaudit.records import Gap


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the document, as it stood there.

    ``header``: the cells of its head row, empty when it has none. ``rows``: each a tuple of cells.
    ``line_numbers[i]``: the 1-based line of the text that holds ``rows[i]``; cells stand on that line
    from left to right, divided by a tab, each on one line. ``header_line`` is 0 without a head row.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    line_numbers: tuple[int, ...]
    header_line: int = 0


@dataclass(frozen=True, slots=True)
class LoadedDocument:
    """Text of a document with its marks.

    ``text`` is what spans refer to: ``lines`` is ``text`` split on line feeds, and line and character
    numbers (1-based lines, 0-based code points) count in it. ``emphasis``: ``(line, start, end)`` of
    bold or underlined words. ``links``: ``(line, start, end, target)``. ``format`` and ``encoding``
    as in `appaudit.records.Document`; ``size`` in bytes and ``sha256`` are of the file as given.
    """

    name: str
    format: str
    encoding: str
    text: str
    lines: tuple[str, ...]
    emphasis: tuple[tuple[int, int, int], ...] = ()
    tables: tuple[Table, ...] = ()
    links: tuple[tuple[int, int, int, str], ...] = ()
    title: str = ""
    size: int = 0
    sha256: str = ""
    headings: tuple[tuple[int, int], ...] = ()
    """``(line, level)`` of headings the format itself marks (``<h1>``, a DOCX heading style)."""
    gaps: tuple[Gap, ...] = ()
    """What of the file could not be read as text, or does not read as a declared document."""
    role: str = "policy"
    """What it is to the app; a key of ``[role]`` in the knowledge file documents.toml."""


MAX_CHARACTERS = 300_000
"""Characters of a document that are read: several times the longest policies, and seconds of work."""


def lines_read(document: LoadedDocument) -> tuple[tuple[str, ...], bool]:
    """The lines of a document that are read, and whether they are all; the last may be cut."""
    if len(document.text) <= MAX_CHARACTERS:
        return document.lines, True
    head = document.text[:MAX_CHARACTERS]
    return tuple(head.split("\n")), False


def tables_read(document: LoadedDocument) -> tuple[Table, ...]:
    """The tables of a document, without the rows that stand behind what is read of it. Sheets are whole:
    what is read of them is limited by rows."""
    lines, whole = lines_read(document)
    if whole or document.format in ("csv", "xlsx"):
        return document.tables
    last = len(lines)
    out = []
    for table in document.tables:
        kept = sum(1 for _ in takewhile(last.__ge__, table.line_numbers))
        if kept:
            out.append(replace(table, rows=table.rows[:kept], line_numbers=table.line_numbers[:kept]))
    return tuple(out)


def from_text(
    text: str, name: str = "policy.txt", fmt: str = "text", encoding: str = "utf-8"
) -> LoadedDocument:
    """A document that is nothing but text."""
    return LoadedDocument(name, fmt, encoding, text, tuple(text.split("\n")))

"""Reads a policy out of a PDF: characters with their places become lines, lines become paragraphs.

What a page repeats at its edges (running heads, page numbers) is left out, paragraphs are put together
again over line and page ends, and ruled tables are read as tables (`appaudit.policy.pdf_tables`).
"""

from __future__ import annotations

import ctypes
import time
from itertools import pairwise
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium_c

from appaudit.errors import InputError
from appaudit.policy.document import LoadedDocument
from appaudit.policy.glyphs import meant
from appaudit.policy.lines import Lines, Piece, collapse
from appaudit.policy.pdf_columns import spaced_tables
from appaudit.policy.pdf_tables import find_tables, ruled_edges
from appaudit.policy.pdf_text import BROKEN, HYPHENS, Char, Row, paragraphs, without_furniture
from appaudit.records import Gap

MAX_PAGES = 2_000
MAX_SECONDS = 60.0
"""A PDF is read page by page for at most this long; what is left is told in a Gap."""


def load_pdf(name: str, data: bytes) -> LoadedDocument:
    """The text of a PDF. Raises InputError where it is damaged, encrypted, or holds pictures only."""
    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower() or "security" in str(error).lower():
            raise InputError(f"{name} is encrypted and asks for a password; give it unprotected") from error
        raise InputError(f"{name} is a damaged PDF: {error}") from error
    try:
        return _read(name, pdf)
    except (pypdfium2.PdfiumError, ctypes.ArgumentError, ValueError) as error:
        raise InputError(f"{name} is a damaged PDF: {error}") from error
    finally:
        pdf.close()


def _read(name: str, pdf: Any) -> LoadedDocument:
    lines = Lines(name)
    rows: list[Row] = []
    heights: list[float] = []
    pictured: list[int] = []
    count = len(pdf)
    bare = 0
    start = time.monotonic()
    read = 0
    for index in range(min(count, MAX_PAGES)):
        if time.monotonic() - start > MAX_SECONDS:
            break
        try:
            page = pdf[index]
        except pypdfium2.PdfiumError:
            reason = f"page {index + 1} is damaged and was not read"
            lines.gaps.append(Gap("policy", "document_damaged", name, reason))
            heights.append(0.0)
            read += 1
            continue
        found = _page(page, index)
        bare += any(c.bare for row in found for c in row.chars)
        if not found and _has_picture(page):
            pictured.append(index + 1)
        heights.append(page.get_height())
        rows += found
        page.close()
        read += 1
    if read < count:
        reason = f"only the first {read} of {count} pages were read"
        lines.gaps.append(Gap("policy", "document_cut", name, reason))
    if not rows:
        if pictured:
            raise InputError(f"{name} holds pictures of pages and no text; give a PDF with text")
        raise InputError(f"{name} holds no text")
    if pictured:
        which = ", ".join(map(str, pictured[:10])) + ("" if len(pictured) <= 10 else " ...")
        reason = (
            f"{len(pictured)} of {count} pages are pictures without text (page {which}) and were not read"
        )
        lines.gaps.append(Gap("policy", "image_only", name, reason))
    if bare:
        reason = f"{bare} of {count} pages use a font that is neither in the file nor on this machine"
        lines.gaps.append(Gap("policy", "font_missing", name, f"{reason}: characters may be lost"))
    paragraphs(lines, without_furniture(rows, heights))
    title = pdf.get_metadata_value("Title") or ""
    return lines.document("pdf", "utf-8", title.strip())


# ------------------------------------------------------------------------------ one page


def _page(page: Any, index: int) -> list[Row]:
    """The lines and tables of a page in reading order."""
    text_page = page.get_textpage()
    chars = _chars(text_page)
    text_page.close()
    rows: list[Row] = []
    placed: list[Row] = []
    edges = ruled_edges(page)
    tables = find_tables(*edges) if edges[0] and edges[1] and chars else []
    for table in tables:
        left, bottom, right, top = table.box
        inside: list[Char] = []
        rest: list[Char] = []
        for char in chars:
            x, y = char.centre
            within = left <= x <= right and bottom <= y <= top
            (inside if within and char.text != "\n" else rest).append(char)
        grid = [[_cell(cell) for cell in row] for row in table.fill(inside)]
        if sum(any(p.text for p in cell) for row in grid for cell in row) < 3:
            continue
        chars = rest
        placed.append(Row([], index, left, right, bottom, top, [row for row in grid if any(row)]))
    for spaced in spaced_tables(chars):
        inside_it = set(map(id, spaced.chars))
        chars = [c for c in chars if id(c) not in inside_it]
        grid = [[_cell(cell) for cell in row] for row in spaced.rows]
        placed.append(Row([], index, *spaced.box, grid))
    line: list[Char] = []
    for char in [*chars, Char("\n", 0, 0, 0, 0, False)]:
        if char.text != "\n":
            line.append(char)
        if line and char.text in BROKEN:
            row = Row(line, index).measure()
            if row.text.strip() and row.right > row.left:
                rows.append(row)
            line = []
    rows = _ordered(rows)
    for table_row in placed:
        above = [i for i, row in enumerate(rows) if row.bottom >= table_row.top - 1]
        rows.insert(above[-1] + 1 if above else 0, table_row)
    return rows


_FLAT = 0.05
"""Points of height below which a character has no glyph: its font is neither in the file nor installed.
The font's own height is taken then, so that lines are put together the same on every machine."""
_BLANK = 0x2E80
"""Code points below it are blanks and signs that may well be flat."""


def _chars(text_page: Any) -> list[Char]:
    raw = text_page.raw
    count = pdfium_c.FPDFText_CountChars(raw)
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    loose = pdfium_c.FS_RECTF()
    bold: dict[int, bool] = {}
    out: list[Char] = []
    high = 0
    for index in range(max(count, 0)):
        code = pdfium_c.FPDFText_GetUnicode(raw, index)
        if 0xD800 <= code < 0xDC00:
            high = code
            continue
        if 0xDC00 <= code < 0xE000:
            code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00) if high else 0xFFFD
        high = 0
        if code in (0, 13):
            continue
        if not pdfium_c.FPDFText_GetCharBox(raw, index, left, right, bottom, top):
            left.value = right.value = bottom.value = top.value = 0.0
        bare = top.value - bottom.value < _FLAT < right.value - left.value and code > _BLANK
        if bare and pdfium_c.FPDFText_GetLooseCharBox(raw, index, loose):
            bottom.value, top.value = loose.bottom, loose.top
        text = meant(chr(code)) if code < 0x110000 else "\ufffd"
        owner = pdfium_c.FPDFText_GetTextObject(raw, index)
        address = ctypes.cast(owner, ctypes.c_void_p).value or 0
        if address not in bold:
            bold[address] = _is_bold(raw, index)
        out.append(Char(text, left.value, bottom.value, right.value, top.value, bold[address], bare))
    return out


def _is_bold(raw: Any, index: int) -> bool:
    if pdfium_c.FPDFText_GetFontWeight(raw, index) >= 600:
        return True
    buffer = ctypes.create_string_buffer(128)
    flags = ctypes.c_int()
    size = pdfium_c.FPDFText_GetFontInfo(raw, index, buffer, 128, flags)
    name = buffer.value.lower() if 0 < size <= 128 else b""
    return b"bold" in name or b"heavy" in name or b"black" in name


def _has_picture(page: Any) -> bool:
    return any(True for _ in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=3))


def _ordered(rows: list[Row]) -> list[Row]:
    """Content order, unless it jumps up and down within a column: then from top to bottom."""
    jumps = sum(b.bottom > a.top + 1 and b.left < a.right and a.left < b.right for a, b in pairwise(rows))
    if jumps <= max(1, len(rows) // 10):
        return rows
    return sorted(rows, key=lambda r: (-round(r.top / 3), r.left))


def _cell(cell: list[Char]) -> list[Piece]:
    """The characters of a cell as one line; a line end in it is a space unless Chinese runs over it."""
    pieces: list[Piece] = []
    last: Char | None = None
    for char in cell:
        if last is not None and char.text.strip() and char.top < last.bottom + 1:
            pieces.append(Piece("\n"))
        pieces.append(Piece(char.text if char.text not in HYPHENS[1:] else "", char.bold))
        if char.text.strip():
            last = char
    return collapse(pieces)

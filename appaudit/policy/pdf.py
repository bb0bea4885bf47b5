"""Reads a policy out of a PDF: characters with their places become lines, lines become paragraphs.

What a page repeats at its edges (running heads, page numbers) is left out, paragraphs are put together
again over line and page ends, and ruled tables are read as tables (`appaudit.policy.pdf_tables`).
"""

from __future__ import annotations

import ctypes
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium_c

from appaudit.errors import InputError
from appaudit.policy.document import LoadedDocument
from appaudit.policy.glyphs import meant
from appaudit.policy.grid import looks_like_head
from appaudit.policy.lines import Lines, Piece, collapse, plain
from appaudit.policy.pdf_tables import find_tables, ruled_edges
from appaudit.records import Gap

MAX_PAGES = 2_000
MAX_SECONDS = 60.0
"""A PDF is read page by page for at most this long; what is left is told in a Gap."""

_WIDE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
_HYPHENS = "-\xad\u2010\x02\ufffe"
_BROKEN = "\n\x02\ufffe"
"""What ends a line: pdfium gives a hyphen at a line's end as one of the last two, without a line feed."""
_PAGE_NUMBER = re.compile(
    r"[-–—\s]*(?:第\s*[\d一二三四五六七八九十]+\s*页(?:\s*[,，/]?\s*共\s*\d+\s*页)?|(?:page\s*)?\d{1,4}(?:\s*(?:/|of)\s*\d{1,4})?)[-–—\s]*",
    re.IGNORECASE,
)
_MARKER = re.compile(
    r"\s*(?:[(（]?(?:\d{1,3}(?:\.\d{1,3})*|[一二三四五六七八九十]{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[)）.、．]"
    r"|第[一二三四五六七八九十\d]{1,3}[章节条部]|[•●○■◆▪·\uf06c\uf0b7\u2022-]\s|【)"
)
_END = re.compile(r"[。！？；：.!?;:][”’\"')）】]?\s*$")


@dataclass(slots=True)
class Char:
    """A character, its box in points from the page's lower left corner, and whether it is bold."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    bold: bool

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of the box."""
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2


@dataclass(slots=True)
class Row:
    """A line of a page: its characters and the box around them; or a whole table in its place."""

    chars: list[Char]
    page: int
    left: float = 0.0
    right: float = 0.0
    bottom: float = 0.0
    top: float = 0.0
    table: list[list[list[Piece]]] = field(default_factory=list)

    def measure(self) -> Row:
        """Sets the box from the characters that are not blank."""
        seen = [c for c in self.chars if c.text.strip() and c.right > c.left]
        if seen:
            self.left, self.right = min(c.left for c in seen), max(c.right for c in seen)
            self.bottom, self.top = min(c.bottom for c in seen), max(c.top for c in seen)
        return self

    @property
    def text(self) -> str:
        """The characters in their order."""
        return "".join(c.text for c in self.chars)

    @property
    def size(self) -> float:
        """Height of the tallest character."""
        return max((c.top - c.bottom for c in self.chars if c.text.strip()), default=0.0)


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
    _paragraphs(lines, _without_furniture(rows, heights))
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
    line: list[Char] = []
    for char in [*chars, Char("\n", 0, 0, 0, 0, False)]:
        if char.text != "\n":
            line.append(char)
        if line and char.text in _BROKEN:
            row = Row(line, index).measure()
            if row.text.strip() and row.right > row.left:
                rows.append(row)
            line = []
    rows = _ordered(rows)
    for table_row in placed:
        above = [i for i, row in enumerate(rows) if row.bottom >= table_row.top - 1]
        rows.insert(above[-1] + 1 if above else 0, table_row)
    return rows


def _chars(text_page: Any) -> list[Char]:
    raw = text_page.raw
    count = pdfium_c.FPDFText_CountChars(raw)
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
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
        text = meant(chr(code)) if code < 0x110000 else "\ufffd"
        owner = pdfium_c.FPDFText_GetTextObject(raw, index)
        address = ctypes.cast(owner, ctypes.c_void_p).value or 0
        if address not in bold:
            bold[address] = _is_bold(raw, index)
        out.append(Char(text, left.value, bottom.value, right.value, top.value, bold[address]))
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
        pieces.append(Piece(char.text if char.text not in _HYPHENS[1:] else "", char.bold))
        if char.text.strip():
            last = char
    return collapse(pieces)


# ------------------------------------------------------------------------- what pages repeat


def _without_furniture(rows: list[Row], heights: list[float]) -> list[Row]:
    """Leaves out running heads and feet: the edge lines of a page that most pages share but for digits."""
    pages: dict[int, list[Row]] = {}
    for row in rows:
        pages.setdefault(row.page, []).append(row)
    seen: Counter[tuple[str, str]] = Counter()
    edges: dict[int, list[tuple[Row, str]]] = {}
    for number, page in pages.items():
        by_height = sorted((r for r in page if not r.table), key=lambda r: -r.top)
        edge = [(r, "head") for r in by_height[:2] if r.bottom > 0.85 * heights[number]]
        edge += [(r, "foot") for r in by_height[-2:] if r.top < 0.15 * heights[number]]
        edges[number] = edge
        seen.update({(_skeleton(r.text), side) for r, side in edge})
    drop: set[int] = set()
    often = max(2, 0.5 * len(pages)) if len(pages) > 1 else 2
    for edge in edges.values():
        for row, side in edge:
            repeated = seen[(_skeleton(row.text), side)] >= often and len(pages) > 1
            if repeated or _PAGE_NUMBER.fullmatch(row.text.strip()):
                drop.add(id(row))
    return [row for row in rows if id(row) not in drop]


def _skeleton(text: str) -> str:
    return re.sub(r"\d+", "0", "".join(text.split()))


# -------------------------------------------------------------------------- lines to paragraphs


def _paragraphs(lines: Lines, rows: list[Row]) -> None:
    body = [r for r in rows if not r.table]
    usual = Counter(round(r.size) for r in body for _ in range(len(r.chars))).most_common(1)
    size = float(usual[0][0]) if usual else 10.0
    margin = _right_margins(body)
    words = Counter(re.findall(r"[a-z]+(?:-[a-z]+)*", "\n".join(r.text for r in body).lower()))
    open_rows: list[Row] = []

    def close() -> None:
        if open_rows:
            pieces = _joined(open_rows, words)
            if pieces:
                large = open_rows[0].size > 1.15 * size and len(plain(pieces)) < 80
                lines.add(pieces, 2 if large else 0)
            open_rows.clear()

    last: Row | None = None
    for row in rows:
        if row.table:
            close()
            _table(lines, row, last)
        else:
            if open_rows and not _continues(open_rows, row, margin):
                close()
            open_rows.append(row)
        last = row
    close()


def _right_margins(rows: list[Row]) -> dict[int, float]:
    """The right edge of each page's text: where its longest lines end."""
    ends: dict[int, list[float]] = {}
    for row in rows:
        ends.setdefault(row.page, []).append(row.right)
    widest = max((r for right in ends.values() for r in right), default=0.0)
    out = {}
    for page, right in ends.items():
        right.sort()
        out[page] = right[int(len(right) * 0.9)] if len(right) > 8 else widest
    return out


def _continues(open_rows: list[Row], row: Row, margin: dict[int, float]) -> bool:
    """Whether ``row`` goes on with the paragraph of ``open_rows``."""
    above = open_rows[-1]
    if _MARKER.match(row.text) or abs(row.size - above.size) > 0.25 * max(row.size, above.size):
        return False
    em = max(above.size, 1.0)
    full = above.right > margin.get(above.page, 0.0) - 2.5 * em
    if not full:
        first = row.text.split(" ", 1)[0]
        room = margin.get(above.page, 0.0) - above.right
        if _WIDE.search(above.text[-1:]) or room > (len(first) + 1) * em * 0.55:
            return False
    indented = row.left > min(r.left for r in open_rows) + 1.4 * em
    if len(open_rows) > 1 or _WIDE.search(row.text):
        body = min(r.left for r in (open_rows[1:] or open_rows))
        indented = row.left > body + 1.4 * em
    if indented:
        return False
    if row.page != above.page:
        return not _END.search(above.text)
    gap = above.bottom - row.top
    usual = gap
    if len(open_rows) > 1 and open_rows[-2].page == above.page:
        usual = open_rows[-2].bottom - above.top
    if gap > 1.2 * em or gap > usual + 0.45 * em:
        return False
    if row.bottom > above.top:  # the next column
        return not _END.search(above.text)
    return True


def _joined(rows: list[Row], words: Counter[str]) -> list[Piece]:
    pieces: list[Piece] = []
    for row in rows:
        text = row.text.strip()
        if pieces:
            before = plain(pieces[-12:])
            if _hyphenated(before, text):
                left = re.search(r"([A-Za-z]+)[-\xad\u2010\x02\ufffe]$", before)
                right = re.match(r"[A-Za-z]+", text)
                stem = left.group(1).lower() if left else ""
                tail = right.group(0).lower() if right else ""
                keep = words[f"{stem}-{tail}"] > words[stem + tail]
                pieces[-1] = Piece(pieces[-1].text[:-1] + ("-" if keep else ""), pieces[-1].emphasis)
            elif not (_WIDE.search(before[-1:]) and _WIDE.match(text)):
                pieces.append(Piece(" "))
        chars = row.chars
        start = next((i for i, c in enumerate(chars) if c.text.strip()), 0)
        end = next((i for i in range(len(chars), 0, -1) if chars[i - 1].text.strip()), 0)
        pieces += [Piece(c.text, c.bold) for c in chars[start:end]]
    for piece in pieces:
        piece.text = piece.text.replace("\x02", "-").replace("\ufffe", "-")
    return collapse(pieces)


def _hyphenated(before: str, after: str) -> bool:
    return (
        len(before) > 1
        and before[-1] in _HYPHENS
        and before[-2].isalpha()
        and before[-2] < "\u2e80"
        and after[:1].islower()
    )


def _table(lines: Lines, row: Row, last: Row | None) -> None:
    """Adds a table; one that goes on from the page before keeps that one's head."""
    grid = row.table
    head = looks_like_head(grid)
    if last is not None and last.table and last.page != row.page and lines.tables:
        before = lines.tables[-1]
        first = tuple(plain(cell) for cell in grid[0])
        if before.header and len(before.header) == len(first):
            if first == before.header:
                grid, head = grid[1:], False
            if not head or first == before.header:
                start = len(lines.lines)
                lines.add_table(grid, header=False)
                more = lines.tables.pop() if len(lines.lines) > start else None
                if more is not None:
                    lines.tables[-1] = type(before)(
                        before.header,
                        before.rows + more.rows,
                        before.line_numbers + more.line_numbers,
                        before.header_line,
                    )
                return
    lines.add_table(grid, head)

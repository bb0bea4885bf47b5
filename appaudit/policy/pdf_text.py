"""What the lines of a PDF's pages say as text: running heads and feet left out, lines put together into
paragraphs over line and page ends, tables in their places."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from appaudit.policy.grid import looks_like_head
from appaudit.policy.lines import Lines, Piece, collapse, plain

_WIDE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
HYPHENS = "-\xad\u2010\x02\ufffe"
BROKEN = "\n\x02\ufffe"
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
    """A character, its box in points from the page's lower left corner, whether it is bold, and whether
    its font lacks it (``bare``)."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    bold: bool
    bare: bool = False

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


# ------------------------------------------------------------------------- what pages repeat


def without_furniture(rows: list[Row], heights: list[float]) -> list[Row]:
    """Leaves out running heads and feet: the edge lines of a page that most pages share but for digits.
    A page that holds nothing else keeps them: they are its text."""
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
    for number, edge in edges.items():
        numbers = {id(row) for row, _ in edge if _PAGE_NUMBER.fullmatch(row.text.strip())}
        repeated = {
            id(row) for row, side in edge if seen[(_skeleton(row.text), side)] >= often and len(pages) > 1
        }
        whole = len(numbers | repeated) == len(pages[number])
        drop |= numbers if whole else numbers | repeated
    return [row for row in rows if id(row) not in drop]


def _skeleton(text: str) -> str:
    return re.sub(r"\d+", "0", "".join(text.split()))


# -------------------------------------------------------------------------- lines to paragraphs


def paragraphs(lines: Lines, rows: list[Row]) -> None:
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
    if _END.search(above.text) and _WIDE.search(above.text) and not _WIDE.search(row.text):
        return False  # a Chinese sentence ended, and the next line is in another language
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
        and before[-1] in HYPHENS
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

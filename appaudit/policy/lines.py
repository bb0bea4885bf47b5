"""Puts a document together line by line, with the marks that hang on its characters."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from appaudit.errors import InputError
from appaudit.policy.document import LoadedDocument, Table
from appaudit.records import Gap

MAX_CHARACTERS = 32 * 1024 * 1024
"""Text beyond this is no policy; extracted text can be far larger than the file it came from."""

_BREAKS = re.compile(r"\r\n|\r|\n")
_BLANK = re.compile(r"[ \t\f\v\r\n]+")
_WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_SOFT_BREAK = re.compile(rf"(?<=[{_WIDE}])[ \t]*\n[ \t\n]*(?=[{_WIDE}])")
_EDGE = " \t\xa0\u3000\n"
_OWN_MARKER = re.compile(
    r"\s*(?:[(（]?(?:\d{1,3}(?:\.\d{1,3})*|[一二三四五六七八九十]{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[)）.、．:：]|[•●○■·◆▪-])"
)


@dataclass(slots=True)
class Piece:
    """Characters that carry the same marks: emphasised or not, linked to ``target`` or to nothing."""

    text: str
    emphasis: bool = False
    target: str = ""


def collapse(pieces: list[Piece]) -> list[Piece]:
    """White space as a browser shows it: runs are one space, none at the ends, and none where a line
    break of the source stands between two wide (Chinese) characters."""
    out: list[Piece] = []
    full = "".join(p.text for p in pieces)
    if not full.strip(_EDGE):
        return out
    drop: set[int] = set()
    if "\n" in full:
        for match in _SOFT_BREAK.finditer(full):
            drop.update(range(match.start(), match.end()))
    position, space = 0, True
    for piece in pieces:
        text = piece.text
        if drop and "\n" in text:
            text = "".join(c for i, c in enumerate(text, position) if i not in drop)
        position += len(piece.text)
        text = _BLANK.sub(" ", text)
        if space and text[:1] == " ":
            text = text[1:]
        if text:
            space = text[-1] == " "
            out.append(Piece(text, piece.emphasis, piece.target))
    while out and not out[0].text.lstrip(_EDGE):
        out.pop(0)
    while out and not out[-1].text.rstrip(_EDGE):
        out.pop()
    if out:
        out[0].text = out[0].text.lstrip(_EDGE)
        out[-1].text = out[-1].text.rstrip(_EDGE)
    return out


def plain(pieces: list[Piece]) -> str:
    """The characters of ``pieces`` without their marks."""
    return "".join(p.text for p in pieces)


@dataclass(slots=True)
class Lines:
    """Lines of a document in the making. Raises InputError when they exceed `MAX_CHARACTERS`."""

    name: str
    lines: list[str] = field(default_factory=list)
    emphasis: list[tuple[int, int, int]] = field(default_factory=list)
    links: list[tuple[int, int, int, str]] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    headings: list[tuple[int, int]] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    _characters: int = 0

    def add(self, pieces: list[Piece], heading: int = 0, marker: str = "") -> int:
        """One line; its 1-based number. ``marker`` (a list's number or bullet) is set before it, unless
        the words bring their own. A line break inside a piece becomes a space."""
        words = plain(pieces)
        if marker and not _OWN_MARKER.match(words):
            pieces = [Piece(marker), *pieces]
        self._characters += len(words) + len(marker) + 1
        if self._characters > MAX_CHARACTERS:
            raise InputError(f"{self.name} holds more than {MAX_CHARACTERS:,} characters; that is no policy")
        number, position, parts = len(self.lines) + 1, 0, []
        for piece in pieces:
            text = _BREAKS.sub(" ", piece.text)
            end = position + len(text)
            if piece.emphasis and text.strip():
                last = self.emphasis[-1] if self.emphasis else (0, 0, 0)
                if last[0] == number and last[2] == position:
                    self.emphasis[-1] = (number, last[1], end)
                else:
                    self.emphasis.append((number, position, end))
            if piece.target and text.strip():
                link = self.links[-1] if self.links else (0, 0, 0, "")
                if link[0] == number and link[2] == position and link[3] == piece.target:
                    self.links[-1] = (number, link[1], end, piece.target)
                else:
                    self.links.append((number, position, end, piece.target))
            parts.append(text)
            position = end
        self.lines.append("".join(parts))
        if heading and words.strip():
            self.headings.append((number, heading))
        return number

    def add_table(self, rows: list[list[list[Piece]]], header: bool) -> None:
        """A table: each row one line, cells divided by tabs. ``header``: the first row is its head."""
        width = max((len(row) for row in rows), default=0)
        numbers: list[int] = []
        cells: list[tuple[str, ...]] = []
        for row in rows:
            pieces: list[Piece] = []
            texts: list[str] = []
            for index, cell in enumerate(row):
                if index:
                    pieces.append(Piece("\t"))
                clean = [
                    Piece(_BREAKS.sub(" ", p.text).replace("\t", " "), p.emphasis, p.target) for p in cell
                ]
                pieces.extend(clean)
                texts.append(plain(clean))
            numbers.append(self.add(pieces))
            cells.append(tuple(texts) + ("",) * (width - len(texts)))
        if not cells:
            return
        head = cells[0] if header else ()
        first = 1 if header else 0
        self.tables.append(
            Table(head, tuple(cells[first:]), tuple(numbers[first:]), numbers[0] if header else 0)
        )

    def document(
        self, fmt: str, encoding: str, title: str = "", size: int = 0, sha256: str = ""
    ) -> LoadedDocument:
        """What was gathered, as a document."""
        return LoadedDocument(
            self.name,
            fmt,
            encoding,
            "\n".join(self.lines),
            tuple(self.lines),
            tuple(self.emphasis),
            tuple(self.tables),
            tuple(self.links),
            title,
            size,
            sha256,
            tuple(self.headings),
            tuple(self.gaps),
        )

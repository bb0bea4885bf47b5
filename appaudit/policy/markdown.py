"""Reads a policy written in Markdown; every line keeps its number, its markup taken off."""

from __future__ import annotations

import re
from itertools import groupby

from markdown_it import MarkdownIt
from markdown_it.token import Token

from appaudit.policy.document import LoadedDocument, Table
from appaudit.policy.encoding import decode
from appaudit.policy.lines import Lines, Piece, plain
from appaudit.records import Gap

MAX_CHARACTERS = 400_000
MAX_BRACKETS = 20_000
"""Markdown beyond these is read as plain text: its grammar has cases that are not linear."""

_TAG = re.compile(r"<[A-Za-z/!][^<>]*>")
_STRONG_TAG = re.compile(r"<(/?)(?:b|strong|u|ins)\b", re.IGNORECASE)


def load_markdown(name: str, data: bytes) -> LoadedDocument:
    """The words of a Markdown file, line for line; headings, emphasis, links and tables as marks."""
    decoded = decode(data)
    source = decoded.text.replace("\r\n", "\n").replace("\r", "\n")
    lines = Lines(name)
    raw = source.split("\n")
    if len(source) > MAX_CHARACTERS or source.count("[") > MAX_BRACKETS:
        reason = f"read as text: more than {MAX_CHARACTERS:,} characters or {MAX_BRACKETS:,} brackets"
        lines.gaps.append(Gap("policy", "document_markup", name, reason))
        for line in raw:
            lines.add([Piece(line)])
        return lines.document("markdown", decoded.encoding)
    parser = MarkdownIt("commonmark", {"maxNesting": 40}).enable("table").enable("strikethrough")
    reader = _Reader(raw)
    reader.read(parser.parse(source))
    reader.emit(lines)
    return lines.document("markdown", decoded.encoding, reader.title)


class _Reader:
    def __init__(self, raw: list[str]) -> None:
        self.raw = raw
        self.out: dict[int, list[Piece]] = {}
        self.markers: dict[int, str] = {}
        self.headings: dict[int, int] = {}
        self.tables: list[list[tuple[int, list[list[Piece]]]]] = []
        self.title = ""

    def read(self, tokens: list[Token]) -> None:
        lists: list[str] = []
        heading = 0
        row: list[list[Piece]] | None = None
        for token in tokens:
            kind, first = token.type, token.map[0] if token.map else 0
            if kind == "heading_open":
                heading = int(token.tag[1])
            elif kind == "heading_close":
                heading = 0
            elif kind in ("ordered_list_open", "bullet_list_open"):
                lists.append(kind)
            elif kind in ("ordered_list_close", "bullet_list_close"):
                lists.pop()
            elif kind == "list_item_open":
                number = f"{token.info}{token.markup} " if lists[-1][0] == "o" else "• "
                self.markers.setdefault(first, number)
            elif kind == "table_open":
                self.tables.append([])
            elif kind == "tr_open":
                row = []
                self.tables[-1].append((first, row))
            elif kind == "tr_close":
                row = None
            elif kind == "inline":
                pieces = _inline(token, first)
                if row is not None:
                    row.append([piece for line in pieces.values() for piece in line])
                else:
                    self.out.update(pieces)
                    if heading:
                        self.headings[first] = heading
                        self.title = self.title or plain(pieces.get(first, []))
            elif kind in ("fence", "code_block"):
                for index, text in enumerate(token.content.split("\n")):
                    self.out.setdefault(first + (kind == "fence") + index, [Piece(text)])
            elif kind == "html_block":
                last = token.map[1] if token.map else first
                for index in range(first, min(last, len(self.raw))):
                    self.out[index] = [Piece(_TAG.sub("", self.raw[index]))]

    def emit(self, lines: Lines) -> None:
        rows = {index: row for table in self.tables for index, row in table}
        for index in range(len(self.raw)):
            if index in rows:
                pieces = [
                    p for k, cell in enumerate(rows[index]) for p in ([Piece("\t")] if k else []) + cell
                ]
                lines.add(pieces)
            else:
                lines.add(self.out.get(index, []), self.headings.get(index, 0), self.markers.get(index, ""))
        for table in self.tables:
            if table:
                cells = [tuple(plain(cell) for cell in row) for _, row in table]
                numbers = [index + 1 for index, _ in table]
                lines.tables.append(Table(cells[0], tuple(cells[1:]), tuple(numbers[1:]), numbers[0]))


def _inline(token: Token, first: int) -> dict[int, list[Piece]]:
    """The words of a paragraph, heading or cell by the line they stand on."""
    pieces: list[tuple[int, Piece]] = []
    line, strong, targets = first, 0, [""]
    for child in token.children or ():
        kind = child.type
        if kind in ("softbreak", "hardbreak"):
            line += 1
        elif kind in ("text", "code_inline", "image"):
            pieces.append((line, Piece(child.content, strong > 0, targets[-1])))
        elif kind in ("strong_open", "strong_close"):
            strong += child.nesting
        elif kind == "link_open":
            targets.append(str(child.attrGet("href") or ""))
        elif kind == "link_close":
            targets.pop()
        elif kind == "html_inline":
            line += child.content.count("\n")
            if tag := _STRONG_TAG.match(child.content):
                strong = max(0, strong + (-1 if tag.group(1) else 1))
            elif child.content.lower().startswith("<br"):
                pieces.append((line, Piece(" ")))
    return {number: [p for _, p in group] for number, group in groupby(pieces, key=lambda item: item[0])}

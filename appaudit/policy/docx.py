"""Reads a policy written in Word (DOCX): paragraphs and tables in their order, automatic numbers drawn.

python-docx opens the package and its parts. The body is walked as XML, because what its paragraphs and
tables leave out is read too: content controls, inserted revisions, text boxes, list numbers.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import docx
from docx.opc.exceptions import OpcError
from lxml import etree

from appaudit.errors import InputError
from appaudit.policy.document import LoadedDocument
from appaudit.policy.docx_numbers import Numbers
from appaudit.policy.grid import Grid, looks_like_head
from appaudit.policy.lines import Lines, Piece, collapse
from appaudit.policy.zips import check_archive
from appaudit.records import Gap

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_OFF = ("0", "false", "off", "none")
# Elements whose content stands in their place: content controls, revisions, smart tags, fields.
_WRAPPERS = frozenset(
    _W + n for n in ("sdt", "sdtContent", "ins", "moveTo", "smartTag", "customXml", "fldSimple", "dir", "bdo")
)
_MAX_DEPTH = 60


def load_docx(name: str, data: bytes) -> LoadedDocument:
    """The text of a DOCX file. Raises InputError where it is damaged, protected or too large."""
    check_archive(name, data)
    try:
        package = docx.Document(BytesIO(data))
        reader = _Reader(name, package)
        reader.blocks(package.element.body, 0)
        title = (package.core_properties.title or "").strip()
    except InputError:
        raise
    except (
        OpcError,
        zipfile.BadZipFile,
        NotImplementedError,
        zlib.error,
        etree.LxmlError,
        OSError,
        EOFError,
    ) as error:
        raise InputError(f"{name} is a damaged Word document: {error}") from error
    except (KeyError, ValueError, AttributeError, TypeError, IndexError) as error:
        raise InputError(f"{name} is not a Word document that can be read: {error}") from error
    lines = reader.lines
    if reader.hidden > 40:
        reason = f"{reader.hidden} characters that are formatted as hidden were left out"
        lines.gaps.append(Gap("policy", "hidden_text", name, reason))
    if reader.deep:
        reason = "tables nest deeper than is followed; the innermost were not read"
        lines.gaps.append(Gap("policy", "document_cut", name, reason))
    if not any(line.strip() for line in lines.lines) and reader.pictures:
        reason = f"it holds {reader.pictures} pictures and no text; give a document with text"
        lines.gaps.append(Gap("policy", "image_only", name, reason))
    return lines.document("docx", "utf-8", title)


class _Reader:
    def __init__(self, name: str, package: Any) -> None:
        self.lines = Lines(name)
        self.numbers = Numbers(package)
        self.targets = {r.rId: r.target_ref for r in package.part.rels.values() if r.is_external}
        self.styles = _styles(package)
        self.hidden = 0
        self.pictures = 0
        self.deep = False

    def blocks(self, parent: Any, depth: int) -> None:
        """The paragraphs and tables under ``parent``, in their order."""
        if depth > _MAX_DEPTH:
            self.deep = True
            return
        for child in parent:
            if child.tag == _W + "p":
                self.paragraph(child, depth)
            elif child.tag == _W + "tbl":
                self.table(child, depth)
            elif child.tag in _WRAPPERS:
                self.blocks(child, depth + 1)

    def paragraph(self, paragraph: Any, depth: int) -> None:
        style = _value(paragraph, "pPr/pStyle")
        strong, level = self.styles.get(style or "", (False, 0))
        marker = self.numbers.marker(paragraph, style)
        line: list[Piece] = []
        for piece in [*self.pieces(paragraph, strong, "", depth), Piece("\n")]:
            before, *rest = piece.text.split("\n")
            line.append(Piece(before, piece.emphasis, piece.target))
            for text in rest:  # a line break inside the paragraph
                clean = collapse(line)
                if clean:
                    self.lines.add(clean, level, marker)
                    marker = ""
                line = [Piece(text, piece.emphasis, piece.target)]
        for box in paragraph.iter(_W + "txbxContent"):
            if not any(True for _ in box.iterancestors(_MC + "Fallback")):
                self.blocks(box, depth + 1)

    def pieces(self, parent: Any, strong: bool, target: str, depth: int) -> Iterator[Piece]:
        """The runs of a paragraph; ``\\n`` where it breaks a line."""
        if depth > _MAX_DEPTH:
            self.deep = True
            return
        for child in parent:
            tag = child.tag
            if tag == _W + "r":
                yield from self.run(child, strong, target)
            elif tag == _W + "hyperlink":
                link = self.targets.get(child.get(_R + "id") or "") or f"#{child.get(_W + 'anchor') or ''}"
                yield from self.pieces(child, strong, link, depth + 1)
            elif tag in _WRAPPERS:
                yield from self.pieces(child, strong, target, depth + 1)

    def run(self, run: Any, strong: bool, target: str) -> Iterator[Piece]:
        hidden = False
        properties = run.find(_W + "rPr")
        if properties is not None:
            style = _value(properties, "rStyle")
            strong = strong or self.styles.get(style or "", (False, 0))[0]
            for kind in ("b", "u"):
                element = properties.find(_W + kind)
                if element is not None:
                    strong = (element.get(_W + "val") or "1") not in _OFF or (strong and kind == "u")
            vanish = properties.find(_W + "vanish")
            hidden = vanish is not None and (vanish.get(_W + "val") or "1") not in _OFF
        for child in run:
            tag = child.tag
            if tag == _W + "t":
                text = child.text or ""
            elif tag in (_W + "br", _W + "cr"):
                text = "\n"
            elif tag in (_W + "tab", _W + "ptab"):
                text = " "
            elif tag == _W + "noBreakHyphen":
                text = "-"
            else:
                self.pictures += tag in (_W + "drawing", _W + "pict")
                continue
            if hidden:
                self.hidden += len(text.strip())
            elif text:
                yield Piece(text, strong, target)

    def table(self, table: Any, depth: int) -> None:
        """A table of data as rows; one that only frames the page, block by block."""
        if depth > _MAX_DEPTH:
            self.deep = True
            return
        rows = list(_rows(table))
        if len(rows) < 2 or max(len(list(_cells(row))) for row in rows) < 2:
            for row in rows:
                for cell in _cells(row):
                    self.blocks(cell, depth + 1)
            return
        grid = Grid()
        carried: dict[int, list[Piece]] = {}
        nested: list[Any] = []
        head = False
        for row in rows:
            cells: list[tuple[list[Piece], int, int]] = []
            column = 0
            for cell in _cells(row):
                wide = min(max(int(_value(cell, "tcPr/gridSpan") or 1), 1), 60)
                merge = cell.find(f"{_W}tcPr/{_W}vMerge")
                if merge is not None and merge.get(_W + "val") != "restart" and column in carried:
                    content = carried[column]
                else:
                    content = self.cell(cell, depth + 1, nested)
                carried[column] = content
                cells.append((content, wide, 1))
                column += wide
            if not grid.rows:
                head = row.find(f"{_W}trPr/{_W}tblHeader") is not None
            grid.add(cells)
        if grid.rows:
            self.lines.add_table(grid.rows, head or looks_like_head(grid.rows))
        for inner in nested:
            self.table(inner, depth + 1)

    def cell(self, cell: Any, depth: int, nested: list[Any]) -> list[Piece]:
        """A cell as one line. Tables inside it are put on ``nested``, read after their table."""
        out: list[Piece] = []
        blocks = [(child, depth) for child in cell]
        while blocks:
            child, level = blocks.pop(0)
            if child.tag == _W + "tbl":
                nested.append(child)
            elif child.tag == _W + "p":
                marker = self.numbers.marker(child, _value(child, "pPr/pStyle"))
                strong = self.styles.get(_value(child, "pPr/pStyle") or "", (False, 0))[0]
                out += [Piece(marker), *self.pieces(child, strong, "", level), Piece(" ")]
            elif child.tag in _WRAPPERS and level < _MAX_DEPTH:
                blocks[:0] = [(inner, level + 1) for inner in child]
        return collapse([Piece(p.text.replace("\n", " "), p.emphasis, p.target) for p in out])


def _rows(table: Any) -> Iterator[Any]:
    for child in table:
        if child.tag == _W + "tr":
            yield child
        elif child.tag in _WRAPPERS:
            yield from (row for row in child.iter(_W + "tr") if _nearest(row, "tbl") is table)


def _cells(row: Any) -> Iterator[Any]:
    for child in row:
        if child.tag == _W + "tc":
            yield child
        elif child.tag in _WRAPPERS:
            yield from (cell for cell in child.iter(_W + "tc") if _nearest(cell, "tr") is row)


def _nearest(element: Any, name: str) -> Any:
    return next(element.iterancestors(_W + name), None)


def _value(element: Any, path: str) -> str | None:
    found = element.find("/".join(_W + part for part in path.split("/")))
    return None if found is None else found.get(_W + "val")


def _styles(package: Any) -> dict[str, tuple[bool, int]]:
    """Each style: whether it is bold or underlined, its heading level (0 none), bases followed."""
    raw: dict[str, tuple[str | None, bool | None, int]] = {}
    for style in package.styles.element.iter(_W + "style"):
        name = (_value(style, "name") or "").lower()
        level = 0
        if name.startswith(("heading ", "标题 ")) and name[-1:].isdigit():
            level = int(name[-1])
        elif name in ("title", "标题"):
            level = 1
        elif (outline := _value(style, "pPr/outlineLvl")) and outline.isdigit() and int(outline) < 9:
            level = int(outline) + 1
        strong: bool | None = None
        for kind in ("b", "u"):
            element = style.find(f"{_W}rPr/{_W}{kind}")
            if element is not None:
                strong = bool(strong) or (element.get(_W + "val") or "1") not in _OFF
        raw[style.get(_W + "styleId") or ""] = (_value(style, "basedOn"), strong, level)
    out: dict[str, tuple[bool, int]] = {}
    for key in raw:
        strong, level, at, steps = None, 0, key, 0
        while at in raw and steps < 20:
            base, own, own_level = raw[at]
            strong = own if strong is None else strong
            level = level or own_level
            at, steps = base or "", steps + 1
        out[key] = (bool(strong), level)
    return out

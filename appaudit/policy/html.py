"""Reads a policy out of a web page as it was saved or scraped."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from lxml import etree

from appaudit.errors import InputError
from appaudit.policy.document import LoadedDocument
from appaudit.policy.encoding import declared, decode
from appaudit.policy.grid import MAX_CELLS, Grid, looks_like_head
from appaudit.policy.lines import Lines, Piece, collapse, plain
from appaudit.policy.numbering import ListMarkers, integer
from appaudit.records import Gap

_BLOCKS = frozenset(
    """address article aside blockquote body caption center dd details dialog dir div dl dt fieldset
    figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol option p pre
    section summary table tbody td tfoot th thead tr ul""".split()  # noqa: SIM905
)
_DROPPED = frozenset(
    """script style noscript template svg math iframe frame object embed canvas video audio map input select
    textarea head title meta link base img picture source datalist progress meter""".split()  # noqa: SIM905
)
_STRONG = frozenset({"b", "strong", "u", "ins"})
_STRONG_STYLE = re.compile(
    r"font-weight\s*:\s*(?:bold|[6-9]00)|text-decoration(?:-line)?\s*:[^;]*underline", re.IGNORECASE
)
_PLAIN_STYLE = re.compile(r"font-weight\s*:\s*(?:normal|[1-5]00)", re.IGNORECASE)
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_PANEL = re.compile(
    r"(?:^|[\s_-])(?:tab|panel|panes?|accordion|collapse|collapsible|expand|fold|toggle|spoiler|faq)(?:$|[\s_-]|[A-Z])|"
    r"tab-?(?:pane|panel|content|item|body|con\b)",
    re.IGNORECASE,
)
_CHROME = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|breadcrumbs?|crumbs?|sidebar|side-bar|footer|foot|site-header|"
    r"topbar|top-bar|toolbar|pagination|pager|share|social|copyright|skip-link|cookie-?(?:banner|bar|consent|notice)|"
    r"back-?to-?top|search-?(?:box|bar|form))(?:$|[\s_-])",
    re.IGNORECASE,
)
_CHROME_ROLES = frozenset({"navigation", "contentinfo", "banner", "search", "menu", "menubar", "toolbar"})
_AT_RULE = re.compile(r"@[^{};]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}|@[^{};]*;")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_SIMPLE = re.compile(r"[.#][A-Za-z_][\w-]*")
MAX_ELEMENTS = 150_000
"""Elements of a page that are read; the longest policies have a tenth of that."""
_MAX_STYLE = 500_000
_FORBIDDEN = re.compile("[\0\ud800-\udfff\ufffe\uffff]")
_FURNITURE = 20_000
"""Characters: no menu or footer is longer, whatever its name."""
_FEW = 400
"""Characters: a page that shows fewer than this shows no policy."""


@dataclass(slots=True)
class Page:
    """What a page holds beside its text: signs of what kind of page it is."""

    password: bool = False
    script: int = 0
    frames: list[str] = field(default_factory=list)
    hidden: int = 0
    title: str = ""
    headings: list[str] = field(default_factory=list)


def load_html(name: str, data: bytes) -> tuple[LoadedDocument, Page]:
    """The text a reader of the page sees, block by block; raises InputError when it is no HTML at all.

    Site navigation, footers, scripts and hidden elements are left out; panels of tabs and accordions are
    kept although all but one are hidden. Hidden text that was left out is told in a Gap.
    """
    data, hint = _unpack(data)
    decoded = decode(data, hint or declared(data))
    root, complaint = _parse(decoded.text)
    if root is None:
        raise InputError(f"{name} holds no HTML that can be read")
    lines, page = _read(name, root, show_hidden=False)
    if page.hidden > _FEW and sum(map(len, lines.lines)) < _FEW:
        shown, again = _read(name, root, show_hidden=True)
        again.hidden = page.hidden
        lines, page = shown, again
        reason = (
            f"{page.hidden} characters that the page hides by style were read, because it shows nothing else"
        )
        lines.gaps.append(Gap("policy", "hidden_text", name, reason))
    elif page.hidden > _FEW:
        reason = f"{page.hidden} characters that the page hides by style were left out"
        lines.gaps.append(Gap("policy", "hidden_text", name, reason))
    if complaint:
        lines.gaps.append(Gap("policy", "document_cut", name, complaint))
    if decoded.damaged:
        reason = f"{decoded.damaged} places did not decode as {decoded.encoding}"
        lines.gaps.append(Gap("policy", "document_damaged", name, reason))
    return lines.document("html", decoded.encoding, page.title), page


def _unpack(data: bytes) -> tuple[bytes, str | None]:
    """The HTML part of a page saved as MHTML, with its declared charset; other data as it is."""
    head = data[:2048].lower()
    if b"mime-version:" not in head or b"multipart/" not in head:
        return data, None
    message = email.message_from_bytes(data, policy=email.policy.compat32)
    for part in message.walk():
        if part.get_content_type() == "text/html":
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                return payload, part.get_content_charset()
    return data, None


def _parse(text: str) -> tuple[Any, str]:
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    source = _FORBIDDEN.sub("\ufffd", text).encode("utf-8")
    try:
        root = etree.fromstring(source, parser)
    except etree.LxmlError:
        return None, ""
    for entry in parser.error_log:
        if "depth" in entry.message.lower():
            return root, "the page nests its elements deeper than the parser follows; the rest was not read"
    return root, ""


def _read(name: str, root: Any, show_hidden: bool) -> tuple[Lines, Page]:
    reader = _Reader(Lines(name), Page(), show_hidden)
    reader.prepare(root)
    reader.walk(root)
    reader.flush()
    return reader.lines, reader.page


class _Reader:
    def __init__(self, lines: Lines, page: Page, show_hidden: bool) -> None:
        self.lines = lines
        self.page = page
        self.show_hidden = show_hidden
        self.pieces: list[Piece] = []
        self.strong = 0
        self.targets: list[str] = []
        self.pre = 0
        self.heading = 0
        self.lists: list[ListMarkers] = []
        self.marker = ""
        self.in_cell = False
        self.seen = 0
        self.hidden_names: set[str] = set()
        self.controlled: set[str] = set()

    # ------------------------------------------------------------------ what the page says of itself

    def prepare(self, root: Any) -> None:
        for element in root.iter("title"):
            self.page.title = self.page.title or " ".join("".join(element.itertext()).split())
        style = "".join(e.text or "" for e in root.iter("style"))[:_MAX_STYLE]
        style = _AT_RULE.sub("", re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL))
        for selectors, body in _RULE.findall(style):
            if _HIDDEN_STYLE.search(body):
                names = (s.strip() for s in selectors.split(","))
                self.hidden_names.update(s for s in names if _SIMPLE.fullmatch(s))
        for element in root.iter("a", "button", "li", "div", "span", "label"):
            for attribute in ("aria-controls", "data-target", "data-bs-target", "for"):
                if value := element.get(attribute):
                    self.controlled.add(value.lstrip("#"))
            href = element.get("href") or ""
            if href.startswith("#") and element.get("role") == "tab":
                self.controlled.add(href[1:])

    def hidden(self, element: Any) -> bool:
        attributes = element.attrib
        if not attributes:
            return False
        names = attributes.get("class", "")
        by_style = _HIDDEN_STYLE.search(attributes.get("style", "")) or "hidden" in attributes
        if not by_style and self.hidden_names:
            by_style = any(f".{n}" in self.hidden_names for n in names.split()) or (
                f"#{attributes.get('id')}" in self.hidden_names
            )
        if not by_style:
            return False
        panel = (
            attributes.get("role") == "tabpanel"
            or _PANEL.search(names)
            or _PANEL.search(attributes.get("id", ""))
            or attributes.get("id") in self.controlled
        )
        return not panel

    def chrome(self, element: Any, tag: str) -> bool:
        """Whether this is the site's furniture, not the document."""
        if tag in ("nav", "menu"):
            return True
        role = element.get("role", "")
        named = f"{element.get('class', '')} {element.get('id', '')}"
        furniture = tag in ("footer", "header", "aside") or role in _CHROME_ROLES
        if not furniture and (len(named) < 2 or not _CHROME.search(named)):
            return False
        size = linked = 0
        for part in element.itertext():
            size += len(part.strip())
            if size > _FURNITURE:
                return False
        linked = sum(len("".join(a.itertext()).strip()) for a in element.iter("a"))
        if tag == "header" and any(True for _ in element.iter("h1")):
            return False
        inside = any(True for _ in element.iterancestors("main", "article"))
        return size < (80 if inside else 600) or linked > 0.5 * size

    # ------------------------------------------------------------------------------------- walking

    def walk(self, root: Any) -> None:
        stack: list[tuple[Any, bool]] = [(root, False)]
        while stack:
            element, closing = stack.pop()
            if closing:
                self.close(element)
                if element is not root and element.tail:
                    self.text(element.tail)
                continue
            self.seen += 1
            if self.seen > MAX_ELEMENTS:
                if self.seen == MAX_ELEMENTS + 1:
                    reason = f"the page has more than {MAX_ELEMENTS:,} elements; the rest of it was not read"
                    self.lines.gaps.append(Gap("policy", "document_cut", self.lines.name, reason))
                continue
            tag = element.tag
            if not isinstance(tag, str) or not self.open(element, tag):
                if element is not root and element.tail:
                    self.text(element.tail)
                continue
            stack.append((element, True))
            if element.text:
                self.text(element.text)
            stack.extend((child, False) for child in reversed(element))

    def text(self, text: str) -> None:
        if self.pre and not self.in_cell:
            first, *rest = text.split("\n")
            self._piece(first)
            for line in rest:
                self.flush()
                self._piece(line)
        else:
            self._piece(text)

    def _piece(self, text: str) -> None:
        if text:
            self.pieces.append(Piece(text, self.strong > 0, self.targets[-1] if self.targets else ""))

    def flush(self) -> None:
        if self.in_cell:
            if self.pieces:
                self.pieces.append(Piece(" "))
            return
        pieces = collapse(self.pieces)
        self.pieces = []
        if pieces:
            self.lines.add(pieces, self.heading, self.marker)
            if self.heading:
                self.page.headings.append(plain(pieces))
            self.marker = ""

    def open(self, element: Any, tag: str) -> bool:
        """Enters an element; False when it is to be passed over."""
        if tag in _DROPPED:
            self._note(element, tag)
            return False
        if tag == "br":
            self.flush()
            return False
        if not self.show_hidden and self.hidden(element):
            self.page.hidden += sum(len(t.strip()) for t in element.itertext())
            return False
        if tag not in ("html", "body", "main", "article") and self.chrome(element, tag):
            return False
        if tag == "button" and not self._is_control(element):
            return False
        if tag == "table" and not self.in_cell and self._table(element):
            return False
        if tag in _BLOCKS:
            self.flush()
        if tag == "a":
            self.targets.append((element.get("href") or "").strip())
        self.strong += self._emphasis(element, tag)
        if tag == "pre":
            self.pre += 1
        elif len(tag) == 2 and tag[0] == "h" and tag[1] in "123456":
            self.heading = int(tag[1])
        elif tag in ("ol", "ul"):
            self.lists.append(ListMarkers(tag, element.attrib))
        elif tag == "li" and self.lists and not self.in_cell:
            self.marker = self.lists[-1].next(element.get("value"))
        return True

    def close(self, element: Any) -> None:
        tag = element.tag
        if tag in _BLOCKS:
            self.flush()
        if tag == "a" and self.targets:
            self.targets.pop()
        self.strong -= self._emphasis(element, tag)
        if tag == "pre":
            self.pre -= 1
        elif len(tag) == 2 and tag[0] == "h" and tag[1] in "123456":
            self.heading = 0
        elif tag in ("ol", "ul") and self.lists:
            self.lists.pop()
        elif tag == "li":
            self.marker = ""

    def _note(self, element: Any, tag: str) -> None:
        if tag == "input" and (element.get("type") or "").lower() == "password":
            self.page.password = True
        elif tag == "script":
            self.page.script += len(element.text or "")
        elif tag in ("iframe", "frame"):
            source = (element.get("src") or "").strip()
            if source and not source.startswith(("about:", "javascript:", "data:")):
                self.page.frames.append(source)

    @staticmethod
    def _emphasis(element: Any, tag: str) -> int:
        style = element.get("style") or ""
        if style and _PLAIN_STYLE.search(style):
            return 0
        return int(tag in _STRONG or bool(style and _STRONG_STYLE.search(style)))

    @staticmethod
    def _is_control(element: Any) -> bool:
        """Whether a button is the head of an accordion or a tab, whose words are the document's."""
        if element.get("aria-controls") or element.get("aria-expanded") or element.get("role") == "tab":
            return True
        return any(True for _ in element.iterancestors("h1", "h2", "h3", "h4", "h5", "h6", "summary"))

    # -------------------------------------------------------------------------------------- tables

    def _table(self, table: Any) -> bool:
        """Reads a table of data; False when the table only lays out the page."""
        if table.get("role") == "presentation" or any(e is not table for e in table.iter("table")):
            return False
        rows = [row for row in table.iter("tr") if self.show_hidden or not self.hidden(row)]
        grid = Grid()
        head = False
        for row in rows:
            found = [cell for cell in islice(row, MAX_CELLS) if cell.tag in ("td", "th")]
            if self.seen > MAX_ELEMENTS:
                break
            if not grid.rows and found:
                head = all(c.tag == "th" for c in found) or row.getparent().tag == "thead"
            grid.add([(self._cell(c), _span(c, "colspan"), _span(c, "rowspan")) for c in found])
        if grid.cells > MAX_CELLS:
            reason = f"a table spans more than {MAX_CELLS:,} cells; the rest of it was not read"
            self.lines.gaps.append(Gap("policy", "document_cut", self.lines.name, reason))
        if len(grid.rows) < 2 or max(map(len, grid.rows)) < 2:
            return False
        self.flush()
        for caption in table.iter("caption"):
            pieces = collapse([Piece("".join(caption.itertext()))])
            if pieces:
                self.lines.add(pieces)
        self.lines.add_table(grid.rows, head or looks_like_head(grid.rows))
        return True

    def _cell(self, cell: Any) -> list[Piece]:
        reader = _Reader(self.lines, self.page, self.show_hidden)
        reader.in_cell = True
        reader.hidden_names, reader.controlled = self.hidden_names, self.controlled
        reader.strong = self.strong
        reader.seen = self.seen
        reader.walk(cell)
        self.seen = reader.seen
        return collapse(reader.pieces)


def _span(cell: Any, attribute: str) -> int:
    """``colspan``/``rowspan``, at least 1, bounded: HTML itself caps columns at 1000."""
    return min(max(integer(cell.get(attribute), 1), 1), 60 if attribute == "colspan" else 2000)

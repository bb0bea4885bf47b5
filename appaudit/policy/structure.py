"""A policy's lines as headings, contents pages, paragraphs, list items and sentences.

Lines that one sentence runs over are joined into a paragraph; a paragraph knows where each of its
characters stood. Items know the sentence that leads them in. Sentences that stood before (a page
scraped twice, the second copy often cut) know the line of the first copy.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from appaudit.policy.document import LoadedDocument, lines_read
from appaudit.policy.lexicon import lexicon
from appaudit.policy.reading import TERMS
from appaudit.policy.scripts import HAN
from appaudit.policy.sentences import Sentence, language_of, sentences, words_in

Kind = Literal["heading", "contents", "item", "text"]

_MARKER = re.compile(
    r"\s*(?:"
    r"(?P<part>第[一二三四五六七八九十百\d]+[章节条部分]|(?:Part|Section|Article|Chapter)\s+(?:[IVXL]+|\d+)\b)"
    r"|(?P<zh>[一二三四五六七八九十]+\s*[、.．])"
    r"|(?P<zhp>[（(]\s*[一二三四五六七八九十]+\s*[)）])"
    r"|(?P<dotted>\d{1,2}(?:\.\d{1,2})+\.?(?=\s|[^\d.])(?!\s*(?:版|versions?\b|以|及|或|之前|之后|前的|后的)))"
    r"|(?P<num>\d{1,2}\s*[、.．,](?!\d)"
    r"|\d{1,2}[ \t\u3000]+(?=[㐀-鿿])(?![年月日天岁个种项条次周号位家款类名小分秒米元万亿至到或及]))"
    r"|(?P<nump>[（(]?\s*\d{1,2}\s*[)）])"
    r"|(?P<rom>[IVX]{1,5}\s*[.、])"
    r"|(?P<romp>[（(][ivxIVX]{1,5}[)）])"
    r"|(?P<let>[A-Za-z]\s*[.)）])(?=\s)"
    r"|(?P<letp>[（(][A-Za-z][)）])"
    r"|(?P<circ>[①-⑳])"
    r"|(?P<dash>[-–—•·●○▪■◆*➢✓]\s+|[•·●○▪■◆➢])"
    r")\s*"
)
_LEVEL = {"part": 1, "zh": 2, "rom": 2, "zhp": 3, "dotted": 5, "num": 4, "nump": 5, "let": 6}
_ENUMERATED = ("num", "nump", "let", "letp", "romp", "zhp")
_ENDS = frozenset(".。！!？?；;:：,，、…")
_CLOSERS = "\"”’')）]】》"
_LEADS = (
    "following",
    "below",
    "including",
    "scenario",
    "scenarios",
    "circumstances",
    "ways",
    "following cases",
    "when",
    "if",
)
"""Before a full stop that leads in as a colon would."""
_CATEGORIES = re.compile(
    r"\bthe following (?:\w+ )?(?:categor\w+|types?|kinds?|permissions?)\b[^.:;]{0,110}\.?$", re.I
)
"""What leads a list in though it ends without a colon."""
_OPENS = re.compile(r"(?:\bincludes?|\bincluding|limited to|\bfollowing|如下|包括|但不限于)\s*[;；]$", re.I)
"""A semicolon where a colon is meant."""
_CARRIED = re.compile(r"\s*(?:[、，,；;)）]|[（(][^（()）]{1,30}[）)]\s?[、，,；;的 a-z])")
"""A line that cannot begin a sentence: the one before it is no heading."""
_SAYS = re.compile(
    r"(?:(?:我们|可能|仅)?(?:会|将)|需要?|用于|主要)(?:收集|获取|采集|读取|使用|用于|在|向|访问)|[^、]{1,12}(?:、[^、]{1,16}){3}"
)
"""A short line that says something, or lists, is no heading though it ends without a stop."""
_YOURS = re.compile(
    r"Your (?!rights?|choices?|options?|privacy|consent|control|obligat|respons|access|legal|duties)[a-z]"
    r"|Your (?:IP|IMEI|MAC|GPS|ID)\b"
)
"""A short line like "Your device model" is an item of a list, not a heading like "Your Rights"."""
_LISTING = ("包括", "包含", "以及", "或者", "通过", "收集", "获取", "和", "或", "与", "及", "的")
"""Ends of a line that goes on, in Chinese, with whatever the next begins."""
_NUMBERED = re.compile(r"[\s；;，,、][(（](?:[ivx]{1,5}|\d{1,2})[)）]\s*$")
"""The number of an item at the end of a line: the item is the next line."""
_PAGE = re.compile(r"(?:[ .·…．_-]{3,}|\t\s*)\d{1,3}\s*$|[.·…．]{3,}\s*$")
"""The page at the end of a line of a contents page: "2. Sharing ........ 3"."""
_CLAUSE = re.compile(
    r"(?:We|You|The app|This app|Our app) (?:\w+ly |may |will |also |can |only |do |does |not )*[a-z]+s?\b"
)
"""A line that begins a sentence."""
_STOPS = (".", "。", ";", "；", ":", "：")
_TAIL = 40
"""Characters at the end of a line that tell how it ends."""
_LABEL = re.compile(r"[:：]\s*\S")
_FORM = re.compile(r"[^:：，,。]{2,12}[:：]")
_WRAPPED, _RAGGED = 20, 14
"""Lines that show a width, and characters by which broken lines fall short of it."""
_ITEM = re.compile(r"[^:：，,。.;；]{2,40}：")
"""The label of an item ("相机权限（可选）：") in a list without marks."""
_LONGEST_PARAGRAPH = 20_000
"""Characters after which broken lines are no longer joined."""


@dataclass(slots=True)
class Paragraph:
    """Joined lines. ``pieces``: (offset in text, line number, column in line), ascending.
    ``lead``: index of the paragraph that leads this item in, -1 if none. ``path``: headings above."""

    kind: Kind
    text: str
    pieces: list[tuple[int, int, int]]
    marker: str = ""
    body: int = 0
    lead: int = -1
    path: tuple[str, ...] = ()
    sentences: list[Sentence] = field(default_factory=list)

    @property
    def line(self) -> int:
        return self.pieces[0][1]

    def line_of(self, offset: int) -> int:
        """1-based line of a character of the paragraph."""
        return self.locate(offset)[0]

    def locate(self, offset: int) -> tuple[int, int]:
        """(1-based line, column) of a character of the paragraph."""
        found = self.pieces[0]
        for piece in self.pieces:
            if piece[0] > offset:
                break
            found = piece
        return found[1], found[2] + offset - found[0]


@dataclass(slots=True)
class Structure:
    """The document's paragraphs in order; ``contents``: line numbers of its contents pages.
    ``cut``: the line at which reading stopped because the document is too long, 0 if it is whole."""

    paragraphs: list[Paragraph]
    contents: frozenset[int]
    cut: int = 0


def _ends(line: str) -> bool:
    """Whether a line ends with a stop, whatever closes behind it."""
    return line[-_TAIL:].rstrip().rstrip(_CLOSERS).rstrip()[-1:] in _ENDS


def _leads(line: str) -> bool:
    """Whether a line leads in what follows."""
    tail = line[-_TAIL:].rstrip()
    if tail.endswith((";", "；")) and _OPENS.search(tail):
        return True
    if tail.endswith((":", "：")) or (tail.endswith(".") and tail[:-1].rstrip().lower().endswith(_LEADS)):
        return True
    more = line[-4 * _TAIL :]
    return "following" in more.lower() and _CATEGORIES.search(more) is not None


@lru_cache(maxsize=2048)
def marker_of(line: str) -> tuple[str, int]:
    """(kind of list marker, where the text after it starts); ("", leading space) without one."""
    match = _MARKER.match(line)
    if match is None or match.end() >= len(line):
        return "", len(line) - len(line.lstrip())
    return match.lastgroup or "", match.end()


def parse(document: LoadedDocument) -> Structure:
    """The structure of ``document``; linear in its length."""
    lines, whole = lines_read(document)
    contents = _contents(lines)
    width = _width(lines)
    marked = dict(document.headings)
    paragraphs: list[Paragraph] = []
    path: list[tuple[int, str]] = []
    open_text = False
    lead = -1
    lead_marker = ""
    for number, line in enumerate(lines, 1):
        stripped = line.strip()
        if not stripped:
            open_text = False
            continue
        kind_of_marker, body = marker_of(line)
        if number in contents:
            paragraphs.append(Paragraph("contents", line, [(0, number, 0)], kind_of_marker, body))
            open_text, lead = False, -1
            continue
        previous = paragraphs[-1] if paragraphs else None
        if (
            open_text
            and previous is not None
            and not kind_of_marker
            and number not in marked
            and len(previous.text) < _LONGEST_PARAGRAPH
            and (
                _continues(previous.text, stripped)
                or (width and len(lines[number - 2].rstrip()) + len(stripped.split(None, 1)[0]) >= width)
            )
        ):
            glue = "" if language_of(previous.text) == "zh" else " "
            column = len(line) - len(line.lstrip())
            base = previous.text.rstrip()
            previous.text = base + glue + stripped
            previous.pieces.append((len(base) + len(glue), number, column))
            continue
        under_lead = lead >= 0 and (not lead_marker or kind_of_marker == lead_marker)
        heading = number in marked or (
            _is_heading(stripped, kind_of_marker, body, line)
            and not (under_lead and kind_of_marker in ("", "dash", "circ"))
            and not (number < len(lines) and _goes_on(stripped, lines[number]))
            and not (
                under_lead
                and kind_of_marker in _ENUMERATED
                and _sibling(kind_of_marker, previous, number, lines)
            )
        )
        if heading:
            level = marked.get(number, 0) or _LEVEL.get(kind_of_marker, 7)
            while path and path[-1][0] >= level:
                path.pop()
            path.append((level, line[body:].strip()))
            kind: Kind = "heading"
            if not (under_lead and kind_of_marker):
                lead = -1
        else:
            if lead >= 0 and not under_lead and kind_of_marker == "":
                lead = -1
            kind = "item" if kind_of_marker else "text"
        paragraph = Paragraph(
            kind, line, [(0, number, 0)], kind_of_marker, body, path=tuple(p[1] for p in path)
        )
        if under_lead and lead >= 0:
            paragraph.lead = lead
            if not lead_marker:
                lead_marker = kind_of_marker
        paragraphs.append(paragraph)
        open_text = kind != "heading" and (not _ends(stripped) or stripped[-1] in ",，、")
        if _leads(stripped):
            lead, lead_marker = len(paragraphs) - 1, ""
        elif (
            under_lead
            and not kind_of_marker
            and len(stripped) > 80
            and _ends(stripped)
            and not _ITEM.match(stripped)
        ):
            lead = -1  # a full sentence of its own ends an unmarked list
    seen: dict[int | str, int] = {}
    for paragraph in paragraphs:
        if paragraph.kind in ("text", "item"):
            paragraph.sentences = list(sentences(paragraph.text, paragraph.body, paragraph.line_of, seen))
    return Structure(paragraphs, contents, 0 if whole else len(lines))


def _width(lines: tuple[str, ...]) -> int:
    """The column at which a text is broken into lines, so that the next word of a sentence would not have
    stood before it; 0 if its lines are whole."""
    lengths = sorted(len(line.rstrip()) for line in lines if line.strip())
    if len(lengths) < _WRAPPED:
        return 0
    width = lengths[len(lengths) * 19 // 20]
    full = len(lengths) - bisect_left(lengths, width - _RAGGED)
    return width if 40 <= width <= 120 and full >= 0.4 * len(lengths) else 0


def _unpaged(line: str) -> str:
    """A line without the number of its page."""
    last = line.rstrip()[-1:]
    return _PAGE.sub("", line) if last.isdigit() or (last and last in ".·…．") else line


def _normal(line: str) -> str:
    """A line's words alone, without its list markers ("- 1. ...") and the number of its page."""
    line = _unpaged(line)
    for _ in range(2):
        line = line[marker_of(line)[1] :]
    return "".join(words_in(line))


def _contents(lines: tuple[str, ...]) -> frozenset[int]:
    """Lines of a contents page: a run of three or more short lines that all come again as headings."""
    short = {n: _normal(line) for n, line in enumerate(lines, 1) if 2 < len(line.strip()) <= 120}
    places: dict[str, list[int]] = {}
    for n, text in short.items():
        if text:
            places.setdefault(text, []).append(n)
    found: list[int] = []
    run: list[int] = []
    here: set[str] = set()
    previous_text = 0

    def close(shape: bool) -> None:
        if len(run) >= 3 and run[0] < len(lines) * 0.4 and shape and not _copied(run, short, places):
            found.extend(run)
        run.clear()
        here.clear()

    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        text = short.get(number, "")
        if text and text in here:
            close(run[-1] - run[0] <= 4 * len(run))  # the first head of the text itself
        # A contents page may translate or shorten a head: one miss inside a run is let pass.
        if (text and places[text][-1] > number and not _unpaged(line).rstrip().endswith(_STOPS)) or (
            run
            and text
            and previous_text == run[-1]
            and marker_of(line)[0]
            and len(line) < 120
            and not _ends(line)
        ):
            run.append(number)
            here.add(text)
        elif run:
            close(run[-1] - run[0] <= 4 * len(run))
        previous_text = number
    close(True)
    return frozenset(found)


def _copied(run: list[int], short: dict[int, str], places: dict[str, list[int]]) -> bool:
    """Whether the lines of ``run`` come again one under another, with what stands between them: then the
    text stands there twice, and they are no contents page."""
    again = []
    for n in run:
        later = places[short[n]]
        k = bisect_right(later, n)
        if k < len(later):
            again.append(later[k])
    return len(again) >= 3 and 0 < again[-1] - again[0] <= run[-1] - run[0] + 1


def _continues(before: str, line: str) -> bool:
    """Whether ``line`` goes on with the sentence that ``before`` left open."""
    tail = before.rstrip()[-1:]
    if (HAN.match(line[0]) or line[0] == "（") and HAN.match(tail or " "):
        # A form-like line ("使用目的：……") ends with its line and begins a new one.
        return len(before) >= 20 and not _FORM.match(line) and not _FORM.match(before.lstrip())
    open_bracket = before.count("（") > before.count("）")
    chinese = HAN.match(line[0]) or HAN.match(tail or " ")
    goes_on = open_bracket or (chinese and before.rstrip().endswith(_LISTING))
    if _NUMBERED.search(before[-12:]) or (goes_on and len(before) >= 20 and not _FORM.match(line)):
        return True
    if line[0].islower() or line[0] in ",;)，；）、" or (line[0] == "(" and tail.isalpha()):
        return True
    return (
        len(before) >= 60
        and tail not in ".。!?"
        and (
            tail == ","
            or before.rstrip().lower().endswith((" and", " or", " the", " of", " to", " your", " with"))
        )
    )


def _sibling(marker: str, previous: Paragraph | None, number: int, lines: Sequence[str]) -> bool:
    """Whether the short numbered line ``number`` of a list that a colon led in stands beside another of it,
    with nothing between: "We collect: 1. E-mail address 2. Phone number" are no headings."""
    if previous is not None and previous.kind == "item" and previous.marker == marker:
        return True
    after = next((line for line in lines[number : number + 2] if line.strip()), "")
    return previous is not None and previous.kind != "heading" and marker_of(after)[0] == marker


def _goes_on(stripped: str, line: str) -> bool:
    """Whether ``line``, the one after, goes on with the sentence that a short line began."""
    if marker_of(line)[0]:
        return False
    if _CARRIED.match(line):
        return True
    open_bracket = stripped.count("(") + stripped.count("（") > stripped.count(")") + stripped.count("）")
    return line.lstrip()[:1].islower() and (open_bracket or _CLAUSE.match(stripped) is not None)


def _declares(text: str) -> bool:
    """Whether a line that begins as a sentence says what is taken or given: "We collect your IMEI". One that
    ends with no word we know may have been cut."""
    verb = -1
    told = lexicon().match(text)
    if not told or told[-1].end < len(text):
        return False
    for token in told:
        said, data = token.get("verb"), token.get("data")
        if said is not None and said.value in ("collect", "share"):
            verb = token.start
        elif verb >= 0 and data is not None and data.value not in TERMS:
            return True
    return False


def _is_heading(stripped: str, marker: str, body: int, line: str) -> bool:
    if _ends(stripped):
        return bool(marker in ("zh", "zhp", "part") and len(stripped) <= 30 and stripped[-1] in ":：")
    text = line[body:].strip()
    limit = 34 if HAN.search(text) else 95
    if len(text) > limit or _LABEL.search(text) or (not marker and _SAYS.match(text)):
        return False
    if marker in ("dash", "circ"):
        return False
    if marker and not text[:1].islower():
        return True
    if _YOURS.match(text) or (not marker and _CLAUSE.match(text) and _declares(text)):
        return False
    words = text.split()
    return len(words) <= 12 and (bool(HAN.search(text)) or text[:1].isupper() or text[:1] in '[【“"')

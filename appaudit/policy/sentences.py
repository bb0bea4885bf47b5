"""The sentences of a paragraph: where each ends, its language, and whether it stood before.

A page that is scraped twice holds its sentences twice, the second copy often cut.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import repeat
from operator import itemgetter
from typing import Literal

from appaudit.policy.scripts import HAN, lowered, simplified

_NO_LETTERS = bytes(c for c in range(256) if not (c < 128 and chr(c).isalpha()))
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|co|ltd|inc|corp|no|vs|mr|ms|dr|st|u\.s|u\.k|p\.o|llc|approx|dept|est|art|sec)|\b[A-Za-z])\.$",
    re.I,
)
_STOP = re.compile(
    r"[。！？；;!?.\n](?:(?<=[。！？；;!?])[。！？；;!?]*[”’」』）)\"']*|(?<=\.)(?=\s|$|[A-Z][a-z])|(?<=\n))"
)
_BRACKET = re.compile(r"[(（\[【)）\]】]")
_GOES_ON = re.compile(r"\s*[a-z,)]")
_CLOSED = re.compile(r"[)）\]】]")
_WORD = re.compile(r"[㐀-鿿]|[a-z0-9]+")
_SIGNS = bytes(c if chr(c).isalnum() and c < 128 else 32 for c in range(256))
"""What of ASCII text is no word, as spaces."""
_SHINGLE = 6
"""Words of a sequence that two copies of a sentence share; a sequence is kept as its hash."""
_LONGEST_SENTENCE = 2500
"""Characters after which a text without stops is cut at a comma: keeps hostile input linear."""


@dataclass(slots=True, eq=False)  # made by the thousand: a frozen one takes twice as long
class Sentence:
    """``text`` stands at ``start`` of its paragraph. ``repeats``: line of an earlier copy, 0 if none;
    ``plain``: the text in simplified characters, each where it stood; ``low``: those in lower case."""

    text: str
    start: int
    language: Literal["zh", "en"]
    repeats: int
    plain: str
    low: str


def language_of(text: str) -> Literal["zh", "en"]:
    """``zh`` when a good part of the letters is Chinese: names in Latin letters do not count."""
    if text.isascii():
        return "en"
    latin = len(text.encode("ascii", "ignore").translate(None, _NO_LETTERS))
    if not latin:
        return "zh" if HAN.search(text) is not None else "en"
    han = len(HAN.findall(text))
    return "zh" if han and han * 4 >= latin else "en"


def words_in(text: str) -> list[str]:
    """The words of a text in lower case; each Chinese character is one."""
    if text.isascii() or HAN.search(text) is None:
        return text.encode("ascii", "replace").lower().translate(_SIGNS).decode().split()
    return _WORD.findall(text.lower())


def sentences(
    text: str, start: int, line: Callable[[int], int], seen: dict[int | str, int]
) -> Iterator[Sentence]:
    """The sentences of a paragraph from ``start`` on. ``line``: the line on which a character of it stands;
    ``seen``: what stood on which line before, kept over a document."""
    for end in _bounded(text, start, _stops(text, start)):
        piece = text[start:end]
        if piece.strip():
            offset = start + len(piece) - len(piece.lstrip())
            body = piece.strip()
            language = language_of(body)
            plain = simplified(body) if language == "zh" else body
            yield Sentence(body, offset, language, _repeats(body, line(offset), seen), plain, lowered(plain))
        start = end


def _bounded(text: str, start: int, stops: Iterator[int]) -> Iterator[int]:
    """``stops``, with further ones where two are too far apart."""
    for stop in stops:
        while stop - start > _LONGEST_SENTENCE:
            limit = start + _LONGEST_SENTENCE
            start = max(text.rfind(c, start + 1, limit) for c in ",，、 ") + 1 or limit
            yield start
        yield stop
        start = stop


def _stops(text: str, start: int) -> Iterator[int]:
    depth = 0
    position = start
    brackets = (";" in text or "；" in text) and _BRACKET.search(text, start) is not None
    for match in _STOP.finditer(text, start):
        end = match.end()
        if brackets:
            depth += sum(text.count(c, position, end) for c in "(（[【")
            depth -= sum(text.count(c, position, end) for c in ")）]】")
            position = end
        stop = text[match.start()]
        if stop == ".":
            if _ABBREVIATION.search(text, max(0, match.start() - 8), match.start() + 1):
                continue
            if _GOES_ON.match(text, end, end + 3):
                continue
        # A semicolon inside brackets ends a sentence only when the brackets never close.
        elif depth > 0 and stop in ";；" and _CLOSED.search(text, end, end + 300):
            continue
        depth = max(depth, 0)
        yield end
    yield len(text)


def _repeats(sentence: str, line: int, seen: dict[int | str, int]) -> int:
    """The line of an earlier copy of ``sentence``: most of its word sequences stood on one line before."""
    words = words_in(sentence)
    if len(words) < 8:
        key = "".join(words)
        return 0 if len(words) < 4 else _first(seen, key, line)
    shingles = list(map(hash, zip(*(words[i:] for i in range(_SHINGLE)), strict=False)))
    if seen.keys().isdisjoint(shingles):
        seen.update(zip(shingles, repeat(line), strict=False))
        return 0
    lines = [line for line in map(seen.get, shingles) if line is not None]
    if len(lines) >= 0.65 * len(shingles):
        best, count = max(Counter(lines).items(), key=itemgetter(1))
        if best != line and count >= 0.65 * len(shingles):
            return best
    for shingle in shingles:
        seen.setdefault(shingle, line)
    return 0


def _first(seen: dict[int | str, int], key: str, line: int) -> int:
    first = seen.setdefault(key, line)
    return first if first != line else 0

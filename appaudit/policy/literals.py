"""What a regular expression cannot match without: a cheap test before an expensive search."""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Iterable
from functools import cache

_ANY: frozenset[str] = frozenset()
"""Nothing is known of the pattern: every text may match."""
_MANY = 60
_ZERO_WIDTH = "bBAZ"


_COMMON = frozenset({"data", "information", "personal", "personal information", "信息", "个人信息"})
"""Strings that so many sentences of a policy hold that asking for them saves little."""


_PIECE = re.compile("[a-z0-9]{3,}|[\u3400-\u9fff]{1,2}|@")
_WORD = re.compile("[a-z0-9]+|@")
_HEAD = 3
"""Characters by which a piece of a word is looked up; Chinese is looked up by pairs."""
_LONGEST_WORD = 40
_MOST_WORDS = 50_000
"""Words whose strings are remembered."""


class Index:
    """Which of the strings that its patterns need a text may hold: a bit each, looked up by its words.

    All patterns are made before the first text is asked for.
    """

    def __init__(self) -> None:
        self._pieces: dict[str, int] = {}
        self._by_head: dict[str, list[str]] = {}
        self._words: dict[str, int] = {}

    def one_of(self, patterns: Iterable[str], cased: Iterable[bool] = ()) -> OneOf:
        """Patterns that are searched for together. They are in lower case; where ``cased`` tells so, one
        is tried on the text as it stands."""
        patterns = tuple(patterns)
        strings = tuple(tuple(needed(p)) for p in patterns)
        return OneOf(patterns, tuple(cased), strings, tuple(self._bits(s) for s in strings))

    def held(self, folded: str) -> int:
        """What a text in lower case may hold: computed once, it serves every `OneOf` of the index."""
        bits = 0
        for word in _WORD.findall(folded):
            bits |= self._words[word] if word in self._words else self._word(word)
        if not folded.isascii():
            for pair in map(str.__add__, folded, folded[1:] + "\0"):
                bits |= self._words[pair] if pair in self._words else self._word(pair)
        return bits

    def _word(self, word: str) -> int:
        if len(self._words) > _MOST_WORDS:
            self._words.clear()
        if len(word) > _LONGEST_WORD:
            return -1  # it may hold anything
        get = self._pieces.get
        if len(word) < _HEAD:
            bits = get(word, 0) | get(word[0], 0) | get(word[-1], 0)
        else:
            bits = 0
            for start in range(len(word) - _HEAD + 1):
                for piece in self._by_head.get(word[start : start + _HEAD], ()):
                    if word.startswith(piece, start):
                        bits |= self._pieces[piece]
        self._words[word] = bits
        return bits

    def _bits(self, strings: Iterable[str]) -> int:
        """The bits of which a text with one of ``strings`` holds one, -1 where that is unknown."""
        bits = [self._bit(s) for s in strings]
        return functools.reduce(operator.or_, bits) if bits and all(bits) else -1

    def _bit(self, string: str) -> int:
        """The bit of the longest piece of ``string``; 0 where it has none to look for."""
        piece = max(_PIECE.findall(string), key=_weight, default="")
        if piece and piece not in self._pieces:
            assert not self._words, "a pattern after the first text"
            self._pieces[piece] = 1 << len(self._pieces)
            self._by_head.setdefault(piece[:_HEAD], []).append(piece)
        return self._pieces.get(piece, 0)


class OneOf:
    """Patterns searched for together; those whose strings a text lacks are not tried, nor compiled before.

    ``wanted``: the bits of which a text holds one where any of them may match.
    """

    def __init__(
        self,
        patterns: tuple[str, ...],
        cased: tuple[bool, ...],
        strings: tuple[tuple[str, ...], ...],
        bits: tuple[int, ...],
    ) -> None:
        self._patterns, self._strings, self._bits = patterns, strings, bits
        self._cased = cased or (False,) * len(patterns)
        self.wanted = -1 if -1 in bits else functools.reduce(operator.or_, bits, 0)
        self._compiled: list[re.Pattern[str] | None] = [None] * len(patterns)

    def search(self, folded: str, bits: int, text: str = "") -> re.Match[str] | None:
        """The first match, of the first of the patterns that match there. ``folded``: the text in lower
        case; ``bits``: what it holds, by `Index.held`; ``text``: as it stands, where a pattern is cased."""
        if not self.wanted & bits:
            return None
        best: re.Match[str] | None = None
        for i, wanted in enumerate(self._bits):
            if wanted >= 0 and not (wanted & bits and any(map(folded.__contains__, self._strings[i]))):
                continue
            found = self._pattern(i).search(text if self._cased[i] else folded)
            if found is not None and (best is None or found.start() < best.start()):
                best = found
        return best

    def _pattern(self, i: int) -> re.Pattern[str]:
        compiled = self._compiled[i]
        if compiled is None:
            compiled = self._compiled[i] = re.compile(self._patterns[i])
        return compiled


@cache
def needed(pattern: str) -> frozenset[str]:
    """Strings of which every text that ``pattern`` matches holds at least one; empty where that is unknown.

    In lower case: ask the folded text. Understands what `re` does, without flags and conditionals.
    """
    found, end = _alternation(pattern, 0)
    return found if end == len(pattern) else _ANY


def _alternation(pattern: str, i: int) -> tuple[frozenset[str], int]:
    """The strings of ``a|b|c`` from ``i`` on, and where it ends: at ``)`` or the end of the pattern."""
    found: set[str] = set()
    known = True
    while True:
        one, i = _sequence(pattern, i)
        known = known and bool(one)
        found |= one
        if i >= len(pattern) or pattern[i] == ")":
            return (frozenset(found) if known and len(found) <= _MANY else _ANY), i
        i += 1


def _sequence(pattern: str, i: int) -> tuple[frozenset[str], int]:
    """The best strings of a branch, and where it ends."""
    best, run = _ANY, ""
    while i < len(pattern) and pattern[i] not in "|)":
        char = pattern[i]
        piece, group = "", _ANY
        if char == "(":
            group, i = _group(pattern, i)
        elif char == "[":
            i = _class(pattern, i)
        elif char == "\\":
            name = pattern[i + 1]
            i += 2
            if name in _ZERO_WIDTH:
                continue
            piece = "" if name.isalnum() else name
        else:
            i += 1
            if char in "^$":
                continue
            piece = "" if char == "." else char
        least, most, i = _quantifier(pattern, i)
        if piece and least == most == 1:
            run += piece
            continue
        best, run = _better(best, frozenset({run + piece}) if piece and least else frozenset({run})), ""
        if group and least:
            best = _better(best, group)
        if piece and least:
            run = piece
    return _better(best, frozenset({run})), i


def _better(one: frozenset[str], two: frozenset[str]) -> frozenset[str]:
    def worth(strings: frozenset[str]) -> tuple[int, int]:
        return min((_weight(s) for s in strings), default=0), -len(strings)

    two = frozenset(s.lower() for s in two)
    return two if worth(two) > worth(one) and all(_weight(s) > 1 for s in two) else one


def _weight(text: str) -> int:
    """How rare a string is: a Chinese character counts as two letters, so does the sign of an address, white
    space as none."""
    weight = sum(2 if c > "\u2e7f" or c == "@" else not c.isspace() for c in text)
    return min(weight, 2) if text.strip() in _COMMON else weight


def _group(pattern: str, i: int) -> tuple[frozenset[str], int]:
    """The strings of the group at ``i``, none for one that looks around, and where it ends."""
    looks = pattern.startswith(("(?=", "(?!", "(?<=", "(?<!"), i)
    i += 1
    if pattern.startswith("?", i):
        i = pattern.index(">", i) + 1 if pattern.startswith(("?P<", "?<"), i) and not looks else i + 1
        while not looks and pattern[i - 1] not in ">:":
            i += 1
        if looks:
            i += 2 if pattern[i] == "<" else 1
    found, i = _alternation(pattern, i)
    return (_ANY if looks else found), i + 1


def _class(pattern: str, i: int) -> int:
    """Where the character class at ``i`` ends."""
    i += 2 if pattern.startswith("[^", i) else 1
    i += pattern.startswith("]", i)
    while pattern[i] != "]":
        i += 2 if pattern[i] == "\\" else 1
    return i + 1


def _quantifier(pattern: str, i: int) -> tuple[int, int, int]:
    """(least, most, where it ends) of the quantifier at ``i``; (1, 1, i) without one."""
    least, most = 1, 1
    if i < len(pattern) and pattern[i] in "?*+":
        least, most = int(pattern[i] == "+"), 1 if pattern[i] == "?" else 99
        i += 1
    elif i < len(pattern) and pattern[i] == "{" and (end := pattern.find("}", i)) > 0:
        low, _, high = pattern[i + 1 : end].partition(",")
        if not (low + high).isdigit():
            return least, most, i
        least = int(low or 0)
        most = int(high) if high else (99 if "," in pattern[i:end] else least)
        i = end + 1
    else:
        return least, most, i
    if i < len(pattern) and pattern[i] in "?+":
        i += 1
    return least, most, i

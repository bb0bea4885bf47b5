"""What a regular expression cannot match without: a cheap test before an expensive search."""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from functools import cache
from itertools import chain, zip_longest
from typing import Generic, TypeVar

from appaudit.policy.memo import Memo
from appaudit.policy.scripts import HAN
from appaudit.policy.sentences import words_in

N = TypeVar("N", bound=Hashable)
Needs = tuple[frozenset[str], ...]
Search = Callable[[str], re.Match[str] | None]
_MANY = 60
_ZERO_WIDTH = "bBAZ"
_PLAIN = re.compile(r"(?:[^\\()\[\].^$*+?{}|](?![*+?{]))+")
"""Characters of a pattern that stand for themselves, each once."""


_COMMON = frozenset({"data", "information", "personal", "personal information", "信息", "个人信息"})
"""Strings that so many sentences of a policy hold that asking for them saves little."""


_PIECE = re.compile("[a-z0-9]{3,}|[\u3400-\u9fff]{1,2}|@")
_WORD = re.compile("[a-z0-9]+")
_HEAD = 3
"""Characters by which a piece of a word is looked up; Chinese is looked up by pairs."""
_LONGEST_WORD = 40
_MOST_WORDS = 20_000
"""Words whose pieces are remembered."""


class Index(Generic[N]):
    """What its patterns need that a text may hold: a bit each, looked up by the text's words.

    All patterns are made before the first text is asked for.
    """

    def __init__(self) -> None:
        self._count = 0
        self._told: dict[str, int] = {}
        self._by_head: dict[str, list[str]] = {}
        self._han: set[str] = set()
        self._shared: dict[frozenset[str], int] = {}
        self._names: dict[int, tuple[N, int]] = {}
        self._naming = 0
        self._always = 0
        self._telling: Memo[int] = Memo(self._tells, _MOST_WORDS)

    def one_of(self, patterns: Iterable[str], cased: Iterable[bool] = (), name: N | None = None) -> OneOf:
        """Patterns that are searched for together. They are in lower case; where ``cased`` tells so, one
        is tried on the text as it stands. ``name``: what `named` gives where one of them may match."""
        assert not self._telling, "a pattern after the first text"
        tries: dict[int, _Try] = {}
        for pattern, case in zip_longest(patterns, cased, fillvalue=False):
            assert isinstance(pattern, str), "a case without a pattern"
            strings = needed(pattern)
            pieces = [some for some in (frozenset(map(_piece, some)) for some in strings) if all(some)]
            bit = self._bit(pieces[0] if pieces else ())
            self._always |= 0 if pieces else bit
            more = 0
            for some in pieces[1:]:
                if some not in self._shared:
                    self._shared[some] = self._bit(some)
                more |= self._shared[some]
            tries[bit] = (more, tuple(map(tuple, strings)), re.compile(pattern).search, bool(case))
        found = OneOf(tries)
        if name is not None:
            self._naming |= found.bits
            self._names.update(dict.fromkeys(tries, (name, ~found.bits)))
        return found

    def held(self, folded: str) -> int:
        """The bits of what a text in lower case may hold: found once, they serve all `OneOf` of the index."""
        if folded.isascii() or HAN.search(folded) is None:
            words: Iterable[str] = words_in(folded)
        else:
            pairs = map(operator.add, folded, folded[1:])
            words = chain(_WORD.findall(folded), self._han.intersection(chain(folded, pairs)))
        told = filter(None, map(self._telling.__getitem__, words))
        address = self._told.get("@", 0) if "@" in folded else 0
        return functools.reduce(operator.or_, told, self._always | address)

    def named(self, bits: int) -> Iterator[N]:
        """The names of what may match a text that holds ``bits``, in the order in which they were given."""
        rest = bits & self._naming
        while rest:
            name, others = self._names[rest & -rest]
            yield name
            rest &= others

    def _tells(self, word: str) -> int:
        """The bits of the pieces that ``word`` may hold."""
        if len(word) > _LONGEST_WORD:  # any
            return functools.reduce(operator.or_, self._told.values(), 0)
        bits, by_head = 0, self._by_head
        for i in range(max(1, len(word) - _HEAD + 1)):
            head = word[i : i + _HEAD]
            if head in by_head:
                for piece in by_head[head]:
                    if word.startswith(piece, i):
                        bits |= self._told[piece]
        return bits

    def _bit(self, pieces: Iterable[str]) -> int:
        """A bit of its own for a text that holds one of ``pieces``."""
        bit = 1 << self._count
        self._count += 1
        for piece in pieces:
            if piece not in self._told:
                self._told[piece] = 0
                self._by_head.setdefault(piece[:_HEAD], []).append(piece)
                if not piece.isascii():
                    self._han.add(piece)
            self._told[piece] |= bit
        return bit


def _piece(string: str) -> str:
    """What of ``string`` is looked for in a text's words, "" where nothing can be."""
    return max(_PIECE.findall(string), key=_weight, default="")


_Try = tuple[int, tuple[tuple[str, ...], ...], Search, bool]
"""How a pattern is tried: the bits of all that it needs besides, the strings of which a text holds one of
each, its search, whether case counts."""


class OneOf:
    """Patterns searched for together, by the bit of each; those whose strings a text lacks are not tried."""

    def __init__(self, tries: Mapping[int, _Try]) -> None:
        self._tries = tries
        self.bits = functools.reduce(operator.or_, tries, 0)

    def search(self, folded: str, bits: int, text: str = "") -> re.Match[str] | None:
        """The first match, of the first of the patterns that match there. ``folded``: the text in lower
        case; ``bits``: what it holds, by `Index.held`; ``text``: as it stands, where a pattern is cased."""
        best: re.Match[str] | None = None
        rest = self.bits & bits
        while rest:
            bit = rest & -rest
            rest ^= bit
            more, strings, search, cased = self._tries[bit]
            if more & bits == more and _holds(folded, strings):
                found = search(text if cased else folded)
                if found is not None and (best is None or found.start() < best.start()):
                    best = found
        return best


@cache
def needed(pattern: str) -> Needs:
    """Sets of strings: every text that ``pattern`` matches holds at least one of each; the rarest come first.
    None where nothing is known.

    In lower case: ask the folded text. Understands what `re` does, without flags and conditionals.
    """
    found, end = _alternation(pattern, 0)
    return tuple(sorted(found, key=_worth, reverse=True)) if end == len(pattern) else ()


def sought(pattern: str) -> Search:
    """The search for ``pattern`` in a text in lower case; it is compiled for the first that holds what it
    needs."""
    strings = needed(pattern)
    search: Search | None = None

    def find(folded: str) -> re.Match[str] | None:
        nonlocal search
        if not _holds(folded, strings):
            return None
        if search is None:
            search = re.compile(pattern).search
        return search(folded)

    return find


def may_match(pattern: re.Pattern[str], folded: str) -> bool:
    """Whether a text, here in lower case, holds what ``pattern`` needs to match it."""
    return _holds(folded, needed(pattern.pattern))


def _holds(folded: str, needs: Iterable[Iterable[str]]) -> bool:
    """Whether a text holds a string of each of ``needs``."""
    for some in needs:  # noqa: SIM110 - a generator takes twice as long
        if not any(map(folded.__contains__, some)):
            return False
    return True


def _alternation(pattern: str, i: int) -> tuple[Needs, int]:
    """What ``a|b|c`` needs from ``i`` on, and where it ends: at ``)`` or the end of the pattern."""
    branches: list[Needs] = []
    while True:
        one, i = _sequence(pattern, i)
        branches.append(one)
        if i >= len(pattern) or pattern[i] == ")":
            break
        i += 1
    if len(branches) == 1:
        return branches[0], i
    if not all(branches):
        return (), i
    union = frozenset().union(*(max(branch, key=_worth) for branch in branches))
    return ((union,) if len(union) <= _MANY else ()), i


def _sequence(pattern: str, i: int) -> tuple[Needs, int]:
    """What a branch needs, and where it ends."""
    found: list[frozenset[str]] = []
    run = ""
    while i < len(pattern) and pattern[i] not in "|)":
        if (plain := _PLAIN.match(pattern, i)) is not None:
            run += plain.group()
            i = plain.end()
            continue
        char = pattern[i]
        piece = ""
        group: Needs = ()
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
        found.append(frozenset({run + piece} if piece and least else {run}))
        if group and least:
            found += group
        run = piece if piece and least else ""
    found.append(frozenset({run}))
    lower = dict.fromkeys(frozenset(s.lower() for s in some) for some in found)
    return tuple(some for some in lower if all(_weight(s) > 1 for s in some)), i


def _worth(strings: frozenset[str]) -> tuple[float, int]:
    """How much it tells that a text holds one of ``strings``."""
    return min(_weight(s) for s in strings), -len(strings)


@cache
def _weight(text: str) -> float:
    """How rare a string is: a Chinese character counts as two letters, so does the sign of an address, a
    bracket as somewhat less, white space as none."""
    weight = sum(2 if c > "\u2e7f" or c == "@" else 1.5 if c == "(" else not c.isspace() for c in text)
    return min(weight, 2) if text.strip() in _COMMON else weight


def _group(pattern: str, i: int) -> tuple[Needs, int]:
    """What the group needs that is at ``i``, nothing for one that looks around, and where it ends."""
    looks = pattern.startswith(("(?=", "(?!", "(?<=", "(?<!"), i)
    i += 1
    if pattern.startswith("?", i):
        i = pattern.index(">", i) + 1 if pattern.startswith(("?P<", "?<"), i) and not looks else i + 1
        while not looks and pattern[i - 1] not in ">:":
            i += 1
        if looks:
            i += 2 if pattern[i] == "<" else 1
    found, i = _alternation(pattern, i)
    return (() if looks else found), i + 1


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

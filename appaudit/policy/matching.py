"""Finds the phrases of a lexicon in a sentence: text in, typed tokens with spans out.

Longest match from left to right, over all classes at once: a longer trap phrase swallows the data
word inside it. English is matched word by word (case, plural, possessive and hyphens folded),
Chinese character by character; both run over every sentence, since policies mix them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain
from typing import Any, Literal

from appaudit.garbage import settled, uncollected
from appaudit.policy.memo import Memo
from appaudit.policy.scripts import HAN, lowered

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")

WILDCARD = "\\w"
_END = ""  # the key under which a trie node keeps what ends there
WORDS = re.compile(r"[A-Za-z0-9]+(?:['’][A-Za-z]+)?|[^\sA-Za-z0-9\-‐‑_]")
"""Words and signs of an English sentence, as a reader walks over them."""
_WORD = r"[A-Za-z0-9]+(?:['’][sS](?![A-Za-z]))?|[^\sA-Za-z0-9\-‐‑_]"
_ENGLISH = re.compile(f"({_WORD})")
_ENGLISH_IN_CHINESE = re.compile(f"([㐀-鿿]+|{_WORD})")
"""As ``_ENGLISH``, with Chinese characters that stand together as one word."""
_ELIDED = re.compile(r"[A-Za-z0-9]['’](?![sS](?![A-Za-z]))[A-Za-z]")
"""What `WORDS` take for one word, and the lexicon for more: don't."""
_LATIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_LETTER = re.compile("[A-Za-z]")
MENU_PATH = re.compile(
    r"\[[^\[\]]{1,60}\](?:\s*[-–—/>]+\s*\[[^\[\]]{1,60}\])+"  # [Account] - [Settings]
    r"|【[^【】]{1,60}】(?:\s*[-–—/>＞]+\s*【[^【】]{1,60}】)+"  # 【我的】>【设置】
    r"|[“\"][^“”\"\-–—>]{1,30}(?:[-–—>][^“”\"\-–—>]{1,40})+[”“\"]"  # "Me - Settings - Privacy"
)
_ASIDE = re.compile(
    r"《[^《》]{1,60}》"  # the title of a document
    # Me -> Settings -> Photos
    r"|[^\s，。；、:：]{1,24}(?:\s*(?:->|→|－>|＞|>{1,2})\s*[^\s，。；、:：>→＞]{1,24}){2,}"
)


def has_path_sign(text: str) -> bool:
    """Whether ``text`` holds a sign that a menu path begins with."""
    return "[" in text or "【" in text or "“" in text or '"' in text


def menu_paths(text: str) -> list[tuple[int, int]]:
    """Where menu paths stand in ``text``."""
    return [m.span() for m in MENU_PATH.finditer(text)] if has_path_sign(text) else []


_KEEP = frozenset(
    {"cookies", "series", "species", "ios", "gps", "sms", "dns", "us", "always", "news", "imei"}
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What a phrase means. ``kind``: data, weak, trap, verb, or a table name of the cue files;
    ``value``: data type id or verb frame; ``form``: base, ing, past or participle for verbs."""

    kind: str
    value: str
    form: str = ""


class Token:
    """A phrase of the lexicon at ``start``..``end`` of a sentence; ``low``: its text in lower case.
    ``readings``: what it can be, by kind (a word may be both a verb and a weak data word); empty for a
    word that is not in it; ``get``: the reading of a kind, if there is one."""

    __slots__ = ("end", "get", "low", "readings", "start", "text")

    def __init__(self, start: int, end: int, text: str, readings: Mapping[str, Entry]) -> None:
        self.start = start
        self.end = end
        self.text = text
        self.readings = readings
        self.low = text.lower()
        self.get: Callable[[str], Entry | None] = readings.get

    def renamed(self, old: str, new: str) -> Token:
        """The token with data type ``old`` read as ``new``."""
        entry = self.readings.get("data")
        if entry is None or entry.value != old:
            return self
        return Token(self.start, self.end, self.text, {**self.readings, "data": Entry("data", new)})


NOTHING: Mapping[str, Entry] = {}
"""The readings of a word that the lexicon does not hold."""


@dataclass(frozen=True, slots=True)
class Sense:
    """``type`` means ``means`` in a sentence that holds one of ``when``."""

    type: str
    means: str
    when: tuple[str, ...]


_SHORT = frozenset({"ids", "ips", "ads"})
"""Plurals too short for the rule."""


def _fold(word: str) -> str:
    word = word.lower()
    if word.endswith(("'s", "’s")):
        word = word[:-2]
    if len(word) <= 3 or word.isdigit():
        return word[:2] if word in _SHORT else word
    if word == "cookies":
        return "cookie"
    if word in _KEEP or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


_FOLDED: Memo[str] = Memo(_fold, 65536)


def fold(word: str) -> str:
    """An English word without case, possessive and plural."""
    return _FOLDED[word]


def english_words(text: str) -> list[tuple[str, int, int]]:
    """Words and punctuation of ``text``, folded, with their spans. Hyphens are gaps."""
    return [(fold(m.group()), m.start(), m.end()) for m in _ENGLISH.finditer(text)]


Phrases = Callable[[Language], Iterable[tuple[str, Entry]]]
"""What a lexicon holds of a language, and what each phrase means."""


def _no_phrases(_: Language) -> Iterable[tuple[str, Entry]]:
    return ()


class Lexicon:
    """Phrases ready to match; those of a language are asked for when the first text needs them."""

    def __init__(self, phrases: Phrases = _no_phrases, senses: Iterable[Sense] = ()) -> None:
        self._phrases = phrases
        self._senses = tuple(senses)
        self._sensed = {sense.type for sense in self._senses}

    @cached_property
    def _words(self) -> dict[str, Any]:
        return _trie((_keys(phrase), entry) for phrase, entry in self._phrases("en"))

    @cached_property
    def _chars(self) -> dict[str, Any]:
        return _trie((phrase.lower(), entry) for phrase, entry in self._phrases("zh"))

    def data(self, words: Iterable[str]) -> Entry | None:
        """What English ``words`` name as data when they stand together."""
        node: Any = self._words
        for word in words:
            node = node.get(fold(word))
            if node is None:
                return None
        entry: Entry | None = node.get(_END, NOTHING).get("data")
        return entry

    def match(self, text: str) -> list[Token]:
        """Tokens of ``text``, left to right, not overlapping; none inside a menu path."""
        return [t for t in self._match(text)[0] if t.readings]

    def items(self, text: str, between: re.Pattern[str]) -> list[Token]:
        """As `match`, with a token without readings for each match of ``between`` that lies between."""
        found, whole = self._match(text)
        if whole and between is WORDS:
            return found
        out: list[Token] = []
        position = 0
        if between is not WORDS:  # single characters: found in one pass
            signs = [(m.start(), m.group()) for m in between.finditer(text)]
            number, count = 0, len(signs)
            for token in found:
                if not token.readings:
                    continue
                while number < count and signs[number][0] < token.start:
                    at, sign = signs[number]
                    if at >= position:
                        out.append(Token(at, at + 1, sign, NOTHING))
                    number += 1
                out.append(token)
                position = token.end
            out += [Token(at, at + 1, sign, NOTHING) for at, sign in signs[number:] if at >= position]
            return out
        for token in found:
            if not token.readings:
                continue
            if token.start - position > 1 or text[position : token.start] not in (" ", ""):
                out += [
                    Token(m.start(), m.end(), m.group(), NOTHING)
                    for m in between.finditer(text, position, token.start)
                ]
            out.append(token)
            position = token.end
        out += [Token(m.start(), m.end(), m.group(), NOTHING) for m in between.finditer(text, position)]
        return out

    def _match(self, text: str) -> tuple[list[Token], bool]:
        """The tokens, and whether those between them are there too, as `WORDS` cuts them."""
        if text.isascii() or HAN.search(text) is None:
            found = self._match_english(text, _ENGLISH)
            whole = ("'" not in text and "’" not in text) or _ELIDED.search(text) is None
        else:
            latin = _LETTER.search(text) is not None
            found = self._match_english(text, _ENGLISH_IN_CHINESE, False) if latin else []
            found, whole = _merge(found, self._match_chinese(text)), False
        paths = menu_paths(text)
        if "《" in text or ">" in text or "→" in text or "＞" in text:
            paths += [m.span() for m in _ASIDE.finditer(text)]
        if paths:
            found, whole = [t for t in found if not any(a <= t.start < b for a, b in paths)], False
        return self._in_context(found, text), whole

    def _in_context(self, found: list[Token], text: str) -> list[Token]:
        """Words that mean another type in this sentence ("call records" with the service desk)."""
        present = {t.readings["data"].value for t in found if "data" in t.readings}
        if present.isdisjoint(self._sensed):
            return found
        low = text.lower()
        for sense in self._senses:
            if sense.type in present and any(w in low for w in sense.when):
                found = [t.renamed(sense.type, sense.means) for t in found]
        return found

    def _match_english(self, text: str, pattern: re.Pattern[str], bare: bool = True) -> list[Token]:
        """Phrases, and (``bare``) the words between them, as ``pattern`` cuts them, without readings."""
        pieces = pattern.split(text)  # gap, word, gap, word ..., gap
        places = list(accumulate(map(len, pieces)))
        starts, ends = places[::2], places[1::2]
        bodies = pieces[1::2]
        words = list(map(_FOLDED.__getitem__, bodies))
        out: list[Token] = []
        nodes, count, i = list(map(self._words.get, words)), len(words), 0
        words.append(_END)
        while i < count:
            node = nodes[i]
            best, end = None, i + 1
            if node is not None:
                if WILDCARD in node or words[end] in node:
                    best, end = _longest(node, words, end)
                else:  # nothing goes on from here
                    best = node.get(_END)
            if best is None:
                if bare:
                    out.append(Token(starts[i], ends[i], bodies[i], NOTHING))
                i += 1
            elif end == i + 1:
                out.append(Token(starts[i], ends[i], bodies[i], best))
                i = end
            else:
                start, stop = starts[i], ends[end - 1]
                out.append(Token(start, stop, text[start:stop], best))
                i = end
        return out

    def _match_chinese(self, text: str) -> list[Token]:
        low = lowered(text)
        ahead = low + "\0"  # which no phrase holds
        out: list[Token] = []
        free = 0
        for i, node in enumerate(map(self._chars.get, low)):
            if node is None or i < free:
                continue
            best, j = None, i + 1
            while node is not None:
                if (
                    _END in node
                    and not (ahead[j] in _LATIN and ahead[j - 1] in _LATIN)
                    and not (i and low[i] in _LATIN and low[i - 1] in _LATIN)
                ):
                    best, free = node[_END], j
                node = node.get(ahead[j])
                j += 1
            if best is not None:
                out.append(Token(i, free, text[i:free], best))
        return out


@uncollected()
def _trie(phrases: Iterable[tuple[Iterable[str], Entry]]) -> dict[str, Any]:
    """Phrases, each as its keys, by what they begin with; phrases that mean the same share their readings."""
    trie: dict[str, Any] = {}
    alone: dict[str, Entry] = {}
    for keys, entry in phrases:
        node = trie
        for key in keys:
            following = node.get(key)
            if following is None:
                following = node[key] = {}
            node = following
        if node is trie:
            continue
        readings = node.get(_END)
        if readings is None:
            if alone.get(entry.kind) is not entry:
                alone = {entry.kind: entry}
            node[_END] = alone
        elif entry.kind not in readings:
            node[_END] = {**readings, entry.kind: entry}
    settled()
    return trie


def _longest(node: dict[str, Any], words: list[str], i: int) -> tuple[Mapping[str, Entry] | None, int]:
    """The readings of the longest phrase that goes on at ``i`` from ``node``, and where it ends; None where
    there is none. ``words``: those of the text, then `_END`."""
    best, best_end, last = None, i, len(words) - 1
    # Depth-first over the two ways on (the word itself, a wildcard), longest end wins.
    waiting: list[tuple[dict[str, Any], int]] = []
    here: dict[str, Any] | None = node
    while here is not None:
        if _END in here and (best is None or i > best_end):
            best, best_end = here[_END], i
        following = None
        if i < last:
            if WILDCARD in here and words[i][0].isalnum():
                waiting.append((here[WILDCARD], i + 1))
            following = here.get(words[i])
        i += 1
        here = following
        if here is None and waiting:
            here, i = waiting.pop()
    return best, best_end


def _keys(phrase: str) -> Iterable[str]:
    """What the words of an English phrase are compared by."""
    return chain.from_iterable(map(_KEYS_OF.__getitem__, phrase.split()))


def _keys_of(word: str) -> tuple[str, ...]:
    return (word,) if word == WILDCARD else tuple(map(fold, _ENGLISH.findall(word)))


_KEYS_OF: Memo[tuple[str, ...]] = Memo(_keys_of, 65536)
"""A few words make up most phrases."""


def _merge(first: list[Token], second: list[Token]) -> list[Token]:
    """Both lists as one without overlaps; the longer token wins, then the earlier."""
    if not first or not second:
        return first or second
    out: list[Token] = []
    for token in sorted((*first, *second), key=lambda t: (t.start, -t.end)):
        if out and token.start < out[-1].end:
            if token.end - token.start > out[-1].end - out[-1].start:
                out[-1] = token
            continue
        out.append(token)
    return out

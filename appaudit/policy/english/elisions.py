"""Words whose head or modifier stands once for several: "device and advertising identifiers",
"browser type, version and language"."""

from __future__ import annotations

from appaudit.policy.english.state import CLOSE, CLOSERS
from appaudit.policy.lexicon import lexicon, words_of
from appaudit.policy.matching import Entry, Token

_JOINTS = frozenset({"and", "or", "/", ",", "&", "and/or"})
_HEADS = frozenset(words_of("grammar.en")["elided"]["words"])
"""Heads that go on after a comma too: a name or an address there is one of its own."""
_CLOSED = frozenset({"data", "possessive", "we", "you", "partner", "sdk", "trap", "group", "anaphor", "aux"})
"""Kinds of words that have no head to lack."""
_DOERS = ("we", "you", "partner", "sdk", "aux", "relative")


def completed(items: list[Token]) -> list[Token]:
    """``items`` with a reading as data for each word that shares its head with the data word after it,
    or its modifier with the one before it."""
    out = items
    for i, item in enumerate(items):
        if " " not in item.text or (entry := item.get("data")) is None:
            continue
        words = item.low.replace("-", " ").split()
        found = _before(items, i, words, entry) if i > 1 and items[i - 1].low in _JOINTS else []
        if i + 2 < len(items) and items[i + 1].low in _JOINTS:
            found += _after(items, i, words, entry)
        if found and out is items:
            out = list(items)
        for k, data in found:
            word = items[k]
            out[k] = Token(word.start, word.end, word.text, {**word.readings, "data": data})
    return out


def _before(items: list[Token], i: int, words: list[str], entry: Entry) -> list[tuple[int, Entry]]:
    out: list[tuple[int, Entry]] = []
    k = i - 2
    while k >= 0:
        word = items[k]
        if not word.text[:1].isalpha() or not _CLOSED.isdisjoint(word.readings):
            break
        if word.get("verb") and (k == 0 or any(items[k - 1].get(d) for d in _DOERS)):
            break  # "we access and precise ..."
        first = word.low.replace("-", " ").split()
        data = next(filter(None, (lexicon().data(first + words[n:]) for n in range(1, len(words)))), None)
        if data is None:
            break
        if data.value != entry.value:
            out.append((k, data))
        if k < 2 or items[k - 1].low not in _JOINTS:
            break
        k -= 2
    return out


def _after(items: list[Token], i: int, words: list[str], entry: Entry) -> list[tuple[int, Entry]]:
    out: list[tuple[int, Entry]] = []
    k = i + 2
    while k < len(items) and items[k - 1].low in _JOINTS:
        word = items[k]
        closed = k + 1 == len(items) or items[k + 1].low in CLOSERS or items[k + 1].text in CLOSE
        if not closed or not _CLOSED.isdisjoint(word.readings):
            break
        if items[k - 1].low == "," and word.low not in _HEADS:
            break
        data = lexicon().data([*words[:-1], word.low]) or lexicon().data([*words, word.low])
        if data is None:
            break
        if data.value != entry.value:
            out.append((k, data))
        k += 2
    return out

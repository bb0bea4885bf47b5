"""The words of appaudit/knowledge/words as a lexicon: every phrase that a row of the files stands for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import product
from typing import Any

from appaudit.knowledge.load import toml
from appaudit.policy.matching import LANGUAGES, Entry, Language, Lexicon, Sense

_BRACES = re.compile(r"\{([^{}]*)\}")


def expand(term: str) -> list[str]:
    """``{a|b|} c`` as ``a c``, ``b c``, ``c``. Braces may stand in braces."""
    pieces = _BRACES.split(term)  # text, choices, text, choices ..., text
    if len(pieces) > 1 and any("{" in text for text in pieces[::2]):  # braces in braces: the inner first
        head, choices, tail = _BRACES.split(term, 1)
        return [phrase for choice in choices.split("|") for phrase in expand(f"{head}{choice}{tail}")]
    ways = [piece.split("|") if i % 2 else (piece,) for i, piece in enumerate(pieces)]
    return [" ".join("".join(way).split()) for way in product(*ways)]


def inflect(verb: str, irregular: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    """Forms of an English verb phrase, inflecting its first word: (form, "base" | "past" | "ing")."""
    yield verb, "base"
    if verb in irregular:
        for form in irregular[verb]:
            yield form, "ing" if form.split()[0].endswith("ing") else "past"
        ings = [f for f in irregular[verb] if f.split()[0].endswith("ing")]
        if ings or verb.split()[0].endswith("ing"):
            return
        head, _, rest = verb.partition(" ")
        yield _join(_ing(head), rest), "ing"
        return
    head, _, rest = verb.partition(" ")
    if head in irregular:
        for form in irregular[head]:
            yield _join(form, rest), "ing" if form.endswith("ing") else "past"
        yield _join(_ing(head), rest), "ing"
        return
    if head.endswith("y") and head[-2:-1] not in "aeou":
        past = head[:-1] + "ied"
    else:
        past = head + "d" if head.endswith("e") else head + "ed"
    yield _join(past, rest), "past"
    yield _join(_ing(head), rest), "ing"


def _ing(word: str) -> str:
    return word[:-1] + "ing" if word.endswith("e") and not word.endswith("ee") else word + "ing"


def _join(head: str, rest: str) -> str:
    return f"{head} {rest}" if rest else head


def words_of(name: str) -> dict[str, Any]:
    """A file of appaudit/knowledge/words."""
    return toml(f"words/{name}.toml")


def _irregular(rows: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Rows as ``base form form`` where a base of n words has forms of n words."""
    out: dict[str, tuple[str, ...]] = {}
    for row in rows:
        words = row.split()
        size = next((n for n in (4, 3, 2, 1) if len(words) % n == 0 and _same_tail(words, n)), len(words))
        groups = [" ".join(words[i : i + size]) for i in range(0, len(words), size)]
        out[groups[0]] = tuple(groups[1:])
    return out


def _same_tail(words: list[str], size: int) -> bool:
    groups = [words[i : i + size] for i in range(0, len(words), size)]
    return len(groups) > 1 and (size == 1 or len({tuple(g[1:]) for g in groups}) == 1)


@cache
def lexicon() -> Lexicon:
    """The lexicon of both languages, one a process."""
    rows = [row for lang in LANGUAGES for row in words_of(f"traps.{lang}").get("sense", ())]
    senses = [Sense(row["type"], row["means"], tuple(w.lower() for w in row["when"])) for row in rows]
    return Lexicon(_phrases, senses)


def _phrases(lang: Language) -> Iterator[tuple[str, Entry]]:
    """All that the files of a language hold; of two meanings of one kind the first counts."""
    for type_id, table in words_of(f"data_types.{lang}").items():
        for kind, key in (("data", "terms"), ("weak", "weak")):
            entry = Entry(kind, type_id)
            for term in table.get(key, ()):
                for phrase in expand(term):
                    yield phrase, entry
    trap = Entry("trap", "")
    for term in words_of(f"traps.{lang}")["trap"]["words"]:
        for phrase in expand(term):
            yield phrase, trap
    for cue, table in words_of(f"cues.{lang}").items():
        for term in table["words"]:
            for phrase in expand(term):
                yield phrase, Entry(cue, phrase)
    verbs = dict(words_of(f"verbs.{lang}"))
    irregular = _irregular(verbs.pop("irregular", {}).get("words", ()))
    for frame, table in verbs.items():
        for verb in table["words"]:
            if lang == "zh":
                yield verb, Entry("verb", frame, "base")
                continue
            for form, name in inflect(verb, irregular):
                yield form, Entry("verb", frame, name)

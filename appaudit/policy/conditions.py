"""The conditions a declaration stands under, as tokens of `appaudit.records`."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from appaudit.policy.declarations import Declaration
from appaudit.policy.lexicon import words_of
from appaudit.policy.structure import Sentence

_DOTTED = re.compile(r"\d\.\d")
_VERSION = re.compile(
    r"(?:until|before|prior to|earlier than|up to)\s+(?:version\s*)?v?(\d+(?:\.\d+)+)"
    r"|(?<!\d)(\d+(?:\.\d+)+)\s*(?:versions?)?[^.;。；()（）]{0,30}?"
    r"(?:before|and earlier|及以前|以前|之前)"
    r"|(?:低于|早于|至)\s*v?(\d+(?:\.\d+)+)",
)


def condition_tokens(declaration: Declaration, sentence: Sentence) -> tuple[str, ...]:
    """Tokens like ``background`` or ``permission:<name>``, then ``if:<words>`` for the rest."""
    near = _clause(sentence.text, declaration.start - sentence.start)
    out = list(_tokens(near.lower(), _lower(sentence.text), sentence.language))
    if declaration.polarity == "local_only":
        out.append("local_only")
    for begin, end in declaration.conditions:
        words = " ".join(sentence.text[begin - sentence.start : end - sentence.start].split())
        if words:
            out.append("if:" + words.strip(" ,，:：")[:160])
    return tuple(dict.fromkeys(out))


_OF_SENTENCE = "optional"
"""A condition that may stand anywhere in the sentence, not only in the clause of the data word."""
_lower = lru_cache(maxsize=64)(str.lower)


@lru_cache(maxsize=2048)
def _tokens(near: str, whole: str, language: str) -> tuple[str, ...]:
    out = [
        name
        for name, words in _phrases(language)
        if any(w in (whole if name == _OF_SENTENCE else near) for w in words)
    ]
    if _DOTTED.search(near) is not None and (version := _VERSION.search(near)) is not None:
        out.append("until_version:" + next(g for g in version.groups() if g))
    return tuple(out)


def _clause(text: str, position: int) -> str:
    """The words around ``position`` up to the next bracket or semicolon."""
    left = max(text.rfind(c, 0, position) for c in "([（【;；。")
    right = min((p for c in ")]）】;；。" if (p := text.find(c, position)) >= 0), default=len(text))
    return text[left + 1 : right]


@cache
def _phrases(language: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple(
        (table.get("token", name), tuple(w.lower() for w in table["words"]))
        for name, table in words_of(f"conditions.{language}").items()
    )

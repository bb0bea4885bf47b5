"""The conditions a declaration stands under, as tokens of `appaudit.records`."""

from __future__ import annotations

import re

from appaudit.policy.declarations import Declaration
from appaudit.policy.lexicon import words_of
from appaudit.policy.structure import Paragraph, Sentence

_VERSION = re.compile(
    r"(?:until|before|prior to|earlier than|up to)\s+(?:version\s*)?v?(\d+(?:\.\d+)+)|(?<!\d)(\d+(?:\.\d+)+)\s*(?:versions?)?[^.;。；()（）]{0,30}?(?:before|and earlier|及以前|以前|之前)|(?:低于|早于|至)\s*v?(\d+(?:\.\d+)+)",
    re.I,
)


def condition_tokens(declaration: Declaration, sentence: Sentence, paragraph: Paragraph) -> tuple[str, ...]:
    """Tokens like ``background`` or ``permission:<name>``, then ``if:<words>`` for the rest."""
    del paragraph
    out: list[str] = []
    start = declaration.start - sentence.start
    near = _clause(sentence.text, start)
    for token, pattern in _patterns(sentence.language):
        if pattern.search(near if token != "optional" else sentence.text):
            out.append(token)
    version = _VERSION.search(near)
    if version is not None:
        out.append("until_version:" + next(g for g in version.groups() if g))
    if declaration.polarity == "local_only":
        out.append("local_only")
    for begin, end in declaration.conditions:
        words = " ".join(sentence.text[begin - sentence.start : end - sentence.start].split())
        if words:
            out.append("if:" + words.strip(" ,，:：")[:160])
    return tuple(dict.fromkeys(out))


def _clause(text: str, position: int) -> str:
    """The words around ``position`` up to the next bracket, comma-free list end or semicolon."""
    left = max(text.rfind(c, 0, position) for c in "([（【;；。")
    right = min((p for c in ")]）】;；。" if (p := text.find(c, position)) >= 0), default=len(text))
    return text[left + 1 : right]


def _patterns(language: str) -> list[tuple[str, re.Pattern[str]]]:
    if language not in _CACHE:
        _CACHE[language] = [
            (token, re.compile("|".join(re.escape(w) for w in table["words"]), re.I))
            for token, table in words_of(f"conditions.{language}").items()
            for token in [table.get("token", token)]
        ]
    return _CACHE[language]


_CACHE: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

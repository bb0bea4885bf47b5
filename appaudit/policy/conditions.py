"""The conditions a declaration stands under, as tokens of `appaudit.records`."""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cache, lru_cache

from appaudit.policy.declarations import Declaration
from appaudit.policy.lexicon import expand, words_of
from appaudit.policy.sentences import Sentence

_OPENING, _CLOSING = re.compile(r"[(\[（【;；。]"), re.compile(r"[)\]）】;；。]")
_WORD_END = "(?![a-z])"
_GATES = ("permission", "consent", "agree", "choose", "accept", "权限", "同意", "后台", "授权", "")
"""What many phrases hold: looked for first, and the phrases only where it stands."""
_OPTIONAL, _ADVERB = "optional", "optionally"
_OPENED, _CLOSED = re.compile(r"[(（\[]\s*$"), re.compile(r"\s*[)）\]]")
_JOINED = re.compile(r"[,，;；、]|\b(?:and|or)\b|[和或及]")
_OURS = re.compile(
    r"[;；。]|[,，](?=[^,，;；。]{1,24}(?:必填|必选|(?:is|are) (?:required|mandatory)))"
    r"|[,，:：]\s*(?:(?:(?:and|but|so|also|then) )*(?:we|our|the app|this app)\b|(?:同时|此外)?我们)",
    re.I,
)
_DOTTED = re.compile(r"\d\.\d")
_VERSION = re.compile(
    r"(?:until|before|prior to|earlier than|up to)\s+(?:version\s*)?v?(\d+(?:\.\d+)+)"
    r"|(?<!\d)(?<!android )(\d+(?:\.\d+)+)\s*(?:versions?)?[^.;。；()（）]{0,30}?"
    r"(?:before|and earlier|及以前|以前|之前)"
    r"|(?:低于|早于|至)\s*v?(\d+(?:\.\d+)+)",
)


def condition_tokens(declaration: Declaration, sentence: Sentence) -> tuple[str, ...]:
    """Tokens like ``background`` or ``permission:<name>``, then ``if:<words>`` for the rest."""
    place = (declaration.start - sentence.start, declaration.end - sentence.start)
    clause = _clause(sentence.plain, place[0])
    out = list(_tokens(sentence.low, clause, sentence.language))
    verb = declaration.frame.start
    if not declaration.frame.inherited and not clause[0] <= verb < clause[1]:
        # "Identifiers (IMEI, MAC) are collected in the background": said with the verb
        out += _tokens(sentence.low, _clause(sentence.plain, verb), sentence.language)
    if _optional(sentence, place):
        out.append("optional")
    if declaration.polarity == "local_only":
        out.append("local_only")
    for begin, end in declaration.conditions:
        words = " ".join(sentence.text[begin - sentence.start : end - sentence.start].split())
        if words:
            out.append("if:" + words.strip(" ,，:：")[:160])
    return tuple(dict.fromkeys(out))


@lru_cache(maxsize=2048)
def _tokens(low: str, clause: tuple[int, int], language: str) -> tuple[str, ...]:
    near = low[slice(*clause)]
    said = _said(low, language)
    out = [name for name, words in said if name != _OPTIONAL and any(w in near for w in words)]
    if _DOTTED.search(near) is not None and (version := _VERSION.search(near)) is not None:
        out.append("until_version:" + next(g for g in version.groups() if g))
    return tuple(out)


def _optional(sentence: Sentence, place: tuple[int, int]) -> bool:
    """Whether the data word at ``place`` may be left out: said behind it in brackets ("gender (optional)"),
    before it ("optionally"), or in its clause, which ends where we come in again ("..., and we also ...")."""
    text, low = sentence.plain, sentence.low
    for word in next((words for name, words in _said(low, sentence.language) if name == _OPTIONAL), ()):
        for found in re.finditer(re.escape(word) + _WORD_END, low):
            start, end = found.span()
            if _OPENED.search(text, 0, start) and _CLOSED.match(text, end):
                if place[1] <= start and not _JOINED.search(text, place[1], start):
                    return True
                continue
            left = max((m.end() for m in _OURS.finditer(text, 0, start)), default=0)
            right = next((m.start() for m in _OURS.finditer(text, end)), len(text))
            if (end if word == _ADVERB else left) <= place[0] < right:
                return True
    return False


def _clause(text: str, position: int) -> tuple[int, int]:
    """(start, end) of the words around ``position`` up to the next bracket or semicolon."""
    opening, closing = _edges(text)
    left, right = bisect_left(opening, position), bisect_left(closing, position)
    return (opening[left - 1] + 1 if left else 0), (closing[right] if right < len(closing) else len(text))


@lru_cache(maxsize=64)
def _edges(text: str) -> tuple[list[int], list[int]]:
    """Where the brackets and semicolons stand at which a clause begins, and those at which it ends."""
    return [m.start() for m in _OPENING.finditer(text)], [m.start() for m in _CLOSING.finditer(text)]


@lru_cache(maxsize=64)
def _said(low: str, language: str) -> list[tuple[str, list[str]]]:
    """The conditions whose phrases a sentence in lower case holds, with those phrases."""
    found: dict[str, list[str]] = {}
    for gate, rows in _phrases(language):
        if gate in low:
            for name, words in rows:
                if any(map(low.__contains__, words)):
                    found.setdefault(name, []).extend(w for w in words if w in low)
    return [(name, found[name]) for name in _names(language) if name in found] if found else []


@cache
def _names(language: str) -> tuple[str, ...]:
    """The tokens of the conditions, in the file's order."""
    tables = words_of(f"conditions.{language}")
    return tuple(dict.fromkeys(table.get("token", name) for name, table in tables.items()))


@cache
def _phrases(language: str) -> tuple[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], ...]:
    """For each of `_GATES` the conditions with phrases that hold it, and these; each phrase once."""
    gates: dict[str, dict[str, list[str]]] = {gate: {} for gate in _GATES}
    for name, table in words_of(f"conditions.{language}").items():
        for word in (w.lower() for phrase in table["words"] for w in expand(phrase)):
            gate = next(g for g in _GATES if g in word)
            gates[gate].setdefault(table.get("token", name), []).append(word)
    return tuple((g, tuple((n, tuple(words)) for n, words in rows.items())) for g, rows in gates.items())

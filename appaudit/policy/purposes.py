"""What a declaration says its data are for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from appaudit.policy.lexicon import words_of


@lru_cache(maxsize=8)
def _patterns(language: str) -> tuple[tuple[str, ...], re.Pattern[str], re.Pattern[str]]:
    table = words_of(f"purposes.{language}")
    opening, stops = table["opening"]["words"], re.escape("".join(table["stops"]["characters"]))
    words = "|".join(re.escape(w) for w in sorted(opening, key=len, reverse=True))
    edge = r"\b" if language == "en" else ""
    start = edge or "(?<![行作视成认因])"
    before = re.compile(rf"^\W*(?:{words}){edge}[^{stops}]{{2,200}}", re.I)
    after = re.compile(rf"{start}(?:{words}){edge}[^{stops}]{{2,200}}", re.I)
    return tuple(opening), before, after


_BREAK = re.compile(r"[，,；;]")
Span = tuple[int, int]


@lru_cache(maxsize=256)
def purposes_of(text: str, low: str, language: str) -> tuple[Span | None, tuple[Span, ...]]:
    """The purposes in a sentence, here also in lower case: what opens it ("In order to ..."), and those
    that follow ("... to verify your identity")."""
    opening, before, after = _patterns(language)
    starts = [at for at in map(low.find, opening) if at >= 0]
    if not starts:
        return None, ()
    opened = before.match(text)
    if opened is not None:
        return _trimmed(opened), ()
    return None, tuple(_trimmed(m) for m in after.finditer(text, min(starts)))


def purpose_of(
    text: str, after: Sequence[Span], start: int, others: Sequence[tuple[int, bool]]
) -> Span | None:
    """(start, end) of what the data word at ``start`` of a sentence are for, out of the purposes that do not
    open it; None if it says none.

    ``others``: where the data words of the sentence stand, and whether each is of the same statement: a
    purpose right behind a word of another statement is that one's.
    """
    for purpose in after:
        if purpose[0] < start:
            continue
        between = [(at, same) for at, same in others if start < at < purpose[0]]
        if between and not between[-1][1] and not _BREAK.search(text, between[-1][0], purpose[0]):
            break
        return purpose
    earlier = [p for p in after if p[0] < start]
    if not earlier or any(not same for at, same in others if at < earlier[-1][0]):
        return None
    return earlier[-1]


def _trimmed(match: re.Match[str]) -> Span:
    start = match.start() + len(match.group()) - len(match.group().lstrip())
    return start, match.start() + len(match.group().rstrip())

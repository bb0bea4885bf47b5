"""What a declaration says its data are for."""

from __future__ import annotations

import re
from functools import lru_cache

from appaudit.policy.lexicon import words_of


@lru_cache(maxsize=8)
def _patterns(language: str) -> tuple[tuple[str, ...], re.Pattern[str], re.Pattern[str]]:
    table = words_of(f"purposes.{language}")
    opening, stops = table["opening"]["words"], re.escape("".join(table["stops"]["characters"]))
    words = "|".join(re.escape(w) for w in sorted(opening, key=len, reverse=True))
    edge = r"\b" if language == "en" else ""
    before = re.compile(rf"^\W*(?:{words}){edge}[^{stops}]{{2,200}}", re.I)
    after = re.compile(rf"{edge}(?:{words}){edge}[^{stops}]{{2,200}}", re.I)
    return tuple(opening), before, after


@lru_cache(maxsize=256)
def purpose_of(text: str, low: str, language: str) -> tuple[int, int] | None:
    """(start, end) of the purpose in a sentence, here also in lower case: what opens it ("In order to ..."),
    else the first that follows ("... to verify your identity"); None if it says none."""
    opening, before, after = _patterns(language)
    starts = [at for at in map(low.find, opening) if at >= 0]
    if not starts:
        return None
    match = before.match(text) or after.search(text, min(starts))
    if match is None:
        return None
    start = match.start() + len(match.group()) - len(match.group().lstrip())
    return start, match.start() + len(match.group().rstrip())

"""One script for the reader: traditional Chinese, with its own words, read as simplified."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from appaudit.knowledge.load import toml

HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
"""A Chinese character, whatever the language of its text."""


@cache
def _tables() -> tuple[dict[int, str], frozenset[str], re.Pattern[str], dict[str, str]]:
    data: dict[str, Any] = toml("words/traditional.toml")
    pairs = "".join(data["characters"]["pairs"])
    characters = {ord(a): b for a, b in zip(pairs[::2], pairs[1::2], strict=True)}
    words = dict(data["words"]["pairs"])
    return characters, frozenset(pairs[::2]), re.compile("|".join(words)), words


def simplified(text: str) -> str:
    """``text`` in simplified characters and words, every character where it stood; simplified text as it
    is."""
    if text.isascii():
        return text
    characters, traditional, pattern, words = _tables()
    if traditional.isdisjoint(text):
        return text
    return pattern.sub(lambda m: words[m[0]], text.translate(characters))


def lowered(text: str) -> str:
    """``text`` in lower case, every character where it stood: one that would become two stays as it is."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)

"""Numbers, frequencies and countries that a policy promises, read from its own words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from appaudit.knowledge.load import toml

HAN = "一二三四五六七八九十"


@cache
def patterns(table: str) -> tuple[re.Pattern[str], ...]:
    """The expressions of a table of ``promised.toml``, both languages."""
    words = toml("promised.toml")[table]
    return tuple(re.compile(p, re.IGNORECASE) for lang in ("zh", "en") for p in words[lang])


def number(text: str) -> int | None:
    """``15``, ``十五``, ``三十``, ``fifteen`` as a number; None where it is none of these."""
    if text.isascii() and text.isdecimal():
        return int(text)
    if text.lower() in toml("promised.toml")["numbers"]:
        return int(toml("promised.toml")["numbers"][text.lower()])
    tens, ten, ones = text.rpartition("十")
    if any(c not in HAN for c in text) or "十" in tens or len(tens) > 1 or len(ones) > 1:
        return None
    return (10 * (HAN.index(tens) + 1 if tens else 1) if ten else 0) + (HAN.index(ones) + 1 if ones else 0)


def promised_days(text: str) -> tuple[int, str] | None:
    """The first time limit for an answer in a sentence: (number, ``working`` or ``days``)."""
    for pattern in patterns("answer"):
        match = pattern.search(text)
        days = number(match["n"]) if match else None
        if match is not None and days is not None:
            working = re.search("工作|working|business", match["unit"], re.IGNORECASE)
            return days, "working" if working else "days"
    return None


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often a policy promises to collect: ``times`` in ``seconds``; None: in a whole run. ``words``: its
    own."""

    times: int
    seconds: int | None
    words: str


def promised_cadence(text: str) -> Cadence | None:
    """The one frequency that a sentence promises; None where it names none, or several."""
    units: dict[str, int] = toml("promised.toml")["cadence"]["units"]
    found: list[Cadence] = []
    for pattern in patterns("cadence"):
        for match in pattern.finditer(text):
            given = match.groupdict()
            every = number(given.get("n") or "1")
            times = number(given.get("times") or "1")
            unit = (given.get("unit") or "").lower()
            if every and times:
                seconds = units[unit] * every if unit else None
                found.append(Cadence(times, seconds, match.group().strip()))
        if found:
            break
    return found[0] if len(found) == 1 else None


def found_in(table: str, text: str) -> bool:
    """Whether any expression of a table stands in the text."""
    return any(p.search(text) for p in patterns(table))


def promised_countries(text: str) -> set[str]:
    """Countries that the text names, ISO 3166-1 alpha-2."""
    words: dict[str, list[str]] = toml("promised.toml")["country"]
    return {code for code, names in words.items() if any(re.search(n, text) for n in names)}

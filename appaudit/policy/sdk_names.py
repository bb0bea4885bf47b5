"""Which SDK a declared name means."""

from __future__ import annotations

import re
from functools import lru_cache

from appaudit.knowledge.sdks.names import CERTAIN, match_name

_LONGEST = 40
_LIKELY, _CANDIDATES = 0.5, 5
"""Score from which on a row may mean an SDK, and how many it may mean."""
_NAME_LINE = re.compile(
    r"\s*(?:[（(]?\d{1,3}[)）.、]\s*|[•●·*-]\s*)?(?!第三方\s*SDK|以下|The\b|our\b|本)[^，。；;,:：]{2,28}?\s?SDK\s*(?:[（(][^（()）]{1,12}[)）])?\s*$",
    re.I,
)


@lru_cache(maxsize=4096)
def sdk_actor(name: str, company: str = "", package: str = "", link: str = "") -> tuple[str, float]:
    """``sdk:<id>`` with the score of the match, where the row names one SDK for certain; otherwise
    ``party:<name>`` with 0. The company and link break a tie between products of one name."""
    for text in (name, " ".join(part for part in (name, package, link) if part), f"{name} {company}"):
        found = match_name(text[:2000], CERTAIN)
        if found and (len(found) == 1 or found[0][1] > found[1][1]):
            return f"sdk:{found[0][0]}", found[0][1]
    return f"party:{' '.join(name.split())[:200]}", 0.0


@lru_cache(maxsize=4096)
def sdk_candidates(name: str, company: str = "", package: str = "", link: str = "") -> str:
    """The SDKs that a row may mean which names none for certain, the likeliest first: ``id:score …``."""
    found = match_name(" ".join(part for part in (name, company, package, link) if part)[:2000])
    return " ".join(f"{sdk}:{score:g}" for sdk, score in found[:_CANDIDATES] if score >= _LIKELY)


def names_sdk(line: str) -> bool:
    """Whether a line is the name of an SDK and nothing else: ``2. Tally SDK``."""
    return bool(_NAME_LINE.match(line)) if len(line) <= _LONGEST else False

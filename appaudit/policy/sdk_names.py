"""Which SDK a declared name means."""

from __future__ import annotations

from appaudit.knowledge.sdks.names import CERTAIN, match_name


def sdk_actor(name: str, company: str = "", package: str = "", link: str = "") -> tuple[str, float]:
    """``sdk:<id>`` with the score of the match, where the row names one SDK for certain; otherwise
    ``party:<name>`` with 0. The company and link break a tie between products of one name."""
    for text in (name, " ".join(part for part in (name, package, link) if part), f"{name} {company}"):
        found = [match for match in match_name(text[:2000]) if match[1] >= CERTAIN]
        if found and (len(found) == 1 or found[0][1] > found[1][1]):
            return f"sdk:{found[0][0]}", found[0][1]
    return f"party:{' '.join(name.split())[:200]}", 0.0

"""Rules on what a policy promises in numbers and purposes, read from its own words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from appaudit.compare.case import Case
from appaudit.compare.disclosure import GENERIC
from appaudit.compare.verdict import Verdict
from appaudit.knowledge.load import toml
from appaudit.records import Fact, Outcome, PolicySpan

FEW, LONG, MANY = 20, 60, 15
"""Sentences below which nothing is measured; words (two Han characters count as one) of a sentence that is
hard to follow; percent of such sentences in a policy that is hard to read."""

HAN = "一二三四五六七八九十"


def _length(text: str) -> int:
    """Words of a sentence: those between blanks, and one for two Han characters."""
    han = sum("\u4e00" <= c <= "\u9fff" for c in text)
    return han // 2 + len(re.findall(r"[A-Za-z0-9']+", text))


@cache
def _patterns(table: str) -> tuple[re.Pattern[str], ...]:
    words = toml("promised.toml")[table]
    return tuple(re.compile(p, re.IGNORECASE) for lang in ("zh", "en") for p in words[lang])


def number(text: str) -> int | None:
    """``15``, ``十五``, ``三十``, ``fifteen`` as a number; None where it is none of these."""
    if text.isascii() and text.isdecimal():
        return int(text)
    if text.lower() in toml("promised.toml")["answer"]["numbers"]:
        return int(toml("promised.toml")["answer"]["numbers"][text.lower()])
    tens, ten, ones = text.rpartition("十")
    if any(c not in HAN for c in text) or "十" in tens or len(tens) > 1 or len(ones) > 1:
        return None
    return (10 * (HAN.index(tens) + 1 if tens else 1) if ten else 0) + (HAN.index(ones) + 1 if ones else 0)


def promised_days(text: str) -> tuple[int, str] | None:
    """The first time limit for an answer in a sentence: (number, ``working`` or ``days``)."""
    for pattern in _patterns("answer"):
        match = pattern.search(text)
        days = number(match["n"]) if match else None
        if match is not None and days is not None:
            working = re.search("工作|working|business", match["unit"], re.IGNORECASE)
            return days, "working" if working else "days"
    return None


def slow_response(case: Case) -> Iterator[Verdict]:
    """The limit that the policy sets itself for answers is longer than fifteen working days; a policy that is
    not in Chinese may be meant for other laws."""
    for fact in case.stated:
        if fact.subject != "notice:response_time":
            continue
        quotes = [e.quote for e in fact.evidence if isinstance(e, PolicySpan)]
        found = next((p for q in quotes if (p := promised_days(q))), None)
        if found is None:
            continue
        days, unit = found
        late: Outcome = "violation" if any("\u4e00" <= c <= "\u9fff" for c in "".join(quotes)) else "review"
        yield Verdict(
            late if days > toml("promised.toml")["answer"][unit] else "pass",
            "app",
            "states",
            "notice:response_time",
            (fact,),
            attributes=(("number", str(days)), ("unit", unit)),
        )


def improvement_only(case: Case) -> Iterator[Verdict]:
    """Data whose only declared purposes serve the operator: better service, targeting, new products."""
    by_data: dict[str, list[Fact]] = {}
    for fact in case.stated:
        kind, _, data = fact.subject.partition(":")
        collects = fact.stance == "declared" and fact.action == "collects" and fact.source == "policy"
        if collects and kind == "data" and data not in GENERIC and case.party(fact.actor) == "app":
            by_data.setdefault(data, []).append(fact)
    for data, facts in sorted(by_data.items()):
        purposes = [f.purpose for f in facts if f.purpose]
        if len(purposes) < len(facts):
            continue
        serving = all(any(p.search(words) for p in _patterns("improvement")) for words in purposes)
        free = any("optional" in f.condition for f in facts)
        yield Verdict(
            "review" if serving and not free else "pass",
            "app",
            "collects",
            f"data:{data}",
            tuple(facts),
            attributes=(("names", "; ".join(dict.fromkeys(purposes))),),
        )


def hard_to_read(case: Case) -> Iterator[Verdict]:
    """Sentences too long to follow: a measure and the worst of them, for a person to read."""
    spans = case.sentences()
    if len(spans) < FEW:
        return
    long = sorted((s for s in spans if _length(s.quote) > LONG), key=lambda s: -_length(s.quote))
    percent = 100 * len(long) // len(spans)
    worst = Fact("policy", "declared", "app", "states", "topic:policy_meta", evidence=tuple(long[:3]))
    yield Verdict(
        "review" if percent >= MANY else "pass",
        "app",
        "states",
        "topic:policy_meta",
        (worst,) if long else (),
        attributes=(("length", str(LONG)), ("number", str(percent))),
    )

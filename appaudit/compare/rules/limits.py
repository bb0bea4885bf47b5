"""Rules on what a policy promises in numbers and purposes, read from its own words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from appaudit.compare.case import Case
from appaudit.compare.conditions import covered, uncollected
from appaudit.compare.disclosure import GENERIC
from appaudit.compare.promised import Cadence, found_in, promised_cadence, promised_days
from appaudit.compare.verdict import Verdict
from appaudit.knowledge.load import toml
from appaudit.records import Fact, Outcome, PolicySpan

FEW, LONG, MANY = 20, 60, 15
"""Sentences below which nothing is measured; words (two Han characters count as one) of a sentence that is
hard to follow; percent of such sentences in a policy that is hard to read."""


def _length(text: str) -> int:
    """Words of a sentence: those between blanks, and one for two Han characters."""
    han = sum("\u4e00" <= c <= "\u9fff" for c in text)
    return han // 2 + len(re.findall(r"[A-Za-z0-9']+", text))


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
        serving = all(found_in("improvement", words) for words in purposes)
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


ONE_INSTALL = ("after_consent", "background", "idle", "unknown")
"""Phases of a run in which the app is not installed anew: that would explain one more reading."""


def _too_often(fact: Fact, promise: Cadence) -> bool:
    """Whether more readings were seen than any spread over the time between the first and last allows."""
    if promise.seconds is None or fact.first is None or fact.last is None:
        return fact.count > promise.times
    windows = int((fact.last - fact.first) // promise.seconds) + 1
    return fact.count > windows * promise.times


def promised_frequency(case: Case) -> Iterator[Verdict]:
    """ "Once every thirty minutes": how often a run and its traffic show it."""
    timed = [f for f in case.observed if f.first is not None and f.last is not None]
    watched = max((f.last or 0 for f in timed), default=0.0) - min((f.first or 0 for f in timed), default=0.0)
    done: set[tuple[str, str]] = set()
    unseen = []
    for statement in case.stated:
        key = (case.party(statement.actor), statement.subject)
        kind, _, data = statement.subject.partition(":")
        declared = statement.stance == "declared" and kind == "data" and data not in GENERIC
        promise = promised_cadence(case.whole_sentence(statement)) if declared and key not in done else None
        if promise is None:
            continue
        done.add(key)
        observed = covered(case, statement)
        seen = [f for f in observed if f.source != "static" and f.phase in ONE_INSTALL]
        often = [f for f in seen if _too_often(f, promise)]
        long = promise.seconds is None or watched >= promise.seconds
        if not observed:
            unseen.append(statement)
            continue
        outcome: Outcome = "pass" if seen and long else "not_examined"
        if often:  # how often the app was started anew is not known: "once" is once a start
            outcome = "review" if promise.seconds is None else "violation"
        worst = max(often or seen or observed, key=lambda f: f.count)
        attributes = {"cadence": promise.words, "number": str(worst.count)}
        if outcome == "not_examined":
            attributes["needs"] = f"run_longer:{promise.words}"
        yield Verdict(
            outcome,
            statement.actor,
            worst.action,
            statement.subject,
            (*(often or seen or observed), statement),
            confidence="high" if outcome == "violation" else None,
            attributes=tuple(sorted(attributes.items())),
        )
    yield from uncollected(unseen)


def burdened_rights(case: Case) -> Iterator[Verdict]:
    """Sentences that ask for papers or visits before data is corrected or deleted, or an account closed."""
    sentences = case.sentences()
    if not sentences:
        return
    spans = [s for s in sentences if found_in("burdens", s.quote) and found_in("rights", s.quote)]
    said = Fact("policy", "declared", "app", "states", "topic:user_rights", evidence=tuple(spans[:5]))
    yield Verdict(
        "review" if spans else "pass", "app", "states", "topic:user_rights", (said,) if spans else ()
    )

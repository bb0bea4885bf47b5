"""Compares two versions of an app's declared documents, also when they are in different languages.

What is compared is what they declare, not their words: a declaration is the same when actor, action and
subject are. Conditions are compared as far as they are tokens (``background``, ``permission:...``); the
free words of a condition, and recipients of no known kind, only within one language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from appaudit.knowledge.data_types import data_types, distance
from appaudit.knowledge.load import toml
from appaudit.policy.completeness import SUBJECT
from appaudit.policy.result import PolicyResult
from appaudit.records import Fact, ListingRow, PolicySpan

Kind = Literal["added", "removed", "polarity", "condition", "recipient", "notice"]
_ORDER: dict[str, int] = {
    k: i for i, k in enumerate(("polarity", "added", "condition", "recipient", "removed", "notice"))
}
_FAMILY = {
    "collects": "collects",
    "processes_locally": "collects",
    "shares": "shares",
    "embeds": "embeds",
    "requests": "requests",
}
UNCONDITIONAL = "unconditional"
"""Stands among the conditions of a `Change` for a statement without any."""

Key = tuple[str, str, str]
_Aspect = Callable[[Fact], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    ``kind``: a declaration was *added* or *removed*; its *polarity* (declared, denied, on the device only),
    a *condition* or a *recipient* changed; or the policy now says more or less of what the law asks for
    (*notice*). ``old``/``new``: what stood only in the older and only in the newer version: polarities,
    condition tokens, recipients, statuses. ``old_facts``/``new_facts``: the statements, with their quotes,
    those that show the difference first. ``broader``: a less exact type that the newer version still
    declares where this one is gone. ``topic``: data · sharing · rights · contact · operator · other.
    ``promised``: the older version's clause on material changes promises to announce this one.
    """

    kind: Kind
    actor: str
    action: str
    subject: str
    old: tuple[str, ...]
    new: tuple[str, ...]
    old_facts: tuple[Fact, ...]
    new_facts: tuple[Fact, ...]
    topic: str
    promised: bool
    broader: str = ""

    @property
    def old_quote(self) -> PolicySpan | ListingRow | None:
        """The words of the older version that show it."""
        return _quote(self.old_facts)

    @property
    def new_quote(self) -> PolicySpan | ListingRow | None:
        """The words of the newer version that show it."""
        return _quote(self.new_facts)


@dataclass(frozen=True, slots=True)
class PolicyDiff:
    """``changes``, the weightiest first; ``unchanged``: declarations that are the same in both.

    ``promise``: the words of the older version that promise to announce material changes, and
    ``promised_topics`` what they cover (see `Change.topic`). ``notes``: what was not compared, and why.
    """

    changes: tuple[Change, ...]
    unchanged: int
    promise: tuple[PolicySpan, ...]
    promised_topics: tuple[str, ...]
    notes: tuple[str, ...]


def diff(old: PolicyResult, new: PolicyResult) -> PolicyDiff:
    """What changed from ``old`` to ``new``."""
    promise, topics = promises(old)
    same_language = _languages(old) == _languages(new)
    before, after = _grouped(old.facts), _grouped(new.facts)
    changes: list[Change] = []
    unchanged = 0
    for key in dict.fromkeys([*before, *after]):
        found = list(_compare(key, before.get(key, []), after.get(key, []), same_language, topics))
        unchanged += not found
        changes += found
    declared = {key for key, facts in after.items() if any(f.stance == "declared" for f in facts)}
    changes = [_with_broader(change, declared) for change in changes]
    changes += _notices(old.facts, new.facts, topics)
    notes = []
    if not same_language:
        notes.append(
            "the versions are in different languages: conditions and recipients in words were not compared"
        )
    return PolicyDiff(
        tuple(sorted(changes, key=_weight)), unchanged, promise, tuple(sorted(topics)), tuple(notes)
    )


def _languages(result: PolicyResult) -> frozenset[str]:
    return frozenset(d.language for d in result.documents)


def _grouped(facts: Iterable[Fact]) -> dict[Key, list[Fact]]:
    out: dict[Key, list[Fact]] = {}
    for fact in facts:
        family = _FAMILY.get(fact.action)
        if family is not None and fact.stance in ("declared", "denied"):
            actor = "app" if fact.actor == "unknown" else fact.actor
            out.setdefault((actor, family, fact.subject), []).append(fact)
    return out


def _compare(
    key: Key, old: list[Fact], new: list[Fact], same_language: bool, promised: frozenset[str]
) -> Iterator[Change]:
    topic = "sharing" if key[1] in ("shares", "embeds") else "data"

    def change(
        kind: Kind, gone: Iterable[str], came: Iterable[str], olds: list[Fact], news: list[Fact]
    ) -> Change:
        return Change(
            kind,
            *key,
            tuple(sorted(gone)),
            tuple(sorted(came)),
            tuple(olds),
            tuple(news),
            topic,
            topic in promised,
        )

    if not old or not new:
        kind: Kind = "added" if new else "removed"
        yield change(kind, _polarities(old), _polarities(new), _explicit(old), _explicit(new))
        return
    aspects: list[tuple[Kind, _Aspect]] = [
        ("polarity", _polarity),
        ("condition", lambda fact: _conditions(fact, same_language)),
    ]
    if key[1] == "shares":
        aspects.append(("recipient", lambda fact: _recipients(fact, same_language)))
    for kind, aspect in aspects:
        before = {value for fact in old for value in aspect(fact)}
        after = {value for fact in new for value in aspect(fact)}
        if before != after:
            gone, came = before - after, after - before
            yield change(kind, gone, came, _showing(old, gone, aspect), _showing(new, came, aspect))


def _polarity(fact: Fact) -> tuple[str, ...]:
    if fact.stance == "denied":
        return ("denied",)
    return ("on the device only",) if fact.action == "processes_locally" else ("declared",)


def _conditions(fact: Fact, same_language: bool) -> tuple[str, ...]:
    tokens = tuple(t for t in fact.condition if not t.startswith("if:") and t != "local_only")
    if same_language:
        tokens += tuple(f"if:{_fold(t[3:])}" for t in fact.condition if t.startswith("if:"))
    return tokens or (UNCONDITIONAL,)


def _recipients(fact: Fact, same_language: bool) -> tuple[str, ...]:
    """Recipients as they compare: an SDK or the public by id, words by their kind."""
    if fact.recipient is None:
        return ()
    prefix, _, words = fact.recipient.partition(":")
    if prefix != "party" or words == "public":
        return (fact.recipient,)
    for kind, pattern in _recipient_kinds():
        if pattern.search(words):
            return (kind,)
    return (fact.recipient,) if same_language else ()


def _polarities(facts: Iterable[Fact]) -> set[str]:
    return {value for fact in facts for value in _polarity(fact)}


def _showing(facts: list[Fact], values: set[str], aspect: _Aspect) -> list[Fact]:
    """``facts``, those that carry one of ``values`` first."""
    return sorted(_explicit(facts), key=lambda fact: not values & set(aspect(fact)))


def _explicit(facts: list[Fact]) -> list[Fact]:
    """``facts``, those that name their subject themselves before those it came to by a definition."""
    return sorted(facts, key=lambda fact: fact.attribute.get("basis", "explicit") != "explicit")


def _with_broader(change: Change, declared: set[Key]) -> Change:
    """A removed exact type, with the broader one that the newer version still declares."""
    kind, _, exact = change.subject.partition(":")
    if change.kind != "removed" or kind != "data" or change.old == ("denied",):
        return change
    said = [
        (steps, t)
        for t in data_types()
        if (steps := distance(exact, t)) and (change.actor, change.action, f"data:{t}") in declared
    ]
    return replace(change, broader=min(said)[1]) if said else change


def _notices(old: Sequence[Fact], new: Sequence[Fact], promised: frozenset[str]) -> Iterator[Change]:
    """What the law asks to be said and one version says better than the other."""
    before = {f.subject: f for f in old if f.subject.startswith(SUBJECT)}
    after = {f.subject: f for f in new if f.subject.startswith(SUBJECT)}
    for subject in dict.fromkeys([*before, *after]):
        olds = before.get(subject)
        news = after.get(subject)
        was = olds.attribute["status"] if olds else "not_applicable"
        now = news.attribute["status"] if news else "not_applicable"
        if was == now:
            continue
        topic = _notice_topic(subject.removeprefix(SUBJECT))
        yield Change(
            "notice",
            "app",
            "states",
            subject,
            (was,),
            (now,),
            (olds,) if olds else (),
            (news,) if news else (),
            topic,
            topic in promised,
        )


def _notice_topic(item: str) -> str:
    if item.startswith("right_"):
        return "rights"
    if item in ("contact", "officer", "complaint", "response_time"):
        return "contact"
    if item == "operator":
        return "operator"
    if item in ("sharing", "sdk_list", "entrusted", "public_disclosure", "transfer", "cross_border"):
        return "sharing"
    return "data" if item in ("data_types", "purposes", "functions", "method", "sensitive") else "other"


def _weight(change: Change) -> tuple[int, int, int, str, str]:
    kind, _, name = change.subject.partition(":")
    known = data_types().get(name) if kind == "data" else None
    generic = known is not None and known.group == "generic"
    sensitivity = {"high": 0, "medium": 1, "low": 2}[known.sensitivity] if known else 1
    return (
        generic or change.kind == "notice",
        sensitivity,
        _ORDER[change.kind],
        change.subject,
        change.action,
    )


# ------------------------------------------------------------------- the clause on material changes


def promises(result: PolicyResult) -> tuple[tuple[PolicySpan, ...], frozenset[str]]:
    """The words of a policy that promise to announce material changes, and the topics they cover.

    A promise without a list of what is material covers every topic.
    """
    words = toml("diff.toml")
    said = re.compile("|".join((*words["promise"]["zh"], *words["promise"]["en"])), re.IGNORECASE)
    opens = re.compile("|".join((*words["promise"]["list_zh"], *words["promise"]["list_en"])), re.IGNORECASE)
    spans: list[PolicySpan] = []
    topics: set[str] = set()
    for name, text in result.texts.items():
        lines = text.split("\n")
        for index, line in enumerate(lines):
            if len(line) > 2_000 or not said.search(line) or (spans and _ITEM.match(line)):
                continue
            spans.append(_line_span(name, index, line))
            if not opens.search(line):
                continue
            for number, item in _items(lines, index + 1):
                spans.append(_line_span(name, number, item))
                topics |= {topic for topic, pattern in _classes() if pattern.search(item)}
    unique = tuple({(s.document, s.line): s for s in spans}.values())
    if unique and not topics:
        topics = {topic for topic, _ in _classes()} | {"other"}
    return unique, frozenset(topics)


_ITEM = re.compile(
    r"\s*(?:[(（]?(?:\d{1,2}(?:\.\d{1,2})*|[一二三四五六七八九十]{1,2}|[a-zA-Z]|[ivx]{1,4})[)）.、．\s]|[•●·\-*])"
)
_MOST_ITEMS = 15


def _items(lines: list[str], start: int) -> Iterator[tuple[int, str]]:
    """The numbered lines from ``start`` on, blank lines between them allowed."""
    count = 0
    for index in range(start, min(start + 4 * _MOST_ITEMS, len(lines))):
        line = lines[index]
        if not line.strip():
            continue
        if not _ITEM.match(line) or count == _MOST_ITEMS or len(line) > 2_000:
            return
        count += 1
        yield index, line


def _line_span(document: str, index: int, line: str) -> PolicySpan:
    start = len(line) - len(line.lstrip())
    end = len(line.rstrip())
    return PolicySpan(document, index + 1, start, end, line[start:end])


def _quote(facts: tuple[Fact, ...]) -> PolicySpan | ListingRow | None:
    evidence = (e for fact in facts[:1] for e in fact.evidence)
    return next((e for e in evidence if isinstance(e, PolicySpan | ListingRow)), None)


def _fold(words: str) -> str:
    return re.sub(r"[\s\W_]+", "", words).lower()


@cache
def _classes() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (key, re.compile("|".join((*row["zh"], *row["en"])), re.IGNORECASE))
        for key, row in toml("diff.toml")["class"].items()
    )


@cache
def _recipient_kinds() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (key, re.compile("|".join(patterns), re.IGNORECASE))
        for key, patterns in toml("diff.toml")["recipient"].items()
    )

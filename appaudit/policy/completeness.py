"""Judges the policy itself: what the law asks a policy to say, and whether this one says it.

The items, the clauses that ask for them and the words by which they are recognised are data
(``knowledge/completeness.toml``). An item is *present*, *vague* (said, but nobody can rely on it),
*missing*, *not applicable* (nothing in the policy calls for it), or *not examined*: not found in the part
that was read of a document that is too long.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice, product
from typing import Any, Literal

from appaudit.knowledge.load import toml
from appaudit.knowledge.regulations import PROFILES, Profile, clauses
from appaudit.policy.document import MAX_CHARACTERS
from appaudit.policy.literals import Index, OneOf
from appaudit.policy.matching import Language
from appaudit.policy.result import PolicyResult
from appaudit.policy.scripts import HAN, lowered, simplified
from appaudit.records import Evidence, Fact, Gap, ListingRow, PolicySpan

Status = Literal["present", "vague", "missing", "not_applicable", "not_examined"]

SUBJECT = "notice:"
"""Prefix of the subject of completeness facts; the item's id follows."""

_END = re.compile(r"[。！？!?；;.](?:(?<!\.)|(?!\S)(?<!\bLtd\.)(?<!\bInc\.)(?<!\bCo\.)(?<!\bCorp\.))")
_STOPS = tuple("。；;：:.!?！？])）】")
_VALUE = re.compile(r"\d{2}|@|://")
_MAX_SENTENCE = 2_000
MAX_SENTENCES = 20_000
"""Different sentences that are searched. In a text with more nothing is called missing."""
_JUDGED = frozenset({"policy", "overseas", "children", "cookie", "summary"})


@dataclass(frozen=True, slots=True)
class Item:
    """One thing a policy has to say.

    ``evidence``: the words that say it (or say it vaguely), or the rows of a list. ``searched``: for a
    missing or vague item, what was looked for and not found: patterns, and kinds of facts.
    """

    id: str
    status: Status
    clauses: tuple[str, ...]
    evidence: tuple[Evidence, ...] = ()
    searched: tuple[str, ...] = ()

    @property
    def span(self) -> PolicySpan | None:
        """The first words that say it."""
        return next((e for e in self.evidence if isinstance(e, PolicySpan)), None)


def completeness(result: PolicyResult, profile: Profile = "all") -> list[Item]:
    """Every item that a clause of ``profile`` asks for, in the file's order.

    Empty where none of the documents is a policy: a list of SDKs alone is not asked to say all this.
    """
    if not any(d.role in _JUDGED for d in result.documents):
        return []
    wanted = PROFILES[profile]
    known = clauses()
    sentences = list(islice(_sentences(result), MAX_SENTENCES + 1))
    told = _by_rule(sentences)
    out = []
    for row in toml("completeness.toml")["item"]:
        asked = tuple(c for c in row["clauses"] if known[c].jurisdiction in wanted)
        if asked:
            out.append(_judge(row, asked, told, result.facts))
    if len(sentences) > MAX_SENTENCES or _cut(result):
        out = [item if item.status in ("present", "vague") else _unknown(item) for item in out]
    return out


def _cut(result: PolicyResult) -> bool:
    """Whether a document is longer than what is read of it."""
    judged = {d.name for d in result.documents if d.role in _JUDGED}
    return any(len(text) > MAX_CHARACTERS for name, text in result.texts.items() if name in judged)


def _unknown(item: Item) -> Item:
    return replace(item, status="not_examined")


def completeness_gaps(items: Iterable[Item]) -> list[Gap]:
    """What was not found in the part of a document that was read, and may stand in the rest."""
    names = [item.id for item in items if item.status == "not_examined"]
    if not names:
        return []
    reason = f"not examined in full: what was read does not say {', '.join(names)}; the rest may"
    return [Gap("policy", "document_cut", "completeness", reason)]


def completeness_facts(items: Iterable[Item]) -> list[Fact]:
    """The items as Facts.

    Present and vague: ``declared`` ``states`` ``notice:<id>`` with the words as evidence. Missing:
    ``observed`` ``omits`` ``notice:<id>``. Attributes: ``status``, ``clauses`` (space-separated ids),
    and for vague and missing items ``searched``.
    """
    facts = []
    for item in items:
        if item.status in ("not_applicable", "not_examined"):
            continue
        attributes = {"status": item.status, "clauses": " ".join(item.clauses)}
        if item.searched:
            attributes["searched"] = " | ".join(item.searched)[:2000]
        missing = item.status == "missing"
        facts.append(
            Fact(
                "policy",
                "observed" if missing else "declared",
                "app",
                "omits" if missing else "states",
                f"{SUBJECT}{item.id}",
                evidence=item.evidence,
                attributes=tuple(sorted(attributes.items())),
            )
        )
    return facts


_Name = tuple[str, str]
"""Item, and kind of its patterns."""


@dataclass(slots=True)
class _Sentence:
    document: str
    line: int
    start: int
    text: str
    folded: str
    bits: int
    language: Language
    heading: bool

    def span(self, match: re.Match[str]) -> PolicySpan:
        """The matched words as evidence, the sentence around them when it is short."""
        start, end = (0, len(self.text.rstrip())) if len(self.text) <= 240 else match.span()
        lead = len(self.text[start:end]) - len(self.text[start:end].lstrip())
        start += lead
        return PolicySpan(
            self.document, self.line, self.start + start, self.start + end, self.text[start:end]
        )


_Told = dict[_Name, list[_Sentence]]


def _heading(text: str, lang: str) -> bool:
    """Whether words are short, end without a stop and hold no number or address."""
    words = text.strip()
    return (
        len(words) < (16 if lang == "zh" else 48) and not words.endswith(_STOPS) and not _VALUE.search(words)
    )


def _sentences(result: PolicyResult) -> Iterator[_Sentence]:
    judged = {d.name for d in result.documents if d.role in _JUDGED}
    seen: set[str] = set()
    for name, text in result.texts.items():
        if name not in judged:
            continue
        for number, line in enumerate(text[:MAX_CHARACTERS].split("\n"), 1):
            start = 0
            for stop in [*map(re.Match.end, _END.finditer(line)), len(line)]:
                first, start = start, stop
                for at in range(first, start, _MAX_SENTENCE):
                    words = line[at : min(at + _MAX_SENTENCE, start)]
                    if len(words.strip()) < 2 or words in seen:
                        continue
                    seen.add(words)
                    folded = lowered(words)
                    lang: Language = "en" if words.isascii() or HAN.search(words) is None else "zh"
                    folded = simplified(folded) if lang == "zh" else folded
                    book = _book(lang)
                    bits = book.index.held(folded)
                    if book.skip.search(folded, bits) is None:
                        heading = _heading(words, lang)
                        yield _Sentence(name, number, at, words, folded, bits, lang, heading)


def _by_rule(sentences: list[_Sentence]) -> _Told:
    """For each item and kind of its patterns the sentences that may match one, in their order."""
    told: _Told = {}
    for sentence in sentences:
        for name in _book(sentence.language).index.named(sentence.bits):
            told.setdefault(name, []).append(sentence)
    return told


def _judge(row: Mapping[str, Any], asked: tuple[str, ...], told: _Told, facts: list[Fact]) -> Item:
    key = str(row["id"])
    if "when" in row and _first(key, "when", told) is None:
        return Item(key, "not_applicable", asked, searched=_words(row, "when"))
    if evidence := _by_facts(row, facts):
        return Item(key, "present", asked, evidence)
    if "present" in row and (span := _first(key, "present", told)) is not None:
        return Item(key, "present", asked, (span,))
    searched = _words(row, "present") + _facts_words(row)
    if "vague" in row and (span := _first(key, "vague", told)) is not None:
        return Item(key, "vague", asked, (span,), searched)
    if evidence := _by_topics(row, facts):
        return Item(key, "present", asked, evidence)
    return Item(key, "missing", asked, (), searched + _words(row, "vague"))


def _first(key: str, kind: str, told: _Told) -> PolicySpan | None:
    for sentence in told.get((key, kind), ()):
        if kind == "present" and sentence.heading:
            continue  # a heading announces; it does not say
        first, patterns, none = _book(sentence.language).rules[key, kind]
        if first.search(sentence.folded, sentence.bits, sentence.text) is None:
            continue
        for parts in patterns:
            found = [p.search(sentence.text if cased else sentence.folded) for p, cased in parts]
            if found[0] is None or not all(found):
                continue
            if none is None or none.search(sentence.folded, sentence.bits) is None:
                return sentence.span(found[0])
    return None


def _by_facts(row: Mapping[str, Any], facts: list[Fact]) -> tuple[Evidence, ...]:
    """The first words of the facts that make an item present, when there are enough of them."""
    if "facts" not in row:
        return ()
    found: dict[str, Evidence] = {}
    for fact in facts:
        if fact.stance == "declared" and fact.action in row["facts"]["actions"]:
            first = next((e for e in fact.evidence if isinstance(e, PolicySpan | ListingRow)), None)
            if first is not None and fact.subject not in ("data:personal_info", "data:third_party_data"):
                found.setdefault(fact.subject, first)
    return tuple(found.values())[:5] if len(found) >= row["facts"]["at_least"] else ()


def _by_topics(row: Mapping[str, Any], facts: list[Fact]) -> tuple[Evidence, ...]:
    topics = {f"topic:{t}" for t in row.get("topics", ())}
    return next(
        (f.evidence[:1] for f in facts if f.subject in topics and f.stance == "declared" and f.evidence), ()
    )


def _words(row: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    return tuple(p for lang in ("zh", "en") for p in row.get(kind, {}).get(lang, ()))


def _facts_words(row: Mapping[str, Any]) -> tuple[str, ...]:
    if "facts" not in row:
        return ()
    return (f"at least {row['facts']['at_least']} declared subjects: {', '.join(row['facts']['actions'])}",)


_Parts = tuple[tuple[re.Pattern[str], bool], ...]


@dataclass(frozen=True, slots=True)
class _Book:
    """The file's patterns of one language. ``skip``: sentences that only announce. ``rules``: the first part
    of every pattern, every pattern as parts with whether case counts, what rules a sentence out."""

    index: Index[_Name]
    skip: OneOf
    rules: Mapping[_Name, tuple[OneOf, tuple[_Parts, ...], OneOf | None]]


@cache
def _book(language: Language) -> _Book:
    """The file's patterns of ``language``. Those in lower case are tried on the folded sentence."""
    known = toml("completeness.toml")
    index: Index[_Name] = Index()
    rules: dict[_Name, tuple[OneOf, tuple[_Parts, ...], OneOf | None]] = {}
    for row, kind in product(known["item"], ("when", "present", "vague")):
        patterns = [pattern.split(" && ") for pattern in row.get(kind, {}).get(language, ())]
        none = row.get("none", {}).get(language, ()) if kind == "present" else ()
        rules[row["id"], kind] = (
            index.one_of(
                (p[0] for p in patterns),
                (bool(_CAPITAL.search(p[0])) for p in patterns),
                (row["id"], kind),
            ),
            tuple(tuple((re.compile(p), bool(_CAPITAL.search(p))) for p in parts) for parts in patterns),
            index.one_of(none) if none else None,
        )
    return _Book(index, index.one_of(known["skip"][language]), rules)


_CAPITAL = re.compile(r"(?<!\\)[A-Z]")

"""What a policy states besides data: retention, rights, contact, children, storage place ..."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from appaudit.policy.declarations import ReadDocument
from appaudit.policy.lexicon import words_of
from appaudit.policy.literals import Index, OneOf
from appaudit.policy.matching import MENU_PATH, has_path_sign
from appaudit.policy.scripts import lowered, simplified
from appaudit.policy.sentences import language_of

_PLACES = re.compile(r"(?:,? (?:and |or )?(?:in )?(?:the )?[A-Z][\w-]*(?: [A-Z][\w.-]*){0,2})+")
"""More places after the one that is named first: "in Frankfurt, Germany, and in Singapore"."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of topics.<language>.toml; ``menu``: a menu path must stand there."""

    kind: str
    any: OneOf | None
    all: tuple[OneOf, ...]
    none: OneOf | None
    section: re.Pattern[str] | None
    headings: bool
    menu: bool

    def find(
        self, low: str, bits: int, path: tuple[str, ...], menu: re.Match[str] | None
    ) -> tuple[int, int] | None:
        """Where the sentence states this topic, None if it does not. ``low``: it in lower case; ``bits``:
        what that holds; ``menu``: its first menu path."""
        if self.menu and menu is None:
            return None
        found = self.any.search(low, bits) if self.any is not None else menu
        if found is None:
            return None
        if self.none is not None and self.none.search(low, bits) is not None:
            return None
        if not all(p.search(low, bits) for p in self.all):
            return None
        if self.section is not None and not any(self.section.search(h.lower()) for h in path):
            return None
        return (menu if self.menu and menu is not None else found).span()


@dataclass(frozen=True, slots=True)
class Topic:
    """A statement of ``kind`` in a paragraph; offsets of the paragraph."""

    kind: str
    paragraph: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one language, in the file's order, and the index of what they look for. ``bare``: the
    numbers of those that ask for a menu path and no words."""

    index: Index[int]
    all: tuple[Rule, ...]
    bare: frozenset[int]


@cache
def rules(language: str) -> Rules:
    """The rules of one language."""
    index: Index[int] = Index()

    def one_of(patterns: list[str] | None, number: int | None = None) -> OneOf | None:
        return index.one_of(patterns, name=number) if patterns else None

    found = tuple(
        Rule(
            row["kind"],
            one_of(row.get("any"), number),
            tuple(index.one_of((p,)) for p in row.get("all", ())),
            one_of(row.get("none")),
            re.compile(row["section"]) if "section" in row else None,
            bool(row.get("headings", False)),
            bool(row.get("menu", False)),
        )
        for number, row in enumerate(words_of(f"topics.{language}")["rule"])
    )
    return Rules(index, found, frozenset(n for n, rule in enumerate(found) if rule.any is None))


def topics_of(found: ReadDocument) -> Iterator[tuple[Topic, list[Topic]]]:
    """Each statement once a line and kind, with its later copies (text that stands there twice)."""
    kept: dict[tuple[int, str], tuple[Topic, list[Topic]]] = {}
    for number, paragraph in enumerate(found.structure.paragraphs):
        if paragraph.kind == "contents":
            continue
        if paragraph.kind == "heading":
            text = simplified(paragraph.text)
            sentences = [(text, lowered(text), 0, 0, language_of(paragraph.text))]
        else:
            sentences = [(s.plain, s.low, s.start, s.repeats, s.language) for s in paragraph.sentences]
        for text, low, start, repeats, language in sentences:
            book = rules(language)
            bits = book.index.held(low)
            numbers: Iterable[int] = book.index.named(bits)
            menu = MENU_PATH.search(text) if has_path_sign(text) else None
            if menu is not None:
                numbers = sorted({*numbers, *book.bare})
            for rule in map(book.all.__getitem__, numbers):
                if paragraph.kind == "heading" and not rule.headings:
                    continue
                span = rule.find(low, bits, paragraph.path, menu)
                if span is None:
                    continue
                begin, end = _clause(text, *span)
                if rule.kind == "storage_location" and (more := _PLACES.match(text, end)) is not None:
                    end = more.end()
                topic = Topic(rule.kind, number, start + begin, start + end)
                line = paragraph.locate(topic.start)[0]
                if repeats and (repeats, rule.kind) in kept:
                    kept[repeats, rule.kind][1].append(topic)
                elif (line, rule.kind) not in kept:
                    kept[line, rule.kind] = (topic, [])
    yield from kept.values()


def _clause(text: str, start: int, end: int) -> tuple[int, int]:
    """The clause around a match: up to the comma or semicolon on either side."""
    left = max((text.rfind(c, 0, start) for c in ",，;；"), default=-1)
    right = min((p for c in ",，;；" if (p := text.find(c, end)) >= 0), default=len(text))
    while left + 1 < start and text[left + 1].isspace():
        left += 1
    return left + 1, right

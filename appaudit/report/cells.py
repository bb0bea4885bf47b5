"""Tables and their cells: what HTML, CSV, XLSX and the terminal all show.

A `Grid` is a titled table of `Cell`; a cell holds lines of finished text in the report's language, and
may hold places (evidence). Writers decide only how it looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from appaudit.records import Fact
from appaudit.report.model import AuditView
from appaudit.report.places import Place, Places
from appaudit.report.tables import (
    actors,
    subjects,
)
from appaudit.report.text import extras, fact_sentence
from appaudit.report.visible import visible
from appaudit.report.words import Words

ROWS = 1000
"""Rows a page shows of one table; CSV and JSON hold all."""

ITEMS = 6
"""Items a cell lists."""


@dataclass(frozen=True, slots=True)
class Cell:
    """``kind``: text · code · number · yes · name · inline · seen · said · places · links · blank, or an
    outcome. ``more``: places left out. ``links``: (text, anchor in the page)."""

    lines: tuple[str, ...] = ()
    kind: str = "text"
    places: tuple[Place, ...] = ()
    more: int = 0
    links: tuple[tuple[str, str], ...] = ()

    @property
    def filled(self) -> bool:
        """Whether it holds anything."""
        return bool(self.lines or self.places or self.links)

    @property
    def text(self) -> str:
        """The cell on one line."""
        return ", ".join([*self.lines, *(label for label, _ in self.links)])


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. ``more``: rows left out of ``rows``."""

    id: str
    title: str
    headers: tuple[str, ...]
    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    intro: str = ""
    more: int = 0

    def trimmed(self) -> Grid:
        """Without the columns that are empty in every row."""
        kept = [i for i in range(len(self.headers)) if any(row[i].filled for row in self.rows)]
        return replace(
            self,
            headers=tuple(self.headers[i] for i in kept),
            rows=[tuple(row[i] for i in kept) for row in self.rows],
        )


def text(value: object, kind: str = "text") -> Cell:
    """A cell of one line, hostile characters made visible; empty when there is nothing."""
    shown = visible(value) if value not in (None, "") else ""
    return Cell((shown,) if shown else (), kind)


def number(value: int) -> Cell:
    """A count, thousands grouped."""
    return Cell((f"{value:,}",), "number")


class Cells:
    """Makes tables and the cells that many of them have, of one view in one language.

    ``rows``: the most rows of a table. ``items``: the most items of a cell.
    """

    def __init__(self, view: AuditView, words: Words, rows: int = ROWS, items: int = ITEMS) -> None:
        self.view = view
        self.w = words
        self.places = Places(words, view.texts)
        self._rows = rows
        self._items = items
        self._index: dict[int, int] | None = None

    def make(
        self,
        ident: str,
        headers: Sequence[str],
        items: Sequence[Any],
        row: Callable[[Any], tuple[Cell, ...]],
        intro: str = "",
    ) -> Grid:
        """A grid whose title and headers are label keys; ``row`` runs only for rows that are kept."""
        kept = items[: self._rows]
        return Grid(
            ident,
            self.w(ident),
            tuple(self.w(h) for h in headers),
            [row(i) for i in kept],
            intro,
            len(items) - len(kept),
        )

    def listing(self, values: Iterable[str], kind: str = "text") -> Cell:
        """Several values, the rest counted."""
        every = list(dict.fromkeys(values))
        shown = every[: self._items]
        if len(every) > self._items:
            shown.append(f"… +{len(every) - self._items}")
        return Cell(tuple(shown), kind)

    def subjects(self, facts: Iterable[Fact]) -> Cell:
        """Names of the facts' subjects."""
        return self.listing((self.w.subject(s) for s in subjects(facts)), "inline")

    def actors(self, facts: Iterable[Fact]) -> Cell:
        """Names of the facts' actors, the app first."""
        return self.listing(self.w.actor(a) for a in actors(facts))

    def seen(self, facts: Sequence[Fact], source: str = "") -> Cell:
        """Who was seen doing it and how often; that ``source`` was not examined, where it was not."""
        if not facts:
            ran = not source or self.view.coverage.get(source, {}).get("examined")
            return Cell((), "blank") if ran else Cell((self.w.of("outcome", "not_examined"),), "unexamined")
        by: dict[str, int] = {}
        for fact in facts:
            by[fact.actor] = by.get(fact.actor, 0) + fact.count
        order = sorted(by, key=lambda a: (a != "app", a))
        lines = [f"{self.w.actor(a)} {self.w('times', n=by[a])}" for a in order[: self._items]]
        if len(order) > self._items:
            lines.append(f"… +{len(order) - self._items}")
        return Cell(tuple(lines), "seen")

    def said(self, facts: Sequence[Fact]) -> Cell:
        """Where the documents say it: lines, by document only when there are several."""
        if not facts:
            return Cell((), "blank")
        places, more = self.places.of_facts(facts, 3)
        return Cell((self.w("yes"),), "said", tuple(places), more)

    def _vaguely(self, facts: Sequence[Fact]) -> Cell:
        names = self.w("comma").join(self.w.subject(s) for s in subjects(facts))
        said = self.said(facts)
        return Cell((self.w("broadly", what=names),), "said", said.places, said.more)

    def evidence(self, facts: Iterable[Fact], limit: int = 4) -> Cell:
        """Places of several facts."""
        places, more = self.places.of_facts(facts, limit)
        return Cell((), "places", tuple(places), more)

    def pointers(self, facts: Iterable[Fact]) -> Cell:
        """Where facts stand in the JSON output, as JSON pointers."""
        if self._index is None:
            self._index = {id(f): i for i, f in enumerate(self.view.facts)}
        found = dict.fromkeys(self._index[id(f)] for f in facts if id(f) in self._index)
        return self.listing((f"/facts/{i}" for i in found), "pointer")

    def detail(self, key: str, value: str) -> str:
        """An attribute in words."""
        return f"{self.w.get('attribute', key)}{self.w('colon')}{visible(self.w.value(value), 120)}"

    def worded(self, ident: str, facts: list[Fact]) -> Grid:
        return self.make(
            ident,
            ("subject", "attributes", "quote"),
            facts,
            lambda f: (
                text(fact_sentence(f, self.w)),
                Cell(tuple(f"{label}: {value}" for label, value in extras(f, self.w))),
                self.evidence([f], 2),
            ),
        )

    def plain(self, ident: str, facts: list[Fact]) -> Grid:
        return self.make(
            ident,
            ("action", "subject", "actor", "attributes", "evidence"),
            facts,
            lambda f: (
                text(self.w.get("action", f.action)),
                text(self.w.subject(f.subject), "code"),
                text(self.w.actor(f.actor)),
                self.listing(self.detail(k, v) for k, v in f.attributes),
                self.evidence([f], 2),
            ),
        )

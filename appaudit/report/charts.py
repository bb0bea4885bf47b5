"""What the small charts show: numbers scaled to a box; the drawing is in reports/charts.html."""

from __future__ import annotations

from dataclasses import dataclass

from appaudit.records import Fact
from appaudit.report.model import AuditView
from appaudit.report.places import moment
from appaudit.report.tables import observed
from appaudit.report.words import Words

BARS = 8
LANES = 14
MARKS = 120


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: ``share`` is its length from 0 to 100."""

    label: str
    value: int
    share: float
    kind: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of a lane, from 0 to 1000, in one phase of the run."""

    x: float
    width: float
    phase: str
    title: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One actor and data type over the run."""

    label: str
    actor: str
    marks: list[Mark]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Lanes over ``seconds`` from ``start``; ``phases`` that occur, as (id, word)."""

    lanes: list[Lane]
    start: str
    seconds: float
    phases: list[tuple[str, str]]
    more: int


def reach_bars(view: AuditView, words: Words) -> list[Bar]:
    """How many types of data each party reaches, most first."""
    reach: dict[str, set[str]] = {}
    for fact in view.facts:
        if observed(fact) and fact.subject.startswith("data:"):
            reach.setdefault(fact.actor, set()).add(fact.subject)
    top = sorted(reach.items(), key=lambda item: (-len(item[1]), item[0]))[:BARS]
    most = max((len(s) for _, s in top), default=1)
    return [
        Bar(words.actor(actor), len(s), 100 * len(s) / most, "app" if actor == "app" else "other")
        for actor, s in top
    ]


def run_timeline(view: AuditView, words: Words) -> Timeline | None:
    """When each type of data was reached or sent; None when no fact has a time."""
    timed = [f for f in view.facts if f.first is not None and f.subject.startswith("data:")]
    if not timed:
        return None
    start = min(_first(f) for f in timed)
    end = max(_last(f) for f in timed)
    span = max(end - start, 1e-3)
    lanes: dict[tuple[str, str], list[Fact]] = {}
    for fact in timed:
        lanes.setdefault((fact.actor, fact.subject), []).append(fact)
    order = sorted(lanes.items(), key=lambda item: (min(map(_first, item[1])), item[0]))
    made = [
        Lane(
            words.subject(subject),
            words.actor(actor),
            [
                Mark(
                    round(1000 * (_first(f) - start) / span, 2),
                    round(max(6.0, 1000 * (_last(f) - _first(f)) / span), 2),
                    f.phase,
                    " · ".join(
                        (words.of("phase", f.phase), words.get("action", f.action), words("times", n=f.count))
                    ),
                )
                for f in sorted(facts, key=_first)[:MARKS]
            ],
        )
        for (actor, subject), facts in order[:LANES]
    ]
    phases = dict.fromkeys(f.phase for f in timed)
    return Timeline(
        made,
        moment(start),
        round(span, 1),
        [(p, words.of("phase", p)) for p in phases],
        len(order) - len(made),
    )


def _first(fact: Fact) -> float:
    assert fact.first is not None
    return fact.first


def _last(fact: Fact) -> float:
    return fact.last if fact.last is not None else _first(fact)

"""Conditions of statements: what each promises, read from the tokens of `Fact.condition`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from appaudit.compare.case import Case
from appaudit.compare.disclosure import GENERIC
from appaudit.compare.verdict import Verdict
from appaudit.knowledge.data_types import data_types, narrower
from appaudit.records import Fact


def conditioned(case: Case, kind: str, stance: str = "declared") -> Iterator[tuple[str, Fact]]:
    """(value, statement) of every statement about data with a condition ``kind`` or ``kind:value``."""
    for fact in case.stated:
        if fact.stance != stance or not fact.subject.startswith("data:"):
            continue
        for token in fact.condition:
            name, _, value = token.partition(":")
            if name == kind:
                yield value, fact


def statements(case: Case, kind: str) -> Iterator[Fact]:
    """Declared statements about data with a condition ``kind``, whatever its value."""
    return (fact for _, fact in conditioned(case, kind))


def collected(case: Case, statement: Fact) -> list[Fact]:
    """Observed collection that the statement is about: its data type, by its party."""
    data = statement.subject.partition(":")[2]
    return case.collected.get((case.party(statement.actor), data), [])


def covered(case: Case, statement: Fact) -> list[Fact]:
    """Observed collection, by the statement's party, of its data type and of every part of that type."""
    data = statement.subject.partition(":")[2]
    party = case.party(statement.actor)
    return [f for kind in sorted({data} | narrower(data)) for f in case.collected.get((party, kind), ())]


def around(case: Case, statement: Fact) -> list[Fact]:
    """What `covered` tells, and collection of a whole that the statement's type is the part of: a call that
    gives a location gives a coarse one."""
    data = statement.subject.partition(":")[2]
    party, types = case.party(statement.actor), data_types()
    wholes = types[data].broader if data in types else ()
    alike = [w for w in wholes if w in types and types[w].group == types[data].group]
    return [*covered(case, statement), *(f for w in alike for f in case.collected.get((party, w), ()))]


def grouped(said: Iterable[Fact]) -> list[list[Fact]]:
    """Statements of one actor about one subject together: a promise made twice is one promise."""
    found: dict[tuple[str, str], list[Fact]] = {}
    for fact in said:
        same = found.setdefault((fact.actor, fact.subject), [])
        if fact not in same:
            same.append(fact)
    return list(found.values())


def judged(
    case: Case, promises: Iterable[list[Fact]], judge: Callable[[list[Fact], list[Fact]], Verdict]
) -> Iterator[Verdict]:
    """A verdict on each promise, given its statements and what of it was observed; what nobody was seen to
    collect is `uncollected`."""
    unseen = []
    for said in promises:
        if observed := covered(case, said[0]):
            yield judge(said, observed)
        else:
            unseen.append(said[0])
    yield from uncollected(unseen)


def uncollected(promises: Iterable[Fact]) -> Iterator[Verdict]:
    """One answer for all promises on data that nobody was seen to collect: neither kept nor broken. Words
    such as "personal information" promise nothing about a type."""
    said = [statement for statement in promises if statement.subject[5:] not in GENERIC]
    if said:
        data = " ".join(dict.fromkeys(f.subject.partition(":")[2] for f in said))
        needs = (("needs", f"run_collecting:{data}"),)
        yield Verdict(
            "not_examined", "app", "collects", "topic:collection", tuple(said[:20]), attributes=needs
        )

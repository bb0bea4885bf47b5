"""Conditions of statements: what each promises, read from the tokens of `Fact.condition`."""

from __future__ import annotations

from collections.abc import Iterator

from appaudit.compare.case import Case
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


def collected(case: Case, statement: Fact) -> list[Fact]:
    """Observed collection that the statement is about: its data type, by its party."""
    data = statement.subject.partition(":")[2]
    return case.collected.get((case.party(statement.actor), data), [])

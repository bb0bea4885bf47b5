"""The ontology of data types: exact types, the broader words that mean them vaguely."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from appaudit.knowledge.load import toml


@dataclass(frozen=True, slots=True)
class DataType:
    """One row of data_types.toml.

    ``sensitivity``: high · medium · low. ``broader``: ids. ``permissions``: full Android names.
    ``said_as``: broader types whose usual words name this one well enough.
    """

    id: str
    group: str
    zh: str
    en: str
    sensitivity: str = "medium"
    broader: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    play: str = ""
    said_as: tuple[str, ...] = ()


@cache
def data_types() -> dict[str, DataType]:
    """Every data type by id, in the file's order."""
    return {
        row["id"]: DataType(
            row["id"],
            row["group"],
            row["zh"],
            row["en"],
            row["sensitivity"],
            tuple(row.get("broader", ())),
            tuple(row.get("permissions", ())),
            row.get("play", ""),
            tuple(row.get("said_as", ())),
        )
        for row in toml("data_types.toml")["data_type"]
    }


@cache
def distance(exact: str, said: str) -> int | None:
    """Steps from ``exact`` up to the broader type ``said``: 0 the same, None unrelated."""
    types = data_types()
    frontier, steps, seen = {exact}, 0, {exact}
    while frontier:
        if said in frontier:
            return steps
        frontier = {b for t in frontier if t in types for b in types[t].broader} - seen
        seen |= frontier
        steps += 1
    return None


@cache
def narrower(broad: str) -> frozenset[str]:
    """Every type that ``broad`` names only vaguely."""
    return frozenset(t for t in data_types() if distance(t, broad))


def related(one: str, other: str) -> bool:
    """Whether one of the types is the other, or a broader term for it."""
    return distance(one, other) is not None or distance(other, one) is not None


def said_as(data: str) -> tuple[str, ...]:
    """The types whose declaration declares ``data`` itself: its own and those that name it well enough."""
    known = data_types().get(data)
    return (data, *known.said_as) if known else (data,)

"""Disclosure of one (party, data type): clear, vague, omitted, incorrect or ambiguous.

The classes are the field's (a denial under a condition, "not unless you agree", says by implication that it
may happen: vague, no step away): clear, the same type (or a part of it) for the right party; vague, only a
broader term; omitted, nothing, or only for earlier versions of the app; incorrect, denied; ambiguous,
declared and denied.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from appaudit.compare.case import Case, leaves
from appaudit.knowledge.data_types import data_types, distance, narrower, said_as
from appaudit.records import Disclosure, Fact

GENERIC = frozenset(t.id for t in data_types().values() if t.group == "generic")
"""Words such as "personal information" that promise nothing about a type, and deny nothing either."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """``statements``: what the class rests on. ``said``: the nearest broader type, ``degree`` steps away."""

    disclosure: Disclosure
    statements: tuple[Fact, ...] = ()
    said: str = ""
    degree: int = 0

    @property
    def implied(self) -> bool:
        """Whether only a denial under a condition speaks of the type."""
        return self.disclosure == "vague" and self.degree == 0


def told(said: Iterable[Fact]) -> Disclosure:
    """Class of what is said of a permission or power: it is explained, denied, both, or neither."""
    stances = {f.stance for f in said}
    if "denied" in stances:
        return "ambiguous" if "declared" in stances else "incorrect"
    return "clear" if stances else "omitted"


@cache
def broader(data: str) -> dict[str, int]:
    """Every broader type of one, in the ontology's order, with the steps up to it."""
    return {said: steps for said in data_types() if (steps := distance(data, said))}


def _speaks_for(statement: Fact, party: str) -> bool:
    """Whether a statement is about this party: data declared for the app is not declared for an SDK."""
    if party == "app":
        return statement.actor == "app"
    return party in (statement.actor, statement.recipient)


def _flat(statement: Fact) -> bool:
    """A denial without conditions. "Not unless …" promises a condition, not absence."""
    return statement.stance == "denied" and not statement.condition


def _contradicts(case: Case, denial: Fact, observed: list[Fact]) -> bool:
    """A denial of collecting is broken by any access; a denial of sharing only by sending to others."""
    if denial.action == "collects":
        return True
    return any(f.action == "shares" or (f.action == "sends" and case.receiver(f) != "app") for f in observed)


def means(said: str, data: str) -> bool:
    """Whether denying a broader word denies the type: "location" means GPS positions, not Wi-Fi names that
    could tell one."""
    types = data_types()
    if data not in types or said not in types[data].broader:
        return False
    alone = all(distance(other, said) is not None for other in types[data].broader)
    return alone or types[data].group == types[said].group


def _stays(statement: Fact) -> bool:
    return statement.action == "processes_locally" or "local_only" in statement.condition


def judge(case: Case, party: str, data: str, observed: list[Fact]) -> Judgement:
    """Class the disclosure of ``data`` collected by ``party``. Several rules ask: judged once a case."""
    known = case.judged.get((party, data))
    if known is None:
        known = case.judged[party, data] = _judge(case, party, data, observed)
    return known


def _judge(case: Case, party: str, data: str, observed: list[Fact]) -> Judgement:
    exact = [f for said in said_as(data) for f in case.declared(said) if _speaks_for(f, party)]
    denials = [
        f
        for said in said_as(data)
        for f in case.denied(said)
        if _speaks_for(f, party) and _flat(f) and _contradicts(case, f, observed)
    ]
    if denials:
        if exact:
            return Judgement("ambiguous", (*denials, *exact))
        return Judgement("incorrect", tuple(denials))
    if exact:
        return _declared(exact, observed)
    parts = [f for n in sorted(narrower(data)) for f in case.declared(n) if _speaks_for(f, party)]
    if parts:
        return _declared(parts, observed)
    whole = [
        f
        for said in broader(data)
        if said not in GENERIC and means(said, data)
        for f in case.denied(said)
        if _speaks_for(f, party) and _flat(f) and _contradicts(case, f, observed) and not case.defined(f)
    ]
    if whole:
        return Judgement("incorrect", tuple(whole))
    vague = _vague(case, party, data)
    if vague is not None:
        return vague
    implied = [
        f
        for said in said_as(data)
        for f in case.denied(said)
        if _speaks_for(f, party) and not _flat(f) and _contradicts(case, f, observed)
    ]
    if implied:
        return Judgement("vague", tuple(implied), data)
    lapsed = [f for said in said_as(data) for f in case.lapsed(said) if _speaks_for(f, party)]
    return Judgement("omitted", tuple(lapsed))


def _declared(statements: list[Fact], observed: list[Fact]) -> Judgement:
    """Clear, unless every statement keeps the data on the device and it left."""
    broken = leaves(observed) and all(_stays(f) for f in statements)
    return Judgement("incorrect" if broken else "clear", tuple(statements))


def _vague(case: Case, party: str, data: str) -> Judgement | None:
    """The nearest broader term said of this party that is not defined to mean something else."""
    best: Judgement | None = None
    for said, steps in broader(data).items():
        if said in GENERIC or (best is not None and steps >= best.degree):
            continue
        statements = [f for f in case.declared(said) if _speaks_for(f, party) and not case.defined(f)]
        if statements:
            best = Judgement("vague", tuple(statements), said, steps)
    return best

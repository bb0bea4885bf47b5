"""Access and contact side by side in time: what a host of a third party was told of, seconds later."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import replace

from appaudit.records import Fact, FlowField, Stack

WITHIN = 10.0
"""Seconds after an access in which a contact counts as following it. Following is not causing: a lead."""


def followed(facts: Iterable[Fact]) -> list[Fact]:
    """The facts; an access of a run that a contact of somebody else's host followed tells so in its attribute
    ``followed_by`` (``host 1.2 s later, 3 of 4``: the soonest, and how many of the known accesses were)."""
    facts = list(facts)
    contacts = sorted(
        (moment, fact.subject.removeprefix("host:"))
        for fact in facts
        if fact.source == "traffic" and fact.action == "contacts" and _party(fact)
        for moment in _moments(fact)
    )
    if not contacts:
        return facts
    return [_marked(f, contacts) if _is_access(f) else f for f in facts]


def _is_access(fact: Fact) -> bool:
    return fact.source == "dynamic" and fact.action == "accesses" and fact.subject.startswith("data:")


def _party(fact: Fact) -> bool:
    """Whether a host is an SDK's or another party's, not the app's own."""
    return fact.actor not in ("app", "unknown") or (fact.recipient or "").startswith(("sdk:", "party:"))


def _moments(fact: Fact) -> list[float]:
    """When it happened, as far as known."""
    told = [e.time for e in fact.evidence if isinstance(e, Stack | FlowField) and e.time is not None]
    listed = fact.attribute.get("times", "").split()
    return told or [float(t) for t in listed] or [t for t in (fact.first, fact.last) if t is not None]


def _marked(fact: Fact, contacts: Sequence[tuple[float, str]]) -> Fact:
    vague = float(fact.attribute.get("precision", "0").split()[0])
    moments = sorted(set(_moments(fact)))
    delays: list[tuple[float, str]] = []
    for moment in moments:
        at = bisect.bisect_left(contacts, (moment, ""))
        if at < len(contacts) and contacts[at][0] - moment <= WITHIN + vague:
            delays.append((contacts[at][0] - moment, contacts[at][1]))
    if not delays:
        return fact
    delay, host = min(delays)
    words = f"{host} {delay:.1f} s later, {len(delays)} of {len(moments)}"
    attributes = {**fact.attribute, "followed_by": words}
    return replace(fact, attributes=tuple(sorted(attributes.items())))

"""Collects evidence into facts: one fact a key, exact counts, a bounded list of evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from appaudit.records import Evidence, Fact

MAX_EVIDENCE = 200
"""Pieces of evidence a fact keeps; its ``count`` stays exact."""

Attributes = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Draft:
    evidence: list[Evidence] = field(default_factory=list)
    count: int = 0
    lists: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Key:
    """What makes two observations the same fact."""

    actor: str
    action: str
    subject: str
    attributes: Attributes = ()


class Drafts:
    """Facts in the making, in the order in which they were first seen."""

    def __init__(self) -> None:
        self._drafts: dict[Key, _Draft] = {}

    def add(self, key: Key, evidence: Evidence | None = None, count: int = 1, **lists: str) -> None:
        """One more observation. ``lists``: attributes that gather distinct values."""
        draft = self._drafts.setdefault(key, _Draft())
        draft.count += count
        if evidence is not None and len(draft.evidence) < MAX_EVIDENCE:
            draft.evidence.append(evidence)
        for name, value in lists.items():
            values = draft.lists.setdefault(name, [])
            if value and value not in values and len(values) < MAX_EVIDENCE:
                values.append(value)

    def full(self, key: Key) -> bool:
        """Whether more evidence for this key would not be kept."""
        draft = self._drafts.get(key)
        return draft is not None and len(draft.evidence) >= MAX_EVIDENCE

    def facts(self) -> list[Fact]:
        """The facts."""
        return [
            observed(key.actor, key.action, key.subject, d.evidence, d.count, key.attributes, d.lists)
            for key, d in self._drafts.items()
        ]


def observed(
    actor: str,
    action: str,
    subject: str,
    evidence: Iterable[Evidence] = (),
    count: int | None = None,
    attributes: Iterable[tuple[str, str]] = (),
    lists: dict[str, list[str]] | None = None,
) -> Fact:
    """A static fact. Empty attributes are left out, those of ``lists`` joined by a blank."""
    kept = tuple(evidence)
    total = max(len(kept), 1) if count is None else count
    merged = {name: value for name, value in attributes if value}
    merged |= {name: " ".join(values) for name, values in (lists or {}).items() if values}
    if kept and total > len(kept) >= MAX_EVIDENCE:
        merged["evidence"] = f"first {len(kept)} of {total}"
    pairs = tuple(sorted(merged.items()))
    return Fact("static", "observed", actor, action, subject, count=total, evidence=kept, attributes=pairs)

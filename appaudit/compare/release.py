"""What one release adds to or drops from another, stable under an obfuscator's new names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from appaudit.compare.baseline import OPEN
from appaudit.records import Fact, Finding

Kind = Literal["permission", "data", "sdk", "host", "component", "setting", "finding"]

_ACTIONS: dict[str, Kind] = {
    "requests": "permission",
    "accesses": "data",
    "sends": "data",
    "embeds": "sdk",
    "contacts": "host",
    "exposes": "component",
    "uses": "setting",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``before``/``after``: versions of an SDK, values of a setting; else empty."""

    change: Literal["added", "dropped", "changed"]
    kind: Kind
    subject: str
    actor: str
    before: str = ""
    after: str = ""
    rule: str = ""


def _key(fact: Fact) -> tuple[Kind, str, str] | None:
    """Never the app's own class names, which change with each obfuscated build; unattributed code is the
    app's, since a class whose package an obfuscator removed belongs to nobody we can name."""
    kind = _ACTIONS.get(fact.action)
    subject_kind = fact.subject.partition(":")[0]
    if kind is None or subject_kind != kind:
        return None
    actor = "app" if fact.actor == "unknown" else fact.actor
    return kind, fact.subject, actor


def _value(fact: Fact) -> str:
    return fact.attribute.get("version", "") or fact.attribute.get("value", "")


def _index(facts: Iterable[Fact]) -> dict[tuple[Kind, str, str], set[str]]:
    found: dict[tuple[Kind, str, str], set[str]] = {}
    for fact in facts:
        if fact.source != "static" or fact.stance != "observed":
            continue
        key = _key(fact)
        if key is not None:
            found.setdefault(key, set()).add(_value(fact))
    return found


def changes(
    old: Sequence[Fact],
    new: Sequence[Fact],
    old_findings: Sequence[Finding] = (),
    new_findings: Sequence[Finding] = (),
) -> list[Change]:
    """Every difference, sorted: kind, then added, changed, dropped."""
    before, after = _index(old), _index(new)
    found: list[Change] = []
    for key in after.keys() - before.keys():
        found.append(Change("added", *key, after=_text(after[key])))
    for key in before.keys() - after.keys():
        found.append(Change("dropped", *key, before=_text(before[key])))
    for key in before.keys() & after.keys():
        if before[key] != after[key]:
            found.append(Change("changed", *key, before=_text(before[key]), after=_text(after[key])))
    was = {f.fingerprint: f for f in old_findings if f.outcome in OPEN}
    now = {f.fingerprint: f for f in new_findings if f.outcome in OPEN}
    found += [_finding("added", now[p]) for p in now.keys() - was.keys()]
    found += [_finding("dropped", was[p]) for p in was.keys() - now.keys()]
    order = ("added", "changed", "dropped")
    return sorted(found, key=lambda c: (c.kind, order.index(c.change), c.subject, c.actor, c.rule))


def _finding(change: Literal["added", "dropped"], finding: Finding) -> Change:
    return Change(change, "finding", finding.subject, finding.actor, rule=finding.rule)


def _text(values: set[str]) -> str:
    return ", ".join(sorted(v for v in values if v))

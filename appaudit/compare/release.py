"""What one release adds to or drops from another, stable under an obfuscator's new names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from appaudit.compare.baseline import OPEN
from appaudit.knowledge.sdks import sdks
from appaudit.records import Evidence, Fact, Finding

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
    """One difference. ``before``/``after``: versions of an SDK, values of a setting; else empty.

    ``renamed``: an SDK that is gone, while all it reached is now reached by code nobody can name, as an
    obfuscator leaves it. A guess: nothing else tells it from a removal.
    """

    change: Literal["added", "dropped", "changed", "renamed"]
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
    renamed = _renamed(before, after, new)
    moved = {key[:2] for key in before if key[2] in renamed}
    found: list[Change] = []
    merged = _merged(before, new)
    shared = _shared(merged, new)
    held = {subject for subject, _ in shared}
    for key in after.keys() - before.keys():
        if (key[:2] in moved and key[2] == "app") or key[1:] in shared:
            continue
        found.append(Change("added", *key, after=_text(after[key])))
    for key in before.keys() - after.keys():
        if key[1] in renamed:
            found.append(Change("renamed", *key, before=_text(before[key])))
        elif key[2] not in renamed:
            found.append(Change("dropped", *key, before=_text(before[key])))
    for key in before.keys() & after.keys():
        if before[key] != after[key]:
            found.append(Change("changed", *key, before=_text(before[key]), after=_text(after[key])))
    was = {f.fingerprint: f for f in old_findings if f.outcome in OPEN}
    now = {f.fingerprint: f for f in new_findings if f.outcome in OPEN}
    subjects = {subject for _, subject in moved} | renamed
    found += [
        _finding("added", now[p])
        for p in now.keys() - was.keys()
        if (now[p].actor != "app" or now[p].subject not in subjects)
        and (now[p].subject, now[p].actor) not in shared
        and not (now[p].subject in held and _stands_in(now[p], merged))
    ]
    found += [
        _finding("dropped", was[p])
        for p in was.keys() - now.keys()
        if was[p].actor not in renamed and was[p].subject not in renamed
    ]
    order = ("added", "changed", "renamed", "dropped")
    return sorted(found, key=lambda c: (c.kind, order.index(c.change), c.subject, c.actor, c.rule))


Key = tuple[Kind, str, str]


def _renamed(before: Mapping[Key, object], after: Mapping[Key, object], new: Iterable[Fact]) -> set[str]:
    """Actors of SDKs that are gone, all of whose data and hosts unattributed code has now; and parts of the
    same company's that have neither."""
    nameless = {f.subject for f in new if f.source == "static" and f.actor == "unknown"}
    gone = {k[1] for k in before.keys() - after.keys() if k[0] == "sdk"}
    reached: dict[str, set[str]] = {sdk: set() for sdk in gone}
    for kind, subject, actor in before:
        if actor in gone and kind in ("data", "host"):
            reached[actor].add(subject)
    found = {sdk for sdk, subjects in reached.items() if subjects and subjects <= nameless}
    firms = {_company(sdk) for sdk in found} - {""}
    return found | {sdk for sdk, subjects in reached.items() if not subjects and _company(sdk) in firms}


def _merged(before: Mapping[Key, object], new: Sequence[Fact]) -> dict[str, set[Evidence]]:
    """Reads that the app did before, and that now stand in code nobody can name: subject → evidence."""
    found: dict[str, set[Evidence]] = {}
    for fact in new:
        known = ("data", fact.subject, "app") in before
        if known and fact.source == "static" and fact.actor == "unknown":
            found.setdefault(fact.subject, set()).update(fact.evidence)
    return found


def _shared(merged: Mapping[str, set[Evidence]], new: Sequence[Fact]) -> set[tuple[str, str]]:
    """(subject, SDK) of reads in such code that the SDK can call: an obfuscator merges classes of the app
    into those of others."""
    return {
        (fact.subject, fact.actor)
        for fact in new
        if fact.source == "static"
        and fact.actor.startswith("sdk:")
        and fact.evidence
        and merged.get(fact.subject, set()).issuperset(fact.evidence)
    }


def _stands_in(finding: Finding, merged: Mapping[str, set[Evidence]]) -> bool:
    """Whether all that a finding of the app's rests on stands in code that it now shares with an SDK: who
    calls it, and when, can then not be told."""
    seen = {e for f in finding.facts if f.stance == "observed" for e in f.evidence}
    return finding.actor == "app" and bool(seen) and seen <= merged.get(finding.subject, set())


def _company(actor: str) -> str:
    sdk = sdks().get(actor.partition(":")[2])
    return sdk.company if sdk else ""


def _finding(change: Literal["added", "dropped"], finding: Finding) -> Change:
    return Change(change, "finding", finding.subject, finding.actor, rule=finding.rule)


def _text(values: set[str]) -> str:
    return ", ".join(sorted(v for v in values if v))

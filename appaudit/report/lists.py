"""The two lists regulators ask for, drafted from evidence.

One row per party and type of data collected; one row per third party that can receive data. What no
evidence tells (a purpose nobody declared, the scene) stays open for the operator to fill in.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from appaudit.knowledge.data_types import data_types, distance
from appaudit.knowledge.sdks import companies, sdks
from appaudit.records import IMPLIED, Fact
from appaudit.report.model import AuditView, Lang
from appaudit.report.tables import observed, subject_id

COLLECTS = frozenset({"accesses", "sends", "stores", "collects"})


@dataclass(slots=True)
class CollectedRow:
    """A type of data and who collects it. ``seen``: the deeds; ``said``: the words that cover them."""

    actor: str
    subject: str
    seen: list[Fact] = field(default_factory=list)
    said: list[Fact] = field(default_factory=list)


@dataclass(slots=True)
class SharedRow:
    """A third party. ``party``: ``sdk:<id>``, ``party:<words>`` or ``host:<name>``.

    ``seen``: data it was seen to reach or get; ``said``: what the documents say it gets; ``vendor``:
    ids of data types its maker says it collects; ``proof``: how it was found.
    """

    party: str
    company: str = ""
    link: str = ""
    proof: list[Fact] = field(default_factory=list)
    seen: list[Fact] = field(default_factory=list)
    said: list[Fact] = field(default_factory=list)
    vendor: tuple[str, ...] = ()


def collected_rows(view: AuditView) -> list[CollectedRow]:
    """What is collected, by whom: the app first, then in the ontology's order.

    What is only declared has its row too, without deeds; a denied type without deeds has none.
    """
    rows: dict[tuple[str, str], CollectedRow] = {}
    said = [
        f
        for f in view.facts
        if f.stance == "declared" and f.subject.startswith("data:") and IMPLIED not in f.attributes
    ]
    for fact in view.facts:
        if fact.subject.startswith("data:") and observed(fact) and fact.action in COLLECTS:
            key = (fact.actor, fact.subject)
            rows.setdefault(key, CollectedRow(*key)).seen.append(fact)
    for fact in said:
        for row in rows.values():
            if row.actor == fact.actor and distance(row.subject[5:], subject_id(fact)) is not None:
                row.said.append(fact)
    for fact in said:
        key = (fact.actor, fact.subject)
        if fact.action == "collects" and key not in rows:
            rows[key] = CollectedRow(*key, said=[f for f in said if (f.actor, f.subject) == key])
    order = {f"data:{key}": i for i, key in enumerate(data_types())}
    return sorted(
        rows.values(),
        key=lambda r: (r.actor != "app", r.actor, not r.seen, order.get(r.subject, len(order)), r.subject),
    )


def shared_rows(view: AuditView, lang: Lang) -> list[SharedRow]:
    """Third parties in the package, in traffic or in the documents; library code without a service and
    without data is left out."""
    rows: dict[str, SharedRow] = {}

    def row_of(party: str) -> SharedRow:
        return rows.setdefault(party, SharedRow(party))

    for fact in view.facts:
        if IMPLIED in fact.attributes:
            continue
        third = fact.actor if fact.actor.startswith(("sdk:", "party:")) else ""
        if fact.subject.startswith("sdk:"):
            row = row_of(fact.subject)
            (row.proof if observed(fact) else row.said).append(fact)
        elif third and fact.subject.startswith("data:"):
            (row_of(third).seen if observed(fact) else row_of(third).said).append(fact)
        elif fact.action == "shares" and fact.recipient and fact.stance == "declared":
            row_of(fact.recipient).said.append(fact)
        elif fact.action in ("sends", "shares") and fact.recipient and observed(fact):
            row_of(fact.recipient).seen.append(fact)
    for party, row in rows.items():
        sdk = sdks().get(party[4:]) if party.startswith("sdk:") else None
        if sdk is not None:
            company = companies().get(sdk.company)
            if company is not None:
                row.company = (company.zh or company.en) if lang == "zh" else (company.en or company.zh)
            row.link = sdk.policy
            row.vendor = sdk.collects
    kept = [r for r in rows.values() if r.seen or r.said or not _plumbing(r.party)]
    return sorted(kept, key=lambda r: (not r.party.startswith("sdk:"), not r.proof, r.party))


def _plumbing(party: str) -> bool:
    sdk = sdks().get(party.removeprefix("sdk:"))
    return sdk is not None and sdk.plumbing

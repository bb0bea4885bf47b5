"""The tables of a report, derived from a view's records: data, permissions, SDKs, hosts, calls.

Each function makes one pass over the facts and returns rows in a stable order. Rows keep the facts they
came from, so that every cell can be traced.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from appaudit.knowledge.data_types import data_types, distance
from appaudit.knowledge.permissions import permission
from appaudit.records import IMPLIED, Fact, Finding, Outcome, Severity
from appaudit.report.model import AuditView, suppressed

LEVELS = ("dangerous", "special", "normal", "signature", "internal", "unknown")
"""Protection levels, those that open personal data first."""


@dataclass(slots=True)
class DataRow:
    """A data type: who says what about it, who does what with it. ``broader``: declarations of a broader
    term, where nothing declares the type itself."""

    subject: str
    collected: list[Fact] = field(default_factory=list)
    shared: list[Fact] = field(default_factory=list)
    denied: list[Fact] = field(default_factory=list)
    static: list[Fact] = field(default_factory=list)
    dynamic: list[Fact] = field(default_factory=list)
    traffic: list[Fact] = field(default_factory=list)
    broader: list[Fact] = field(default_factory=list)

    @property
    def observed(self) -> list[Fact]:
        """Facts of all three observing sources."""
        return self.static + self.dynamic + self.traffic

    @property
    def declared(self) -> list[Fact]:
        """Facts that declare, not those that deny."""
        return self.collected + self.shared


@dataclass(slots=True)
class PermissionRow:
    """A permission, four ways. ``level``: its protection; ``names``: in Chinese and English, may be empty;
    ``manifest`` holds the declaring facts, ``unlocks`` data type ids."""

    name: str
    level: str
    names: tuple[str, str]
    manifest: list[Fact] = field(default_factory=list)
    used: list[Fact] = field(default_factory=list)
    asked: list[Fact] = field(default_factory=list)
    policy: list[Fact] = field(default_factory=list)
    unlocks: tuple[str, ...] = ()


@dataclass(slots=True)
class SdkRow:
    """An SDK: how it was found, the data it reaches, the hosts it contacts, who discloses it; ``alone``:
    uses of permissions that nobody else in the app has a use for; ``starts``: what runs of it by itself,
    on events of the system or when the app starts."""

    id: str
    found: list[Fact] = field(default_factory=list)
    reaches: list[Fact] = field(default_factory=list)
    hosts: list[Fact] = field(default_factory=list)
    disclosed: list[Fact] = field(default_factory=list)
    alone: list[Fact] = field(default_factory=list)
    starts: list[Fact] = field(default_factory=list)


@dataclass(slots=True)
class HostRow:
    """A host: who contacts it, where that was seen, and the data sent to it."""

    host: str
    contacts: list[Fact] = field(default_factory=list)
    sends: list[Fact] = field(default_factory=list)


@dataclass(slots=True)
class CallRow:
    """Accesses by one actor to one type of data through one interface in one phase."""

    actor: str
    subject: str
    api: str
    phase: str
    source: str
    facts: list[Fact]

    @property
    def count(self) -> int:
        """Call sites, or calls of a run."""
        return sum(f.count for f in self.facts)


def observed(fact: Fact) -> bool:
    """Whether the fact is behaviour, not words."""
    return fact.stance == "observed"


def subject_id(fact: Fact) -> str:
    """The subject without its prefix."""
    return fact.subject.partition(":")[2]


def data_rows(view: AuditView) -> list[DataRow]:
    """Every data type that is said or seen: what is seen and not said first."""
    rows: dict[str, DataRow] = {}
    for fact in view.facts:
        if not fact.subject.startswith("data:") or IMPLIED in fact.attributes:
            continue
        row = rows.setdefault(fact.subject, DataRow(fact.subject))
        if observed(fact):
            {"static": row.static, "dynamic": row.dynamic, "traffic": row.traffic}[fact.source].append(fact)
        elif fact.stance == "denied":
            row.denied.append(fact)
        elif fact.action == "shares":
            row.shared.append(fact)
        else:
            row.collected.append(fact)
    for row in rows.values():
        if row.observed and not row.declared:
            row.broader = [
                f
                for said in rows.values()
                if distance(row.subject[5:], said.subject[5:])
                for f in said.collected
            ]
    order = {f"data:{key}": i for i, key in enumerate(data_types())}
    return sorted(
        rows.values(),
        key=lambda r: (not r.observed, bool(r.declared), order.get(r.subject, len(order)), r.subject),
    )


def permission_rows(view: AuditView) -> list[PermissionRow]:
    """Every permission that the manifest, code, run or policy names."""
    rows: dict[str, PermissionRow] = {}

    def row_of(name: str) -> PermissionRow:
        known = permission(name)
        return rows.setdefault(
            name, PermissionRow(name, known.level, (known.zh, known.en), unlocks=known.data)
        )

    for fact in view.facts:
        if fact.subject.startswith("permission:"):
            row = row_of(subject_id(fact))
            if not observed(fact):
                row.policy.append(fact)
            elif fact.source == "static" and fact.action == "requests":
                row.manifest.append(fact)
            elif fact.source == "static":
                row.used.append(fact)
            else:
                row.asked.append(fact)
    return sorted(rows.values(), key=lambda r: (not r.manifest, LEVELS.index(r.level), r.name))


def _needing(facts: Iterable[Fact]) -> dict[str, set[str]]:
    """Permission → the parties whose code uses it."""
    found: dict[str, set[str]] = {}
    for fact in facts:
        if observed(fact) and fact.action == "uses" and fact.subject.startswith("permission:"):
            found.setdefault(fact.subject, set()).add(fact.actor)
    return found


def _adds_permission(fact: Fact, needing: dict[str, set[str]]) -> bool:
    """Whether it is an SDK's manifest that asks for a permission that no other code uses."""
    sdk = fact.attribute.get("sdk") if fact.action == "requests" and observed(fact) else None
    return bool(sdk) and needing.get(fact.subject, set()) <= {f"sdk:{sdk}"}


def sdk_rows(view: AuditView) -> list[SdkRow]:
    """Every SDK found in the package, seen at run time, or disclosed; undisclosed ones first."""
    rows: dict[str, SdkRow] = {}
    needing = _needing(view.facts)

    def row_of(ident: str) -> SdkRow:
        return rows.setdefault(ident, SdkRow(ident))

    for fact in view.facts:
        by_sdk = fact.actor.startswith("sdk:")
        if fact.subject.startswith("sdk:"):
            row = row_of(subject_id(fact))
            (row.found if observed(fact) else row.disclosed).append(fact)
            if observed(fact) and "startup" in fact.attribute:
                row.starts.append(fact)
        elif _adds_permission(fact, needing):
            row_of(fact.attribute["sdk"]).alone.append(fact)
        elif by_sdk and observed(fact):
            row = row_of(fact.actor[4:])
            if fact.subject.startswith("data:"):
                row.reaches.append(fact)
            elif fact.subject.startswith("host:"):
                row.hosts.append(fact)
            elif fact.action == "uses" and needing.get(fact.subject) == {fact.actor}:
                row.alone.append(fact)
            if fact.action == "starts" or "startup" in fact.attribute:
                row.starts.append(fact)
        elif by_sdk:
            row_of(fact.actor[4:]).disclosed.append(fact)
        if not observed(fact) and (fact.recipient or "").startswith("sdk:"):
            row_of((fact.recipient or "")[4:]).disclosed.append(fact)
    return sorted(
        rows.values(),
        key=lambda r: (not (r.found or r.reaches), bool(r.disclosed), -len(subjects(r.reaches)), r.id),
    )


def host_rows(view: AuditView) -> list[HostRow]:
    """Every host that code names or traffic reached; those that got personal data first."""
    rows: dict[str, HostRow] = {}
    for fact in view.facts:
        if not observed(fact):
            continue
        if fact.subject.startswith("host:"):
            rows.setdefault(subject_id(fact), HostRow(subject_id(fact))).contacts.append(fact)
        elif fact.action in ("sends", "shares") and (fact.recipient or "").startswith("host:"):
            host = (fact.recipient or "")[5:]
            rows.setdefault(host, HostRow(host)).sends.append(fact)
    return sorted(
        rows.values(),
        key=lambda r: (-len(subjects(r.sends)), not any(f.source != "static" for f in r.contacts), r.host),
    )


def call_rows(view: AuditView) -> list[CallRow]:
    """Accesses to personal data by actor, type, interface and phase."""
    rows: dict[tuple[str, str, str, str, str], CallRow] = {}
    for fact in view.facts:
        if observed(fact) and fact.subject.startswith("data:") and fact.action == "accesses":
            api = fact.attribute.get("api", "")
            key = (fact.actor, fact.subject, api, fact.phase, fact.source)
            if key in rows:
                rows[key].facts.append(fact)
            else:
                rows[key] = CallRow(*key, facts=[fact])
    return sorted(
        rows.values(), key=lambda r: (r.actor != "app", r.actor, r.subject, r.source, r.phase, r.api)
    )


def facts_where(view: AuditView, keep: Callable[[Fact], bool]) -> list[Fact]:
    """Facts that pass, by actor and subject."""
    return sorted(filter(keep, view.facts), key=lambda f: (f.action, f.subject, f.actor))


def subjects(facts: Iterable[Fact]) -> list[str]:
    """Distinct subjects, in first-seen order."""
    return list(dict.fromkeys(f.subject for f in facts))


def actors(facts: Iterable[Fact]) -> list[str]:
    """Distinct actors, the app first."""
    return sorted(dict.fromkeys(f.actor for f in facts), key=lambda a: (a != "app", a))


@dataclass(frozen=True, slots=True)
class Counts:
    """How many findings, suppressed ones apart; ``by_status`` against an earlier audit counts them too."""

    by_outcome: Counter[Outcome]
    by_severity: Counter[tuple[Outcome, Severity]]
    suppressed: int
    by_status: Counter[str]

    @property
    def minor(self) -> int:
        """Violations of severity low or info: they do not make the headline."""
        return self.by_severity["violation", "low"] + self.by_severity["violation", "info"]

    @property
    def serious(self) -> int:
        """Violations of severity medium or worse."""
        return self.by_outcome["violation"] - self.minor


def counts(findings: Iterable[Finding]) -> Counts:
    """Counts over findings that are not set aside."""
    by_outcome: Counter[Outcome] = Counter()
    by_severity: Counter[tuple[Outcome, Severity]] = Counter()
    by_status: Counter[str] = Counter()
    aside = 0
    for finding in findings:
        by_status.update(value for key, value in finding.attributes if key == "status")
        if suppressed(finding):
            aside += 1
            continue
        by_outcome[finding.outcome] += 1
        by_severity[finding.outcome, finding.severity] += 1
    return Counts(by_outcome, by_severity, aside, by_status)

"""Everything known about one app, indexed for the rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from appaudit.compare.sentences import Sentences
from appaudit.compare.versions import version_key
from appaudit.knowledge import sdks
from appaudit.knowledge.data_types import data_types
from appaudit.records import IMPLIED, LEAVING, App, Fact, Gap, Phase, PolicySpan, Source

COLLECTING = LEAVING | {"accesses", "collects"}
"""Observed actions by which an actor comes to hold a data type."""


METADATA = ("role", "metadata")
"""Attribute of a fact that tells of data without holding it."""

UNREAD = (
    "packed_dex",
    "protected_code",
    "missing_code",
    "unreadable_apk",
    "unreadable_dex",
    "no_dex",
    "no_code",
    "java_bytecode",
    "framework_code",
    "hermes_bytecode",
)
"""Gaps behind which code may hide: nothing found there proves nothing."""

UNTOLD = ("missing_base", "missing_manifest", "unreadable_apk", "unreadable_manifest")
"""Gaps behind which permissions and components may hide."""


def live(facts: Iterable[Fact]) -> list[Fact]:
    """Those seen in a run or its traffic whose phase is known."""
    return [f for f in facts if f.source in ("dynamic", "traffic") and f.phase != "unknown"]


def leaves(facts: Iterable[Fact]) -> bool:
    """Whether data was seen to leave the device."""
    return any(f.action in LEAVING for f in facts)


class Case:
    """The facts of one audit. ``examined`` names the producers that ran; a producer that did not run
    proves nothing."""

    def __init__(
        self,
        facts: Sequence[Fact],
        gaps: Sequence[Gap] = (),
        app: App | None = None,
        examined: Iterable[Source] = (),
        category: str = "",
        texts: Mapping[str, str] | None = None,
    ) -> None:
        self.facts = facts
        self.gaps = tuple(gaps)
        self.app = app
        self.examined = frozenset(examined)
        self.category = category
        self._sentences = Sentences(texts or {})
        self.able: dict[str, bool] = {}  # catalogue row → whether its permissions are requested
        self.observed = [f for f in facts if f.stance == "observed"]
        self._parties: dict[str, str] = {}
        self.judged: dict[tuple[str, str], Any] = {}
        self.stated = [f for f in facts if f.stance != "observed"]

    @property
    def package(self) -> str:
        return self.app.package if self.app else ""

    def sentences(self) -> list[PolicySpan]:
        """Every sentence of the documents whose text is known."""
        return self._sentences.all()

    def whole_sentence(self, statement: Fact) -> str:
        """The whole sentence that a statement is quoted from; empty where its text is not known."""
        spans = (e for e in statement.evidence if isinstance(e, PolicySpan))
        return next((self._sentences.whole(s) for s in spans), "")

    def sentence(self, facts: Iterable[Fact]) -> str:
        """The sentence around the first words that the declared side is quoted with; empty where its text
        is not known."""
        for fact in facts:
            if fact.stance != "observed":
                for evidence in fact.evidence:
                    if isinstance(evidence, PolicySpan):
                        return self._sentences.around(evidence)
        return ""

    def party(self, actor: str) -> str:
        """Who answers for ``actor``: libraries and unattributed code are the app's own."""
        known = self._parties.get(actor)
        if known is None:
            known = self._parties[actor] = self._party(actor)
        return known

    def _party(self, actor: str) -> str:
        kind, _, name = actor.partition(":")
        if kind == "sdk":
            sdk = sdks.sdks().get(name)
            return "app" if sdk is not None and sdk.plumbing else actor
        return "app" if actor == "unknown" else actor

    @cached_property
    def collected(self) -> dict[tuple[str, str], list[Fact]]:
        """Observed collection by (party, data id)."""
        found: dict[tuple[str, str], list[Fact]] = defaultdict(list)
        for fact in self.observed:
            subject = fact.subject
            if subject.startswith("data:") and fact.action in COLLECTING and METADATA not in fact.attributes:
                actor = self.sender(fact) if fact.actor == "unknown" else fact.actor
                found[self.party(actor), subject[5:]].append(fact)
        return dict(found)

    @cached_property
    def collected_by(self) -> dict[str, dict[str, list[Fact]]]:
        """Observed collection by party, then data id."""
        found: dict[str, dict[str, list[Fact]]] = defaultdict(dict)
        for (party, data), facts in self.collected.items():
            found[party][data] = facts
        return dict(found)

    def holds(self, statement: Fact) -> bool:
        """Whether a statement still applies to this version: "until version V" ends at V."""
        mine = version_key(self.app.version_name) if self.app else None
        for token in statement.condition:
            kind, _, value = token.partition(":")
            limit = version_key(value) if kind == "until_version" else None
            if mine is not None and limit is not None and mine >= limit:
                return False
        return True

    @cached_property
    def _stated_data(self) -> dict[tuple[str, str], list[Fact]]:
        found: dict[tuple[str, str], list[Fact]] = defaultdict(list)
        for fact in self.stated:
            kind, _, name = fact.subject.partition(":")
            if kind == "data" and IMPLIED not in fact.attributes:
                found[fact.stance if self.holds(fact) else "lapsed", name].append(fact)
        return dict(found)

    def lapsed(self, data: str) -> list[Fact]:
        """Statements that declared a type for earlier versions of the app alone."""
        return [f for f in self._stated_data.get(("lapsed", data), ()) if f.stance == "declared"]

    @cached_property
    def _said(self) -> dict[str, list[Fact]]:
        found: dict[str, list[Fact]] = defaultdict(list)
        for fact in self.stated:
            found[fact.subject].append(fact)
        return dict(found)

    def said(self, subject: str) -> tuple[Fact, ...]:
        """What the declared side says of a subject, denials too."""
        return tuple(self._said.get(subject, ()))

    @cached_property
    def _owner_of_host(self) -> dict[str, str]:
        """Hosts whose address stands in the code of one actor alone."""
        owners: dict[str, set[str]] = defaultdict(set)
        for fact in self.observed:
            if fact.source == "static" and fact.action == "contacts":
                owners[fact.subject].add(fact.actor)
        return {host: actors.pop() for host, actors in owners.items() if len(actors) == 1}

    def sender(self, fact: Fact) -> str:
        """Who sent: as the recording tells, else the code that holds the host's address."""
        if fact.source == "traffic" and fact.actor == "unknown":
            return self._owner_of_host.get(fact.recipient or "", "unknown")
        return fact.actor

    def receiver(self, fact: Fact) -> str:
        """Who gets what was sent: the SDK a host belongs to, or whose code holds its address; ``app`` where
        the app's own code does; empty where nobody is known."""
        host = (fact.recipient or "").removeprefix("host:")
        if host.startswith("sdk:"):
            return self.party(host)
        owner = sdks.sdk_of_host(host) if host else None
        if owner:
            return self.party(f"sdk:{owner}")
        sender = self._owner_of_host.get(fact.recipient or "", "unknown")
        return "" if sender == "unknown" else self.party(sender)

    @cached_property
    def _defined(self) -> frozenset[tuple[str, int, int]]:
        """Where the policy uses a term that it defines: (document, line, start) of the words."""
        return frozenset(
            (e.document, e.line, e.start)
            for fact in self.stated
            if IMPLIED not in fact.attributes
            for e in fact.evidence
            if isinstance(e, PolicySpan) and e.via is not None
        )

    def defined(self, statement: Fact) -> bool:
        """Whether the statement's words are a term with a definition: it means its members, no more."""
        return any(
            isinstance(e, PolicySpan) and e.via is None and (e.document, e.line, e.start) in self._defined
            for e in statement.evidence
        )

    def declared(self, data: str) -> list[Fact]:
        """Statements that ``data`` is collected, shared or processed, by whomever; what only a denial implies
        left out."""
        return self._stated_data.get(("declared", data), [])

    def denied(self, data: str) -> list[Fact]:
        """Statements that ``data`` is not collected or shared."""
        return self._stated_data.get(("denied", data), [])

    def implied(self, data: str) -> list[Fact]:
        """Statements that only a denial under a condition implies."""
        return [f for f in self._said.get(f"data:{data}", ()) if IMPLIED in f.attributes]

    @cached_property
    def declared_data(self) -> list[str]:
        """Data ids with at least one declaring statement, in the ontology's order."""
        said = {data for stance, data in self._stated_data if stance == "declared"}
        return [data for data in data_types() if data in said]

    def observed_by_action(self, action: str, kind: str) -> dict[str, list[Fact]]:
        """Observed facts of one action, by the name behind ``kind:``."""
        found: dict[str, list[Fact]] = defaultdict(list)
        for fact in self.by_action.get(action, ()):
            subject_kind, _, name = fact.subject.partition(":")
            if subject_kind == kind:
                found[name].append(fact)
        return dict(found)

    @cached_property
    def by_action(self) -> dict[str, list[Fact]]:
        """Observed facts by action."""
        found: dict[str, list[Fact]] = defaultdict(list)
        for fact in self.observed:
            found[fact.action].append(fact)
        return dict(found)

    @cached_property
    def requested(self) -> dict[str, list[Fact]]:
        """Manifest permissions by full name."""
        return self.observed_by_action("requests", "permission")

    @cached_property
    def embedded(self) -> dict[str, list[Fact]]:
        """SDKs found in the app, by id; libraries left out."""
        found = self.observed_by_action("embeds", "sdk")
        return {name: facts for name, facts in found.items() if self.party(f"sdk:{name}") != "app"}

    @cached_property
    def named_sdks(self) -> dict[str, list[Fact]]:
        """Every SDK the declared side names, as embedded, acting or receiving."""
        found: dict[str, list[Fact]] = defaultdict(list)
        for fact in self.stated:
            for mention in (fact.subject, fact.actor, fact.recipient or ""):
                kind, _, name = mention.partition(":")
                if kind == "sdk" and fact.stance == "declared":
                    found[name].append(fact)
        return dict(found)

    def naming(self, sdk_id: str) -> list[Fact]:
        """Statements that name an SDK; a vendor's common parts are named by naming one of its SDKs."""
        if found := self.named_sdks.get(sdk_id, []):
            return found
        siblings = sorted(sdks.siblings(sdk_id) & self.named_sdks.keys())
        return [fact for name in siblings for fact in self.named_sdks[name]]

    def perhaps_naming(self, sdk_id: str) -> list[Fact]:
        """Entries of a list that name no SDK for certain and may mean this one."""
        prefix = f"{sdk_id}:"
        return [
            fact
            for fact in self.stated
            if any(c.startswith(prefix) for c in fact.attribute.get("may_be", "").split())
        ]

    def lived(self, *phases: Phase) -> bool:
        """Whether anything was seen of the app in one of these phases of a run."""
        return not self._phases.isdisjoint(phases)

    @cached_property
    def _phases(self) -> frozenset[Phase]:
        return frozenset({f.phase for f in self.observed})

    def gaps_of(self, *codes: str) -> tuple[Gap, ...]:
        """Gaps of the given kinds."""
        return tuple(g for g in self.gaps if g.code in codes)

"""Flows to Facts: which data type went where, in what form, sent by whom, in which phase."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from appaudit.records import Evidence, Fact, FlowField, Gap, Phase, Stack
from appaudit.traffic.consent import signals
from appaudit.traffic.decoders import SHAPES, shape, tracker
from appaudit.traffic.flow import Flow
from appaudit.traffic.hosts import Host, Pairs, Volume, identity, sender, wire
from appaudit.traffic.identifiers import Values
from appaudit.traffic.scene import Scene
from appaudit.traffic.search import Found, excerpt, kinds, search, shortened
from appaudit.traffic.unseen import gaps_of
from appaudit.traffic.witness import Sender

MAX_EVIDENCE = 50
"""Fields a fact keeps; its ``count`` stays exact."""
PLAINTEXT = ("plaintext", "seen at cipher call")
"""Attribute of a fact whose value was read where the app encrypted it, not on the wire."""


@dataclass(frozen=True, slots=True)
class _Key:
    """What makes two sightings the same fact."""

    actor: str
    how: str
    subject: str
    host: str
    phase: Phase
    attributes: Pairs


@dataclass(slots=True)
class _Draft:
    evidence: list[Evidence] = field(default_factory=list)
    stacks: dict[Stack, None] = field(default_factory=dict)
    processes: set[str] = field(default_factory=set)
    count: int = 0
    first: float | None = None
    last: float | None = None
    volume: Volume = field(default_factory=Volume)
    decoders: set[str] = field(default_factory=set)
    undecoded: Counter[str] = field(default_factory=Counter)

    def note(self, flow: Flow, by: Sender, at: FlowField, most: int = MAX_EVIDENCE) -> None:
        """One more sighting."""
        self.count += 1
        if flow.time is not None:
            self.first = flow.time if self.first is None else min(self.first, flow.time)
            self.last = flow.time if self.last is None else max(self.last, flow.time)
        if len(self.evidence) < most:
            self.evidence.append(replace(at, time=flow.time))
        if by.stack is not None and len(self.stacks) < 3:
            self.stacks[by.stack] = None
        if by.process or flow.process:
            self.processes.add(by.process or flow.process)


def facts_of(
    flows: Iterable[Flow], values: Values, gaps: list[Gap], scene: Scene | None = None
) -> Iterator[Fact]:
    """``sends data:<id>``, ``sends setting:consent/<id>`` and ``contacts host:<name>`` facts.

    What could not be looked into goes into ``gaps``.
    """
    scene = scene or Scene()
    drafts: dict[_Key, _Draft] = {}
    hosts: dict[str, Host] = {}
    ports: set[int] = set()
    places: dict[str, set[str]] = {}
    for flow in flows:
        ports.add(flow.client_port)
        host = flow.host
        by = _sender(flow, scene)
        phase = scene.phase(flow.time)
        contact = drafts.setdefault(_Key(by.actor, by.how, f"host:{host}", host, phase, ()), _Draft())
        contact.note(flow, by, FlowField(flow.id, "url", shortened(flow.url), host=host), 3)
        contact.volume.add(flow)
        if scene.country is not None and flow.address and (where := scene.country(flow.address)):
            places.setdefault(host, set()).add(where)
        book = hosts.setdefault(host, Host())
        book.add(flow)
        if flow.failed:
            continue
        done = search(flow, values, scene.witness)
        book.searched(done)
        if done.decoder is not None:
            contact.decoders.add(done.decoder.id)
        elif tracker(host) and len(contact.undecoded) < SHAPES:
            contact.undecoded[shape(flow)] += 1
        joined = _joined(kinds(done.hits))
        for hit in done.hits:
            key = _Key(by.actor, by.how, f"data:{hit.kind}", host, phase, _attributes(flow, hit, joined))
            text = excerpt(hit.view.data, hit.hit)
            at = FlowField(flow.id, hit.view.path, text, hit.offset, hit.view.encoding, host)
            draft = drafts.setdefault(key, _Draft())
            draft.note(flow, by, at)
            if hit.seen_at is not None and hit.seen_at.stack is not None and len(draft.stacks) < 3:
                draft.stacks[hit.seen_at.stack] = None
        for signal in signals(done.views):
            limits = {True: "yes", False: "no", None: "unknown"}[signal.limits]
            chosen: Pairs = (("limits", limits), ("value", signal.value))
            key = _Key(by.actor, by.how, f"setting:consent/{signal.id}", host, phase, chosen)
            at = FlowField(flow.id, signal.view.path, shortened(signal.value), 0, signal.view.encoding, host)
            drafts.setdefault(key, _Draft()).note(flow, by, at)
    gaps.extend(gaps_of(hosts, scene, ports))
    for key, draft in sorted(drafts.items(), key=lambda item: item[0].subject.startswith("host:")):
        yield _fact(key, draft, scene, places.get(key.host, set()))


def _sender(flow: Flow, scene: Scene) -> Sender:
    found = scene.witness.sender(flow) if scene.witness is not None else None
    if found is not None and found.actor != "unknown":
        return found
    actor, how = sender(flow.host)
    if found is None:
        return Sender(actor, how)
    return replace(found, actor=actor, how=how) if how == "host" else found


def _joined(found: set[str]) -> str:
    """Long-lived and resettable identifiers of one request, where it has both."""
    lasting, resettable = found.intersection(wire("long_lived")), found.intersection(wire("resettable"))
    return "+".join(sorted(lasting | resettable)) if lasting and resettable else ""


def _fact(key: _Key, draft: _Draft, scene: Scene, places: set[str]) -> Fact:
    contact = key.subject.startswith("host:")
    about = [("attributed_by", key.how), *identity(key.host, scene.own, places), *key.attributes]
    if contact:
        about += draft.volume.attributes()
    if draft.decoders:
        about.append(("decoder", " ".join(sorted(draft.decoders))))
    if draft.undecoded:
        about.append(("undecoded", "; ".join(f"{s} ({n})" for s, n in draft.undecoded.most_common())))
    if draft.processes:
        about.append(("process", " ".join(sorted(draft.processes))))
    return Fact(
        "traffic",
        "observed",
        key.actor,
        "contacts" if contact else "sends",
        key.subject,
        recipient=None if contact else f"host:{key.host}",
        phase=key.phase,
        count=draft.count,
        first=draft.first,
        last=draft.last,
        evidence=(*draft.evidence, *draft.stacks),
        attributes=tuple(sorted(about)),
    )


def _attributes(flow: Flow, hit: Found, joined: str) -> Pairs:
    found = [
        ("cleartext", "yes" if flow.cleartext else "no"),
        ("form", hit.hit.form),
        ("matched", {"pattern": "pattern", "field": "decoder"}.get(hit.hit.form, "value")),
    ]
    if hit.decoder:
        found.append(("decoder", hit.decoder))
    if hit.view.path.startswith(("request.url", "request.header.referer")):
        found.append(("in_url", "yes"))
    if joined and hit.kind in joined.split("+"):
        found.append(("joined", joined))
    if hit.seen_at is not None:
        found.append(PLAINTEXT)
    return tuple(found)

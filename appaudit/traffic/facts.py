"""Flows to Facts: which data type went where, in what form, sent by whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from urllib.parse import urlsplit

from appaudit.knowledge.load import toml
from appaudit.records import Fact, FlowField, Gap
from appaudit.traffic.consent import signals
from appaudit.traffic.decode import Budget, View, brotli, views
from appaudit.traffic.flow import Flow
from appaudit.traffic.hosts import Host, Pairs, gaps_of, identity, sender
from appaudit.traffic.identifiers import Hit, Values, patterns

MAX_EVIDENCE = 50
"""Fields a fact keeps; its ``count`` stays exact."""

SECRET_KEPT = 2
"""Characters of a value that a redacted excerpt leaves at each end."""


@dataclass(frozen=True, slots=True)
class _Found:
    kind: str
    view: View
    hit: Hit
    offset: int


@dataclass(slots=True)
class _Draft:
    evidence: list[FlowField] = field(default_factory=list)
    count: int = 0
    times: list[float] = field(default_factory=list)


def facts_of(
    flows: Iterable[Flow], values: Values, gaps: list[Gap], redact: bool = True, own: Sequence[str] = ()
) -> Iterator[Fact]:
    """``sends data:<id>``, ``sends setting:consent/<id>`` and ``contacts host:<name>`` facts.

    What could not be looked into goes into ``gaps``. ``own``: domains of the app's own company.
    """
    sends: dict[tuple[str, str, Pairs], _Draft] = {}
    contacts: dict[str, _Draft] = {}
    hosts: dict[str, Host] = {}
    for flow in flows:
        host = flow.host
        contact = contacts.setdefault(host, _Draft())
        contact.count += 1
        _seen(contact, flow.time)
        if len(contact.evidence) < 3:
            contact.evidence.append(FlowField(flow.id, "url", _cut(flow.url), host=host, time=flow.time))
        book = hosts.setdefault(host, Host())
        book.add(flow)
        if flow.failed:
            continue
        found, leaves = _hits(flow, values, book)
        joined = _joined({hit.kind for hit in found})
        for hit in found:
            key = (f"data:{hit.kind}", host, _attributes(flow, hit, joined))
            excerpt = _excerpt(hit.view.data, hit.hit, redact)
            _note(
                sends,
                key,
                flow,
                FlowField(flow.id, hit.view.path, excerpt, hit.offset, hit.view.encoding, host),
            )
        for signal in signals(leaves):
            limits = {True: "yes", False: "no", None: "unknown"}[signal.limits]
            chosen: Pairs = (("limits", limits), ("value", signal.value))
            key = (f"setting:consent/{signal.id}", host, chosen)
            at = FlowField(flow.id, signal.view.path, _cut(signal.value), 0, signal.view.encoding, host)
            _note(sends, key, flow, at)
    gaps.extend(gaps_of(hosts))
    for (subject, host, attributes), draft in sends.items():
        actor, how = sender(host)
        about = (("attributed_by", how), *identity(host, own), *attributes)
        yield _fact(actor, "sends", subject, draft, f"host:{host}", about)
    for host, draft in sorted(contacts.items()):
        actor, how = sender(host)
        about = (("attributed_by", how), *identity(host, own), *hosts[host].attributes())
        yield _fact(actor, "contacts", f"host:{host}", draft, None, about)


def _note(
    drafts: dict[tuple[str, str, Pairs], _Draft], key: tuple[str, str, Pairs], flow: Flow, at: FlowField
) -> None:
    draft = drafts.setdefault(key, _Draft())
    draft.count += 1
    _seen(draft, flow.time)
    if len(draft.evidence) < MAX_EVIDENCE:
        draft.evidence.append(replace(at, time=flow.time))


@cache
def _classes() -> tuple[frozenset[str], frozenset[str]]:
    wire = toml("wire.toml")
    return frozenset(wire["long_lived"]), frozenset(wire["resettable"])


def _joined(kinds: set[str]) -> str:
    """Long-lived and resettable identifiers of one request, where it has both."""
    lasting, resettable = _classes()
    if not (kinds & lasting and kinds & resettable):
        return ""
    return "+".join(sorted(kinds & (lasting | resettable)))


def _fact(
    actor: str,
    action: str,
    subject: str,
    draft: _Draft,
    recipient: str | None,
    attributes: tuple[tuple[str, str], ...],
) -> Fact:
    return Fact(
        "traffic",
        "observed",
        actor,
        action,
        subject,
        recipient=recipient,
        count=draft.count,
        first=min(draft.times, default=None),
        last=max(draft.times, default=None),
        evidence=tuple(draft.evidence),
        attributes=tuple(sorted(attributes)),
    )


def _seen(draft: _Draft, time: float | None) -> None:
    if time is not None:
        draft.times = [min([*draft.times, time]), max([*draft.times, time])]


def _attributes(flow: Flow, hit: _Found, joined: str) -> Pairs:
    found = [
        ("cleartext", "yes" if flow.cleartext else "no"),
        ("form", hit.hit.form),
        ("matched", "pattern" if hit.hit.form == "pattern" else "value"),
    ]
    if hit.view.path.startswith(("request.url", "request.header.referer")):
        found.append(("in_url", "yes"))
    if joined and hit.kind in joined.split("+"):
        found.append(("joined", joined))
    return tuple(found)


# ------------------------------------------------------------------------ one flow


def _hits(flow: Flow, values: Values, book: Host) -> tuple[list[_Found], list[View]]:
    """What one flow holds, and every view of what the app sent in it."""
    budget = Budget()
    found: dict[tuple[str, str], tuple[View, Hit]] = {}
    leaves: list[View] = []
    for part, data, content_type in _parts(flow):
        inside = len(leaves)
        for view in views(part, data, content_type, budget):
            leaves.append(view)
            for hit in (*values.find(view.data), *patterns(view.path, view.data)):
                # The innermost view tells the exact field: what wraps it is replaced.
                found[hit.data, hit.form if hit.form == "pattern" else "value"] = (view, hit)
        if part.startswith(("request.body", "message")) and _opaque(data, content_type, len(leaves) - inside):
            book.opaque += 1
            book.opaque_bytes += len(data)
    hits = [
        _Found(kind, view, hit, hit.offset)
        for (kind, form), (view, hit) in found.items()
        if form == "value" or (kind, "value") not in found
    ]
    if values.coordinates(v.data for v in leaves):
        view = next(v for v in leaves if values.points and _holds_latitude(v.data, values))
        hits.append(_Found("gps_location", view, Hit("gps_location", "plain", 0, len(view.data)), 0))
    seen_kinds = {hit.kind for hit in hits}
    for kind, place, length in values.split([v.data for v in leaves]):
        if kind not in seen_kinds:
            hits.append(_Found(kind, leaves[place], Hit(kind, "split", 0, length), 0))
    for seen in flow.passed:
        view = View(seen.where, seen.encoding, seen.context)
        hits.append(_Found(seen.data, view, Hit(seen.data, seen.form, seen.at, seen.length), seen.offset))
    return hits, leaves


def _holds_latitude(data: bytes, values: Values) -> bool:
    alone = Values({})
    alone.points = [(lat, lat) for lat, _ in values.points]
    return alone.coordinates([data])


def _parts(flow: Flow) -> Iterator[tuple[str, bytes, str]]:
    """(path, bytes, content type) of everything the app sent."""
    try:
        split = urlsplit(flow.url)
        yield "request.url.path", split.path.encode("utf-8", "replace"), ""
        yield "request.url.query", split.query.encode("utf-8", "replace"), ""
    except ValueError:
        yield "request.url", flow.url.encode("utf-8", "replace"), ""
    for name, value in flow.request.headers:
        yield f"request.header.{name.lower()}", value.encode("utf-8", "replace"), ""
    body = flow.request.body
    if flow.request.header("content-encoding").lower() == "br":
        body = brotli(body) or body
    yield "request.body", body, flow.request.header("content-type").lower()
    for number, frame in enumerate(flow.frames):
        yield f"message[{number}]", frame, ""


@cache
def _media() -> tuple[tuple[str, ...], tuple[bytes, ...]]:
    wire = toml("wire.toml")
    return tuple(wire["media"]), tuple(bytes.fromhex(m) for m in wire["media_magic"])


def _opaque(body: bytes, content_type: str, layers: int) -> bool:
    """A body nobody could look into: no layer of it decoded, its bytes as mixed as noise, and no picture."""
    if len(body) < 64 or layers > 1:
        return False
    types, magic = _media()
    if content_type.startswith(types) or body.startswith(magic) or body[:1] in (b"{", b"[", b"<"):
        return False
    return len(set(body[:256])) > 0.55 * min(len(body), 256)


def _excerpt(data: bytes, hit: Hit, redact: bool) -> str:
    """The hit with a little around it, the value itself masked unless asked for."""
    start, end = max(hit.offset - 24, 0), hit.offset + hit.length
    value = data[hit.offset : end].decode("utf-8", "replace")
    if redact:
        kept = SECRET_KEPT if len(value) > 3 * SECRET_KEPT else 0
        value = f"{value[:kept]}{'*' * min(max(len(value) - 2 * kept, 3), 12)}{value[len(value) - kept :]}"
    before = data[start : hit.offset].decode("utf-8", "replace").lstrip("\ufffd")
    return _cut(before + value)


def _cut(text: str) -> str:
    return text if len(text) <= 160 else text[:157] + "…"

"""Flows to Facts: which data type went where, in what form, sent by whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from appaudit.knowledge import sdks
from appaudit.records import Fact, FlowField, Gap
from appaudit.traffic.decode import Budget, View, brotli, views
from appaudit.traffic.flow import Flow
from appaudit.traffic.identifiers import Hit, Values, patterns

MAX_EVIDENCE = 50
"""Fields a fact keeps; its ``count`` stays exact."""

SECRET_KEPT = 2
"""Characters of a value that a redacted excerpt leaves at each end."""


@dataclass(slots=True)
class _Draft:
    evidence: list[FlowField] = field(default_factory=list)
    count: int = 0
    times: list[float] = field(default_factory=list)


def facts_of(flows: Iterable[Flow], values: Values, gaps: list[Gap], redact: bool = True) -> Iterator[Fact]:
    """``sends data:<id>`` and ``contacts host:<name>`` facts; undecodable bodies go into ``gaps``."""
    sends: dict[tuple[str, str, str, tuple[tuple[str, str], ...]], _Draft] = {}
    hosts: dict[str, _Draft] = {}
    opaque: dict[str, int] = {}
    for flow in flows:
        host = flow.host
        contact = hosts.setdefault(host, _Draft())
        contact.count += 1
        _seen(contact, flow.time)
        if len(contact.evidence) < 3:
            contact.evidence.append(FlowField(flow.id, "url", _cut(flow.url), host=host, time=flow.time))
        if flow.error:
            gaps.append(
                Gap("traffic", "failed_flow", host, f"{flow.id} to {host} failed: {flow.error}"[:300])
            )
        for kind, view, hit in _hits(flow, values, opaque):
            key = (*_sender(host), kind, _attributes(flow, hit))
            draft = sends.setdefault((key[0], host, kind, (("attributed_by", key[1]), *key[3])), _Draft())
            draft.count += 1
            _seen(draft, flow.time)
            if len(draft.evidence) < MAX_EVIDENCE:
                excerpt = _excerpt(view.data, hit, redact)
                where, encoding = view.path, view.encoding
                draft.evidence.append(
                    FlowField(flow.id, where, excerpt, hit.offset, encoding, host, flow.time)
                )
    for host, count in sorted(opaque.items()):
        reason = f"{count} bodies sent to {host} are encrypted or of an unknown format"
        gaps.append(Gap("traffic", "opaque_body", host, reason))
    for (actor, host, kind, attributes), draft in sends.items():
        yield _fact(actor, "sends", f"data:{kind}", draft, f"host:{host}", attributes)
    for host, draft in sorted(hosts.items()):
        actor, how = _sender(host)
        yield _fact(actor, "contacts", f"host:{host}", draft, None, (("attributed_by", how),))


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


def _sender(host: str) -> tuple[str, str]:
    """(actor, how it is known): the SDK whose host it is, else unknown."""
    sdk = sdks.sdk_of_host(host) if host else None
    return (f"sdk:{sdk}", "host") if sdk else ("unknown", "nothing")


def _attributes(flow: Flow, hit: Hit) -> tuple[tuple[str, str], ...]:
    return (
        ("cleartext", "yes" if flow.cleartext else "no"),
        ("form", hit.form),
        ("matched", "pattern" if hit.form == "pattern" else "value"),
    )


# ------------------------------------------------------------------------ one flow


def _hits(flow: Flow, values: Values, opaque: dict[str, int]) -> Iterator[tuple[str, View, Hit]]:
    budget = Budget()
    found: dict[tuple[str, str], tuple[View, Hit]] = {}
    leaves: list[View] = []
    for part, data, content_type in _parts(flow):
        for view in views(part, data, content_type, budget):
            leaves.append(view)
            for hit in (*values.find(view.data), *patterns(view.path, view.data)):
                # The innermost view tells the exact field: what wraps it is replaced.
                found[hit.data, hit.form if hit.form == "pattern" else "value"] = (view, hit)
    for (kind, form), (view, hit) in found.items():
        if form == "value" or (kind, "value") not in found:
            yield kind, view, hit
    if values.coordinates(v.data for v in leaves):
        view = next(v for v in leaves if values.points and _holds_latitude(v.data, values))
        yield "gps_location", view, Hit("gps_location", "plain", 0, len(view.data))
    body = flow.request.body
    if _opaque(body, [v for v in leaves if v.path.startswith("request.body")]):
        opaque[flow.host] = opaque.get(flow.host, 0) + 1


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
        yield f"websocket[{number}]", frame, ""


def _opaque(body: bytes, seen: list[View]) -> bool:
    """A body nobody could look into: no layer of it decoded, and its bytes as mixed as noise."""
    if len(body) < 64 or len(seen) > 1:
        return False
    distinct = len(set(body[:256]))
    return distinct > 0.55 * min(len(body), 256) and body[:1] not in (b"{", b"[", b"<")


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

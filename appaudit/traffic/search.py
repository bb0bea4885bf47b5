"""One exchange searched: which of the device's values it holds, where, and what could not be looked into."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from math import log2
from urllib.parse import urlsplit

from appaudit.knowledge.load import toml
from appaudit.traffic.decode import Budget, View, brotli, sealed, views
from appaudit.traffic.decoders import Decoder, decoder_of, fields
from appaudit.traffic.flow import Flow
from appaudit.traffic.identifiers import Hit, Values, app_list, patterns
from appaudit.traffic.witness import Sealed, Witness

SECRET_KEPT = 2
"""Characters of a value that a redacted excerpt leaves at each end."""
MIXED = 0.85
"""Shannon entropy, as a share of what random bytes of that length could have, from which bytes are noise."""
LEAST = 64
"""Bytes below which nothing is called encrypted: digests and signatures are shorter, or near it."""


@dataclass(frozen=True, slots=True)
class Found:
    """``kind``: data type id. ``seen_at``: the cipher call that showed the plaintext, where one did.
    ``decoder``: the endpoint whose field this is, where neither value nor pattern told."""

    kind: str
    view: View
    hit: Hit
    offset: int
    seen_at: Sealed | None = None
    decoder: str = ""


@dataclass(slots=True)
class Search:
    """What one flow holds. ``views``: everything decoded of what the app sent. ``cut``: something was left
    undecoded for its size. ``opaque``: bytes of a body or message that nobody could look into, one entry
    each; ``opened``: how many of whose plaintext a hook saw. ``decoder``: of its endpoint, if known."""

    hits: list[Found] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    cut: bool = False
    opaque: list[int] = field(default_factory=list)
    opened: int = 0
    decoder: Decoder | None = None


def search(flow: Flow, values: Values, witness: Witness | None = None) -> Search:
    """Look through everything the app sent in ``flow``."""
    budget = Budget()
    done = Search()
    found: dict[tuple[str, str], Found] = {}
    for part, data, content_type in parts(flow):
        inside = len(done.views)
        clean = b""
        for view in views(part, data, content_type, budget):
            done.views.append(view)
            # What stands as it is in bytes that held nothing holds nothing: most fields of a body.
            if clean and view.data in clean:
                _look(view, values.digest(view.data), found)
            elif not _look(view, values.find(view.data), found):
                clean = view.data
        if part.startswith(("request.body", "message")):
            _closed(flow, data, content_type, done, inside, values, witness, found, budget)
    done.cut = done.cut or budget.cut or flow.cut
    done.hits = [f for (kind, form), f in found.items() if form == "value" or (kind, "value") not in found]
    _together(done, values)
    _known(flow, done)
    for seen in flow.passed:
        view = View(seen.where, seen.encoding, seen.context)
        done.hits.append(Found(seen.data, view, Hit(seen.data, seen.form, seen.at, seen.length), seen.offset))
    return done


def _look(
    view: View, hits: list[Hit], found: dict[tuple[str, str], Found], seen_at: Sealed | None = None
) -> bool:
    """Keep what a view holds; whether that is a value."""
    for hit in (*hits, *patterns(view.path, view.data)):
        # The innermost view tells the exact field: what wraps it is replaced.
        form = hit.form if hit.form == "pattern" else "value"
        found[hit.data, form] = Found(hit.data, view, hit, hit.offset, seen_at)
    return bool(hits)


def _together(done: Search, values: Values) -> None:
    """Values that only several parts of a message make up: coordinates, values cut in two."""
    if values.coordinates(v.data for v in done.views):
        view = next(v for v in done.views if values.latitude(v.data))
        done.hits = [h for h in done.hits if h.kind != "gps_location"]
        done.hits.append(Found("gps_location", view, Hit("gps_location", "plain", 0, len(view.data)), 0))
    kinds = {hit.kind for hit in done.hits}
    if "installed_apps" not in kinds and (path := app_list((v.path, v.data) for v in done.views)):
        view = next(v for v in done.views if v.path == path)
        done.hits.append(
            Found("installed_apps", view, Hit("installed_apps", "pattern", 0, len(view.data)), 0)
        )
    for kind, place, length in values.split([v.data for v in done.views]):
        if kind not in kinds:
            done.hits.append(Found(kind, done.views[place], Hit(kind, "split", 0, length), 0))


def _known(flow: Flow, done: Search) -> None:
    """What the fields of a known endpoint are, where no value told it."""
    done.decoder = decoder_of(flow)
    if done.decoder is None:
        return
    told = kinds(done.hits)
    for known, view in fields(done.decoder, done.views):
        if known.data not in told:
            hit = Hit(known.data, "field", 0, len(view.data))
            done.hits.append(Found(known.data, view, hit, 0, decoder=done.decoder.id))


# ------------------------------------------------------------------------ what is closed


def _closed(
    flow: Flow,
    data: bytes,
    content_type: str,
    done: Search,
    inside: int,
    values: Values,
    witness: Witness | None,
    found: dict[tuple[str, str], Found],
    budget: Budget,
) -> None:
    """Tell whether a body is closed, and search the plaintext where a hook saw it before it was sealed."""
    own = done.views[inside:]
    opened = False
    for at, name, seal in witness.opened(flow.time, own) if witness is not None else ():
        opened = True
        done.cut = done.cut or seal.cut
        for view in views(f"{at.path}.sealed", seal.plain, "", budget):
            undone = (at.encoding, name, seal.algorithm or "cipher", view.encoding)
            chain = ">".join(p for p in undone if p not in ("", "plain"))
            inner = View(view.path, chain, view.data)
            done.views.append(inner)
            _look(inner, values.find(inner.data), found, seal)
    if opened:
        done.opened += 1
    elif size := _noise(data, content_type, own):
        done.opaque.append(size)


@cache
def _media() -> tuple[tuple[str, ...], tuple[bytes, ...]]:
    wire = toml("wire.toml")
    return tuple(wire["media"]), tuple(bytes.fromhex(m) for m in wire["media_magic"])


def _noise(body: bytes, content_type: str, layers: list[View]) -> int:
    """Bytes of a body that are as mixed as noise and no picture: all of it, or fields that are most of it."""
    types, magic = _media()
    if len(body) < LEAST or content_type.startswith(types) or body.startswith(magic):
        return 0
    if len(layers) <= 1 and body[:1] not in (b"{", b"[", b"<") and mixed(body):
        return len(body)
    inner = (v.data for v in layers if len(v.data) >= 2 * LEAST)
    largest = 0
    for text in inner:
        hidden = sealed(text)
        if hidden and len(hidden) >= LEAST and mixed(hidden) and not hidden.startswith(magic):
            largest = max(largest, len(text))
    return largest if 2 * largest > len(body) else 0


def mixed(data: bytes) -> bool:
    """Whether bytes are as mixed as encrypted or compressed ones."""
    sample = data[:4096]
    counts = Counter(sample).values()
    entropy = -sum(n / len(sample) * log2(n / len(sample)) for n in counts)
    return entropy >= MIXED * log2(min(len(sample), 256))


# ------------------------------------------------------------------------ parts, excerpts


def parts(flow: Flow) -> Iterator[tuple[str, bytes, str]]:
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


def excerpt(data: bytes, hit: Hit) -> str:
    """The hit with a little around it, the value itself masked."""
    start, end = max(hit.offset - 24, 0), hit.offset + hit.length
    value = data[hit.offset : end].decode("utf-8", "replace")
    kept = SECRET_KEPT if len(value) > 3 * SECRET_KEPT else 0
    value = f"{value[:kept]}{'*' * min(max(len(value) - 2 * kept, 3), 12)}{value[len(value) - kept :]}"
    before = data[start : hit.offset].decode("utf-8", "replace").lstrip("\ufffd")
    return shortened(before + value)


def shortened(text: str) -> str:
    """At most 160 characters."""
    return text if len(text) <= 160 else text[:157] + "…"


def kinds(hits: Iterable[Found]) -> set[str]:
    """The data types among hits."""
    return {hit.kind for hit in hits}

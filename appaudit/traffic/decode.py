"""Unwraps what a message carries: nested encodings, one view a layer.

A view is bytes with the path that leads to them (``request.body.json.device[0].imei``) and the chain
of encodings that was undone (``gzip>json>base64``). Depth, number and size of views are bounded, so a
decompression bomb or endless nesting ends early; `Budget.cut` then tells that it did.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import unquote_plus, unquote_to_bytes

from appaudit.traffic import binary

MAX_DEPTH = 8
MAX_VIEWS = 4000
MAX_BYTES = 16 << 20
MAX_VIEW = 4 << 20
BROTLI_STEP = 8
SHORTEST = 12
"""Characters below which text is not taken for base64, hex or escapes."""


@dataclass(frozen=True, slots=True)
class View:
    """Decoded bytes. ``encoding`` names what was undone, outermost first, ``plain`` for nothing."""

    path: str
    encoding: str
    data: bytes


@dataclass(slots=True)
class Budget:
    """What one message may still cost. ``cut`` says that something was left undecoded."""

    views: int = MAX_VIEWS
    size: int = MAX_BYTES
    cut: bool = False

    def take(self, size: int) -> bool:
        if self.views <= 0 or self.size < size:
            self.cut = True
            return False
        self.views -= 1
        self.size -= size
        return True


def views(path: str, data: bytes, content_type: str = "", budget: Budget | None = None) -> Iterator[View]:
    """``data`` itself and everything that can be decoded out of it."""
    yield from _unwrap(path, data, (), content_type, budget or Budget(), 0)


def _unwrap(
    path: str, data: bytes, chain: tuple[str, ...], content_type: str, budget: Budget, depth: int
) -> Iterator[View]:
    if not data or not budget.take(len(data)):
        return
    if len(data) > MAX_VIEW:
        budget.cut = True
        data = data[:MAX_VIEW]
    yield View(path, ">".join(chain) or "plain", data)
    if depth >= MAX_DEPTH:
        budget.cut = budget.cut or len(data) > 64
        return
    for name, sub, inner, kind in _inner(data, content_type, budget):
        yield from _unwrap(path + sub, inner, (*chain, name) if name else chain, kind, budget, depth + 1)


_Inner = tuple[str, str, bytes, str]


def _inner(data: bytes, content_type: str, budget: Budget) -> Iterator[_Inner]:
    packed = _decompress(data, budget)
    if packed is not None:
        yield packed[0], "", packed[1], ""
        return
    text = _text(data)
    if text is None:
        yield from _binary(data)
        return
    stripped = text.strip()
    if stripped[:1] in "{[" and stripped[-1:] in "}]":
        parsed = _json(stripped)
        if parsed is not None:
            yield from _leaves(parsed, ".json")
            return
        documents = _lines(stripped)
        if documents:
            for number, document in enumerate(documents):
                yield from _leaves(document, f".json[{number}]")
            return
    if "multipart/" in content_type or stripped.startswith("--"):
        yield from _multipart(data)
    if stripped[:1] == "<":
        yield from _xml(stripped)
    elif "=" in stripped.rstrip("=") and _FORM.fullmatch(stripped):
        yield from _form(stripped)
        return
    yield from _text_encodings(stripped)


# ------------------------------------------------------------------------ compression


def _decompress(data: bytes, budget: Budget) -> tuple[str, bytes] | None:
    limit = min(MAX_VIEW, max(budget.size, 0))
    found = None
    if data[:2] == b"\x1f\x8b":
        found = _inflate("gzip", data, 31, limit + 1)
    elif data[:1] == b"\x78" and len(data) > 6 and (data[0] << 8 | data[1]) % 31 == 0:
        found = _inflate("deflate", data, 15, limit + 1)
    elif data[:4] == b"\x28\xb5\x2f\xfd":
        found = _zstd(data, limit + 1)
    if found is not None and len(found[1]) > limit:
        budget.cut = True
        return found[0], found[1][:limit]
    return found


def _inflate(name: str, data: bytes, bits: int, limit: int) -> tuple[str, bytes] | None:
    try:
        out = zlib.decompressobj(bits).decompress(data, limit)
    except zlib.error:
        return None
    return (name, out) if out else None


def _zstd(data: bytes, limit: int) -> tuple[str, bytes] | None:
    try:  # comes with mitmproxy; without it the body stays a gap
        out: bytes = import_module("zstandard").ZstdDecompressor().stream_reader(data).read(limit)
    except Exception:  # noqa: BLE001 - whatever a damaged frame raises, it is not decoded
        return None
    return "zstd", out


def brotli(data: bytes) -> bytes | None:
    """Undo a brotli content encoding: as much of it as a view may hold, and one byte more where it goes on.
    None without the package or where it is damaged."""
    parts: list[bytes] = []
    size = at = 0
    try:
        decoder = import_module("brotli").Decompressor()
        # It knows no limit, and a few bytes may stand for many megabytes.
        while at < len(data) and size <= MAX_VIEW:
            parts.append(decoder.process(data[at : at + BROTLI_STEP]))
            size += len(parts[-1])
            at += BROTLI_STEP
    except Exception:  # noqa: BLE001 - as above
        return None
    return b"".join(parts)[: MAX_VIEW + 1]


# ------------------------------------------------------------------------ text


_FORM = re.compile(r"[\w.%$\[\]+-]{1,200}=[^&;]*(?:[&;]\s?[\w.%$\[\]+-]{1,200}(?:=[^&;]*)?)*[&;]?", re.DOTALL)
_PAIRS = re.compile(r"[&;]\s?")
_PERCENT = re.compile(r"%[0-9a-fA-F]{2}")
_ESCAPED = re.compile(r"\\u[0-9a-fA-F]{4}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-fA-F]{2}){8,}(?![0-9A-Za-z])")
_CONTROLS = bytes(b for b in range(32) if b not in b"\t\r\n\f")
_HEX_ONLY = re.compile(rb"[0-9a-fA-F]{16,}")
_BASE64_ONLY = re.compile(rb"[A-Za-z0-9+/_-]{12,}={0,2}")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_TAG = re.compile(r"<([\w:.-]{1,100})((?:\s[^<>]{0,2000})?)>([^<]{0,20000})")
_ATTRIBUTE = re.compile(r"([\w:.-]{1,100})\s*=\s*[\"']([^\"']{0,2000})[\"']")


def _text(data: bytes) -> str | None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    start = data[:2000]
    odd = len(start) - len(start.translate(None, _CONTROLS))
    return None if odd * 20 > len(start) else text


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _lines(text: str) -> list[Any]:
    """JSON documents one a line, as envelopes and event streams of SDKs have them."""
    lines = [line for line in text.split("\n") if line.strip()]
    if not 1 < len(lines) <= MAX_VIEWS:
        return []
    documents = [_json(line) for line in lines]
    whole = sum(isinstance(d, dict | list) for d in documents)
    return documents if 2 * whole > len(lines) and whole > 1 else []


def _leaves(value: Any, path: str) -> Iterator[_Inner]:
    """Every string and number of a JSON value; keys that hold data (maps by id) too."""
    stack: list[tuple[str, Any]] = [(path, value)]
    while stack:
        at, item = stack.pop()
        if isinstance(item, dict):
            for key, inner in list(item.items())[:MAX_VIEWS]:
                stack.append((f"{at}.{key[:100]}", inner))
                if len(key) > 11:
                    yield "json", f"{at}.(key)", key.encode("utf-8", "replace"), ""
        elif isinstance(item, list):
            stack.extend((f"{at}[{n}]", inner) for n, inner in enumerate(item[:MAX_VIEWS]))
        elif isinstance(item, str):
            yield "json", at, item.encode("utf-8", "replace"), ""
        elif isinstance(item, int | float) and not isinstance(item, bool):
            yield "json", at, str(item).encode(), ""


def _form(text: str) -> Iterator[_Inner]:
    for pair in _PAIRS.split(text)[:MAX_VIEWS]:
        key, _, value = pair.partition("=")
        yield "form", f".form.{unquote_plus(key)[:100]}", unquote_plus(value).encode("utf-8", "replace"), ""


def _xml(text: str) -> Iterator[_Inner]:
    for tag, attributes, content in _TAG.findall(text)[:MAX_VIEWS]:
        if content.strip():
            yield "xml", f".xml.{tag}", html.unescape(content).encode("utf-8", "replace"), ""
        for key, value in _ATTRIBUTE.findall(attributes):
            yield "xml", f".xml.{tag}@{key}", html.unescape(value).encode("utf-8", "replace"), ""


def _multipart(data: bytes) -> Iterator[_Inner]:
    boundary = data.lstrip()[:200].split(b"\n", 1)[0].strip()
    if not boundary.startswith(b"--") or len(boundary) < 4:
        return
    for part in data.split(boundary)[1:200]:
        head, found, body = part.partition(b"\r\n\r\n")
        if found:
            name = re.search(rb'name="([^"]{0,100})"', head)
            label = name[1].decode("utf-8", "replace") if name else "part"
            yield "multipart", f".multipart.{label}", body.removesuffix(b"\r\n"), ""


def _text_encodings(text: str) -> Iterator[_Inner]:
    if len(text) < SHORTEST and "%" not in text:
        return
    if _PERCENT.search(text):
        yield "url", "", unquote_to_bytes(text), ""
    if _ESCAPED.search(text):
        plain = _ESCAPED.sub(lambda m: chr(int(m[0][2:], 16)), text)
        yield "unicode-escape", "", plain.encode("utf-8", "replace"), ""
    compact = "".join(text.split())
    whole = _BASE64.fullmatch(compact)
    for token in [compact] if whole else _BASE64.findall(text)[:200]:
        decoded = _unbase64(token)
        if decoded is not None:
            yield "base64", "", decoded, ""
    for token in _HEX.findall(text)[:200]:
        decoded = bytes.fromhex(token)
        if _telling(decoded):
            yield "hex", "", decoded, ""


def _unbase64(token: str) -> bytes | None:
    body = token.rstrip("=").replace("-", "+").replace("_", "/")
    if len(body) % 4 == 1:
        return None
    try:
        decoded = base64.b64decode(body + "=" * (-len(body) % 4))
    except binascii.Error:
        return None
    # The digests of hash functions are kept: an identifier may be sent as one.
    return decoded if _telling(decoded) or len(decoded) in (16, 20, 32) else None


def sealed(text: bytes) -> bytes:
    """The bytes that ``text``, base64 or hex as a whole, stands for, whatever they are; else empty."""
    compact = b"".join(text.split())
    try:
        if len(compact) % 2 == 0 and _HEX_ONLY.fullmatch(compact):
            return bytes.fromhex(compact.decode("ascii"))
        if not _BASE64_ONLY.fullmatch(compact):
            return b""
        body = compact.rstrip(b"=").translate(_URL_SAFE)
        return base64.b64decode(body + b"=" * (-len(body) % 4))
    except (ValueError, binascii.Error):
        return b""


def _telling(data: bytes) -> bool:
    """Whether decoded bytes look like something: text, a compressed stream, a protobuf message."""
    if data[:2] == b"\x1f\x8b" or (data[:1] == b"\x78" and data[1:2] in b"\x01\x5e\x9c\xda"):
        return True
    text = _text(data)
    if text is not None:
        if text.isprintable():
            return True
        return sum(c.isprintable() or c in "\t\r\n" for c in text) >= 0.95 * len(text)
    return len(data) > 8 and binary.protobuf(data) is not None


# ------------------------------------------------------------------------ binary


def _binary(data: bytes) -> Iterator[_Inner]:
    messages = binary.grpc(data) if data[0] in (0, 1) else None
    if messages is not None:
        for number, message in enumerate(messages):
            yield "grpc", ".grpc" if len(messages) == 1 else f".grpc[{number}]", message, ""
        return
    made = binary.structure(data)
    if made is not None:
        for path, value in binary.leaves(made[1], f".{made[0]}"):
            yield made[0], path, value, ""
        return
    for field, value in binary.protobuf(data) or ():
        yield "protobuf", f".{field}", value, ""

"""Ways in which an app may write a value: one row a way, each a request body."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
import struct
import urllib.parse
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

IMEI = "866174031234564"
KEY = b"seen-by-a-hook"


def cbor(value: Any) -> bytes:
    """RFC 8949, definite lengths."""

    def head(major: int, count: int) -> bytes:
        if count < 24:
            return bytes([major << 5 | count])
        size = next(n for n in (1, 2, 4, 8) if count < 1 << 8 * n)
        return bytes([major << 5 | 23 + size.bit_length()]) + count.to_bytes(size, "big")

    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())


def msgpack(value: Any) -> bytes:
    packed: bytes = import_module("msgpack").packb(value)
    return packed


def proto(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2, len(data)]) + data


def frame(message: bytes) -> bytes:
    return b"\0" + struct.pack(">I", len(message)) + message


def brotli(data: bytes) -> bytes:
    packed: bytes = import_module("brotli").compress(data)
    return packed


def zstd(data: bytes) -> bytes:
    import zstandard

    return zstandard.compress(data)


@dataclass(frozen=True, slots=True)
class Row:
    """``where``: the path of the field, ``encoding``: what was undone, ``form`` of the value."""

    body: Callable[[], bytes]
    where: str
    encoding: str
    form: str = "plain"
    content_type: str = "application/octet-stream"
    content_encoding: str = ""


def digest(name: str) -> str:
    return hashlib.new(name, IMEI.encode()).hexdigest()


def sealed() -> str:
    return hmac.new(KEY, IMEI.encode(), "sha256").hexdigest()


def as_json(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def in_base64() -> bytes:
    inner = base64.b64encode(as_json(device=[{"imei": IMEI}])).decode()
    return urllib.parse.urlencode({"v": 1, "payload": inner}).encode()


DEVICE = "request.body.json.d"
ROWS: dict[str, Row] = {
    "json": Row(lambda: as_json(d=[{"x": IMEI}]), f"{DEVICE}[0].x", "json"),
    "json-number": Row(lambda: as_json(d=int(IMEI)), DEVICE, "json"),
    "form": Row(lambda: b"a=1&d=" + IMEI.encode(), "request.body.form.d", "form"),
    "xml": Row(lambda: f"<q><d>{IMEI}</d></q>".encode(), "request.body.xml.d", "xml"),
    "multipart": Row(
        lambda: (
            b'--zz\r\nContent-Disposition: form-data; name="d"\r\n\r\n' + IMEI.encode() + b"\r\n--zz--\r\n"
        ),
        "request.body.multipart.d",
        "multipart",
        content_type="multipart/form-data; boundary=zz",
    ),
    "unicode-escapes": Row(
        lambda: b'{"d":"' + "".join(f"\\u{ord(c):04x}" for c in IMEI).encode() + b'"}', DEVICE, "json"
    ),
    "base64": Row(lambda: base64.b64encode(f"d:{IMEI}".encode()), "request.body", "base64"),
    "hex": Row(lambda: as_json(d=IMEI.encode().hex()), DEVICE, "json>hex"),
    "json-in-base64-in-form": Row(
        in_base64, "request.body.form.payload.json.device[0].imei", "form>base64>json"
    ),
    "gzip": Row(lambda: gzip.compress(as_json(d=IMEI)), DEVICE, "gzip>json"),
    "deflate": Row(lambda: zlib.compress(as_json(d=IMEI)), DEVICE, "deflate>json"),
    "zstd": Row(lambda: zstd(as_json(d=IMEI)), DEVICE, "zstd>json"),
    "brotli": Row(lambda: brotli(as_json(d=IMEI)), DEVICE, "json", content_encoding="br"),
    "msgpack": Row(lambda: msgpack({"d": IMEI, "n": [1, 2.5]}), "request.body.msgpack.d", "msgpack"),
    "cbor": Row(lambda: cbor({"n": 7, "d": [IMEI]}), "request.body.cbor.d[0]", "cbor"),
    "protobuf": Row(
        lambda: proto(1, b"ab") + proto(2, proto(3, IMEI.encode())),
        "request.body.2.3",
        "protobuf>protobuf",
    ),
    "grpc": Row(
        lambda: frame(proto(3, IMEI.encode())) + frame(proto(1, b"x")),
        "request.body.grpc[0].3",
        "grpc>protobuf",
        content_type="application/grpc",
    ),
    "md5": Row(lambda: as_json(d=digest("md5")), DEVICE, "json", "md5"),
    "sha1-upper": Row(lambda: as_json(d=digest("sha1").upper()), DEVICE, "json", "sha1"),
    "sha256": Row(lambda: as_json(d=digest("sha256")), DEVICE, "json", "sha256"),
    "sha256-truncated": Row(lambda: as_json(d=digest("sha256")[:32]), DEVICE, "json", "sha256-32"),
    "hmac": Row(lambda: as_json(d=sealed()), DEVICE, "json", "hmac-sha256"),
    "reversed": Row(lambda: as_json(d=IMEI[::-1]), DEVICE, "json", "reversed"),
    "split": Row(
        lambda: f"d={IMEI[:7]}&e={IMEI[7:]}".encode(), "request.body.form.d", "form", "split"
    ),
}  # fmt: skip

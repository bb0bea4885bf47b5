"""A planted value is found through every encoding, and hostile input ends in bounded time and memory."""

from __future__ import annotations

import base64
import gzip
import json
import resource
import urllib.parse
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appaudit.traffic.decode import MAX_BYTES, MAX_VIEW, Budget, View, brotli, views
from appaudit.traffic.identifiers import Hit, Values

IMEI = "866174031234564"
VALUES = Values({"imei": [IMEI]})


def proto(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2, len(data)]) + data


WRAPS: dict[str, Callable[[bytes], bytes]] = {
    "json": lambda b: json.dumps({"a": [{"b": b.decode()}]}).encode(),
    "form": lambda b: b"x=1&y=" + urllib.parse.quote_from_bytes(b).encode(),
    "cookie": lambda b: b"sid=4; dev=" + urllib.parse.quote_from_bytes(b).encode(),
    "url": lambda b: "".join(f"%{c:02X}" for c in b).encode(),
    "unicode-escape": lambda b: "".join(f"\\u{c:04x}" for c in b).encode(),
    "base64": base64.b64encode,
    "base64-lines": base64.encodebytes,
    "base64-urlsafe": lambda b: base64.urlsafe_b64encode(b).rstrip(b"="),
    "hex": lambda b: b.hex().encode(),
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "xml": lambda b: b"<d><id>" + b + b"</id></d>",
    "attribute": lambda b: b'<d id="' + b + b'"/>',
    "multipart": lambda b: b'--q\r\nContent-Disposition: form-data; name="id"\r\n\r\n' + b + b"\r\n--q--\r\n",
    "protobuf": lambda b: proto(1, b"abcd") + proto(2, b),
    "grpc": lambda b: b"\0" + len(proto(3, b)).to_bytes(4, "big") + proto(3, b),
}
TEXT = set(WRAPS) - {"gzip", "deflate", "protobuf", "grpc", "multipart"}


def found(data: bytes) -> list[tuple[View, Hit]]:
    return [(v, h) for v in views("request.body", data) for h in VALUES.find(v.data)]


@pytest.mark.parametrize("name", WRAPS)
def test_one_layer(name: str) -> None:
    hits = found(WRAPS[name](f"imei:{IMEI}".encode()))
    assert any(h.data == "imei" for _, h in hits)
    for view, hit in hits:
        assert view.data[hit.offset : hit.offset + hit.length].decode() == IMEI


@pytest.mark.parametrize("outer", WRAPS)
@pytest.mark.parametrize("inner", sorted(TEXT))
def test_two_layers(outer: str, inner: str) -> None:
    assert found(WRAPS[outer](WRAPS[inner](f"imei:{IMEI}".encode()))), (outer, inner)


def test_four_layers() -> None:
    inner = WRAPS["base64"](WRAPS["gzip"](WRAPS["json"](IMEI.encode())))
    assert found(WRAPS["form"](WRAPS["json"](inner)))


@pytest.mark.parametrize("name", ["md5", "sha1", "sha256"])
@pytest.mark.parametrize("case", [str.lower, str.upper])
def test_hashes(name: str, case: Callable[[str], str]) -> None:
    import hashlib

    digest = hashlib.new(name, IMEI.encode()).hexdigest()
    assert [h.form for _, h in found(b"id=" + case(digest).encode())][:1] == [name]
    raw = base64.b64encode(bytes.fromhex(digest))
    assert name in {h.form for _, h in found(b'{"id": "' + raw + b'"}')}


@pytest.mark.parametrize("text", ["24:0A:64:9E:51:C7", "24-0a-64-9e-51-c7", "240a649e51c7", "7c15e946a042"])
def test_separators_case_and_reversal(text: str) -> None:
    values = Values({"mac": ["24:0a:64:9e:51:c7"]})
    assert [h.data for h in values.find(f"m={text};".encode())] == ["mac"]


def test_path_tells_the_field() -> None:
    paths = {v.path for v, _ in found(json.dumps({"device": [{"imei": IMEI}]}).encode())}
    assert "request.body.json.device[0].imei" in paths


def test_bombs_are_cut() -> None:
    budget = Budget()
    bomb = gzip.compress(b"\0" * (200 << 20))
    total = sum(len(v.data) for v in views("b", bomb, budget=budget))
    assert total <= 2 * MAX_BYTES
    nested: bytes = b"x" * 1000
    for _ in range(50):
        nested = gzip.compress(nested)
    assert len(list(views("b", nested))) < 50


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_what_was_left_of_a_large_body_is_told(pack: Callable[[bytes], bytes]) -> None:
    budget = Budget()
    whole = list(views("b", pack(b"x" * MAX_VIEW), budget=budget))
    assert (len(whole[1].data), budget.cut) == (MAX_VIEW, False)
    list(views("b", pack(b"x" * (MAX_VIEW + 1)), budget=budget))
    assert budget.cut


def test_a_brotli_bomb_costs_no_memory() -> None:
    packer = pytest.importorskip("brotli").Compressor(quality=3, lgwin=24)
    bomb = b"".join(packer.process(bytes(32 << 20)) for _ in range(12)) + packer.finish()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    made = brotli(bomb)
    assert made is not None
    assert len(made) == MAX_VIEW + 1, "one byte more than a view holds tells that it was cut"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b"\xff\xfe" * 5000,
        b"a=" * 100_000,
        b"<a " * 100_000,
        b"--" * 100_000,
        b"%41" * 100_000,
        b"\\u0041" * 50_000,
        b"A" * 1_000_000,
        b"a" * 1_000_000,
        b"1." + b"1" * 1_000_000 + b".",
        b"1.2.3.4." * 100_000,
    ],
    ids=lambda b: repr(b[:8]),
)
def test_hostile_bodies_end(data: bytes) -> None:
    values = Values(
        {"imei": [IMEI], "installed_apps": ["com.a.b", "com.c.d"], "gps_location": ["30.1,120.2"]}
    )
    for view in views("request.body", data):
        values.find(view.data)
        values.coordinates([view.data])


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes_are_survived(data: bytes) -> None:
    for view in views("request.body", data):
        VALUES.find(view.data)

"""What the wire cannot show is named; pictures are not taken for secrets; identifiers joined are told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appaudit.errors import InputError
from appaudit.records import Fact, Gap
from appaudit.traffic.countries import countries
from appaudit.traffic.facts import facts_of
from appaudit.traffic.flow import Flow, Message
from appaudit.traffic.hosts import beacon, own_domains
from appaudit.traffic.identifiers import Values
from appaudit.traffic.scene import Scene

VALUES = Values({"imei": ["866174031234564"], "oaid": ["1fe9a970-efbb-29e0-0bdd-f5dbbf751ab5"]})


def flow(url: str, body: bytes = b"", kind: str = "", **more: object) -> Flow:
    message = Message((("Content-Type", kind),), body)
    return Flow("f", "POST", url, 60.0, message, **more)  # type: ignore[arg-type]


def told(*flows: Flow) -> tuple[list[Fact], set[tuple[str, str]]]:
    gaps: list[Gap] = []
    facts = list(facts_of(flows, VALUES, gaps, Scene(own_domains("com.shop.app"))))
    return facts, {(g.code, g.scope) for g in gaps}


NOISE = bytes(range(256))
H3 = Message((("Alt-Svc", 'h3=":443"'),))


@pytest.mark.parametrize(
    ("made", "gap"),
    [
        (flow("https://dns.google/resolve?name=a.example"), ("hidden_dns", "dns.google")),
        (flow("https://a.example/dns-query"), ("hidden_dns", "a.example")),
        (flow("tcp://a.example:853"), ("hidden_dns", "a.example")),
        (flow("https://93.184.216.34/x"), ("bare_address", "93.184.216.34")),
        (flow("https://a.example/", response=H3), ("quic_offered", "a.example")),
        (flow("https://a.example/", NOISE, "application/octet-stream"), ("opaque_body", "a.example")),
        (flow("https://a.example/", failed="tls_client", error="alert"), ("untrusted_ca", "a.example")),
        (
            flow("https://a.example/", failed="tls_server", error="expired"),
            ("server_certificate", "a.example"),
        ),
    ],
    ids=lambda v: v[0] if isinstance(v, tuple) else "",
)
def test_gap(made: Flow, gap: tuple[str, str]) -> None:
    assert told(made)[1] == {gap}


def test_no_gap() -> None:
    picture = b"\x89PNG" + os.urandom(500)
    quiet = [
        flow("https://a.example/", NOISE, "image/webp"),
        flow("https://a.example/", picture),
        flow("https://192.168.1.5/"),
        flow("https://b.example/", response=H3, protocol="HTTP/3"),
    ]
    assert told(*quiet)[1] == set()


def test_pinned_only_where_others_are_read() -> None:
    refused = flow("https://pin.example/", failed="tls_client", error="alert")
    assert told(refused, flow("https://a.example/"))[1] == {("pinned_host", "pin.example")}


def test_who_and_how_much() -> None:
    both = b"imei=866174031234564&oaid=1fe9a970-efbb-29e0-0bdd-f5dbbf751ab5"
    facts, _ = told(flow("https://api.shop.com/", both), flow("https://log.umeng.com/"))
    sends = {f.subject: f.attribute for f in facts if f.action == "sends"}
    assert {a["joined"] for a in sends.values()} == {"imei+oaid"}
    contacts = {f.subject: f.attribute for f in facts if f.action == "contacts"}
    assert contacts["host:api.shop.com"]["party"] == "first"
    assert contacts["host:api.shop.com"]["bytes"] == str(len(both))
    assert contacts["host:api.shop.com"]["peak_per_minute"] == "1"
    assert contacts["host:log.umeng.com"]["party"] == "third"
    assert contacts["host:log.umeng.com"]["company"] == "umeng"


def test_why_an_app_refuses_is_told_as_far_as_known() -> None:
    refused = flow("https://a.example/", failed="tls_client", error="alert")
    through = flow("tcp://a.example:443", unopened=True, unkept=700)
    gaps: list[Gap] = []
    scene = Scene(pinned=("a.example",), trusts_user=False, own_vpn=True)
    list(facts_of([refused, through], VALUES, gaps, scene))
    assert [g.code for g in gaps] == ["pinned_host", "own_vpn"]
    for words in ("security config pins", "only the system's", "700 bytes were passed on"):
        assert words in gaps[0].reason


@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        ([n * 30.0 for n in range(6)], 30),
        ([n * 30.0 + n % 3 for n in range(9)], 30),
        ([0.0, 0.1, 30.0, 60.0, 60.2, 90.1, 120.0], 30),
        ([0.0, 3.0, 4.0, 40.0, 41.0, 90.0], None),
        ([0.0, 30.0, 60.0], None),
        ([], None),
    ],
)
def test_beacons(times: list[float], seconds: int | None) -> None:
    found = beacon(times)
    assert found == (None if seconds is None else pytest.approx(seconds, abs=1.5))


def mmdb(path: Path, networks: dict[int, str]) -> Path:
    """A database in MaxMind's format: first byte of an IPv4 address → country."""

    def text(value: str) -> bytes:
        return bytes([0x40 | len(value)]) + value.encode()

    def table(**pairs: bytes) -> bytes:
        return bytes([0xE0 | len(pairs)]) + b"".join(text(k) + v for k, v in pairs.items())

    def number(value: int, kind: int) -> bytes:
        raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
        return (bytes([kind << 5 | len(raw)]) if kind < 8 else bytes([len(raw), kind - 7])) + raw

    data, places = b"", {}
    for first, code in networks.items():
        places[first] = len(data)
        data += table(country=table(iso_code=text(code)))
    nodes: list[list[int | None]] = [[None, None]]
    ends: dict[tuple[int, int], int] = {}
    for first in networks:
        node = 0
        for depth in range(8):
            bit = first >> (7 - depth) & 1
            if depth == 7:
                ends[node, bit] = places[first]
            elif nodes[node][bit] is None:
                nodes.append([None, None])
                nodes[node][bit] = len(nodes) - 1
            node = nodes[node][bit] or 0
    size = len(nodes)
    tree = b""
    for at, pair in enumerate(nodes):
        for bit, child in enumerate(pair):
            value = ends[at, bit] + size + 16 if (at, bit) in ends else size if child is None else child
            tree += value.to_bytes(3, "big")
    about = table(
        binary_format_major_version=number(2, 5), binary_format_minor_version=b"\xa0",
        build_epoch=number(1, 9), database_type=text("t"), ip_version=number(4, 5),
        node_count=number(size, 6), record_size=number(24, 5),
        description=b"\xe0", languages=b"\x00\x04",
    )  # fmt: skip
    path.write_bytes(tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + about)
    return path


def test_countries_come_from_a_database(tmp_path: Path) -> None:
    pytest.importorskip("maxminddb", reason="the ip extra")
    country = countries(mmdb(tmp_path / "x.mmdb", {93: "DE", 223: "CN"}))
    assert [country(a) for a in ("93.184.216.34", "223.5.5.5", "8.8.8.8", "", "::1")] == [
        "DE",
        "CN",
        "",
        "",
        "",
    ]
    scene = Scene(own=("shop.example",), country=country)
    made = [
        flow("https://a.example/", address="93.184.216.34"),
        flow("https://a.example/", address="223.5.5.5"),
        flow("https://log.umeng.com/", address="93.184.216.34"),
        flow("https://log.jpush.cn/"),
        flow("https://img.shop.example/"),
    ]
    facts = {f.subject: f.attribute for f in facts_of(made, VALUES, [], scene)}
    assert (facts["host:a.example"]["country"], facts["host:a.example"]["country_by"]) == ("CN DE", "address")
    assert (facts["host:log.umeng.com"]["country"], facts["host:log.umeng.com"]["party"]) == ("DE", "third")
    assert (facts["host:log.jpush.cn"]["country"], facts["host:log.jpush.cn"]["country_by"]) == (
        "CN",
        "company",
    )
    assert facts["host:img.shop.example"]["party"] == "first"


@pytest.mark.parametrize("content", [b"", b"hello", b"\xab\xcd\xefMaxMind.com\xe0"])
def test_no_database_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    pytest.importorskip("maxminddb", reason="the ip extra")
    (tmp_path / "x.mmdb").write_bytes(content)
    with pytest.raises(InputError):
        countries(tmp_path / "x.mmdb")


def test_cleartext_weak_tls_and_referer() -> None:
    referer = Message((("Referer", "https://a.example/?i=866174031234564"),))
    made = [
        flow("http://a.example/", b"imei=866174031234564"),
        flow("https://b.example/", tls="TLSv1.1"),
        Flow("f", "GET", "https://c.example/", 60.0, referer),
    ]
    facts, _ = told(*made)
    sends = {f.recipient: f.attribute for f in facts if f.action == "sends"}
    assert sends["host:a.example"]["cleartext"] == "yes"
    assert sends["host:c.example"]["in_url"] == "yes"
    assert next(f for f in facts if f.subject == "host:b.example").attribute["weak_tls"] == "TLSv1.1"

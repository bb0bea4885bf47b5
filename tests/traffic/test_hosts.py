"""What the wire cannot show is named; pictures are not taken for secrets; identifiers joined are told."""

from __future__ import annotations

import os

import pytest

from appaudit.records import Fact, Gap
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

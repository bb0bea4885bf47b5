"""Hooks joined with the wire: who sent a flow, what was in a sealed body, identifiers under a seen key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from appaudit.records import Fact, FlowField, Gap, Stack
from appaudit.traffic.facts import facts_of
from appaudit.traffic.flow import Flow, Message
from appaudit.traffic.identifiers import Values
from appaudit.traffic.scene import Scene
from appaudit.traffic.witness import Connection, Sealed, Witness

IMEI = "866174031234564"
PLAIN = json.dumps({"device": {"imei": IMEI}, "pad": "x" * 300}).encode()
CIPHER = random.Random(3).randbytes(len(PLAIN) // 16 * 16 + 16)
STACK = Stack("Ljava/net/Socket;->connect", ("com.umeng.a.B.c(B.java:3)",), 99.0, "com.shop.app")


def flow(body: bytes = b"a=1", host: str = "api.example", port: int = 0, time: float = 100.0) -> Flow:
    return Flow("f", "POST", f"https://{host}/", time, Message((), body), client_port=port)


def told(made: Flow, witness: Witness) -> tuple[list[Fact], list[Gap]]:
    gaps: list[Gap] = []
    values = Values({"imei": [IMEI]}, witness.keys)
    return list(facts_of([made], values, gaps, Scene(witness=witness))), gaps


UMENG = Connection(99.0, "10.0.0.2", 443, 40001, "sdk:umeng-analytics", "com.shop.app:push", STACK)


@pytest.mark.parametrize(
    ("connections", "made", "actor", "how"),
    [
        ([UMENG], flow(port=40001), "sdk:umeng-analytics", "connection"),
        ([UMENG], flow(port=40002), "unknown", "nothing"),
        ([UMENG], flow(port=40001, time=98.0), "unknown", "nothing"),
        ([Connection(99.0, "api.example", actor="app")], flow(), "app", "stack"),
        ([Connection(20.0, "api.example", actor="app")], flow(), "app", "stack"),
        ([Connection(101.0, "api.example", actor="app")], flow(), "unknown", "nothing"),
        (
            [
                Connection(94.0, "api.example", actor="sdk:jpush"),
                Connection(99.9, "api.example", actor="app"),
            ],
            flow(),
            "app",
            "stack",
        ),
        (
            [Connection(9.0, "api.example", actor="sdk:jpush"), Connection(10.0, "api.example", actor="app")],
            flow(),
            "unknown",
            "nothing",
        ),
        ([], flow(host="log.umeng.com"), "sdk:umeng-analytics", "host"),
        ([Connection(99.0, "log.umeng.com")], flow(host="log.umeng.com"), "sdk:umeng-analytics", "host"),
        ([Connection(99.0, "other.example", 443, 40001, "app")], flow(port=40001), "unknown", "nothing"),
    ],
    ids=[
        "port", "another-port", "before-it-was-opened", "host-and-time", "kept-open", "only-later", "nearest",
        "two-kept-open", "host-alone", "stack-of-nobody", "port-used-again",
    ],
)  # fmt: skip
def test_sender(connections: list[Connection], made: Flow, actor: str, how: str) -> None:
    facts, _ = told(made, Witness(connections))
    assert [(f.actor, f.attribute["attributed_by"]) for f in facts] == [(actor, how)]


def test_the_stack_is_evidence() -> None:
    facts, _ = told(flow(port=40001), Witness([UMENG]))
    assert STACK in facts[0].evidence
    assert facts[0].attribute["process"] == "com.shop.app:push"


DIGEST = hashlib.sha256(CIPHER).hexdigest()
SEAL = Sealed(
    99.5, "AES/CBC/PKCS5Padding", PLAIN, CIPHER[:64], len(CIPHER), hashlib.sha256(CIPHER).hexdigest()
)
BODIES: dict[str, Callable[[bytes], bytes]] = {
    "raw": lambda c: c,
    "after-an-iv": lambda c: bytes(range(16)) + c,
    "base64": base64.b64encode,
    "base64-in-json": lambda c: json.dumps({"v": 2, "d": base64.b64encode(c).decode()}).encode(),
    "hex-in-form": lambda c: b"v=2&d=" + c.hex().encode(),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_sealed_body_is_a_gap_until_a_hook_saw_it(name: str) -> None:
    body = BODIES[name](CIPHER)
    facts, gaps = told(flow(body), Witness())
    assert [f.action for f in facts] == ["contacts"]
    assert [g.code for g in gaps] == ["opaque_body"]

    facts, gaps = told(flow(body), Witness(ciphers=[SEAL]))
    sent = [f for f in facts if f.action == "sends"]
    assert [(f.subject, f.attribute["plaintext"]) for f in sent] == [("data:imei", "seen at cipher call")]
    field = next(e for f in sent for e in f.evidence if isinstance(e, FlowField))
    assert field.where.endswith(".sealed.json.device.imei")
    assert field.encoding.endswith("AES/CBC/PKCS5Padding>json")
    inside = {"base64-in-json": "request.body.json.d.", "hex-in-form": "request.body.form.d."}
    assert field.where.startswith(inside.get(name, "request.body.sealed.")), "the smallest part that holds it"
    assert ("base64" in field.encoding, "hex" in field.encoding) == ("base64" in name, "hex" in name)
    assert IMEI not in repr(facts)
    assert not gaps


@pytest.mark.parametrize(
    "seal",
    [
        Sealed(99.5, "AES", PLAIN, CIPHER[:64], len(CIPHER), "0" * 64),
        Sealed(99.5, "AES", PLAIN, bytes(64), len(CIPHER)),
        Sealed(101.0, "AES", PLAIN, CIPHER[:64], len(CIPHER)),
        Sealed(-900.0, "AES", PLAIN, CIPHER[:64], len(CIPHER)),
        Sealed(99.5, "AES", PLAIN, CIPHER[:4], len(CIPHER)),
    ],
    ids=["another-digest", "another-text", "later", "long-before", "too-short"],
)
def test_another_cipher_call_opens_nothing(seal: Sealed) -> None:
    facts, gaps = told(flow(CIPHER), Witness(ciphers=[seal]))
    assert [f.action for f in facts] == ["contacts"]
    assert [g.code for g in gaps] == ["opaque_body"]


def test_an_identifier_under_a_seen_key() -> None:
    tag = hmac.new(b"k-1", IMEI.encode(), "sha256").hexdigest()
    assert [f.action for f in told(flow(f"id={tag}".encode()), Witness())[0]] == ["contacts"]
    facts, _ = told(flow(f"id={tag}".encode()), Witness(keys=[b"k-1"]))
    assert [f.attribute.get("form") for f in facts] == ["hmac-sha256", None]


@pytest.mark.parametrize(
    "body",
    [
        b"\x89PNG" + CIPHER,
        json.dumps({"sign": base64.b64encode(CIPHER[:64]).decode(), "n": list(range(99))}).encode(),
        json.dumps({"t": "the quick brown fox jumps over the lazy dog " * 9}).encode(),
        base64.b64encode(b"plain words, many of them, and more of them " * 9),
    ],
    ids=["picture", "signature", "text", "text-in-base64"],
)
def test_what_is_not_sealed(body: bytes) -> None:
    assert told(flow(body), Witness())[1] == []


DIRECT = Connection(99.0, "cdn.example", 443, 5, "sdk:bugly", ip="93.184.216.34")


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (DIRECT, "connection_not_recorded"),
        (replace(DIRECT, protocol="udp"), "quic_not_recorded"),
        (replace(DIRECT, port=853), "hidden_dns"),
        (replace(DIRECT, local_port=40001), None),
        (replace(DIRECT, ip="127.0.0.1"), None),
        (replace(DIRECT, ip="192.168.1.9"), None),
        (replace(DIRECT, port=53, protocol="udp"), None),
        (replace(DIRECT, done=False), None),
    ],
    ids=["past", "quic", "dot", "recorded", "loopback", "the-proxy", "dns", "failed"],
)
def test_connections_past_the_recording(made: Connection, code: str | None) -> None:
    gaps: list[Gap] = []
    list(facts_of([flow(port=40001)], Values({}), gaps, Scene(witness=Witness([made]), proxy="192.168.1.9")))
    assert [(g.code, g.scope) for g in gaps] == ([(code, "cdn.example")] if code else [])
    assert all("sdk:bugly" in g.reason for g in gaps)


def test_what_a_real_app_put_into_its_cipher_is_found() -> None:
    """The events of a recorded run, against the ciphertext that this app's cipher makes."""
    pytest.importorskip("cryptography")
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    from appaudit.alongside import witness
    from appaudit.dynamic.record import read
    from appaudit.dynamic.wire import events
    from tests.fixture_audits import APPS

    seen = witness(events(read(APPS / "probe" / "run.jsonl"), "com.example.probe"))
    secret, plain = b"0123456789abcdef", b'{"imei":"866174031234564"}'
    fill = 16 - len(plain) % 16
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(secret)).encryptor()
    sealed = encryptor.update(plain + bytes([fill]) * fill) + encryptor.finalize()
    made = replace(flow(sealed), time=None)
    facts = list(facts_of([made], Values({"imei": [IMEI]}), [], Scene(witness=seen)))
    (fact,) = [f for f in facts if f.action == "sends"]
    assert (fact.subject, fact.attribute["plaintext"]) == ("data:imei", "seen at cipher call")
    assert any(isinstance(e, Stack) and "Cipher AES/CBC" in e.api for e in fact.evidence)

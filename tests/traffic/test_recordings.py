"""The recorded flows of the fixture apps: every planted value is found, at its host, in its form."""

from __future__ import annotations

import json
import random
import uuid
from pathlib import Path
from typing import Any

import pytest

from appaudit.errors import InputError
from appaudit.records import FlowField
from appaudit.traffic import TrafficResult, read_traffic
from tests.cli.run import appaudit
from tests.fixture_audits import APPS

FLOWS = APPS.parent / "flows"
VALUES = APPS.parent / "device.toml"
SAID_AS = {"location": "gps_location"}
UNSEEN = {"os_version"}
"""Too short a value to be looked for: "9"."""


def recording(name: str) -> TrafficResult:
    if name.endswith(".mitm"):
        pytest.importorskip("mitmproxy", reason="flow files need the device extra")
    return read_traffic(FLOWS / name, VALUES)


@pytest.mark.parametrize("app", ["shop", "notes"])
@pytest.mark.parametrize("suffix", ["har", "mitm"])
def test_every_planted_value_is_found(app: str, suffix: str) -> None:
    result = recording(f"{app}.{suffix}")
    wanted = json.loads((APPS / app / "expected.json").read_text(encoding="utf-8"))
    found = {(f.subject.partition(":")[2], f.recipient) for f in result.facts if f.action == "sends"}
    for phase in wanted["run"]["phases"]:
        for send in phase["sends"]:
            host = send["url"].split("/")[2]
            for data in send["data"]:
                if data not in UNSEEN:
                    assert (SAID_AS.get(data, data), f"host:{host}") in found, send
    assert not result.gaps


def test_evidence_is_redacted_and_exact() -> None:
    result = recording("shop.har")
    text = repr(result.facts)
    assert "866174031234564" not in text.replace("imei=866174031234564", "")
    fields = [e for f in result.facts for e in f.evidence if isinstance(e, FlowField)]
    assert "request.body.json.device.android_id" in {e.where for e in fields}
    assert {"form", "json"} <= {e.encoding for e in fields}


def clean_entry(rng: random.Random, number: int) -> dict[str, Any]:
    """A request full of what looks like identifiers and is none of this device's."""
    digits = "".join(rng.choice("0123456789") for _ in range(15))
    body = {
        "order_no": f"2026{rng.randrange(10**14):014d}",
        "ts": 1_763_000_000_000 + rng.randrange(10**9),
        "trace_id": str(uuid.UUID(int=rng.getrandbits(128))),
        "sign": f"{rng.getrandbits(128):032x}",
        "digest": f"{rng.getrandbits(256):064x}",
        "sku": digits,
        "price": round(rng.random() * 100, 4),
        "img": f"https://img.shop.example/{rng.getrandbits(64):016x}.jpg",
        "ver": f"{rng.randrange(9)}.{rng.randrange(20)}.{rng.randrange(20)}",
    }
    return {
        "startedDateTime": "2026-11-22T10:00:00Z",
        "request": {
            "method": "POST",
            "url": f"https://api.shop.example/v{number % 3}/l?page={number}&sid={rng.getrandbits(64):016x}",
            "headers": [
                {"name": "User-Agent", "value": "okhttp/4.9"},
                {"name": "X-Request", "value": digits},
            ],
            "postData": {"mimeType": "application/json", "text": json.dumps(body)},
        },
        "response": {"status": 200, "headers": [], "content": {}},
    }


def test_500_clean_flows_yield_nothing(tmp_path: Path) -> None:
    rng = random.Random(20261122)
    har = {"log": {"entries": [clean_entry(rng, n) for n in range(500)]}}
    (tmp_path / "clean.har").write_text(json.dumps(har))
    for values in (VALUES, None):
        result = read_traffic(tmp_path / "clean.har", values)
        assert result.flows == 500
        assert [f for f in result.facts if f.action == "sends"] == []


def test_malformed_entries_are_gaps(tmp_path: Path) -> None:
    good = clean_entry(random.Random(1), 1)
    entries = [
        None,
        {},
        {"request": 3},
        {"request": {"method": "GET"}},
        good,
        {"request": {"url": "http://[", "method": "G"}},
    ]
    (tmp_path / "x.har").write_text(json.dumps({"log": {"entries": entries}}))
    result = read_traffic(tmp_path / "x.har", VALUES)
    assert result.flows == 2
    assert [g.code for g in result.gaps] == ["malformed_flow"] * 4


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"log": 3}', b'{"log": {"entries": 1}}', b"\x00\x01", b"hello"]
)
def test_no_recording_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.har"
    path.write_bytes(content)
    with pytest.raises(InputError):
        read_traffic(path, VALUES)
    ran = appaudit("traffic", path)
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1


def test_damaged_flow_file_keeps_what_came_before(tmp_path: Path) -> None:
    pytest.importorskip("mitmproxy", reason="flow files need the device extra")
    data = (FLOWS / "shop.mitm").read_bytes()
    (tmp_path / "x.mitm").write_bytes(data[: len(data) // 2])
    result = read_traffic(tmp_path / "x.mitm", VALUES)
    assert result.flows
    assert "damaged_recording" in {g.code for g in result.gaps}


def test_one_bad_flow_costs_no_other(tmp_path: Path) -> None:
    """And text messages, as mitmproxy 7 wrote them, are read."""
    io = pytest.importorskip("mitmproxy.io", reason="flow files need the device extra")
    from mitmproxy.test import tflow
    from mitmproxy.websocket import WebSocketMessage

    bad, old, good = tflow.tflow(), tflow.twebsocketflow(messages=False), tflow.tflow()
    bad.metadata["appaudit"] = {"hits": [{"nonsense": 1}]}
    assert old.websocket is not None
    old.websocket.messages.append(WebSocketMessage(1, True, b""))
    text: Any = '{"id":"866174031234564"}'
    old.websocket.messages[0].content = text
    good.request.content = b"imei=866174031234564"
    with (tmp_path / "x.mitm").open("wb") as file:
        for flow in (bad, old, good):
            io.FlowWriter(file).add(flow)
    result = read_traffic(tmp_path / "x.mitm", VALUES)
    assert [(g.code, g.scope) for g in result.gaps if g.code != "failed_flow"] == [
        ("malformed_flow", "x.mitm#0")
    ]
    fields = [e for f in result.facts if f.subject == "data:imei" for e in f.evidence]
    assert {e.where for e in fields if isinstance(e, FlowField)} == {
        "message[0].json.id",
        "request.body.form.imei",
    }

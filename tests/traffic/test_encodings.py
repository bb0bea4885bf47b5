"""Every encoding of the table, sent over HTTP/2 through the real proxy, is found at its exact field."""

from __future__ import annotations

import socket
import time

import pytest

pytest.importorskip("mitmproxy", reason="capturing needs the device extra")
pytest.importorskip("httpx", reason="the client of these tests")

from appaudit.records import Fact, FlowField, Gap
from appaudit.traffic.facts import facts_of
from appaudit.traffic.identifiers import Values
from appaudit.traffic.read import read
from tests.traffic.encodings import IMEI, KEY, ROWS, cbor
from tests.traffic.lab import laboratory
from tests.traffic.test_capture import client

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> list[Fact]:
    folder = tmp_path_factory.mktemp("encodings")
    with laboratory(folder) as proxy, client(proxy) as http:
        for name, row in ROWS.items():
            headers = {"Content-Type": row.content_type}
            if row.content_encoding:
                headers["Content-Encoding"] = row.content_encoding
            answer = http.post(f"https://{name}.example/", content=row.body(), headers=headers)
            assert answer.http_version == "HTTP/2"
        http.get(f"https://url.example/a?q={IMEI}", headers={"Referer": f"https://x.example/?i={IMEI}"})
        consent = {"npa": "1", "gdpr": "1", "gdprConsent": "CPx", "lmt": "0", "personal_ads_type": "0"}
        http.post("https://ads.example/bid", json={"regs": consent})
        _websocket(proxy.port)
    gaps: list[Gap] = []
    found = list(facts_of(read(folder / "session.mitm", gaps), Values({"imei": [IMEI]}, [KEY]), gaps))
    assert not gaps
    return found


def _websocket(port: int) -> None:
    """A real WebSocket server and client, a tunnel through the proxy between them."""
    from websockets.sync.client import connect
    from websockets.sync.server import serve

    def answer(peer: object) -> None:
        for message in peer:  # type: ignore[attr-defined]
            peer.send(f"{len(message)}")  # type: ignore[attr-defined]

    import threading

    with serve(answer, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        home = server.socket.getsockname()[1]
        tunnel = socket.create_connection(("127.0.0.1", port))
        tunnel.sendall(f"CONNECT socket.example:{home} HTTP/1.1\r\n\r\n".encode())
        assert b" 200 " in tunnel.recv(1000)
        with connect(f"ws://socket.example:{home}/live", sock=tunnel) as peer:
            for message in ("hello", cbor({"d": IMEI})):
                peer.send(message)
                peer.recv()
        server.shutdown()
        thread.join()
    time.sleep(0.2)


def of(facts: list[Fact], host: str) -> list[Fact]:
    return [f for f in facts if f.recipient == f"host:{host}" and f.action == "sends"]


@pytest.mark.parametrize("name", ROWS)
def test_row(facts: list[Fact], name: str) -> None:
    row = ROWS[name]
    found = of(facts, f"{name}.example")
    assert [f.subject for f in found] == ["data:imei"]
    assert found[0].attribute["form"] == row.form
    fields = [e for e in found[0].evidence if isinstance(e, FlowField)]
    assert [(e.where, e.encoding) for e in fields] == [(row.where, row.encoding)]
    assert not any(IMEI in e.excerpt for e in fields)


def test_websocket(facts: list[Fact]) -> None:
    fields = [e for f in of(facts, "socket.example") for e in f.evidence if isinstance(e, FlowField)]
    assert [(e.where, e.encoding) for e in fields] == [("message[1].cbor.d", "cbor")]


def test_identifiers_in_addresses_are_told(facts: list[Fact]) -> None:
    assert {f.attribute.get("in_url") for f in of(facts, "url.example")} == {"yes"}


def test_consent_signals(facts: list[Fact]) -> None:
    found = {f.subject: (f.attribute["value"], f.attribute["limits"]) for f in of(facts, "ads.example")}
    assert found == {
        "setting:consent/npa": ("1", "yes"),
        "setting:consent/gdpr": ("1", "unknown"),
        "setting:consent/gdpr_consent": ("CPx", "unknown"),
        "setting:consent/limit_ad_tracking": ("0", "no"),
        "setting:consent/personalised_ads": ("0", "yes"),
    }

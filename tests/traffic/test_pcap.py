"""Packet captures: real TLS on loopback, caught by tcpdump and opened by its key log; PCAPdroid's trailer."""

from __future__ import annotations

import shutil
import ssl
import struct
import subprocess
import time
from pathlib import Path

import pytest

pytest.importorskip("mitmproxy", reason="the server of these tests")
httpx = pytest.importorskip("httpx", reason="the client of these tests")

from appaudit.errors import InputError  # noqa: E402
from appaudit.records import FlowField  # noqa: E402
from appaudit.traffic import (  # noqa: E402
    TrafficResult,
    pcap,
    read_traffic,
)
from tests.traffic.encodings import IMEI  # noqa: E402
from tests.traffic.lab import VALUES, plain_server, tls_server  # noqa: E402
from tests.traffic.test_capture import Context  # noqa: E402

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def places(result: TrafficResult) -> set[str]:
    facts = [f for f in result.facts if f.subject == "data:imei"]
    return {e.where for f in facts for e in f.evidence if isinstance(e, FlowField)}


@pytest.fixture(scope="module")
def captured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """HTTP/1 and HTTP/2 over TLS, and HTTP in the clear, with their key log beside."""
    if shutil.which("tshark") is None or shutil.which("tcpdump") is None:
        pytest.skip("tshark and tcpdump are not both installed")
    folder = tmp_path_factory.mktemp("pcap")
    with plain_server() as plain, tls_server(folder, plain) as tls:
        command = ["tcpdump", "-i", "lo", "-U", "-w", str(folder / "a.pcap"), f"port {tls} or port {plain}"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as dump:
            assert dump.stderr is not None
            if "listening" not in (said := dump.stderr.readline()):
                dump.wait(10)
                pytest.skip(f"tcpdump may not capture on loopback: {said.strip()}")
            trust = Context(ssl.PROTOCOL_TLS_CLIENT)
            trust.load_verify_locations(folder / "front.mitm.ca" / "mitmproxy-ca-cert.pem")
            trust.keylog_filename = str(folder / "a.keys")
            with httpx.Client(verify=trust, http2=True, trust_env=False, timeout=20) as http:
                answer = http.post(f"https://localhost:{tls}/two?x=1", json={"d": IMEI})
                assert answer.http_version == "HTTP/2"
            with httpx.Client(verify=trust, trust_env=False, timeout=20) as http:
                http.post(f"https://localhost:{tls}/one", content=b"\xff\x00a" + b"e=" + IMEI.encode())
                http.post(f"http://127.0.0.1:{plain}/clear", content=b"f=" + IMEI.encode())
            time.sleep(1)
            dump.terminate()
    return folder / "a.pcap"


@needs_tshark
def test_opened_by_the_key_log_beside_it(captured: Path) -> None:
    result = read_traffic(captured, VALUES)
    assert {"request.body.json.d", "request.body", "request.body.form.f"} <= places(result)
    assert {f.recipient for f in result.facts if f.subject == "data:imei"} >= {"host:localhost"}
    assert not [g for g in result.gaps if g.code == "closed_tls"]


@needs_tshark
def test_without_the_key_log_it_is_told_as_bytes(captured: Path, tmp_path: Path) -> None:
    shutil.copy(captured, tmp_path / "b.pcap")
    result = read_traffic(tmp_path / "b.pcap", VALUES)
    (gap,) = [g for g in result.gaps if g.code == "closed_tls"]
    assert gap.scope == "localhost"
    assert int(gap.reason.split()[0]) > 1000
    assert "request.body.form.f" in places(result)  # what was sent in the clear


def packet(payload: bytes, trailer: bytes = b"") -> bytes:
    """An Ethernet frame from 10.0.0.2 to 10.0.0.3, port 40000 to 80."""
    tcp = struct.pack(">HHIIBBHHH", 40000, 80, 1, 1, 0x50, 0x18, 1000, 0, 0) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0, b"\n\0\0\2", b"\n\0\0\3")
    return bytes(12) + b"\x08\x00" + ip + tcp + trailer


@needs_tshark
def test_pcapdroid_names_the_app(tmp_path: Path) -> None:
    request = b"GET /x?d=" + IMEI.encode() + b" HTTP/1.1\r\nHost: api.example\r\n\r\n"
    trailer = bytes.fromhex("01072021") + struct.pack(">i20s", 10123, b"com.shop.app") + bytes(4)
    frame = packet(request, trailer)
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    (tmp_path / "d.pcap").write_bytes(head + struct.pack("<IIII", 1000, 0, len(frame), len(frame)) + frame)
    result = read_traffic(tmp_path / "d.pcap", VALUES)
    (fact,) = [f for f in result.facts if f.subject == "data:imei"]
    assert fact.recipient == "host:api.example"
    assert fact.attribute["process"] == "com.shop.app"


@needs_tshark
@pytest.mark.parametrize("content", [b"\xd4\xc3\xb2\xa1", b"\xd4\xc3\xb2\xa1" + bytes(9)])
def test_damaged_captures_are_gaps(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.pcap").write_bytes(content)
    result = read_traffic(tmp_path / "x.pcap", VALUES)
    assert result.flows == 0
    assert "damaged_recording" in {g.code for g in result.gaps}


def test_a_capture_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "tshark"
    slow.write_text("#!/bin/sh\nexec sleep 600\n", encoding="ascii")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(pcap, "SECONDS", 0.3)
    file = tmp_path / "slow.pcap"
    file.write_bytes(pcap.MAGIC[0] + bytes(20))
    (gap,) = [g for g in read_traffic(file).gaps if g.code == "damaged_recording"]
    assert "after 0 s" in gap.reason


def test_without_tshark_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.pcap").write_bytes(b"\xd4\xc3\xb2\xa1" + bytes(20))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(InputError, match="needs tshark"):
        read_traffic(tmp_path / "x.pcap", VALUES)

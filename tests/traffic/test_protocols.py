"""gRPC, server-sent events, HTTP/3 and DNS through the real proxy; the modes that need no proxy setting."""

from __future__ import annotations

import asyncio
import queue
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mitmproxy", reason="capturing needs the device extra")

from appaudit.records import FlowField
from appaudit.traffic import TrafficResult, read_traffic
from appaudit.traffic.capture import Capture, Options
from tests.traffic.encodings import IMEI, proto
from tests.traffic.lab import VALUES, Everywhere, certified

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def places(result: TrafficResult, data: str = "imei") -> set[str]:
    facts = [f for f in result.facts if f.subject == f"data:{data}"]
    return {e.where for f in facts for e in f.evidence if isinstance(e, FlowField)}


def test_grpc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real client streams to a real server; both ends are gRPC's own."""
    grpc = pytest.importorskip("grpc", reason="grpcio is not installed")
    from concurrent.futures import ThreadPoolExecutor

    got: queue.Queue[bytes] = queue.Queue()

    class Handler(grpc.GenericRpcHandler):  # type: ignore[misc,name-defined]
        def service(self, details: Any) -> Any:
            def collect(messages: Any, context: Any) -> bytes:
                for message in messages:
                    got.put(message)
                return b"\x08\x01"

            return grpc.stream_unary_rpc_method_handler(collect)

    pem, _ = certified(tmp_path, "rpc.example")
    key, _, chain = pem.read_bytes().partition(b"-----BEGIN CERTIFICATE-----")
    server = grpc.server(ThreadPoolExecutor(2), handlers=(Handler(),))
    port = server.add_secure_port(
        "127.0.0.1:0", grpc.ssl_server_credentials([(key, b"-----BEGIN CERTIFICATE-----" + chain)])
    )
    server.start()
    monkeypatch.setenv("http_proxy", "")
    with Capture(
        Options(tmp_path / "s.mitm", settings=("ssl_insecure=true",), addons=(Everywhere(port, port),))
    ) as proxy:
        trust = grpc.ssl_channel_credentials((proxy.ca / "mitmproxy-ca-cert.pem").read_bytes())
        through = [("grpc.http_proxy", f"http://127.0.0.1:{proxy.port}"), ("grpc.enable_http_proxy", 1)]
        with grpc.secure_channel("rpc.example:443", trust, through) as channel:
            call = channel.stream_unary("/app.Events/Send")
            assert call(iter([proto(1, b"open"), proto(2, IMEI.encode())]), timeout=20) == b"\x08\x01"
        time.sleep(0.3)
    server.stop(None).wait(5)
    assert got.qsize() == 2
    result = read_traffic(tmp_path / "s.mitm", VALUES)
    assert places(result) == {"request.body.grpc[1].2"}
    assert "host:rpc.example" in {f.recipient for f in result.facts}


class Stream(BaseHTTPRequestHandler):
    """Server-sent events that never end; the second waits until the first was seen."""

    seen = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b"data: one\n\n")
        self.wfile.flush()
        if self.seen.wait(20):
            self.wfile.write(b"data: two\n\n")
            self.wfile.flush()
        time.sleep(0.2)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def test_server_sent_events_pass_as_they_come(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Stream) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        port = server.server_address[1]
        with Capture(Options(tmp_path / "s.mitm", addons=(Everywhere(port, port),))) as proxy:
            with socket.create_connection(("127.0.0.1", proxy.port), timeout=20) as line:
                line.sendall(
                    f"GET http://sse.example/live?d={IMEI} HTTP/1.1\r\nHost: sse.example\r\n\r\n".encode()
                )
                got = b""
                while b"one" not in got:
                    got += line.recv(4096)
                Stream.seen.set()
                while b"two" not in got:
                    got += line.recv(4096)
            time.sleep(0.3)
        server.shutdown()
        thread.join()
    result = read_traffic(tmp_path / "s.mitm", VALUES)
    assert places(result) == {"request.url.query.form.d"}


def test_http3(tmp_path: Path) -> None:
    """A client and a server of HTTP/3, real QUIC on both sides of the proxy."""
    pytest.importorskip("aioquic")
    asyncio.run(_http3(tmp_path))
    result = read_traffic(tmp_path / "s.mitm", VALUES)
    assert places(result) == {"request.body.form.d"}
    assert "quic_offered" not in {g.code for g in result.gaps}


async def _http3(folder: Path) -> None:
    from tests.traffic.h3 import posting, serving

    pem, _ = certified(folder, "q.example")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = await serving(pem, "127.0.0.1", port)
    options = Options(
        folder / "s.mitm", mode=f"reverse:http3://127.0.0.1:{port}", settings=("ssl_insecure=true",)
    )
    with Capture(options) as proxy:
        ca = str(proxy.ca / "mitmproxy-ca-cert.pem")
        await posting(ca, "127.0.0.1", proxy.port, "q.example", f"a=1&d={IMEI}".encode())
        await asyncio.sleep(0.3)
    server.close()


def test_dns(tmp_path: Path) -> None:
    class Answer:
        def dns_request(self, flow: Any) -> None:
            flow.response = flow.request.succeed([])

    question = (
        b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + b"\x03log\x05umeng\x03com\x00\x00\x01\x00\x01"
    )
    with Capture(Options(tmp_path / "s.mitm", mode="dns", addons=(Answer(),))) as proxy:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.settimeout(20)
            line.sendto(question, ("127.0.0.1", proxy.port))
            assert line.recv(512)[:2] == b"\x12\x34"
        time.sleep(0.3)
    result = read_traffic(tmp_path / "s.mitm", VALUES)
    (fact,) = [f for f in result.facts if f.action == "contacts"]
    assert (fact.subject, fact.actor) == ("host:log.umeng.com", "sdk:umeng-analytics")
    assert fact.attribute["lookups"] == "1"


@pytest.mark.parametrize("mode", ["wireguard", "transparent", "socks5"])
def test_modes_start_and_stop(tmp_path: Path, mode: str) -> None:
    with Capture(Options(tmp_path / "s.mitm", mode=mode)) as proxy:
        assert proxy.port
        assert {p.stat().st_mode & 0o777 for p in proxy.ca.iterdir()} == {0o600}
        if mode == "wireguard":
            assert f":{proxy.port}\n" in proxy.configuration
            assert "PrivateKey" in proxy.configuration
    assert not proxy.ca.exists()
    with socket.socket(
        socket.AF_INET, socket.SOCK_DGRAM if mode == "wireguard" else socket.SOCK_STREAM
    ) as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", proxy.port))

"""An app that means harm to the recorder: whatever it sends, the capture goes on, in bounded memory."""

from __future__ import annotations

import contextlib
import gzip
import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("mitmproxy", reason="capturing needs the device extra")

from appaudit.traffic import read_traffic
from appaudit.traffic.capture import Capture, Options
from tests.traffic.encodings import IMEI
from tests.traffic.lab import VALUES, Everywhere, plain_server

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
MB = 1 << 20


def head(host: str, *lines: str) -> bytes:
    start = (f"POST http://{host}.example/ HTTP/1.1", f"Host: {host}.example")
    return "\r\n".join([*start, *lines, "", ""]).encode()


def _lines() -> Iterator[bytes]:
    """A head of 100 MB that never ends."""
    yield b"POST http://header.example/ HTTP/1.1\r\nHost: header.example\r\nX-A: "
    for _ in range(100):
        yield b"a" * MB


def _bomb() -> Iterator[bytes]:
    body = gzip.compress(bytes(200 * MB), 9)
    yield head("bomb", f"Content-Length: {len(body)}", "Content-Encoding: gzip") + body


def _nested() -> Iterator[bytes]:
    body = b'{"a":' * 200_000 + b"1" + b"}" * 200_000
    yield head("nested", f"Content-Length: {len(body)}", "Content-Type: application/json") + body


def _text() -> Iterator[bytes]:
    body = b"\xff\xfe\xc0\xaf" * 10_000
    yield head("text", f"Content-Length: {len(body)}", "Content-Type: text/plain; charset=utf-8") + body


def _longer() -> Iterator[bytes]:
    yield head("longer", "Content-Length: 999999999") + b"x" * 1000


def _two() -> Iterator[bytes]:
    yield head("two", "Content-Length: 3", "Content-Length: 50") + b"abc"


def _slow() -> Iterator[bytes]:
    yield head("slow", "Content-Length: 10")
    for _ in range(5):
        time.sleep(0.1)
        yield b"a"


def _chunks() -> Iterator[bytes]:
    yield head("chunks", "Transfer-Encoding: chunked") + b"fffffffffffffffffff\r\nabc\r\n-5\r\n"


SENDERS = (_lines, _bomb, _nested, _text, _longer, _two, _slow, _chunks)


def send(port: int, parts: Iterator[bytes]) -> None:
    """Send until the proxy has enough of it; read what it answers for a moment."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        for part in parts:
            line.sendall(part)
        line.settimeout(1)
        line.recv(1000)


def test_the_capture_goes_on(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with plain_server() as plain:
        options = Options(tmp_path / "s.mitm", values=VALUES, addons=(Everywhere(plain, plain),))
        with Capture(options) as proxy:
            for sender in SENDERS:
                send(proxy.port, sender())
                body = f"after={sender.__name__}&imei={IMEI}".encode()
                host = "fine" + sender.__name__.replace("_", "-")
                asked = head(host, f"Content-Length: {len(body)}") + body
                with socket.create_connection(("127.0.0.1", proxy.port), timeout=20) as line:
                    line.sendall(asked)
                    assert line.recv(1000).startswith(b"HTTP/1.1 200"), sender.__name__
    result = read_traffic(tmp_path / "s.mitm", VALUES)
    found = {f.recipient for f in result.facts if f.subject == "data:imei"}
    assert found == {f"host:fine{s.__name__.replace('_', '-')}.example" for s in SENDERS}
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert used < 500 * 1024, f"{used >> 10} MB"

"""A laboratory on this machine: real servers, the real proxy, and every host name led to those servers."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from appaudit.traffic.capture import Capture, Options

VALUES = Path(__file__).resolve().parents[2] / "fixtures" / "device.toml"


class Answer(BaseHTTPRequestHandler):
    """Takes any body, of known length or chunked, and answers in JSON."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        size = 0
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while length := int(self.rfile.readline(), 16):
                size += len(self.rfile.read(length))
                self.rfile.readline()
            self.rfile.readline()
        else:
            left = int(self.headers.get("Content-Length", 0))
            while left and (piece := self.rfile.read(min(left, 1 << 16))):
                size += len(piece)
                left -= len(piece)
        body = b'{"code":0,"got":%d}' % size
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_GET  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@contextmanager
def plain_server() -> Iterator[int]:
    """An HTTP server; its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@contextmanager
def tls_server(folder: Path, plain: int) -> Iterator[int]:
    """A server of HTTPS with HTTP/2 and HTTP/1.1 before the plain one; its port."""
    mode = f"reverse:http://127.0.0.1:{plain}"
    with Capture(Options(folder / "front.mitm", mode=mode)) as front:
        yield front.port


def certified(folder: Path, host: str) -> tuple[Path, Path]:
    """Key and certificate of a server in one PEM file, and the authority that signed it."""
    from mitmproxy.certs import CertStore

    entry = CertStore.from_store(folder / "own-ca", "own", 2048).get_cert(host, [])
    pem = folder / f"{host}.pem"
    pem.write_bytes(_private(entry.privatekey) + entry.cert.to_pem())
    return pem, folder / "own-ca" / "own-ca-cert.pem"


@contextmanager
def own_tls_server(folder: Path, host: str) -> Iterator[tuple[int, Path]]:
    """An HTTPS server of another process's making, as far as mitmproxy knows: its port and its authority.

    (Two proxies of mitmproxy in one process share their hooks.)
    """
    pem, authority = certified(folder, host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        server.daemon_threads = True
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server.server_address[1], authority
        server.shutdown()
        thread.join()


def _private(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    made: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made


class Everywhere:
    """mitmproxy addon: whatever host is asked for, the connection goes to the laboratory's servers."""

    def __init__(self, plain: int, tls: int) -> None:
        self.ports = {443: tls, 80: plain}

    def server_connect(self, data: Any) -> None:
        port = data.server.address[1]
        data.server.address = ("127.0.0.1", self.ports.get(port, port))


@contextmanager
def laboratory(folder: Path, limit: int = 4 << 20, output: str = "session.mitm") -> Iterator[Capture]:
    """The proxy under test, in front of real servers for every name."""
    with plain_server() as plain, tls_server(folder, plain) as tls:
        options = Options(
            folder / output,
            values=VALUES,
            settings=("ssl_insecure=true",),
            limit=limit,
            addons=(Everywhere(plain, tls),),
        )
        with Capture(options) as proxy:
            yield proxy

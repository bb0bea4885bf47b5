"""Proves a capture end to end on this machine: a certificate authority, the proxy, TLS, the recording."""

from __future__ import annotations

import http.client
import http.server
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appaudit.errors import InputError, MissingExtraError
from appaudit.traffic.capture import Capture, Options
from appaudit.traffic.facts import facts_of
from appaudit.traffic.identifiers import Values
from appaudit.traffic.read import read

PLANTED = "appaudit-doctor-7f3a91"
SECONDS = 20.0


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextmanager
def _server(folder: Path) -> Iterator[int]:
    """An HTTPS server on loopback with a certificate of its own making; its port."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from mitmproxy.certs import CertStore

    entry = CertStore.from_store(folder / "server", "server", 2048).get_cert("localhost", [])
    pem = folder / "server.pem"
    key = entry.privatekey.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem.write_bytes(key + entry.cert.to_pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answer) as server:
        server.daemon_threads = True
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join(5)


def _post(proxy: int, port: int, trust: ssl.SSLContext) -> None:
    line = http.client.HTTPSConnection("127.0.0.1", proxy, timeout=SECONDS, context=trust)
    line.set_tunnel("localhost", port)
    try:
        line.request("POST", "/", body=f"id={PLANTED}", headers={"Host": "localhost"})
        line.getresponse().read()
    finally:
        line.close()


def prove() -> tuple[bool, str]:
    """Whether a request over TLS is refused without our certificate authority, opened with it, and its value
    found in the recording; and one sentence on it."""
    with tempfile.TemporaryDirectory(prefix="appaudit-doctor-") as name:
        folder = Path(name)
        try:
            return _prove(folder)
        except (MissingExtraError, InputError, ImportError) as error:
            return False, str(error)
        except (OSError, http.client.HTTPException) as error:
            return False, f"a local HTTPS request through the proxy fails: {error}"


def _prove(folder: Path) -> tuple[bool, str]:
    recording = folder / "session.mitm"
    settings = ("ssl_insecure=true", "pass_refused=false")
    with _server(folder) as port, Capture(Options(recording, settings=settings)) as capture:
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trust.load_verify_locations(cafile=capture.certificate)
        try:
            _post(capture.port, port, ssl.create_default_context())
            return False, "a client that does not trust the certificate authority was served all the same"
        except ssl.SSLError:
            pass
        _post(capture.port, port, trust)
    if capture.ca.exists():
        return False, "the certificate authority was not deleted"
    found = facts_of(read(recording, []), Values({"user_id": [PLANTED]}), [])
    if not any(f.subject == "data:user_id" for f in found):
        return False, "the request was sent, and its value not found in the recording"
    return True, "a local HTTPS request was refused without its certificate, opened with it, its value found"

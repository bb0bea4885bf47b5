"""mitmproxy addon: looks for the device's own values as they pass, and keeps memory flat.

Imports the standard library, mitmproxy and `identifiers`, which stands beside it: copy both files anywhere
and ``mitmdump -w session.mitm -s addon.py --set device_values=device.toml`` loads them.

Bodies up to ``body_limit`` are kept in the flow file, larger ones pass through in windows; what a window
showed is written into the flow's metadata. Connections that fail before any request are written as flows
too, so that the one file tells them.
"""

from __future__ import annotations

import logging
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mitmproxy import connection, exceptions, http, tcp, tls
from mitmproxy.flow import Error
from mitmproxy.proxy import layer, layers
from mitmproxy.proxy.layers.tls import parse_client_hello

try:
    from appaudit.traffic.identifiers import Hit, Passed, Values, Window
except ImportError:  # loaded from a folder of its own
    from identifiers import Hit, Passed, Values, Window  # type: ignore[import-not-found,no-redef]

KEY = "appaudit"
"""The key of a flow's metadata under which everything here is written."""

MAX_HITS = 200
MAX_REFUSED = 10_000
TOLD = 1 << 18
"""Bytes of a kept body that are looked through at once; the rest when the recording is read."""
TLS_RECORD = b"\x16\x03"
"""How a TLS handshake begins."""

log = logging.getLogger(__name__)


def _name(connection: connection.Connection, server: connection.Server) -> str:
    """The host of a connection: the name TLS asks for, else the server's address."""
    return str(connection.sni or (server.address[0] if server.address else ""))


class Body:
    """A body passing through: kept while small, looked through in windows in any case."""

    def __init__(self, limit: int, window: Window | None, told: Callable[[list[Passed]], None]) -> None:
        self.limit = limit
        self.window = window
        self.told = told
        self.size = 0
        self.kept: list[bytes] = []

    def __call__(self, chunk: bytes) -> bytes:
        self.size += len(chunk)
        if self.size <= self.limit:
            self.kept.append(chunk)
        else:
            self.kept.clear()
        if self.window is not None and chunk:
            self.told(self.window.feed(chunk))
        return chunk

    @property
    def whole(self) -> bytes | None:
        return b"".join(self.kept) if self.size <= self.limit else None


class Listener:
    """The addon. ``on_hit`` gets (data type, host, form) once for each; without it nobody watches, and what
    is kept is not looked through before the recording is read."""

    def __init__(
        self, values: Values | None = None, on_hit: Callable[[str, str, str], None] | None = None
    ) -> None:
        self.values = values
        self.on_hit = on_hit
        self.flows = self.answers = 0
        self._bodies: dict[tuple[str, str], Body] = {}
        self._sockets: dict[str, tuple[Window, int]] = {}
        self._told: set[tuple[str, str, str]] = set()
        self._refused: Counter[str] = Counter()
        self._options: Any = None
        self._save: Callable[[Any], None] | None = None

    def load(self, loader: Any) -> None:
        # Not mitmproxy's ctx: that is the last master's, where several run in one process.
        self._options = loader.master.options
        save = loader.master.addons.get("save")
        self._save = save.save_flow if save is not None else None
        loader.add_option("device_values", str, "", "TOML file of the test device's own values.")
        loader.add_option(
            "pass_refused", bool, True, "Pass hosts on unopened whose certificate the app refused."
        )
        loader.add_option("body_limit", int, 4 << 20, "Bytes of a body that are kept; larger ones are not.")

    def configure(self, updated: set[str]) -> None:
        if "device_values" in updated and self._options.device_values:
            try:
                rows = tomllib.loads(Path(self._options.device_values).read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                raise exceptions.OptionsError(f"device_values: {error}") from error  # type: ignore[no-untyped-call]
            self.values = Values({k: v if isinstance(v, list) else [str(v)] for k, v in rows.items()})

    # -------------------------------------------------------------------- HTTP

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        # In HTTP/1 a request that tells no length has no body; in HTTP/2 it may.
        headers = flow.request.headers
        told = "content-length" in headers or "transfer-encoding" in headers
        if (told or not flow.request.http_version.startswith("HTTP/1")) and self._streams(headers):
            flow.request.stream = self._body(flow, "request")

    def request(self, flow: http.HTTPFlow) -> None:
        self.flows += 1
        self._finish(flow, "request", flow.request)
        if self.values is None or self.on_hit is None:
            return
        # What is kept is looked through later, in every encoding: this is for who watches.
        parts = [flow.request.url.encode(), *(v for _, v in flow.request.headers.fields)]
        parts.append((flow.request.raw_content or b"")[:TOLD])
        for hit in self.values.find(b"\n".join(parts)):
            self._tell(hit, flow.request.pretty_host)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        if flow.response is not None and self._streams(flow.response.headers):
            flow.response.stream = self._body(flow, "response")

    def response(self, flow: http.HTTPFlow) -> None:
        self.answers += 1
        if flow.response is not None:
            self._finish(flow, "response", flow.response)

    def error(self, flow: http.HTTPFlow) -> None:
        for side, message in (("request", flow.request), ("response", flow.response)):
            if message is not None:
                self._finish(flow, side, message)

    def _streams(self, headers: http.Headers) -> bool:
        """Whether a body is large or of unknown length: it may never end (gRPC, server-sent events)."""
        if "transfer-encoding" not in headers and "content-length" in headers:
            try:
                return bool(int(headers["content-length"]) > self._options.body_limit)
            except ValueError:
                return True
        return True

    def _body(self, flow: http.HTTPFlow, side: str) -> Body:
        host = flow.request.pretty_host
        window = Window(self.values) if self.values is not None and side == "request" else None
        body = Body(
            self._options.body_limit, window, lambda found: self._note(flow, host, f"{side}.body", found)
        )
        self._bodies[flow.id, side] = body
        return body

    def _finish(self, flow: http.HTTPFlow, side: str, message: http.Message) -> None:
        body = self._bodies.pop((flow.id, side), None)
        if body is None or not body.size:
            return
        if body.whole is None and body.window is not None and body.window.cut:
            self._meta(flow)["cut"] = True
        if body.whole is not None:
            message.raw_content = body.whole
            if side == "request":  # kept after all: reading the file tells more exactly where
                flow.metadata.pop(KEY, None)
        else:
            self._meta(flow)[f"{side}_size"] = body.size

    # -------------------------------------------------------------------- sockets

    def websocket_message(self, flow: http.HTTPFlow) -> None:
        assert flow.websocket is not None
        self._message(flow, flow.websocket.messages, flow.request.pretty_host, "websocket")

    def websocket_end(self, flow: http.HTTPFlow) -> None:
        self._sockets.pop(flow.id, None)

    def tcp_message(self, flow: tcp.TCPFlow) -> None:
        if (
            _name(flow.client_conn, flow.server_conn) in self._refused
            and not flow.client_conn.tls_established
        ):
            message = flow.messages.pop()
            meta = self._meta(flow)
            meta["unopened"] = True
            meta["request_size"] = meta.get("request_size", 0) + message.from_client * len(message.content)
            return
        address = flow.server_conn.address
        self._message(flow, flow.messages, address[0] if address else "", "tcp")

    def tcp_end(self, flow: tcp.TCPFlow) -> None:
        self._sockets.pop(flow.id, None)

    tcp_error = tcp_end

    def _message(self, flow: Any, messages: list[Any], host: str, where: str) -> None:
        """Search a message; beyond the limit of one connection it is not kept."""
        message = messages[-1]
        window, size = self._sockets.get(flow.id) or (Window(self.values or Values({})), 0)
        self._sockets[flow.id] = (window, size + len(message.content))
        if message.from_client and self.values is not None:
            found = window.feed(bytes(message.content))
            if size + len(message.content) > self._options.body_limit:
                self._note(flow, host, where, found)
            for passed in found:
                self._tell(passed.hit, host)
        if size + len(message.content) > self._options.body_limit:
            messages.pop()
            meta = self._meta(flow)
            meta["messages_dropped"] = meta.get("messages_dropped", 0) + 1
            if message.from_client:
                meta["request_size"] = meta.get("request_size", 0) + len(message.content)
                if window.cut:
                    meta["cut"] = True

    # -------------------------------------------------------------------- what failed

    def next_layer(self, nextlayer: layer.NextLayer) -> None:
        """The second time on, an app gets through to a host whose certificate from us it refused."""
        if not self._refused or not self._options.pass_refused:
            return
        data = nextlayer.data_client()  # type: ignore[no-untyped-call]
        if not data.startswith(TLS_RECORD) or nextlayer.context.client.transport_protocol != "tcp":
            return
        try:
            hello = parse_client_hello(data)
        except ValueError:
            return
        if hello is None:
            return
        name = hello.sni or _name(nextlayer.context.client, nextlayer.context.server)
        if self._refused[name] > 1:
            nextlayer.context.client.sni = hello.sni
            nextlayer.layer = layers.TCPLayer(nextlayer.context)

    def tls_failed_client(self, data: tls.TlsData) -> None:
        name = _name(data.context.client, data.context.server)
        if len(self._refused) < MAX_REFUSED:
            # An end without an alert may be the network's fault: it takes two of them.
            self._refused[name] += 2 if "does not trust" in str(data.conn.error).partition(". If")[0] else 1
        self._failed(data.context.client, data.context.server, name, "tls_client", data.conn.error)

    def tls_failed_server(self, data: tls.TlsData) -> None:
        name = _name(data.context.server, data.context.server)
        self._failed(data.context.client, data.context.server, name, "tls_server", data.conn.error)

    def http_connect_error(self, flow: http.HTTPFlow) -> None:
        reason = (flow.response.text or flow.response.reason) if flow.response is not None else ""
        self._failed(flow.client_conn, flow.server_conn, flow.request.host, "connect", reason)

    def _failed(
        self, client: connection.Client, server: connection.Server, host: str, how: str, reason: str | None
    ) -> None:
        """Write a connection that never came to a request as a flow with an error."""
        port = server.address[1] if server.address else 443
        failed = http.HTTPFlow(client, server)
        failed.request = http.Request.make("CONNECT", f"https://{host or 'unknown.invalid'}:{port}/")
        failed.request.authority = f"{host}:{port}"
        failed.error = Error(str(reason or "failed")[:500])
        self._meta(failed)["failed"] = how
        if self._save is not None:
            self._save(failed)
        log.info("%s failed: %s (%s)", how, host, reason)

    # -------------------------------------------------------------------- telling

    def _meta(self, flow: Any) -> dict[str, Any]:
        found: dict[str, Any] = flow.metadata.setdefault(KEY, {})
        return found

    def _note(self, flow: Any, host: str, where: str, found: list[Passed]) -> None:
        hits = self._meta(flow).setdefault("hits", []) if found else []
        for passed in found:
            self._tell(passed.hit, host)
            if len(hits) < MAX_HITS:
                hit = passed.hit
                hits.append(
                    {
                        "data": hit.data, "form": hit.form, "where": where, "encoding": passed.encoding,
                        "offset": passed.offset, "context": passed.context, "at": hit.offset,
                        "length": hit.length,
                    }
                )  # fmt: skip

    def _tell(self, hit: Hit, host: str) -> None:
        key = (hit.data, host, hit.form)
        if self.on_hit is None or key in self._told or len(self._told) > 100_000:
            return
        self._told.add(key)
        self.on_hit(*key)


def _log(data: str, host: str, form: str) -> None:
    log.info("appaudit: %s goes to %s (%s)", data, host, form)


addons = [Listener(on_hit=_log)]

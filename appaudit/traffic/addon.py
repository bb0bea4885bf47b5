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
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mitmproxy import connection, ctx, exceptions, http, tcp, tls
from mitmproxy.flow import Error

try:
    from appaudit.traffic.identifiers import Passed, Values, Window
except ImportError:  # loaded from a folder of its own
    from identifiers import Passed, Values, Window  # type: ignore[import-not-found,no-redef]

KEY = "appaudit"
"""The key of a flow's metadata under which everything here is written."""

MAX_HITS = 200

log = logging.getLogger(__name__)


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
    """The addon. ``on_hit`` gets (data type, host, form) once for each; else the log does."""

    def __init__(
        self, values: Values | None = None, on_hit: Callable[[str, str, str], None] | None = None
    ) -> None:
        self.values = values
        self.on_hit = on_hit
        self.flows = self.answers = 0
        self._bodies: dict[tuple[str, str], Body] = {}
        self._sockets: dict[str, tuple[Window, int]] = {}
        self._told: set[tuple[str, str, str]] = set()

    def load(self, loader: Any) -> None:
        loader.add_option("device_values", str, "", "TOML file of the test device's own values.")
        loader.add_option("body_limit", int, 4 << 20, "Bytes of a body that are kept; larger ones are not.")

    def configure(self, updated: set[str]) -> None:
        if "device_values" in updated and ctx.options.device_values:
            try:
                rows = tomllib.loads(Path(ctx.options.device_values).read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                raise exceptions.OptionsError(f"device_values: {error}") from error  # type: ignore[no-untyped-call]
            self.values = Values({k: v if isinstance(v, list) else [str(v)] for k, v in rows.items()})

    # -------------------------------------------------------------------- HTTP

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if self._streams(flow.request.headers):
            flow.request.stream = self._body(flow, "request")

    def request(self, flow: http.HTTPFlow) -> None:
        self.flows += 1
        self._finish(flow, "request", flow.request)
        if self.values is None:
            return
        parts = [flow.request.url.encode(), *(v for _, v in flow.request.headers.fields)]
        for part in (b"\n".join(parts), flow.request.raw_content or b""):
            for passed in Window(self.values).feed(part):
                self._tell(passed, flow.request.pretty_host)

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
                return bool(int(headers["content-length"]) > ctx.options.body_limit)
            except ValueError:
                return True
        return True

    def _body(self, flow: http.HTTPFlow, side: str) -> Body:
        host = flow.request.pretty_host
        window = Window(self.values) if self.values is not None and side == "request" else None
        body = Body(
            ctx.options.body_limit, window, lambda found: self._note(flow, host, f"{side}.body", found)
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
            if size + len(message.content) > ctx.options.body_limit:
                self._note(flow, host, where, found)
            for passed in found:
                self._tell(passed, host)
        if size + len(message.content) > ctx.options.body_limit:
            messages.pop()
            meta = self._meta(flow)
            meta["messages_dropped"] = meta.get("messages_dropped", 0) + 1
            if message.from_client:
                meta["request_size"] = meta.get("request_size", 0) + len(message.content)
                if window.cut:
                    meta["cut"] = True

    # -------------------------------------------------------------------- what failed

    def tls_failed_client(self, data: tls.TlsData) -> None:
        address = data.context.server.address
        name = data.context.client.sni or (address[0] if address else "")
        self._failed(data.context.client, data.context.server, name, "tls_client", data.conn.error)

    def tls_failed_server(self, data: tls.TlsData) -> None:
        address = data.context.server.address
        name = data.context.server.sni or (address[0] if address else "")
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
        save = ctx.master.addons.get("save")  # type: ignore[no-untyped-call]
        if save is not None:
            save.save_flow(failed)
        log.info("%s failed: %s (%s)", how, host, reason)

    # -------------------------------------------------------------------- telling

    def _meta(self, flow: Any) -> dict[str, Any]:
        found: dict[str, Any] = flow.metadata.setdefault(KEY, {})
        return found

    def _note(self, flow: Any, host: str, where: str, found: list[Passed]) -> None:
        hits = self._meta(flow).setdefault("hits", []) if found else []
        for passed in found:
            self._tell(passed, host)
            if len(hits) < MAX_HITS:
                hit = passed.hit
                hits.append(
                    {
                        "data": hit.data, "form": hit.form, "where": where, "encoding": passed.encoding,
                        "offset": passed.offset, "context": passed.context, "at": hit.offset,
                        "length": hit.length,
                    }
                )  # fmt: skip

    def _tell(self, passed: Passed, host: str) -> None:
        key = (passed.hit.data, host, passed.hit.form)
        if key in self._told or len(self._told) > 100_000:
            return
        self._told.add(key)
        if self.on_hit is not None:
            self.on_hit(*key)
        else:
            log.info("appaudit: %s goes to %s (%s)", *key)


addons = [Listener()]

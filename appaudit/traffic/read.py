"""Recorded traffic: HAR of browsers and proxies, mitmproxy flow files, packet captures."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from appaudit.errors import InputError, MissingExtraError
from appaudit.records import Gap
from appaudit.traffic.flow import Flow, Message, Passed
from appaudit.traffic.pcap import is_capture, read_capture

MAX_HAR = 512 << 20
"""Bytes of a HAR that are read: it has to be parsed whole."""


def read(path: Path, gaps: list[Gap]) -> Iterator[Flow]:
    """The flows of a recording, in its order; what cannot be read goes into ``gaps``.

    Raises InputError where the file is no recording, MissingExtraError for a flow file without mitmproxy.
    """
    try:
        if not path.is_file():
            raise InputError(f"{path} does not exist" if not path.exists() else f"{path} is not a file")
        size = path.stat().st_size
        with path.open("rb") as f:
            head = f.read(64)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    if not head.strip():
        raise InputError(f"{path} is empty")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        if size > MAX_HAR:
            raise InputError(f"{path} is too large for a HAR ({size >> 20} MB); record a flow file instead")
        return _har(path, gaps)
    if head[:1].isdigit() and b":" in head[:12]:
        return _mitm(path, gaps)
    if is_capture(head):
        return read_capture(path, gaps)
    raise InputError(f"{path} is neither a HAR, nor a mitmproxy flow file, nor a packet capture")


# ------------------------------------------------------------------------ HAR


def _har(path: Path, gaps: list[Gap]) -> Iterator[Flow]:
    try:
        data = json.loads(path.read_bytes().decode("utf-8-sig", "replace"))
        entries = data["log"]["entries"]
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise InputError(f"{path} is not a HAR: {error}") from error
    if not isinstance(entries, list):
        raise InputError(f"{path} is not a HAR: its log has no list of entries")
    return _entries(path, entries, gaps)


def _entries(path: Path, entries: list[Any], gaps: list[Gap]) -> Iterator[Flow]:
    for number, entry in enumerate(entries):
        try:
            yield _entry(f"{path.name}#{number}", entry)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            gaps.append(_malformed(path, number, error))


def _malformed(path: Path, number: int, error: Exception) -> Gap:
    reason = f"entry {number} of {path.name} is malformed: {type(error).__name__} {error}"
    return Gap("traffic", "malformed_flow", f"{path.name}#{number}", reason[:300])


def _entry(flow_id: str, entry: dict[str, Any]) -> Flow:
    request, response = entry["request"], entry.get("response") or {}
    posted = request.get("postData") or {}
    body = _body(posted.get("text"), posted.get("encoding"))
    if not body and posted.get("params"):
        pairs = [f"{p.get('name', '')}={p.get('value', '')}" for p in posted["params"]]
        body = "&".join(pairs).encode("utf-8", "replace")
    content = response.get("content") or {}
    frames = [
        _body(m.get("data"), "base64" if m.get("opcode") == 2 else None)
        for m in entry.get("_webSocketMessages") or []
        if m.get("type") == "send"
    ]
    return Flow(
        flow_id,
        str(request["method"]),
        str(request["url"]),
        _time(entry.get("startedDateTime")),
        Message(_headers(request.get("headers")), body),
        Message(_headers(response.get("headers")), _body(content.get("text"), content.get("encoding"))),
        int(response.get("status") or 0),
        tuple(frames),
        str(response.get("_error") or ""),
        protocol=_version(request.get("httpVersion")),
        client_port=_port(entry.get("_clientPort") or entry.get("connection")),
        address=str(entry.get("serverIPAddress") or "").strip("[]"),
    )


def _version(text: Any) -> str:
    """As mitmproxy writes it: browsers say ``h3`` and ``h2``."""
    return {"h3": "HTTP/3", "h2": "HTTP/2.0"}.get(str(text).lower(), str(text or ""))


def _port(text: Any) -> int:
    return int(text) if str(text).isdigit() and 0 < int(text) < 65536 else 0


def _headers(rows: Any) -> tuple[tuple[str, str], ...]:
    return tuple((str(r["name"]), str(r["value"])) for r in rows or () if isinstance(r, dict))


def _body(text: Any, encoding: Any) -> bytes:
    if not isinstance(text, str):
        return b""
    if encoding == "base64":
        try:
            return base64.b64decode(text)
        except ValueError:
            return text.encode("utf-8", "replace")
    return text.encode("utf-8", "surrogateescape")


def _time(text: Any) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except (ValueError, OverflowError):
        return None


# ------------------------------------------------------------------------ mitmproxy


def _mitm(path: Path, gaps: list[Gap]) -> Iterator[Flow]:
    try:
        from mitmproxy import io
    except ImportError as error:
        raise MissingExtraError("reading a mitmproxy flow file", "device") from error

    def flows() -> Iterator[Flow]:
        with path.open("rb") as f:
            try:
                for number, flow in enumerate(io.FlowReader(f).stream()):
                    make = _KINDS.get(flow.type)
                    if make is None:
                        continue
                    try:
                        yield make(f"{path.name}#{number}", flow)
                    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
                        gaps.append(_malformed(path, number, error))
            except Exception as error:  # noqa: BLE001 - hostile bytes break the reader anywhere
                reason = f"{path.name} ends early: {error or type(error).__name__}"
                gaps.append(Gap("traffic", "damaged_recording", path.name, reason[:300]))

    return flows()


def _http(flow_id: str, flow: Any) -> Flow:
    frames: tuple[bytes, ...] = ()
    if flow.websocket is not None:
        frames = tuple(_bytes(m.content) for m in flow.websocket.messages if m.from_client)
    request, response = flow.request, flow.response
    noted = _noted(flow)
    return Flow(
        flow_id,
        request.method,
        f"https://{request.authority}/" if request.method == "CONNECT" else request.pretty_url,
        request.timestamp_start,
        Message(_fields(request.headers), request.raw_content or b""),
        Message(_fields(response.headers), response.raw_content or b"") if response else None,
        response.status_code if response else 0,
        frames,
        str(flow.error) if flow.error else "",
        str(noted.get("failed") or ""),
        int(noted.get("request_size") or 0),
        tuple(Passed(**hit) for hit in noted.get("hits") or ()),
        request.http_version,
        (flow.server_conn.tls_version if flow.server_conn else "") or "",
        _peer(flow.client_conn)[1],
        _peer(flow.server_conn)[0],
        bool(noted.get("cut")),
    )


def _bytes(content: bytes | str) -> bytes:
    """A message; those of mitmproxy 7 and before are text where they were sent as text."""
    return content.encode("utf-8", "surrogateescape") if isinstance(content, str) else bytes(content)


def _peer(connection: Any) -> tuple[str, int]:
    """Address and port of a connection's other side."""
    found = connection.peername if connection is not None else None
    return (str(found[0]), int(found[1])) if found else ("", 0)


def _noted(flow: Any) -> dict[str, Any]:
    """What our capture wrote into the flow's metadata."""
    noted = flow.metadata.get("appaudit")
    return noted if isinstance(noted, dict) else {}


def _lookup(flow_id: str, flow: Any) -> Flow:
    """A look-up of a name: the name is the host."""
    asked = flow.request.questions
    name = str(asked[0].name).rstrip(".") if asked else ""
    return Flow(
        flow_id,
        "DNS",
        f"dns://{name}",
        flow.timestamp_created,
        error=str(flow.error) if flow.error else "",
        protocol="DNS",
        client_port=_peer(flow.client_conn)[1],
    )


def _socket(flow_id: str, flow: Any) -> Flow:
    """A TCP or UDP flow: its host as the server's name or address."""
    conn = flow.server_conn
    address = conn.address or conn.peername or ("", 0)
    host = conn.sni or flow.client_conn.sni or address[0]
    host = f"[{host}]" if ":" in host else host
    noted = _noted(flow)
    frames: tuple[bytes, ...] = ()
    if flow.messages:
        frames = tuple(_bytes(m.content) for m in flow.messages if m.from_client)
    return Flow(
        flow_id,
        flow.type.upper(),
        f"{flow.type}://{host}:{address[1]}",
        flow.timestamp_created,
        frames=frames,
        error=str(flow.error) if flow.error else "",
        unkept=int(noted.get("request_size") or 0),
        passed=tuple(Passed(**hit) for hit in noted.get("hits") or ()),
        protocol=flow.type.upper(),
        tls=conn.tls_version or "",
        client_port=_peer(flow.client_conn)[1],
        address=_peer(conn)[0],
        cut=bool(noted.get("cut")),
        unopened=bool(noted.get("unopened")),
    )


_KINDS: dict[str, Callable[[str, Any], Flow]] = {
    "http": _http,
    "dns": _lookup,
    "tcp": _socket,
    "udp": _socket,
}


def _fields(headers: Any) -> tuple[tuple[str, str], ...]:
    return tuple((k.decode("latin-1"), v.decode("utf-8", "replace")) for k, v in headers.fields)

"""Packet captures (PCAP, pcapng, PCAPdroid), dissected by tshark, opened where there is a key log.

tshark does the work of reassembly and decryption and prints lines: one pass for streams, HTTP/2 and name
look-ups, one for the requests of HTTP/1 with their raw bodies. What it could not open is told as bytes.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from appaudit.errors import InputError
from appaudit.records import Gap
from appaudit.traffic.flow import Flow, Message

MAGIC = (
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\xc3\xd4",
    b"\x4d\x3c\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
    b"\x0a\x0d\x0d\x0a",
)
"""How the formats begin: PCAP of both byte orders and both resolutions, pcapng."""
KEY_LOGS = (".keys", ".keylog", ".sslkeylog", ".log")
"""Endings of a key log that lies beside a capture under the same name."""
SECONDS, SECONDS_PER_MB = 120.0, 2.0
"""How long tshark may take for a capture, each time: dissecting what was made to be slow has no end."""
BETWEEN, AMONG = "\x1f", "\x1e"
MAX_LINE = 64 << 20
PCAPDROID = "01072021"
"""Magic of the trailer in which PCAPdroid writes the app of a packet: then uid (4 bytes), name (20)."""
FIELDS = (
    "frame.time_epoch", "tcp.stream", "udp.stream", "tcp.srcport", "udp.srcport", "tcp.dstport",
    "udp.dstport", "ip.dst", "ipv6.dst", "tcp.len", "udp.length", "tls.handshake.extensions_server_name",
    "http2.streamid", "http2.type", "http2.header.name", "http2.header.value", "http2.data.data",
    "http2.body.reassembled.data", "dns.qry.name", "eth.trailer", "http.request.method",
)  # fmt: skip


@dataclass(slots=True)
class _Stream:
    time: float
    client: int
    port: int
    address: str
    name: str = ""
    sent: int = 0
    opened: bool = False
    app: str = ""


@dataclass(slots=True)
class _Request:
    time: float
    stream: tuple[str, str]
    headers: list[tuple[str, str]]
    body: list[bytes] = field(default_factory=list)


def is_capture(head: bytes) -> bool:
    """Whether a file that begins so is a packet capture."""
    return head.startswith(MAGIC)


def read_capture(path: Path, gaps: list[Gap]) -> Iterator[Flow]:
    """The exchanges of a packet capture. Raises InputError where there is no tshark."""
    program = shutil.which("tshark")
    if program is None:
        raise InputError(f"{path} is a packet capture, which needs tshark (install Wireshark's command line)")
    keys = next((k for end in KEY_LOGS if (k := path.with_suffix(end)).is_file()), None)
    options = ["-o", f"tls.keylog_file:{keys}"] if keys else []
    return _flows(path, [program, "-n", "-r", str(path), *options], gaps)


def _flows(path: Path, command: Sequence[str], gaps: list[Gap]) -> Iterator[Flow]:
    streams: dict[tuple[str, str], _Stream] = {}
    requests: dict[tuple[str, str], _Request] = {}
    number = 0

    def flow_id() -> str:
        nonlocal number
        number += 1
        return f"{path.name}#{number - 1}"

    for row in _rows(command, gaps, path):
        stream = _packet(row, streams)
        if row["dns.qry.name"] and row["udp.dstport"] == "53":
            name = row["dns.qry.name"].split(AMONG)[0]
            yield Flow(flow_id(), "DNS", f"dns://{name}", stream.time if stream else None, protocol="DNS")
        elif stream is not None and row["http2.type"]:
            _http2(row, stream, requests)
    for found in requests.values():
        yield _made2(flow_id(), found, streams[found.stream])
    for layers in _documents(command, gaps, path):
        made = _made1(flow_id(), layers, streams)
        if made is not None:
            yield made
    for (kind, _), stream in streams.items():
        if not stream.opened and stream.sent and stream.port != 53:
            yield _closed(flow_id(), kind, stream)


def _run(command: Sequence[str], more: Sequence[str], gaps: list[Gap], path: Path) -> Iterator[str]:
    limit = SECONDS + SECONDS_PER_MB * path.stat().st_size / 1e6
    end = time.monotonic() + limit
    with subprocess.Popen(  # noqa: S603
        [*command, *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        errors="replace",
    ) as ran:
        assert ran.stdout is not None
        clock = threading.Timer(limit, ran.kill)
        clock.start()
        try:
            while line := ran.stdout.readline(MAX_LINE):
                yield line
        finally:
            ran.stdout.close()
            ran.wait()  # it writes to a closed pipe, or the clock ends it
            clock.cancel()
    if ran.returncode and not any(g.code == "damaged_recording" for g in gaps):
        why = f"after {limit:.0f} s" if time.monotonic() >= end else f"exit code {ran.returncode}"
        reason = f"tshark could not read all of {path.name} ({why})"
        gaps.append(Gap("traffic", "damaged_recording", path.name, reason))


def _rows(command: Sequence[str], gaps: list[Gap], path: Path) -> Iterator[dict[str, str]]:
    more = [
        "-Y",
        "tcp.len > 0 or udp",
        "-T",
        "fields",
        "-E",
        f"separator={BETWEEN}",
        "-E",
        f"aggregator={AMONG}",
    ]
    more += [word for name in FIELDS for word in ("-e", name)]
    for line in _run(command, more, gaps, path):
        values = line.rstrip("\n").split(BETWEEN)
        if len(values) == len(FIELDS):
            yield dict(zip(FIELDS, values, strict=True))


def _number(text: str) -> int:
    first = text.split(AMONG)[0]
    return int(first) if first.isdigit() else 0


def _packet(row: dict[str, str], streams: dict[tuple[str, str], _Stream]) -> _Stream | None:
    kind = "tcp" if row["tcp.stream"] else "udp"
    number = row[f"{kind}.stream"].split(AMONG)[0]
    if not number:
        return None
    source = _number(row[f"{kind}.srcport"])
    stream = streams.get((kind, number))
    if stream is None:
        address = (row["ip.dst"] or row["ipv6.dst"]).split(AMONG)[0]
        time = float(row["frame.time_epoch"] or 0)
        stream = streams[kind, number] = _Stream(time, source, _number(row[f"{kind}.dstport"]), address)
    if source == stream.client:
        length = _number(row["tcp.len"]) if kind == "tcp" else max(_number(row["udp.length"]) - 8, 0)
        stream.sent += length
    stream.name = stream.name or row["tls.handshake.extensions_server_name"].split(AMONG)[0]
    trailer = row["eth.trailer"].replace(":", "")
    if trailer.startswith(PCAPDROID) and len(trailer) >= 56:
        stream.app = bytes.fromhex(trailer[16:56]).split(b"\0")[0].decode("utf-8", "replace")
    stream.opened = stream.opened or bool(row["http2.type"] or row["http.request.method"])
    return stream


def _http2(row: dict[str, str], stream: _Stream, requests: dict[tuple[str, str], _Request]) -> None:
    """Frames of HTTP/2 in one packet: headers in their order begin requests, data adds to them."""
    key = ("tcp", row["tcp.stream"].split(AMONG)[0])
    if _number(row["tcp.srcport"]) != stream.client:
        return
    ids, kinds = row["http2.streamid"].split(AMONG), row["http2.type"].split(AMONG)
    pairs = list(
        zip(row["http2.header.name"].split(AMONG), row["http2.header.value"].split(AMONG), strict=False)
    )
    starts = [n for n, (name, _) in enumerate(pairs) if name == ":method"]
    blocks = [pairs[a:b] for a, b in zip(starts, [*starts[1:], len(pairs)], strict=False)]
    data = [d for d in row["http2.data.data"].split(AMONG) if d]
    whole = [d for d in row["http2.body.reassembled.data"].split(AMONG) if d]
    time = float(row["frame.time_epoch"] or 0)
    for number, kind in zip(ids, kinds, strict=False):
        place = (f"{key[1]}/{number}", "")
        if kind == "1" and blocks and place not in requests:
            requests[place] = _Request(time, key, blocks.pop(0))
        elif kind == "0" and place in requests and whole:
            requests[place].body = [_hex(whole.pop(0))]
        elif kind == "0" and place in requests and data:
            requests[place].body.append(_hex(data.pop(0)))


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text.replace(":", ""))
    except ValueError:
        return b""


def _made2(flow_id: str, found: _Request, stream: _Stream) -> Flow:
    named: dict[str, str] = defaultdict(str, ((k, v) for k, v in found.headers if k.startswith(":")))
    url = f"{named[':scheme'] or 'https'}://{named[':authority'] or stream.name}{named[':path']}"
    headers = tuple((k, v) for k, v in found.headers if not k.startswith(":"))
    body = Message(headers, b"".join(found.body))
    return Flow(
        flow_id, named[":method"] or "GET", url, found.time, body, protocol="HTTP/2.0",
        client_port=stream.client, address=stream.address, process=stream.app,
    )  # fmt: skip


# ------------------------------------------------------------------------ HTTP/1


def _documents(command: Sequence[str], gaps: list[Gap], path: Path) -> Iterator[dict[str, Any]]:
    more = ["-Y", "http.request", "-T", "ek", "-x", "-J", "frame tcp http"]
    for line in _run(command, more, gaps, path):
        try:
            layers = json.loads(line).get("layers")
        except (ValueError, AttributeError):
            continue
        if isinstance(layers, dict):
            yield layers


def _below(tree: Any, name: str) -> str:
    """The first value of a field anywhere below: tshark hangs the request line's parts under a text."""
    for item in tree if isinstance(tree, list) else [tree]:
        if isinstance(item, dict):
            if name in item:
                return _one(item[name])
            if found := _below(item.get("text"), name):
                return found
    return ""


def _one(value: Any) -> str:
    return str(value[0] if isinstance(value, list) and value else value or "")


def _made1(flow_id: str, layers: dict[str, Any], streams: dict[tuple[str, str], _Stream]) -> Flow | None:
    http = layers.get("http")
    http = http[0] if isinstance(http, list) and http else http
    tcp = layers.get("tcp")
    if not isinstance(http, dict) or not isinstance(tcp, dict):
        return None
    stream = streams.get(("tcp", _one(tcp.get("tcp_tcp_stream"))))
    if stream is None:
        return None
    lines = http.get("http_http_request_line") or []
    lines = lines if isinstance(lines, list) else [lines]
    pairs = (str(line).replace("\\r\\n", "").strip().partition(":") for line in lines)
    headers = tuple((name, value.strip()) for name, _, value in pairs if name)
    host = _one(http.get("http_http_host")) or stream.name or stream.address
    scheme = "https" if stream.name else "http"
    uri = _below(http, "http_http_request_uri")
    url = uri if uri.startswith(("http:", "https:")) else f"{scheme}://{host}{uri}"
    body = _hex(_one(http.get("http_http_file_data_raw")))
    frame = layers.get("frame")
    time = _one(frame.get("frame_frame_time_epoch")) if isinstance(frame, dict) else ""
    at = float(time) if time.replace(".", "", 1).isdigit() else stream.time
    method = _below(http, "http_http_request_method") or "GET"
    return Flow(
        flow_id, method, url, at, Message(headers, body), protocol="HTTP/1.1",
        client_port=stream.client, address=stream.address, process=stream.app,
    )  # fmt: skip


def _closed(flow_id: str, kind: str, stream: _Stream) -> Flow:
    """A stream of which only its size is known."""
    host = stream.name or stream.address
    host = f"[{host}]" if ":" in host else host
    sealed = bool(stream.name) or stream.port in (443, 853)
    return Flow(
        flow_id, kind.upper(), f"{kind}://{host}:{stream.port}", stream.time, unkept=stream.sent,
        protocol=kind.upper(), client_port=stream.client, address=stream.address, unopened=sealed,
        process=stream.app,
    )  # fmt: skip

"""What hooks inside the app saw of its network: who opened a connection, what went into a cipher, HMAC keys.

The hooks and the wire see the same exchange from two sides. A flow is joined with the connection of the
same local port, else with the one to the same host nearest in time; a closed body with the cipher call
whose output stands in it.
"""

from __future__ import annotations

import bisect
import hashlib
import ipaddress
import re
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from appaudit.records import Stack
from appaudit.traffic.decode import View, sealed
from appaudit.traffic.flow import Flow

BEFORE, AFTER = 8.0, 0.5
"""Seconds before and after a request within which a connection to its host is taken for its own."""
SENT_WITHIN = 120.0
"""Seconds from a cipher call within which its output is looked for."""
PREFIX = 16
"""Bytes of a ciphertext by which it is found: one block of the usual ciphers."""
SHORTEST = 8
"""Bytes of a ciphertext below which finding it proves nothing."""
MAX_NEAR = 500
"""Cipher calls that one flow is compared with: the latest."""
_TOKEN = re.compile(rb"[A-Za-z0-9+/_=-]{22,}")


@dataclass(frozen=True, slots=True)
class Connection:
    """A connect or TLS call. ``actor``, as in a Fact, is who stands on the stack. ``host`` is a name, empty
    where unknown; ``ip`` the address, ``local_port`` 0 where unknown. ``time``: seconds since the epoch.
    ``protocol``: tcp · udp; ``done``: it came about."""

    time: float
    host: str
    port: int = 0
    local_port: int = 0
    actor: str = "unknown"
    process: str = ""
    stack: Stack | None = None
    ip: str = ""
    protocol: str = "tcp"
    done: bool = True


@dataclass(frozen=True, slots=True)
class Sealed:
    """A cipher call: ``plain`` went in, ``cut`` where not all was kept; ``cipher`` came out (its beginning);
    ``digest`` is the SHA-256 of all that came out, hex, where known, ``size`` its length."""

    time: float
    algorithm: str
    plain: bytes
    cipher: bytes
    size: int = 0
    digest: str = ""
    stack: Stack | None = None
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent a flow and how it is known: ``connection`` (same local port), ``stack`` (same host, nearest
    in time), ``host`` (whose host it is), ``nothing``."""

    actor: str
    how: str
    process: str = ""
    stack: Stack | None = None


class Witness:
    """The hooks' events of one run, ready to be joined. ``keys``: of HMACs, as `Values` takes them."""

    def __init__(
        self,
        connections: Iterable[Connection] = (),
        ciphers: Iterable[Sealed] = (),
        keys: Sequence[bytes] = (),
    ) -> None:
        self.keys = tuple(dict.fromkeys(keys))
        self._ports: dict[int, list[Connection]] = defaultdict(list)
        self._hosts: dict[str, list[Connection]] = defaultdict(list)
        self._all = sorted(connections, key=lambda c: c.time)
        for made in self._all:
            if made.local_port:
                self._ports[made.local_port].append(made)
            if made.host:
                self._hosts[made.host.lower()].append(made)
        self._ciphers = sorted((c for c in ciphers if len(c.cipher) >= SHORTEST), key=lambda c: c.time)
        self._times = [c.time for c in self._ciphers]

    def sender(self, flow: Flow) -> Sender | None:
        """Who opened the flow's connection; None where the hooks saw none that fits."""
        if flow.time is None:
            return None
        if flow.client_port:
            made = _latest(self._ports.get(flow.client_port, ()), flow.time)
            if made is not None and self._same(made, flow):
                return Sender(made.actor, "connection", made.process, made.stack)
        there = self._hosts.get(flow.host, [])
        near = [c for c in there if flow.time - BEFORE <= c.time <= flow.time + AFTER]
        actors = {c.actor for c in there if c.time <= flow.time + AFTER}
        if not near and len(actors) == 1:  # a connection that was kept open
            near = [c for c in there if c.time <= flow.time + AFTER][-1:]
        if not near:
            return None
        best = min(near, key=lambda c: abs(flow.time - c.time))  # type: ignore[operator]
        return Sender(best.actor, "stack", best.process, best.stack)

    def _same(self, made: Connection, flow: Flow) -> bool:
        """Whether a connection of the flow's port is the flow's: the port may have served another since."""
        host = made.host.lower()
        named = re.search(r"[a-z]", host) is not None and ":" not in host
        return not named or host in (flow.host, "localhost")  # an address is the proxy's, or the host's

    def past(self, ports: Container[int], proxy: str = "") -> Iterator[Connection]:
        """Connections to the network that no recorded flow came through: none has their local port, and they
        do not lead to the proxy, whose address is ``proxy`` or this machine's own."""
        for made in self._all:
            away = made.ip not in ("", proxy) and not _loopback(made.ip)
            named = made.protocol == "udp" and made.port == 53
            if made.done and away and not named and made.local_port not in ports:
                yield made

    def opened(self, time: float | None, views: Sequence[View]) -> Iterator[tuple[View, str, Sealed]]:
        """Cipher calls whose output stands in one of the views: raw, at any place, or as base64 or hex, which
        is told; each with the smallest of those views."""
        near = self._near(time)
        held: dict[int, tuple[View, str, Sealed]] = {}
        for view in views if near else ():
            for name, data in (("", view.data), *_decoded(view.data)):
                for seal in near:
                    closer = id(seal) not in held or len(view.data) < len(held[id(seal)][0].data)
                    if closer and _stands_in(seal, data):
                        held[id(seal)] = (view, name, seal)
        yield from held.values()

    def _near(self, time: float | None) -> list[Sealed]:
        """The latest calls before ``time``, of those whose output may still be under way."""
        if time is None:
            return self._ciphers[-MAX_NEAR:]
        start = bisect.bisect_left(self._times, time - SENT_WITHIN)
        end = bisect.bisect_right(self._times, time + AFTER)
        return self._ciphers[max(start, end - MAX_NEAR) : end]


def _stands_in(seal: Sealed, data: bytes) -> bool:
    """Whether a ciphertext is in ``data``; a header or an initialisation vector may stand before it."""
    if len(data) < SHORTEST:
        return False
    at = data.find(seal.cipher[:PREFIX], 0, 1 << 20)
    if at < 0 or not data.startswith(seal.cipher[: len(data) - at], at):
        return False
    whole = data[at : at + seal.size] if seal.size else b""
    return not (seal.digest and len(whole) == seal.size) or _digest(whole) == seal.digest.lower()


def _loopback(ip: str) -> bool:
    try:
        return ipaddress.ip_address(ip).is_loopback
    except ValueError:
        return True  # no address: nothing can be said of it


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _decoded(data: bytes) -> Iterator[tuple[str, bytes]]:
    for token in _TOKEN.findall(data)[:50]:
        hidden = sealed(token)
        if hidden:
            yield "hex" if 2 * len(hidden) == len(token) else "base64", hidden


def _latest(made: Sequence[Connection], time: float) -> Connection | None:
    """The last of them at or before ``time`` (or a moment after it: clocks of two processes)."""
    at = bisect.bisect_right(made, time + AFTER, key=lambda c: c.time)
    return made[at - 1] if at else None

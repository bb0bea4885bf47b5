"""What the wire could not show, each a Gap with its host and how much it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping

from appaudit.records import Gap
from appaudit.traffic.hosts import Host, public_address, within
from appaudit.traffic.scene import Scene
from appaudit.traffic.witness import Connection

DOT, QUIC = 853, 443
"""Ports: DNS over TLS (TCP and UDP), HTTP/3 (UDP)."""
MAX_PAST = 200

_FAILED = {
    "pinned": (
        "pinned_host",
        "the app refused the proxy's certificate for {host} {n} times and took it elsewhere: it probably "
        "pins this host; what it sends there is unknown ({reason})",
    ),
    "tls_client": (
        "untrusted_ca",
        "the app refused the proxy's certificate for {host} {n} times and took it nowhere: it probably does "
        "not trust the certificate authority; what it sends there is unknown ({reason})",
    ),
    "tls_server": (
        "server_certificate",
        "the proxy could not open TLS to {host} ({n} times), so the app could not either: {reason}",
    ),
    "connect": ("unreachable_host", "the proxy could not reach {host} ({n} times): {reason}"),
    "request": ("failed_flow", "{n} exchanges with {host} ended early: {reason}"),
}


def gaps_of(hosts: Mapping[str, Host], scene: Scene, ports: Container[int] = ()) -> Iterator[Gap]:
    """Everything that a recording lacks. ``ports``: of the app's side of the connections in it."""
    decrypts = any(host.decrypted for host in hosts.values())
    for name, host in sorted(hosts.items()):
        for step, (count, why) in host.failures.items():
            pinned = decrypts or within(name, scene.pinned)
            code, text = _FAILED["pinned" if step == "tls_client" and pinned else step]
            text = text.format(host=name, n=count, reason=why or "no reason given")
            if step == "tls_client":
                text += _trust(name, host, scene)
            yield Gap("traffic", code, name, text[:600])
        for code, text in _unseen(name, host):
            yield Gap("traffic", code, name, text)
    if scene.witness is not None:
        yield from _past(scene.witness.past(ports, scene.proxy))
    if scene.own_vpn:
        reason = "the app can open a VPN of its own; what it sends through it may pass the recording by"
        yield Gap("traffic", "own_vpn", "app", reason)


def _trust(name: str, host: Host, scene: Scene) -> str:
    """What is known of why the app refused, and how much it sent nevertheless."""
    said = []
    if within(name, scene.pinned):
        said.append("its network security config pins this host")
    if scene.trusts_user is False:
        said.append("it does not trust certificates that a user installed, only the system's")
    if host.unopened:
        said.append(f"{host.unopened} bytes were passed on unopened")
    return "".join(f"; {s}" for s in said)


def _past(connections: Iterable[Connection]) -> Iterator[Gap]:
    """Connections that the hooks saw and the recording does not have, by host and kind."""
    found: Counter[tuple[str, str]] = Counter()
    actors: dict[tuple[str, str], set[str]] = {}
    for made in connections:
        code = "connection_not_recorded"
        if made.port == DOT:
            code = "hidden_dns"
        elif made.protocol == "udp" and made.port == QUIC:
            code = "quic_not_recorded"
        key = (code, made.host or made.ip)
        found[key] += 1
        actors.setdefault(key, set()).add(made.actor)
    for (code, host), count in found.most_common(MAX_PAST):
        who = ", ".join(sorted(actors[code, host]))
        reason = (
            f"the hooks saw {count} connections to {host} (by {who}) that did not come through the recording"
        )
        yield Gap("traffic", code, host, reason)


def _unseen(name: str, host: Host) -> Iterator[tuple[str, str]]:
    much = f"{host.requests} requests ({host.sent} bytes)"
    if host.opaque:
        bodies = f"{host.opaque} bodies ({host.opaque_bytes} bytes)"
        opened = f"; of {host.opened} more the plaintext was seen at the cipher call" if host.opened else ""
        yield "opaque_body", f"{bodies} sent to {name} are encrypted or of an unknown format{opened}"
    if host.cut:
        yield "partly_decoded", f"{host.cut} requests to {name} were too large or too nested to decode whole"
    if host.names:
        yield "hidden_dns", f"{much} to {name}, some of which look up names past the network's own DNS"
    if host.offers_quic and not host.seen_quic:
        reason = f"{name} offers HTTP/3; {much} came another way, what goes over QUIC passes by"
        yield "quic_offered", reason
    if public_address(name):
        yield "bare_address", f"{much} went to the address {name}, which no name was looked up for"
    if host.unopened and "tls_client" not in host.failures:
        yield (
            "closed_tls",
            f"{host.unopened} bytes went to {name} over TLS or QUIC that the recording could not open",
        )
    if host.unread:
        much = f"{host.unread} bytes went to {name}"
        yield "unknown_protocol", f"{much} over a protocol that is not HTTP: decoded only as plain messages"

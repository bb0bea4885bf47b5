"""Hosts: who is behind them, how much went there, and what the wire could not show of them."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from appaudit.knowledge import sdks
from appaudit.knowledge.load import toml
from appaudit.traffic.flow import Flow

if TYPE_CHECKING:
    from appaudit.traffic.search import Search

MAX_TIMES = 2000
"""Times of requests to one host that are kept to tell a rhythm."""

Pairs = tuple[tuple[str, str], ...]


def own_domains(package: str) -> tuple[str, ...]:
    """The domain an application id is made of: ``com.shop.android`` → ``shop.com``."""
    labels = package.lower().split(".")
    return (f"{labels[1]}.{labels[0]}",) if len(labels) > 1 else ()


def sender(host: str) -> tuple[str, str]:
    """(actor, how it is known): the SDK whose host it is, else unknown."""
    sdk = sdks.sdk_of_host(host) if host else None
    return (f"sdk:{sdk}", "host") if sdk else ("unknown", "nothing")


def identity(host: str, own: Sequence[str], places: Iterable[str] = ()) -> Pairs:
    """``party`` (first · third · unknown); ``company`` where the host is an SDK's; ``country``: where its
    addresses are, as a database tells (``places``), else where that company is, and ``country_by`` which."""
    located = " ".join(sorted(places))
    by_address = (("country", located), ("country_by", "address")) if located else ()
    if within(host, own):
        return (*by_address, ("party", "first"))
    sdk = sdk_behind(host)
    if sdk is not None:
        company = sdks.companies().get(sdk.company)
        country = sdk.country or (company.country if company else "")
        told = by_address or ((("country", country), ("country_by", "company")) if country else ())
        company_of = (("company", sdk.company),) if sdk.company else ()
        return (*company_of, *told, ("party", "third"))
    return (*by_address, ("party", "unknown"))


def within(host: str, domains: Iterable[str]) -> bool:
    """Whether a host is one of the domains, or below one."""
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


def sdk_behind(host: str) -> sdks.Sdk | None:
    """The SDK a host belongs to."""
    return sdks.sdks().get(sdks.sdk_of_host(host) or "") if host else None


@cache
def wire(key: str) -> tuple[str, ...]:
    return tuple(toml("wire.toml")[key])


def asks_names(flow: Flow) -> bool:
    """Whether a flow is a name look-up hidden from the network: DNS over HTTPS or TLS, HTTPDNS."""
    try:
        split = urlsplit(flow.url)
        port = split.port
    except ValueError:
        return False
    kind = flow.request.header("content-type") or flow.request.header("accept")
    return (
        (flow.host in wire("resolvers") and flow.method != "DNS")
        or port == 853
        or split.path in wire("resolver_paths")
        or kind.partition(";")[0].strip().lower() in wire("resolver_types")
    )


def public_address(host: str) -> bool:
    """Whether a host is an address of the public internet instead of a name."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_global
    except ValueError:
        return False


@dataclass(slots=True)
class Volume:
    """How much went to a host, and how often. ``minutes``: start of each minute → requests in it;
    ``lookups``: of the requests those that only asked for its address."""

    requests: int = 0
    lookups: int = 0
    sent: int = 0
    failed: int = 0
    weak: str = ""
    minutes: Counter[int] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)

    def add(self, flow: Flow) -> None:
        """Count one flow."""
        self.requests += 1
        self.lookups += flow.method == "DNS"
        self.sent += flow.sent
        self.failed += bool(flow.error or flow.failed)
        if flow.time is not None:
            self.minutes[int(flow.time // 60)] += 1
            if len(self.times) < MAX_TIMES:
                self.times.append(flow.time)
        if flow.tls in wire("weak_tls"):
            self.weak = flow.tls

    def attributes(self) -> Pairs:
        """``bytes`` uploaded, ``peak_per_minute``, ``beacon_seconds`` where requests come at even intervals,
        ``failed`` and ``weak_tls`` where there are some."""
        found = [("bytes", str(self.sent))]
        if self.minutes:
            found.append(("peak_per_minute", str(max(self.minutes.values()))))
        if (even := beacon(self.times)) is not None:
            found.append(("beacon_seconds", f"{even:.0f}"))
        if self.failed:
            found.append(("failed", str(self.failed)))
        if self.lookups:
            found.append(("lookups", str(self.lookups)))
        if self.weak:
            found.append(("weak_tls", self.weak))
        return tuple(found)


def beacon(times: Sequence[float]) -> float | None:
    """The interval at which requests come, in seconds, where at least five come evenly: the middle half of
    the pauses differs by no more than a fifth. Requests of one moment count once."""
    moments: list[float] = []
    for time in sorted(times):
        if not moments or time - moments[-1] >= 1.0:
            moments.append(time)
    pauses = sorted(b - a for a, b in pairwise(moments))
    if len(pauses) < 4:
        return None
    middle = pauses[len(pauses) // 2]
    low, high = pauses[len(pauses) // 4], pauses[-(len(pauses) // 4) - 1]
    return middle if high - low <= middle / 5 else None


@dataclass(slots=True)
class Host:
    """What one host got. ``failures``: step → (count, the first reason). ``opaque``: bodies that could not be
    looked into, ``opaque_bytes`` of them; ``opened``: those of which a hook saw the plaintext; ``cut``: flows
    not decoded whole; ``unread``: bytes of other protocols; ``unopened``: bytes passed on without opening
    TLS."""

    requests: int = 0
    sent: int = 0
    names: int = 0
    opaque: int = 0
    opaque_bytes: int = 0
    opened: int = 0
    cut: int = 0
    unread: int = 0
    unopened: int = 0
    offers_quic: bool = False
    seen_quic: bool = False
    decrypted: bool = False
    failures: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, flow: Flow) -> None:
        """Count one flow."""
        self.requests += 1
        self.sent += flow.sent
        if flow.error or flow.failed:
            step = flow.failed or "request"
            count, reason = self.failures.get(step, (0, flow.error))
            self.failures[step] = (count + 1, reason)
        self.names += asks_names(flow)
        self.decrypted = self.decrypted or (flow.url.startswith(("https:", "wss:")) and not flow.failed)
        if flow.response is not None and "h3" in flow.response.header("alt-svc"):
            self.offers_quic = True
        self.seen_quic = self.seen_quic or flow.protocol == "HTTP/3"
        if flow.unopened:
            self.unopened += flow.sent
        elif flow.method in ("TCP", "UDP"):
            self.unread += flow.sent

    def searched(self, done: Search) -> None:
        """What looking through one of its flows could not open."""
        self.cut += done.cut
        self.opened += done.opened
        self.opaque += len(done.opaque)
        self.opaque_bytes += sum(done.opaque)

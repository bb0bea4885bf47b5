"""Hosts the code names: URLs, IP addresses, and bare host names."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

import numpy as np

from appaudit.dex import string_index_sites
from appaudit.dex.layout import Int32, distinct
from appaudit.dex.strings import StringTable
from appaudit.knowledge import sdks
from appaudit.knowledge.load import toml
from appaudit.records import Fact, Gap, StringConstant
from appaudit.static.attribution import APP, UNKNOWN
from appaudit.static.facts import Drafts, Key
from appaudit.static.sample import Sample

MAX_URL = 300
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_TLD = re.compile(r"[a-z]{2,24}|xn--[a-z0-9-]{2,59}")
_SCHEME = re.compile(r"(https?|wss?|mqtts?|tcp|ssl|rtmps?)://", re.IGNORECASE)
_IP = re.compile(r"\d{1,3}(\.\d{1,3}){3}(:\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Address:
    """A host as a string names it. ``basis``: url · ip · name. ``cleartext``: http or ws."""

    host: str
    basis: str
    cleartext: bool = False


@cache
def _noise() -> frozenset[str]:
    return frozenset(toml("hosts.toml")["namespaces"]) | frozenset(toml("hosts.toml")["documentation"])


_SEPARATOR = re.compile(rb"://")


def _candidates(strings: StringTable) -> Int32:
    """Indices of the strings that may be addresses. The table is sorted: few are looked at."""
    starts = [*(f"{d}" for d in range(1, 10)), *toml("hosts.toml")["bare_prefixes"]]
    found = strings.with_prefix(*starts), strings.search(_SEPARATOR)
    return distinct(np.concatenate(found))


def produce(sample: Sample) -> tuple[list[Fact], list[Gap]]:
    """``contacts host:<name>``: one fact an actor, host and basis. That a host is named in code does not
    mean that it is spoken to; ``basis`` says how it is named."""
    drafts = Drafts()
    for number, dex in enumerate(sample.dexes):
        index = _candidates(dex.strings)
        texts = dex.strings.texts(index)
        dex.release()
        found = [
            (int(i), text, known)
            for i, text in zip(index.tolist(), texts, strict=True)
            if "." in text and (known := address(text))
        ]
        wanted = np.array([i for i, _, _ in found], np.int32)
        sites = string_index_sites(sample.dexes, number, wanted)
        loaded: set[int] = set()
        for k in range(len(sites)):
            place = int(sites.target[k])
            loaded.add(place)
            actor, package = sample.actor(sites, k)
            evidence = StringConstant(dex.member, found[place][1][:MAX_URL], int(sites.offset[k]))
            _add(drafts, found[place][2], actor, package, evidence, sites.caller_descriptor(k))
        for place, (_, text, address_) in enumerate(found):
            if place not in loaded:
                evidence = StringConstant(dex.member, text[:MAX_URL])
                _add(drafts, address_, UNKNOWN, "", evidence, "")
    for member, text in _resource_strings(sample):
        if known := address(text):
            _add(drafts, known, APP, "", StringConstant(member, text[:MAX_URL]), "")
    return drafts.facts(), []


def _resource_strings(sample: Sample) -> Iterator[tuple[str, str]]:
    return ((member, text) for member, text in sample.app.resource_strings() if "://" in text)


def _add(
    drafts: Drafts, found: Address, actor: str, package: str, evidence: StringConstant, caller: str
) -> None:
    attributes = (
        ("basis", found.basis),
        ("package", package),
        ("sdk", sdks.sdk_of_host(found.host) or ""),
    )
    key = Key(actor, "contacts", f"host:{found.host}", tuple(a for a in attributes if a[1]))
    drafts.add(key, evidence, cleartext="yes" if found.cleartext else "", callers=caller)


def address(text: str) -> Address | None:
    """The host that a string names as an address; None for other text, namespaces, documentation."""
    text = text.strip()
    scheme = _SCHEME.match(text)
    if scheme:
        return _of_url(text, scheme[1].lower() in ("http", "ws"))
    if _IP.fullmatch(text):
        host = text.partition(":")[0]
        return Address(host, "ip") if _is_public(host) and not _looks_like_oid(host) else None
    name = text.partition("/")[0].partition(":")[0]
    if name != name.lower() or "_" in name or not _is_host(name):
        return None
    tld, first = name.rpartition(".")[2], name.partition(".")[0]
    words = toml("hosts.toml")
    known = tld in words["bare_tlds"] and first.rstrip("0123456789-") in words["bare_prefixes"]
    known = known or (sdks.sdk_of_host(name) is not None and tld in words["bare_tlds"])
    return Address(name, "name") if known and not _is_noise(name) else None


def _of_url(text: str, cleartext: bool) -> Address | None:
    if text.startswith(tuple(toml("hosts.toml")["identifiers"])):
        return None
    if any(c.isspace() for c in text.partition("?")[0]):
        return None  # a sentence that happens to begin with a link
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return None
    if _IP.fullmatch(host) or ":" in host:
        return Address(host, "ip", cleartext) if _is_public(host) else None
    return Address(host, "url", cleartext) if _is_host(host) and not _is_noise(host) else None


def _is_host(name: str) -> bool:
    labels = name.split(".")
    return (
        len(name) <= 253
        and len(labels) > 1
        and all(_LABEL.fullmatch(part) for part in labels)
        and _TLD.fullmatch(labels[-1]) is not None
    )


def _is_noise(host: str) -> bool:
    while host:
        if host in _noise():
            return True
        host = host.partition(".")[2]
    return False


def _is_public(host: str) -> bool:
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return False
    return ip.is_global and not ip.is_multicast


def _looks_like_oid(host: str) -> bool:
    """Object identifiers and versions (2.5.4.3, 1.2.3.4) are written like addresses."""
    parts = [int(p) for p in host.split(".")]
    return parts[0] <= 2 or max(parts) < 20

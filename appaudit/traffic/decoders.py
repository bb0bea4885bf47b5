"""Known endpoints: which field of which request is which data type (``knowledge/decoders.toml``)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

from appaudit.knowledge.load import toml
from appaudit.knowledge.sdks.model import TRACKING
from appaudit.traffic.decode import View
from appaudit.traffic.flow import Flow
from appaudit.traffic.hosts import sdk_behind

NOTHING = frozenset(
    {b"", b"0", b"0.0", b"null", b"none", b"unknown", b"n/a", b"undefined", b"{{auto}}", b"$remote"}
)
"""Values that say that a field holds nothing, lower case."""
_ZERO = re.compile(rb"[0-]+")
SHAPES = 20
"""Kinds of requests to one host that the work list names."""
_VARIABLE = re.compile(r"(?<=/)(?=[^/]*\d)[\w.%~-]{6,}|(?<=/)[0-9a-fA-F]{8,}|(?<=/)\d+")


@dataclass(frozen=True, slots=True)
class Field:
    """``at``: matches a view's path."""

    at: re.Pattern[str]
    data: str


@dataclass(frozen=True, slots=True)
class Decoder:
    """One endpoint."""

    id: str
    hosts: tuple[str, ...]
    path: re.Pattern[str]
    fields: tuple[Field, ...]


def _pattern(at: str) -> re.Pattern[str]:
    # "*" stands for a name of one level, "[*]" for an index; everything else is itself.
    text = re.escape(at).replace(r"\[\*\]", r"\[\d+\]").replace(r"\*", r"[^.\[]+")
    return re.compile(r"request\." + (r"url\." if at.startswith("query") else "") + text)


@cache
def decoders() -> tuple[Decoder, ...]:
    """Every endpoint, in the file's order."""
    return tuple(
        Decoder(
            row["id"],
            tuple(row["hosts"]),
            re.compile(row["path"]),
            tuple(Field(_pattern(f["at"]), f["data"]) for f in row["field"]),
        )
        for row in toml("decoders.toml")["endpoint"]
    )


@cache
def _by_host() -> dict[str, tuple[Decoder, ...]]:
    found: dict[str, tuple[Decoder, ...]] = {}
    for decoder in decoders():
        for host in decoder.hosts:
            found[host] = (*found.get(host, ()), decoder)
    return found


def decoder_of(flow: Flow) -> Decoder | None:
    """The decoder for a request's endpoint."""
    labels = flow.host.split(".")
    for start in range(len(labels) - 1):
        for decoder in _by_host().get(".".join(labels[start:]), ()):
            if decoder.path.search(_path(flow.url)):
                return decoder
    return None


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def fields(decoder: Decoder, views: Iterable[View]) -> Iterator[tuple[Field, View]]:
    """The fields of the endpoint that hold something; a data type once."""
    seen: set[str] = set()
    for view in views:
        for field in decoder.fields:
            if field.data in seen or not field.at.fullmatch(view.path):
                continue
            value = view.data.strip().lower()
            if value not in NOTHING and not _ZERO.fullmatch(value) and len(value) <= 4096:
                seen.add(field.data)
                yield field, view


def tracker(host: str) -> bool:
    """Whether a host belongs to an SDK whose business is following users."""
    sdk = sdk_behind(host)
    return sdk is not None and sdk.category in TRACKING


def shape(flow: Flow) -> str:
    """A request as the work list names it: ``POST /v1/users/*/events``; numbers and ids do not count."""
    return f"{flow.method[:16]} {_VARIABLE.sub('*', _path(flow.url))[:120]}"

"""Consent signals: the parameters in which a request tells what the user chose."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from appaudit.knowledge.load import toml
from appaudit.traffic.decode import View

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_INDEX = re.compile(r"\[\d+\]$")


@dataclass(frozen=True, slots=True)
class Signal:
    """``limits``: whether the value means that tracking or personalisation is limited; None unjudged."""

    id: str
    value: str
    limits: bool | None
    view: View


@cache
def _keys() -> dict[str, tuple[str, frozenset[str], bool]]:
    found = {}
    for row in toml("wire.toml")["signal"]:
        limits = frozenset(v.lower() for v in row["limits"])
        for key in row["keys"]:
            found[key] = (row["id"], limits, key in row.get("opposite", ()))
    return found


def signals(views: Iterable[View]) -> Iterator[Signal]:
    """The signals among a message's named leaves; a key decides, so only short values count."""
    for view in views:
        if len(view.data) > 4096 or not view.path.startswith("request."):
            continue
        key = _INDEX.sub("", view.path.rpartition(".")[2])
        found = _keys().get(key.lower()) or _keys().get(_CAMEL.sub("_", key).lower())
        if found is None or not ("form" in view.encoding or "json" in view.encoding):
            continue
        name, limits, opposite = found
        value = view.data.decode("utf-8", "replace").strip()[:200]
        said = (value.lower() in limits) != opposite if limits and value else None
        yield Signal(name, value, said, view)

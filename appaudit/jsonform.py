"""Records as JSON and back: the form of bundles and of ``-f json``."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from appaudit.records import (
    EVIDENCE_TYPES,
    App,
    Condition,
    Confidence,
    Disclosure,
    Document,
    Evidence,
    Fact,
    Finding,
    Gap,
    Outcome,
    Phase,
    PolicySpan,
    Severity,
    Signature,
    Source,
    Stance,
)

R = TypeVar("R")

_EVIDENCE_BY_KIND: dict[str, type[Any]] = {t.kind: t for t in EVIDENCE_TYPES}
_PAIRS = frozenset({"attributes"})


_FIELDS: dict[type[Any], tuple[str, ...]] = {
    cls: tuple(f.name for f in dataclasses.fields(cls))
    for cls in (*EVIDENCE_TYPES, App, Document, Fact, Gap, Finding, Condition)
}


_NONE = type(None)
_PLAIN: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "str | None": (str, _NONE),
    "int | None": (int, _NONE),
    "float": (float, int),
    "float | None": (float, int, _NONE),
    "tuple[str, ...]": (tuple,),
    "tuple[str, ...] | None": (tuple, _NONE),
    "tuple[str | int | None, ...] | None": (tuple, _NONE),
    **{f"tuple[{record}, ...]": (tuple,) for record in ("Fact", "Gap", "Evidence")},
}
"""Types of JSON values, once lists are tuples, by the annotation of a field; other fields are built."""

_KNOWN: dict[str, tuple[str, ...]] = {
    "source": get_args(Source),
    "stance": get_args(Stance),
    "phase": get_args(Phase),
    "outcome": get_args(Outcome),
    "severity": get_args(Severity),
    "confidence": get_args(Confidence),
    "disclosure": get_args(Disclosure),
}
"""Fields of facts, gaps and findings with a fixed vocabulary."""

_ALLOWED = {
    cls: {f.name: _PLAIN[str(f.type)] for f in dataclasses.fields(cls) if str(f.type) in _PLAIN}
    for cls in _FIELDS
}
_TEXTS = {
    cls: frozenset(f.name for f in dataclasses.fields(cls) if str(f.type).startswith("tuple[str, ...]"))
    for cls in _FIELDS
}


def to_json(record: Any) -> Any:
    """A record (or tuple of records, or plain value) as JSON-ready values."""
    if isinstance(record, str | int | float | bool) or record is None:
        return record
    if isinstance(record, tuple | list):
        return [to_json(r) for r in record]
    cls = type(record)
    is_evidence = cls in EVIDENCE_TYPES
    out: dict[str, Any] = {"kind": cls.kind} if is_evidence else {}
    for name in _FIELDS[cls]:
        value = getattr(record, name)
        if name in _PAIRS:
            if value or not is_evidence:
                out[name] = dict(value)
        elif value is not None or not is_evidence:
            out[name] = to_json(value)
    return out


def _pairs(value: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((str(k), str(v)) for k, v in value.items()))


def from_json(cls: type[R], data: Mapping[str, Any]) -> R:
    """Inverse of `to_json` for a record of this type; evidence tells its own (`evidence_from_json`).

    Raises TypeError or ValueError where a field is missing or none that the record can have.
    """
    kwargs: dict[str, Any] = {}
    for name in _FIELDS[cls]:
        if name not in data:
            continue
        value = data[name]
        if name in _PAIRS:
            value = _pairs(value)
        elif name == "evidence":
            value = tuple(evidence_from_json(e) for e in value)
        elif name == "signers":
            value = tuple(from_json(Signature, v) for v in value)
        elif name == "members":
            value = tuple((str(n), int(size), str(digest)) for n, size, digest in value)
        elif name == "facts":
            value = tuple(from_json(Fact, f) for f in value)
        elif name == "gaps":
            value = tuple(from_json(Gap, g) for g in value)
        elif name == "via" and value is not None:
            value = from_json(PolicySpan, value)
        elif isinstance(value, list):
            value = tuple(value)
        _check(cls, name, value)
        kwargs[name] = value
    return cls(**kwargs)


def _check(cls: type[Any], name: str, value: Any) -> None:
    """Raises TypeError or ValueError where a plain value is none that the field can have."""
    allowed = _ALLOWED[cls].get(name)
    if allowed is not None and type(value) not in allowed:
        raise TypeError(f"'{name}' of a {cls.__name__} cannot be a {type(value).__name__}")
    if name in _TEXTS[cls] and value is not None and not all(type(v) is str for v in value):
        raise TypeError(f"'{name}' of a {cls.__name__} holds more than texts")
    if name == "arguments" and not all(type(v) in (str, int, _NONE) for v in value or ()):
        raise TypeError("'arguments' of a CallSite holds more than constants")
    known = _KNOWN.get(name) if cls in (Fact, Gap, Finding) else None
    if known is not None and value not in known and not (value is None and name == "disclosure"):
        raise ValueError(f"'{name}' of a {cls.__name__} cannot be {value!r:.40}")


def evidence_from_json(data: Mapping[str, Any]) -> Evidence:
    """Inverse of `to_json` for evidence. Raises ValueError on an unknown kind."""
    cls = _EVIDENCE_BY_KIND.get(str(data.get("kind")))
    if cls is None:
        raise ValueError(f"unknown evidence kind {data.get('kind')!r}")
    result: Evidence = from_json(cls, data)
    return result


def canonical(record: Any) -> str:
    """One line of JSON, keys sorted: what bundles store and hash."""
    return json.dumps(to_json(record), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

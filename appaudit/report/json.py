"""The JSON documents others build on: ``scan``, ``policy`` and ``audit``, one record a line.

The envelope's ``schema`` is the version of the contract; the published JSON Schema says the rest.
Lone surrogates, which a dex string may hold, are written as ``\\udXXX`` escapes: the output is always
valid UTF-8 and loses nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from appaudit.jsonform import to_json
from appaudit.records import SCHEMA_VERSION
from appaudit.report.model import AuditView

_SURROGATE = re.compile("[\ud800-\udfff]")


def document(view: AuditView) -> dict[str, Any]:
    """The document as plain values, in the order it is written."""
    return {
        key: [to_json(r) for r in value] if isinstance(value, _Records) else value
        for key, value in _parts(view)
    }


def render(view: AuditView) -> str:
    """The document as text: one record a line, so that it diffs and streams well."""
    pieces: list[str] = []
    for key, value in _parts(view):
        if isinstance(value, _Records):
            body = ",\n".join(_dump(to_json(r)) for r in value)
            pieces.append(f'"{key}": [\n{body}\n]' if body else f'"{key}": []')
        else:
            pieces.append(f'"{key}": {_dump(value)}')
    return "{\n" + ",\n".join(pieces) + "\n}\n"


class _Records(tuple[Any, ...]):
    """Records of one kind, written one a line."""


def _parts(view: AuditView) -> Iterator[tuple[str, Any]]:
    yield "schema", SCHEMA_VERSION
    yield "kind", view.kind
    yield "tool", _plain(view.tool)
    yield "knowledge", _plain(view.knowledge)
    if view.kind != "policy":
        yield "app", to_json(view.app)
    if view.kind != "scan":
        yield "document", to_json(view.documents[0]) if view.documents else None
        yield "documents", _Records(view.documents)
    yield "facts", _Records(view.facts)
    yield "gaps", _Records(view.gaps)
    if view.kind != "scan":
        yield "findings", _Records(view.findings)
    if view.kind == "audit":
        yield "coverage", _plain(view.coverage)
        yield "conditions", to_json(view.conditions)
        yield "profile", view.profile
        yield "category", view.category


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    return value


def _dump(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub(lambda m: f"\\u{ord(m[0]):04x}", text)
    return text

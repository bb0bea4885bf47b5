"""Records a user brings: a TOML file laid over ours."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import rtoml

from appaudit.errors import InputError
from appaudit.knowledge.sdks.index import Index, use
from appaudit.knowledge.sdks.model import Sdk, parse, sdks

MAX_SIZE = 64 << 20


def read(path: Path, known: Mapping[str, Sdk] | None = None) -> dict[str, Sdk]:
    """The records of a TOML file with ``[[sdk]]`` tables, by id. A record that has only some of the
    fields of a known one (by default: of ours) changes those and keeps the rest. Raises InputError,
    naming the file."""
    return _records(path, _content(path), sdks() if known is None else known)


def _content(path: Path) -> bytes:
    if path.stat().st_size > MAX_SIZE:
        raise InputError(f"{path.name} is too large for SDK records.")
    return path.read_bytes()


def _records(path: Path, content: bytes, known: Mapping[str, Sdk]) -> dict[str, Sdk]:
    try:
        data = rtoml.loads(content.decode("utf-8"))
    except (rtoml.TomlParsingError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path.name} is no TOML file that can be read: {error}.") from error
    rows = data.get("sdk", [])
    if not isinstance(rows, list):
        raise InputError(f"{path.name}: [[sdk]] must be an array of tables")
    given = {}
    for row in rows:
        if isinstance(row, dict) and isinstance(row.get("id"), str):
            before = known.get(row["id"])
            given[row["id"]] = set(row)
            if before is not None:
                row.setdefault("category", before.category)
    found, _ = parse(data, path.name)
    return {i: replace(known[i], **_given(s, given[i])) if i in known else s for i, s in found.items()}


def _given(sdk: Sdk, names: set[str]) -> dict[str, Any]:
    return {f.name: getattr(sdk, f.name) for f in fields(Sdk) if f.name in names}


def lay_over(*paths: Path) -> Index:
    """From now on the records of a user's files add to ours or override them, those of later files the ones
    of earlier ones; outputs name the files."""
    known: dict[str, Sdk] = dict(sdks())
    used = []
    for path in paths:
        content = _content(path)
        given = _records(path, content, known)
        known = {i: sdk for i, sdk in known.items() if i not in given} | given  # the last wins a shared value
        used.append((path, hashlib.sha256(content).hexdigest()))
    return use(known, used)

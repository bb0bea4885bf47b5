"""Which knowledge a run used: written into every output and bundle."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from appaudit.knowledge.load import FOLDER

VERSION = "2026.11"
"""Calendar version of the knowledge; the digest tells exactly which files."""


_OWN: dict[str, tuple[dict[str, str], ...]] = {}


def knowledge() -> dict[str, Any]:
    """``version`` and ``sha256`` over every TOML file here: sorted relative names and contents. Where a user
    brought files, ``own``: ``kind``, ``name`` and ``sha256`` of each."""
    own = [dict(file) for kind in sorted(_OWN, reverse=True) for file in _OWN[kind]]
    return {**_ours(), "own": own} if own else dict(_ours())


def bring(kind: str, files: Iterable[tuple[Path, str]]) -> None:
    """From now on `knowledge` names these files (path, SHA-256) of a user as the ones of their kind: ``sdks``
    or ``fingerprints``."""
    _OWN[kind] = tuple({"kind": kind, "name": _name(path), "sha256": digest} for path, digest in files)


def _name(path: Path) -> str:
    return path.name.encode("utf-8", "replace").decode()


@cache
def _ours() -> dict[str, str]:
    digest = hashlib.sha256()
    for file in sorted(FOLDER.rglob("*.toml")):
        digest.update(file.relative_to(FOLDER).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return {"version": VERSION, "sha256": digest.hexdigest()}

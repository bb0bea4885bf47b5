"""Which knowledge a run used: written into every output and bundle."""

from __future__ import annotations

import hashlib
from functools import cache

from appaudit.knowledge.load import FOLDER

VERSION = "2026.11"
"""Calendar version of the knowledge; the digest tells exactly which files."""


@cache
def knowledge() -> dict[str, str]:
    """``version`` and ``sha256`` over every TOML file here: sorted relative names and contents."""
    digest = hashlib.sha256()
    for file in sorted(FOLDER.rglob("*.toml")):
        digest.update(file.relative_to(FOLDER).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return {"version": VERSION, "sha256": digest.hexdigest()}

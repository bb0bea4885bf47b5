"""Loads a declared document from a file."""

from __future__ import annotations

import hashlib
from pathlib import Path

from appaudit.errors import InputError
from appaudit.policy.document import LoadedDocument

MAX_BYTES = 64 * 1024 * 1024
"""A policy larger than this is not a policy."""


def load(path: Path) -> LoadedDocument:
    """The document at ``path``. Raises InputError when it cannot be read as text."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path.name} is larger than {MAX_BYTES // 1024 // 1024} MB; that is no policy")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        return LoadedDocument(
            path.name,
            "text",
            encoding.removesuffix("-sig"),
            text,
            tuple(text.split("\n")),
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
        )
    raise InputError(f"{path.name} is not text in a known encoding")

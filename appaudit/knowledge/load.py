"""Reads a knowledge file: TOML in this folder, parsed by rtoml (7x tomllib), once a process."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import rtoml

FOLDER = Path(__file__).resolve().parent


@cache
def toml(name: str) -> dict[str, Any]:
    """The file ``name`` (relative to this folder) as plain values. Do not change what it returns."""
    data: dict[str, Any] = rtoml.loads((FOLDER / name).read_text(encoding="utf-8"))
    return data

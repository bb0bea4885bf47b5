"""The file in which a tester writes the test device's own values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import rtoml

from appaudit.errors import InputError
from appaudit.knowledge.data_types import data_types
from appaudit.traffic.identifiers import Values


def read_values(path: Path, keys: Sequence[bytes] = ()) -> Values:
    """``imei = "866…"`` or ``imei = ["…", "…"]``, one key a data type id. Raises InputError.

    ``keys``: of HMACs that the app was seen to use.
    """
    try:
        rows = rtoml.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"device values {path} cannot be read: {error}") from error
    values: dict[str, list[str]] = {}
    for key, value in rows.items():
        if key not in data_types():
            raise InputError(f"device values {path}: '{key}' is no data type")
        given = value if isinstance(value, list) else [value]
        if not all(isinstance(v, str | int) and not isinstance(v, bool) for v in given):
            raise InputError(f"device values {path}: '{key}' must be a text or a list of texts")
        values[key] = [str(v) for v in given]
    return Values(values, keys)

"""Version names, as far as they can be ordered."""

from __future__ import annotations

import re


def version_key(version: str) -> tuple[int, ...] | None:
    """``4.12.0-beta`` → (4, 12, 0); None where it does not start with a number.

    Trailing zeros do not count: 4.3 and 4.3.0 are the same version.
    """
    match = re.match(r"[vV]?(\d+(?:\.\d+)*)", version.strip())
    if match is None:
        return None
    parts = [int(p) for p in match[1].split(".")]
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)

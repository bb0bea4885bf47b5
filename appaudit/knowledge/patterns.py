"""Names in which ``*`` stands for any run of characters."""

from __future__ import annotations

from collections.abc import Mapping


class Patterns:
    """Owners of names, some of which hold ``*`` for any run of characters; among those the longest wins."""

    START = 3
    """Characters by which those with a ``*`` are looked up."""

    def __init__(self, table: Mapping[str, str]) -> None:
        self._exact = {k: v for k, v in table.items() if "*" not in k}
        self._loose: dict[str, list[tuple[list[str], str]]] = {}
        for name in (k for k in table if "*" in k):
            parts = name.split("*")
            self._loose.setdefault(parts[0][: self.START], []).append((parts, name))
        self._owner = table

    def find(self, name: str) -> str | None:
        """The owner of a name."""
        found = self._exact.get(name)
        if found is None:
            starts = {name[:k] for k in range(self.START + 1)}
            fitting = [k for s in starts for parts, k in self._loose.get(s, ()) if _fits(parts, name)]
            found = self._owner[max(fitting, key=lambda k: (len(k), k))] if fitting else None
        return found


def _fits(parts: list[str], name: str) -> bool:
    """Whether a name consists of these parts, in order, and anything between them."""
    at, end = len(parts[0]), len(name) - len(parts[-1])
    if not (at <= end and name.startswith(parts[0]) and name.endswith(parts[-1])):
        return False
    for part in parts[1:-1]:
        at = name.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True

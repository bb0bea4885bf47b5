"""What is worked out once for each word, and found by a look-up instead of a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

V = TypeVar("V")


class Memo(dict[str, V]):
    """``work_out`` of each word asked for. With ``most`` words all are forgotten."""

    def __init__(self, work_out: Callable[[str], V], most: int) -> None:
        super().__init__()
        self._work_out = work_out
        self._most = most

    def __missing__(self, word: str) -> V:
        if len(self) >= self._most:
            self.clear()
        found = self[word] = self._work_out(word)
        return found

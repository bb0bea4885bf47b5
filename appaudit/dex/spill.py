"""Keeps what is large in a file without a name, so that memory holds only what is being looked at."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterable
from typing import IO

IN_MEMORY = 8 << 20
"""Bytes that stay in memory; most apps have no more."""

MAX_MAPPED = 256
"""Each map holds a file descriptor."""


class Spill:
    """Bytes handed in and given back, mapped from a temporary file once there are too many."""

    def __init__(self) -> None:
        self._kept = 0
        self._file: IO[bytes] | None = None
        self._end = self._mapped = 0
        self._full = False

    @property
    def used(self) -> bool:
        """Whether anything was written to a file."""
        return self._mapped > 0

    def close(self) -> None:
        """No more will be handed in; what was given back stays."""
        if self._file is not None:
            self._file.close()

    def keep(self, pieces: Iterable[bytes | memoryview]) -> bytes | mmap.mmap:
        """The same bytes end to end, wherever they stand now; in memory where no file can be written."""
        start = self._end = self._end + -self._end % mmap.ALLOCATIONGRANULARITY
        held: list[bytes | memoryview] = []
        for piece in pieces:
            held.append(piece)
            self._kept += len(piece)
            while held and self._kept > IN_MEMORY and self._write(held[0]):
                del held[0]
        written = self._end - start
        if not written:
            return b"".join(held)
        data = self._map(start, written)
        return b"".join((data, *held)) if held else data

    def _write(self, piece: bytes | memoryview) -> bool:
        """Whether there was room for it."""
        if self._full or self._mapped >= MAX_MAPPED:
            return False
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - `close` closes it
            self._file.seek(self._end)
            view = memoryview(piece)
            while view:
                view = view[self._file.write(view) :]
        except OSError:
            self._full = True
            return False
        self._end += len(piece)
        return True

    def _map(self, start: int, size: int) -> bytes | mmap.mmap:
        assert self._file is not None
        try:
            mapped = mmap.mmap(self._file.fileno(), size, access=mmap.ACCESS_READ, offset=start)
        except (OSError, ValueError):  # a system without such files
            self._file.seek(start)
            return self._file.read(size)
        self._mapped += 1
        return mapped


def trim() -> None:
    """Gives back to the system what the C library keeps of freed memory, where it is glibc's."""
    import ctypes  # only large apps need it

    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError, TypeError):
        return

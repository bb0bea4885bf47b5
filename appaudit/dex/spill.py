"""Keeps what is large in a file without a name, so that memory holds only what is being looked at."""

from __future__ import annotations

import mmap
import tempfile
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

    @property
    def used(self) -> bool:
        """Whether anything was written to a file."""
        return self._mapped > 0

    def close(self) -> None:
        """No more will be handed in; what was given back stays."""
        if self._file is not None:
            self._file.close()

    def keep(self, data: bytes) -> bytes | mmap.mmap:
        """The same bytes, wherever they stand now; in memory where no file can be written."""
        self._kept += len(data)
        if self._kept <= IN_MEMORY or not data or self._mapped >= MAX_MAPPED:
            return data
        start = self._end
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - `close` closes it
            self._file.seek(start)
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]
            mapped = mmap.mmap(self._file.fileno(), len(data), access=mmap.ACCESS_READ, offset=start)
        except (OSError, ValueError):  # no room, or a system without such files
            return data
        self._mapped += 1
        self._end = start + len(data) + -len(data) % mmap.ALLOCATIONGRANULARITY
        return mapped


def trim() -> None:
    """Gives back to the system what the C library keeps of freed memory, where it is glibc's."""
    import ctypes  # only large apps need it

    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError, TypeError):
        return

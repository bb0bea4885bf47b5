"""ULEB128 numbers as columns: all terminators of a region in one pass, values by arithmetic.

https://source.android.com/docs/core/runtime/dex-format#leb128
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appaudit.dex.layout import Data, Index, UInt8

MAX_BYTES = 5


@dataclass(frozen=True, slots=True)
class Uleb128Stream:
    """Consecutive numbers: ``starts`` (byte offsets in the region, one more than numbers), ``values``
    as int64, ``invalid`` the places of numbers of more than five bytes."""

    starts: Index
    values: np.ndarray[tuple[int], np.dtype[np.int64]]
    invalid: Index

    def rank(self, offsets: Index) -> Index:
        """The number that starts at each byte offset, -1 where none does."""
        at = np.searchsorted(self.starts[:-1], offsets)
        found = np.minimum(at, max(len(self.values) - 1, 0))
        return np.where((at < len(self.values)) & (self.starts[found] == offsets), found, -1)


def decode(region: UInt8) -> Uleb128Stream:
    """All numbers of ``region``; a last one without terminator is left out."""
    ends = np.flatnonzero(region < 0x80)
    starts = np.zeros(len(ends) + 1, np.intp)
    np.add(ends, 1, out=starts[1:])
    values = region[ends].astype(np.uint32)
    longer = np.flatnonzero(starts[:-1] != ends)
    extra = (ends - starts[:-1])[longer]
    for k in range(1, MAX_BYTES):
        if not len(longer):
            break
        # From the last byte to the first; what does not fit into 32 bits falls out.
        values[longer] = values[longer] << 7 | region[ends[longer] - k] & 0x7F
        longer, extra = longer[extra > k], extra[extra > k]
    return Uleb128Stream(starts, values.astype(np.int64), longer)


def read(data: Data, offset: int) -> tuple[int, int]:
    """One number at ``offset`` and the offset after it.

    Raises IndexError past the end, ValueError over five bytes.
    """
    value = 0
    for shift in range(0, 7 * MAX_BYTES, 7):
        byte = data[offset]
        offset += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFF, offset
    raise ValueError("a ULEB128 number of more than five bytes")

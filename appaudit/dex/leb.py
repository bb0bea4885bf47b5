"""ULEB128 numbers as columns: all terminators of a region in one pass, values by arithmetic.

https://source.android.com/docs/core/runtime/dex-format#leb128
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appaudit.dex.layout import Data, Index, UInt8, UInt64

MAX_BYTES = 5
_KEPT = np.array([0x7F7F7F7F7F & (1 << 8 * k) - 1 for k in range(1, MAX_BYTES + 1)], np.uint64)
"""By the bytes that follow the first: the bits that make the number."""


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
    values = region[ends].astype(np.int64)
    extra = ends - starts[:-1]
    longer = np.flatnonzero(extra)
    # Eight bytes from each place on, as a view; the first byte of a number is the lowest.
    eight = np.ndarray((len(region),), "<u8", np.append(region, np.zeros(7, np.uint8)), 0, (1,))
    extra = extra[longer]
    values[longer] = _joined(eight[starts[longer]] & _KEPT[np.minimum(extra, MAX_BYTES - 1)])
    return Uleb128Stream(starts, values, longer[extra >= MAX_BYTES])


def _joined(words: UInt64) -> UInt64:
    """The groups of seven bits of each word moved together: in pairs, in fours, then all. What does not
    fit into 32 bits falls out."""
    for low, high, shift in (
        (0x007F007F007F007F, 0x7F007F007F007F00, 1),
        (0x00003FFF00003FFF, 0x3FFF00003FFF0000, 2),
        (0x000000000FFFFFFF, 0x0FFFFFFF00000000, 4),
    ):
        words = words & np.uint64(low) | (words & np.uint64(high)) >> np.uint64(shift)
    return words & np.uint64(0xFFFFFFFF)


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

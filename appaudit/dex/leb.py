"""ULEB128 numbers as columns: all terminators of a region in one pass, values by arithmetic.

https://source.android.com/docs/core/runtime/dex-format#leb128
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appaudit.dex.layout import Index, UInt8

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
    first = starts[:-1]
    extra = ends - first
    values = (region[first] & 0x7F).astype(np.int64)
    if len(first):
        second = region[np.minimum(first + 1, len(region) - 1)]
        values |= ((second & 0x7F) * (extra > 0)).astype(np.int64) << 7
    longer = np.flatnonzero(extra > 1)
    for k in range(2, MAX_BYTES):
        if not len(longer):
            break
        values[longer] |= (region[first[longer] + k] & 0x7F).astype(np.int64) << (7 * k)
        longer = longer[extra[longer] > k]
    if len(longer):
        values &= 0xFFFFFFFF
    return Uleb128Stream(starts, values, longer)


def read(data: bytes, offset: int) -> tuple[int, int]:
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

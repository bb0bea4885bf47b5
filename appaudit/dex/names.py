"""Common numbers for the names of methods and fields in several dex files, so that equal ones meet.

Strings are told apart by 64 bits mixed from their bytes with numbers drawn for each process: nobody can
write two names that meet, and no text has to be made of the hundreds of thousands that an app has.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import numpy as np

from appaudit.dex import mutf8
from appaudit.dex.dex import Dex
from appaudit.dex.layout import Data, Index, Int32, UInt64, by_appearance
from appaudit.dex.strings import UNKNOWN

Hashes = UInt64

_KEPT = np.array([(1 << 8 * k) - 1 for k in range(9)], np.uint64)
"""For the bytes that are left of a string, those of the next eight that belong to it."""
MAX_NAME = 4096
"""Bytes of a name, more than compilers write; a longer one is as a corrupt one."""
_START, *_FACTORS = (secrets.randbits(64) | 1 for _ in range(3))
_MASK = (1 << 64) - 1


class Names:
    """``methods``, ``fields``: for each dex the number of the name of each, that of ``?`` for a corrupt one.
    Numbers count by first appearance."""

    def __init__(self, dexes: Sequence[Dex]) -> None:
        used: list[Index] = []
        hashes: list[Hashes] = [np.array([_hash(UNKNOWN.encode())], np.uint64)]
        for dex in dexes:
            is_name = np.zeros(len(dex.strings) + 1, bool)
            is_name[dex.methods.name] = is_name[dex.fields.name] = True
            used.append(np.flatnonzero(is_name[:-1]))
            starts, ends = dex.strings.bounds()
            hashes.append(_hashes(dex.data, starts[used[-1]], ends[used[-1]]))
            dex.release()
        self._hashes, self._number, number = by_appearance(np.concatenate(hashes))
        self._asked: dict[str, int] = {}
        self.methods: list[Int32] = []
        self.fields: list[Int32] = []
        end = 1
        for dex, own in zip(dexes, used, strict=True):
            numbers = np.full(len(dex.strings) + 1, number[0], np.int32)
            numbers[own] = number[end : end + len(own)]
            end += len(own)
            self.methods.append(numbers[dex.methods.name])
            self.fields.append(numbers[dex.fields.name])

    def __len__(self) -> int:
        """How many numbers there are."""
        return len(self._hashes)

    def number(self, text: str) -> int:
        """The number of one text, -1 where no dex names a member so."""
        if text not in self._asked:
            self._asked[text] = int(self.find([text])[0])
        return self._asked[text]

    def find(self, texts: Sequence[str]) -> Int32:
        """The number of each text, -1 where no dex names a member so."""
        hashes = np.array([_hash(mutf8.encode(text)) for text in texts], np.uint64)
        at = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
        return np.where(self._hashes[at] == hashes, self._number[at], -1).astype(np.int32)


def _hash(raw: bytes) -> int:
    """The number of one string, see `_hashes`."""
    mixed = len(raw) + _START & _MASK
    for at in range(0, len(raw), 8):
        value = (mixed ^ int.from_bytes(raw[at : at + 8], "little")) * _FACTORS[0] & _MASK
        value = (value ^ value >> 29) * _FACTORS[1] & _MASK
        mixed = value ^ value >> 32
    return mixed


def _hashes(data: Data, starts: Int32 | Index, ends: Int32 | Index) -> Hashes:
    """A number for each string, equal for equal bytes; corrupt ones, which begin at 0, are ``?``."""
    unknown = (starts == 0) | (ends - starts > MAX_NAME)
    at, left = starts.astype(np.intp), np.where(unknown, 0, ends - starts)
    mixed = left.astype(np.uint64) + np.uint64(_START)
    # Eight bytes from each place on, as a view, the first the lowest.
    eight = np.ndarray((len(data) - 7,), "<u8", data, 0, (1,))
    active = np.flatnonzero(left)
    while len(active):
        place = at[active]
        inside = np.minimum(place, len(eight) - 1)
        word = eight[inside] >> (8 * (place - inside)).astype(np.uint64) & _KEPT[np.minimum(left[active], 8)]
        value = (mixed[active] ^ word) * np.uint64(_FACTORS[0])
        value = (value ^ value >> np.uint64(29)) * np.uint64(_FACTORS[1])
        mixed[active] = value ^ value >> np.uint64(32)
        at[active] += 8
        left[active] -= 8
        active = active[left[active] > 0]
    mixed[unknown] = _hash(UNKNOWN.encode())
    return mixed

"""The header of a dex file and the bounds-checked way to a table.

https://source.android.com/docs/core/runtime/dex-format#header-item
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from appaudit.dex.errors import DexError

VERSIONS = frozenset({35, 36, 37, 38, 39, 40, 41})
CONTAINER_VERSION = 41
"""From this version one file may hold several dex files, and offsets count from the file's start."""
HEADER_SIZE = 0x70
CONTAINER_HEADER_SIZE = 0x78
LITTLE_ENDIAN = 0x12345678
MAX_CONTAINED = 1024
"""More headers in one container than any build writes; the rest is reported, not read."""

Data: TypeAlias = "bytes | mmap.mmap"
"""A file's bytes, in memory or mapped."""
# As numpy.typing's NDArray, whose module takes 10 ms to import.
Table = np.ndarray[Any, np.dtype[Any]]
Int32 = np.ndarray[Any, np.dtype[np.int32]]
Int64 = np.ndarray[Any, np.dtype[np.int64]]
UInt32 = np.ndarray[Any, np.dtype[np.uint32]]
UInt64 = np.ndarray[Any, np.dtype[np.uint64]]
UInt8 = np.ndarray[Any, np.dtype[np.uint8]]
UInt16 = np.ndarray[Any, np.dtype[np.uint16]]
Index = np.ndarray[Any, np.dtype[np.intp]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]
Key = Int64


@dataclass(frozen=True, slots=True)
class Section:
    """``size`` items from byte ``offset``."""

    size: int
    offset: int


@dataclass(frozen=True, slots=True)
class Header:
    """A dex header; ``start`` is its own offset in the file, 0 but in a container."""

    version: int
    start: int
    file_size: int
    map_offset: int
    strings: Section
    types: Section
    protos: Section
    fields: Section
    methods: Section
    classes: Section


def read_header(data: Data, start: int = 0) -> Header:
    """The header at ``start``. Raises DexError where no readable header stands."""
    if len(data) - start < HEADER_SIZE:
        raise DexError("The file is shorter than a dex header.")
    if len(data) >= 1 << 31:
        raise DexError("The file is larger than a dex can be.")
    magic = data[start : start + 8]
    if magic[:4] == b"cdex":
        raise DexError("This is a compact dex as the runtime keeps it in a vdex file, not a dex file.")
    if magic[:4] != b"dex\n" or not magic[4:7].isdigit() or magic[7]:
        raise DexError("The file does not start with a dex magic.")
    version = int(magic[4:7])
    if version not in VERSIONS:
        raise DexError(f"Dex version {version:03d} is not known (035 to 041 are).")
    words = struct.unpack_from("<20I", data, start + 0x20)
    if words[2] != LITTLE_ENDIAN:
        raise DexError("The dex file is not little-endian, which Android does not run either.")
    section = [Section(words[i], words[i + 1]) for i in range(6, 18, 2)]
    return Header(version, start, words[0], words[5], *section)


def contained_headers(data: Data) -> list[int]:
    """Offsets of all dex headers in one file: several in a container of version 41, else one."""
    starts = [0]
    header = read_header(data)
    while header.version >= CONTAINER_VERSION and len(starts) < MAX_CONTAINED:
        # In a container file_size is the distance to the next header.
        following = header.start + header.file_size
        if header.file_size < CONTAINER_HEADER_SIZE or following >= len(data):
            break
        try:
            header = read_header(data, following)
        except DexError:
            break
        starts.append(following)
    return starts


def table(data: Data, section: Section, dtype: str | np.dtype[Any], name: str, problems: list[str]) -> Table:
    """A view of the section's items; those beyond the end of the file are left out and told of."""
    kind = np.dtype(dtype)
    size, offset = section.size, section.offset
    if not size:
        return np.empty(0, kind)
    fits = max(0, (len(data) - offset) // kind.itemsize) if offset else 0
    if size > fits:
        problems.append(f"{name}: {size} items announced at {offset:#x}, {fits} fit in the file")
        size = fits
    return np.frombuffer(data, kind, size, offset) if size else np.empty(0, kind)


def checked(column: Table, limit: int, name: str, problems: list[str], none: int | None = None) -> Int32:
    """Indices as int32, with -1 for ``none`` and for each index not below ``limit`` (a problem)."""
    if not len(column) or int(column.max()) < min(limit, 1 << 31):
        return column.astype(np.int32)
    wide = column.astype(np.int64)
    wrong = wide >= limit
    if wrong.any():
        if none is not None:
            absent = wide == none
            wide[absent] = -1
            wrong &= ~absent
        count = int(wrong.sum())
        if count:
            problems.append(f"{name}: {count} indices point past the table they refer to")
            wide[wrong] = -1
    return wide.astype(np.int32)


def _fresh(ordered: Table) -> Mask:
    """Which of sorted values differ from the one before."""
    new = np.empty(len(ordered), bool)
    new[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    return new


def distinct(values: Table) -> Table:
    """The values sorted, each once; by sorting, which beats numpy's hashing of integers by far."""
    ordered = np.sort(values)
    return ordered[_fresh(ordered)]


def firsts(values: Table) -> tuple[Table, Index]:
    """The values sorted, each once, and the place where each stands first."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    new = _fresh(ordered)
    return ordered[new], order[new]


def numbered(values: Table) -> tuple[Table, Index]:
    """The values sorted, each once, and for each place which of them stands there."""
    order = np.argsort(values)
    ordered = values[order]
    new = _fresh(ordered)
    which = np.empty(len(values), np.intp)
    which[order] = np.cumsum(new) - 1
    return ordered[new], which


def by_appearance(values: Table) -> tuple[Table, Index, Index]:
    """`numbered`, with numbers that count by first appearance: the values sorted, the number of each, and
    for each place the number of what stands there."""
    known, which = numbered(values)
    first = np.empty(len(known), np.intp)
    first[which[::-1]] = np.arange(len(values))[::-1]  # of all written to one place the last stays
    number = np.empty(len(known), np.intp)
    number[np.argsort(first)] = np.arange(len(known))
    return known, number, number[which]


def expand(low: Index, count: Index) -> tuple[Index, Index]:
    """(place, low + 0 … low + count - 1) for each place: ranges laid end to end."""
    place = np.repeat(np.arange(len(count)), count)
    at = (low - (np.cumsum(count) - count))[place]
    at += np.arange(len(place))
    return place, at


def ordered(values: Table) -> Index:
    """``argsort(kind="stable")`` of integers of up to 32 bits: by numpy's vectorised sort, which is not
    stable, where its stable one has to compare."""
    if values.dtype.itemsize <= 2:
        return np.argsort(values, kind="stable")
    key = values.astype(np.int64) << 32 | np.arange(len(values))
    key.sort()
    key &= 0xFFFFFFFF
    return key


def by_index(column: Table, none: int) -> Table:
    """A column by every index that 16 bits can hold; ``none`` past its end."""
    whole = np.full(max(len(column), 0x10000), none, column.dtype)
    whole[: len(column)] = column
    return whole


def without(values: Table, others: Table) -> Table:
    """Those of ``values`` that are not in the sorted ``others``."""
    if not len(others):
        return values
    at = np.minimum(np.searchsorted(others, values), len(others) - 1)
    left: Table = values[others[at] != values]
    return left

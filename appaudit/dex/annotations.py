"""Which methods carry which annotation, as columns.

https://source.android.com/docs/core/runtime/dex-format#annotations-directory
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from appaudit.dex import leb
from appaudit.dex.dex import Dex
from appaudit.dex.layout import Index, Table, UInt8, distinct, expand, numbered


def annotated_methods(dex: Dex, annotations: Iterable[str]) -> Index:
    """Indices of the methods that carry one of the annotations, which are given as descriptors; ascending."""
    types = [index for index in map(dex.find_type, annotations) if index >= 0]
    if not types:
        return np.empty(0, np.intp)
    data = np.frombuffer(dex.data, np.uint8)
    directories = distinct(dex.classes.annotations.astype(np.int64))
    directories = directories[(directories > 0) & (directories < len(data))]
    fields = _words(data, directories + 4)
    _, row = _rows(data, directories + 16 + 8 * fields, _words(data, directories + 8), 8)
    sets, set_of_row = numbered(_words(data, row + 4))
    set_, entry = _rows(data, sets + 4, _words(data, sets), 4)
    kind = _numbers(data, _words(data, entry) + 1)  # behind the byte that tells who sees the annotation
    wanted = np.zeros(len(sets), bool)
    wanted[set_[np.isin(kind, types)]] = True
    methods = distinct(_words(data, row[wanted[set_of_row]]))
    return methods[methods < len(dex.methods.owner)].astype(np.intp)


def _rows(data: UInt8, first: Table, count: Table, width: int) -> tuple[Index, Table]:
    """(place, byte offset) of every row of the lists that begin at ``first``. Lists that lie over one another
    are read until there are as many rows as the file has room for."""
    count = np.where(first + count * width <= len(data), count, 0)
    count[np.cumsum(count) > len(data) // width] = 0
    place, row = expand(np.zeros(len(first), np.intp), count)
    return place, first[place] + row * width


def _words(data: UInt8, at: Table) -> Table:
    """The 32 bits at each offset; 0 where they are not inside the file."""
    inside = (at >= 0) & (at + 4 <= len(data))
    found = np.zeros(len(at), np.int64)
    for k in range(4):
        found[inside] |= data[at[inside] + k].astype(np.int64) << 8 * k
    return found


def _numbers(data: UInt8, at: Table) -> Table:
    """The ULEB128 number at each offset, as far as the file goes."""
    found, open_ = np.zeros(len(at), np.int64), np.ones(len(at), bool)
    for k in range(leb.MAX_BYTES):
        open_ &= at + k < len(data)
        byte = data[at[open_] + k].astype(np.int64)
        found[open_] |= (byte & 0x7F) << 7 * k
        open_[open_] = byte >= 0x80
    return found

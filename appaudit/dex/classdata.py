"""Class definitions and their fields and methods.

https://source.android.com/docs/core/runtime/dex-format#class-data-item
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from appaudit.dex import leb
from appaudit.dex.layout import Data, Index, Int32, Int64, Mask, UInt32


class EncodedFields(NamedTuple):
    """One row a field defined here: row of its class, field index, access flags, static or not."""

    class_row: Int32
    field: Int32
    access: UInt32
    static: Mask


class EncodedMethods(NamedTuple):
    """One row a method defined here: row of its class, method index, access flags, virtual or not,
    byte offset of its code item (0: abstract or native)."""

    class_row: Int32
    method: Int32
    access: UInt32
    virtual: Mask
    code_offset: UInt32


class ClassData(NamedTuple):
    """All members defined in a dex."""

    fields: EncodedFields
    methods: EncodedMethods

    def fields_of(self, row: int) -> slice:
        """The rows in ``fields`` of a class row."""
        return slice(*np.searchsorted(self.fields.class_row, (row, row + 1)).tolist())

    def methods_of(self, row: int) -> slice:
        """The rows in ``methods`` of a class row."""
        return slice(*np.searchsorted(self.methods.class_row, (row, row + 1)).tolist())


def read_class_data(
    data: Data, offsets: Int64, end: int, field_count: int, method_count: int, problems: list[str]
) -> ClassData:
    """The class data at ``offsets`` (by class row, 0 for none), which lies before byte ``end``."""
    rows = np.flatnonzero((offsets > 0) & (offsets < len(data)))
    outside = int((offsets >= len(data)).sum())
    if outside:
        problems.append(f"class_data: {outside} items lie outside the file")
    if not len(rows):
        return _empty()
    low = int(offsets[rows].min())
    end = end if int(offsets[rows].max()) < end <= len(data) else len(data)
    stream = leb.decode(np.frombuffer(data, np.uint8, end - low, low))
    value, limit = stream.values, len(stream.values)
    at = stream.rank(offsets[rows] - low)
    good = (at >= 0) & (at + 4 <= limit)
    head = np.where(good, at, 0)
    if limit < 4:
        problems.append("class_data: no item is complete")
        return _empty()
    static_fields, instance_fields, direct, virtual = (value[head + k] for k in range(4))
    size = 4 + 2 * (static_fields + instance_fields) + 3 * (direct + virtual)
    good &= head + size <= limit
    # Items do not overlap, so that all sizes together fit in the region.
    order = np.argsort(head, kind="stable")
    stop = np.maximum.accumulate(np.where(good, head + size, 0)[order])
    overlaps = np.zeros(len(rows), bool)
    overlaps[order[1:]] = head[order[1:]] < stop[:-1]
    good &= ~overlaps
    if len(stream.invalid):
        good &= np.searchsorted(stream.invalid, head) == np.searchsorted(stream.invalid, head + size)
    if not good.all():
        problems.append(f"class_data: {int((~good).sum())} items are corrupt")
    rows, head = rows[good], head[good]
    static_fields, instance_fields = static_fields[good], instance_fields[good]
    direct, virtual = direct[good], virtual[good]
    fields = _members(value, head + 4, static_fields, instance_fields, 2, field_count, "field", problems)
    methods = _members(
        value,
        head + 4 + 2 * (static_fields + instance_fields),
        direct,
        virtual,
        3,
        method_count,
        "method",
        problems,
    )
    owner, second, index, at = fields
    encoded_fields = EncodedFields(
        rows[owner].astype(np.int32), index, value[at + 1].astype(np.uint32), ~second
    )
    owner, second, index, at = methods
    encoded_methods = EncodedMethods(
        rows[owner].astype(np.int32),
        index,
        value[at + 1].astype(np.uint32),
        second,
        value[at + 2].astype(np.uint32),
    )
    return ClassData(encoded_fields, encoded_methods)


def _members(
    value: Int64,
    start: Index,
    first: Int64,
    second: Int64,
    width: int,
    limit: int,
    name: str,
    problems: list[str],
) -> tuple[Index, Mask, Int32, Index]:
    """Two lists an item (static/instance, direct/virtual) of ``width`` numbers a member: row of the
    item, in second list or not, index in the id table, place of the member's first number."""
    counts = np.stack((first, second), axis=1).reshape(-1)
    total = int(counts.sum())
    before = np.cumsum(counts) - counts
    base = np.stack((start, start + width * first), axis=1).reshape(-1)
    at = np.repeat(base - width * before, counts) + width * np.arange(total)
    # Indices are differences within each list.
    running = np.cumsum(value[at])
    nonempty = counts > 0
    offset = np.zeros(len(counts), np.int64)
    offset[nonempty] = running[before[nonempty]] - value[at[before[nonempty]]]
    index = running - np.repeat(offset, counts)
    list_of = np.repeat(np.arange(len(counts)), counts)
    right = (index >= 0) & (index < limit)
    if not right.all():
        problems.append(f"class_data: {int((~right).sum())} {name} indices point past the table")
        list_of, index, at = list_of[right], index[right], at[right]
    return list_of >> 1, (list_of & 1).astype(bool), index.astype(np.int32), at


def _empty() -> ClassData:
    none, flags = np.empty(0, np.int32), np.empty(0, np.uint32)
    mask = np.empty(0, bool)
    return ClassData(EncodedFields(none, none, flags, mask), EncodedMethods(none, none, flags, mask, flags))

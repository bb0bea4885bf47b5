"""Every instruction of a dex as columns."""

from __future__ import annotations

import struct
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from appaudit.dex import leb, opcodes
from appaudit.dex.classdata import EncodedMethods
from appaudit.dex.layout import Index, Int32, UInt8, UInt16, distinct
from appaudit.dex.opcodes import Reference
from appaudit.dex.sweep import sweep

CODE_HEADER = 16


class References(NamedTuple):
    """Instructions that refer to one table: ``row`` in `Code.starts`, ``operand``: index in that table."""

    row: Int32
    operand: Int32


class Code:
    """The code items of a dex, decoded.

    ``offset``: byte offset of each code item, ascending, each once; ``bounds``: with all code units end
    to end, item ``k`` has those from ``bounds[k]`` to ``bounds[k + 1]``; ``starts``: where among them
    each instruction begins;
    ``first``: code item ``k`` holds instructions ``first[k]:first[k + 1]``; ``opcode`` and ``operand``
    (its second code unit; of no meaning where it has but one) by instruction.
    Payloads count as instructions, as a linear sweep sees them, with opcode 0.
    """

    def __init__(self, data: bytes, methods: EncodedMethods, problems: list[str]) -> None:
        self._data = data
        self._methods = methods
        everything = np.frombuffer(data, "<u2", len(data) // 2)
        offset = distinct(methods.code_offset)
        offset = offset[offset > 0]
        good = (offset + CODE_HEADER <= len(data)) & (offset % 4 == 0)
        if not good.all():
            problems.append(f"code: {int((~good).sum())} code items are outside the file or not aligned")
            offset = offset[good]
        half = offset // 2
        size = everything[half + 6].astype(np.int64) | everything[half + 7].astype(np.int64) << 16
        begin = half + CODE_HEADER // 2
        good = (begin + size <= len(everything)) & (size > 0)
        if not good.all():
            problems.append(f"code: {int((~good).sum())} methods are longer than the file, or empty")
            offset, size, begin = offset[good], size[good], begin[good]
        bounds = np.zeros(len(offset) + 1, np.intp)
        np.cumsum(size, out=bounds[1:])
        if bounds[-1] > len(everything):
            # Code items that overlap; each unit once is all that a file has to give.
            fits = int(np.searchsorted(bounds, len(everything), "right")) - 1
            problems.append(f"code: code items overlap, {len(offset) - fits} of them are not read")
            offset, begin, size, bounds = offset[:fits], begin[:fits], size[:fits], bounds[: fits + 1]
        self.offset = offset
        self.bounds: Index = bounds
        self._everything, self._begin = everything, begin
        units = _gather(everything, begin, size, bounds)
        found = sweep(units, bounds)
        self.starts: Int32 = found.starts
        self.first: Int32 = found.first
        self.opcode: UInt8 = found.opcode
        behind = np.append(units[1:], np.uint16(0))
        self.operand: UInt16 = behind[self.starts] if len(units) else behind[:0]
        if found.cut.any():
            problems.append(f"code: in {int(found.cut.sum())} methods the last instruction is cut off")

    def __len__(self) -> int:
        """Number of instructions."""
        return len(self.starts)

    def units(self, item: int) -> UInt16:
        """The code units of one item."""
        begin = int(self._begin[item])
        return self._everything[begin : begin + int(self.bounds[item + 1] - self.bounds[item])]

    @cached_property
    def item(self) -> Int32:
        """Row of the code item of each instruction."""
        count = np.diff(self.first)
        return np.repeat(np.arange(len(count), dtype=np.int32), count)

    @cached_property
    def _method_order(self) -> tuple[Index, npt.NDArray[np.int64]]:
        order = np.argsort(self._methods.code_offset, kind="stable")
        return order, self._methods.code_offset[order]

    @cached_property
    def _only_method(self) -> Int32 | None:
        """The one method of each code item; None where methods share one."""
        order, offsets = self._method_order
        first = np.searchsorted(offsets, self.offset)
        alone = np.searchsorted(offsets, self.offset, "right") - first == 1
        if not alone.all():
            return None
        return order[first].astype(np.int32)

    def methods_of(self, items: Int32) -> tuple[Index, Int32]:
        """Methods that run the code items: (place in ``items``, row in the class data's methods).

        One method a code item, but for files whose equal methods share one.
        """
        if self._only_method is not None:
            return np.arange(len(items)), self._only_method[items]
        order, offsets = self._method_order
        wanted = self.offset[items]
        low = np.searchsorted(offsets, wanted, "left")
        count = np.searchsorted(offsets, wanted, "right") - low
        place = np.repeat(np.arange(len(items)), count)
        shift = np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count)
        return place, order[np.repeat(low, count) + shift].astype(np.int32)

    def item_of_method(self, method_row: int) -> int:
        """The code item of a row in the class data's methods, -1 for none (or one not readable)."""
        offset = int(self._methods.code_offset[method_row])
        at = int(np.searchsorted(self.offset, offset))
        return at if offset and at < len(self.offset) and self.offset[at] == offset else -1

    @cached_property
    def _reference_kind(self) -> UInt8:
        return np.frombuffer(self.opcode.tobytes().translate(opcodes.REFERENCE), np.uint8)

    def references(self, kind: Reference) -> References:
        """All instructions that refer to the table of ``kind``, in order."""
        return self._references(kind)

    @cached_property
    def _cache(self) -> dict[Reference, References]:
        return {}

    def _references(self, kind: Reference) -> References:
        if kind not in self._cache:
            row = np.flatnonzero(self._reference_kind == kind)
            index = self.operand[row].astype(np.int32)
            if kind == Reference.STRING:
                jumbo = np.flatnonzero(self.opcode[row] == opcodes.CONST_STRING_JUMBO)
                item = self.item[row[jumbo]]
                upper = self._begin[item] + self.starts[row[jumbo]] - self.bounds[item] + 2
                index[jumbo] |= self._everything[upper].astype(np.int32) << 16
                row, index = row[index >= 0], index[index >= 0]
            self._cache[kind] = References(row.astype(np.int32), index)
        return self._cache[kind]

    def code_unit_offset(self, rows: Int32) -> Int32:
        """Offset of instructions within their method, in code units."""
        return (self.starts[rows] - self.bounds[self.item[rows]]).astype(np.int32)

    def handlers(self, item: int) -> tuple[list[tuple[int, int]], list[int]]:
        """The ``try`` ranges of a code item and all handler addresses, in code units of the method."""
        data, at = self._data, int(self.offset[item])
        tries = struct.unpack_from("<H", data, at + 6)[0]
        if not tries:
            return [], []
        size = int(self.bounds[item + 1] - self.bounds[item])
        at += CODE_HEADER + 2 * (size + size % 2)
        ranges: list[tuple[int, int]] = []
        targets: list[int] = []
        try:
            for k in range(tries):
                start, count = struct.unpack_from("<IH", data, at + 8 * k)
                ranges.append((start, start + count))
            at += 8 * tries
            lists, at = leb.read(data, at)
            for _ in range(min(lists, tries)):
                signed, at = _sleb128(data, at)
                for _ in range(min(abs(signed), size)):
                    _, at = leb.read(data, at)
                    address, at = leb.read(data, at)
                    targets.append(address)
                if signed <= 0:
                    address, at = leb.read(data, at)
                    targets.append(address)
        except (struct.error, IndexError, ValueError):
            pass  # what was read of a corrupt list stands
        return ranges, targets

    def registers(self, item: int) -> tuple[int, int]:
        """Number of registers of a code item, and how many of them, the last ones, are parameters."""
        count, ins = struct.unpack_from("<HH", self._data, int(self.offset[item]))
        return count, ins


def _sleb128(data: bytes, at: int) -> tuple[int, int]:
    value, start = 0, at
    value, at = leb.read(data, at)
    bits = 7 * (at - start)
    return (value - (1 << bits) if bits < 35 and value >> (bits - 1) & 1 else value), at


def _gather(everything: UInt16, begin: Index, size: npt.NDArray[np.int64], bounds: Index) -> UInt16:
    """The code units of all methods end to end."""
    if not len(begin):
        return np.empty(0, np.uint16)
    low, high = int(begin[0]), int(begin[-1] + size[-1])
    end = begin + size
    if (begin[1:] >= end[:-1]).all():
        lengths = np.empty(2 * len(begin) - 1, np.int64)
        lengths[::2] = size
        lengths[1::2] = begin[1:] - end[:-1]
        keep = np.zeros(len(lengths), bool)
        keep[::2] = True
        inside: UInt16 = everything[low:high][np.repeat(keep, lengths)]
        return inside
    position = np.repeat(begin - bounds[:-1], size) + np.arange(int(bounds[-1]))
    overlapping: UInt16 = everything[position]
    return overlapping

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
from appaudit.dex.sweep import Sweep, sweep

CODE_HEADER = 16


class References(NamedTuple):
    """Instructions that refer to one table, in order: ``item`` the code item each stands in, ``at``
    where it begins among the code units, ``opcode``, ``operand`` the index in that table."""

    item: Int32
    at: Int32
    opcode: UInt8
    operand: Int32 | UInt16


class Code:
    """The code items of a dex, decoded.

    ``offset``: byte offset of each code item, ascending, each once; ``bounds``: with all code units end
    to end, item ``k`` has those from ``bounds[k]`` to ``bounds[k + 1]``; ``starts``: where among them
    each instruction begins; ``first``: code item ``k`` holds instructions ``first[k]:first[k + 1]``;
    ``opcode`` and ``operand`` (its second code unit; of no meaning where it has but one) by instruction.
    Payloads count as instructions, as a linear sweep sees them, with opcode 0.
    The columns by instruction are let go once `references` were asked for, and made again at need.
    """

    def __init__(self, data: bytes, methods: EncodedMethods, problems: list[str]) -> None:
        self._data = data
        self._methods = methods
        everything = self._everything
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
        units = _gather(everything, begin, size, bounds)
        found = sweep(units, bounds)
        self._length = len(found.starts)
        self._begins = found.begins
        self._columns: tuple[UInt16, Sweep] | None = (units, found)
        self._references: dict[Reference, References] = {}
        if found.cut.any():
            problems.append(f"code: in {int(found.cut.sum())} methods the last instruction is cut off")

    def __len__(self) -> int:
        """Number of instructions."""
        return self._length

    @property
    def _everything(self) -> UInt16:
        """The file as 16-bit units."""
        return np.frombuffer(self._data, "<u2", len(self._data) // 2)

    def units(self, item: int) -> UInt16:
        """The code units of one item."""
        begin = (int(self.offset[item]) + CODE_HEADER) // 2
        return self._everything[begin : begin + int(self.bounds[item + 1] - self.bounds[item])]

    def instructions(self, item: int) -> list[int]:
        """Where each instruction of one item begins, in code units of the method."""
        low, high = int(self.bounds[item]), int(self.bounds[item + 1])
        begins = np.unpackbits(self._begins[low >> 3 : (high + 7) >> 3])
        found: list[int] = np.flatnonzero(begins[low & 7 : (low & 7) + high - low]).tolist()
        return found

    @property
    def _decoded(self) -> tuple[UInt16, Sweep]:
        """All code units and what the sweep found in them."""
        if self._columns is None:
            size = np.diff(self.bounds)
            begin = (self.offset + CODE_HEADER) // 2
            units = _gather(self._everything, begin, size, self.bounds)
            self._columns = units, sweep(units, self.bounds)
        return self._columns

    @property
    def starts(self) -> Int32:
        """Where each instruction begins among all code units."""
        return self._decoded[1].starts

    @property
    def first(self) -> Int32:
        """The first instruction of each code item, one more than items."""
        return self._decoded[1].first

    @property
    def opcode(self) -> UInt8:
        """The opcode of each instruction."""
        return self._decoded[1].opcode

    @property
    def operand(self) -> UInt16:
        """The second code unit of each instruction."""
        units, found = self._decoded
        return _second(units, found.starts)

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

    def references(self, kind: Reference) -> References:
        """All instructions that refer to the table of ``kind``, in order."""
        if not self._references:
            self._refer()
        return self._references[kind]

    def _refer(self) -> None:
        """Picks out what refers to tables, and lets go of the rest."""
        units, found = self._decoded
        items = np.arange(len(self.offset), dtype=np.int32)
        item = np.repeat(items, np.diff(found.first))
        kinds = np.frombuffer(found.opcode.tobytes().translate(opcodes.REFERENCE), np.uint8)
        for kind in Reference:
            row = np.flatnonzero(kinds == kind) if kind != Reference.NONE else np.empty(0, np.intp)
            at, opcode = found.starts[row], found.opcode[row]
            operand: Int32 | UInt16 = _second(units, at)
            if kind == Reference.STRING:
                wide = operand.astype(np.int32)
                jumbo = np.flatnonzero(opcode == opcodes.CONST_STRING_JUMBO)
                wide[jumbo] |= units[at[jumbo] + 2].astype(np.int32) << 16
                right = wide >= 0
                row, at, opcode, operand = row[right], at[right], opcode[right], wide[right]
            self._references[kind] = References(item[row], at, opcode, operand)
        self._columns = None

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


def _second(units: UInt16, at: Int32) -> UInt16:
    """The code unit behind each place; 0 behind the last of all."""
    if len(at) and at[-1] + 1 == len(units):
        return np.append(units[1:][at[:-1]], np.uint16(0))
    return units[1:][at]


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

"""Every instruction of a dex as columns."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from appaudit.dex import leb, opcodes
from appaudit.dex.classdata import EncodedMethods
from appaudit.dex.layout import Data, Index, Int32, Int64, Mask, UInt8, UInt16, distinct, expand, ordered
from appaudit.dex.opcodes import Reference
from appaudit.dex.sweep import Sweep, sweep

CODE_HEADER = 16
BATCH = 1 << 19
"""Code units that are decoded at once, unless a method is longer."""


class References:
    """Instructions that refer to one table, in order: ``at`` where each begins among the code units,
    ``opcode``, ``operand`` the index in that table; ``bounds`` those of `Code`."""

    def __init__(self, at: Int32, opcode: UInt8, operand: Int32 | UInt16, bounds: Int32) -> None:
        self.at, self.opcode, self.operand, self.bounds = at, opcode, operand, bounds

    def to(self, indices: Int32 | Index) -> tuple[Index, Index]:
        """(place in ``indices``, row) of every instruction that refers to one of them, in order."""
        row, first = self._by_operand
        indices = np.minimum(indices, len(first) - 2)  # the last is that of no instruction
        low = first[indices].astype(np.intp)
        place, at = expand(low, first[indices + 1] - low)
        order = ordered(row[at])
        return place[order], row[at[order]].astype(np.intp)

    @cached_property
    def _by_operand(self) -> tuple[Int32, Int32]:
        """The rows sorted by operand, and for each index where its own begin; one index behind the last."""
        size = int(self.operand.max(initial=0)) + 1
        first = np.zeros(size + 2, np.int32)
        np.cumsum(np.bincount(self.operand, minlength=size + 1), out=first[1:])
        return ordered(self.operand).astype(np.int32), first

    def items(self, rows: Index) -> Int32:
        """The code item that each of some instructions stands in."""
        items: Int32 = (np.searchsorted(self.bounds, self.at[rows], "right") - 1).astype(np.int32)
        return items


class _Decoded(NamedTuple):
    """What refers to each table; a bit a code unit, set where an instruction begins; how many begin."""

    references: dict[Reference, References]
    begins: UInt8
    length: int


class Code:
    """The code items of a dex, decoded.

    ``offset``: byte offset of each code item, ascending, each once; ``bounds``: with all code units end
    to end, item ``k`` has those from ``bounds[k]`` to ``bounds[k + 1]``. What refers to tables is kept;
    `instructions` has the places of one method's instructions.
    Payloads count as instructions, as a linear sweep sees them, with opcode 0.
    """

    def __init__(self, data: Data, methods: EncodedMethods, problems: list[str]) -> None:
        self._data = data
        self._methods = methods
        self._problems = problems
        everything = self._everything
        offset = distinct(methods.code_offset).astype(np.int64)
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
            offset, size = offset[good], size[good]
        bounds = np.zeros(len(offset) + 1, np.intp)
        np.cumsum(size, out=bounds[1:])
        if bounds[-1] > len(everything):
            # Code items that overlap; each unit once is all that a file has to give.
            fits = int(np.searchsorted(bounds, len(everything), "right")) - 1
            problems.append(f"code: code items overlap, {len(offset) - fits} of them are not read")
            offset, bounds = offset[:fits], bounds[: fits + 1]
        self.offset: Int32 = offset.astype(np.int32)
        self.bounds: Int32 = bounds.astype(np.int32)

    @property
    def _everything(self) -> UInt16:
        """The file as 16-bit units."""
        return np.frombuffer(self._data, "<u2", len(self._data) // 2)

    def _batches(self) -> Iterator[tuple[int, UInt16, Sweep]]:
        """(first code item, code units, what was found in them) of some methods at a time, so many that
        the work stays within the processor's cache."""
        cuts = np.searchsorted(self.bounds, np.arange(0, int(self.bounds[-1]), BATCH))
        everything = self._everything
        for low, high in pairwise(distinct(np.append(cuts, len(self.offset))).tolist()):
            bounds = (self.bounds[low : high + 1] - self.bounds[low]).astype(np.intp)
            begin = (self.offset[low:high].astype(np.intp) + CODE_HEADER) // 2
            units = _gather(everything, begin, np.diff(bounds), bounds)
            yield low, units, sweep(units, bounds)

    def units(self, item: int) -> UInt16:
        """The code units of one item."""
        begin = (int(self.offset[item]) + CODE_HEADER) // 2
        return self._everything[begin : begin + int(self.bounds[item + 1] - self.bounds[item])]

    def units_of(self, items: Int32) -> UInt16:
        """The code units of several items end to end."""
        begin = (self.offset[items].astype(np.intp) + CODE_HEADER) // 2
        units: UInt16 = self._everything[expand(begin, np.diff(self.bounds)[items])[1]]
        return units

    def words_at(self, items: Int32, offsets: Int32) -> UInt16:
        """The three code units from an offset in each item on, a row each; those behind the last are 0."""
        at = (self.offset[items].astype(np.intp) + CODE_HEADER) // 2 + offsets
        at = at[:, np.newaxis] + np.arange(3)
        everything = self._everything
        inside = at < len(everything)
        words: UInt16 = np.where(inside, everything[np.where(inside, at, 0)], np.uint16(0))
        return words

    def begins(self, items: Int32) -> Mask:
        """For the code units of several items end to end whether an instruction begins there."""
        places = expand(self.bounds[items].astype(np.intp), np.diff(self.bounds)[items])[1]
        mask: Mask = (self._decoded.begins[places >> 3] << (places & 7).astype(np.uint8) & 0x80).astype(bool)
        return mask

    def caught(self, items: Int32) -> Mask:
        """Which items have exception handlers."""
        mask: Mask = self._everything[self.offset[items] // 2 + 3] > 0
        return mask

    def instructions(self, item: int) -> list[int]:
        """Where each instruction of one item begins, in code units of the method."""
        low, high = int(self.bounds[item]), int(self.bounds[item + 1])
        begins = np.unpackbits(self._decoded.begins[low >> 3 : (high + 7) >> 3])
        found: list[int] = np.flatnonzero(begins[low & 7 : (low & 7) + high - low]).tolist()
        return found

    @cached_property
    def _only_method(self) -> Int32 | None:
        """The one method of each code item; None where methods share one."""
        order, offsets = self._in_order()
        first = np.searchsorted(offsets, self.offset)
        behind = np.append(offsets, -1)[first + 1]
        return None if (behind == self.offset).any() else order[first].astype(np.int32)

    def _in_order(self) -> tuple[Index, Int64]:
        """Rows of the class data's methods by the offset of their code, and these offsets."""
        order = ordered(self._methods.code_offset)
        return order, self._methods.code_offset[order].astype(np.int64)

    def methods_of(self, items: Int32) -> tuple[Index, Int32]:
        """Methods that run the code items: (place in ``items``, row in the class data's methods).

        One method a code item, but for files whose equal methods share one.
        """
        if self._only_method is not None:
            return np.arange(len(items)), self._only_method[items]
        order, offsets = self._in_order()
        wanted = self.offset[items]
        low = np.searchsorted(offsets, wanted, "left")
        place, at = expand(low, np.searchsorted(offsets, wanted, "right") - low)
        return place, order[at].astype(np.int32)

    def methods_naming(self, references: References) -> tuple[Index | slice, Int32]:
        """Every instruction with each method that runs it: (row in ``references``, row in the class data's
        methods)."""
        count = np.diff(np.searchsorted(references.at, self.bounds))  # of each code item
        place, method_row = self.methods_of(np.arange(len(count), dtype=np.int32))
        if len(place) == len(count):
            return slice(None), np.repeat(method_row, count)
        row = expand((np.cumsum(count) - count)[place], count[place])[1]
        return row, np.repeat(method_row, count[place])

    def items_of_methods(self, method_rows: Int32) -> Int32:
        """The code item of each row in the class data's methods, -1 for none (or one not readable)."""
        offset = self._methods.code_offset[method_rows].astype(np.int64)
        at = np.searchsorted(self.offset, offset)
        known = (offset > 0) & (at < len(self.offset))
        known[known] = self.offset[at[known]] == offset[known]
        return np.where(known, at, -1).astype(np.int32)

    def item_of_method(self, method_row: int) -> int:
        """`items_of_methods` for one."""
        return int(self.items_of_methods(np.array([method_row], np.int32))[0])

    @property
    def decoded(self) -> bool:
        """Whether the instructions were read already."""
        return "_decoded" in self.__dict__

    def references(self, kind: Reference) -> References:
        """All instructions that refer to the table of ``kind``, in order."""
        return self._decoded.references[kind]

    def __len__(self) -> int:
        """Number of instructions."""
        return self._decoded.length

    @cached_property
    def _decoded(self) -> _Decoded:
        parts: dict[Reference, list[References]] = {kind: [] for kind in Reference}
        begins = np.zeros(int(self.bounds[-1]), bool)
        cut = 0
        for low, units, found in self._batches():
            cut += int(found.cut.sum())
            base = int(self.bounds[low])
            begins[base : base + len(units)] = found.begins
            counts = [int(np.count_nonzero(found.kind == np.uint8(kind))) for kind in Reference]
            # By table; what refers to none has the highest kinds.
            places = found.at[np.argsort(found.kind, kind="stable")[: sum(counts)]]
            operands, operators = units[1:][places], units[places].astype(np.uint8)
            end = 0
            for kind, count in zip(Reference, counts, strict=True):
                begin, end = end, end + count
                if not count:
                    continue
                at, opcode = places[begin:end], operators[begin:end]
                operand: Int32 | UInt16 = operands[begin:end]
                if kind == Reference.STRING:
                    wide = operand.astype(np.int32)
                    jumbo = np.flatnonzero(opcode == opcodes.CONST_STRING_JUMBO)
                    wide[jumbo] |= units[at[jumbo] + 2].astype(np.int32) << 16
                    right = wide >= 0
                    at, opcode, operand = at[right], opcode[right], wide[right]
                parts[kind].append(References((at + base).astype(np.int32), opcode, operand, self.bounds))
        if cut:
            self._problems.append(f"code: in {cut} methods the last instruction is cut off")
        none = np.empty(0, np.int32)
        nothing = References(none, none.astype(np.uint8), none.astype(np.uint16), self.bounds)
        joined = {
            kind: refers[0]
            if len(refers) == 1
            else References(
                np.concatenate([r.at for r in refers]),
                np.concatenate([r.opcode for r in refers]),
                np.concatenate([r.operand for r in refers]),
                self.bounds,
            )
            if refers
            else nothing
            for kind, refers in parts.items()
        }
        return _Decoded(joined, np.packbits(begins), int(np.count_nonzero(begins)))

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


def _sleb128(data: Data, at: int) -> tuple[int, int]:
    value, start = 0, at
    value, at = leb.read(data, at)
    bits = 7 * (at - start)
    return (value - (1 << bits) if bits < 35 and value >> (bits - 1) & 1 else value), at


def _gather(everything: UInt16, begin: Index, size: Int64, bounds: Index) -> UInt16:
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

"""Which instruction set a register that a call is handed: looked for backwards from many calls at once.

Most arguments are set a few instructions before the call, in the same basic block, by an instruction that
asks for nothing else, or nowhere in the method, being its own parameters. These are told here, as
`appaudit.dex.flow` would tell them; what is set in other ways is left for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from appaudit.dex import opcodes
from appaudit.dex.blocks import switch_targets
from appaudit.dex.code import Code
from appaudit.dex.flow import DESTINATION, WIDE
from appaudit.dex.layout import Index, Int32, Key, Mask, UInt16, distinct, expand, without

MAX_MOVES: Final = 8
"""Moves from register to register that are followed."""
UNKNOWN, BEFORE, NOTHING = -1, -2, -3
"""For what other blocks may have set, and code that never runs; for what holds what it did when the method
began; for what no constant comes of."""

_KIND = np.frombuffer(DESTINATION, np.uint8)
_WIDE = np.isin(np.arange(256), sorted(WIDE))
_IS_BRANCH = np.frombuffer(opcodes.IS_BRANCH, np.uint8).astype(bool)
_GOES_ON = ~_IS_BRANCH
_GOES_ON[[*opcodes.IF, opcodes.PACKED_SWITCH, opcodes.SPARSE_SWITCH]] = True
_TELLS = np.zeros(256, bool)
_TELLS[[*range(0x12, 0x1D), opcodes.NEW_INSTANCE, 0x23, *range(0x52, 0x59), *range(0x60, 0x67)]] = True
_TELLS[[*range(0x90, 0x9B), *range(0xB0, 0xBB), *range(0xD0, 0xE3)]] = True
"""Instructions that set a register to what may be constant, beside moves."""
_RESULTS = np.isin(np.arange(256), opcodes.MOVE_RESULT)
_GIVES = np.isin(np.arange(256), [*opcodes.INVOKE, *opcodes.INVOKE_RANGE, 0x24, 0x25])
"""Instructions that a ``move-result`` may have a constant from."""


class Definitions(NamedTuple):
    """``at``: place in ``units`` of the instruction that last set each register (of the invoke, where
    that is a ``move-result``), or `UNKNOWN`, `BEFORE`, `NOTHING`; ``register``: the one it set,
    which moves may have handed on to that asked for."""

    units: UInt16
    at: Index
    register: Int32


class _Methods:
    """Some methods of several dex files, their instructions end to end."""

    def __init__(self, items: Sequence[tuple[Code, Int32]]) -> None:
        """``items``: code items of each dex."""
        sizes = [code.bounds[own + 1] - code.bounds[own] for code, own in items]
        size = np.concatenate(sizes)
        self.bounds = np.zeros(len(size) + 1, np.intp)
        np.cumsum(size, out=self.bounds[1:])
        self.units = np.concatenate([code.units_of(own) for code, own in items])
        begins = np.concatenate([code.begins(own) for code, own in items])
        self.starts = np.flatnonzero(begins)
        self.number = np.cumsum(begins) - 1
        """Which instruction each code unit belongs to."""
        self.op = self.units[self.starts].astype(np.uint8)
        self._is_start = begins
        self.first = np.append(self.number[self.bounds[:-1]], len(self.starts))
        """The first instruction of each method, and the one behind the last."""
        source, target = self._branches()
        caught = self._handlers(items)
        leader = np.zeros(len(self.starts), bool)
        leader[target] = leader[caught] = True
        self.is_entry = np.zeros(len(self.starts), bool)
        """Where a method begins and no branch leads back to."""
        self.is_entry[self.first[:-1]] = ~leader[self.first[:-1]]
        leader[self.first[:-1]] = True
        leader[1:] |= _IS_BRANCH[self.op[:-1]]
        self.block = np.maximum.accumulate(np.where(leader, np.arange(len(leader)), 0))
        """The first instruction of the basic block that each stands in; it stands for the block below."""
        behind = np.flatnonzero(leader[1:] & _GOES_ON[self.op[:-1]]) + 1
        behind = without(behind, self.first)
        source = self.block[np.concatenate((source, behind - 1))]
        order = np.argsort(source, kind="stable")
        self._edges = source[order], np.concatenate((target, behind))[order]
        self.reached = self._following(np.concatenate((self.first[:-1], caught)))
        """Blocks that run, as far as one can tell."""
        self.lost = self._following(caught)
        """Blocks that run after an exception may have been caught."""
        self._writes = self._sorted_writes()

    def _following(self, blocks: Index) -> Mask:
        """Blocks that can run once these run."""
        source, target = self._edges
        found = np.zeros(len(self.starts), bool)
        while len(blocks):
            found[blocks] = True
            low = np.searchsorted(source, blocks)
            after = target[expand(low, np.searchsorted(source, blocks, "right") - low)[1]]
            blocks = distinct(after[~found[after]])
        return found

    def _sorted_writes(self) -> Key:
        """Register, instruction and whether it is the second of a pair that the instruction sets, as one
        number each."""
        kind, word = _KIND[self.op], self.units[self.starts]
        keys = []
        for which, shifted in ((1, word >> 8 & 15), (2, word >> 8)):
            at = np.flatnonzero(kind == which)
            keys.append(shifted[at].astype(np.int64) << 32 | at << 1)
        at = np.flatnonzero(kind == 3)
        keys.append(self.units[self.starts[at] + 1].astype(np.int64) << 32 | at << 1)
        writes = np.concatenate(keys)
        pairs = writes[_WIDE[self.op[(writes & 0xFFFFFFFF) >> 1]]]
        return np.sort(np.concatenate((writes, (pairs | 1) + (1 << 32))))

    def last_write(self, register: Int32, before: Index) -> Index:
        """The last instruction before another one that sets a register, twice its number, one more where
        the register is the second of a pair; below 0 where there is none."""
        sought = register.astype(np.int64) << 32
        place = np.searchsorted(self._writes, sought | before << 1) - 1
        found = self._writes[np.maximum(place, 0)] if len(self._writes) else sought - 2
        last: Index = np.where((place >= 0) & (found >= sought), found - sought, -2)
        return last

    def _branches(self) -> tuple[Index, Index]:
        """(branch, instruction that it leads to), by number."""
        units = self.units
        near, short, long = self._at([0x28]), self._at([*opcodes.IF, 0x29]), self._at([0x2A])
        far = units[long + 1] | units[long + 2].astype(np.uint32) << 16
        found = [
            (near, near + (units[near] >> 8).astype(np.int8)),
            (short, short + units[short + 1].view(np.int16)),
            (long, long + far.view(np.int32)),
        ]
        for at in self._at([opcodes.PACKED_SWITCH, opcodes.SPARSE_SWITCH]).tolist():
            method = int(np.searchsorted(self.bounds, at, "right")) - 1
            low, high = self.bounds[method : method + 2].tolist()
            listed = np.array(switch_targets(units[low:high].tolist(), at - low), np.intp) + low
            found.append((np.full(len(listed), at), listed))
        sources, targets = zip(*found, strict=True)
        return self._inside(np.concatenate(sources), np.concatenate(targets))

    def _at(self, ops: list[int]) -> Index:
        return self.starts[np.isin(self.op, np.array(ops, np.uint8))]

    def _inside(self, source: Index, target: Index) -> tuple[Index, Index]:
        """Those (source, target) where an instruction of the same method begins, by number."""
        method = np.searchsorted(self.bounds, source, "right") - 1
        inside = np.flatnonzero((target >= self.bounds[method]) & (target < self.bounds[method + 1]))
        inside = inside[self._is_start[target[inside]]]
        return self.number[source[inside]], self.number[target[inside]]

    def _handlers(self, items: Sequence[tuple[Code, Int32]]) -> Index:
        """The instructions that exception handlers begin with."""
        methods, handlers = [np.empty(0, np.intp)], [np.empty(0, np.intp)]
        place = 0
        for code, own in items:
            for k in np.flatnonzero(code.caught(own)).tolist():
                handlers.append(np.array(code.handlers(int(own[k]))[1], np.intp) + self.bounds[place + k])
                methods.append(np.full(len(handlers[-1]), self.bounds[place + k]))
            place += len(own)
        return self._inside(np.concatenate(methods), np.concatenate(handlers))[1]


def reaching(
    codes: Sequence[Code], number: Int32, item: Int32, offset: Int32, register: Int32
) -> Definitions:
    """What sets each register before the instruction at ``offset`` of code item ``item`` of a dex, given by
    its place in ``codes``."""
    key = number.astype(np.int64) << 32 | item
    items = distinct(key)
    cuts = np.searchsorted(items, np.arange(len(codes) + 1) << 32).tolist()
    of_dex = [(items[low:high] & 0xFFFFFFFF).astype(np.int32) for low, high in pairwise(cuts)]
    methods = _Methods([(code, found) for code, found in zip(codes, of_dex, strict=True) if len(found)])
    method = np.searchsorted(items, key)
    at = methods.number[methods.bounds[method] + offset]
    found = np.full(len(item), UNKNOWN)
    register = register.copy()
    active = np.flatnonzero(methods.reached[methods.block[at]])
    for _ in range(MAX_MOVES):
        written = methods.last_write(register[active], at[active])
        inside = written >> 1 >= methods.block[at[active]]
        outside = active[~inside]
        block = methods.block[at[outside]]
        own = methods.first[method[outside]], methods.first[method[outside] + 1]
        never = methods.last_write(register[outside], own[1]) >> 1 < own[0]
        found[outside[never]] = np.where(methods.lost[block[never]], NOTHING, BEFORE)
        found[outside[methods.is_entry[block]]] = BEFORE
        active, instruction = active[inside], written[inside] >> 1
        second = written[inside] & 1 > 0
        moves = ~second & (methods.op[instruction] <= 0x09)
        found[active[~moves]] = np.where(second, NOTHING, _telling(methods, instruction))[~moves]
        active, instruction = active[moves], instruction[moves]
        if not len(active):
            break
        at[active], register[active] = instruction, _source(methods, instruction)
    return Definitions(methods.units, found, register)


def _telling(methods: _Methods, instruction: Index) -> Index:
    """The place of the instruction that says what these set, or `NOTHING`."""
    op = methods.op[instruction]
    results = _RESULTS[op]
    giving = np.maximum(instruction - 1, 0)
    gives = results & (methods.block[instruction] < instruction) & _GIVES[methods.op[giving]]
    place = methods.starts[np.where(gives, giving, instruction)]
    return np.where(gives | _TELLS[op], place, NOTHING)


def _source(methods: _Methods, instruction: Index) -> Int32:
    """The register that moves read."""
    place, kind = methods.starts[instruction], _KIND[methods.op[instruction]]
    found = (methods.units[place] >> 12).astype(np.int32)
    for which in (2, 3):
        chosen = kind == which
        found[chosen] = methods.units[place[chosen] + which - 1]
    return found

"""Finds every instruction of every method at once.

Where an instruction starts depends on the one before it, which seems to ask for a loop. But the
state that passes from one code unit to the next is only the number of units still to skip, 0 to 4: a
finite automaton. So the code units are laid out as chunks side by side, and one vector operation
steps all chunks a unit on, for all five states a chunk can be entered with. That gives each chunk as
a function from entry to exit state; chaining those gives the true entry states; a second run from
these marks the starts. The number of steps is the length of a chunk, however long a method is.

Methods are laid end to end and an instruction is not let reach over the end of its method, so that
each method is entered in state 0. Switch and array payloads, found through the instructions that
point to them, are cut out in the same way. A method where that turns out wrong (a payload nothing
points to, one in the midst of an instruction) is decoded again, alone and plainly.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from appaudit.dex.layout import Index, Int32, Mask, UInt8, UInt16, distinct, firsts, without
from appaudit.dex.opcodes import FILL_ARRAY_DATA, LENGTH, MAX_LENGTH, NOP, PAYLOAD_OF, SPARSE_SWITCH

MAX_CHUNK = 192
_POINTS_TO_IDENT = np.zeros(256, np.uint16)
for _op, _ident in PAYLOAD_OF.items():
    _POINTS_TO_IDENT[_op] = _ident
_POINTS_TO = _POINTS_TO_IDENT > 0


class Sweep(NamedTuple):
    """``starts``: position of each instruction, payloads included, ascending; ``opcode`` of each;
    ``first``: index in ``starts`` of each method's first instruction, one more than methods; ``cut``:
    true for the methods whose last instruction reaches over the end (that instruction is left out);
    ``begins``: true for the code units where an instruction begins."""

    starts: Int32
    opcode: UInt8
    first: Int32
    cut: Mask
    begins: Mask


def payload_length(units: UInt16, at: int, end: int) -> int:
    """Code units of the payload at ``at``; more than fit before ``end`` if its header does not."""
    if at + 2 > end:
        return end - at + 1
    size = int(units[at + 1])
    if units[at] == 0x0100:
        return size * 2 + 4
    if units[at] == 0x0200:
        return size * 4 + 2
    if at + 4 > end:
        return end - at + 1
    elements = int(units[at + 2]) | int(units[at + 3]) << 16
    return (elements * size + 1) // 2 + 4


def sweep(units: UInt16, bounds: Index) -> Sweep:
    """Decodes methods laid end to end: method ``k`` is ``units[bounds[k]:bounds[k + 1]]``, none empty."""
    count = len(bounds) - 1
    size = len(units)
    if not size:
        none = np.empty(0, np.int32)
        first, cut = np.zeros(count + 1, np.int32), np.zeros(count, bool)
        return Sweep(none, none.astype(np.uint8), first, cut, none.astype(bool))
    opcodes = units.astype(np.uint8)
    chunk = min(MAX_CHUNK, max(16, math.isqrt(size) // 6))  # so that little code takes few steps
    chunks = -(-size // chunk)
    lengths = np.ones(chunks * chunk, np.uint8)
    lengths[:size] = np.frombuffer(opcodes.tobytes().translate(LENGTH), np.uint8)
    payload, payload_end = _payloads(units, opcodes, bounds)
    wide = distinct(np.concatenate([_clip(lengths, e) for e in (bounds[1:], payload, payload_end)]))
    is_start = _run(lengths.reshape(chunks, chunk), bounds)[:size]
    _blank(is_start, payload, payload_end)
    over = wide[is_start[wide]]
    starts = np.flatnonzero(is_start)
    opcode = opcodes[starts]
    doubtful = _doubtful(units, bounds, starts[opcode == NOP], payload, over)
    # What was clipped and is not doubtful reaches over the end of its method: it is left out.
    cut = np.zeros(count, bool)
    cut[np.searchsorted(bounds, over, "right") - 1] = True
    if len(over) or len(doubtful):
        is_start[over] = False
        starts = _mend(units, bounds, np.flatnonzero(is_start), doubtful, cut)
        opcode = opcodes[starts]
        first = np.searchsorted(starts, bounds).astype(np.int32)
        is_start[:] = False
        is_start[starts] = True
    else:
        begins = np.zeros(size, bool)
        begins[bounds[:-1]] = True
        first = np.append(np.flatnonzero(begins[starts]), len(starts)).astype(np.int32)
    return Sweep(starts.astype(np.int32), opcode, first, cut, is_start)


def _payloads(units: UInt16, opcodes: UInt8, bounds: Index) -> tuple[Index, Index]:
    """Payloads that an instruction (or what looks like one) of the same method points to: start, end."""
    # fill-array-data, packed-switch, sparse-switch and, between them, throw and goto
    sources = np.flatnonzero(opcodes - np.uint8(FILL_ARRAY_DATA) <= SPARSE_SWITCH - FILL_ARRAY_DATA)
    sources = sources[_POINTS_TO[opcodes[sources]] & (sources + 2 < len(units))]
    offset = (units[sources + 1].astype(np.uint32) | units[sources + 2].astype(np.uint32) << 16).view(
        np.int32
    )
    target = sources + offset
    inside = (target >= 0) & (target < len(units) - 1)
    sources, target = sources[inside], target[inside]
    right = units[target] == _POINTS_TO_IDENT[opcodes[sources]]
    sources, target = sources[right], target[right]
    method = np.searchsorted(bounds, sources, "right") - 1
    inside = (target >= bounds[method]) & (target + 2 <= bounds[method + 1])
    target, which = firsts(target[inside])
    end = bounds[method[inside][which] + 1]
    ident = units[target]
    size = units[target + 1].astype(np.int64)
    long_header = np.minimum(target + 3, len(units) - 1)
    elements = units[long_header - 1] | units[long_header].astype(np.int64) << 16
    length = np.select(
        [ident == 0x0100, ident == 0x0200], [size * 2 + 4, size * 4 + 2], (elements * size + 1) // 2 + 4
    )
    fits = target + length <= end
    target, stop = target[fits], (target + length)[fits]
    # A payload inside another is no payload.
    free = np.ones(len(target), bool)
    if len(target):
        free[1:] = target[1:] >= np.maximum.accumulate(stop)[:-1]
    return target[free], stop[free]


def _clip(lengths: UInt8, edges: Index) -> Index:
    """Shortens what reaches over an edge to end there; returns the positions shortened."""
    shortened = []
    for before in range(1, MAX_LENGTH):
        at = edges[edges >= before] - before
        at = at[lengths[at] > before]
        lengths[at] = before
        shortened.append(at)
    return np.concatenate(shortened)


def _run(lengths: UInt8, bounds: Index) -> Mask:
    """Marks the instruction starts, given each code unit's length were it one; a chunk a row."""
    rows = np.ascontiguousarray(lengths.T)
    chunks = rows.shape[1]
    # A chunk in which a method begins ends alike however it is entered.
    alike = np.zeros(chunks + 1, bool)
    alike[bounds // lengths.shape[1]] = True
    exits = _step(rows, np.zeros(chunks, np.uint8), None)
    inside = np.flatnonzero(~alike[:-1])
    if len(inside):
        entered = np.repeat(np.arange(MAX_LENGTH, dtype=np.uint8)[:, None], len(inside), axis=1)
        by_entry = _step(np.ascontiguousarray(rows[:, inside]), entered, None)
        varies = (by_entry != by_entry[0]).any(axis=0)
        exits[inside] = by_entry[0]
        for chunk, found in zip(inside[varies].tolist(), by_entry[:, varies].T, strict=True):
            exits[chunk] = found[exits[chunk - 1] if chunk else 0]
    marks = np.empty(rows.shape, bool)
    entry = np.zeros(chunks, np.uint8)
    entry[1:] = exits[:-1]
    _step(rows, entry, marks)
    return np.ascontiguousarray(marks.T).reshape(-1)


def _step(rows: UInt8, state: UInt8, marks: Mask | None) -> UInt8:
    """Steps all chunks through their code units; returns the states after, fills ``marks``.

    The state is the number of units still to skip. At 0 an instruction starts: its length is added.
    Each step takes one off.
    """
    zero = np.empty(state.shape, bool)
    gain = np.empty(state.shape, np.uint8)
    for k, row in enumerate(rows):
        mark = zero if marks is None else marks[k]
        np.equal(state, 0, out=mark)
        np.multiply(mark.view(np.uint8), row, out=gain)
        np.add(state, gain, out=state)
        np.subtract(state, 1, out=state)
    return state


def _doubtful(units: UInt16, bounds: Index, nops: Index, payload: Index, over: Index) -> Index:
    """Methods whose payloads are not as `_payloads` has taken them to be."""
    # An instruction that was clipped at a payload would have run into it.
    following = np.append(payload, len(units) + MAX_LENGTH)[np.searchsorted(payload, over, "right")]
    into = over[following - over < MAX_LENGTH]
    # The unit of a payload starts an instruction, but was not known as a payload.
    ident = nops[(units[nops] >= 0x0100) & (units[nops] <= 0x0300)]
    unknown = without(ident, payload)
    return distinct(np.searchsorted(bounds, np.concatenate((into, unknown)), "right") - 1)


def _blank(is_start: Mask, payload: Index, payload_end: Index) -> None:
    """Takes out the starts inside payloads."""
    length = payload_end - payload - 1
    total = int(length.sum())
    if total:
        before = np.cumsum(length) - length
        is_start[np.repeat(payload + 1 - before, length) + np.arange(total)] = False


def _mend(units: UInt16, bounds: Index, starts: Index, doubtful: Index, cut: Mask) -> Index:
    """Decodes the doubtful methods one instruction after the other."""
    pieces = []
    done = 0
    for method in doubtful.tolist():
        low, high = int(bounds[method]), int(bounds[method + 1])
        pieces.append(starts[done : np.searchsorted(starts, low)])
        plain, cut[method] = plain_sweep(units, low, high)
        pieces.append(np.array(plain, np.intp))
        done = int(np.searchsorted(starts, high))
    pieces.append(starts[done:])
    return np.concatenate(pieces)


def plain_sweep(units: UInt16, low: int, high: int) -> tuple[list[int], bool]:
    """Instruction starts of one method, and whether its last one reaches over the end (left out)."""
    words = units[low:high].tolist()
    starts: list[int] = []
    at, size = 0, high - low
    while at < size:
        word = words[at]
        if word in (0x0100, 0x0200, 0x0300):
            length = payload_length(units, low + at, high)
        else:
            length = LENGTH[word & 0xFF]
        if at + length > size:
            return starts, True
        starts.append(low + at)
        at += length
    return starts, False

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

from appaudit.dex import opcodes
from appaudit.dex.layout import Index, Mask, UInt8, UInt16, distinct, firsts, without
from appaudit.dex.opcodes import LENGTH, MAX_LENGTH

MAX_CHUNK = 192
"""With the longest instruction behind it, a place in a chunk fits in a byte."""
_POINTS_TO_IDENT = np.zeros(256, np.uint16)
for _op, _ident in opcodes.PAYLOAD_OF.items():
    _POINTS_TO_IDENT[_op] = _ident
_OF_INTEREST = 1 << opcodes.TRAIT_KIND
_POINTS = opcodes.POINTS_TO_PAYLOAD << opcodes.TRAIT_KIND


class Sweep(NamedTuple):
    """``begins``: true for the code units where an instruction begins, payloads included; ``at``: those
    places, ascending, where it refers to a table or has to do with payloads, ``kind`` which (a
    `Reference`, or above); ``cut``: true for the methods whose last instruction reaches over the end
    (that instruction is left out)."""

    begins: Mask
    at: Index
    kind: UInt8
    cut: Mask


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
        none = np.empty(0, np.intp)
        return Sweep(none.astype(bool), none, none.astype(np.uint8), np.zeros(count, bool))
    traits = np.frombuffer(units.astype(np.uint8).tobytes().translate(opcodes.TRAITS), np.uint8)
    chunk = min(MAX_CHUNK, max(16, math.isqrt(size) // 16))  # few steps, each over many chunks
    chunks = -(-size // chunk)
    lengths = np.ones(chunks * chunk, np.uint8)
    np.bitwise_and(traits, opcodes.TRAIT_LENGTH, out=lengths[:size])
    payload, payload_end = _payloads(units, np.flatnonzero(traits >= _POINTS), bounds)
    wide = distinct(np.concatenate([_clip(lengths, e) for e in (bounds[1:], payload, payload_end)]))
    begins = _run(lengths.reshape(chunks, chunk), bounds)[:size]
    _blank(begins, payload, payload_end)
    over = wide[begins[wide]]
    at, kind = _of_interest(traits, begins)
    doubtful = _doubtful(units, bounds, at[kind == opcodes.MAY_BE_PAYLOAD], payload, over)
    # What was clipped and is not doubtful reaches over the end of its method: it is left out.
    cut = np.zeros(count, bool)
    cut[np.searchsorted(bounds, over, "right") - 1] = True
    if len(over) or len(doubtful):
        begins[over] = False
        _mend(units, bounds, begins, doubtful, cut)
        at, kind = _of_interest(traits, begins)
    return Sweep(begins, at, kind, cut)


def _of_interest(traits: UInt8, begins: Mask) -> tuple[Index, UInt8]:
    """`Sweep.at` and `Sweep.kind`."""
    marked = traits * begins.view(np.uint8)
    at = np.flatnonzero(marked >= _OF_INTEREST)
    return at, marked[at] >> np.uint8(opcodes.TRAIT_KIND)


def _payloads(units: UInt16, sources: Index, bounds: Index) -> tuple[Index, Index]:
    """Payloads that one of ``sources``, instructions or what looks like one, points to within its method:
    start, end."""
    sources = sources[sources + 2 < len(units)]
    offset = (units[sources + 1].astype(np.uint32) | units[sources + 2].astype(np.uint32) << 16).view(
        np.int32
    )
    target = sources + offset
    inside = (target >= 0) & (target < len(units) - 1)
    sources, target = sources[inside], target[inside]
    right = units[target] == _POINTS_TO_IDENT[units[sources] & 0xFF]
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
    length, chunks = rows.shape
    rows += np.arange(length, dtype=np.uint8)[:, None]  # where an instruction would end
    # A chunk in which a method begins ends alike however it is entered.
    alike = np.zeros(chunks + 1, bool)
    alike[bounds // length] = True
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


def _step(rows: UInt8, next_: UInt8, marks: Mask | None) -> UInt8:
    """Steps all chunks through their code units; returns how far each reaches into the next chunk, fills
    ``marks``.

    ``next_`` is where the next instruction starts, counted from the chunk's first unit. Where that is
    the unit of this step, it moves on to the end of the instruction there, which is in ``rows``.
    """
    mark = np.empty(next_.shape, bool)
    end = np.empty(next_.shape, np.uint8)
    for k, row in enumerate(rows):
        if marks is not None:
            mark = marks[k]
        np.equal(next_, k, out=mark)
        np.multiply(mark.view(np.uint8), row, out=end)
        np.maximum(next_, end, out=next_)
    return next_ - np.uint8(len(rows))


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


def _mend(units: UInt16, bounds: Index, begins: Mask, doubtful: Index, cut: Mask) -> None:
    """Decodes the doubtful methods one instruction after the other."""
    for method in doubtful.tolist():
        low, high = int(bounds[method]), int(bounds[method + 1])
        plain, cut[method] = plain_sweep(units, low, high)
        begins[low:high] = False
        begins[plain] = True


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

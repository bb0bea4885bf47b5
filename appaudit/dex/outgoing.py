"""What the code of some methods names: by node of a call graph, looked up for those asked for only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from appaudit.dex import customs
from appaudit.dex.dex import Dex
from appaudit.dex.layout import Index, Int32, UInt8, distinct, expand, ordered
from appaudit.dex.opcodes import Reference


class Named(NamedTuple):
    """Instructions that refer to one table: ``place`` of the method asked for, ``opcode``, ``operand``."""

    place: Index
    opcode: UInt8
    operand: Int32


class Bodies(NamedTuple):
    """Code items of dex ``number``, each with the place of its method among those asked for."""

    number: int
    place: Index
    item: Int32


class Outgoing:
    """The way from methods to their instructions, over all dex files. ``node_of``: for each dex the node of
    each method index."""

    def __init__(self, dexes: Sequence[Dex], node_of: Sequence[Int32]) -> None:
        self._dexes = dexes
        nodes, numbers, rows = [np.empty(0, np.int32)], [np.empty(0, np.int32)], [np.empty(0, np.int32)]
        for number, (dex, own) in enumerate(zip(dexes, node_of, strict=True)):
            row = np.flatnonzero(dex.class_data.methods.code_offset).astype(np.int32)
            nodes.append(own[dex.class_data.methods.method[row]])
            numbers.append(np.full(len(row), number, np.int32))
            rows.append(row)
        node = np.concatenate(nodes)
        order = ordered(node)
        self._node = node[order]
        self._number = np.concatenate(numbers)[order]
        self._row = np.concatenate(rows)[order]

    def bodies(self, nodes: Index) -> Iterator[Bodies]:
        """The code of methods, dex by dex; of a method that several define, the code of each."""
        low = np.searchsorted(self._node, nodes, "left")
        place, at = expand(low, np.searchsorted(self._node, nodes, "right") - low)
        numbers = self._number[at]
        for number in distinct(numbers).tolist():
            own = np.flatnonzero(numbers == number)
            item = self._dexes[number].code.items_of_methods(self._row[at[own]])
            yield Bodies(number, place[own[item >= 0]], item[item >= 0])

    def named(self, bodies: Bodies, kind: Reference) -> Named:
        """What the instructions of some code name of one table."""
        code = self._dexes[bodies.number].code
        found = code.references(kind)
        low = np.searchsorted(found.at, code.bounds[bodies.item])
        place, row = expand(low, np.searchsorted(found.at, code.bounds[bodies.item + 1]) - low)
        return Named(bodies.place[place], found.opcode[row], found.operand[row].astype(np.int32))

    def held(self, bodies: Bodies) -> tuple[Index, Int32]:
        """(place of the method asked for, method index) of every method whose handle the call site of an
        ``invoke-custom`` holds."""
        sites = self.named(bodies, Reference.CALL_SITE)
        if not len(sites.place):
            return np.empty(0, np.intp), np.empty(0, np.int32)
        methods, first = self._customs[bodies.number]
        inside = sites.operand < len(first) - 1
        site = sites.operand[inside]
        place, at = expand(first[site], first[site + 1] - first[site])
        return sites.place[inside][place], methods[at]

    @cached_property
    def _customs(self) -> Sequence[tuple[Int32, Index]]:
        """For each dex (methods, first): call site ``k`` holds ``methods[first[k]:first[k + 1]]``."""
        found = []
        for dex in self._dexes:
            held = [[m for m in site if m < len(dex.methods.owner)] for site in customs.targets(dex)]
            first = np.zeros(len(held) + 1, np.intp)
            np.cumsum([len(site) for site in held], out=first[1:])
            found.append((np.array([m for site in held for m in site], np.int32), first))
        return found

"""Which class extends which, over all dex files of an app."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np

from appaudit.dex.dex import Dex
from appaudit.dex.layout import Index, Int32, Key, distinct, expand, without

MAX_DEPTH = 256
"""No app nests inheritance as deep as this; circles are cut here."""
MAX_PAIRS = 2_000_000
"""More (method, class above it) on one level than the largest apps have together."""
LIKELY_DEPTH = 16
"""Deeper than real hierarchies go: from here what was seen is remembered, at a cost."""


class Hierarchy:
    """The classes of several dex files under common numbers.

    ``names`` by class number: the classes defined, and the superclasses and interfaces they name.
    ``supertypes`` adds what the app does not carry, the framework's own inheritance
    (``{"Landroid/app/Activity;": ["Landroid/view/ContextThemeWrapper;"]}``).
    Where two dex files define a class, the first counts, as for Android's class loader.
    """

    def __init__(self, dexes: Sequence[Dex], supertypes: Mapping[str, Iterable[str]] | None = None) -> None:
        self.dexes = dexes
        number: dict[str, int] = {}
        children: list[int] = []
        parents: list[int] = []
        superclass: dict[int, int] = {}
        interface: list[tuple[int, int]] = []
        for dex in dexes:
            names = dex.descriptors
            rows = dex.classes
            for row, (own, above, listed) in enumerate(
                zip(rows.type.tolist(), rows.superclass.tolist(), rows.interfaces.tolist(), strict=True)
            ):
                child = number.setdefault(names[own], len(number))
                if child in superclass:
                    continue
                superclass[child] = number.setdefault(names[above], len(number)) if above >= 0 else -1
                if above >= 0:
                    children.append(child)
                    parents.append(superclass[child])
                if listed:
                    for type_ in dex.interfaces_of(row):
                        interface.append((child, number.setdefault(names[type_], len(number))))
        self.defined = len(superclass)
        for name, above_names in (supertypes or {}).items():
            child = number.setdefault(name, len(number))
            if child in superclass:
                continue
            for k, parent_name in enumerate(above_names):
                parent = number.setdefault(parent_name, len(number))
                if k == 0:
                    superclass[child] = parent
                children.append(child)
                parents.append(parent)
        children += [c for c, _ in interface]
        parents += [p for _, p in interface]
        self.number = number
        self.names = list(number)
        self.superclass: Int32 = np.full(len(number), -1, np.int32)
        self.superclass[list(superclass)] = list(superclass.values())
        self.interfaces: Index = np.array(interface, np.intp).reshape(-1, 2)
        """Rows of (class, interface), of the classes defined in the dex files."""
        order = np.argsort(parents, kind="stable")
        self._child = np.array(children, np.intp)[order]
        self._parent = np.array(parents, np.intp)[order]

    @property
    def edges(self) -> tuple[Index, Index]:
        """Every (class, superclass or interface)."""
        return self._child, self._parent

    def numbers_of_types(self, dex: Dex) -> Int32:
        """The class number of each type index of one dex, -1 for types outside the hierarchy."""
        get = self.number.get
        return np.fromiter((get(d, -1) for d in dex.descriptors), np.int32, len(dex.descriptors))

    @cached_property
    def type_numbers(self) -> list[Int32]:
        """`numbers_of_types` of each dex."""
        return [self.numbers_of_types(dex) for dex in self.dexes]

    def descendants(self, roots: Iterable[int]) -> tuple[Index, Index]:
        """Each (place of the root, class) where class is the root or inherits from it."""
        classes = np.fromiter(roots, np.intp)
        place = np.arange(len(classes))
        width = len(self.names) + 1
        pieces = [place * width + classes]
        seen = np.sort(pieces[0])
        for _ in range(MAX_DEPTH):
            low = np.searchsorted(self._parent, classes, "left")
            count = np.searchsorted(self._parent, classes, "right") - low
            if not count.any() or self.too_many(int(count.sum())):
                break
            which, at = expand(low, count)
            key = without(distinct(place[which] * width + self._child[at]), seen)
            place, classes = np.divmod(key, width)
            pieces.append(key)
            seen = np.sort(np.concatenate((seen, key)), kind="stable")
        key = np.concatenate(pieces)
        return key // width, key % width

    def too_many(self, pairs: int) -> bool:
        """Whether a step upwards or downwards is not to be taken, which the first dex's problems tell."""
        problem = "class hierarchy: too tangled to be followed to its end"
        if pairs > MAX_PAIRS and problem not in self.dexes[0].problems:
            self.dexes[0].problems.append(problem)
        return pairs > MAX_PAIRS

    @cached_property
    def _above(self) -> dict[int, list[int]]:
        above: dict[int, list[int]] = {}
        for child, parent in zip(self._child.tolist(), self._parent.tolist(), strict=True):
            above.setdefault(child, []).append(parent)
        return above

    def supertypes(self, name: str) -> list[str]:
        """All that a class inherits from, nearest first (classes and interfaces)."""
        found: dict[int, None] = {}
        queue = deque([self.number[name]] if name in self.number else [])
        while queue:
            for parent in self._above.get(queue.popleft(), ()):
                if parent not in found:
                    found[parent] = None
                    queue.append(parent)
        return [self.names[k] for k in found]


class Parents:
    """Walks up the class hierarchy for many methods at once."""

    def __init__(self, hierarchy: Hierarchy) -> None:
        self._hierarchy = hierarchy
        child, parent = hierarchy.edges
        order = np.argsort(child, kind="stable")
        self._child, self._parent = child[order], parent[order]

    def walk(self, nodes: Index, classes: Key) -> Iterable[tuple[Index, Key]]:
        """Yields (node, class above it), level by level, nearest first."""
        seen = np.sort(nodes << 20 | classes)
        for level in range(MAX_DEPTH):
            low = np.searchsorted(self._child, classes, "left")
            count = np.searchsorted(self._child, classes, "right") - low
            if not count.any() or self._hierarchy.too_many(int(count.sum())):
                return
            place, at = expand(low, count)
            pairs = distinct(nodes[place] << 20 | self._parent[at])
            if level > LIKELY_DEPTH:  # deeper than any real hierarchy: circles end here
                pairs = without(pairs, seen)
                seen = np.sort(np.concatenate((seen, pairs)), kind="stable")
            nodes, classes = pairs >> 20, pairs & 0xFFFFF
            yield nodes, classes

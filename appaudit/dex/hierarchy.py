"""Which class extends which, over all dex files of an app."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import count

import numpy as np

from appaudit.dex.dex import Dex
from appaudit.dex.layout import Index, Int32, Key, distinct, expand, ordered, without

MAX_DEPTH = 256
"""No app nests inheritance as deep as this; circles are cut here."""
MAX_PAIRS = 2_000_000
"""More (method, class above it) on one level than the largest apps have together."""
LIKELY_DEPTH = 16
"""Deeper than real hierarchies go: from here what was seen is remembered, at a cost."""


class Hierarchy:
    """The classes of several dex files under common numbers.

    ``names`` by class number: every type that a dex names, and those of ``supertypes``.
    ``supertypes`` adds what the app does not carry, the framework's own inheritance
    (``{"Landroid/app/Activity;": ["Landroid/view/ContextThemeWrapper;"]}``).
    Where two dex files define a class, the first counts, as for Android's class loader.
    """

    def __init__(self, dexes: Sequence[Dex], supertypes: Mapping[str, Iterable[str]] | None = None) -> None:
        self.dexes = dexes
        number: defaultdict[str, int] = defaultdict(count().__next__)
        self.type_numbers: list[Int32] = []
        """For each dex the class number of each type index."""
        for dex in dexes:
            names = dex.descriptors
            numbers = np.fromiter(map(number.__getitem__, names), np.int32, len(names))
            self.type_numbers.append(numbers)
        defined = np.zeros(len(number), bool)
        defining = np.full(len(number), -1, np.int32)
        superclass = np.full(len(number), -1, np.int32)
        children, parents, interfaces = [], [], [np.empty((0, 2), np.intp)]
        for place, (dex, numbers) in enumerate(zip(dexes, self.type_numbers, strict=True)):
            child = numbers[dex.classes.type]
            fresh = ~defined[child]
            again = ordered(child)
            fresh[again[1:][child[again[1:]] == child[again[:-1]]]] = False
            defined[child] = True
            defining[child[fresh]] = place
            extends = np.flatnonzero(fresh & (dex.classes.superclass >= 0))
            superclass[child[extends]] = numbers[dex.classes.superclass[extends]]
            children.append(child[extends])
            parents.append(superclass[child[extends]])
            row, type_ = dex.interfaces
            row, type_ = row[fresh[row]], type_[fresh[row]]
            interfaces.append(np.stack((child[row], numbers[type_]), axis=1).astype(np.intp))
        given: list[tuple[int, int]] = []
        for name, above in (supertypes or {}).items():
            own = number[name]
            if own < len(defined) and defined[own]:
                continue
            listed = [number[parent] for parent in above]
            given += [(own, parent) for parent in listed]
        self.number: dict[str, int] = dict(number)
        self._above: dict[int, list[int]] = {}
        """What stands directly above the classes that were asked for."""
        self.names = list(number)
        for dex, numbers in zip(dexes, self.type_numbers, strict=True):
            dex.descriptors[:] = map(self.names.__getitem__, numbers.tolist())  # each name once in memory
        self._defining: Int32 = np.full(len(number), -1, np.int32)
        self._defining[: len(defining)] = defining
        self.superclass: Int32 = np.full(len(number), -1, np.int32)
        self.superclass[: len(superclass)] = superclass
        for own, parent in reversed(given):  # the first named is the superclass
            self.superclass[own] = parent
        self.interfaces: Index = np.concatenate(interfaces)
        """Rows of (class, interface), of the classes defined in the dex files."""
        more = np.array(given, np.intp).reshape(-1, 2)
        child_of = np.concatenate([*children, more[:, 0], self.interfaces[:, 0]]).astype(np.intp)
        parent_of = np.concatenate([*parents, more[:, 1], self.interfaces[:, 1]]).astype(np.intp)
        order = ordered(parent_of)
        self._child: Index = child_of[order]
        self._parent: Index = parent_of[order]

    def defining(self, name: str) -> Dex | None:
        """The dex that defines a class, the first where several do; None for a class of the platform."""
        place = int(self._defining[self.number[name]]) if name in self.number else -1
        return self.dexes[place] if place >= 0 else None

    @property
    def edges(self) -> tuple[Index, Index]:
        """Every (class, superclass or interface)."""
        return self._child, self._parent

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
    def upwards(self) -> tuple[Index, Index]:
        """`edges`, sorted by the first."""
        order = ordered(self._child)
        return self._child[order], self._parent[order]

    def _parents(self, class_: int) -> list[int]:
        found = self._above.get(class_)
        if found is None:
            child, parent = self.upwards
            low, high = np.searchsorted(child, (class_, class_ + 1)).tolist()
            found = self._above[class_] = parent[low:high].tolist()
        return found

    def supertypes(self, name: str) -> list[str]:
        """All that a class inherits from, nearest first (classes and interfaces)."""
        found: dict[int, None] = {}
        queue = deque([self.number[name]] if name in self.number else [])
        while queue:
            for parent in self._parents(queue.popleft()):
                if parent not in found:
                    found[parent] = None
                    queue.append(parent)
        return [self.names[k] for k in found]


class Parents:
    """Walks up the class hierarchy for many methods at once."""

    def __init__(self, hierarchy: Hierarchy) -> None:
        self._hierarchy = hierarchy
        child, self._parent = hierarchy.upwards
        self._count = np.bincount(child, minlength=len(hierarchy.names) + 1)
        self._first = np.cumsum(self._count) - self._count

    def walk(self, nodes: Index, classes: Key) -> Iterable[tuple[Index, Key]]:
        """Yields (node, class above it), level by level, nearest first."""
        seen = np.sort(nodes << 20 | classes)
        for level in range(MAX_DEPTH):
            low, count = self._first[classes], self._count[classes]
            if not count.any() or self._hierarchy.too_many(int(count.sum())):
                return
            place, at = expand(low, count)
            pairs = distinct(nodes[place] << 20 | self._parent[at])
            if level > LIKELY_DEPTH:  # deeper than any real hierarchy: circles end here
                pairs = without(pairs, seen)
                seen = np.sort(np.concatenate((seen, pairs)), kind="stable")
            nodes, classes = pairs >> 20, pairs & 0xFFFFF
            yield nodes, classes

"""What a call graph reaches from some entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from appaudit.dex.layout import Index, Int32, Key, Mask, distinct

if TYPE_CHECKING:
    from appaudit.dex.callgraph import CallGraph


MAX_LEVELS = 10_000
"""Calls one after another, more than the longest shortest path of any real app."""


class Reach:
    """What is reachable from some entries, with a shortest path to each method."""

    def __init__(self, graph: CallGraph, start: Index, made_only: bool, later: bool = False) -> None:
        self._graph = graph
        before = np.full(2 * len(graph), -2, np.int32)
        before[start] = -1
        frontier = distinct(start)
        gate = _Instances(graph, frontier) if made_only else None
        for _ in range(MAX_LEVELS):
            if not len(frontier):
                break
            place, target = graph.targets(frontier, later)
            origin = frontier[place]
            if gate is not None:
                target, origin = gate.open(target, origin)
            fresh = before[target] == -2
            target, origin = target[fresh], origin[fresh]
            before[target[::-1]] = origin[::-1]
            frontier = distinct(target)
        else:
            graph.dexes[0].problems.append(f"calls: only {MAX_LEVELS} in a row were followed")
        self._before: Int32 = before
        """For each node the one it was reached from, -1 for entries, -2 for nodes not reached."""

    def __contains__(self, method: str) -> bool:
        node = self._graph.node(method)
        return node >= 0 and bool(self._before[node] != -2)

    def methods(self, dex: int) -> Mask:
        """For each method index of a dex (by place) whether it is reachable."""
        mask: Mask = self._before[self._graph.node_of[dex]] != -2
        return mask

    def path(self, method: str) -> tuple[str, ...] | None:
        """A shortest path from an entry to ``method``, both included; None where there is none."""
        node = self._graph.node(method)
        if node < 0 or self._before[node] == -2:
            return None
        found = []
        size = len(self._graph)
        while node >= 0:
            if node < size:
                found.append(self._graph.method(node))
            node = int(self._before[node])
        return tuple(reversed(found))


class _Instances:
    """Lets edges from dispatch nodes pass once an instance is made that the target can run for."""

    def __init__(self, graph: CallGraph, start: Key) -> None:
        self._size = len(graph)
        self._class = graph.classes_of_nodes
        self._graph = graph
        self._ran = np.zeros(len(graph), bool)
        self._parents = graph.parents
        self._live = np.zeros(graph.class_count, bool)
        self._wait: tuple[Key, Key] = (np.empty(0, np.int64), np.empty(0, np.int64))
        self._add(self._class[start])
        self._run(start)

    def open(self, target: Key, origin: Key) -> tuple[Key, Key]:
        """The edges that may be walked now, held back ones among them."""
        target = np.concatenate((target, self._wait[0]))
        origin = np.concatenate((origin, self._wait[1]))
        while True:
            inner = target >= self._size
            free = inner | (origin < self._size)
            free[~inner] |= self._live[self._class[target[~inner]]]
            if not self._run(distinct(target[free & ~inner])):
                break
        self._wait = target[~free], origin[~free]
        return target[free], origin[free]

    def _run(self, nodes: Key) -> bool:
        """Methods run: what they make comes alive. Whether anything did."""
        nodes = nodes[~self._ran[nodes]]
        self._ran[nodes] = True
        return self._add(self._graph.made(nodes))

    def _add(self, classes: Key) -> bool:
        classes = distinct(classes[classes >= 0])
        classes = classes[~self._live[classes]]
        if not len(classes):
            return False
        self._live[classes] = True
        for _, above in self._parents.walk(np.zeros(len(classes), np.int64), classes):
            self._live[above[above < len(self._live)]] = True
        return True

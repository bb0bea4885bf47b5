"""Which implementations a call of a method can run, looked up for the methods asked for only."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from appaudit.dex.hierarchy import MAX_DEPTH, MAX_PAIRS, Hierarchy, Parents
from appaudit.dex.layout import Index, Key, Mask, distinct, expand, without
from appaudit.dex.numbers import SIGNATURE, SIGNATURE_BITS

_ROOM = 10 * MAX_PAIRS
"""(class, method) pairs that all questions of an app may look at."""


class Dispatch:
    """``keys``: of all methods, sorted (see `MethodNumbers`); ``defined``, ``virtual``: which of them a class
    of the app defines, and which of those can be overridden."""

    def __init__(self, hierarchy: Hierarchy, keys: Key, defined: Mask, virtual: Mask) -> None:
        self._hierarchy = hierarchy
        self._keys = keys
        self._defined = defined
        self._virtual = virtual
        self.above = Parents(hierarchy)
        self._resolved: Index = np.arange(len(keys))
        self._asked = defined.copy()
        self._signatures: Key = np.empty(0, np.int64)
        """Names and prototypes whose overriding methods are known."""
        self._overriding: list[tuple[Index, Index]] = []
        """(method, method that overrides it), sorted by the first, batch by batch."""
        self._room = _ROOM

    def lookup(self, keys: Key) -> tuple[Index, Mask]:
        """Nodes of keys, and whether there is one."""
        at = np.minimum(np.searchsorted(self._keys, keys), max(len(self._keys) - 1, 0))
        return at, (self._keys[at] == keys if len(self._keys) else np.zeros(len(keys), bool))

    def resolved(self, nodes: Index) -> Index:
        """The implementation that each method means: its own or an inherited one, itself where there is none
        in the app."""
        fresh = distinct(nodes[~self._asked[nodes]])
        self._asked[fresh] = True
        unresolved = np.zeros(len(self._keys), bool)
        unresolved[fresh] = True
        for node, class_ in self.above.walk(fresh, self._keys[fresh] >> SIGNATURE_BITS):
            at, known = self.lookup(class_ << SIGNATURE_BITS | self._keys[node] & SIGNATURE)
            hit = known & self._defined[at] & unresolved[node]
            found = node[hit]
            self._resolved[found[::-1]] = at[hit][::-1]
            unresolved[found] = False
        return self._resolved[nodes]

    def implementations(self, nodes: Index) -> tuple[Index, Index]:
        """(place in ``nodes``, method) of all that virtual calls of some methods can run: inherited ones, own
        ones, and overriding ones. ``nodes`` ascending, each once."""
        self._look_for(nodes)
        places, targets = [np.arange(len(nodes))], [self.resolved(nodes)]
        for method, overriding in self._overriding:
            low = np.searchsorted(method, nodes)
            place, at = expand(low, np.searchsorted(method, nodes, "right") - low)
            places.append(place)
            targets.append(overriding[at])
        place, target = self._inherited(nodes)
        return np.concatenate([*places, place]), np.concatenate([*targets, target])

    def _look_for(self, nodes: Index) -> None:
        """Finds what overrides any method with the name and prototype of one of these."""
        wanted = without(distinct(self._keys[nodes] & SIGNATURE), self._signatures)
        if not len(wanted):
            return
        self._signatures = np.sort(np.concatenate((self._signatures, wanted)))
        signature, candidates = self._by_signature
        low = np.searchsorted(signature, wanted, "left")
        _, at = expand(low, np.searchsorted(signature, wanted, "right") - low)
        overriding = candidates[at]
        methods, found = [np.empty(0, np.intp)], [np.empty(0, np.intp)]
        for node, class_ in self.above.walk(overriding, self._keys[overriding] >> SIGNATURE_BITS):
            at, known = self.lookup(class_ << SIGNATURE_BITS | self._keys[node] & SIGNATURE)
            methods.append(at[known])
            found.append(node[known])
        method = np.concatenate(methods)
        order = np.argsort(method, kind="stable")
        self._overriding.append((method[order], np.concatenate(found)[order]))

    @cached_property
    def _by_signature(self) -> tuple[Key, Index]:
        """(name and prototype, node) of all methods that may override another, sorted."""
        nodes = np.flatnonzero(self._defined & self._virtual)
        signature = self._keys[nodes] & SIGNATURE
        order = np.argsort(signature, kind="stable")
        return signature[order], nodes[order]

    def _inherited(self, nodes: Index) -> tuple[Index, Index]:
        """From interface methods to what an implementing class has of a superclass that does not implement
        the interface itself."""
        interface, implementing = self._implementing
        class_ = self._keys[nodes] >> SIGNATURE_BITS
        low = np.searchsorted(interface, class_, "left")
        count = np.searchsorted(interface, class_, "right") - low
        self._room -= int(count.sum())
        if self._hierarchy.too_many(int(count.sum()) if self._room > 0 else _ROOM):
            return np.empty(0, np.intp), np.empty(0, np.intp)
        place, at = expand(low, count)
        class_ = implementing[at]
        places, targets = [np.empty(0, np.intp)], [np.empty(0, np.intp)]
        superclass = self._hierarchy.superclass
        for _ in range(MAX_DEPTH):
            if not len(class_):
                break
            at, known = self.lookup(class_ << SIGNATURE_BITS | self._keys[nodes[place]] & SIGNATURE)
            hit = known & self._defined[at]
            places.append(place[hit])
            targets.append(at[hit])
            above = superclass[class_[~hit]]
            class_, place = above[above >= 0].astype(np.int64), place[~hit][above >= 0]
        return np.concatenate(places), np.concatenate(targets)

    @cached_property
    def _implementing(self) -> tuple[Key, Key]:
        """(interface, class that names it or one that extends it), sorted by the first."""
        direct = self._hierarchy.interfaces.astype(np.int64)
        pairs, interfaces = [np.arange(len(direct))], [direct[:, 1]]
        for pair, above in self.above.walk(pairs[0], direct[:, 1]):
            pairs.append(pair)
            interfaces.append(above)
        interface = np.concatenate(interfaces)
        order = np.argsort(interface, kind="stable")
        return interface[order], direct[np.concatenate(pairs)[order], 0]

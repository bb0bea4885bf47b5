"""Who can call whom: a graph over all methods of an app, as compressed sparse rows.

A method is a (class, name, prototype) over all dex files; what the app only refers to is a method
too. Virtual and interface calls go through a dispatch node of the method they name, which leads to
every implementation that the named class has or inherits, and those of its subclasses. Making an
instance of a class, or using its static members, runs its class initialiser. And whoever makes an
instance of a class that implements a callback (`Callback`, given as data: ``Runnable.run``,
``invokeSuspend`` …) is taken to be the one for whom it will run; so is who makes a lambda.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from appaudit.dex import customs, opcodes
from appaudit.dex.dex import Dex
from appaudit.dex.hierarchy import MAX_DEPTH, Hierarchy, Parents
from appaudit.dex.layout import Index, Int32, Key, Mask, Table, distinct, expand
from appaudit.dex.numbers import (
    NAME_BITS,
    PROTO_BITS,
    SIGNATURE,
    SIGNATURE_BITS,
    Chosen,
    MethodNumbers,
    alike,
)
from appaudit.dex.opcodes import Reference
from appaudit.dex.reach import Reach

_CLINIT = "<clinit>", "()V"


class Callback(NamedTuple):
    """A method that the framework or a library calls on objects handed to it."""

    supertype: str
    name: str
    signature: str | None = None


class CallGraph:
    """The call graph of an app.

    ``callbacks``: see `Callback`; ``later``: those that wait for the user; ``extra_edges``: pairs of
    method descriptors (reflection with constant names, listeners named in layouts); ``hierarchy``,
    ``numbers``: built when not given. Methods are given and returned as descriptors ``Lcom/x/Y;->m(I)V``.
    """

    def __init__(
        self,
        dexes: Sequence[Dex],
        callbacks: Iterable[Callback] = (),
        extra_edges: Iterable[tuple[str, str]] = (),
        hierarchy: Hierarchy | None = None,
        numbers: MethodNumbers | None = None,
        later: Iterable[Callback] = (),
    ) -> None:
        self.dexes = dexes
        self._numbers = numbers or MethodNumbers(hierarchy if hierarchy is not None else Hierarchy(dexes))
        self._hierarchy = self._numbers.hierarchy
        self._keys, self.node_of = self._numbers.nodes
        size = len(self._keys)
        self._defined: Mask = np.zeros(size, bool)
        self._virtual: Mask = np.zeros(size, bool)
        for dex, nodes in zip(dexes, self.node_of, strict=True):
            rows = dex.class_data.methods
            self._defined[nodes[rows.method]] = True
            self._virtual[nodes[rows.method[rows.virtual]]] = True
        self._above = Parents(self._hierarchy)
        edges = [self._call_edges(number) for number in range(len(dexes))]
        edges += [
            *self._dispatch_edges(edges),
            self._instance_edges(list(callbacks)),
            *(self._custom_edges(number) for number in range(len(dexes))),
            self._given(extra_edges),
        ]
        self._edges = self._rows(edges)
        self._later = list(later)

    def _rows(self, edges: Sequence[tuple[Index, Index]]) -> tuple[Index, Int32]:
        """Edges as compressed sparse rows: node ``k`` leads to ``target[first[k]:first[k + 1]]``."""
        size = len(self._keys)
        pair = distinct(np.concatenate([source.astype(np.int64) << 32 | target for source, target in edges]))
        first: Index = np.zeros(2 * size + 1, np.intp)
        np.cumsum(np.bincount(pair >> 32, minlength=2 * size), out=first[1:])
        return first, pair.astype(np.int32)  # the lower half

    def __len__(self) -> int:
        """Number of methods."""
        return len(self._keys)

    def targets(self, nodes: Index, later: bool = False) -> tuple[Index, Index]:
        """(place in ``nodes``, node it leads to) along all edges, those that wait for the user only where
        ``later`` asks for them. Beyond the methods, the node ``len(self) + m`` is the dispatch of virtual
        calls that name method ``m``."""
        first, target = self._edges
        place, at = expand(first[nodes], first[nodes + 1] - first[nodes])
        found = target[at].astype(np.int64)
        if later:
            first, target = self._later_edges
            more, at = expand(first[nodes], first[nodes + 1] - first[nodes])
            place, found = np.concatenate((place, more)), np.concatenate((found, target[at]))
        return place, found

    @cached_property
    def _later_edges(self) -> tuple[Index, Int32]:
        return self._rows([self._instance_edges(self._later)])

    @property
    def classes_of_nodes(self) -> Key:
        """The number of each method's class."""
        numbers: Key = self._keys >> SIGNATURE_BITS
        return numbers

    @property
    def parents(self) -> Parents:
        """The way up the class hierarchy."""
        return self._above

    # -------------------------------------------------------------------------------- numbers

    def node(self, method: str) -> int:
        """The node of a method's descriptor, -1 where the app does not name it."""
        key = self._numbers.key(method)
        at = int(np.searchsorted(self._keys, key))
        return at if at < len(self._keys) and self._keys[at] == key else -1

    def method(self, node: int) -> str:
        """The descriptor of a node."""
        number, method = int(self._origin[0][node]), int(self._origin[1][node])
        return self.dexes[number].method_descriptor(method) if number >= 0 else "?"

    @cached_property
    def _origin(self) -> tuple[Int32, Int32]:
        """For each node a dex that names the method, and its index there."""
        dex = np.full(len(self._keys), -1, np.int32)
        method = np.zeros(len(self._keys), np.int32)
        for number, nodes in reversed(list(enumerate(self.node_of))):
            dex[nodes], method[nodes] = number, np.arange(len(nodes))
        return dex, method

    def methods_of_class(self, descriptor: str) -> Index:
        """Nodes of the methods that the system can call on a class of the app (not its private ones): those
        it defines or inherits from classes of the app."""
        found = []
        number = self._hierarchy.number.get(descriptor, -1)
        for _ in range(MAX_DEPTH):
            if number < 0:
                break
            nodes, keys = self._callable
            low, high = keys.searchsorted([number << SIGNATURE_BITS, (number + 1) << SIGNATURE_BITS])
            found.append(nodes[low:high])
            above = self._hierarchy.superclass
            number = int(above[number]) if number < len(above) else -1
        return np.concatenate(found) if found else np.empty(0, np.intp)

    @cached_property
    def _callable(self) -> tuple[Index, Key]:
        """Nodes of defined methods that the system can call on their class, and their keys."""
        names = self._numbers.names
        own = [names[n] for n in ("<init>", "<clinit>") if n in names]
        name = self._keys >> PROTO_BITS & (1 << NAME_BITS) - 1
        nodes = np.flatnonzero(self._defined & (self._virtual | np.isin(name, own)))
        return nodes, self._keys[nodes]

    def _lookup(self, keys: Key) -> tuple[Index, Mask]:
        """Nodes of keys, and whether there is one."""
        at = np.minimum(np.searchsorted(self._keys, keys), max(len(self._keys) - 1, 0))
        return at, (self._keys[at] == keys if len(self._keys) else np.zeros(len(keys), bool))

    # ---------------------------------------------------------------------------------- edges

    def _call_edges(self, number: int) -> tuple[Index, Index]:
        """Invokes of one dex: callers to methods, or to the dispatch node of virtual calls."""
        dex, nodes = self.dexes[number], self.node_of[number]
        calls = dex.code.references(Reference.METHOD)
        right = np.flatnonzero(calls.operand < len(nodes))
        callee, plain = nodes[calls.operand[right]], _PLAIN_KIND[calls.opcode[right]]
        virtual = (plain == opcodes.INVOKE_VIRTUAL) | (plain == opcodes.INVOKE_INTERFACE)
        place, caller = self._callers(number, calls.items(right))
        target = np.where(virtual, callee + len(self._keys), self._resolved[callee])[place]
        return caller, target

    def _callers(self, number: int, item: Int32) -> tuple[Index, Table]:
        """(place in ``item``, node of a method that runs the code item)."""
        dex = self.dexes[number]
        place, methods = dex.code.methods_of(item)
        return place, self.node_of[number][dex.class_data.methods.method[methods]]

    @cached_property
    def _resolved(self) -> Index:
        """The implementation that each method means, itself where there is none in the app."""
        resolution = np.arange(len(self._keys))
        nodes = np.flatnonzero(~self._defined)
        nodes = nodes[alike(self._keys, self._defined)[nodes] > 0]
        among = Chosen(self._keys, self._defined)
        unresolved = np.ones(len(self._keys), bool)
        for node, class_ in self._above.walk(nodes, self._keys[nodes] >> SIGNATURE_BITS):
            place, at = among.find(class_ << SIGNATURE_BITS | self._keys[node] & SIGNATURE)
            fresh = unresolved[node[place]]
            found, at = node[place[fresh]], at[fresh]
            resolution[found[::-1]] = at[::-1]
            unresolved[found] = False
        return resolution

    def _dispatch_edges(self, calls: Sequence[tuple[Index, Index]]) -> list[tuple[Index, Index]]:
        """From dispatch nodes to implementations: inherited ones, own ones, and overriding ones."""
        size = len(self._keys)
        used = distinct(np.concatenate([np.empty(0, np.int64), *(t[t >= size] for _, t in calls)])) - size
        wanted = np.zeros(size, bool)
        wanted[used] = True
        edges = [(used + size, self._resolved[used])]
        overriding = np.flatnonzero(self._defined & self._virtual & (alike(self._keys, wanted) > wanted))
        among = Chosen(self._keys, wanted)
        for node, class_ in self._above.walk(overriding, self._keys[overriding] >> SIGNATURE_BITS):
            place, at = among.find(class_ << SIGNATURE_BITS | self._keys[node] & SIGNATURE)
            edges.append((at + size, node[place]))
        edges.append(self._inherited(wanted))
        return edges

    def _inherited(self, wanted: Mask) -> tuple[Index, Index]:
        """From dispatch nodes of interface methods to what an implementing class has of a superclass
        that does not implement the interface itself."""
        size = len(self._keys)
        direct = self._hierarchy.interfaces
        place, interface = [np.arange(len(direct))], [direct[:, 1]]
        for pair, above in self._above.walk(place[0], interface[0].astype(np.int64)):
            place.append(pair)
            interface.append(above)
        low = np.searchsorted(self._keys, np.concatenate(interface) << SIGNATURE_BITS)
        high = np.searchsorted(self._keys, (np.concatenate(interface) + 1) << SIGNATURE_BITS)
        if self._hierarchy.too_many(int((high - low).sum())):
            return np.empty(0, np.intp), np.empty(0, np.intp)
        which, called = expand(low, high - low)
        which, called = which[wanted[called]], called[wanted[called]]
        class_ = direct[np.concatenate(place)[which], 0]
        sources, targets = [np.empty(0, np.intp)], [np.empty(0, np.intp)]
        superclass = self._hierarchy.superclass
        for _ in range(MAX_DEPTH):
            at, known = self._lookup(class_ << SIGNATURE_BITS | self._keys[called] & SIGNATURE)
            hit = known & self._defined[at]
            sources.append(called[hit] + size)
            targets.append(at[hit])
            above = superclass[class_[~hit]]
            class_, called = above[above >= 0].astype(np.intp), called[~hit][above >= 0]
            if not len(class_):
                break
        return np.concatenate(sources), np.concatenate(targets)

    def _instance_edges(self, callbacks: list[Callback]) -> tuple[Index, Index]:
        """From who makes or uses a class to its initialiser and its callbacks."""
        initialiser = self._initialisers()
        by_class, callback_node = self._callback_nodes(callbacks)
        callbacks_of = np.bincount(by_class, minlength=len(initialiser))
        first = np.cumsum(callbacks_of) - callbacks_of
        sources, targets = [np.empty(0, np.intp)], [np.empty(0, np.intp)]
        for number, dex in enumerate(self.dexes):
            class_of_type = self._hierarchy.type_numbers[number]
            for reference, used in _USES_CLASS.items():
                found = dex.code.references(reference)
                chosen = np.flatnonzero(used[found.opcode])
                item, operand = found.items(chosen), found.operand[chosen].astype(np.int32)
                if reference != Reference.TYPE:
                    owner = (dex.fields if reference == Reference.FIELD else dex.methods).owner
                    inside = operand < len(owner)
                    item, operand = item[inside], owner[operand[inside]]
                inside = (operand >= 0) & (operand < len(class_of_type))
                item, class_ = item[inside], class_of_type[operand[inside]]
                inside = class_ >= 0
                place, caller = self._callers(number, item[inside])
                class_ = class_[inside][place]
                known = initialiser[class_] >= 0
                sources.append(caller[known])
                targets.append(initialiser[class_[known]])
                if reference != Reference.METHOD:
                    which, at = expand(first[class_], callbacks_of[class_])
                    sources.append(caller[which])
                    targets.append(callback_node[at])
        return np.concatenate(sources), np.concatenate(targets)

    def _initialisers(self) -> Index:
        """The node of each class's initialiser, -1 for classes without."""
        size = len(self._hierarchy.names)
        name, proto = self._numbers.names.get(_CLINIT[0], -1), self._numbers.proto(_CLINIT[1])
        if name < 0 or proto < 0:
            return np.full(size, -1)
        at, known = self._lookup(np.arange(size) << SIGNATURE_BITS | name << PROTO_BITS | proto)
        return np.where(known & self._defined[at], at, -1)

    def _callback_nodes(self, callbacks: list[Callback]) -> tuple[Index, Index]:
        """(class, method it runs as a callback), sorted by class."""
        chosen = [c for c in callbacks if c.supertype in self._hierarchy.number]
        place, class_ = self._hierarchy.descendants(self._hierarchy.number[c.supertype] for c in chosen)
        pairs = [np.empty((0, 2), np.int64)]
        for k, callback in enumerate(chosen):
            name = self._numbers.names.get(callback.name, -1)
            if name < 0:
                continue
            below = class_[place == k]
            key = below << SIGNATURE_BITS | name << PROTO_BITS
            if callback.signature is not None:
                proto = self._numbers.proto(callback.signature)
                if proto < 0:
                    continue
                low, high = key + proto, key + proto + 1
            else:
                low, high = key, key + (1 << PROTO_BITS)
            first = np.searchsorted(self._keys, low)
            which, node = expand(first, np.searchsorted(self._keys, high) - first)
            pairs.append(np.stack((below[which], self._resolved[node]), axis=1))
        joined = np.concatenate(pairs)
        joined = joined[np.argsort(joined[:, 0], kind="stable")]
        return joined[:, 0], joined[:, 1]

    def _custom_edges(self, number: int) -> tuple[Index, Index]:
        """From methods with ``invoke-custom`` to the methods whose handles the call site holds."""
        dex, nodes = self.dexes[number], self.node_of[number]
        found = dex.code.references(Reference.CALL_SITE)
        if not len(found.operand):
            return np.empty(0, np.intp), np.empty(0, np.intp)
        held = [[m for m in methods if m < len(nodes)] for methods in customs.targets(dex)]
        place, caller = self._callers(number, found.item)
        pairs = [
            (node, nodes[method])
            for node, site in zip(caller.tolist(), found.operand[place].tolist(), strict=True)
            if site < len(held)
            for method in held[site]
        ]
        known = np.array(pairs, np.intp).reshape(-1, 2)
        return known[:, 0], self._resolved[known[:, 1]]

    def _given(self, extra: Iterable[tuple[str, str]]) -> tuple[Index, Index]:
        nodes = [(self.node(a), self.node(b)) for a, b in extra]
        known = np.array([(a, b) for a, b in nodes if a >= 0 and b >= 0], np.intp).reshape(-1, 2)
        init = self._numbers.names.get("<init>", -1)
        of_name = self._keys[known[:, 1]] >> PROTO_BITS & (1 << NAME_BITS) - 1
        self._constructors = known[:, 1][of_name == init].tolist()
        return known[:, 0], known[:, 1]

    # ----------------------------------------------------------------------------- questions

    def reachable(self, entries: Iterable[str], made_only: bool = False, later: bool = False) -> Reach:
        """What can run once ``entries`` run: method descriptors, or class descriptors for all methods
        of a class (of a component, which the system calls as it likes).

        ``made_only``: virtual calls reach only classes of which the methods reached make instances (or
        that stand in ``entries``), or that extra edges make; far fewer, but instances made by native code
        or from layouts are not seen. ``later``: callbacks that wait for the user count too.
        """
        found = [
            np.array([self.node(e)]) if "->" in e else self.methods_of_class(e)
            for e in dict.fromkeys(entries)
        ]
        start = np.concatenate([np.empty(0, np.intp), *found]).astype(np.int64)
        start = start[start >= 0]
        return Reach(self, start, made_only, later)

    @cached_property
    def makes(self) -> tuple[Index, Key]:
        """(method's node, number of a class it makes an instance of), sorted by the first."""
        nodes, classes = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for number, dex in enumerate(self.dexes):
            class_of_type = self._hierarchy.type_numbers[number]
            found = dex.code.references(Reference.TYPE)
            inside = (found.opcode == opcodes.NEW_INSTANCE) & (found.operand < len(class_of_type))
            place, caller = self._callers(number, found.items(np.flatnonzero(inside)))
            nodes.append(caller.astype(np.int64))
            classes.append(class_of_type[found.operand[inside][place]])
        made = np.array(self._constructors, np.int64)  # by reflection: who runs a constructor makes one
        nodes.append(made)
        classes.append(self._keys[made] >> SIGNATURE_BITS)
        node, class_ = np.concatenate(nodes), np.concatenate(classes)
        order = np.argsort(node, kind="stable")
        return node[order], class_[order]

    def path(self, entry: str, method: str) -> tuple[str, ...] | None:
        """A shortest path from ``entry`` to ``method``, both included; None where there is none."""
        return self.reachable([entry]).path(method)


def _plain_kinds() -> npt.NDArray[np.uint8]:
    return np.array([opcodes.invoke_kind(op) for op in range(256)], np.uint8)


_PLAIN_KIND = _plain_kinds()


def _opcodes(*chosen: int) -> Mask:
    mask = np.zeros(256, bool)
    mask[list(chosen)] = True
    return mask


_USES_CLASS = {
    Reference.TYPE: _opcodes(opcodes.NEW_INSTANCE),
    Reference.FIELD: _opcodes(*opcodes.STATIC_FIELD),
    Reference.METHOD: _opcodes(opcodes.INVOKE_STATIC, opcodes.INVOKE_STATIC + 6),
}
"""Instructions that initialise the class they name, by the table they refer to."""

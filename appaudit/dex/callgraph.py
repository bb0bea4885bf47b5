"""Who can call whom: a graph over all methods of an app, whose edges are looked up where it is walked.

A method is a (class, name, prototype) over all dex files; what the app only refers to is a method
too. Virtual and interface calls go through a dispatch node of the method they name, which leads to
every implementation that the named class has or inherits, and those of its subclasses. Making an
instance of a class, or using its static members, runs its class initialiser. And whoever makes an
instance of a class that implements a callback (`Callback`, given as data: ``Runnable.run``,
``invokeSuspend`` …) is taken to be the one for whom it will run; so is who makes a lambda.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from appaudit.dex import opcodes
from appaudit.dex.annotations import annotated_methods
from appaudit.dex.dex import Dex
from appaudit.dex.dispatch import Dispatch
from appaudit.dex.hierarchy import MAX_DEPTH, Hierarchy, Parents
from appaudit.dex.layout import Index, Int32, Int64, Key, Mask, UInt8, distinct, expand
from appaudit.dex.numbers import NAME_BITS, PROTO_BITS, SIGNATURE_BITS, MethodNumbers
from appaudit.dex.opcodes import Reference
from appaudit.dex.outgoing import Bodies, Outgoing
from appaudit.dex.reach import Reach

_CLINIT = "<clinit>", "()V"


class Callback(NamedTuple):
    """A method that the framework or a library calls on objects handed to it."""

    supertype: str
    name: str
    signature: str | None = None


class Annotated(NamedTuple):
    """Methods with an annotation (a descriptor) that says they will be called on their object."""

    annotation: str


class CallGraph:
    """The call graph of an app.

    ``callbacks``: see `Callback` and `Annotated`; ``later``: those that wait for the user; ``extra_edges``:
    for the descriptor of a method what tells which methods it calls besides (by reflection with known names),
    asked once the method is reached; ``hierarchy``, ``numbers``: built when not given. Methods are given and
    returned as descriptors ``Lcom/x/Y;->m(I)V``.
    """

    def __init__(
        self,
        dexes: Sequence[Dex],
        callbacks: Iterable[Callback | Annotated] = (),
        extra_edges: Mapping[str, Callable[[], Iterable[str]]] | None = None,
        hierarchy: Hierarchy | None = None,
        numbers: MethodNumbers | None = None,
        later: Iterable[Callback | Annotated] = (),
    ) -> None:
        self.dexes = dexes
        self._numbers = numbers or MethodNumbers(hierarchy if hierarchy is not None else Hierarchy(dexes))
        self._hierarchy = self._numbers.hierarchy
        self._keys, self.node_of = self._numbers.nodes
        size = len(self._keys)
        self._defined: Mask = np.zeros(size, bool)
        virtual: Mask = np.zeros(size, bool)
        for dex, nodes in zip(dexes, self.node_of, strict=True):
            rows = dex.class_data.methods
            self._defined[nodes[rows.method]] = True
            virtual[nodes[rows.method[rows.virtual]]] = True
        self._virtual = virtual
        self._dispatch = Dispatch(self._hierarchy, self._keys, self._defined, virtual)
        self._outgoing = Outgoing(dexes, self.node_of)
        self._callbacks = {False: list(callbacks), True: list(later)}
        self._nodes_of_callbacks: dict[bool, tuple[Index, Index]] = {}
        self._extra = {self.node(caller): called for caller, called in (extra_edges or {}).items()}
        self._extra_callers = np.array(sorted(self._extra.keys() - {-1}), np.intp)
        self._extra_called: dict[int, list[int]] = {}

    def __len__(self) -> int:
        """Number of methods."""
        return len(self._keys)

    # ---------------------------------------------------------------------------------- edges

    def targets(self, nodes: Index, later: bool = False) -> tuple[Index, Index]:
        """(place in ``nodes``, node it leads to) along all edges, those that wait for the user only where
        ``later`` asks for them. Beyond the methods, the node ``len(self) + m`` is the dispatch of virtual
        calls that name method ``m``. ``nodes`` ascending, each once."""
        methods = int(np.searchsorted(nodes, len(self)))
        place, target = self._dispatch.implementations(nodes[methods:] - len(self))
        soon, waiting = [(place + methods, target), self._besides(nodes[:methods])], []
        for bodies in self._outgoing.bodies(nodes[:methods]):
            soon += self._calls(bodies)
            for at, class_, objects in self._classes_used(bodies):
                initialiser = self._initialisers[class_]
                soon.append((at[initialiser >= 0], initialiser[initialiser >= 0]))
                if objects:
                    soon.append(self._called_back(at, class_, later=False))
                    if later:
                        waiting.append(self._called_back(at, class_, later=True))
        places, found = zip(*(_rows(edges) for edges in (soon, waiting)), strict=True)
        return np.concatenate(places), np.concatenate(found)

    def _calls(self, bodies: Bodies) -> list[tuple[Index, Index]]:
        """Invokes: to methods, or to the dispatch node of virtual calls; and the methods whose handles an
        ``invoke-custom`` hands over."""
        nodes = self.node_of[bodies.number]
        place, opcode, operand = self._outgoing.named(bodies, Reference.METHOD)
        right = operand < len(nodes)
        place, callee, plain = place[right], nodes[operand[right]], _PLAIN_KIND[opcode[right]]
        virtual = (plain == opcodes.INVOKE_VIRTUAL) | (plain == opcodes.INVOKE_INTERFACE)
        edges = [
            (place[virtual], callee[virtual] + len(self)),
            (place[~virtual], self._dispatch.resolved(callee[~virtual].astype(np.intp))),
        ]
        place, method = self._outgoing.held(bodies)
        return [*edges, (place, self._dispatch.resolved(nodes[method].astype(np.intp)))]

    def _classes_used(self, bodies: Bodies) -> list[tuple[Index, Int32, bool]]:
        """(place, class, whether objects of it may be had so) of all classes that some code initialises."""
        dex, class_of_type = self.dexes[bodies.number], self._hierarchy.type_numbers[bodies.number]
        found = []
        for reference, uses in _USES_CLASS.items():
            place, opcode, operand = self._outgoing.named(bodies, reference)
            used = uses[opcode]
            place, type_ = place[used], operand[used]
            if reference != Reference.TYPE:
                owner = (dex.fields if reference == Reference.FIELD else dex.methods).owner
                inside = type_ < len(owner)
                place, type_ = place[inside], owner[type_[inside]]
            inside = (type_ >= 0) & (type_ < len(class_of_type))
            found.append((place[inside], class_of_type[type_[inside]], reference != Reference.METHOD))
        return found

    @cached_property
    def _initialisers(self) -> Index:
        """The node of each class's initialiser, -1 for classes without."""
        size = len(self._hierarchy.names)
        name, proto = self._numbers.names.number(_CLINIT[0]), self._numbers.proto(_CLINIT[1])
        if name < 0 or proto < 0:
            return np.full(size, -1)
        at, known = self._dispatch.lookup(np.arange(size) << SIGNATURE_BITS | name << PROTO_BITS | proto)
        return np.where(known & self._defined[at], at, -1)

    def _called_back(self, place: Index, class_: Int32, later: bool) -> tuple[Index, Index]:
        """The callbacks of classes."""
        if later not in self._nodes_of_callbacks:
            self._nodes_of_callbacks[later] = self._callback_nodes(self._callbacks[later])
        by_class, node = self._nodes_of_callbacks[later]
        low = np.searchsorted(by_class, class_, "left")
        which, at = expand(low, np.searchsorted(by_class, class_, "right") - low)
        return place[which], node[at]

    def _callback_nodes(self, callbacks: list[Callback | Annotated]) -> tuple[Index, Index]:
        """(class, method it runs as a callback), sorted by class."""
        named = [c for c in callbacks if isinstance(c, Callback)]
        chosen = [c for c in named if c.supertype in self._hierarchy.number]
        place, class_ = self._hierarchy.descendants(self._hierarchy.number[c.supertype] for c in chosen)
        pairs = list(self._annotated([c.annotation for c in callbacks if isinstance(c, Annotated)]))
        names = self._numbers.names.find([c.name for c in chosen]).tolist()
        for k, (callback, name) in enumerate(zip(chosen, names, strict=True)):
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
            pairs.append(np.stack((below[which], self._dispatch.resolved(node)), axis=1))
        joined = np.concatenate([np.empty((0, 2), np.int64), *pairs])
        joined = joined[np.argsort(joined[:, 0], kind="stable")]
        return joined[:, 0], joined[:, 1]

    def _annotated(self, annotations: list[str]) -> Iterator[Int64]:
        """(class, method with one of the annotations that it has or inherits)."""
        for k, dex in enumerate(self.dexes):
            method = annotated_methods(dex, annotations)
            method = method[dex.methods.owner[method] >= 0]
            owner = self._hierarchy.type_numbers[k][dex.methods.owner[method]]
            place, class_ = self._hierarchy.descendants(owner[owner >= 0].tolist())
            yield np.stack((class_, self.node_of[k][method[owner >= 0][place]]), axis=1)

    def _besides(self, nodes: Index) -> tuple[Index, Index]:
        """The extra edges."""
        place = np.flatnonzero(np.isin(nodes, self._extra_callers))
        pairs = [(at, called) for at in place.tolist() for called in self._called_besides(int(nodes[at]))]
        known = np.array(pairs, np.intp).reshape(-1, 2)
        return known[:, 0], known[:, 1]

    def _called_besides(self, node: int) -> list[int]:
        if node not in self._extra_called:
            called = (self.node(method) for method in dict.fromkeys(self._extra[node]()))
            self._extra_called[node] = [n for n in called if n >= 0]
        return self._extra_called[node]

    def made(self, nodes: Index) -> Key:
        """The numbers of the classes that some methods make instances of; who runs a constructor by
        reflection makes one. ``nodes`` ascending, each once."""
        classes: list[Int64] = [np.empty(0, np.int64)]
        for bodies in self._outgoing.bodies(nodes):
            class_of_type = self._hierarchy.type_numbers[bodies.number]
            named = self._outgoing.named(bodies, Reference.TYPE)
            inside = (named.opcode == opcodes.NEW_INSTANCE) & (named.operand < len(class_of_type))
            classes.append(class_of_type[named.operand[inside]].astype(np.int64))
        _, besides = self._besides(nodes)
        init = self._numbers.names.number("<init>")
        keys = self._keys[besides]
        classes.append(keys[keys >> PROTO_BITS & (1 << NAME_BITS) - 1 == init] >> SIGNATURE_BITS)
        return np.concatenate(classes)

    @property
    def classes_of_nodes(self) -> Key:
        """The number of each method's class."""
        numbers: Key = self._keys >> SIGNATURE_BITS
        return numbers

    @property
    def class_count(self) -> int:
        """All numbers of classes are below."""
        return len(self._hierarchy.names) + 1

    @property
    def parents(self) -> Parents:
        """The way up the class hierarchy."""
        return self._dispatch.above

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
            low, high = self._keys.searchsorted([number << SIGNATURE_BITS, (number + 1) << SIGNATURE_BITS])
            nodes = np.arange(low, high)
            found.append(nodes[self._callable(nodes)])
            above = self._hierarchy.superclass
            number = int(above[number]) if number < len(above) else -1
        return np.concatenate(found) if found else np.empty(0, np.intp)

    def _callable(self, nodes: Index) -> Mask:
        """Which methods are defined and the system can call on their class."""
        own = self._numbers.names.find(["<init>", "<clinit>"])
        name = self._keys[nodes] >> PROTO_BITS & (1 << NAME_BITS) - 1
        callable_: Mask = self._defined[nodes] & (self._virtual[nodes] | np.isin(name, own))
        return callable_

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

    def path(self, entry: str, method: str) -> tuple[str, ...] | None:
        """A shortest path from ``entry`` to ``method``, both included; None where there is none."""
        return self.reachable([entry]).path(method)


def _rows(edges: Sequence[tuple[Index, Index]]) -> tuple[Index, Index]:
    """Edges sorted by place and target, each once."""
    places, targets = zip(*edges, strict=True) if edges else ((), ())
    place = np.concatenate([np.empty(0, np.int64), *places])
    pair = distinct(place << 32 | np.concatenate([np.empty(0, np.int64), *targets]))
    return pair >> 32, pair & 0xFFFFFFFF


def _plain_kinds() -> UInt8:
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

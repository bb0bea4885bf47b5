"""Common numbers for the methods of several dex files, so that equal ones meet."""

from __future__ import annotations

import numpy as np

from appaudit.dex.blocks import parameter_types
from appaudit.dex.errors import DexError
from appaudit.dex.hierarchy import Hierarchy
from appaudit.dex.layout import Int32, Key, distinct, numbered
from appaudit.dex.names import Names
from appaudit.dex.strings import UNKNOWN

CLASS_BITS, NAME_BITS, PROTO_BITS = 20, 22, 20
SIGNATURE_BITS = NAME_BITS + PROTO_BITS
SIGNATURE = (1 << SIGNATURE_BITS) - 1
"""What of a key is name and prototype; the class stands above."""


class MethodNumbers:
    """Numbers names and prototypes over the dex files of a hierarchy.

    The key of a method is ``class << 42 | name << 20 | prototype``: equal for equal methods of any dex.
    What is corrupt has the number of ``?``. Raises DexError where there are too many to be numbered.
    """

    def __init__(self, hierarchy: Hierarchy) -> None:
        self.hierarchy = hierarchy
        self.names = Names(hierarchy.dexes)
        self._unknown_class = hierarchy.number.get(UNKNOWN, len(hierarchy.names))
        self._levels: list[tuple[Key, int]] = []
        self._known_protos: dict[str, int] = {}
        protos = self._proto_numbers()
        if (
            len(self.names) >> NAME_BITS
            or len(self._proto_ids) >> PROTO_BITS
            or len(hierarchy.names) + 1 >> CLASS_BITS
        ):
            raise DexError("The dex files name more methods than a call graph can hold.")
        keys: list[Key] = []
        for dex, types, name, proto in zip(
            hierarchy.dexes, hierarchy.type_numbers, self.names.methods, protos, strict=True
        ):
            members = dex.methods  # -1, for what is corrupt, finds the last of each column
            class_ = np.append(types, self._unknown_class)[members.owner].astype(np.int64)
            signature = name.astype(np.int64) << PROTO_BITS | proto[members.type]
            keys.append(class_ << SIGNATURE_BITS | signature)
        known = distinct(np.concatenate([np.empty(0, np.int64), *keys]))
        nodes: list[Int32] = [np.searchsorted(known, own).astype(np.int32) for own in keys]
        self.nodes = known, nodes
        """The keys, sorted, each once; for each dex the place there of each method index."""

    def _proto_numbers(self) -> list[Key]:
        """The number of each prototype of each dex, that of a corrupt one behind the last.

        Prototypes are told apart type by type, all at once: what two have in common has one number.
        """
        types, first, sizes = [np.empty(0, np.int32)], [np.empty(0, np.intp)], []
        length = [np.empty(0, np.intp)]
        total = 0
        for dex, numbers in zip(self.hierarchy.dexes, self.hierarchy.type_numbers, strict=True):
            listed, begin = dex.proto_types
            types.append(np.append(numbers, np.int32(-1))[listed])
            first.append(begin[:-1] + total)
            length.append(np.diff(begin))
            sizes.append(len(begin) - 1)
            total += len(listed)
        class_, at, left = (
            np.concatenate(types).astype(np.int64),
            np.concatenate(first),
            np.concatenate(length),
        )
        id_ = np.full(len(at), -1, np.int64)
        active = np.flatnonzero(class_[at] >= 0)
        used = 0
        known = np.zeros(len(at), np.int64)
        while len(active):
            key = known[active] << CLASS_BITS | class_[at[active]] + 1
            level, place = numbered(key)
            self._levels.append((level, used))
            known[active] = place + used
            used += len(level)
            at[active] += 1
            left[active] -= 1
            id_[active] = known[active]
            active = active[left[active] > 0]
        self._proto_ids, number = numbered(np.append(id_, -1))  # the last for corrupt ones
        parts = np.split(number[:-1], np.cumsum(sizes)[:-1]) if sizes else []
        return [np.append(part, 0) for part in parts]

    def key_of(self, dex: int, method: int) -> int:
        """The key of a method index of a dex."""
        keys, nodes = self.nodes
        return int(keys[nodes[dex][method]])

    def owner(self, key: int) -> str:
        """The descriptor of the class of a method, given by its key."""
        names, class_ = self.hierarchy.names, key >> SIGNATURE_BITS
        return names[class_] if class_ < len(names) else UNKNOWN

    def proto(self, signature: str) -> int:
        """The number of a prototype given as ``(I)V``, -1 where the app does not name it."""
        found = self._known_protos.get(signature)
        if found is None:
            found = self._known_protos[signature] = self._find(signature)
        return found

    def _find(self, signature: str) -> int:
        known = 0
        types = [signature.rpartition(")")[2], *parameter_types(signature)]
        if len(types) > len(self._levels):
            return -1
        for type_, (level, used) in zip(types, self._levels, strict=False):
            key = known << CLASS_BITS | self.hierarchy.number.get(type_, -2) + 1
            at = int(np.searchsorted(level, key))
            if at == len(level) or level[at] != key:
                return -1
            known = at + used
        at = int(np.searchsorted(self._proto_ids, known))
        return at if at < len(self._proto_ids) and self._proto_ids[at] == known else -1

    def key(self, method: str) -> int:
        """The key of ``Lcom/x/Y;->m(I)V``, -1 where the app does not name its parts."""
        owner, arrow, rest = method.partition("->")
        name, bracket, proto = rest.partition("(")
        class_ = self._unknown_class if owner == UNKNOWN else self.hierarchy.number.get(owner, -1)
        numbers = class_, self.names.number(name), self.proto(bracket + proto)
        if not arrow or min(numbers) < 0:
            return -1
        return numbers[0] << SIGNATURE_BITS | numbers[1] << PROTO_BITS | numbers[2]

"""What fields of the app hold for good: static final ones, and others that only ever get one constant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from appaudit.dex import machine_values as mv
from appaudit.dex.blocks import Method
from appaudit.dex.dex import Dex
from appaudit.dex.flow import Names, run
from appaudit.dex.hierarchy import Hierarchy
from appaudit.dex.layout import Int32, ordered
from appaudit.dex.models import Constant, FieldConstant
from appaudit.dex.opcodes import Reference
from appaudit.dex.registers import State, argument, plain

ACC_PRIVATE, ACC_FINAL, ACC_CONSTRUCTOR = 0x2, 0x10, 0x10000
CONSTANT_TYPES = frozenset({*"IJSBCZ", "Ljava/lang/String;", "Ljava/lang/CharSequence;", "Landroid/net/Uri;"})
"""Types of static fields whose values are followed."""
TEXTS = frozenset(t for t in CONSTANT_TYPES if len(t) > 1)
"""Types of instance fields whose values are followed."""
MAX_PUTS = 4
"""Places that may write an instance field: its class's constructors."""
MAX_DEPTH = 8
"""Fields whose values come from one another."""
_IPUT = np.zeros(256, bool)
_IPUT[0x59:0x60] = True


def method_of(dex: Dex, item: int) -> Method:
    """The code of an item."""
    code = dex.code
    return Method(code.units(item).tolist(), code.instructions(item), code.handlers(item)[1])


class Fields:
    """The constant fields of an app. ``names``: the tables of each dex as `appaudit.dex.flow` asks for
    them."""

    def __init__(self, dexes: Sequence[Dex], names: Sequence[Names], hierarchy: Hierarchy) -> None:
        self._dexes = dexes
        self._hierarchy = hierarchy
        self._place = {id(dex): place for place, dex in enumerate(dexes)}
        self._names = names
        self._static: dict[str, dict[str, Constant]] = {}
        self._arrays: dict[tuple[str, str], mv.Array] = {}
        self._instance: dict[tuple[str, str, str], Constant | None] = {}
        self._puts: dict[int, tuple[Int32, Int32, Int32]] = {}
        self._depth = 0

    def defining(self, owner: str) -> tuple[int, Dex] | None:
        """The dex that defines a class of the app, and its place."""
        dex = self._hierarchy.defining(owner)
        return None if dex is None else (self._place[id(dex)], dex)

    def static(self, owner: str, name: str, type_: str) -> Constant | None:
        """What a static field holds, if it is final and constant, or not of the app."""
        if self.defining(owner) is None:
            return FieldConstant(f"{owner}->{name}:{type_}")
        if type_ not in CONSTANT_TYPES:
            return None
        return self._static_fields(owner).get(name)

    def static_array(self, owner: str, name: str) -> mv.Array | None:
        """A new copy of the array that a static final field of the app is set to."""
        self._static_fields(owner)
        array = self._arrays.get((owner, name))
        return mv.Array(array.kind, list(array.items)) if array else None

    def _static_fields(self, owner: str) -> dict[str, Constant]:
        if owner in self._static:
            return self._static[owner]
        self._static[owner] = {}  # what is being looked up is not known while that lasts
        found_in = self.defining(owner)
        if found_in is None:
            return {}
        number, dex = found_in
        row = dex.class_row(owner)
        fields, own = dex.class_data.fields, dex.class_data.fields_of(row)
        constant = fields.static[own] & (fields.access[own] & ACC_FINAL > 0)
        final = {dex.field_name(f)[1] for f in fields.field[own][constant].tolist()}
        found: dict[str, Constant] = dict(self._initialised(number, row, final))
        for name, value in dex.static_values(owner).items():
            if name in final and isinstance(value, str | int) and not isinstance(value, bool):
                found.setdefault(name, value)
        self._static[owner] = found
        return found

    def _initialised(self, number: int, row: int, final: set[str]) -> dict[str, Constant]:
        """The fields that the class initialiser sets to a constant, once; arrays are kept aside."""
        dex = self._dexes[number]
        methods = dex.class_data.methods
        rows = range(len(methods.method))[dex.class_data.methods_of(row)]
        own = [
            m
            for m in rows
            if methods.access[m] & ACC_CONSTRUCTOR
            and dex.method_name(int(methods.method[m]))[1] == "<clinit>"
        ]
        item = dex.code.item_of_method(own[0]) if own else -1
        if item < 0:
            return {}
        method = method_of(dex, item)
        puts = {at for at in method.starts if 0x67 <= method.words[at] & 0xFF <= 0x6D}
        values: dict[int, tuple[str, Constant | None]] = {}
        arrays: dict[int, mv.Value] = {}
        class_ = dex.type_descriptor(int(dex.classes.type[row]))

        def visit(at: int, state: State) -> None:
            owner, name, type_ = dex.field_name(method.words[at + 1])
            if owner == class_:
                register = method.words[at] >> 8
                values[at] = name, plain(state, register)
                if type_ in mv.ELEMENTS:
                    arrays[at] = argument(state, register, type_)

        run(method, self._names[number], frozenset(puts), visit)
        seen: dict[str, list[int]] = {}
        for at, (name, _) in values.items():
            seen.setdefault(name, []).append(at)
        once = {name: at[0] for name, at in seen.items() if len(at) == 1 and name in final}
        for name, at in once.items():
            array = arrays.get(at)
            if isinstance(array, mv.Array):
                self._arrays[class_, name] = array
        single = {name: values[at][1] for name, at in once.items()}
        return {name: v for name, v in single.items() if isinstance(v, str | int)}

    # ------------------------------------------------------------------------- instance fields

    def instance(self, owner: str, name: str, type_: str) -> Constant | None:
        """What a final or private field of the app's objects holds, where all that is ever written to it is
        one constant."""
        if type_ not in TEXTS or self.defining(owner) is None or self._depth >= MAX_DEPTH:
            return None
        key = owner, name, type_
        if key not in self._instance:
            self._instance[key] = None
            self._depth += 1
            values = list(self._written(*key)) if self._is_own(*key) else []
            self._depth -= 1
            first = values[0] if values else None
            same = first is not None and all(type(v) is type(first) and v == first for v in values)
            self._instance[key] = first if same and isinstance(first, str) else None
        return self._instance[key]

    def _is_own(self, owner: str, name: str, type_: str) -> bool:
        """Whether the class itself has the field, and no other class may write it."""
        dex = self._hierarchy.defining(owner)
        if dex is None:
            return False
        fields, own = dex.class_data.fields, dex.class_data.fields_of(dex.class_row(owner))
        named = dex.fields.name[fields.field[own]] == dex.strings.find(name)
        rows = zip(fields.field[own][named].tolist(), fields.access[own][named].tolist(), strict=True)
        for field, access in rows:
            if dex.field_name(field)[2] == type_:
                return bool(access & (ACC_FINAL | ACC_PRIVATE))
        return False

    def _written(self, owner: str, name: str, type_: str) -> Iterator[Constant | None]:
        """What each instruction writes to a field; None where not constant, or where there are too many."""
        total = 0
        for number, at in self._naming(owner):
            dex = self._dexes[number]
            for index in np.flatnonzero(dex.fields.owner == at).tolist():
                if dex.field_name(index)[1:] != (name, type_):
                    continue
                operands, items, places = self._writes(number)
                low, high = np.searchsorted(operands, (index, index + 1)).tolist()
                total += high - low
                if total > MAX_PUTS:
                    yield None
                    return
                for item, place in zip(items[low:high].tolist(), places[low:high].tolist(), strict=True):
                    yield self._value_written(number, item, place)

    def _naming(self, owner: str) -> Iterator[tuple[int, int]]:
        """Each dex that names a class, and its index among the types there."""
        class_ = self._hierarchy.number.get(owner, -1)
        classes, dexes, types = self._by_class
        low, high = np.searchsorted(classes, np.array((class_, class_ + 1), classes.dtype)).tolist()
        seen = -1
        for number, type_ in zip(dexes[low:high].tolist(), types[low:high].tolist(), strict=True):
            if number != seen:
                yield number, type_
            seen = number

    @cached_property
    def _by_class(self) -> tuple[Int32, Int32, Int32]:
        """(class number, dex, type index) of every type, sorted by the first."""
        numbers = self._hierarchy.type_numbers
        classes = np.concatenate([np.empty(0, np.int32), *numbers])
        order = ordered(classes)
        dexes = np.repeat(np.arange(len(numbers), dtype=np.int32), [len(n) for n in numbers])
        types = np.concatenate([np.empty(0, np.int32), *(np.arange(len(n), dtype=np.int32) for n in numbers)])
        return classes[order], dexes[order], types[order]

    def _writes(self, number: int) -> tuple[Int32, Int32, Int32]:
        """(field index, code item, place among the code units) of every write of an instance field in a
        dex, sorted by the first."""
        if number not in self._puts:
            found = self._dexes[number].code.references(Reference.FIELD)
            chosen = np.flatnonzero(_IPUT[found.opcode])
            operand = found.operand[chosen].astype(np.int32)
            order = ordered(operand)
            self._puts[number] = operand[order], found.items(chosen)[order], found.at[chosen][order]
        return self._puts[number]

    def _value_written(self, number: int, item: int, place: int) -> Constant | None:
        at = place - int(self._dexes[number].code.bounds[item])
        method = method_of(self._dexes[number], item)
        found: list[Constant | None] = [None]

        def visit(at: int, state: State) -> None:
            found[0] = plain(state, method.words[at] >> 8 & 15)

        run(method, self._names[number], frozenset((at,)), visit)
        return found[0]

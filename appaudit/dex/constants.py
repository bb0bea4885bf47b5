"""The constants that reach a call."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from appaudit.dex import models, opcodes
from appaudit.dex.blocks import Method, by_parameter, invoked
from appaudit.dex.dex import Dex
from appaudit.dex.flow import State, plain, run
from appaudit.dex.hierarchy import Hierarchy
from appaudit.dex.models import Constant, FieldConstant, shown
from appaudit.dex.opcodes import Reference
from appaudit.dex.queries import CallSites
from appaudit.records import CallSite

ACC_FINAL = 0x10
CONSTANT_TYPES = frozenset({*"IJSBCZ", "Ljava/lang/String;", "Ljava/lang/CharSequence;", "Landroid/net/Uri;"})
"""Types of static fields whose values are followed."""


_OWNERS = sorted(models.OWNERS)


class Trace(NamedTuple):
    """What is constant at a call: the receiver (a class object's descriptor, a string's text), the
    declared parameters in order; None where not constant."""

    receiver: str | int | None
    arguments: tuple[str | int | None, ...]


NOTHING = Trace(None, ())


class ConstantTracer:
    """Follows constants within methods, over basic blocks; knows the app's constant static fields.

    Texts are followed through StringBuilder, concatenation, `Uri.parse`, Base64 and the like (see
    `appaudit.dex.models`). A ``Uri`` is its text; a class object its descriptor; a static field of
    the framework the field's descriptor (``Landroid/provider/…;->CONTENT_URI:Landroid/net/Uri;``);
    an array of strings its elements joined by one space.
    """

    def __init__(self, dexes: Sequence[Dex], hierarchy: Hierarchy | None = None) -> None:
        """``hierarchy`` is built when not given."""
        self._dexes = dexes
        self._hierarchy = hierarchy if hierarchy is not None else Hierarchy(dexes)
        self._static: dict[str, dict[str, Constant]] = {}
        self._names = [_DexNames(self, dex) for dex in dexes]

    def trace(self, sites: CallSites) -> list[Trace]:
        """The constants at each site. Sites that are no calls have none."""
        found = [NOTHING] * len(sites)
        if not len(sites):
            return found
        methods: dict[tuple[int, int], list[int]] = {}
        offsets = sites.offset.tolist()
        for place, method in enumerate(zip(sites.dex.tolist(), sites.item.tolist(), strict=True)):
            methods.setdefault(method, []).append(place)
        for (number, item), places in methods.items():
            traced = self._trace_method(number, item, frozenset(offsets[place] for place in places))
            for place in places:
                found[place] = traced.get(offsets[place], NOTHING)
        return found

    def materialise(self, sites: CallSites) -> list[CallSite]:
        """Each site as a record, with its constant arguments (None for a field)."""
        records = []
        rows = zip(sites.dex.tolist(), sites.opcode.tolist(), sites.offset.tolist(), strict=True)
        for k, (trace, (dex, opcode, offset)) in enumerate(zip(self.trace(sites), rows, strict=True)):
            is_call = opcodes.REFERENCE[opcode] == Reference.METHOD
            caller, callee = sites.caller_descriptor(k), sites.callee_descriptor(k)
            arguments = trace.arguments if is_call else None
            records.append(CallSite(self._dexes[dex].member, caller, callee, offset, arguments))
        return records

    def _trace_method(self, number: int, item: int, offsets: frozenset[int]) -> dict[int, Trace]:
        method, names = self._method(self._dexes[number], item), self._names[number]
        found: dict[int, Trace] = {}

        def visit(at: int, state: State) -> None:
            op = method.words[at] & 0xFF
            if opcodes.REFERENCE[op] != Reference.METHOD:
                return
            signature = names.method(method.words[at + 1])[2]
            static = opcodes.invoke_kind(op) == opcodes.INVOKE_STATIC
            receiver, parameters = by_parameter(invoked(method.words, at), signature, static)
            found[at] = Trace(
                shown(plain(state, receiver)), tuple(shown(plain(state, r)) for r in parameters)
            )

        run(method, names, offsets, visit)
        return found

    @staticmethod
    def _method(dex: Dex, item: int) -> Method:
        code = dex.code
        return Method(code.units(item).tolist(), code.instructions(item), code.handlers(item)[1])

    def static_field(self, owner: str, name: str, type_: str) -> Constant | None:
        """What a static field holds, if it is final and constant, or not of the app."""
        if self._hierarchy.defining(owner) is None:
            return FieldConstant(f"{owner}->{name}:{type_}")
        if type_ not in CONSTANT_TYPES:
            return None
        return self._static_fields(owner).get(name)

    def _static_fields(self, owner: str) -> dict[str, Constant]:
        if owner in self._static:
            return self._static[owner]
        self._static[owner] = {}  # what is being looked up is not known while that lasts
        dex = self._hierarchy.defining(owner)
        if dex is None:
            return {}
        row = dex.class_row(owner)
        fields, own = dex.class_data.fields, dex.class_data.fields_of(row)
        constant = fields.static[own] & (fields.access[own] & ACC_FINAL > 0)
        final = {dex.field_name(f)[1] for f in fields.field[own][constant].tolist()}
        found: dict[str, Constant] = dict(self._initialised(dex, row, final))
        for name, value in dex.static_values(owner).items():
            if name in final and isinstance(value, str | int) and not isinstance(value, bool):
                found.setdefault(name, value)
        self._static[owner] = found
        return found

    def _initialised(self, dex: Dex, row: int, final: set[str]) -> dict[str, Constant]:
        """The fields that the class initialiser sets to a constant, once."""
        methods = dex.class_data.methods
        rows = range(len(methods.method))[dex.class_data.methods_of(row)]
        own = [
            m
            for m in rows
            if methods.access[m] & 0x10000 and dex.method_name(int(methods.method[m]))[1] == "<clinit>"
        ]
        item = dex.code.item_of_method(own[0]) if own else -1
        if item < 0:
            return {}
        method = self._method(dex, item)
        puts = {at for at in method.starts if 0x67 <= method.words[at] & 0xFF <= 0x6D}
        seen: dict[str, list[Constant | None]] = {}
        values: dict[int, tuple[str, Constant | None]] = {}

        def visit(at: int, state: State) -> None:
            owner, name, _ = dex.field_name(method.words[at + 1])
            if owner == dex.type_descriptor(int(dex.classes.type[row])):
                values[at] = name, plain(state, method.words[at] >> 8)

        run(method, self._names[self._dexes.index(dex)], frozenset(puts), visit)
        for name, value in values.values():
            seen.setdefault(name, []).append(value)
        single = {name: v[0] for name, v in seen.items() if len(v) == 1 and name in final}
        return {name: v for name, v in single.items() if isinstance(v, str | int)}


class _DexNames:
    """The tables of one dex, as `appaudit.dex.flow` asks for them; each answer is kept."""

    def __init__(self, tracer: ConstantTracer, dex: Dex) -> None:
        self._tracer = tracer
        self._dex = dex
        self._fields: dict[int, Constant | None] = {}

    def string(self, index: int) -> str:
        return self._dex.strings.text(index)

    def type(self, index: int) -> str:
        return self._dex.type_descriptor(index)

    @cached_property
    def _modelled(self) -> bytes:
        """By method index whether it is one of a class with a model."""
        types = np.append(np.isin(self._dex.types, self._dex.strings.find_all(_OWNERS)), False)
        return types[self._dex.methods.owner].tobytes()

    def modelled(self, index: int) -> bool:
        return index < len(self._modelled) and self._modelled[index] != 0

    def static_field(self, index: int) -> Constant | None:
        if index not in self._fields:
            self._fields[index] = self._tracer.static_field(*self._dex.field_name(index))
        return self._fields[index]

    def method(self, index: int) -> tuple[str, str, str]:
        return self._dex.method_name(index)

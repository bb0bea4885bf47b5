"""The constants that reach a call."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from appaudit.dex import machine, models, opcodes
from appaudit.dex import machine_values as mv
from appaudit.dex.blocks import by_parameter, invoked, parameter_places, parameter_types
from appaudit.dex.dex import Dex
from appaudit.dex.fields import Fields, method_of
from appaudit.dex.flow import run
from appaudit.dex.hierarchy import Hierarchy
from appaudit.dex.layout import distinct, ordered
from appaudit.dex.machine import Body
from appaudit.dex.models import Constant, shown
from appaudit.dex.nearby import Trace, traces
from appaudit.dex.opcodes import Reference
from appaudit.dex.queries import CallSites
from appaudit.dex.registers import Parameter, State, plain
from appaudit.records import CallSite

ACC_STATIC, ACC_FINAL = 0x8, 0x10
MAX_WORDS = 2_000
"""Code units of a method that is run."""
_RESULTS = ["Ljava/lang/CharSequence;", "Ljava/lang/String;", "[B", "[C"]
_PARAMETERS = frozenset({*"IJSBCZ", *mv.ELEMENTS, *mv.TEXTS})


_OWNERS = sorted(models.OWNERS)
TOGETHER = 256
"""Calls that are looked at at once."""
RELEASED = 16
"""Methods after which the pages of mapped files that were read are given back."""


NOTHING = Trace(None, ())


class ConstantTracer:
    """Follows constants within methods, over basic blocks; knows the app's constant static fields.

    Texts are followed through StringBuilder, concatenation, `Uri.parse`, Base64 and the like (see
    `appaudit.dex.models`). A ``Uri`` is its text; a class object its descriptor; a static field of
    the framework the field's descriptor (``Landroid/provider/…;->CONTENT_URI:Landroid/net/Uri;``);
    an array of strings its elements joined by one space. Fields of the app that only ever get one constant
    have that; small static methods of the app that make texts are run (`appaudit.dex.machine`).
    """

    def __init__(self, dexes: Sequence[Dex], hierarchy: Hierarchy | None = None) -> None:
        """``hierarchy`` is built when not given."""
        self._dexes = dexes
        self._names = [_DexNames(self, dex) for dex in dexes]
        self.fields = Fields(dexes, self._names, hierarchy if hierarchy is not None else Hierarchy(dexes))
        self._bodies: dict[tuple[str, str, str], tuple[_DexNames, Body] | None] = {}
        self._results: dict[object, Constant | None] = {}
        self._budget = machine.Budget()

    def trace(self, sites: CallSites, receivers: bool = False) -> list[Trace]:
        """The constants at each site; the receiver where ``receivers`` asks for it. Sites that are no calls
        have none."""
        found = [NOTHING] * len(sites)
        methods: dict[tuple[int, int], list[int]] = {}
        offsets = sites.offset.tolist()
        owners = list(zip(sites.dex.tolist(), sites.item.tolist(), strict=True))
        for place in self._trace_nearby(sites, receivers, found):
            methods.setdefault(owners[place], []).append(place)
        for count, ((number, item), places) in enumerate(methods.items(), 1):
            if count % RELEASED == 0:
                for dex in self._dexes:
                    dex.release()
            caller = int(sites.caller[places[0]])
            traced = self._trace_method(number, item, caller, frozenset(offsets[place] for place in places))
            for place in places:
                found[place] = traced.get(offsets[place], NOTHING)
        return found

    def materialise(self, sites: CallSites, traces: Sequence[Trace] | None = None) -> list[CallSite]:
        """Each site as a record, with its constant arguments (None for a field). ``traces``: of these sites,
        where they are known already."""
        records = []
        rows = zip(sites.dex.tolist(), sites.opcode.tolist(), sites.offset.tolist(), strict=True)
        known = self.trace(sites) if traces is None else traces
        for k, (trace, (dex, opcode, offset)) in enumerate(zip(known, rows, strict=True)):
            is_call = opcodes.REFERENCE[opcode] == Reference.METHOD
            caller, callee = sites.caller_descriptor(k), sites.callee_descriptor(k)
            arguments = trace.arguments if is_call else None
            records.append(CallSite(self._dexes[dex].member, caller, callee, offset, arguments))
        return records

    def _trace_nearby(self, sites: CallSites, receivers: bool, found: list[Trace]) -> list[int]:
        """Fills in the calls whose arguments are set close by; returns the places of the others."""
        calls = np.flatnonzero(np.frombuffer(opcodes.REFERENCE, np.uint8)[sites.opcode] == Reference.METHOD)
        calls = calls[ordered(sites.dex[calls])]
        left: list[int] = []
        for start in range(0, len(calls), TOGETHER):
            places = calls[start : start + TOGETHER]
            own = sites.where(places)

            def parameters_of(k: int, own: CallSites = own) -> dict[int, int]:
                return self._parameters(int(own.dex[k]), int(own.item[k]), int(own.caller[k]))

            told = traces(own, self._names, receivers, parameters_of)
            for place, trace in zip(places.tolist(), told, strict=True):
                if trace is None:
                    left.append(place)
                else:
                    found[place] = trace
            for number in distinct(own.dex).tolist():
                self._dexes[number].release()
        return sorted(left)

    def _trace_method(self, number: int, item: int, caller: int, offsets: frozenset[int]) -> dict[int, Trace]:
        method, names = method_of(self._dexes[number], item), self._names[number]
        found: dict[int, Trace] = {}

        def visit(at: int, state: State) -> None:
            op = method.words[at] & 0xFF
            if opcodes.REFERENCE[op] != Reference.METHOD:
                return
            signature = names.method(method.words[at + 1])[2]
            static = opcodes.invoke_kind(op) == opcodes.INVOKE_STATIC
            receiver, parameters = by_parameter(invoked(method.words, at), signature, static)
            held = [state.get(r) for r in parameters]
            found[at] = Trace(
                shown(plain(state, receiver)),
                tuple(shown(plain(state, r)) for r in parameters),
                tuple(h.number if isinstance(h, Parameter) else None for h in held),
            )

        own = self._parameters(number, item, caller)
        run(method, names, offsets, visit, {register: Parameter(index) for register, index in own.items()})
        return found

    def _parameters(self, number: int, item: int, caller: int) -> dict[int, int]:
        """The registers that hold a method's parameters when it begins, the last ones it has, by number."""
        dex = self._dexes[number]
        places, width = parameter_places(dex.method_name(caller)[2])
        first = dex.code.registers(item)[0] - width
        return {first + at: index for index, at in enumerate(places) if first + at >= 0}

    # ------------------------------------------------------------------- methods that are run

    def body(self, owner: str, name: str, signature: str) -> tuple[_DexNames, Body] | None:
        """The code of a method of the app that can be run on constants: static or of a final class, short, of
        constants to a text."""
        key = owner, name, signature
        if key not in self._bodies:
            self._bodies[key] = self._find_body(*key)
        return self._bodies[key]

    def _find_body(self, owner: str, name: str, signature: str) -> tuple[_DexNames, Body] | None:
        found = self.fields.defining(owner)
        if found is None or not _PARAMETERS.issuperset(parameter_types(signature)):
            return None
        number, dex = found
        row = dex.class_row(owner)
        methods = dex.class_data.methods
        own = np.arange(len(methods.method))[dex.class_data.methods_of(row)]
        for place in own[dex.methods.name[methods.method[own]] == dex.strings.find(name)].tolist():
            if dex.method_name(int(methods.method[place]))[2] != signature:
                continue
            access = int(methods.access[place])
            item = dex.code.item_of_method(place)
            fixed = access & ACC_STATIC or int(dex.classes.access[row]) & ACC_FINAL
            if not fixed or name.startswith("<") or item < 0:
                return None
            words = dex.code.units(item)
            if len(words) > MAX_WORDS:
                return None
            return self._names[number], Body(words.tolist(), dex.code.registers(item)[0])
        return None

    def result(self, index: int, names: _DexNames, arguments: list[mv.Value]) -> Constant | None:
        """What a method of the app gives for constants."""
        owner, name, signature = names.method(index)
        found = self.body(owner, name, signature)
        if found is None:
            return None
        shown_arguments = tuple((a.kind, tuple(a.items)) if isinstance(a, mv.Array) else a for a in arguments)
        key = (owner, name, signature), shown_arguments
        if key not in self._results:
            value = machine.call(*found, arguments, signature, self._budget)
            self._results[key] = mv.constant(value)
        return self._results[key]


class _DexNames:
    """The tables of one dex, as `appaudit.dex.flow` and `appaudit.dex.machine` ask for them; each answer is
    kept."""

    def __init__(self, tracer: ConstantTracer, dex: Dex) -> None:
        self._tracer = tracer
        self._dex = dex
        self._fields: dict[int, Constant | None] = {}
        self._runs: dict[int, bool] = {}

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

    @cached_property
    def _textual(self) -> bytes:
        """By method index whether it is one that gives a text, of a class without a model."""
        types = np.append(np.isin(self._dex.types, self._dex.strings.find_all(_RESULTS)), False)
        protos = np.append(types[self._dex.protos.return_type], False)
        own = ~np.frombuffer(self._modelled, bool)
        known: bytes = (protos[self._dex.methods.type] & own).tobytes()
        return known

    def method(self, index: int) -> tuple[str, str, str]:
        return self._dex.method_name(index)

    def static_field(self, index: int) -> Constant | None:
        if index not in self._fields:
            self._fields[index] = self._tracer.fields.static(*self._dex.field_name(index))
        return self._fields[index]

    def instance_field(self, index: int) -> Constant | None:
        if index not in self._fields:
            self._fields[index] = self._tracer.fields.instance(*self._dex.field_name(index))
        return self._fields[index]

    def runs(self, index: int) -> bool:
        if index not in self._runs:
            textual = index < len(self._textual) and self._textual[index] != 0
            self._runs[index] = textual and self._tracer.body(*self.method(index)) is not None
        return self._runs[index]

    def run(self, index: int, arguments: list[mv.Value]) -> Constant | None:
        return self._tracer.result(index, self, arguments)

    def static_value(self, index: int) -> mv.Value:
        owner, name, type_ = self._dex.field_name(index)
        array = self._tracer.fields.static_array(owner, name) if type_ in mv.ELEMENTS else None
        value = array or mv.from_constant(self.static_field(index), type_)
        if value is None:
            raise mv.StuckError
        return value

    def callee(self, index: int) -> tuple[_DexNames, Body] | None:
        return self._tracer.body(*self.method(index))

"""The constants at calls whose arguments are set close by, without following whole methods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from appaudit.dex import models, opcodes
from appaudit.dex.blocks import by_parameter, invoked, parameter_types
from appaudit.dex.code import Code
from appaudit.dex.definitions import BEFORE, NOTHING, UNKNOWN, reaching
from appaudit.dex.flow import Names, constant
from appaudit.dex.layout import distinct
from appaudit.dex.models import Constant, shown
from appaudit.dex.queries import CallSites

_STRING = "Ljava/lang/String;"
_FOLLOWED = frozenset(
    {*"BCIJSZ", "[B", "[C", "Landroid/net/Uri;", "Ljava/net/URI;"}
    | {f"Ljava/lang/{name};" for name in ("CharSequence", "Class", "Integer", "Long", "Object")}
    | {f"{array}{text}" for array in ("", "[") for text in (_STRING, "Ljava/lang/Object;")}
)
"""Types of parameters for which a whole method is followed: others have no constants but those that stand in
fields of the framework."""


class Trace(NamedTuple):
    """What is constant at a call: the receiver (a class object's descriptor, a string's text), the
    declared parameters in order; None where not constant. ``passed``: for each parameter which of the calling
    method's own it is, None where none."""

    receiver: str | int | None
    arguments: tuple[str | int | None, ...]
    passed: tuple[int | None, ...] = ()


def traces(
    calls: CallSites,
    names: Sequence[Names],
    receivers: bool,
    parameters_of: Callable[[int], dict[int, int]],
) -> list[Trace | None]:
    """The constants at each call, None where more must be known of the method. ``names``: by dex;
    ``receivers``: see `appaudit.dex.constants.ConstantTracer.trace`; ``parameters_of``: for the place of a
    call which parameter of its method each register holds at first."""
    if not len(calls):
        return []
    asked: list[int] = []
    follow: list[bool] = []
    bounds = [0]
    codes = [dex.code for dex in calls.dexes]
    numbers = calls.dex.tolist()
    for number, words in zip(numbers, _words(calls, codes), strict=True):
        signature = names[number].method(words[1])[2]
        static = opcodes.invoke_kind(words[0] & 0xFF) == opcodes.INVOKE_STATIC
        receiver, parameters = by_parameter(invoked(words, 0), signature, static)
        asked.append(-1 if receiver is None or not receivers else receiver)
        asked += parameters
        follow.append(True)
        follow += [kind in _FOLLOWED for kind in parameter_types(signature)[: len(parameters)]]
        bounds.append(len(asked))
    call = np.repeat(np.arange(len(calls)), np.diff(bounds))
    where = calls.dex[call], calls.item[call], calls.offset[call]
    defined = reaching(codes, *where, np.array(asked, np.int32))
    units = defined.units.tolist()
    found: list[Trace | None] = []
    at, register = defined.at.tolist(), defined.register.tolist()
    for k, number in enumerate(numbers):
        values: list[str | int | None] = []
        passed: list[int | None] = []
        for place in range(bounds[k], bounds[k + 1]):
            value, known, parameter = None, True, None
            if asked[place] < 0:
                pass
            elif at[place] == BEFORE:
                parameter = parameters_of(k).get(register[place])
            elif at[place] == UNKNOWN:
                known = False
            elif at[place] != NOTHING:
                value, known = _value(units, at[place], names[number])
            if not known and follow[place]:
                found.append(None)
                break
            values.append(shown(value))
            passed.append(parameter)
        else:
            found.append(Trace(values[0], tuple(values[1:]), tuple(passed[1:])))
    return found


def _words(calls: CallSites, codes: Sequence[Code]) -> list[list[int]]:
    """The code units of each call."""
    found = np.zeros((len(calls), 3), np.uint16)
    for number in distinct(calls.dex).tolist():
        own = np.flatnonzero(calls.dex == number)
        found[own] = codes[number].words_at(calls.item[own], calls.offset[own])
    words: list[list[int]] = found.tolist()
    return words


def _value(words: list[int], at: int, names: Names) -> tuple[Constant | None, bool]:
    """What an instruction sets, and whether that can be told from it alone."""
    op, operand = words[at] & 0xFF, words[at + 1]
    if op <= opcodes.CONST_CLASS:
        return constant(words, at, op, names), True
    if 0x60 <= op <= 0x66:
        return names.static_field(operand), True
    if 0x52 <= op <= 0x58:
        return names.instance_field(operand), True
    if op == opcodes.NEW_INSTANCE:
        type_ = names.type(operand)
        return None, type_ != _STRING and type_ not in models.BUILDERS
    if op in opcodes.INVOKE or op in opcodes.INVOKE_RANGE:
        return None, not names.modelled(operand) and not names.runs(operand)
    return None, False

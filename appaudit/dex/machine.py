"""Runs small methods of the app on constants: the decoders that hide strings.

A method is stepped through as the platform would run it, with whole numbers, strings, arrays and string
builders. Whatever else it does (fields that are not constant, methods that have no model, floating point,
exceptions) ends the run without a result, as does the end of its steps: a result is what the code gives.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from appaudit.dex import models, opcodes
from appaudit.dex.blocks import by_parameter, invoked, literal, parameter_places, signed
from appaudit.dex.machine_values import (
    ELEMENTS,
    MAX_ARRAY,
    SPECIAL,
    STRING,
    Array,
    StuckError,
    Text,
    Value,
    array_data,
    computed,
    constant,
    from_constant,
    narrowed,
    place_in,
    string_of,
)

MAX_STEPS: Final = 20_000
"""Instructions of one call from outside."""
MAX_STEPS_TOTAL: Final = 200_000
MAX_DEPTH: Final = 4


class Body(NamedTuple):
    """The code of a method: ``words``, and how many registers it has, of which the last are parameters."""

    words: list[int]
    registers: int


class Program(Protocol):
    """The app's tables, by the indices of the dex that a method stands in."""

    def string(self, index: int) -> str: ...

    def type(self, index: int) -> str: ...

    def method(self, index: int) -> tuple[str, str, str]: ...

    def static_value(self, index: int) -> Value: ...

    def callee(self, index: int) -> tuple[Program, Body] | None:
        """A static method of the app, with its own program."""
        ...


@dataclass(slots=True)
class Budget:
    """Steps left for all calls together."""

    steps: int = MAX_STEPS_TOTAL
    now: int = field(default=0, init=False)


def call(program: Program, body: Body, arguments: Sequence[Value], signature: str, budget: Budget) -> Value:
    """What a method returns for these arguments (the receiver first where there is one), or None."""
    if budget.steps <= 0:
        return None
    budget.now = min(MAX_STEPS, budget.steps)
    before = budget.now
    try:
        return _Frame(program, body, arguments, signature, budget, 0).run()
    except StuckError:
        return None
    except (IndexError, KeyError, ValueError, TypeError, ArithmeticError, struct.error):
        return None  # what only corrupt code does, or code that throws
    finally:
        budget.steps -= before - max(budget.now, 0)


class _Frame:
    def __init__(
        self,
        program: Program,
        body: Body,
        arguments: Sequence[Value],
        signature: str,
        budget: Budget,
        depth: int,
    ) -> None:
        if depth > MAX_DEPTH:
            raise StuckError
        self.program = program
        self.words = body.words
        self.budget = budget
        self.depth = depth
        self.registers: dict[int, Value] = {}
        places, width = parameter_places(signature)
        receivers = len(arguments) - len(places)
        first = body.registers - width
        for place, value in zip((*range(-receivers, 0), *places), arguments, strict=False):
            self.registers[first + place] = value

    def run(self) -> Value:
        words, registers, at = self.words, self.registers, 0
        result: Value = None
        while True:
            self.budget.now -= 1
            if self.budget.now < 0:
                raise StuckError
            word = words[at]
            op, high = word & 0xFF, word >> 8
            length = opcodes.LENGTH[op]
            if op in opcodes.INVOKE or op in opcodes.INVOKE_RANGE:
                result = self.invoke(at, op)
            elif op in (0x0A, 0x0B, 0x0C):
                registers[high] = result
            elif op in opcodes.RETURN:
                return None if op == 0x0E else registers[high]
            elif 0x28 <= op <= 0x2A:
                wide = op == 0x2A
                jump = signed(high, 8) if op == 0x28 else signed(words[at + 1], 16)
                at += signed(words[at + 1] | words[at + 2] << 16, 32) if wide else jump
                continue
            elif op in (opcodes.PACKED_SWITCH, opcodes.SPARSE_SWITCH):
                at += self.switch(at, self.number(high)) or length
                continue
            elif op in opcodes.IF:
                if self.holds(op, high):
                    at += signed(words[at + 1], 16)
                    continue
            else:
                self.step(at, op, high)
            at += length

    # ------------------------------------------------------------------------ instructions

    def step(self, at: int, op: int, high: int) -> None:
        words, registers = self.words, self.registers
        if op == opcodes.NOP or op == 0x1F:  # a cast that fails would end the method
            return
        if 0x01 <= op <= 0x09:
            to, source = self.moved(at, op, high)
            registers[to] = registers[source]
        elif 0x12 <= op <= 0x1B:
            registers[high & 15 if op == 0x12 else high] = self.constant(at, op)
        elif op == 0x21:
            registers[high & 15] = len(self.array(high >> 4).items)
        elif op == opcodes.NEW_INSTANCE:
            kind = self.program.type(words[at + 1])
            if kind not in models.BUILDERS and kind != STRING:
                raise StuckError
            registers[high] = Text(kind)
        elif op == 0x23:
            kind, size = self.program.type(words[at + 1]), self.number(high >> 4)
            if not 0 <= size <= MAX_ARRAY:
                raise StuckError
            registers[high & 15] = Array(kind, [0 if kind in ELEMENTS else None] * size)
        elif op == opcodes.FILL_ARRAY_DATA:
            payload = at + signed(words[at + 1] | words[at + 2] << 16, 32)
            array = self.array(high)
            filled = array_data(words, payload, array.kind)
            array.items[: len(filled)] = filled
        elif 0x44 <= op <= 0x4A:
            registers[high] = self.element(words[at + 1])
        elif 0x4B <= op <= 0x51:
            self.store(words[at + 1], registers[high])
        elif 0x60 <= op <= 0x66:
            registers[high] = self.program.static_value(words[at + 1])
        elif op == 0x31:
            left, right = self.number(words[at + 1] & 0xFF), self.number(words[at + 1] >> 8)
            registers[high] = (left > right) - (left < right)
        elif 0x7B <= op <= 0x8F:
            registers[high & 15] = self.converted(op, self.number(high >> 4))
        else:
            self.arithmetic(at, op, high)

    def moved(self, at: int, op: int, high: int) -> tuple[int, int]:
        form = (op - 1) % 3
        if form == 0:
            return high & 15, high >> 4
        return (high, self.words[at + 1]) if form == 1 else (self.words[at + 1], self.words[at + 2])

    def constant(self, at: int, op: int) -> Value:
        words = self.words
        if op <= 0x19:
            return literal(words, at, op)
        return self.program.string(words[at + 1] | (words[at + 2] << 16 if op == 0x1B else 0))

    def number(self, register: int) -> int:
        value = self.registers[register]
        if not isinstance(value, int):
            raise StuckError
        return value

    def array(self, register: int) -> Array:
        value = self.registers[register]
        if not isinstance(value, Array):
            raise StuckError
        return value

    def element(self, pair: int) -> Value:
        array, place = self.array(pair & 0xFF), self.number(pair >> 8)
        if not 0 <= place < len(array.items):
            raise StuckError
        return array.items[place]

    def store(self, pair: int, value: Value) -> None:
        array, place = self.array(pair & 0xFF), self.number(pair >> 8)
        if not 0 <= place < len(array.items):
            raise StuckError
        array.items[place] = narrowed(value, array.kind)

    def holds(self, op: int, high: int) -> bool:
        zero = op >= 0x38
        left = self.registers[high if zero else high & 15]
        right = 0 if zero else self.registers[high >> 4]
        if zero and (left is None or not isinstance(left, int)) and op in (0x38, 0x39):
            return (left is None) == (op == 0x38)
        if not isinstance(left, int) or not isinstance(right, int):
            raise StuckError
        test = (op - 0x32) % 6
        return (left == right, left != right, left < right, left >= right, left > right, left <= right)[test]

    def switch(self, at: int, value: int) -> int:
        """How far a switch jumps, 0 where no case fits."""
        words = self.words
        payload = at + signed(words[at + 1] | words[at + 2] << 16, 32)
        if payload < 0:
            raise StuckError
        kind, size = words[payload], words[payload + 1]

        def long(place: int) -> int:
            return signed(words[place] | words[place + 1] << 16, 32)

        if kind == 0x0100:
            case = value - long(payload + 2)
            return long(payload + 4 + 2 * case) if 0 <= case < size else 0
        for case in range(size):
            if long(payload + 2 + 2 * case) == value:
                return long(payload + 2 + 2 * (size + case))
        return 0

    def converted(self, op: int, value: int) -> int:
        known: dict[int, Callable[[int], int]] = {
            0x7B: lambda v: signed(-v, 32),
            0x7C: lambda v: ~v,
            0x7D: lambda v: signed(-v, 64),
            0x7E: lambda v: ~v,
            0x81: lambda v: v,
            0x84: lambda v: signed(v, 32),
            0x8D: lambda v: signed(v, 8),
            0x8E: lambda v: v & 0xFFFF,
            0x8F: lambda v: signed(v, 16),
        }
        if op not in known:
            raise StuckError
        return known[op](value)

    def arithmetic(self, at: int, op: int, high: int) -> None:
        words = self.words
        if 0x90 <= op <= 0xA5:
            to, left, right, number = high, words[at + 1] & 0xFF, words[at + 1] >> 8, op - 0x90
        elif 0xB0 <= op <= 0xC5:
            to, left, right, number = high & 15, high & 15, high >> 4, op - 0xB0
        elif 0xD0 <= op <= 0xD7:
            one, other = self.number(high >> 4), signed(words[at + 1], 16)
            self.registers[high & 15] = computed(op - 0xD0, one, other, 32, op == 0xD1)
            return
        elif 0xD8 <= op <= 0xE2:
            one, other = self.number(words[at + 1] & 0xFF), signed(words[at + 1] >> 8, 8)
            self.registers[high] = computed(op - 0xD8, one, other, 32, op == 0xD9)
            return
        else:
            raise StuckError
        bits = 32 if number < 11 else 64
        self.registers[to] = computed(number % 11, self.number(left), self.number(right), bits, False)

    # ------------------------------------------------------------------------------- calls

    def invoke(self, at: int, op: int) -> Value:
        owner, name, signature = self.program.method(self.words[at + 1])
        static = opcodes.invoke_kind(op) == opcodes.INVOKE_STATIC
        receiver, parameters = by_parameter(invoked(self.words, at), signature, static)
        arguments = [self.registers[r] for r in ([] if receiver is None else [receiver]) + parameters]
        if static:
            found = self.program.callee(self.words[at + 1])
            if found is not None:
                return _Frame(*found, arguments, signature, self.budget, self.depth + 1).run()
        if receiver is not None and isinstance(arguments[0], Text):
            return self.on_text(arguments[0], name, signature, arguments[1:])
        special = SPECIAL.get((owner, name))
        if special is not None:
            return special(arguments)
        model = models.MODELS.get((owner, name, signature)) or models.MODELS.get((owner, name, None))
        if model is None:
            raise StuckError
        result = from_constant(model([constant(a) for a in arguments]), signature.rpartition(")")[2])
        if result is None:
            raise StuckError
        return result

    def on_text(self, made: Text, name: str, signature: str, arguments: list[Value]) -> Value:
        if made.kind == STRING:
            if name != "<init>":
                raise StuckError
            text = string_of(arguments, signature)
            for register, value in self.registers.items():
                if value is made:
                    self.registers[register] = text
            return None
        plain = [constant(a) for a in arguments]
        if name == "<init>":
            after = models.builder_start(signature, plain)
        elif name == "append":
            after = models.builder_append(signature, made.text, plain)
        elif name == "toString":
            return made.text
        elif name == "length":
            return len(made.text)
        elif name == "charAt":
            return ord(made.text[place_in(arguments[0], made.text)])
        elif name == "reverse":
            after = made.text[::-1]
        else:
            raise StuckError
        if after is None:
            raise StuckError
        made.text = after
        return made

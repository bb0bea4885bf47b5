"""Constants in the registers of one method, followed over its basic blocks.

Where control flows together only what both sides agree on is kept; exception handlers know nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from typing import Final, Protocol, TypeAlias

from appaudit.dex import machine_values as mv
from appaudit.dex import models, opcodes
from appaudit.dex.blocks import (
    Method,
    basic_blocks,
    by_parameter,
    invoked,
    leading_to,
    literal,
    parameter_types,
    signed,
)
from appaudit.dex.models import ClassConstant, Constant
from appaudit.dex.registers import (
    MAX_ARRAY,
    Builder,
    Pending,
    Register,
    State,
    argument,
    fill,
    filled,
    forget,
    moved,
    plain,
    store,
)

MAX_VISITS: Final = 12
"""Average visits a block before a method is given up on; agreement is reached long before."""
MAX_INSTRUCTIONS: Final = 60_000


class Names(Protocol):
    """What the tables of the dex say about an operand. ``modelled``: whether the method is one of a class
    of `appaudit.dex.models`."""

    def string(self, index: int) -> str: ...

    def type(self, index: int) -> str: ...

    def static_field(self, index: int) -> Constant | None: ...

    def method(self, index: int) -> tuple[str, str, str]: ...

    def modelled(self, index: int) -> bool: ...

    def instance_field(self, index: int) -> Constant | None: ...

    def runs(self, index: int) -> bool:
        """Whether a method of the app can be run on constants, by `run`."""
        ...

    def run(self, index: int, arguments: list[mv.Value]) -> Constant | None: ...


Visit: TypeAlias = Callable[[int, State], None]


def _destinations() -> tuple[bytes, frozenset[int]]:
    kinds = bytearray(256)
    four = [
        0x01,
        0x04,
        0x07,
        0x12,
        0x20,
        0x21,
        0x23,
        *range(0x52, 0x59),
        *range(0x7B, 0x90),
        *range(0xB0, 0xD8),
    ]
    eight = [0x02, 0x05, 0x08, *range(0x0A, 0x0E), *range(0x13, 0x1D), 0x22, *range(0x2D, 0x32)]
    eight += [*range(0x44, 0x4B), *range(0x60, 0x67), *range(0x90, 0xB0), *range(0xD8, 0xE3), 0xFE, 0xFF]
    for op in four:
        kinds[op] = 1
    for op in eight:
        kinds[op] = 2
    for op in (0x03, 0x06, 0x09):
        kinds[op] = 3
    wide = [0x04, 0x05, 0x06, 0x0B, *range(0x16, 0x1A), 0x45, 0x53, 0x61, 0x7D, 0x7E, 0x80, 0x81, 0x83, 0x86]
    wide += [0x88, 0x89, 0x8B, *range(0x9B, 0xA6), *range(0xAB, 0xB0), *range(0xBB, 0xC6), *range(0xCB, 0xD0)]
    return bytes(kinds), frozenset(wide)


_IS_INVOKE: Final = bytes(op in opcodes.INVOKE or op in opcodes.INVOKE_RANGE for op in range(256))
DESTINATION, WIDE = _destinations()
"""Where an instruction writes: 1 in vA, 2 in vAA, 3 in vAAAA, 0 nowhere; and which write two registers."""

_INT: Final[Mapping[int, Callable[[int, int], int]]] = {
    0: int.__add__,
    1: int.__sub__,
    2: int.__mul__,
    5: int.__and__,
    6: int.__or__,
    7: int.__xor__,
    8: lambda a, b: a << (b & 31),
    9: lambda a, b: a >> (b & 31),
}


def run(
    method: Method, names: Names, watched: frozenset[int], visit: Visit, start: State | None = None
) -> None:
    """Calls ``visit(offset, state before)`` for each watched instruction that control can reach.

    An instruction may be visited several times; the last time its state is the final one. ``start``: what the
    registers hold at first.
    """
    blocks, successors, lost = basic_blocks(method)
    if not blocks:
        return
    leaders = list(blocks)
    leading = leading_to(watched, leaders, successors)
    entry: dict[int, State] = {leaders[0]: dict(start or {})}
    for handler in lost:
        entry[handler] = {}
    queue = sorted(leading & entry.keys())
    queued = set(queue)
    budget = MAX_VISITS * len(leaders)
    hopeless = len(method.starts) > MAX_INSTRUCTIONS
    while queue:
        leader = heapq.heappop(queue)
        queued.discard(leader)
        budget -= 1
        if budget < 0 and not hopeless:
            hopeless = True
            # No agreement in sight: nothing is known at any block's start, each is visited once more.
            entry = {leader: {} for leader in leaders}
            queue, queued = sorted(leading), set(leading)
            continue
        state = dict(entry[leader])
        after = [f for f in successors[leader] if f in leading]
        first, end = blocks[leader]
        if not after:  # nobody asks what lies behind the last watched instruction
            while method.starts[end - 1] not in watched:
                end -= 1
        _block(method, names, method.starts[first:end], state, watched, visit)
        for following in after:
            known = entry.get(following)
            if known is None:
                entry[following] = {} if hopeless else dict(state)
            elif not known:
                continue
            else:
                kept = {r: v for r, v in known.items() if r in state and _equal(state[r], v)}
                if len(kept) == len(known):
                    continue
                entry[following] = kept
            if following not in queued:
                queued.add(following)
                heapq.heappush(queue, following)


def _equal(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


def _block(
    method: Method,
    names: Names,
    starts: list[int],
    state: State,
    watched: frozenset[int],
    visit: Visit,
) -> None:
    """Steps ``state`` through the instructions of a block."""
    words = method.words
    result: Register | None = None
    for at in starts:
        if at in watched:
            visit(at, state)
        word = words[at]
        op = word & 0xFF
        if _IS_INVOKE[op]:
            result = _invoke(words, at, op, names, state)
            continue
        value: Register | None = None
        kind = DESTINATION[op]
        if kind == 0:
            if 0x4B <= op <= 0x51:  # aput
                store(words, at, op, state)
            elif op in (0x24, 0x25):  # filled-new-array
                result = filled(words, at, state)
            elif op == opcodes.FILL_ARRAY_DATA:
                fill(words, at, state)
            elif op in opcodes.INVOKE_POLYMORPHIC or op in opcodes.INVOKE_CUSTOM:
                for register in invoked(words, at):
                    forget(state, state.get(register))
                result = None
            elif 0x59 <= op <= 0x6D:  # a builder kept in a field may be changed from anywhere
                forget(state, state.get(word >> 8 & 15 if op < 0x60 else word >> 8))
            continue
        destination = word >> 8 & 15 if kind == 1 else word >> 8 if kind == 2 else words[at + 1]
        if op == 0x0C or op == 0x0A or op == 0x0B:
            value, result = result, None
        elif 0x12 <= op <= 0x1C:
            value = constant(words, at, op, names)
        elif op <= 0x09:
            source = word >> 12 if kind == 1 else words[at + 1] if kind == 2 else words[at + 2]
            value = moved(state, source)
        elif op == opcodes.NEW_INSTANCE:
            value = _new(names.type(words[at + 1]), at, state)
        elif op == 0x23:  # new-array
            size = state.get(word >> 12)
            type_ = names.type(words[at + 1])
            numbers = type_ in mv.ELEMENTS
            if isinstance(size, int) and 0 <= size <= (mv.MAX_ARRAY if numbers else MAX_ARRAY):
                value = Builder(at, type_ if numbers else "")
                state[~at] = (0 if numbers else None,) * size
        elif 0x60 <= op <= 0x66:
            value = names.static_field(words[at + 1])
        elif 0x52 <= op <= 0x58:
            value = names.instance_field(words[at + 1])
        elif 0x90 <= op <= 0x9A or 0xB0 <= op <= 0xBA or 0xD0 <= op <= 0xE2:
            value = _arithmetic(words, at, op, state)
        if value is None:
            state.pop(destination, None)
        else:
            state[destination] = value
        if op in WIDE:
            state.pop(destination + 1, None)


def constant(words: list[int], at: int, op: int, names: Names) -> Constant | None:
    """What a ``const`` instruction (opcodes 0x12 to 0x1c) writes."""
    if op == opcodes.CONST_STRING:
        return names.string(words[at + 1])
    if op == opcodes.CONST_STRING_JUMBO:
        return names.string(words[at + 1] | words[at + 2] << 16)
    if op == opcodes.CONST_CLASS:
        return ClassConstant(names.type(words[at + 1]))
    return literal(words, at, op)


def _new(type_: str, at: int, state: State) -> Register | None:
    if type_ in models.BUILDERS:
        state.pop(~at, None)
        return Builder(at)
    return Pending(at) if type_ == "Ljava/lang/String;" else None


def _arithmetic(words: list[int], at: int, op: int, state: State) -> int | None:
    word = words[at]
    if op >= 0xD8:
        left, right, number = state.get(words[at + 1] & 0xFF), signed(words[at + 1] >> 8, 8), op - 0xD8
    elif op >= 0xD0:
        left, right, number = state.get(word >> 12), signed(words[at + 1], 16), op - 0xD0
    elif op >= 0xB0:
        left, right, number = state.get(word >> 8 & 15), state.get(word >> 12), op - 0xB0  # type: ignore[assignment]
    else:
        left, right, number = state.get(words[at + 1] & 0xFF), state.get(words[at + 1] >> 8), op - 0x90  # type: ignore[assignment]
    if not isinstance(left, int) or not isinstance(right, int) or number not in _INT:
        return None
    if op >= 0xD0 and number == 1:  # rsub-int
        left, right = right, left
    return signed(_INT[number](left, right), 32)


def _invoke(words: list[int], at: int, op: int, names: Names, state: State) -> Register | None:
    registers = invoked(words, at)
    if not names.modelled(words[at + 1]):
        decoded = _run(words, at, op, names, state) if names.runs(words[at + 1]) else None
        for register in registers:
            if type(state.get(register)) is Builder:
                forget(state, state[register])
        return decoded
    owner, name, signature = names.method(words[at + 1])
    static = opcodes.invoke_kind(op) == opcodes.INVOKE_STATIC
    receiver, parameters = by_parameter(registers, signature, static)
    if owner in models.BUILDERS and receiver is not None:
        return _builder_call(state, receiver, parameters, name, signature)
    arguments = [plain(state, r) for r in parameters]
    if name == "<init>" and owner == "Ljava/lang/String;" and receiver is not None:
        made = state.get(receiver)
        text = models.string_from(arguments)
        for register in [r for r, v in state.items() if r >= 0 and v == made and isinstance(v, Pending)]:
            if text is None:
                state.pop(register, None)
            else:
                state[register] = text
        return None
    model = models.MODELS.get((owner, name, signature)) or models.MODELS.get((owner, name, None))
    if model is not None:
        try:
            result = model(arguments if receiver is None else [plain(state, receiver), *arguments])
        except (IndexError, ValueError):  # fewer registers than the method takes: corrupt code
            return None
        return None if isinstance(result, str | bytes) and len(result) > models.MAX_TEXT else result
    for register in registers:
        forget(state, state.get(register))
    return None


def _run(words: list[int], at: int, op: int, names: Names, state: State) -> Constant | None:
    """What a method of the app gives for constants."""
    _, _, signature = names.method(words[at + 1])
    static = opcodes.invoke_kind(op) == opcodes.INVOKE_STATIC
    _, parameters = by_parameter(invoked(words, at), signature, static)
    kinds = parameter_types(signature)
    arguments = [argument(state, r, kind) for r, kind in zip(parameters, kinds, strict=False)]
    if len(arguments) < len(kinds) or any(a is None for a in arguments):
        return None
    return names.run(words[at + 1], arguments if static else [None, *arguments])


def _builder_call(
    state: State, receiver: int, parameters: list[int], name: str, signature: str
) -> Register | None:
    builder = state.get(receiver)
    if not isinstance(builder, Builder):
        return None
    key = ~builder.place
    arguments = [plain(state, r) for r in parameters]
    text = state.get(key)
    after: str | None = None
    if name == "<init>":
        after = models.builder_start(signature, arguments)
    elif name == "toString":
        return text if isinstance(text, str) else None
    elif name == "append" and isinstance(text, str):
        after = models.builder_append(signature, text, arguments)
    elif name == "reverse" and isinstance(text, str):
        after = text[::-1]
    elif name in ("length", "charAt", "indexOf", "ensureCapacity", "trimToSize"):
        return None
    if after is None:
        state.pop(key, None)
    else:
        state[key] = after
    return builder

"""What registers hold while constants are followed: constants, builders, arrays, parameters."""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

from appaudit.dex import machine_values as mv
from appaudit.dex.blocks import invoked, signed
from appaudit.dex.models import Constant

MAX_ARRAY: Final = 64
"""Elements of an array that is followed element by element."""


class Builder(NamedTuple):
    """A StringBuilder or array by the place it was made; its content is in the state, at ``~place``.
    ``kind``: descriptor of an array of numbers, else empty."""

    place: int
    kind: str = ""


class Pending(NamedTuple):
    """A String that ``new-instance`` has made and no constructor has filled yet."""

    place: int


class Parameter(NamedTuple):
    """What the method was called with: parameter ``number``, without the receiver."""

    number: int


Register: TypeAlias = "Constant | Builder | Pending | Parameter"
Content: TypeAlias = "str | tuple[Constant | None, ...]"
State: TypeAlias = "dict[int, Register | Content]"
"""Register values by number, contents of builders and arrays at ``~place``. Absent: not constant."""


def moved(state: State, register: int) -> Register | None:
    value = state.get(register)
    return None if isinstance(value, tuple) and type(value) is tuple else value  # type: ignore[return-value]


def forget(state: State, value: object) -> None:
    if isinstance(value, Builder):
        state.pop(~value.place, None)


def store(words: list[int], at: int, op: int, state: State) -> None:
    array, index = state.get(words[at + 1] & 0xFF), state.get(words[at + 1] >> 8)
    if not isinstance(array, Builder):
        return
    content = state.get(~array.place)
    if type(content) is tuple and isinstance(index, int) and 0 <= index < len(content) <= MAX_ARRAY:
        value = plain(state, words[at] >> 8) if op != 0x4C else None
        state[~array.place] = (*content[:index], value, *content[index + 1 :])
    else:
        state.pop(~array.place, None)


def fill(words: list[int], at: int, state: State) -> None:
    """fill-array-data"""
    array = state.get(words[at] >> 8)
    if not isinstance(array, Builder):
        return
    payload = at + signed(words[at + 1] | words[at + 2] << 16, 32)
    content = state.get(~array.place)
    try:
        data = mv.array_data(words, payload, array.kind)
    except (mv.StuckError, IndexError):
        data = []
    if data and type(content) is tuple and len(data) <= len(content):
        state[~array.place] = (*(d for d in data if isinstance(d, int)), *content[len(data) :])
    else:
        state.pop(~array.place, None)


def filled(words: list[int], at: int, state: State) -> Register:
    state[~at] = tuple(plain(state, r) for r in invoked(words, at))
    return Builder(at)


def plain(state: State, register: int | None) -> Constant | None:
    """The constant in a register; a builder as its text, an array of strings as these joined by a space, one
    of bytes as bytes, one of characters as their text."""
    value = state.get(register) if register is not None else None
    if isinstance(value, Builder):
        kind, value = value.kind, state.get(~value.place)
        if type(value) is tuple:
            if kind:
                numbers = [v for v in value if isinstance(v, int)]
                if len(numbers) < len(value) or kind not in ("[B", "[C"):
                    return None
                return mv.constant(mv.Array(kind, [mv.narrowed(n, kind) for n in numbers]))
            if not all(isinstance(v, str) for v in value):
                return None
            return " ".join(str(v) for v in value)
    if isinstance(value, Pending | Parameter) or type(value) is tuple:
        return None
    return value  # type: ignore[return-value]


def argument(state: State, register: int, kind: str) -> mv.Value:
    """What a register holds, as a parameter of the type ``kind`` takes it; None where not constant."""
    value = state.get(register)
    if isinstance(value, Builder):
        content = state.get(~value.place)
        if value.kind != kind or type(content) is not tuple or not all(isinstance(v, int) for v in content):
            return None
        return mv.Array(kind, [mv.narrowed(v, kind) for v in content if isinstance(v, int)])
    return mv.from_constant(plain(state, register), kind)

"""The values that `appaudit.dex.machine` works on, and what a few framework methods make of them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from appaudit.dex import models
from appaudit.dex.blocks import parameter_types, signed
from appaudit.dex.models import Constant, FieldConstant

MAX_ARRAY: Final = 16_384
STRING: Final = "Ljava/lang/String;"
TEXTS: Final = frozenset({STRING, "Ljava/lang/CharSequence;", "Ljava/lang/Object;"})
ELEMENTS: Final = {"[B": 8, "[C": 16, "[S": 16, "[I": 32, "[J": 64, "[Z": 8}
"""Bits of the elements of arrays."""


class StuckError(Exception):
    """The method does something that is not followed."""


@dataclass(slots=True, eq=False)
class Array:
    """An array by its type's descriptor."""

    kind: str
    items: list[Value]


@dataclass(slots=True, eq=False)
class Text:
    """A string builder, or a string that no constructor has filled yet."""

    kind: str
    text: str = ""


Value: TypeAlias = "int | str | Array | Text | FieldConstant | None"


def constant(value: Value) -> Constant | None:
    """A value as the models take it: arrays of bytes as bytes, of characters as text."""
    if isinstance(value, Array):
        if value.kind == "[B":
            return bytes(v & 0xFF for v in value.items if isinstance(v, int))
        if value.kind == "[C":
            return "".join(chr(v) for v in value.items if isinstance(v, int))
        return None
    return None if isinstance(value, Text) else value


def from_constant(value: Constant | None, kind: str) -> Value:
    """A constant as a value of the type ``kind``: bytes and text may be arrays."""
    if isinstance(value, bytes):
        return Array("[B", [signed(b, 8) for b in value])
    if isinstance(value, str):
        if not value.isascii() and any(ord(c) > 0xFFFF for c in value):
            return None  # two characters to the platform
        return Array("[C", [ord(c) for c in value]) if kind == "[C" else value
    return value if isinstance(value, int | FieldConstant) else None


def narrowed(value: Value, kind: str) -> Value:
    """A value as an array of ``kind`` keeps it."""
    if kind in ELEMENTS and isinstance(value, int):
        return value & 0xFFFF if kind == "[C" else signed(value, ELEMENTS[kind])
    return value


def array_data(words: list[int], payload: int, kind: str) -> list[Value]:
    """The elements of a fill-array-data payload."""
    if payload < 0 or words[payload] != 0x0300:
        raise StuckError
    width, count = words[payload + 1], words[payload + 2] | words[payload + 3] << 16
    form = {1: "b", 2: "h", 4: "i", 8: "q"}.get(width)
    if form is None or count > MAX_ARRAY or payload + 4 + (width * count + 1) // 2 > len(words):
        raise StuckError
    units = words[payload + 4 : payload + 4 + (width * count + 1) // 2]
    raw = struct.pack(f"<{len(units)}H", *units)[: width * count]
    return [narrowed(v, kind) for v in struct.unpack(f"<{count}{form}", raw)]


def computed(number: int, left: int, right: int, bits: int, reversed_: bool) -> int:
    if reversed_:  # rsub-int
        left, right = right, left
    if number in (3, 4):  # towards zero
        quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        return signed(quotient if number == 3 else left - quotient * right, bits)
    shift = right & (bits - 1)
    if number == 10:
        return signed((left & ((1 << bits) - 1)) >> shift, bits)
    if number in (8, 9):
        return signed(left << shift if number == 8 else left >> shift, bits)
    both: dict[int, Callable[[int, int], int]] = {
        0: int.__add__, 1: int.__sub__, 2: int.__mul__, 5: int.__and__, 6: int.__or__, 7: int.__xor__,
    }  # fmt: skip
    return signed(both[number](left, right), bits)


def place_in(value: Value, text: str) -> int:
    if not isinstance(value, int) or not 0 <= value < len(text):
        raise StuckError
    return value


def string_of(arguments: list[Value], signature: str) -> str:
    """``new String(…)``."""
    kinds = parameter_types(signature)
    plain = [constant(a) for a in arguments]
    if kinds == ("[C", "I", "I") and isinstance(plain[0], str):
        start, count = plain[1], plain[2]
        if isinstance(start, int) and isinstance(count, int) and 0 <= start <= start + count <= len(plain[0]):
            return plain[0][start : start + count]
        raise StuckError
    if kinds[1:] in (("Ljava/lang/String;",), ("Ljava/nio/charset/Charset;",)):
        if not _is_utf8(plain[1], plain[0]):
            raise StuckError
        plain = plain[:1]
    text = models.string_from(plain)
    if text is None:
        raise StuckError
    return text


def _is_utf8(charset: Constant | None, data: Constant | None) -> bool:
    """Whether a charset is UTF-8, or does not matter for plain ASCII."""
    name = charset.descriptor if isinstance(charset, FieldConstant) else charset
    if not isinstance(name, str):
        return False
    utf8 = name.upper().replace("-", "").replace("_", "") in ("UTF8",) or "->UTF_8:" in name
    ascii_ = isinstance(data, bytes) and data.isascii() and "16" not in name
    return utf8 or ascii_


def _char_at(arguments: list[Value]) -> Value:
    text = arguments[0]
    if not isinstance(text, str):
        raise StuckError
    return ord(text[place_in(arguments[1], text)])


def _copy(arguments: list[Value]) -> Value:
    source, start, target, to, count = arguments
    if not isinstance(source, Array) or not isinstance(target, Array):
        raise StuckError
    if not isinstance(start, int) or not isinstance(to, int) or not isinstance(count, int):
        raise StuckError
    inside = 0 <= start <= start + count <= len(source.items) and 0 <= to <= to + count <= len(target.items)
    if not inside:
        raise StuckError
    target.items[to : to + count] = source.items[start : start + count]
    return None


def _parse(arguments: list[Value]) -> Value:
    text, base = arguments[0], arguments[1] if len(arguments) > 1 else 10
    if not isinstance(text, str) or not isinstance(base, int) or not 2 <= base <= 36 or len(text) > 20:
        raise StuckError
    if not text.lstrip("+-").isalnum() or not text.isascii():
        raise StuckError
    number = int(text, base)
    if signed(number, 32) != number:
        raise StuckError
    return number


def _digit(arguments: list[Value]) -> Value:
    character, base = arguments
    if not isinstance(character, int) or not isinstance(base, int) or not 0 <= character < 128:
        raise StuckError
    digit = "0123456789abcdefghijklmnopqrstuvwxyz".find(chr(character).lower())
    return digit if 0 <= digit < base else -1


def _clone(arguments: list[Value]) -> Value:
    if not isinstance(arguments[0], Array):
        raise StuckError
    return Array(arguments[0].kind, list(arguments[0].items))


SPECIAL: Final[dict[tuple[str, str], Callable[[list[Value]], Value]]] = {
    (STRING, "charAt"): _char_at,
    ("Ljava/lang/System;", "arraycopy"): _copy,
    ("Ljava/lang/Integer;", "parseInt"): _parse,
    ("Ljava/lang/Character;", "digit"): _digit,
    ("[B", "clone"): _clone,
    ("[C", "clone"): _clone,
    ("[I", "clone"): _clone,
}

"""Encoded values: what static fields start with, and annotation elements.

https://source.android.com/docs/core/runtime/dex-format#encoding
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from appaudit.dex import leb
from appaudit.dex.errors import DexError

if TYPE_CHECKING:
    from appaudit.dex.dex import Dex

Value: TypeAlias = "str | int | float | bool | tuple[Value, ...] | Annotation | MethodHandle | None"
"""Strings as text; types, fields, methods and enums as descriptors."""

MAX_DEPTH = 16


class MethodHandle(NamedTuple):
    """A method handle by its index."""

    number: int


class Annotation(NamedTuple):
    """An annotation: its type's descriptor and its elements."""

    type: str
    elements: tuple[tuple[str, Value], ...]


def read_array(dex: Dex, offset: int) -> tuple[Value, ...]:
    """The encoded array at ``offset``. Raises DexError where it is corrupt."""
    return _Reader(dex, offset).array(0)


def read_annotation(dex: Dex, offset: int) -> Annotation:
    """The encoded annotation at ``offset`` (behind the visibility byte of an annotation item)."""
    return _Reader(dex, offset).annotation(0)


class _Reader:
    def __init__(self, dex: Dex, offset: int) -> None:
        self._dex = dex
        self._at = offset

    def _uleb(self) -> int:
        try:
            value, self._at = leb.read(self._dex.data, self._at)
        except (IndexError, ValueError) as error:
            raise DexError("An encoded value is corrupt.") from error
        return value

    def array(self, depth: int) -> tuple[Value, ...]:
        size = self._uleb()
        if size > len(self._dex.data) - self._at:
            raise DexError("An encoded array is longer than the file.")
        return tuple(self.value(depth + 1) for _ in range(size))

    def annotation(self, depth: int) -> Annotation:
        name = self._dex.type_descriptor(self._uleb())
        size = self._uleb()
        if size > len(self._dex.data) - self._at:
            raise DexError("An annotation is longer than the file.")
        return Annotation(
            name, tuple((self._dex.strings.text(self._uleb()), self.value(depth + 1)) for _ in range(size))
        )

    def value(self, depth: int) -> Value:
        if depth > MAX_DEPTH:
            raise DexError("Encoded values are nested too deeply.")
        data, dex = self._dex.data, self._dex
        if self._at >= len(data):
            raise DexError("An encoded value lies outside the file.")
        head = data[self._at]
        self._at += 1
        kind, argument = head & 0x1F, head >> 5
        if kind == 0x1C:
            return self.array(depth)
        if kind == 0x1D:
            return self.annotation(depth)
        if kind == 0x1E:
            return None
        if kind == 0x1F:
            return bool(argument)
        raw = data[self._at : self._at + argument + 1]
        self._at += argument + 1
        if len(raw) <= argument:
            raise DexError("An encoded value lies outside the file.")
        if kind in (0x00, 0x02, 0x04, 0x06):
            return int.from_bytes(raw, "little", signed=True)
        if kind == 0x10:
            return float(struct.unpack("<f", raw.rjust(4, b"\0")[-4:])[0])
        if kind == 0x11:
            return float(struct.unpack("<d", raw.rjust(8, b"\0")[-8:])[0])
        number = int.from_bytes(raw, "little")
        if kind == 0x03:
            return number
        if kind == 0x15:
            return dex.proto_descriptor(number)
        if kind == 0x17:
            return dex.strings.text(number)
        if kind == 0x18:
            return dex.type_descriptor(number)
        if kind in (0x19, 0x1B):
            return dex.field_descriptor(number)
        if kind == 0x1A:
            return dex.method_descriptor(number)
        if kind == 0x16:
            return MethodHandle(number)
        raise DexError(f"Encoded value of unknown type {kind:#04x}.")

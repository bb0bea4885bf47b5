"""An XML tree as the manifest and resource XML readers (binary, protobuf, text) hand it over."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

ANDROID = "http://schemas.android.com/apk/res/android"

REFERENCE, ATTRIBUTE_REFERENCE, STRING, FLOAT = 0x01, 0x02, 0x03, 0x04
DIMENSION, FRACTION, DYNAMIC_REFERENCE = 0x05, 0x06, 0x07
INT_DEC, INT_HEX, BOOLEAN = 0x10, 0x11, 0x12
COLORS = range(0x1C, 0x20)
"""Res_value.dataType of the platform's ResourceTypes.h."""


@dataclass(frozen=True, slots=True)
class Value:
    """An attribute's value: ``type`` as in Res_value, ``data`` its 32 bits, ``text`` the string if one."""

    type: int
    data: int
    text: str | None = None

    @property
    def is_reference(self) -> bool:
        return self.type in (REFERENCE, DYNAMIC_REFERENCE) and self.data != 0

    @property
    def integer(self) -> int | None:
        """The number, also where it is written as text; None where there is none of 32 bits."""
        if self.type >= INT_DEC:
            return self.data - (1 << 32) if self.data & 0x80000000 else self.data
        if self.text is not None:
            try:
                number = int(self.text.strip(), 0)
            except ValueError:
                return None
            return number if -(1 << 31) <= number < 1 << 32 else None
        return None

    @property
    def boolean(self) -> bool | None:
        if self.type == STRING:
            return {"true": True, "false": False}.get((self.text or "").strip().lower())
        number = self.integer
        return None if number is None else number != 0

    @property
    def string(self) -> str:
        """The value as the platform coerces it to a string."""
        if self.text is not None:
            return self.text
        if self.type == BOOLEAN:
            return "true" if self.data else "false"
        if self.type in (REFERENCE, DYNAMIC_REFERENCE):
            return f"@{self.data:#010x}"
        if self.type == INT_HEX:
            return f"{self.data:#x}"
        if self.type == FLOAT:
            return str(struct.unpack("<f", struct.pack("<I", self.data))[0])
        if self.type in COLORS:
            return f"#{self.data:08x}"
        number = self.integer
        return "" if number is None else str(number)


@dataclass(slots=True)
class Element:
    """An element. ``attributes`` are keyed by plain name: for Android's namespace the name that the
    attribute's resource id stands for; ``plain`` are those without a namespace, ``foreign`` all others."""

    name: str
    attributes: dict[str, Value] = field(default_factory=dict)
    plain: dict[str, Value] = field(default_factory=dict)
    foreign: dict[tuple[str, str], Value] = field(default_factory=dict)
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def all(self, name: str) -> Iterator[Element]:
        """The children of this name."""
        return (child for child in self.children if child.name == name)

    def first(self, name: str) -> Element | None:
        return next(self.all(name), None)

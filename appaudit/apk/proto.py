"""Protobuf as app bundles use it: XML trees and the resource table of aapt2's Resources.proto."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from appaudit.apk.axml import MAX_DEPTH, MAX_NODES, XmlError, attribute_names
from appaudit.apk.xml import (
    ANDROID,
    BOOLEAN,
    DIMENSION,
    FLOAT,
    FRACTION,
    INT_DEC,
    INT_HEX,
    REFERENCE,
    STRING,
    Element,
    Value,
)

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_COLORS = {9: 0x1C, 10: 0x1D, 11: 0x1E, 12: 0x1F}
"""Primitive's colour fields and the Res_value types they stand for."""

Note = Callable[[str, str], None]


class ProtoError(Exception):
    """Bytes that are no protobuf message."""


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        if at >= len(data):
            raise ProtoError("a number ends early")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
    raise ProtoError("a number is too long")


def fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(field number, value) of a message in order: a number, or the bytes of a string or message."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        value: int | memoryview
        if kind == _VARINT:
            value, at = _varint(data, at)
        elif kind == _BYTES:
            length, at = _varint(data, at)
            value = data[at : at + length]
            at += length
        elif kind in (_FIXED32, _FIXED64):
            size = 4 if kind == _FIXED32 else 8
            value = int.from_bytes(data[at : at + size], "little")
            at += size
        else:
            raise ProtoError(f"wire type {kind}")
        if at > len(data):
            raise ProtoError("a field ends early")
        yield key >> 3, value


def _message(data: memoryview, number: int) -> memoryview | None:
    """The last submessage or string of this number."""
    found = None
    for field, value in fields(data):
        if field == number and isinstance(value, memoryview):
            found = value
    return found


def _number(data: memoryview, number: int) -> int:
    found = 0
    for field, value in fields(data):
        if field == number and isinstance(value, int):
            found = value
    return found


def _text(value: memoryview | int | None) -> str:
    return bytes(value).decode(errors="replace") if isinstance(value, memoryview) else ""


# ------------------------------------------------------------------------------------- xml


def read(data: bytes, note: Note) -> Element:
    """The root element of an XmlNode. Raises `XmlError` where there is none."""
    reader = _Reader(note)
    try:
        root = reader.node(memoryview(data), 0)
    except ProtoError as error:
        raise XmlError(f"it is no XML of an app bundle ({error})") from None
    if not isinstance(root, Element):
        raise XmlError("it holds no element")
    return root


class _Reader:
    def __init__(self, note: Note) -> None:
        self.note = note
        self.names = attribute_names()
        self.nodes = 0

    def node(self, data: memoryview, depth: int) -> Element | str:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise ProtoError(f"more than {MAX_NODES} elements or {MAX_DEPTH} levels")
        element = _message(data, 1)
        return _text(_message(data, 2)) if element is None else self.element(element, depth)

    def element(self, data: memoryview, depth: int) -> Element:
        element = Element("")
        for number, value in fields(data):
            if number == 3:
                element.name = _text(value)
            elif number == 4 and isinstance(value, memoryview):
                self.attribute(element, value)
            elif number == 5 and isinstance(value, memoryview):
                child = self.node(value, depth + 1)
                if isinstance(child, Element):
                    element.children.append(child)
                else:
                    element.text += child
        return element

    def attribute(self, element: Element, data: memoryview) -> None:
        namespace = name = text = ""
        resource = 0
        item: Value | None = None
        for number, value in fields(data):
            if number == 1:
                namespace = _text(value)
            elif number == 2:
                name = _text(value)
            elif number == 3:
                text = _text(value)
            elif number == 5 and isinstance(value, int):
                resource = value & 0xFFFFFFFF
            elif number == 6 and isinstance(value, memoryview):
                item = item_value(value)
        found = item or Value(STRING, 0, text)
        if resource:
            known = self.names.get(resource) or name
            if known != name and name:
                self.note("axml_attribute_name", f"{name!r} stands for {known!r}")
            element.attributes.setdefault(known, found)
        elif not namespace:
            element.plain.setdefault(name, Value(STRING, 0, text))
        else:
            if namespace == ANDROID:
                self.note("axml_attribute_without_id", f"{name!r} in <{element.name}> has no resource id")
            element.foreign.setdefault((namespace, name), found)


def item_value(data: memoryview) -> Value | None:
    """An Item as a value; None for what is none of text, number, reference and file."""
    for number, value in fields(data):
        if not isinstance(value, memoryview):
            continue
        if number == 1:
            return Value(REFERENCE, _number(value, 2) & 0xFFFFFFFF)
        if number in (2, 3, 4, 5):  # String, RawString, StyledString, FileReference: field 1 is the text
            return Value(STRING, 0, _text(_message(value, 1)))
        if number == 7:
            return _primitive(value)
    return None


def _primitive(data: memoryview) -> Value | None:
    for number, value in fields(data):
        raw = value & 0xFFFFFFFF if isinstance(value, int) else 0
        if number == 6:
            return Value(INT_DEC, raw)
        if number == 7:
            return Value(INT_HEX, raw)
        if number == 8:
            return Value(BOOLEAN, 0xFFFFFFFF if raw else 0)
        if number in _COLORS:
            return Value(_COLORS[number], raw)
        if number in (3, 13, 14):
            return Value({3: FLOAT, 13: DIMENSION, 14: FRACTION}[number], raw)
    return None


# ------------------------------------------------------------------------------- resources


class ProtoResources:
    """The resource table of a bundle's module (resources.pb). Same lookups as `arsc.Resources`."""

    def __init__(self, data: bytes, note: Note) -> None:
        self._values: dict[int, list[Value]] = {}
        try:
            self._index(memoryview(data))
        except ProtoError as error:
            note("arsc_damaged", f"the resource table cannot be read to its end ({error})")

    def _index(self, data: memoryview) -> None:
        for package in _messages(data, 2):
            package_id = _number(_message(package, 1) or memoryview(b""), 1)
            for kind in _messages(package, 3):
                type_id = _number(_message(kind, 1) or memoryview(b""), 1)
                for entry in _messages(kind, 3):
                    entry_id = _number(_message(entry, 1) or memoryview(b""), 1)
                    found = []
                    for config_value in _messages(entry, 6):
                        item = _message(_message(config_value, 2) or memoryview(b""), 4)
                        value = item_value(item) if item is not None else None
                        if value is not None:
                            found.append((bool(_message(config_value, 1)), value))
                    if found:
                        found.sort(key=lambda pair: pair[0])
                        resource = (package_id & 0xFF) << 24 | (type_id & 0xFF) << 16 | entry_id & 0xFFFF
                        self._values[resource] = [value for _, value in found]

    def values(self, resource: int) -> list[Value]:
        """The values of a resource, the default configuration's first; references are not followed."""
        return self._values.get(resource, [])

    def strings(self) -> Iterator[str]:
        """Every text of the table."""
        for values in self._values.values():
            for value in values:
                if value.text:
                    yield value.text


def _messages(data: memoryview, number: int) -> Iterator[memoryview]:
    for field, value in fields(data):
        if field == number and isinstance(value, memoryview):
            yield value

"""Binary XML (ResXMLTree), resolved as the platform does and forgiving where it is.

Attributes of Android's namespace are found by resource id, never by name; the value counts, not the
raw string beside it; and an attribute that stands behind one of a higher id is not seen, because
the platform walks both lists in order. Unknown chunks are skipped by their size.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path

import rtoml

from appaudit.apk.strings import StringPool
from appaudit.apk.xml import ANDROID, STRING, Element, Value

MAX_DEPTH = 256
MAX_NODES = 400_000
MAX_ATTRIBUTES = 200_000
MAX_OVERLAPPING = 64
"""Attributes read of an element whose records overlap."""

_CHUNK = struct.Struct("<HHI")
_ATTRIBUTE = struct.Struct("<IIIHBBI")
_POOL, _XML, _MAP = 0x0001, 0x0003, 0x0180
_START_NAMESPACE, _END_NAMESPACE, _START, _END, _CDATA = 0x0100, 0x0101, 0x0102, 0x0103, 0x0104
_NONE = 0xFFFFFFFF
_NULL = 0
"""The type of an attribute without a value, which the platform takes for absent."""

_FIRST_NODE, _LAST_NODE = 0x0100, 0x017F

REFUSED = frozenset(
    {
        *("axml_attribute_count", "axml_chunk_size", "axml_length_over", "axml_string_count"),
        *("axml_string_pool", "axml_too_large"),
    }
)
"""Shapes the platform's parser stops at; what else is noted it reads past."""


class XmlError(Exception):
    """Bytes that hold no element at all; the message says why in one sentence."""


@cache
def attribute_names() -> dict[int, str]:
    """Resource id → name of the attributes a manifest or a configuration XML may carry."""
    data = rtoml.loads((Path(__file__).parent / "attributes.toml").read_text(encoding="utf-8"))
    return {int(key, 16): name for key, name in data["attributes"].items()}


def read(data: bytes, note: Callable[[str, str], None]) -> Element:
    """The root element. ``note(id, detail)`` is told of shapes that make readers disagree.

    Raises `XmlError` where there is no element.
    """
    return _Reader(data, note).root()


class _Reader:
    def __init__(self, data: bytes, note: Callable[[str, str], None]) -> None:
        self.data = memoryview(data)
        self.note = note
        self.pool = StringPool(memoryview(b"\x01\x00\x1c\x00\x1c" + bytes(23)), lambda *_: None)
        self.ids: tuple[int, ...] = ()
        self.names = attribute_names()
        self.attributes = 0

    def root(self) -> Element:
        data, note = self.data, self.note
        if len(data) < 8:
            raise XmlError("it is shorter than a header")
        kind, header_size, size = _CHUNK.unpack_from(data)
        if kind != _XML:
            note("axml_magic", f"chunk type {kind:#06x} in place of 0x0003")
        if size != len(data):
            over = size > len(data)
            note("axml_length_over" if over else "axml_length", f"{size} bytes said, {len(data)} there")
        if header_size != 8:
            note("axml_header_size", f"file header of {header_size} bytes")
        end = min(size, len(data)) if size >= 8 else len(data)
        at = header_size if 8 <= header_size < end else 8
        return self._nodes(at, end)

    def _nodes(self, at: int, end: int) -> Element:
        data, note = self.data, self.note
        root: Element | None = None
        stack: list[Element] = []
        skipped = nodes = 0
        pools = 0
        started = False  # from the first node on the platform looks for nodes only
        while at + 8 <= end:
            kind, header_size, size = _CHUNK.unpack_from(data, at)
            if size < 8 or header_size < 8 or at + size > len(data):
                note("axml_chunk_size", f"chunk {kind:#06x} of {size} bytes at {at}")
                if at + size > len(data) and kind in (_POOL, _MAP, _START) and size >= 8:
                    size = len(data) - at
                else:
                    break
            elif (size | header_size) & 3 or header_size > size or (started and header_size < 16):
                note("axml_chunk_size", f"chunk {kind:#06x} of {size} bytes with a header of {header_size}")
            started = started or _FIRST_NODE <= kind <= _LAST_NODE
            chunk = data[at : at + size]
            if kind == _POOL and not started:
                pools += 1
                if pools > 1:
                    note("axml_second_pool", f"string pool number {pools} at {at}")
                self.pool = StringPool(chunk, note)
            elif kind == _MAP and not started:
                count = max(size - header_size, 0) // 4
                self.ids = struct.unpack_from(f"<{count}I", chunk, header_size) if count else ()
            elif kind == _START:
                nodes += 1
                if nodes > MAX_NODES or len(stack) >= MAX_DEPTH:
                    note("axml_too_large", f"more than {MAX_NODES} elements or {MAX_DEPTH} levels")
                    break
                element = self._element(at, size, header_size)
                if stack:
                    stack[-1].children.append(element)
                elif root is None:
                    root = element
                else:
                    note("axml_second_root", f"element {element.name} after the root")
                    break
                stack.append(element)
            elif kind == _END:
                if stack:
                    stack.pop()
            elif kind == _CDATA:
                if stack and len(chunk) >= header_size + 4:
                    (index,) = struct.unpack_from("<I", chunk, header_size)
                    stack[-1].text += self.pool[index] or ""
            elif kind not in (_START_NAMESPACE, _END_NAMESPACE):
                skipped += 1
            at += size
        if skipped:
            note("axml_junk_chunks", f"{skipped} chunks of unknown type")
        if root is None:
            raise XmlError("it holds no element")
        return root

    def _element(self, start: int, size: int, header_size: int) -> Element:
        data, note = self.data, self.note
        if header_size != 16:
            note("axml_header_size", f"element header of {header_size} bytes")
        at = start + header_size
        if header_size + 20 > size or at + 20 > len(data):
            note("axml_chunk_size", "an element shorter than its header")
            return Element("")
        _, name_index, first, each, count = struct.unpack_from("<IIHHH", data, at)
        element = Element(self.pool[name_index] or "")
        if not count:
            return element
        if each != _ATTRIBUTE.size:
            note("axml_attribute_size", f"attributes of {each} bytes")
        if first != 20:
            note("axml_attribute_start", f"attributes start at {first}")
        if first + each * count > size - header_size:
            note("axml_attribute_count", f"{count} attributes that do not fit")
        if each < _ATTRIBUTE.size:
            count = min(count, MAX_OVERLAPPING)
        at += first
        highest = 0
        for _ in range(count):
            self.attributes += 1
            if at + _ATTRIBUTE.size > len(data) or self.attributes > MAX_ATTRIBUTES:
                note("axml_attribute_count", f"{count} attributes that do not fit")
                break
            highest = max(highest, self._attribute(element, _ATTRIBUTE.unpack_from(data, at), highest))
            at += each  # as it is: records may overlap
        return element

    def _attribute(self, element: Element, record: tuple[int, ...], highest: int) -> int:
        """Adds one attribute; gives its resource id. ``highest`` is the highest id before it."""
        namespace_index, name_index, raw_index, size, _, kind, data = record
        if size != 8:
            self.note("axml_value_size", f"attribute value of {size} bytes")
        resource = self.ids[name_index] if name_index < len(self.ids) else 0
        text = self.pool[data] if kind == STRING else None
        if kind == STRING and raw_index not in (_NONE, data) and self.pool[raw_index] != text:
            self.note("axml_raw_value", f"{self.pool[raw_index]!r} beside {text!r}")
        elif kind == _NULL and self.pool[raw_index]:
            self.note("axml_raw_value", f"{self.pool[raw_index]!r} beside no value")
        if resource:
            written = self.pool[name_index]
            name = self.names.get(resource) or written or f"{resource:#010x}"
            if written != name and written:
                self.note("axml_attribute_name", f"{written!r} stands for {name!r}")
            if name in element.attributes:
                self.note("axml_duplicate_attribute", f"{name!r} occurs again in <{element.name}>")
            elif resource < highest:
                self.note("axml_attribute_order", f"{name!r} in <{element.name}> is out of order")
            else:
                element.attributes[name] = Value(kind, data, text)
            return resource
        name = self.pool[name_index] or ""
        namespace = self.pool[namespace_index] if namespace_index != _NONE else None
        if namespace == ANDROID:
            self.note("axml_attribute_without_id", f"{name!r} in <{element.name}> has no resource id")
        if namespace is None:
            # The platform's getAttributeValue(null, name) prefers the raw string.
            raw = self.pool[raw_index] if raw_index != _NONE else None
            value = Value(STRING, raw_index, raw) if raw is not None else Value(kind, data, text)
            element.plain.setdefault(name, value)
        else:
            element.foreign.setdefault((namespace, name), Value(kind, data, text))
        return 0

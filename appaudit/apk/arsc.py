"""The resource table (resources.arsc), as far as a reference in the manifest leads into it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from appaudit.apk.strings import StringPool
from appaudit.apk.xml import STRING, Value

_CHUNK = struct.Struct("<HHI")
_TABLE, _POOL, _PACKAGE, _TYPE = 0x0002, 0x0001, 0x0200, 0x0201
_SPARSE, _OFFSET16 = 1, 2
_COMPLEX, _COMPACT = 1, 8
_NO_ENTRY = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class _Type:
    """One configuration's entries of one resource type."""

    at: int
    header_size: int
    size: int
    default: bool


class Resources:
    """Looks resources up by id. Damaged parts give no value, never an error."""

    def __init__(self, data: bytes, note: Callable[[str, str], None]) -> None:
        self._data = memoryview(data)
        self._note = note
        self._pool: StringPool | None = None
        self._types: dict[int, list[_Type]] = {}
        try:
            self._index()
        except struct.error:
            note("arsc_damaged", "the resource table ends early")

    def _index(self) -> None:
        data = self._data
        table, first, _ = _CHUNK.unpack_from(data)
        if table != _TABLE:
            self._note("arsc_magic", f"chunk type {table:#06x} in place of 0x0002")
        for kind, at, size, header_size in self._chunks(first, len(data)):
            if kind == _POOL and self._pool is None:
                self._pool = StringPool(data[at : at + size], self._note)
            elif kind == _PACKAGE:
                (package,) = struct.unpack_from("<I", data, at + 8)
                for inner, start, length, inner_header in self._chunks(at + header_size, at + size):
                    if inner != _TYPE:
                        continue
                    (config_size,) = struct.unpack_from("<I", data, start + 20)
                    config = bytes(data[start + 24 : start + 20 + min(config_size, inner_header)])
                    entry = _Type(start, inner_header, length, not any(config))
                    self._types.setdefault((package & 0xFF) << 8 | data[start + 8], []).append(entry)

    def _chunks(self, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        while at + 8 <= end:
            kind, header_size, size = _CHUNK.unpack_from(self._data, at)
            if size < 8 or at + size > end:
                self._note("arsc_chunk_size", f"chunk {kind:#06x} of {size} bytes at {at}")
                if size < 8 or kind not in (_POOL, _PACKAGE):
                    return
                size = end - at
            yield kind, at, size, header_size
            at += size

    def values(self, resource: int) -> list[Value]:
        """The values of a resource, the default configuration's first; references are not followed."""
        found: list[tuple[bool, Value]] = []
        for part in self._types.get(resource >> 16, ()):
            try:
                value = self._entry(part, resource & 0xFFFF)
            except struct.error:
                self._note("arsc_damaged", f"resource {resource:#010x} lies outside the table")
                continue
            if value is not None:
                found.append((not part.default, value))
        return [value for _, value in sorted(found, key=lambda pair: pair[0])]

    def strings(self) -> Iterator[str]:
        """Every string of the table's own pool."""
        for index in range(len(self._pool) if self._pool else 0):
            text = self._pool[index] if self._pool else None
            if text:
                yield text

    def _entry(self, part: _Type, index: int) -> Value | None:
        data, at = self._data, part.at
        flags = data[at + 9]
        count, start = struct.unpack_from("<II", data, at + 12)
        table = at + part.header_size
        if flags & _SPARSE:
            count = min(count, (part.size - part.header_size) // 4)
            pairs = struct.unpack_from(f"<{2 * count}H", data, table)
            offset = next((4 * o for i, o in zip(pairs[::2], pairs[1::2], strict=True) if i == index), None)
        elif index >= count:
            return None
        elif flags & _OFFSET16:
            (short,) = struct.unpack_from("<H", data, table + 2 * index)
            offset = None if short == 0xFFFF else 4 * short
        else:
            (offset,) = struct.unpack_from("<I", data, table + 4 * index)
        if offset is None or offset == _NO_ENTRY:
            return None
        entry = at + start + offset
        size, entry_flags = struct.unpack_from("<HH", data, entry)
        if entry_flags & _COMPACT:
            kind = entry_flags >> 8
            (raw,) = struct.unpack_from("<I", data, entry + 4)
        elif entry_flags & _COMPLEX:
            return None
        else:
            _, _, kind, raw = struct.unpack_from("<HBBI", data, entry + size)
        text = self._pool[raw] if kind == STRING and self._pool else None
        return Value(kind, raw, text)

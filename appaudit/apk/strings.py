"""String pools of binary XML and resource tables (ResStringPool_header, UTF-8 and UTF-16)."""

from __future__ import annotations

import struct
from collections.abc import Callable

UTF8_FLAG = 0x100
_HEADER = struct.Struct("<HHIIIIII")
MAX_DECODED = 64 << 20
"""Characters read of one pool, more than real ones hold; strings may lie over each other, so that a small
pool could fill the memory."""


class StringPool:
    """A pool decoded lazily, by index. Indices and offsets that lead outside give None.

    ``note(id, detail)`` is told of shapes that make readers disagree.
    """

    __slots__ = ("_cache", "_data", "_end", "_left", "_note", "_offsets", "_start", "_utf8", "count")

    def __init__(self, data: memoryview, note: Callable[[str, str], None]) -> None:
        """``data`` is the chunk from its header to its end."""
        self._data = data
        self._note = note
        self._cache: dict[int, str | None] = {}
        self._left = MAX_DECODED
        self.count = 0
        self._offsets: memoryview | tuple[int, ...] = ()
        self._start = self._end = 0
        self._utf8 = False
        if len(data) < _HEADER.size:
            note("axml_string_pool", "the pool is shorter than its header")
            return
        _, header_size, _, count, styles, flags, start, styles_start = _HEADER.unpack_from(data)
        self._utf8 = bool(flags & UTF8_FLAG)
        if header_size != _HEADER.size:
            note("axml_header_size", f"string pool header of {header_size} bytes")
        room = max(len(data) - header_size, 0) // 4
        if count > room:
            note("axml_string_count", f"{count} strings where {room} fit")
            count = room
        self.count = count
        self._offsets = struct.unpack_from(f"<{count}I", data, header_size) if count else ()
        self._start = start
        self._end = len(data)
        if styles:
            if start < styles_start < len(data) - 2:
                self._end = styles_start
                if styles > room - count or bytes(data[-12:]) != b"\xff" * 12:
                    note("axml_style_count", f"{styles} styles that are not there")
            else:
                note("axml_string_pool", f"{styles} styles that start before the strings or after the end")
        if count and start >= len(data) - 2:
            note("axml_string_pool", "the strings start outside the pool")
        elif count and any(data[self._end - (1 if self._utf8 else 2) : self._end]):
            note("axml_string_pool", "the last string has no end")

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> str | None:
        if index in self._cache:
            return self._cache[index]
        value = None
        if self._left < 0:
            self._note("axml_string_overlap", f"more than {MAX_DECODED} characters; the rest is not read")
        elif 0 <= index < self.count:
            # The platform counts UTF-16 offsets in units: an odd one is rounded down.
            at = self._start + (self._offsets[index] if self._utf8 else self._offsets[index] & ~1)
            try:
                value = self._decode8(at) if self._utf8 else self._decode16(at)
            except (struct.error, IndexError):
                self._note("axml_string_offset", f"string {index} lies outside the pool")
            self._left -= len(value or "")
        self._cache[index] = value
        return value

    def _decode16(self, at: int) -> str:
        data = self._data
        (length,) = struct.unpack_from("<H", data, at)
        at += 2
        if length & 0x8000:
            (low,) = struct.unpack_from("<H", data, at)
            length = (length & 0x7FFF) << 16 | low
            at += 2
        end = at + 2 * length
        if end + 2 > self._end or bytes(data[end : end + 2]) != b"\0\0":
            self._note("axml_string_end", "a string does not end where its length says")
            end = min(end, self._end)
        return bytes(data[at:end]).decode("utf-16-le", "replace")

    def _decode8(self, at: int) -> str:
        data = self._data
        units = data[at]
        at += 1
        if units & 0x80:
            units = (units & 0x7F) << 8 | data[at]
            at += 1
        length = data[at]
        at += 1
        if length & 0x80:
            length = (length & 0x7F) << 8 | data[at]
            at += 1
        end = at + length
        if end >= self._end or data[end] != 0:
            # Lengths above 0x7fff do not fit: the platform looks on in steps of 0x8000 for the end.
            while end + 0x8000 < self._end and data[end] != 0:
                end += 0x8000
            if end >= self._end or data[end] != 0:
                self._note("axml_string_end", "a string does not end where its length says")
                end = min(at + length, self._end)
        raw = bytes(data[at:end])
        try:
            text = raw.decode()
        except UnicodeDecodeError:  # modified UTF-8: surrogates as three bytes each
            text = raw.decode("utf-8", "surrogatepass" if _surrogates(raw) else "replace")
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        if length == end - at and len(text) != units and len(text.encode("utf-16-le")) != 2 * units:
            self._note(
                "axml_string_length", "a string of another length than it says; the platform sees none"
            )
        return text


def _surrogates(raw: bytes) -> bool:
    try:
        raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True

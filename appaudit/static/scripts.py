"""Strings of compiled scripts, each by itself: Hermes bytecode, metadata of IL2CPP, .NET assemblies.

These store strings end to end, so that a search over the file runs on from one into the next. Layouts are
facts of Hermes (``BytecodeFileFormat.h``), of Unity's ``global-metadata.dat`` and of ECMA-335 (the #US heap).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from appaudit.dex.layout import Int64

HERMES = b"\xc6\x1f\xbc\x03\xc1\x03\x19\x1f"
"""How Hermes bytecode begins."""
IL2CPP = b"\xaf\x1b\xb1\xfa"
ASSEMBLY = b"MZ"
MAX_OVERLAP = 4
"""Times the bytes of its strings may add up to more than the file: they may share bytes."""

_HERMES_HEADER = 128
_FUNCTION_HEADERS = 16, 12
"""Bytes of a function's header, which versions differ in."""
_SMALL, _OVERFLOW = 4, 8
_IN_OVERFLOW = 0xFF
_WIDE_ADDRESS = re.compile(rb"(?:[a-zA-Z]\0){2,6}:\0/\0/\0(?:[\x21-\x7e]\0){3,300}")

Piece = tuple[int, bytes]
"""Where a string stands in the file, and its text as UTF-8."""


@dataclass(frozen=True, slots=True)
class Text:
    """A file's text: itself, or its strings one a line; `offset` gives the place in the file."""

    data: bytes
    _starts: Int64
    _offsets: Int64

    def offset(self, at: int) -> int:
        """The place in the file of a place in ``data``."""
        line = int(np.searchsorted(self._starts, at, "right")) - 1
        return int(self._offsets[line]) + at - int(self._starts[line])


def read(data: bytes) -> Text:
    """The strings of a compiled script, or the file as it is where it is none or is damaged."""
    for magic, reader in _READERS:
        if data.startswith(magic):
            try:
                return _lines(reader(data))
            except (ValueError, struct.error):
                break
    return _lines([(0, data)])


def _lines(pieces: Sequence[Piece]) -> Text:
    lengths = np.array([0, *(len(text) + 1 for _, text in pieces)], np.int64)
    offsets = np.array([at for at, _ in pieces] or [0], np.int64)
    return Text(b"\n".join(text for _, text in pieces), np.cumsum(lengths)[: len(offsets)], offsets)


def _cut(data: bytes, start: int, size: int, offsets: Int64, lengths: Int64) -> list[bytes]:
    """Strings of a storage. Raises ValueError where they do not fit."""
    if start + size > len(data) or np.any(offsets + lengths > size):
        raise ValueError("strings lie outside their storage")
    if int(lengths.sum()) > MAX_OVERLAP * len(data):
        raise ValueError("strings share too many bytes")
    ends = zip((offsets + start).tolist(), (offsets + start + lengths).tolist(), strict=True)
    return [data[low:high] for low, high in ends]


def _hermes(data: bytes) -> list[Piece]:
    functions, kinds, identifiers, count, more, size = struct.unpack_from("<6I", data, 40)
    if not count:
        raise ValueError("it holds no string")
    for each in _FUNCTION_HEADERS:
        at = _HERMES_HEADER + each * functions
        runs = np.frombuffer(data[at : at + 4 * kinds], "<u4") & 0x7FFFFFFF
        if len(runs) == kinds and int(runs.astype(np.int64).sum()) == count:
            break
    else:
        raise ValueError("its string kinds do not count its strings")
    table = at + 4 * (kinds + identifiers)
    storage = table + _SMALL * count + _OVERFLOW * more
    if storage > len(data):
        raise ValueError("tables lie outside the file")
    entries = np.frombuffer(data, "<u4", count, table).astype(np.int64)
    wide, offsets, lengths = entries & 1, entries >> 1 & 0x7FFFFF, entries >> 24
    long = np.frombuffer(data, "<u4", 2 * more, table + _SMALL * count).reshape(-1, 2).astype(np.int64)
    chosen = np.flatnonzero(lengths == _IN_OVERFLOW)
    if np.any(offsets[chosen] >= more):
        raise ValueError("an entry leads outside the second table")
    lengths[chosen] = long[offsets[chosen], 1]
    offsets[chosen] = long[offsets[chosen], 0]
    texts = _cut(data, storage, size, offsets, lengths * (1 + wide))
    return [
        (at, text.decode("utf-16-le", "replace").encode() if is_wide else text)
        for at, text, is_wide in zip((offsets + storage).tolist(), texts, wide.tolist(), strict=True)
    ]


def _il2cpp(data: bytes) -> list[Piece]:
    table, table_size, storage, size = struct.unpack_from("<4I", data, 8)
    if table + table_size > len(data):
        raise ValueError("the table lies outside the file")
    rows = np.frombuffer(data, "<u4", table_size // 8 * 2, table).reshape(-1, 2).astype(np.int64)
    texts = _cut(data, storage, size, rows[:, 1], rows[:, 0])
    return list(zip((rows[:, 1] + storage).tolist(), texts, strict=True))


def _assembly(data: bytes) -> list[Piece]:
    return [(match.start(), match[0].replace(b"\0", b"")) for match in _WIDE_ADDRESS.finditer(data)]


_READERS: tuple[tuple[bytes, Callable[[bytes], list[Piece]]], ...] = (
    (HERMES, _hermes),
    (IL2CPP, _il2cpp),
    (ASSEMBLY, _assembly),
)

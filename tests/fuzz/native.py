"""The reader of native libraries: any bytes are a library or a ValueError."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from appaudit.static.elf import read_library
from tests.fuzz.targets import Target
from tests.static.libraries import library


def _elf(data: bytes) -> None:
    try:
        library = read_library(data, "lib/x86_64/libfuzz.so")
    except ValueError:
        return
    for text in (*library.imports, *library.exports, *library.strings, *library.addresses, *library.names):
        text.encode()


def _elves() -> Iterable[bytes]:
    """As the loader sees it, and with section headers."""
    yield library(sections=False)
    yield library()


TARGETS = {"elf": Target(_elf, _elves, (b"\x7fELF", struct.pack("<Q", 0x6FFFFEF5), b"\xff" * 4))}

"""Makes native libraries, honest and not."""

from __future__ import annotations

import struct
from collections.abc import Sequence

PROGBITS, STRTAB, NOBITS, DYNSYM = 1, 3, 8, 11
RODATA = b"https://a.example/b\0android/telephony/TelephonyManager\0"
NAMES = b"\0memcpy\0JNI_OnLoad\0"
HASH, STRINGS, SYMBOLS, SIZE = 4, 5, 6, 10
"""Tags of the dynamic segment."""


def symbol(name: int, section: int) -> bytes:
    """A function whose name stands at ``name``; ``section`` 0: an import."""
    return struct.pack("<IBBHQQ", name, 18, 0, section, 0, 0)


def library(
    names: bytes = NAMES,
    symbols: Sequence[bytes] = (symbol(1, 0), symbol(8, 1)),
    sections: bool = True,
    text: bytes = RODATA,
    rodata: Sequence[tuple[int, int, int]] = ((PROGBITS, 2, len(RODATA)),),
) -> bytes:
    """A library of 64 bits: its dynamic symbols, and section headers where ``sections`` says so.
    ``rodata``: type, flags and claimed size of each section of that name, all where ``text`` is."""
    table = bytes(24) + b"".join(symbols)
    shnames = b"\0.dynsym\0.dynstr\0.rodata\0.shstrtab\0"
    dynamic = 64 + 2 * 56
    hashes = dynamic + 5 * 16
    symtab = hashes + 8
    strtab = symtab + len(table)
    place = strtab + len(names)
    shstrtab = place + len(text)
    end = shstrtab + len(shnames)
    entries = [(HASH, hashes), (STRINGS, strtab), (SYMBOLS, symtab), (SIZE, len(names)), (0, 0)]
    body = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, end, end, 4096)
    body += struct.pack("<IIQQQQQQ", 2, 6, dynamic, dynamic, dynamic, 80, 80, 8)
    body += b"".join(struct.pack("<QQ", *entry) for entry in entries)
    body += struct.pack("<II", 1, len(table) // 24) + table + names + text + shnames
    headers = [
        (0, 0, 0, 0, 0, 0, 0),
        (1, DYNSYM, 2, symtab, len(table), 2, 24),
        (9, STRTAB, 2, strtab, len(names), 0, 0),
        (25, STRTAB, 2, shstrtab, len(shnames), 0, 0),
        *((17, kind, flags, place, size, 0, 0) for kind, flags, size in rodata),
    ]
    start, count = (end, len(headers)) if sections else (0, 0)
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    head += struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, start, 0, 64, 56, 2, 64, count, 3 if count else 0)
    for name, kind, flags, at, size, link, width in headers[:count]:
        body += struct.pack("<IIQQQQIIQQ", name, kind, flags, at, at, size, link, 0, 1, width)
    return head + body

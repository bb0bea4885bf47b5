"""The reader of native libraries: any bytes are a library or a ValueError."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from appaudit.static.elf import read_library
from tests.fuzz.targets import Target


def _elf(data: bytes) -> None:
    try:
        library = read_library(data, "lib/x86_64/libfuzz.so")
    except ValueError:
        return
    for text in (*library.imports, *library.exports, *library.strings, *library.addresses, *library.names):
        text.encode()


def _elves() -> Iterable[bytes]:
    """A library of 64 bits with a symbol it imports and one it exports: as the loader sees it, and with
    section headers."""
    names = b"\0memcpy\0JNI_OnLoad\0"
    symbols = (
        bytes(24) + struct.pack("<IBBHQQ", 1, 18, 0, 0, 0, 0) + struct.pack("<IBBHQQ", 8, 18, 0, 1, 0, 0)
    )
    text = b"https://a.example/b\0android/telephony/TelephonyManager\0"
    shnames = b"\0.dynsym\0.dynstr\0.rodata\0.shstrtab\0"
    dynamic = 64 + 2 * 56
    hashes = dynamic + 5 * 16
    symtab = hashes + 8
    strtab = symtab + len(symbols)
    rodata = strtab + len(names)
    shstrtab = rodata + len(text)
    end = shstrtab + len(shnames)
    entries = [(4, hashes), (5, strtab), (6, symtab), (10, len(names)), (0, 0)]
    body = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, end, end, 4096)
    body += struct.pack("<IIQQQQQQ", 2, 6, dynamic, dynamic, dynamic, 80, 80, 8)
    body += b"".join(struct.pack("<QQ", *entry) for entry in entries) + struct.pack("<II", 1, 3)
    body += symbols + names + text + shnames
    sections = bytes(64)
    for name, kind, at, size, link, width in (
        (1, 11, symtab, len(symbols), 2, 24),
        (9, 3, strtab, len(names), 0, 0),
        (17, 1, rodata, len(text), 0, 0),
        (25, 3, shstrtab, len(shnames), 0, 0),
    ):
        sections += struct.pack("<IIQQQQIIQQ", name, kind, 2, at, at, size, link, 0, 1, width)
    for place, count in ((0, 0), (end, 5)):
        head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
        head += struct.pack(
            "<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, place, 0, 64, 56, 2, 64, count, 4 if count else 0
        )
        yield head + body + (sections if count else b"")


TARGETS = {"elf": Target(_elf, _elves, (b"\x7fELF", struct.pack("<Q", 0x6FFFFEF5), b"\xff" * 4))}

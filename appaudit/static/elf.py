"""Reads shared objects: imported and exported names, strings. With section headers or without, since what
protects a library takes them away: the loader needs none."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MAX_SYMBOLS = 1 << 20
MAX_SHARED = 4
"""Times the names of symbols may add up to more than the table they stand in: they may share ends."""
_ADDRESS = re.compile(rb"[a-z]{2,6}://[\x21-\x7e]{3,300}", re.IGNORECASE)
_NAME = re.compile(rb"[A-Za-z_][\w/$<>]*")
_HASH, _STRTAB, _SYMTAB, _STRSZ, _GNU_HASH = 4, 5, 6, 10, 0x6FFFFEF5


@dataclass(frozen=True, slots=True)
class Library:
    """A shared object: names it imports and exports, its strings (of read-only data), and those of its
    strings that may name a class, a member or a function."""

    member: str
    imports: frozenset[str]
    exports: tuple[str, ...]
    strings: tuple[str, ...] = field(repr=False)
    addresses: tuple[str, ...] = ()
    names: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def name(self) -> str:
        """``libfoo.so``."""
        return self.member.rpartition("/")[2]


def read_library(data: bytes, member: str) -> Library:
    """Reads an ELF file. Raises ValueError where it is none or is corrupt."""
    try:
        return _read(data, member)
    except ValueError:
        bare = _without_sections(data)
        if bare is None:
            raise
        return _read(bare, member)


def _read(data: bytes, member: str) -> Library:
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        elf = ELFFile(io.BytesIO(data))
        imports, exports = _symbols(elf, data)
        parts = list(_parts(elf, data))
    except (ELFError, ValueError, KeyError, IndexError, OverflowError, AttributeError, TypeError) as error:
        raise ValueError(f"it is not a valid ELF file ({type(error).__name__})") from error
    except (UnicodeDecodeError, AssertionError, MemoryError, RecursionError) as error:
        raise ValueError("it is not a valid ELF file") from error
    found = parts or [data]
    texts = [part for whole in found for part in whole.split(b"\0")]
    strings = tuple(_strings(texts))
    addresses = tuple(m[0].decode("ascii") for part in found for m in _ADDRESS.finditer(part))
    names = frozenset(t.decode("ascii") for t in set(texts) if 2 < len(t) < 200 and _NAME.fullmatch(t))
    return Library(member, frozenset(imports), tuple(exports), strings, addresses, names)


def _parts(elf: Any, data: bytes) -> Iterator[bytes]:
    """The sections that hold strings. Raises ValueError where they overlap: a few headers could claim any
    amount of the same bytes."""
    left = len(data)
    for section in elf.iter_sections():
        if section.name in (".rodata", ".data.rel.ro", ".data"):
            part = _stored(section, data)
            left -= len(part)
            if left < 0:
                raise ValueError("its sections overlap")
            yield part


def _stored(section: Any, data: bytes) -> bytes:
    """A section's bytes as they stand in the file; none where it has none there, or packed: what it claims
    to hold has no bound, and no loader unpacks it."""
    header = section.header
    if header.sh_type == "SHT_NOBITS" or section.compressed:
        return b""
    return data[header.sh_offset : header.sh_offset + header.sh_size]


def _without_sections(data: bytes) -> bytes | None:
    """The file with a header that names no sections; None where it is no ELF file."""
    if data[:4] != b"\x7fELF" or len(data) < 64:
        return None
    wide = data[4] == 2
    bare = bytearray(data)
    place, counts = (40, 60) if wide else (32, 48)
    bare[place : place + (8 if wide else 4)] = bytes(8 if wide else 4)
    bare[counts : counts + 4] = bytes(4)
    return bytes(bare)


def _symbols(elf: Any, data: bytes) -> tuple[list[str], list[str]]:
    """Names that are undefined among the dynamic symbols, and those that are defined."""
    wide = elf.elfclass == 64
    order = "<" if elf.little_endian else ">"
    rest = [("info", "u1"), ("other", "u1"), ("section", f"{order}u2")]
    layout = (
        [("name", f"{order}u4"), *rest, ("pad", "V16")]
        if wide
        else [("name", f"{order}u4"), ("pad", "V8"), *rest]
    )
    dtype = np.dtype(layout)
    section = elf.get_section_by_name(".dynsym")
    if section is not None:
        raw, names = _stored(section, data), _stored(section.stringtable, data)
        imported = MAX_SYMBOLS
    else:
        raw, names, imported = _dynamic(elf, data, wide, order, dtype.itemsize)
    rows = np.frombuffer(raw, dtype, min(len(raw) // dtype.itemsize, MAX_SYMBOLS))
    found: tuple[list[str], list[str]] = ([], [])
    symbols = zip(rows["name"].tolist(), rows["section"].tolist(), strict=True)
    left = MAX_SHARED * len(names)
    for number, (at, section_index) in enumerate(symbols):
        end = names.find(b"\0", at)
        name = names[at : end if end >= 0 else len(names)].decode("ascii", "replace")
        left -= len(name)
        if left < 0:
            raise ValueError("its symbols' names share too many bytes")
        if name and (section_index or number < imported):
            found[1 if section_index else 0].append(name)
    return found


def _dynamic(elf: Any, data: bytes, wide: bool, order: str, width: int) -> tuple[bytes, bytes, int]:
    """The symbol table, its strings and how many symbols at its start may be imports, as the loader finds
    them: by addresses in the dynamic segment."""
    segments = [s.header for s in elf.iter_segments()]
    loads = [(s.p_vaddr, s.p_vaddr + s.p_filesz, s.p_offset) for s in segments if s.p_type == "PT_LOAD"]
    entries: dict[int, int] = {}
    for segment in segments:
        if segment.p_type == "PT_DYNAMIC":
            part = data[segment.p_offset : segment.p_offset + min(segment.p_filesz, 1 << 16)]
            words = np.frombuffer(part, f"{order}u{8 if wide else 4}", len(part) // (16 if wide else 8) * 2)
            entries = dict(zip(words[::2].tolist(), words[1::2].tolist(), strict=True))

    def place(tag: int) -> int:
        address = entries.get(tag, -1)
        return next(
            (address - low + offset for low, high, offset in loads if low <= address < high), len(data)
        )

    symbols, strings = place(_SYMTAB), place(_STRTAB)
    names = data[strings : strings + entries.get(_STRSZ, 0)]
    count = imported = MAX_SYMBOLS
    if _HASH in entries and (at := place(_HASH) + 4) + 4 <= len(data):
        (count,) = struct.unpack_from(f"{order}I", data, at)
    elif _GNU_HASH in entries and (at := place(_GNU_HASH) + 4) + 4 <= len(data):
        # The first that is found by its hash is defined.
        (imported,) = struct.unpack_from(f"{order}I", data, at)
        count = (strings - symbols) // width if strings > symbols else imported
    return data[symbols : symbols + min(count, MAX_SYMBOLS) * width], names, imported


def _strings(texts: list[bytes]) -> Iterator[str]:
    """The strings that may mean something to the catalogue."""
    for part in texts:
        if 2 < len(part) < 200 and (b"." in part or b"/" in part or b" " in part):
            try:
                yield part.decode("ascii")
            except UnicodeDecodeError:
                continue

"""Native libraries: what they import, which strings they hold, whose they are."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from appaudit.apk import MemberError
from appaudit.knowledge import sdks
from appaudit.knowledge.apis import Api, catalogue, find_word
from appaudit.records import Fact, FileEntry, Gap, StringConstant
from appaudit.static.attribution import UNKNOWN
from appaudit.static.facts import Drafts, Key
from appaudit.static.hosts import address
from appaudit.static.sample import Sample

ABIS = ("arm64-v8a", "armeabi-v7a", "x86_64", "armeabi", "x86")
"""A library is read for the first of these it is there for: its code is the same in all."""
MAX_LIBRARY = 96 << 20
MAX_TOTAL = 256 << 20
MAX_SYMBOLS = 1 << 20
READS_PROPERTIES = ("__system_property_get", "__system_property_find", "__system_property_read_callback")
OPENS_FILES = ("open", "open64", "openat", "fopen", "fopen64", "access", "stat", "opendir", "ifstream")
RUNS_COMMANDS = ("system", "popen", "execve", "execl", "execlp", "execvp", "execv", "posix_spawn")
KINDS = {"exec": "native_exec", "network": "native_network"}
"""Kinds of catalogue rows → the setting that a library's import of them shows."""
_ADDRESS = re.compile(rb"[a-z]{2,6}://[\x21-\x7e]{3,300}", re.IGNORECASE)
_JNI = re.compile(r"Java_(\w+?)_[a-zA-Z0-9]\w*$")


@dataclass(frozen=True, slots=True)
class Library:
    """A shared object: names it imports and exports, and its strings (of read-only data)."""

    member: str
    imports: frozenset[str]
    exports: tuple[str, ...]
    strings: tuple[str, ...] = field(repr=False)
    addresses: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """``libfoo.so``."""
        return self.member.rpartition("/")[2]


def produce(sample: Sample) -> tuple[list[Fact], list[Gap]]:
    """``accesses data:<id>`` where a library holds the string and imports what reads it (basis
    ``native``), ``contacts host:<name>``, ``uses setting:native_exec`` and ``native_network``."""
    drafts = Drafts()
    gaps: list[Gap] = []
    natives = [a for a in catalogue() if a.native]
    total = 0
    for member in chosen(m.name for m in sample.app.members):
        try:
            data = sample.app.read(member, MAX_LIBRARY)
            total += len(data)
            if total > MAX_TOTAL:
                raise MemberError(f"all libraries before it already have {MAX_TOTAL >> 20} MB")
            library = read_library(data, member)
        except (MemberError, ValueError) as error:
            reason = f"The native library was not examined: {error}."
            gaps.append(Gap("static", "unreadable_library", member, reason))
            continue
        _facts(sample, drafts, library, natives)
    return drafts.facts(), gaps


def chosen(members: Iterable[str]) -> Iterator[str]:
    """The libraries to read: each once, for the best ABI."""
    best: dict[str, tuple[int, str]] = {}
    for member in members:
        path = member.partition("!")[2]
        if not path.endswith(".so"):
            continue
        folder, _, name = path.rpartition("/")
        abi = folder.rpartition("/")[2]
        rank = ABIS.index(abi) if abi in ABIS else len(ABIS)
        if name not in best or rank < best[name][0]:
            best[name] = (rank, member)
    return iter(sorted(m for _, m in best.values()))


def read_library(data: bytes, member: str) -> Library:
    """Reads an ELF file. Raises ValueError where it is none or is corrupt."""
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        elf = ELFFile(io.BytesIO(data))
        imports, exports = _symbols(elf)
        parts = [s.data() for s in elf.iter_sections() if s.name in (".rodata", ".data.rel.ro", ".data")]
    except (ELFError, ValueError, KeyError, IndexError, OverflowError, AttributeError, TypeError) as error:
        raise ValueError(f"it is not a valid ELF file ({type(error).__name__})") from error
    except (UnicodeDecodeError, AssertionError, MemoryError, RecursionError) as error:
        raise ValueError("it is not a valid ELF file") from error
    found = parts or [data]
    strings = tuple(s for part in found for s in _strings(part))
    addresses = tuple(m[0].decode("ascii") for part in found for m in _ADDRESS.finditer(part))
    return Library(member, frozenset(imports), tuple(exports), strings, addresses)


def _symbols(elf: object) -> tuple[list[str], list[str]]:
    """Names that are undefined in the dynamic symbol table, and those that are defined."""
    section = elf.get_section_by_name(".dynsym")  # type: ignore[attr-defined]
    if section is None:
        return [], []
    wide = elf.elfclass == 64  # type: ignore[attr-defined]
    order = "<" if elf.little_endian else ">"  # type: ignore[attr-defined]
    layout = (
        [("name", f"{order}u4"), ("info", "u1"), ("other", "u1"), ("section", f"{order}u2"), ("pad", "V16")]
        if wide
        else [
            ("name", f"{order}u4"),
            ("pad", "V8"),
            ("info", "u1"),
            ("other", "u1"),
            ("section", f"{order}u2"),
        ]
    )
    raw, names = section.data(), section.stringtable.data()
    dtype = np.dtype(layout)
    rows = np.frombuffer(raw, dtype, min(len(raw) // dtype.itemsize, MAX_SYMBOLS))
    found: tuple[list[str], list[str]] = ([], [])
    for at, section_index in zip(rows["name"].tolist(), rows["section"].tolist(), strict=True):
        end = names.find(b"\0", at)
        name = names[at : end if end >= 0 else len(names)].decode("ascii", "replace")
        if name:
            found[1 if section_index else 0].append(name)
    return found


def _strings(data: bytes) -> Iterator[str]:
    """The strings that end with a NUL and may mean something to the catalogue."""
    for part in data.split(b"\0"):
        if 2 < len(part) < 200 and (b"." in part or b"/" in part or b" " in part):
            try:
                yield part.decode("ascii")
            except UnicodeDecodeError:
                continue


def _facts(sample: Sample, drafts: Drafts, library: Library, natives: list[Api]) -> None:
    actor, package = _actor(sample, library)
    base = (("package", package),) if package else ()
    for text in library.strings:
        for table, readers in (
            ("property", READS_PROPERTIES),
            ("path", OPENS_FILES),
            ("command", RUNS_COMMANDS),
        ):
            reader = next((r for r in readers if r in library.imports), None)
            word = find_word(table, text) if reader else None
            if word is not None:
                attributes = (("api", f"native:libc.so.{reader}"), ("basis", "native"), *base)
                key = Key(actor, "accesses", f"data:{word.data}", attributes)
                drafts.add(key, StringConstant(library.member, text[:200]), words=word.value)
    for text in library.addresses:
        found = address(text)
        if found is not None:
            attributes = (("basis", "native"), *base, ("sdk", sdks.sdk_of_host(found.host) or ""))
            key = Key(actor, "contacts", f"host:{found.host}", tuple(a for a in attributes if a[1]))
            cleartext = "yes" if found.cleartext else ""
            drafts.add(key, StringConstant(library.member, text), cleartext=cleartext)
    for api in natives:
        if api.kind in KINDS and api.member in library.imports:
            key = Key(actor, "uses", f"setting:{KINDS[api.kind]}", base)
            drafts.add(key, FileEntry(library.member, api.member), names=api.member)


def _actor(sample: Sample, library: Library) -> tuple[str, str]:
    """Whose a library is: by its file name, else by the classes its JNI functions belong to."""
    sdk = sdks.sdk_of_library(library.name)
    if sdk is not None:
        return f"sdk:{sdk}", ""
    for export in library.exports:
        match = _JNI.match(export)
        if match:
            name = "L" + match[1].replace("_1", "\0").replace("_", "/").replace("\0", "_") + ";"
            actor, _ = sample.actors.of_package(name)
            if actor != UNKNOWN:
                return actor, ""
    return UNKNOWN, library.name

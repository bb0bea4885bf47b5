"""Native libraries: what they import, which strings they hold, what of Java they name, whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from appaudit.apk import MemberError
from appaudit.knowledge import sdks
from appaudit.knowledge.apis import Api, catalogue, find_word
from appaudit.records import Fact, FileEntry, Gap, StringConstant
from appaudit.static.attribution import UNKNOWN
from appaudit.static.elf import Library, read_library
from appaudit.static.facts import Drafts, Key
from appaudit.static.hosts import address
from appaudit.static.sample import Sample

ABIS = ("arm64-v8a", "armeabi-v7a", "x86_64", "armeabi", "x86")
"""A library is read for the first of these it is there for: its code is the same in all."""
MAX_LIBRARY = 96 << 20
MAX_TOTAL = 256 << 20
READS_PROPERTIES = ("__system_property_get", "__system_property_find", "__system_property_read_callback")
OPENS_FILES = ("open", "open64", "openat", "fopen", "fopen64", "access", "stat", "opendir", "ifstream")
RUNS_COMMANDS = ("system", "popen", "execve", "execl", "execlp", "execvp", "execv", "posix_spawn")
KINDS = {"exec": "native_exec", "network": "native_network"}
"""Kinds of catalogue rows → the setting that a library's import of them shows."""
_JNI = re.compile(r"Java_(\w+?)_[a-zA-Z0-9]\w*$")


def produce(sample: Sample) -> tuple[list[Fact], list[Gap]]:
    """``accesses data:<id>`` where a library holds the string and imports what reads it, or names a
    member of Java's (basis ``native``), ``contacts host:<name>``, ``uses setting:native_exec`` and
    ``native_network``."""
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
    for api in _named(library):
        for data in api.data:
            attributes = (("api", api.id), ("basis", "native"), *base)
            key = Key(actor, "accesses", f"data:{data}", attributes)
            drafts.add(key, StringConstant(library.member, f"{_jni(api)} {api.member}"), words=api.member)
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


@cache
def _by_class() -> Mapping[str, list[Api]]:
    """Rows of the catalogue that are accesses by themselves, by the class as JNI names it."""
    found: dict[str, list[Api]] = {}
    for api in catalogue():
        if api.access and api.data and not api.native and not api.near and api.role != "callback":
            found.setdefault(_jni(api), []).append(api)
    return found


def _jni(api: Api) -> str:
    return api.class_name.replace(".", "/")


def _named(library: Library) -> Iterator[Api]:
    """What a library looks up by name to call it through JNI: the class and the member stand in it."""
    for name, rows in _by_class().items():
        if name in library.names:
            yield from (api for api in rows if api.member in library.names)


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

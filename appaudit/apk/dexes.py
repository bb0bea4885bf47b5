"""Finds every dex in an app: what the platform loads, and what stands elsewhere or in inner archives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from appaudit.apk.container import DEX_MAGIC, Container
from appaudit.apk.module import Miss, Note
from appaudit.apk.zip import LOCAL, STORED, Archive, Entry, MemberError, NotAZipError, Trick

MAX_NESTED = 128 << 20
"""Bytes an archive inside the app may inflate to for its dex files to be looked for."""
MAX_NESTED_TOTAL = 512 << 20
MAX_DEPTH = 2
"""Archives inside archives that are opened."""

_PLATFORM = re.compile(r"classes([2-9]|[1-9]\d+)?\.dex")
_MODULE = re.compile(r"[^/]+/dex/classes([2-9]|[1-9]\d+)?\.dex")
_MAGIC = re.compile(rb"dex\n\d{3}\0")
_OTHER = (b"dey\n", b"cdex", b"vdex")
"""Dex files as the platform rewrites them on a device; no app needs to carry one."""
_SMALLEST = 0x70


@dataclass(frozen=True, slots=True)
class DexFile:
    """Where a dex stands. ``data`` holds it where it is no member: a dex alone, a prefix."""

    name: str
    archive: Archive | None = None
    entry: Entry | None = None
    data: memoryview | None = None

    def pieces(self, limit: int) -> Iterator[bytes | memoryview]:
        """Its bytes, some at a time. Raises `MemberError`."""
        if self.archive is not None and self.entry is not None:
            yield from self.archive.read_pieces(self.entry, limit)
        elif self.data is not None:
            if len(self.data) > limit:
                raise MemberError(f"it is larger than {limit} bytes")
            yield self.data


def find(container: Container, note: Note, miss: Miss) -> list[DexFile]:
    """All dex files, in the order the platform loads them; what it does not load by itself last."""
    if container.kind == "dex":
        return [DexFile(container.file, data=container.data[container.file])]
    search = _Search(container.kind, note, miss)
    loaded: list[DexFile] = []
    extra: list[DexFile] = []
    for part in container.parts:
        own, other = search.archive(part.archive, part.file, 0)
        loaded += own
        extra += other
        if bytes(part.archive.data[:4]) == DEX_MAGIC:
            extra.append(DexFile(f"{part.file}!(prefix)", data=part.archive.data))
    return loaded + extra


class _Search:
    def __init__(self, kind: str, note: Note, miss: Miss) -> None:
        self.kind = kind
        self.note = note
        self.miss = miss
        self.room = MAX_NESTED_TOTAL

    def archive(self, archive: Archive, file: str, depth: int) -> tuple[list[DexFile], list[DexFile]]:
        """The dex files the platform loads from an archive, in its order, and all others in it."""
        pattern = _MODULE if self.kind == "aab" and depth == 0 else _PLATFORM
        platform = [entry for entry in archive if pattern.fullmatch(entry.name)]
        platform.sort(
            key=lambda e: (not e.name.startswith("base/"), e.name.rpartition("/")[0], _number(e.name))
        )
        extra: list[DexFile] = []
        if depth == 0 and self.kind in ("apk", "split_apks"):
            for entry in (skipped := _behind_a_gap(platform)):
                self.note(file, Trick("dex_unusual_place", entry.name, "one before it is missing", "reads"))
                extra.append(DexFile(f"{file}!{entry.name}", archive, entry))
            platform = platform[: len(platform) - len(skipped)]
        own = {entry.name for entry in platform} | {dex.entry.name for dex in extra if dex.entry}
        for entry in archive:
            if entry.name not in own and entry.size >= _SMALLEST:
                extra += self.member(archive, entry, file, depth)
        for number, entry in enumerate(archive.duplicates, 2):
            if archive.peek(entry, 4) == DEX_MAGIC:
                extra.append(DexFile(f"{file}!{entry.name}#{number}", archive, entry))
        return [DexFile(f"{file}!{e.name}", archive, e) for e in platform], extra

    def member(self, archive: Archive, entry: Entry, file: str, depth: int) -> list[DexFile]:
        head = archive.peek(entry, 8)
        name = f"{file}!{entry.name}"
        if _MAGIC.match(head):
            if depth == 0:
                self.note(file, Trick("dex_unusual_place", entry.name, "a dex file", "reads"))
            return [DexFile(name, archive, entry)]
        if head[:4] in _OTHER:
            reason = "It is a dex in a form that only devices write and was not examined."
            self.miss("unreadable_dex", name, reason)
        elif head[:4] == LOCAL:
            return self.nested(archive, entry, file, depth)
        return []

    def nested(self, archive: Archive, entry: Entry, file: str, depth: int) -> list[DexFile]:
        name = f"{file}!{entry.name}"
        if depth >= MAX_DEPTH:
            reason = f"It is an archive more than {MAX_DEPTH} archives deep and was not opened."
            self.miss("nested_archive", name, reason)
            return []
        try:
            data = archive.view(entry, min(MAX_NESTED, self.room))
            self.room -= 0 if entry.method == STORED else len(data)
            inner = Archive(data, lambda trick: self.note(name, trick))
        except MemberError as error:
            self.miss(
                "nested_archive", name, f"It is an archive inside the app that cannot be read: {error}."
            )
            return []
        except NotAZipError:
            return []
        own, other = self.archive(inner, name, depth + 1)
        if (own or other) and depth == 0 and self.kind not in ("aar",):
            self.note(
                file, Trick("dex_in_archive", entry.name, f"{len(own) + len(other)} dex files", "reads")
            )
        return own + other


def _behind_a_gap(entries: list[Entry]) -> list[Entry]:
    """Those of numbered dex files that the platform does not load: it stops at the first that is missing."""
    first = next((k for k, e in enumerate(entries) if _number(e.name) != k + 1), len(entries))
    return entries[first:]


def _number(name: str) -> int:
    digits = "".join(c for c in name.rpartition("/")[2] if c.isdigit())
    return int(digits) if digits else 1

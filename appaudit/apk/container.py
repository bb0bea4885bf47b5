"""From a path to archives: which kind of container it is, and the parts the app consists of.

Kinds: apk · split_apks (a folder, .apks, .xapk, .apkm) · aab · aar · jar · dex.
"""

from __future__ import annotations

import mmap
import os
import re
import stat
import struct
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from appaudit.apk.zip import STORED, Archive, MemberError, NotAZipError, Trick
from appaudit.errors import InputError

MANIFEST = "AndroidManifest.xml"
BUNDLE_MANIFEST = "base/manifest/AndroidManifest.xml"
DEX_MAGIC = b"dex\n"
MAX_SIDE = 16 << 20
MAX_INNER = 512 << 20
"""Bytes that the APKs inside a bundle may inflate to, all together; mostly they are stored."""

_SEALED = struct.Struct("<BBQQQ")
_VARIANT = re.compile(r"_\d+\.apk$")

Note = Callable[[str, Trick], None]
"""Told the file a trick was seen in, and the trick."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One archive of the app. ``file`` names it in evidence (``base.apk``, ``shop.apks!base.apk``)."""

    file: str
    archive: Archive


@dataclass(slots=True)
class Container:
    """``kind`` as `appaudit.records.App.container`; ``parts``: the archives, none for a lone dex;
    ``data``: the bytes of each file of the container by its name; ``outer``: the archive that
    holds the APKs of a .apks, .xapk or .apkm; ``skipped``: variants of the app in it left aside;
    ``unreadable``: APKs of it that cannot be read, each with a sentence why; there may be
    nothing else; ``side_signatures``: the v4 signature file beside each APK, by the APK's name."""

    kind: str
    file: str
    parts: list[Part]
    data: dict[str, memoryview]
    outer: Archive | None = None
    skipped: tuple[str, ...] = ()
    side_signatures: dict[str, memoryview] = field(default_factory=dict)
    unreadable: list[tuple[str, str]] = field(default_factory=list)

    def release(self) -> None:
        """Lets go of the memory that the files have been read into; it is filled again when asked for."""
        for data in self.data.values():
            if isinstance(data.obj, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
                data.obj.madvise(mmap.MADV_DONTNEED)


def open_container(path: Path, note: Note) -> Container:
    """Raises `InputError` with one sentence for whatever is not an app."""
    shown = printable(str(path))
    try:
        status = path.stat()
    except FileNotFoundError:
        raise InputError(f"{shown} does not exist.") from None
    except OSError as error:
        raise InputError(f"{shown} cannot be read: {error.strerror or error}.") from None
    except ValueError:
        raise InputError(f"{shown} is no path.") from None
    if stat.S_ISDIR(status.st_mode):
        return _folder(path, note)
    name = printable(path.name)
    data = _map(path)
    if bytes(data[:4]) == DEX_MAGIC and not _holds_directory(data):
        return Container("dex", name, [], {name: data})
    if path.suffix.lower() == ".apkm" and _is_encrypted(data):
        reason = "It is encrypted, as APKMirror's files once were: nothing in it was examined; take its APKs."
        return Container("split_apks", name, [], {name: data}, unreadable=[(name, reason)])
    archive = _archive(name, data, note)
    names = archive.entries
    if MANIFEST in names:
        text = archive.peek(names[MANIFEST], 64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
        kind = "aar" if text else "apk"  # the platform reads binary manifests only
        container = Container(kind, name, [Part(name, archive)], {name: data})
        if kind == "apk":
            _add_side_signature(container, path)
        return container
    if BUNDLE_MANIFEST in names:
        return Container("aab", name, [Part(name, archive)], {name: data})
    inner = sorted(n for n in names if n.lower().endswith(".apk"))
    if inner:
        return _bundle(name, archive, inner, data, note)
    code = any(n.endswith((".dex", ".class")) for n in names)
    if code and path.suffix.lower() in (".jar", ".zip", ".aar", ".dex"):
        return Container("jar", name, [Part(name, archive)], {name: data})
    raise InputError(f"{name} is an archive without an {MANIFEST}: it is no Android app.")


def printable(name: str) -> str:
    """A name as one line of text that can be written out, whatever it is made of."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def _map(path: Path) -> memoryview:
    """The file's bytes, mapped. Never waits: a pipe or a device is refused."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise InputError(f"{printable(path.name)} cannot be read: {error.strerror}.") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{printable(path.name)} is not a regular file.")
        if status.st_size == 0:
            raise InputError(f"{printable(path.name)} is empty.")
        return memoryview(mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        raise InputError(f"{printable(path.name)} cannot be read: {error}.") from None
    finally:
        os.close(descriptor)


def _add_side_signature(container: Container, path: Path) -> None:
    """``shop.apk.idsig`` beside ``shop.apk``."""
    beside = path.with_name(path.name + ".idsig")
    with suppress(OSError, InputError):
        if beside.is_file() and beside.stat().st_size <= MAX_SIDE:
            container.side_signatures[printable(path.name)] = _map(beside)


def _archive(name: str, data: memoryview, note: Note) -> Archive:
    try:
        return Archive(data, partial(note, name))
    except NotAZipError as error:
        if error.truncated:
            raise InputError(
                f"{name} is cut off: it begins as an archive does, but its directory is missing."
            ) from None
        raise InputError(f"{name} is neither a zip archive (APK, AAB, XAPK …) nor a dex file.") from None


def _is_encrypted(data: memoryview) -> bool:
    """Whether a file begins as an encrypted .apkm does: a byte, libsodium's number of the password hash
    (Argon2i or Argon2id), and its limits of work and memory and the size of a piece, in 64 bits each."""
    if len(data) < _SEALED.size:
        return False
    _, algorithm, work, memory, piece = _SEALED.unpack_from(data)
    return algorithm in (1, 2) and 0 < work < 1 << 32 and 0 < memory <= 1 << 29 and 0 < piece < 1 << 31


def _holds_directory(data: memoryview) -> bool:
    """Whether a file that begins as a dex is an archive as well (Janus)."""
    return b"PK\x05\x06" in bytes(data[max(0, len(data) - 65557) :])


def _folder(path: Path, note: Note) -> Container:
    shown = printable(str(path))
    try:
        files = sorted(p for p in path.iterdir() if p.suffix.lower() == ".apk")
    except OSError as error:
        raise InputError(f"{shown} cannot be read: {error.strerror}.") from None
    if not files:
        raise InputError(f"{shown} is a folder that holds no APK.")
    name = printable(path.resolve().name)
    container = Container("split_apks", name, [], {})
    for file in files:
        try:
            view = _map(file)
            container.parts.append(Part(printable(file.name), _archive(printable(file.name), view, note)))
            container.data[printable(file.name)] = view
            _add_side_signature(container, file)
        except InputError as error:
            container.unreadable.append((printable(file.name), str(error)))
    if not container.parts:
        raise InputError(container.unreadable[0][1])
    return container


def together(names: Iterable[str]) -> list[str]:
    """Of the APKs in a .apks, .xapk or .apkm, those that are installed together, by name.

    bundletool lays the same app down several times: as one universal APK, as splits, and standalone
    for old devices; splits may have variants for ranges of platform versions (``base-master_2.apk``).
    One of them is the app: the splits where there are any, in their latest variant.
    """
    inner = sorted(n for n in names if n.lower().endswith(".apk"))
    splits = [n for n in inner if n.startswith("splits/")]
    variants = {_VARIANT.sub(".apk", n): n for n in sorted(splits, key=lambda n: (len(n), n))}
    chosen = sorted(variants.values()) or [n for n in inner if n.endswith("universal.apk")]
    return chosen or [n for n in inner if not n.startswith(("standalones/", "instant/"))] or inner[:1]


def _bundle(name: str, archive: Archive, inner: list[str], data: memoryview, note: Note) -> Container:
    """The APKs of a .apks, .xapk or .apkm that are installed together."""
    chosen = together(inner)
    skipped = tuple(n for n in inner if n not in chosen)
    container = Container("split_apks", name, [], {name: data}, archive, skipped)
    room = MAX_INNER
    for member in chosen:
        entry = archive.entries[member]
        file = f"{name}!{member}"
        try:
            view = archive.view(entry, room)
            room -= 0 if entry.method == STORED else len(view)
            container.parts.append(Part(file, Archive(view, partial(note, file))))
        except MemberError as error:
            container.unreadable.append((file, f"The APK inside cannot be read: {error}."))
        except NotAZipError:
            container.unreadable.append((file, "The APK inside is no archive; it may be encrypted."))
    return container

"""Features of a library as it is published: the classes of a jar or aar, read without converting it.

https://docs.oracle.com/javase/specs/jvms/se17/html/jvms-4.html
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Iterator

import numpy as np

from appaudit.dex import mutf8
from appaudit.errors import InputError
from appaudit.static.fingerprints import (
    ACC_STATIC,
    ACC_SYNTHETIC,
    ClassFeatures,
    call_feature,
    field_feature,
    is_framework,
    method_feature,
    string_feature,
    supertype_feature,
)

MAX_CLASS = 16 << 20
MAX_TOTAL = 1 << 30
_MAGIC = 0xCAFEBABE
_SIZE = {
    3: 4,
    4: 4,
    5: 8,
    6: 8,
    7: 2,
    8: 2,
    9: 4,
    10: 4,
    11: 4,
    12: 4,
    15: 3,
    16: 2,
    17: 4,
    18: 4,
    19: 2,
    20: 2,
}
_TYPE = re.compile(r"\[*(?:L[^;]*;|.)", re.DOTALL)
_INVOKES = frozenset(range(182, 186))
_INVOKE_DYNAMIC, _LDC, _LDC_W = 186, 18, 19
_TABLESWITCH, _LOOKUPSWITCH, _WIDE, _IINC = 170, 171, 196, 132


def _lengths() -> bytes:
    lengths = bytearray([1]) * 256
    for op in (16, 18, *range(21, 26), *range(54, 59), 169, 188):
        lengths[op] = 2
    for op in (17, 19, 20, 132, *range(153, 169), *range(178, 185), 187, 189, 192, 193, 198, 199):
        lengths[op] = 3
    lengths[197] = 4
    for op in (185, 186, 200, 201):
        lengths[op] = 5
    return bytes(lengths)


_LENGTH = _lengths()


class _ClassFile:
    """The parts of one class file that make features. Raises InputError where it is cut or corrupt."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        if self._u4() != _MAGIC:
            raise InputError("not a class file")
        self._skip(4)
        self._pool: list[tuple[int, int]] = [(0, 0)]
        count = self._u2()
        while len(self._pool) < count:
            tag = data[self._at]
            self._pool.append((tag, self._at + 1))
            if tag == 1:
                self._skip(3 + int.from_bytes(data[self._at + 1 : self._at + 3], "big"))
            elif tag in _SIZE:
                self._skip(1 + _SIZE[tag])
            else:
                raise InputError("a constant of unknown kind")
            if tag in (5, 6):
                self._pool.append((0, 0))
        self._skip(2)
        self.name = self._class(self._u2())
        parent = self._u2()
        self.supertypes = [self._class(parent)] if parent else []
        self.supertypes += [self._class(self._u2()) for _ in range(self._u2())]
        self.hashes: set[int] = set()
        for _ in range(self._u2()):
            self._field(self._u2(), self._u2(), self._u2())
            self._attributes()
        for _ in range(self._u2()):
            self._method(self._u2(), self._u2(), self._u2())
            self._attributes()
        self._attributes()
        for name in self.supertypes:
            self._add(supertype_feature(name))

    def _add(self, found: int | None) -> None:
        if found is not None:
            self.hashes.add(found)

    def _u2(self) -> int:
        self._at += 2
        return int.from_bytes(self._data[self._at - 2 : self._at], "big")

    def _u4(self) -> int:
        self._at += 4
        return int.from_bytes(self._data[self._at - 4 : self._at], "big")

    def _skip(self, count: int) -> None:
        self._at += count
        if self._at > len(self._data):
            raise InputError("a class file is cut off")

    def _index(self, at: int) -> int:
        return int.from_bytes(self._data[at : at + 2], "big")

    def _entry(self, index: int, *tags: int) -> int:
        if not 0 < index < len(self._pool) or self._pool[index][0] not in tags:
            raise InputError("a constant that is not what it should be")
        return self._pool[index][1]

    def _utf8(self, index: int) -> bytes:
        at = self._entry(index, 1)
        return self._data[at + 2 : at + 2 + self._index(at)]

    def _text(self, index: int) -> str:
        return self._utf8(index).decode("utf-8", "surrogatepass")

    def _class(self, index: int) -> str:
        name = self._text(self._index(self._entry(index, 7)))
        return name if name.startswith("[") else f"L{name};"

    def _field(self, access: int, _: int, type_: int) -> None:
        if not access & ACC_SYNTHETIC:
            self._add(field_feature(self._text(type_), bool(access & ACC_STATIC)))

    def _method(self, access: int, name: int, descriptor: int) -> None:
        taken, _, returned = self._text(descriptor)[1:].partition(")")
        if not access & ACC_SYNTHETIC:
            new, static = self._utf8(name) == b"<init>", bool(access & ACC_STATIC)
            self._add(method_feature([returned, *_TYPE.findall(taken)], new, static))

    def _attributes(self) -> None:
        for _ in range(self._u2()):
            name, size = self._utf8(self._u2()), self._u4()
            start = self._at
            self._skip(size)
            end, self._at = self._at, start
            if name == b"Code":
                self._skip(4)
                length = self._u4()
                self._code(self._at, min(self._at + length, end))
            elif name == b"BootstrapMethods":
                self._bootstraps()
            self._at = end

    def _code(self, at: int, end: int) -> None:
        data, base = self._data, at
        while at < end:
            op = data[at]
            if op in (_LDC, _LDC_W):
                index = data[at + 1] if op == _LDC else self._index(at + 1)
                if 0 < index < len(self._pool) and self._pool[index][0] == 8:
                    self._string(self._utf8(self._index(self._pool[index][1])))
            elif op in _INVOKES:
                self._call(self._index(at + 1))
            if op in (_TABLESWITCH, _LOOKUPSWITCH):
                at += 4 - (at - base) % 4
                if op == _TABLESWITCH:
                    low, high = struct.unpack(">ii", data[at + 4 : at + 12])
                    at += 12 + 4 * max(high - low + 1, 0)
                else:
                    at += 8 + 8 * int.from_bytes(data[at + 4 : at + 8], "big")
            elif op == _WIDE:
                at += 6 if data[at + 1] == _IINC else 4
            else:
                at += _LENGTH[op]

    def _string(self, raw: bytes) -> None:
        self._add(string_feature(mutf8.decode(raw)))

    def _call(self, index: int) -> None:
        at = self._entry(index, 10, 11)
        owner = self._class(self._index(at))
        member = self._entry(self._index(at + 2), 12)
        if is_framework(owner):
            name, signature = self._text(self._index(member)), self._text(self._index(member + 2))
            self._add(call_feature(owner, name, signature))

    def _bootstraps(self) -> None:
        """Constants of string concatenations, which a dex loads piece by piece."""
        for _ in range(self._u2()):
            self._skip(2)
            for _ in range(self._u2()):
                index = self._u2()
                if 0 < index < len(self._pool) and self._pool[index][0] == 8:
                    raw = self._utf8(self._index(self._pool[index][1]))
                    for piece in raw.replace(b"\x02", b"\x01").split(b"\x01"):
                        self._string(piece)


def archive_features(data: bytes, name: str) -> ClassFeatures:
    """The features of the classes of a jar, or of an aar with its ``classes.jar`` and ``libs/*.jar``.

    Raises InputError, naming ``name``, for what is no such archive or holds no class.
    """
    names: list[str] = []
    class_: list[int] = []
    hashes: list[int] = []
    for raw in _class_files(data, name):
        try:
            found = _ClassFile(raw)
        except (InputError, IndexError, UnicodeDecodeError, struct.error):
            continue  # one corrupt class says nothing of the others
        class_ += [len(names)] * len(found.hashes)
        hashes += sorted(found.hashes)
        names.append(found.name)
    if not names:
        raise InputError(f"{name} holds no class that can be read.")
    return ClassFeatures.of(names, np.array(class_, np.intp), np.array(hashes, np.uint64))


def _class_files(data: bytes, name: str, depth: int = 0) -> Iterator[bytes]:
    total = 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                wanted = entry.filename.endswith(".class") or (
                    depth == 0 and entry.filename.endswith(".jar") and not entry.filename.startswith("lint")
                )
                if not wanted or entry.filename.startswith("META-INF/versions/"):
                    continue
                total += entry.file_size
                if entry.file_size > (MAX_CLASS if entry.filename.endswith(".class") else MAX_TOTAL):
                    raise InputError(f"{name}: {entry.filename} is larger than any class.")
                if total > MAX_TOTAL:
                    raise InputError(f"{name} is larger than any library.")
                raw = archive.read(entry)
                if entry.filename.endswith(".class"):
                    yield raw
                else:
                    yield from _class_files(raw, name, depth + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise InputError(f"{name} is no archive that can be read: {error}.") from error

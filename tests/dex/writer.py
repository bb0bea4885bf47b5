"""Writes small dex files for tests, from plain descriptions of classes."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from appaudit.dex import mutf8
from appaudit.dex.blocks import parameter_types

Word: TypeAlias = "int | tuple[str, str]"
"""A code unit, or what it refers to: ("string", text), ("type", descriptor), ("field", "La;->f:I"),
("method", "La;->m(I)V"); ("call-site", "La;->m(I)V") holds handles of that static method;
("string-low", text) and ("string-high", text) for const-string/jumbo."""


@dataclass
class Method:
    """A method with code (``words`` None: abstract); ``handlers`` are catch-all (start, count, address);
    ``annotations`` are descriptors."""

    name: str
    signature: str
    words: Sequence[Word] | None = None
    access: int = 0x9
    virtual: bool = False
    registers: int = 16
    handlers: Sequence[tuple[int, int, int]] = ()
    annotations: Sequence[str] = ()


@dataclass
class Field:
    """A static field with its start value, a string or int."""

    name: str
    type: str
    value: str | int | None = None
    access: int = 0x19


@dataclass
class Class:
    """A class with its members."""

    name: str
    methods: Sequence[Method] = ()
    fields: Sequence[Field] = ()
    superclass: str | None = "Ljava/lang/Object;"
    interfaces: Sequence[str] = ()


def split_method(text: str) -> tuple[str, str, str]:
    """Owner, name and signature of ``La;->m(I)V``."""
    owner, _, rest = text.partition("->")
    name, _, proto = rest.partition("(")
    return owner, name, "(" + proto


def split_field(text: str) -> tuple[str, str, str]:
    """Owner, name and type of ``La;->f:I``."""
    owner, _, rest = text.partition("->")
    name, _, type_ = rest.partition(":")
    return owner, name, type_


def uleb(value: int) -> bytes:
    """ULEB128."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _utf16(text: str) -> list[int]:
    raw = text.encode("utf-16-le", "surrogatepass")
    return [raw[i] | raw[i + 1] << 8 for i in range(0, len(raw), 2)]


@dataclass
class _Pool:
    """Everything a dex names, in the order the format asks for."""

    strings: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    protos: list[str] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    call_sites: list[str] = field(default_factory=list)

    def index(self, kind: str, name: str) -> int:
        kind = kind.replace("-", "_")
        table: list[str] = getattr(self, kind + "s")
        return table.index(name) if len(table) < 64 else self._map(kind)[name]

    def _map(self, kind: str) -> dict[str, int]:
        table: list[str] = getattr(self, kind + "s")
        cache: dict[str, dict[str, int]] = self.__dict__.setdefault("_cache", {})
        if kind not in cache:
            cache[kind] = {name: k for k, name in enumerate(table)}
        return cache[kind]


def _collect(classes: Sequence[Class], extra: Sequence[str]) -> _Pool:
    strings, types = set(extra), set[str]()
    protos, fields, methods = set[str](), set[str](), set[str]()
    sites = set[str]()
    for class_ in classes:
        types |= {class_.name, *class_.interfaces, *([class_.superclass] if class_.superclass else [])}
        fields |= {f"{class_.name}->{f.name}:{f.type}" for f in class_.fields}
        strings |= {f.value for f in class_.fields if isinstance(f.value, str)}
        for method in class_.methods:
            methods.add(f"{class_.name}->{method.name}{method.signature}")
            types |= set(method.annotations)
            for word in method.words or ():
                if isinstance(word, tuple):
                    kind, name = word
                    if kind == "call-site":
                        sites.add(name)
                        kind = "method"
                    {"type": types, "field": fields, "method": methods}.get(kind, strings).add(name)
    for name in fields:
        owner, member, type_ = split_field(name)
        types |= {owner, type_}
        strings.add(member)
    for name in methods:
        owner, member, proto = split_method(name)
        types.add(owner)
        strings.add(member)
        protos.add(proto)
    for proto in protos:
        types |= {*parameter_types(proto), proto.partition(")")[2]}
        strings.add(_shorty(proto))
    strings |= types
    pool = _Pool(sorted(strings, key=_utf16))
    pool.types = sorted(types, key=lambda t: pool.index("string", t))

    def type_order(name: str) -> int:
        return pool.index("type", name)

    pool.protos = sorted(
        protos, key=lambda p: (type_order(p.partition(")")[2]), [type_order(t) for t in parameter_types(p)])
    )
    pool.fields = sorted(fields, key=lambda f: _member_order(pool, split_field(f), "type"))
    pool.methods = sorted(methods, key=lambda m: _member_order(pool, split_method(m), "proto"))
    pool.call_sites = sorted(sites)
    return pool


def _member_order(pool: _Pool, parts: tuple[str, str, str], last: str) -> tuple[int, int, int]:
    owner, name, kind = parts
    return pool.index("type", owner), pool.index("string", name), pool.index(last, kind)


def _shorty(proto: str) -> str:
    kinds = [proto.partition(")")[2], *parameter_types(proto)]
    return "".join("L" if k[0] in "L[" else k for k in kinds)


class _File:
    """Bytes at growing offsets; in a container several dex files share one."""

    def __init__(self) -> None:
        self.data = bytearray()

    def add(self, raw: bytes, align: int = 4) -> int:
        self.data += b"\0" * (-len(self.data) % align)
        at = len(self.data)
        self.data += raw
        return at


def build(classes: Sequence[Class], version: int = 35, extra_strings: Sequence[str] = ()) -> bytes:
    """A dex file with these classes."""
    file = _File()
    _write(file, classes, version, extra_strings)
    return bytes(file.data)


def build_container(dexes: Sequence[Sequence[Class]]) -> bytes:
    """A container of version 041 with several dex files."""
    file = _File()
    for classes in dexes:
        _write(file, classes, 41, ())
    starts = [0]
    while len(starts) < len(dexes):
        starts.append(starts[-1] + struct.unpack_from("<I", file.data, starts[-1] + 0x20)[0])
    for start in starts:
        struct.pack_into("<II", file.data, start + 0x70, len(file.data), start)
    return bytes(file.data)


def _write(file: _File, classes: Sequence[Class], version: int, extra: Sequence[str]) -> None:
    pool = _collect(classes, extra)
    header_size = 0x78 if version >= 41 else 0x70
    start = file.add(b"\0" * header_size)
    at = len(file.data)
    sizes = [
        len(pool.strings),
        len(pool.types),
        len(pool.protos),
        len(pool.fields),
        len(pool.methods),
        len(classes),
    ]
    sections: list[tuple[int, int]] = []
    for size, width in zip(sizes, (4, 4, 12, 8, 8, 32), strict=True):
        sections.append((size, at if size else 0))
        at += size * width
    file.data += b"\0" * (at - len(file.data))
    marks: dict[int, tuple[int, int]] = {}

    def mark(kind: int, items: Sequence[bytes], align: int = 4) -> list[int]:
        offsets = [file.add(raw, align) for raw in items]
        if offsets:
            marks[kind] = len(offsets), offsets[0]
        return offsets

    def type_list(names: Sequence[str]) -> bytes:
        return struct.pack(f"<I{len(names)}H", len(names), *(pool.index("type", n) for n in names))

    lists = sorted({tuple(parameter_types(p)) for p in pool.protos} | {tuple(c.interfaces) for c in classes})
    lists = [x for x in lists if x]
    list_at = dict(zip(lists, mark(0x1001, [type_list(x) for x in lists]), strict=True))
    codes = [(c.name, m) for c in classes for m in c.methods if m.words is not None]
    code_offsets = mark(0x2001, [_code(pool, m) for _, m in codes])
    code_at = {(name, m.name, m.signature): o for (name, m), o in zip(codes, code_offsets, strict=True)}
    texts = [uleb(len(_utf16(s))) + mutf8.encode(s) + b"\0" for s in pool.strings]
    string_at = mark(0x2002, texts, 1)
    valued = [c for c in classes if any(f.value is not None for f in c.fields)]
    arrays = [_values(pool, c) for c in valued]
    # A call site holds the handles of its bootstrap method and of the method it is about, by number.
    arrays += [uleb(2) + bytes((0x16, k, 0x16, k)) for k in range(len(pool.call_sites))]
    array_at = mark(0x2005, arrays, 1)
    value_at = dict(zip([c.name for c in valued], array_at[: len(valued)], strict=True))
    mark(0x0007, [struct.pack("<I", at) for at in array_at[len(valued) :]])
    mark(0x0008, [struct.pack("<4H", 4, 0, pool.index("method", m), 0) for m in pool.call_sites])
    names = sorted({a for c in classes for m in c.methods for a in m.annotations})
    # One build-time annotation without elements each.
    items = mark(0x2004, [b"\0" + uleb(pool.index("type", a)) + b"\0" for a in names], 1)
    item_at = dict(zip(names, items, strict=True))
    annotated = [(c, m) for c in classes for m in c.methods if m.annotations]
    listed = [[len(m.annotations), *(item_at[a] for a in m.annotations)] for _, m in annotated]
    sets = [struct.pack(f"<{len(words)}I", *words) for words in listed]
    set_at = mark(0x1003, sets)
    rows_of: dict[str, list[tuple[int, int]]] = {}
    for (class_, method), at_ in zip(annotated, set_at, strict=True):
        number = pool.index("method", f"{class_.name}->{method.name}{method.signature}")
        rows_of.setdefault(class_.name, []).append((number, at_))
    directories = [
        struct.pack("<4I", 0, 0, len(found), 0) + b"".join(struct.pack("<II", *row) for row in sorted(found))
        for found in rows_of.values()
    ]
    directory_at = dict(zip(rows_of, mark(0x2006, directories), strict=True))
    data_at = mark(0x2000, [_class_data(pool, c, code_at) for c in classes], 1)

    def put(number: int, raw: bytes) -> None:
        file.data[sections[number][1] : sections[number][1] + len(raw)] = raw

    put(0, struct.pack(f"<{len(string_at)}I", *string_at))
    put(1, b"".join(struct.pack("<I", pool.index("string", t)) for t in pool.types))
    rows = []
    for proto in pool.protos:
        returned = pool.index("type", proto.partition(")")[2])
        parameters = list_at.get(tuple(parameter_types(proto)), 0)
        rows.append(struct.pack("<III", pool.index("string", _shorty(proto)), returned, parameters))
    put(2, b"".join(rows))
    put(3, b"".join(_member(pool, split_field(f), "type") for f in pool.fields))
    put(4, b"".join(_member(pool, split_method(m), "proto") for m in pool.methods))
    rows = []
    for class_, data in zip(classes, data_at, strict=True):
        above = pool.index("type", class_.superclass) if class_.superclass else 0xFFFFFFFF
        interfaces = list_at.get(tuple(class_.interfaces), 0)
        values = value_at.get(class_.name, 0)
        own = pool.index("type", class_.name)
        notes = directory_at.get(class_.name, 0)
        rows.append(struct.pack("<8I", own, 1, above, interfaces, 0xFFFFFFFF, notes, data, values))
    put(5, b"".join(rows))
    kinds = {k: s for k, s in enumerate(sections) if s[0]}
    entries = sorted(
        [(0, 1, start), *((k, *s) for k, s in kinds.items()), *((k, *m) for k, m in marks.items())],
        key=lambda e: e[2],
    )
    map_at = file.add(b"".join([struct.pack("<I", len(entries) + 1)]))
    for kind, size, offset in [*entries, (0x1000, 1, map_at)]:
        file.data += struct.pack("<HHII", kind, 0, size, offset)
    file.add(b"")
    size = len(file.data) - start
    flat = [n for s in sections for n in s]
    header = struct.pack("<8sI20s", b"dex\n%03d\0" % version, 0, b"\0" * 20)
    header += struct.pack("<20I", size, header_size, 0x12345678, 0, 0, map_at, *flat, len(file.data) - at, at)
    file.data[start : start + len(header)] = header
    digest = hashlib.sha1(bytes(file.data[start + 32 :])).digest()
    file.data[start + 12 : start + 32] = digest
    struct.pack_into("<I", file.data, start + 8, zlib.adler32(bytes(file.data[start + 12 :])))


def _member(pool: _Pool, parts: tuple[str, str, str], last: str) -> bytes:
    owner, name, kind = _member_order(pool, parts, last)
    return struct.pack("<HHI", owner, kind, name)


def _word(pool: _Pool, word: Word) -> int:
    if isinstance(word, int):
        return word & 0xFFFF
    kind, name = word
    if kind == "string-high":
        return pool.index("string", name) >> 16
    return pool.index(kind.removesuffix("-low"), name) & 0xFFFF


def _code(pool: _Pool, method: Method) -> bytes:
    words = [_word(pool, w) for w in method.words or ()]
    raw = struct.pack("<4HII", method.registers, 1, 5, len(method.handlers), 0, len(words))
    raw += struct.pack(f"<{len(words)}H", *words)
    if method.handlers:
        raw += b"\0\0" * (len(words) % 2)
        lists, offsets = uleb(len(method.handlers)), []
        for _, _, address in method.handlers:
            offsets.append(len(lists))
            lists += b"\0" + uleb(address)
        for (first, count, _), offset in zip(method.handlers, offsets, strict=True):
            raw += struct.pack("<IHH", first, count, offset)
        raw += lists
    return raw


def _values(pool: _Pool, class_: Class) -> bytes:
    out = uleb(len(class_.fields))
    for item in _in_order(class_.fields, lambda f: pool.index("field", f"{class_.name}->{f.name}:{f.type}")):
        if isinstance(item.value, str):
            out += bytes([0x17 | 3 << 5]) + struct.pack("<I", pool.index("string", item.value))
        elif item.value is None:
            out += b"\x1e"
        else:
            out += bytes([0x04 | 3 << 5]) + struct.pack("<i", item.value)
    return out


def _in_order(items: Sequence[Field], key: Callable[[Field], int]) -> list[Field]:
    return sorted(items, key=key)


def _class_data(pool: _Pool, class_: Class, code_at: dict[tuple[str, str, str], int]) -> bytes:
    direct = [m for m in class_.methods if not m.virtual]
    virtual = [m for m in class_.methods if m.virtual]
    out = uleb(len(class_.fields)) + uleb(0) + uleb(len(direct)) + uleb(len(virtual))
    last = 0
    for name, access in sorted(
        (pool.index("field", f"{class_.name}->{f.name}:{f.type}"), f.access) for f in class_.fields
    ):
        out += uleb(name - last) + uleb(access)
        last = name
    for group in (direct, virtual):
        last = 0
        rows = [
            (
                pool.index("method", f"{class_.name}->{m.name}{m.signature}"),
                m.access,
                code_at.get((class_.name, m.name, m.signature), 0),
            )
            for m in group
        ]
        for name, access, code in sorted(rows):
            out += uleb(name - last) + uleb(access) + uleb(code)
            last = name
    return out

"""Builds archives, binary manifests and dex headers for tests, well-formed unless asked otherwise."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from appaudit.apk.axml import attribute_names

ANDROID = "http://schemas.android.com/apk/res/android"
NO_STRING = 0xFFFFFFFF
IDS = {name: number for number, name in attribute_names().items()}
DEX = b"dex\n035\0" + bytes(0x70)
"""What a reader of containers takes for a dex: the magic and room for a header."""


@dataclass(frozen=True)
class Ref:
    """A reference to a resource."""

    id: int


Plain = str | int | bool | Ref


@dataclass
class Node:
    """An element to be written: ``attributes`` of Android's namespace, ``plain`` without a namespace."""

    name: str
    attributes: dict[str, Plain] = field(default_factory=dict)
    plain: dict[str, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)


def node(name_: str, /, *children: Node, **attributes: Plain) -> Node:
    return Node(name_, dict(attributes), {}, list(children))


def manifest(*children: Node, package: str = "com.example.shop", **attributes: Plain) -> Node:
    return Node("manifest", dict(attributes), {"package": package}, list(children))


# ------------------------------------------------------------------------------------ axml


def chunk(kind: int, header: bytes, body: bytes = b"", size: int | None = None) -> bytes:
    total = 8 + len(header) + len(body)
    return struct.pack("<HHI", kind, 8 + len(header), total if size is None else size) + header + body


def string_pool(strings: Sequence[str], utf8: bool = False) -> bytes:
    offsets, data = [], b""
    for text in strings:
        offsets.append(len(data))
        if utf8:
            raw = text.encode()
            data += _length8(len(text.encode("utf-16-le")) // 2) + _length8(len(raw)) + raw + b"\0"
        else:
            raw = text.encode("utf-16-le")
            data += _length16(len(raw) // 2) + raw + b"\0\0"
    data += bytes(-len(data) % 4)
    header = struct.pack("<IIIII", len(strings), 0, 0x100 if utf8 else 0, 28 + 4 * len(strings), 0)
    return chunk(1, header, struct.pack(f"<{len(offsets)}I", *offsets) + data)


def _length8(length: int) -> bytes:
    return bytes([length]) if length < 0x80 else bytes([0x80 | length >> 8 & 0x7F, length & 0xFF])


def _length16(length: int) -> bytes:
    return (
        struct.pack("<H", length)
        if length < 0x8000
        else struct.pack("<HH", 0x8000 | length >> 16, length & 0xFFFF)
    )


class Axml:
    """Writes a tree. Override a method to write it wrongly."""

    def __init__(self, root: Node, utf8: bool = False) -> None:
        self.root = root
        self.utf8 = utf8
        self.named = sorted({n for e in _walk(root) for n in e.attributes}, key=lambda n: IDS[n])
        self.strings: list[str] = list(self.named)
        self.index: dict[str, int] = {}

    def string(self, text: str) -> int:
        if text not in self.index:
            self.index[text] = len(self.strings)
            self.strings.append(text)
        return self.index[text]

    def build(self) -> bytes:
        prefix, uri = self.string("android"), self.string(ANDROID)
        body = chunk(0x100, struct.pack("<II", 1, NO_STRING), struct.pack("<II", prefix, uri))
        body += self.element(self.root)
        body += chunk(0x101, struct.pack("<II", 1, NO_STRING), struct.pack("<II", prefix, uri))
        ids = [IDS[name] for name in self.named]
        resource_map = chunk(0x180, b"", struct.pack(f"<{len(ids)}I", *ids))
        return self.file(self.pool() + resource_map + body)

    def file(self, body: bytes) -> bytes:
        return struct.pack("<HHI", 3, 8, 8 + len(body)) + body

    def pool(self) -> bytes:
        return string_pool(self.strings, self.utf8)

    def element(self, element: Node) -> bytes:
        name = self.string(element.name)
        records = self.attributes(element)
        extension = struct.pack("<IIHHHHHH", NO_STRING, name, 20, 20, len(records), 0, 0, 0)
        start = chunk(0x102, struct.pack("<II", 1, NO_STRING), extension + b"".join(records))
        end = chunk(0x103, struct.pack("<II", 1, NO_STRING), struct.pack("<II", NO_STRING, name))
        return start + b"".join(self.element(c) for c in element.children) + end

    def attributes(self, element: Node) -> list[bytes]:
        records = [
            self.attribute(self.string(ANDROID), self.named.index(name), value)
            for name, value in sorted(element.attributes.items(), key=lambda pair: IDS[pair[0]])
        ]
        plain = [self.attribute(NO_STRING, self.string(n), v) for n, v in element.plain.items()]
        return records + plain

    def attribute(self, namespace: int, name: int, value: Plain) -> bytes:
        raw = NO_STRING
        if isinstance(value, bool):
            kind, data = 0x12, 0xFFFFFFFF if value else 0
        elif isinstance(value, int):
            kind, data = 0x10, value & 0xFFFFFFFF
        elif isinstance(value, Ref):
            kind, data = 0x01, value.id
        else:
            kind, data = 0x03, self.string(value)
            raw = data
        return struct.pack("<IIIHBBI", namespace, name, raw, 8, 0, kind, data)


def axml(root: Node, utf8: bool = False) -> bytes:
    return Axml(root, utf8).build()


def _walk(root: Node) -> Iterable[Node]:
    yield root
    for child in root.children:
        yield from _walk(child)


# ------------------------------------------------------------------------------------- zip


@dataclass(frozen=True)
class Stored:
    """A member to be written. What is None is as it should be; the rest is written as it is given."""

    name: str
    data: bytes
    method: int = 8
    flags: int = 0
    written_method: int | None = None
    size: int | None = None
    compressed: int | None = None
    local_name: str | None = None
    local_sizes: tuple[int, int] | None = None
    local_signature: bytes = b"PK\x03\x04"
    header: int | None = None
    extra: bytes = b""

    def packed(self) -> bytes:
        if self.method != 8:
            return self.data
        squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
        return squeeze.compress(self.data) + squeeze.flush()


def zipped(
    members: Iterable[Stored],
    prefix: bytes = b"",
    comment: bytes = b"",
    shift: bool = True,
    count: int | None = None,
    before_directory: bytes = b"",
) -> bytes:
    """An archive. ``shift``: offsets count a prefix in; ``count``: records the end record claims."""
    out, directory, number = bytearray(prefix), bytearray(), 0
    base = 0 if shift else len(prefix)
    for member in members:
        packed = member.packed()
        method = member.method if member.written_method is None else member.written_method
        size = len(member.data) if member.size is None else member.size
        compressed = len(packed) if member.compressed is None else member.compressed
        crc = zlib.crc32(member.data)
        name = member.name.encode("utf-8", "surrogateescape")
        local_name = name if member.local_name is None else member.local_name.encode()
        local_compressed, local_size = member.local_sizes or (compressed, size)
        header = len(out) - base if member.header is None else member.header
        out += struct.pack(
            "<4s5H3I2H", member.local_signature, 20, member.flags, method, 0, 0x21, crc,
            local_compressed, local_size, len(local_name), 0,
        )  # fmt: skip
        out += local_name + packed
        directory += struct.pack(
            "<4s6H3I5H2I", b"PK\x01\x02", 20, 20, member.flags, method, 0, 0x21, crc,
            compressed, size, len(name), len(member.extra), 0, 0, 0, 0, header,
        )  # fmt: skip
        directory += name + member.extra
        number += 1
    out += before_directory
    offset = len(out) - base
    out += directory
    number = number if count is None else count
    out += struct.pack(
        "<4s4H2IH",
        b"PK\x05\x06",
        0,
        0,
        number & 0xFFFF,
        number & 0xFFFF,
        len(directory),
        offset,
        len(comment),
    )
    return bytes(out + comment)


def apk(root: Node | bytes | None = None, *members: Stored, dex: bytes = DEX) -> list[Stored]:
    """The members of a small app: a manifest, a dex, and what else is given."""
    if root is None:
        root = manifest(node("uses-sdk", minSdkVersion=24, targetSdkVersion=34), node("application"))
    data = root if isinstance(root, bytes) else axml(root)
    return [Stored("AndroidManifest.xml", data), Stored("classes.dex", dex), *members]


def changed(member: Stored, **changes: object) -> Stored:
    return replace(member, **changes)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------- resources


def resource_table(values: dict[int, Plain], sparse: bool = False) -> bytes:
    """A resource table with one package and one configuration; ids ``0x7f020003`` need not be dense."""
    strings: list[str] = [v for v in values.values() if isinstance(v, str)]
    body = string_pool(strings, utf8=True)
    kinds: dict[int, dict[int, Plain]] = {}
    for number, value in values.items():
        kinds.setdefault(number >> 16 & 0xFF, {})[number & 0xFFFF] = value
    pools = string_pool([f"type{n}" for n in range(1, max(kinds, default=0) + 1)]) + string_pool(["key"])
    types = b""
    for kind, entries in sorted(kinds.items()):
        count = max(entries) + 1
        data, offsets = b"", {}
        for entry, value in sorted(entries.items()):
            offsets[entry] = len(data)
            if isinstance(value, bool):
                typed = (0x12, 0xFFFFFFFF if value else 0)
            elif isinstance(value, int):
                typed = (0x10, value)
            elif isinstance(value, Ref):
                typed = (0x01, value.id)
            else:
                typed = (0x03, strings.index(value))
            data += struct.pack("<HHIHBBI", 8, 0, 0, 8, 0, *typed)
        if sparse:
            table = b"".join(struct.pack("<HH", n, offsets[n] // 4) for n in sorted(offsets))
        else:
            table = b"".join(struct.pack("<I", offsets.get(n, NO_STRING)) for n in range(count))
        config = struct.pack("<I", 64) + bytes(60)
        number = len(offsets) if sparse else count
        header = struct.pack("<BBHII", kind, 1 if sparse else 0, 0, number, 20 + 64 + len(table)) + config
        types += chunk(0x202, struct.pack("<BBHI", kind, 0, 0, count), bytes(4 * count))
        types += chunk(0x201, header, table + data)
    head = struct.pack("<I", 0x7F) + bytes(256)
    head += struct.pack("<IIIII", 288, 0, 288 + len(string_pool([f"type{n}" for n in kinds])), 0, 0)
    body += chunk(0x200, head, pools + types)
    return chunk(2, struct.pack("<I", 1), body)


# -------------------------------------------------------------------------------- protobuf


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field_of(number: int, value: int | bytes | str) -> bytes:
    """One field of a protobuf message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def proto_item(value: Plain) -> bytes:
    if isinstance(value, bool):
        return field_of(7, field_of(8, int(value)))
    if isinstance(value, int):
        return field_of(7, field_of(6, value & 0xFFFFFFFFFFFFFFFF))
    if isinstance(value, Ref):
        return field_of(1, field_of(2, value.id))
    return field_of(2, field_of(1, value))


def proto_xml(root: Node) -> bytes:
    """An XmlNode as app bundles hold their manifest."""
    body = field_of(3, root.name)
    for name, value in root.attributes.items():
        text = value if isinstance(value, str) else ""
        body += field_of(
            4,
            field_of(1, ANDROID) + field_of(2, name) + field_of(3, text) + field_of(5, IDS[name])
            + field_of(6, proto_item(value)),
        )  # fmt: skip
    for name, text in root.plain.items():
        body += field_of(4, field_of(2, name) + field_of(3, text))
    for child in root.children:
        body += field_of(5, proto_xml(child))
    return field_of(1, body)


def proto_table(values: dict[int, Plain]) -> bytes:
    """A ResourceTable with one configuration."""
    out = b""
    for number, value in values.items():
        config_value = field_of(2, field_of(4, proto_item(value)))
        entry = field_of(1, field_of(1, number & 0xFFFF)) + field_of(6, config_value)
        kind = field_of(1, field_of(1, number >> 16 & 0xFF)) + field_of(3, entry)
        out += field_of(2, field_of(1, field_of(1, number >> 24)) + field_of(3, kind))
    return out


# ------------------------------------------------------------------------------ signatures


def prefixed(*items: bytes) -> bytes:
    """Each item after its length in 32 bits."""
    return b"".join(struct.pack("<I", len(item)) + item for item in items)


def signers(certificates: Sequence[bytes]) -> bytes:
    """A v2 block with one signer a certificate, without digests and signatures."""
    made = [prefixed(prefixed(b"", prefixed(c), b""), b"", b"") for c in certificates]
    return prefixed(prefixed(*made))


def signing_block(pairs: Sequence[tuple[int, bytes]]) -> bytes:
    """An APK Signing Block, to stand before the central directory."""
    body = b"".join(struct.pack("<QI", 4 + len(value), number) + value for number, value in pairs)
    size = struct.pack("<Q", len(body) + 24)
    return size + body + size + b"APK Sig Block 42"


def der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def certificate(serial: int, issuer: bytes) -> bytes:
    """The shape of a certificate: what a reader needs to match a signer with it."""
    name = der(0x30, der(0x0C, issuer))
    body = der(0x30, der(0xA0, der(2, b"\2")), der(2, bytes([serial])), der(0x30), name, der(0x30), name)
    return der(0x30, body, der(0x30), der(3, b"\0"))


def pkcs7(*certificates: bytes, signer: tuple[int, bytes] = (1, b"issuer")) -> bytes:
    """Signed data (RFC 2315) with these certificates and one signer by serial number and issuer."""
    serial, issuer = signer
    named = der(0x30, der(0x30, der(0x0C, issuer)), der(2, bytes([serial])))
    signed = der(
        0x30, der(2, b"\1"), der(0x31), der(0x30), der(0xA0, *certificates),
        der(0x31, der(0x30, der(2, b"\1"), named)),
    )  # fmt: skip
    return der(0x30, der(6, bytes.fromhex("2a864886f70d010702")), der(0xA0, signed))

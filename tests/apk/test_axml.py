"""Binary XML: what the platform resolves is resolved, and each trick is told."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appaudit.apk import axml
from appaudit.apk.xml import Element
from tests.apk.build import IDS, NO_STRING, Axml, Node, chunk, manifest, node, string_pool
from tests.apk.build import axml as written

APP = manifest(
    node("uses-sdk", minSdkVersion=24),
    node("uses-permission", name="android.permission.CAMERA", maxSdkVersion=30),
    node("application", node("activity", name=".Main", exported=True), label="Läden ☕", debuggable=False),
    versionCode=7,
)


def parsed(data: bytes) -> tuple[Element, dict[str, str]]:
    tricks: dict[str, str] = {}
    return axml.read(data, tricks.__setitem__), tricks


def check(root: Element) -> None:
    """That the tree is APP's, whatever stood around it."""
    assert root.name == "manifest"
    assert root.plain["package"].string == "com.example.shop"
    assert root.attributes["versionCode"].integer == 7
    permission = root.first("uses-permission")
    assert permission is not None
    assert permission.attributes["name"].string == "android.permission.CAMERA"
    assert permission.attributes["maxSdkVersion"].integer == 30
    application = root.first("application")
    assert application is not None
    assert application.attributes["label"].string == "Läden ☕"
    assert application.attributes["debuggable"].boolean is False
    activity = application.first("activity")
    assert activity is not None
    assert activity.attributes["name"].string == ".Main"
    assert activity.attributes["exported"].boolean is True


@pytest.mark.parametrize("utf8", [False, True])
def test_a_tree_is_read_without_a_trick(utf8: bool) -> None:
    root, tricks = parsed(written(APP, utf8))
    check(root)
    assert tricks == {}


# ---------------------------------------------------------------------- files written wrongly


class Junk(Axml):
    """Chunks of unknown type between all others; the platform wants a node's header of them, too."""

    def element(self, element: Node) -> bytes:
        return chunk(0x0777, bytes(8), b"junk") + super().element(element) + chunk(0x0199, bytes(8))

    def file(self, body: bytes) -> bytes:
        return super().file(chunk(0x0666, b"", bytes(12)) + body)


class ShortJunk(Axml):
    """Chunks with a header too short for a node: the platform stops at them."""

    def element(self, element: Node) -> bytes:
        return chunk(0x0777, b"", b"junk") + super().element(element)


class LatePool(Axml):
    """A string pool behind the first node: the platform does not look at it."""

    def element(self, element: Node) -> bytes:
        return string_pool(["lie"] * 99) + super().element(element)


class EarlyPool(Axml):
    """A string pool before the real one: the last one counts."""

    def pool(self) -> bytes:
        return string_pool(["lie"] * 99) + super().pool()


class OverlappingAttributes(Axml):
    """A record size of zero: every attribute is the first one."""

    def element(self, element: Node) -> bytes:
        data = bytearray(super().element(element))
        if element.name == "uses-sdk":
            struct.pack_into("<HH", data, 16 + 10, 0, 3)
        return bytes(data)


class Magic(Axml):
    def file(self, body: bytes) -> bytes:
        return struct.pack("<HHI", 0x0008, 8, 8 + len(body)) + body


class ShortFile(Axml):
    """Says it is shorter than it is: the platform stops there."""

    def file(self, body: bytes) -> bytes:
        return super().file(body) + chunk(0x102, bytes(8), bytes(20))


class LongFile(Axml):
    def file(self, body: bytes) -> bytes:
        return struct.pack("<HHI", 3, 8, 100_000_000) + body


class FileHeader(Axml):
    def file(self, body: bytes) -> bytes:
        return struct.pack("<HHI", 3, 16, 16 + len(body)) + bytes(8) + body


class PoolHeader(Axml):
    """A longer header of the string pool: its entries follow it, the strings' offset counts it in."""

    def pool(self) -> bytes:
        data = bytearray(super().pool())
        size, start = len(data) + 8, struct.unpack_from("<I", data, 20)[0] + 8
        struct.pack_into("<H", data, 2, 36)
        struct.pack_into("<I", data, 4, size)
        struct.pack_into("<I", data, 20, start)
        return bytes(data[:28]) + bytes(8) + bytes(data[28:])


class StyleCount(Axml):
    """Styles that start before the strings: the platform refuses the pool."""

    def pool(self) -> bytes:
        data = bytearray(super().pool())
        struct.pack_into("<I", data, 12, 0x7FFFFFFF)
        return bytes(data)


class StylesBehind(Axml):
    """More styles than there are, where styles may be: the platform does not count them."""

    def pool(self) -> bytes:
        data = bytearray(super().pool())
        struct.pack_into("<II", data, 4, len(data) + 12, struct.unpack_from("<I", data, 8)[0])
        struct.pack_into("<I", data, 12, 0x7FFFFFFF)
        struct.pack_into("<I", data, 24, len(data))
        return bytes(data) + b"\xff" * 12


class NoLastEnd(Axml):
    def pool(self) -> bytes:
        data = bytearray(super().pool()) + b"abcd"
        struct.pack_into("<I", data, 4, len(data))
        return bytes(data)


class OddOffsets(Axml):
    """Odd offsets of UTF-16 strings: the platform rounds them down."""

    def pool(self) -> bytes:
        data = bytearray(super().pool())
        for n in range(len(self.strings)):
            at = 28 + 4 * n
            struct.pack_into("<I", data, at, struct.unpack_from("<I", data, at)[0] | 1)
        return bytes(data)


class StringCount(Axml):
    def pool(self) -> bytes:
        data = bytearray(super().pool())
        struct.pack_into("<I", data, 8, 0x00FFFFFF)
        return bytes(data)


class ElementHeader(Axml):
    """Longer headers of the elements; the extension follows the header."""

    def element(self, element: Node) -> bytes:
        data = super().element(element)
        size = struct.unpack_from("<I", data, 4)[0]
        start = struct.pack("<HHI", 0x102, 24, size + 8) + data[8:16] + bytes(8) + data[16:size]
        return start + data[size:]


class AttributeSize(Axml):
    """Records of 24 bytes with four that mean nothing."""

    def element(self, element: Node) -> bytes:
        data = bytearray(super().element(element))
        struct.pack_into("<H", data, 16 + 10, 24)
        return bytes(data)

    def attributes(self, element: Node) -> list[bytes]:
        return [record + b"\xde\xad\xbe\xef" for record in super().attributes(element)]


class AttributeStart(Axml):
    def element(self, element: Node) -> bytes:
        data = super().element(element)
        size = struct.unpack_from("<I", data, 4)[0]
        head = bytearray(data[:36])
        struct.pack_into("<I", head, 4, size + 8)
        struct.pack_into("<H", head, 24, 28)
        return bytes(head) + bytes(8) + data[36:]


class Names(Axml):
    """Attribute names that say something else: the resource id decides."""

    def pool(self) -> bytes:
        kept = self.strings
        self.strings = [f"lie{n}" if n < len(self.named) else s for n, s in enumerate(kept)]
        try:
            return super().pool()
        finally:
            self.strings = kept


class RawValue(Axml):
    """The raw string beside the value says something else: the value decides."""

    def attribute(self, namespace: int, name: int, value: object) -> bytes:
        data = super().attribute(namespace, name, value)  # type: ignore[arg-type]
        if namespace == NO_STRING or data[15] != 3:
            return data
        return data[:8] + struct.pack("<I", self.string("com.evil.raw")) + data[12:]


class Twice(Axml):
    """Each attribute a second time with another value: the first counts."""

    def attributes(self, element: Node) -> list[bytes]:
        records = super().attributes(element)
        android = [r for r in records if r[:4] != struct.pack("<I", NO_STRING)]
        again = [r[:8] + struct.pack("<IHBBI", NO_STRING, 8, 0, 0x10, 99) for r in android]
        mixed = [r for pair in zip(android, again, strict=True) for r in pair]
        return mixed + [r for r in records if r not in android]


class ValueSize(Axml):
    def attribute(self, namespace: int, name: int, value: object) -> bytes:
        data = super().attribute(namespace, name, value)  # type: ignore[arg-type]
        return data[:12] + struct.pack("<H", 0x1234) + data[14:]


class SecondRoot(Axml):
    def file(self, body: bytes) -> bytes:
        name = self.string("manifest")
        extension = struct.pack("<IIHHHHHH", NO_STRING, name, 20, 20, 0, 0, 0, 0)
        return super().file(body + chunk(0x102, struct.pack("<II", 1, NO_STRING), extension))


WRONG: list[tuple[type[Axml], set[str]]] = [
    (Junk, {"axml_junk_chunks"}),
    (Magic, {"axml_magic"}),
    (ShortFile, {"axml_length"}),
    (LongFile, {"axml_length_over"}),
    (FileHeader, {"axml_header_size"}),
    (PoolHeader, {"axml_header_size"}),
    (ShortJunk, {"axml_chunk_size", "axml_junk_chunks"}),
    (LatePool, {"axml_junk_chunks"}),
    (EarlyPool, {"axml_second_pool"}),
    (OverlappingAttributes, {"axml_attribute_size", "axml_duplicate_attribute"}),
    (StyleCount, {"axml_string_pool"}),
    (StylesBehind, {"axml_style_count"}),
    (NoLastEnd, {"axml_string_pool"}),
    (OddOffsets, set()),
    (StringCount, {"axml_string_count"}),
    (ElementHeader, {"axml_header_size"}),
    (AttributeSize, {"axml_attribute_size"}),
    (AttributeStart, {"axml_attribute_start"}),
    (Names, {"axml_attribute_name"}),
    (RawValue, {"axml_raw_value"}),
    (Twice, {"axml_duplicate_attribute"}),
    (ValueSize, {"axml_value_size"}),
    (SecondRoot, {"axml_second_root"}),
]


@pytest.mark.parametrize(("writer", "expected"), WRONG, ids=lambda v: getattr(v, "__name__", ""))
def test_tricks(writer: type[Axml], expected: set[str]) -> None:
    root, tricks = parsed(writer(APP).build())
    check(root)
    assert set(tricks) == expected


class NoValue(Axml):
    """A text beside no value: the platform sees no attribute, readers of the text do."""

    def attribute(self, namespace: int, name: int, value: object) -> bytes:
        data = super().attribute(namespace, name, value)  # type: ignore[arg-type]
        return data[:15] + b"\0" + data[16:] if value == "android.permission.CAMERA" else data


def test_a_text_beside_no_value_is_told() -> None:
    asks = node("manifest", node("uses-permission", name="android.permission.CAMERA"))
    root, tricks = parsed(NoValue(asks).build())
    assert set(tricks) == {"axml_raw_value"}
    assert not root.children[0].attributes["name"].string


def test_attributes_out_of_order_are_not_seen() -> None:
    """The platform walks ids upwards: a lower id behind a higher one is passed over."""

    class Reversed(Axml):
        def attributes(self, element: Node) -> list[bytes]:
            records = super().attributes(element)
            return records[::-1] if element.name == "uses-permission" else records

    root, tricks = parsed(Reversed(APP).build())
    assert set(tricks) == {"axml_attribute_order"}
    permission = root.first("uses-permission")
    assert permission is not None
    assert IDS["name"] < IDS["maxSdkVersion"]
    assert set(permission.attributes) == {"maxSdkVersion"}


def test_an_attribute_without_an_id_is_not_androids() -> None:
    class NoIds(Axml):
        def build(self) -> bytes:
            return super().build().replace(
                struct.pack("<I", IDS["debuggable"]), struct.pack("<I", 0)
            )  # fmt: skip

    root, tricks = parsed(NoIds(APP).build())
    application = root.first("application")
    assert application is not None
    assert "debuggable" not in application.attributes
    assert set(tricks) == {"axml_attribute_without_id"}


def test_what_holds_no_element_is_an_error() -> None:
    for data in (b"", b"\x03\0", bytes(8), b"\x03\0\x08\0\x08\0\0\0", b"<manifest/>", bytes(4096)):
        with pytest.raises(axml.XmlError):
            parsed(data)


def test_depth_is_bounded() -> None:
    root = node("a")
    for _ in range(300):
        root = Node("a", children=[root])
    _, tricks = parsed(written(root))
    assert "axml_too_large" in tricks


@settings(max_examples=150, deadline=None)
@given(st.data(), st.booleans())
def test_any_damage_is_told_not_raised(data: st.DataObject, utf8: bool) -> None:
    whole = bytearray(written(APP, utf8))
    for _ in range(data.draw(st.integers(1, 10))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    for candidate in (bytes(whole), bytes(whole[:cut])):
        _read_or_error(candidate)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    _read_or_error(data)
    _read_or_error(written(APP)[:120] + data)


def _read_or_error(data: bytes) -> None:
    try:
        root, _ = parsed(data)
    except axml.XmlError:
        return
    assert isinstance(root.name, str)


def test_many_attributes_that_overlap_end() -> None:
    """Each of many elements claims as many attributes as it can, of no bytes each."""

    class Greedy(Axml):
        def element(self, element: Node) -> bytes:
            data = bytearray(super().element(element))
            struct.pack_into("<HH", data, 16 + 10, 0, 0xFFFF)
            return bytes(data)

    root, tricks = parsed(Greedy(manifest(*(node("x", name="a") for _ in range(2000)))).build())
    assert len(root.children) == 2000
    assert set(tricks) == {"axml_attribute_size", "axml_duplicate_attribute"}

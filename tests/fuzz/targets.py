"""What is fuzzed: each target takes any bytes and may only fail as its module says it does.

A module ``tests.fuzz.<name>`` with ``TARGETS: dict[str, Target]`` adds its own.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import struct
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import tests.fuzz
from appaudit.apk import app as app_module
from appaudit.apk import arsc, axml, dexes, open_app, proto, second, verify_jar, verify_side
from appaudit.apk.declarations import read_manifest
from appaudit.apk.der import MalformedError
from appaudit.apk.signatures import certificates_of_pkcs7
from appaudit.apk.signing_block import certificates, signers
from appaudit.apk.xml import Element
from appaudit.apk.zip import MemberError
from appaudit.errors import InputError
from appaudit.jsonform import to_json
from tests.apk import build


@dataclass(frozen=True)
class Target:
    """``run`` raises on any defect. ``seeds`` are well-formed inputs to start from; ``words`` what a
    mutator may insert."""

    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    words: tuple[bytes, ...] = ()


def _container(data: bytes) -> None:
    """Opens the bytes as an app and reads everything in it, with small limits to stay quick."""
    app_module.MAX_DEX = dexes.MAX_NESTED = dexes.MAX_NESTED_TOTAL = 1 << 20
    second.ask = lambda data: []
    path = Path(_FOLDER) / f"fuzz{os.getpid()}.jar"
    path.write_bytes(data)
    try:
        opened = open_app(path)
    except InputError:
        return
    for _ in opened.dexes():
        pass
    for member in opened.members[:50]:
        opened.peek(member.name)
        with suppress(MemberError):
            assert len(opened.read(member.name, 1 << 16)) <= 1 << 16
    for _, text in opened.resource_strings():
        text.encode()
    _encodable([opened.app, *opened.facts, *opened.gaps])
    _walk(opened.manifest.tree)


def _axml(data: bytes) -> None:
    try:
        root = axml.read(data, _text_only)
    except axml.XmlError:
        return
    _walk(root)
    manifest = read_manifest(root, lambda value: value, lambda _: None)
    for component in manifest.components:
        component.name.encode()


def _proto(data: bytes) -> None:
    with suppress(axml.XmlError):
        _walk(proto.read(data, _text_only))
    table = proto.ProtoResources(data, _text_only)
    for text in table.strings():
        text.encode()


def _arsc(data: bytes) -> None:
    table = arsc.Resources(data, _text_only)
    for text in table.strings():
        text.encode()
    for package in (0x7F, 0x01):
        for kind in range(1, 6):
            for entry in (0, 1, 2, 0xFFFF):
                table.values(package << 24 | kind << 16 | entry)


def _signature(data: bytes) -> None:
    with suppress(MalformedError, struct.error):
        certificates(memoryview(data))
    for scheme in ("v2", "v3"):
        with suppress(MalformedError, struct.error):
            signers(memoryview(data), scheme)
    with suppress(MalformedError, struct.error):
        verify_side.check(verify_side.read(memoryview(data)), memoryview(data), [])
    certificates_of_pkcs7(data)
    for section in verify_jar.sections(data):
        assert section.raw in data


def _text_only(trick: str, detail: str) -> None:
    assert trick.isascii()
    detail.encode()


def _encodable(records: list[object]) -> None:
    json.dumps(to_json(records), ensure_ascii=False).encode()


def _walk(root: Element | None) -> None:
    """Every name and value of a tree is text that can be written out."""
    stack = [] if root is None else [root]
    while stack:
        element = stack.pop()
        stack += element.children
        (element.name + element.text).encode()
        for values in (element.attributes, element.plain):
            for name, value in values.items():
                (name + value.string).encode()
                assert value.integer is None or isinstance(value.integer, int)


_FOLDER = tempfile.gettempdir() if not Path("/dev/shm").is_dir() else "/dev/shm"


def _containers() -> Iterable[bytes]:
    inner = build.zipped([build.Stored("classes.dex", build.DEX)])
    yield build.zipped(build.apk())
    yield build.zipped(build.apk(None, build.Stored("assets/a.zip", inner), build.Stored("b", b"x" * 200, 0)))
    yield build.zipped(build.apk(), prefix=build.DEX, comment=b"comment")
    yield build.zipped([build.Stored("base.apk", build.zipped(build.apk()), 0)])
    yield build.zipped([build.Stored("classes.dex", build.DEX), build.Stored("A.class", b"\xca\xfe\xba\xbe")])
    yield build.DEX


def _trees() -> Iterable[build.Node]:
    node, manifest = build.node, build.manifest
    main = node("intent-filter", node("action", name="android.intent.action.MAIN"), priority=3)
    yield manifest(
        node("uses-sdk", minSdkVersion=24, targetSdkVersion="Tiramisu"),
        node("uses-permission", name="android.permission.CAMERA", maxSdkVersion=30),
        node("permission", name="p", protectionLevel=0x12),
        node(
            "application",
            node("activity", main, name=".Main", exported=True),
            node("activity-alias", name=".Alias", targetActivity=".Main"),
            node("provider", name="P", authorities="a;b"),
            node("meta-data", name="m", value=build.Ref(0x7F010000)),
            label="shop",
            networkSecurityConfig=build.Ref(0x7F020000),
        ),
        versionCode=7,
    )


def _axmls() -> Iterable[bytes]:
    for tree in _trees():
        yield build.axml(tree)
        yield build.axml(tree, utf8=True)


def _arscs() -> Iterable[bytes]:
    yield build.resource_table({0x7F010000: "Shop", 0x7F010001: build.Ref(0x7F010000), 0x7F020000: 7})
    yield build.resource_table({0x7F010000: "Shop"}, sparse=True)


def _protos() -> Iterable[bytes]:
    for tree in _trees():
        yield build.proto_xml(tree)
    yield build.proto_table({0x7F010000: "Shop", 0x7F010001: build.Ref(0x7F010000)})


def _signatures() -> Iterable[bytes]:
    yield build.signers([b"\x30\x03\x02\x01\x01"])
    info = build.prefixed(b"digest", b"\x30\x03\x02\x01\x01", b"", b"key")
    info += struct.pack("<I", 0x103) + build.prefixed(b"signature")
    hashing = struct.pack("<IB", 1, 12) + build.prefixed(b"", b"root")
    yield struct.pack("<I", 2) + build.prefixed(hashing, info)
    yield build.pkcs7(build.certificate(1, b"issuer"))
    yield b"Manifest-Version: 1.0\r\n\r\nName: a\r\n b\r\nSHA-256-Digest: AAAA\r\n\r\n"


TARGETS: dict[str, Target] = {
    "container": Target(
        _container, _containers, (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"dex\n035\0", b"\xff" * 4)
    ),
    "axml": Target(
        _axml, _axmls, (struct.pack("<HHI", 0x102, 16, 36), struct.pack("<HHI", 1, 28, 28), b"\xff" * 4)
    ),
    "arsc": Target(_arsc, _arscs, (struct.pack("<HHI", 0x201, 84, 100), b"\xff" * 4)),
    "proto": Target(_proto, _protos, (b"\x0a", b"\x22", b"\xff\xff\xff\xff\x0f")),
    "signature": Target(_signature, _signatures, (b"\x30\x82", b"\xff" * 4)),
}


def all_targets() -> dict[str, Target]:
    """The targets here and those of the modules beside this one."""
    found = dict(TARGETS)
    for module in pkgutil.iter_modules(tests.fuzz.__path__):
        if module.name not in ("targets", "__main__") and not module.name.startswith("test_"):
            found |= getattr(importlib.import_module(f"tests.fuzz.{module.name}"), "TARGETS", {})
    return found

"""Scripts of other frameworks are read, compiled code becomes a Gap."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from appaudit.knowledge.data_types import data_types
from appaudit.knowledge.load import toml
from appaudit.records import StringConstant
from appaudit.static import ScanResult, scan
from appaudit.static.frameworks import frameworks
from appaudit.static.scripts import HERMES
from tests.static.apps import app_with
from tests.static.test_scripts import hermes, il2cpp


def subjects(result: ScanResult, action: str) -> set[str]:
    return {f.subject for f in result.facts if f.action == action}


def test_a_script_bundle(tmp_path: Path) -> None:
    bundle = b'var u="https://stats.shop.example.org/v1";RNCClipboard.getString();fetch("http://10.0.0.1/");'
    result = scan(app_with(tmp_path, {"assets/index.android.bundle": bundle}))
    assert subjects(result, "contacts") == set()  # example.org is a name, 10.0.0.1 is private
    bundle = bundle.replace(b"example.org", b"shopping.cn")
    result = scan(app_with(tmp_path, {"assets/index.android.bundle": bundle}))
    assert subjects(result, "contacts") == {"host:stats.shop.shopping.cn"}
    assert subjects(result, "accesses") == {"data:clipboard"}
    framework = next(f for f in result.facts if f.subject == "setting:framework")
    assert framework.attribute["framework"] == "react_native"
    assert not result.gaps


def test_hermes_is_a_gap(tmp_path: Path) -> None:
    bundle = HERMES + b"\0" * 100 + b"https://api.shopping.cn/x"
    result = scan(app_with(tmp_path, {"assets/index.android.bundle": bundle}))
    assert [g.code for g in result.gaps] == ["hermes_bytecode"]
    assert "host:api.shopping.cn" in subjects(result, "contacts")


ADDRESSES = ["https://api.shopping.cn", "wss://push.shopping.cn/socket", "Modules", "getUniqueIdSync"]


def test_strings_of_bytecode_end_where_they_end(tmp_path: Path) -> None:
    data = hermes(ADDRESSES)
    result = scan(app_with(tmp_path, {"assets/index.android.bundle": data}))
    assert subjects(result, "contacts") == {"host:api.shopping.cn", "host:push.shopping.cn"}
    assert subjects(result, "accesses") == {"data:android_id"}
    for fact in result.facts:
        for item in fact.evidence:
            if isinstance(item, StringConstant) and item.member.endswith(".bundle"):
                assert item.offset is not None
                assert data[item.offset :].startswith(item.value.encode())


def test_literals_of_unity(tmp_path: Path) -> None:
    folder = "assets/bin/Data/Managed"
    assembly = b"MZ" + bytes(62) + "https://mono.shopping.cn/a".encode("utf-16-le") + b"\0Anext"
    files = {f"{folder}/Metadata/global-metadata.dat": il2cpp(ADDRESSES), f"{folder}/Game.dll": assembly}
    result = scan(app_with(tmp_path, files))
    hosts = {"host:api.shopping.cn", "host:push.shopping.cn", "host:mono.shopping.cn"}
    assert subjects(result, "contacts") == hosts
    assert "framework_code" in {g.code for g in result.gaps}


def test_an_encrypted_script_is_a_gap(tmp_path: Path) -> None:
    folder = "assets/apps/__UNI__1234567/www"
    files = {f"{folder}/manifest.json": b"{}", f"{folder}/app-service.js": random.Random(1).randbytes(9000)}
    assert [g.code for g in scan(app_with(tmp_path, files)).gaps] == ["unreadable_script"]
    files = {f"{folder}/manifest.json": b"{}", f"{folder}/app-confusion.js": b"U2FsdGVk" * 99}
    assert [g.code for g in scan(app_with(tmp_path, files)).gaps] == ["framework_code"]


WEEX = b'weex.requireModule("clipboard").getString()'
PLUGINS = b'[{"pkg":"@capacitor/geolocation"}]'
SERVER = b'{"server": {"url": "https://live.shopping.cn"}}'


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"assets/capacitor.config.json": SERVER}, "host:live.shopping.cn"),
        ({"assets/capacitor.config.json": b"", "assets/capacitor.plugins.json": PLUGINS}, "data:location"),
        ({"assets/flutter_assets/kernel_blob.bin": b"\x90\xab\xcd\xef"}, "framework_code"),
        ({"assets/flutter_assets/AssetManifest.json": b"{}"}, "framework_code"),
        ({"lib/arm64-v8a/libweexcore.so": b"", "assets/a.js": WEEX}, "data:clipboard"),
    ],
)
def test_what_each_framework_keeps_where(tmp_path: Path, files: dict[str, bytes], expected: str) -> None:
    result = scan(app_with(tmp_path, files))
    assert expected in {f.subject for f in result.facts} | {g.code for g in result.gaps}


def test_uni_app(tmp_path: Path) -> None:
    files = {
        "assets/apps/__UNI__1234567/www/manifest.json": b"{}",
        "assets/apps/__UNI__1234567/www/app-service.js": b"plus.device.getInfo({}),uni.getLocation({})",
    }
    result = scan(app_with(tmp_path, files))
    assert subjects(result, "accesses") == {"data:imei", "data:location"}


def test_compiled_code_is_a_gap(tmp_path: Path) -> None:
    files = {"lib/arm64-v8a/libflutter.so": b"", "lib/arm64-v8a/libapp.so": b"\0" * 64}
    result = scan(app_with(tmp_path, files))
    codes = {g.code for g in result.gaps}
    assert "framework_code" in codes
    gap = next(g for g in result.gaps if g.code == "framework_code")
    assert "Flutter" in gap.reason
    assert gap.scope.endswith("libapp.so")


def test_the_knowledge_is_whole() -> None:
    rows = toml("frameworks.toml")
    assert set(rows) == {"framework", "script"}
    known = {"id", "name", "libs", "classes", "files", "scripts", "binaries", "reason"}
    assert len({f.id for f in frameworks()}) == len(rows["framework"]) >= 10
    for row in rows["framework"]:
        assert set(row) <= known
        assert row.get("libs") or row.get("classes") or row.get("files")
        assert bool(row.get("binaries")) == bool(row.get("reason"))
    assert set(rows["script"].values()) <= set(data_types())

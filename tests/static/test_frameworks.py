"""Scripts of other frameworks are read, compiled code becomes a Gap."""

from __future__ import annotations

from pathlib import Path

from appaudit.knowledge.data_types import data_types
from appaudit.knowledge.load import toml
from appaudit.static import ScanResult, scan
from appaudit.static.frameworks import HERMES, frameworks
from tests.static.apps import app_with


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

"""Libraries of Java bytecode: converted where there is a d8, a Gap where there is none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from appaudit.apk import bytecode, open_app
from tests import corpus
from tests.apk.build import Stored, zipped

JAR = Path(__file__).resolve().parents[2] / "fixtures" / "variants" / "shop-next" / "shop-next.jar"
BYTECODE = b"\xca\xfe\xba\xbe" + bytes(200)


@pytest.fixture
def no_d8(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("APPAUDIT_D8", "ANDROID_HOME", "ANDROID_SDK_ROOT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/nowhere")


def library(tmp_path: Path, classes: bytes) -> tuple[Path, Path]:
    jar, aar = tmp_path / "sdk.jar", tmp_path / "sdk.aar"
    jar.write_bytes(classes)
    manifest = b'<manifest package="com.example.sdk"/>'
    aar.write_bytes(zipped([Stored("AndroidManifest.xml", manifest), Stored("classes.jar", classes)]))
    return jar, aar


@pytest.mark.usefixtures("no_d8")
def test_without_d8_it_is_a_gap(tmp_path: Path) -> None:
    for path in library(tmp_path, zipped([Stored("a/B.class", BYTECODE)])):
        *alone, gap = open_app(path).gaps
        assert [g.code for g in alone] == ["missing_manifest"] * (path.suffix == ".jar")
        assert gap.code == "java_bytecode"
        assert "APPAUDIT_D8" in gap.reason


def test_a_d8_that_fails_is_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jar, _ = library(tmp_path, zipped([Stored("a/B.class", BYTECODE)]))
    for command in ("/bin/false", "/nowhere/d8", str(tmp_path)):
        monkeypatch.setenv("APPAUDIT_D8", command)
        assert [g.code for g in open_app(jar).gaps] == ["missing_manifest", "java_bytecode"]


def test_the_newest_build_tools_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_d8: None
) -> None:
    for version in ("9.0.0", "34.0.0", "30.0.3"):
        tool = tmp_path / "build-tools" / version / "d8"
        tool.parent.mkdir(parents=True)
        tool.touch()
    monkeypatch.setenv("ANDROID_HOME", str(tmp_path))
    assert bytecode.d8() == [str(tmp_path / "build-tools" / "34.0.0" / "d8")]


def test_d8_makes_dex_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the real tool, where it has been fetched before."""
    tools = sorted(corpus.D8.folder.rglob("*.jar")) if (corpus.D8.folder / ".complete").exists() else []
    if not tools or not shutil.which("java") or not JAR.exists():
        pytest.skip("no d8 or java here")
    monkeypatch.setenv("APPAUDIT_D8", str(tools[0]))
    for path in library(tmp_path, JAR.read_bytes()):
        app = open_app(path)
        assert {g.code for g in app.gaps} <= {"missing_manifest"}
        ((name, data),) = app.dexes()
        assert name == f"{path.name}!classes.dex"
        assert b"Lcom/example/shop/" in data
        assert {f.subject for f in app.facts} == {"setting:converted_bytecode"}

"""Packers are named, and hidden code is a Gap rather than a pass."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from appaudit.static import scan
from tests.static.apps import APPS, app_with


@pytest.mark.parametrize(
    ("files", "packer"),
    [
        ({"lib/arm64-v8a/libjiagu.so": b""}, "jiagu_360"),
        ({"assets/libjiagu_x86.so": b""}, "jiagu_360"),
        ({"lib/armeabi/libshella-4.1.0.15.so": b""}, "tencent_legu"),
        ({"lib/armeabi/libDexHelper.so": b""}, "bangcle"),
        ({"assets/ijiami.dat": b""}, "ijiami"),
        ({"lib/armeabi-v7a/libbaiduprotect.so": b""}, "baidu"),
    ],
)
def test_packers(tmp_path: Path, files: dict[str, bytes], packer: str) -> None:
    result = scan(app_with(tmp_path, files))
    found = [f for f in result.facts if f.subject == "trick:packer"]
    assert [f.attribute["packer"] for f in found] == [packer]
    gap = next(g for g in result.gaps if g.code == "packed_dex")
    assert found[0].attribute["name"] in gap.reason


def test_look_alikes_are_not_packers(tmp_path: Path) -> None:
    files = {
        "lib/arm64-v8a/libexecutor.so": b"",
        "assets/ijiami/readme.txt": b"",
        "assets/tosversion.txt": b"",
    }
    result = scan(app_with(tmp_path, files))
    assert not [f for f in result.facts if f.subject == "trick:packer"]
    assert not [g for g in result.gaps if g.code == "packed_dex"]


def test_components_without_classes_are_a_gap(tmp_path: Path) -> None:
    with zipfile.ZipFile(APPS / "plain" / "plain.apk") as plain:
        other = plain.read("classes.dex")
    path = app_with(tmp_path, {"classes.dex": other}, base="shop", drop=("classes2.dex",))
    result = scan(path)
    gap = next(g for g in result.gaps if g.code == "missing_code")
    assert "declared components" in gap.reason

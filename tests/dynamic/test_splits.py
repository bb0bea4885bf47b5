"""Which APKs of a container go onto a device."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from appaudit.dynamic import splits
from appaudit.errors import InputError


def container(path: Path, names: list[str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return path


def taken(path: Path, scratch: Path) -> list[str]:
    return [p.read_text() for p in splits.parts(path, "arm64-v8a", scratch)]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (
            ["toc.pb", "splits/base-master.apk", "splits/base-master_2.apk", "standalones/standalone.apk"],
            ["splits/base-master_2.apk"],
        ),
        (
            ["splits/base-master.apk", "splits/base-arm64_v8a.apk", "splits/base-x86.apk"],
            ["splits/base-master.apk", "splits/base-arm64_v8a.apk"],
        ),
        (["universal.apk", "standalones/standalone-arm64_v8a.apk"], ["universal.apk"]),
        (["instant/instant-base.apk", "base.apk"], ["base.apk"]),
        (
            ["com.x.apk", "config.arm64_v8a.apk", "config.armeabi_v7a.apk"],
            ["com.x.apk", "config.arm64_v8a.apk"],
        ),
    ],
)
def test_the_same_parts_as_are_scanned_without_other_processors(
    tmp_path: Path, names: list[str], expected: list[str]
) -> None:
    assert taken(container(tmp_path / "shop.xapk", names), tmp_path / "scratch") == expected


def test_a_container_without_an_app(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no APK"):
        taken(container(tmp_path / "shop.apks", ["toc.pb"]), tmp_path / "scratch")


def test_a_damaged_member_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "x.apks"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("base.apk", bytes(1000))
        start = 30 + len("base.apk")
    whole = bytearray(path.read_bytes())
    whole[start] = 0xFF  # a kind of block that deflate does not have
    path.write_bytes(whole)
    with pytest.raises(InputError, match="cannot be unpacked"):
        splits.parts(path, "arm64-v8a", tmp_path / "parts")

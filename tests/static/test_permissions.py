"""Which permissions code needs, at the API level that an app targets."""

from __future__ import annotations

from pathlib import Path

import pytest

from appaudit.static import scan
from appaudit.static.permissions import LATEST, at_level
from tests.apk.build import apk, manifest, node, zipped
from tests.dex.writer import Class, Method, Word, build

P = "android.permission."
NAMES = (f"{P}BLUETOOTH", f"{P}BLUETOOTH_CONNECT")
NAME = "Landroid/bluetooth/BluetoothAdapter;->getName()Ljava/lang/String;"


@pytest.mark.parametrize(("level", "needed"), [(30, {"BLUETOOTH"}), (31, {"BLUETOOTH_CONNECT"})])
def test_a_permission_of_a_later_level_is_not_needed(level: int, needed: set[str], tmp_path: Path) -> None:
    words: list[Word] = [0x6E | 1 << 12, ("method", NAME), 0, 0x0E]
    dex = build([Class("Lcom/example/shop/A;", [Method("m", "()V", words)])])
    root = manifest(node("uses-sdk", minSdkVersion=24, targetSdkVersion=level), node("application"))
    (tmp_path / "app.apk").write_bytes(zipped(apk(root, dex=dex)))
    facts = [f for f in scan(tmp_path / "app.apk").facts if f.action == "uses" and P in f.subject]
    assert {f.subject.removeprefix(f"permission:{P}") for f in facts} & {
        "BLUETOOTH",
        "BLUETOOTH_CONNECT",
    } == needed
    assert {f.attribute["declared"] for f in facts} == {"no"}


def test_permissions_by_level() -> None:
    assert f"{P}BLUETOOTH_CONNECT" not in at_level(NAMES, 30)
    assert f"{P}BLUETOOTH_CONNECT" in at_level(NAMES, LATEST)

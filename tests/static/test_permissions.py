"""Which permissions code needs, at the API level that an app targets."""

from __future__ import annotations

from pathlib import Path

import pytest

from appaudit.records import Fact
from appaudit.static import scan
from appaudit.static.permissions import LATEST, at_levels
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
    assert f"{P}BLUETOOTH_CONNECT" not in at_levels(NAMES, 21, 30)
    assert f"{P}BLUETOOTH_CONNECT" in at_levels(NAMES, 21, LATEST)
    assert f"{P}BODY_SENSORS" in at_levels((f"{P}BODY_SENSORS",), 21, LATEST)
    assert f"{P}BODY_SENSORS" not in at_levels((f"{P}BODY_SENSORS",), 36, LATEST)


def requests(folder: Path, target: int, *names: str) -> dict[str, Fact]:
    """The permissions that an app with a heart rate sensor requests, by name."""
    manager = "Landroid/hardware/SensorManager;"
    sensor = f"{manager}->getDefaultSensor(I)Landroid/hardware/Sensor;"
    words: list[Word] = [0x0113, 21, 0x6E | 2 << 12, ("method", sensor), 0x10, 0x0E]
    dex = build([Class("Lcom/example/shop/A;", [Method("m", "()V", words)])])
    asked = (node("uses-permission", name=P + name) for name in names)
    root = manifest(node("uses-sdk", minSdkVersion=24, targetSdkVersion=target), *asked, node("application"))
    (folder / "app.apk").write_bytes(zipped(apk(root, dex=dex)))
    facts = [f for f in scan(folder / "app.apk").facts if f.action == "requests"]
    return {f.subject.removeprefix(f"permission:{P}"): f for f in facts}


def test_body_sensors_are_health_permissions_since_level_36(tmp_path: Path) -> None:
    found = requests(tmp_path, 36, "BODY_SENSORS", "health.READ_HEART_RATE", "health.READ_SLEEP")
    assert found["BODY_SENSORS"].attribute["until"] == "35"
    heart = found["health.READ_HEART_RATE"].attribute
    assert (heart["level"], heart["group"], heart["used"]) == ("dangerous", "health", "yes")
    assert found["health.READ_SLEEP"].attribute["used"] == "unknown"
    assert "until" not in requests(tmp_path, 35, "BODY_SENSORS")["BODY_SENSORS"].attribute

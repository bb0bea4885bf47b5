"""What the platform limits: the file keeps to its schema, and levels decide."""

from __future__ import annotations

import jsonschema
import pytest

from appaudit.knowledge.apis import by_id, catalogue
from appaudit.knowledge.limits import limit_of, limits
from appaudit.knowledge.load import toml

ALL_PACKAGES = "android.permission.QUERY_ALL_PACKAGES"
STEP = {
    "type": "object",
    "additionalProperties": False,
    "required": ["by", "level", "answer"],
    "properties": {
        "by": {"enum": ["target", "device"]},
        "level": {"type": "integer", "minimum": 21, "maximum": 36},
        "answer": {"enum": sorted(toml("wording.toml")["limit"])},
    },
}
LIMITS = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "additionalProperties": False,
        "required": ["steps"],
        "properties": {
            "steps": {"type": "array", "items": STEP, "minItems": 1},
            "lifted_by": {"type": "string", "pattern": "^[A-Z_]+$"},
        },
    },
}


def test_the_file_keeps_to_its_schema_and_every_limit_is_used() -> None:
    jsonschema.validate(toml("limits.toml"), LIMITS)
    assert {a.limit for a in catalogue() if a.limit} == set(limits())


@pytest.mark.parametrize(
    ("api", "target", "permissions", "expected"),
    [
        ("android.telephony.TelephonyManager.getDeviceId", 29, [], "throws:29"),
        ("android.telephony.TelephonyManager.getDeviceId", 28, [], "nothing:29"),
        ("android.os.Build.SERIAL", 27, [], ""),
        ("android.os.Build.SERIAL", 28, [], "constant:28"),
        ("android.net.wifi.WifiInfo.getMacAddress", 1, [], "constant:23"),
        ("java.net.NetworkInterface.getHardwareAddress", 29, [], ""),
        ("java.net.NetworkInterface.getHardwareAddress", 30, [], "nothing:30"),
        ("android.content.pm.PackageManager.getInstalledPackages", 36, [], "visible:30"),
        ("android.content.pm.PackageManager.getInstalledPackages", 36, [ALL_PACKAGES], ""),
        ("android.telephony.TelephonyManager.getSimOperator", 36, [], ""),
    ],
)  # fmt: skip
def test_levels_and_permissions_decide(api: str, target: int, permissions: list[str], expected: str) -> None:
    step = limit_of(by_id()[api], target, permissions)
    assert (f"{step.answer}:{step.level}" if step else "") == expected

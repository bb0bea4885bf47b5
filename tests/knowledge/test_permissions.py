"""Permissions: the files keep to their schema and agree with the catalogue and the data types."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import jsonschema
import pytest

from appaudit.knowledge.apis import catalogue, full_permission
from appaudit.knowledge.data_types import data_types
from appaudit.knowledge.load import toml
from appaudit.knowledge.permissions import permission, permissions, required

NAME = r"^[A-Za-z][\w]*(\.\w+)+$"
PERMISSIONS = {
    "type": "object",
    "additionalProperties": False,
    "required": ["permission", "out_of_reach"],
    "properties": {
        "permission": {
            "type": "object",
            "propertyNames": {"pattern": NAME},
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["level", "zh", "en"],
                "properties": {
                    "level": {"enum": ["dangerous", "special", "normal"]},
                    "group": {"type": "string", "pattern": "^[a-z_]+$"},
                    "zh": {"type": "string", "minLength": 1},
                    "en": {"type": "string", "minLength": 1},
                    "data": {
                        "type": "array",
                        "items": {"type": "string"},
                        "minItems": 1,
                        "uniqueItems": True,
                    },
                    "since": {"type": "integer", "minimum": 5, "maximum": 36},
                    "until": {"type": "integer", "minimum": 5, "maximum": 35},
                    "notice": {"const": True},
                    "mild": {"const": True},
                },
            },
        },
        "out_of_reach": {
            "type": "object",
            "additionalProperties": False,
            "required": ["signature", "internal"],
            "patternProperties": {
                "signature|internal": {
                    "type": "array",
                    "items": {"type": "string", "pattern": NAME},
                    "uniqueItems": True,
                }
            },
        },
    },
}
APIS = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {
            "type": "array",
            "items": {"type": "string"},
            "minItems": 1,
            "uniqueItems": True,
        },
    },
}


def test_files_keep_to_the_schema() -> None:
    jsonschema.validate(toml("permissions.toml"), PERMISSIONS)
    jsonschema.validate(toml("permissions_apis.toml"), APIS)


def test_no_permission_stands_twice() -> None:
    data = toml("permissions.toml")
    names = [*data["permission"], *data["out_of_reach"]["signature"], *data["out_of_reach"]["internal"]]
    assert len(names) == len(set(names)) == len(permissions()) > 1000


def test_data_exist_and_agree_with_the_data_types() -> None:
    types = data_types()
    for p in permissions().values():
        assert set(p.data) <= set(types), p.name
    for t in types.values():
        for name in t.permissions:
            assert permission(name).level != "unknown", name


def test_every_permission_an_api_names_is_known() -> None:
    for api in catalogue():
        for name in (*api.all_permissions, *api.any_permissions):
            assert permission(name).level != "unknown", (api.id, name)
    for rows in toml("permissions_apis.toml").values():
        for names in rows.values():
            for name in names:
                assert permission(full_permission(name)).level in ("dangerous", "special", "normal"), name


def test_no_row_of_the_second_map_repeats_the_catalogue() -> None:
    named = {(a.class_name, a.member) for a in catalogue() if a.all_permissions or a.any_permissions}
    extra = {(c, m) for c, rows in toml("permissions_apis.toml").items() for m in rows}
    assert not named & extra
    assert len(required()) > 900


def test_dangerous_ones_and_only_they_have_a_group() -> None:
    for p in permissions().values():
        if p.level != "dangerous":
            assert not p.group, f"{p.name} is granted without a prompt, or on a screen of its own"
        elif p.name.startswith("android.permission."):
            assert p.group, p.name


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("android.permission.READ_MEDIA_IMAGES", "dangerous"),
        ("android.permission.SYSTEM_ALERT_WINDOW", "special"),
        ("android.permission.INTERNET", "normal"),
        ("android.permission.READ_PRIVILEGED_PHONE_STATE", "signature"),
        ("android.permission.SYSTEM_CAMERA", "signature"),
        ("android.permission.MANAGE_COMPANION_DEVICES", "signature"),
        ("android.permission.health.READ_MEDICAL_DATA_VACCINES", "dangerous"),
        ("com.example.OWN", "unknown"),
    ],
)
def test_levels(name: str, level: str) -> None:
    assert permission(name).level == level


def test_levels_are_the_platforms() -> None:
    """Each row beside the platform's own manifest at API level 36, as androguard's current versions carry it.

    It stands there as normal or signature what the user allows on a settings page.
    """
    package = importlib.util.find_spec("androguard")
    if package is None or package.origin is None:
        pytest.skip("androguard is not installed")
    folder = Path(package.origin).parent / "core" / "api_specific_resources" / "aosp_permissions"
    if not (folder / "permissions_36.json").is_file():
        pytest.skip("this androguard knows no API level 36")
    rows = json.loads((folder / "permissions_36.json").read_text(encoding="utf-8"))["permissions"]
    assert len(rows) > 1000
    for name, row in rows.items():
        words = row["protectionLevel"].split("|")
        theirs = next(
            (w for w in ("dangerous", "normal", "internal", "signature") if w in words), "signature"
        )
        ours = permission(name).level
        assert ours == theirs or (ours == "special" and theirs != "dangerous"), name

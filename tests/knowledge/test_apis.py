"""The API catalogue: every file keeps to the schema, no row twice, no id without a meaning."""

from __future__ import annotations

import re

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appaudit.knowledge import apis
from appaudit.knowledge.data_types import data_types
from appaudit.knowledge.limits import limits
from appaudit.knowledge.load import FOLDER, toml

OPEN_TABLES = {"package", "class", "host", "url"}
"""Tables without words: the code that looks an argument up there knows what they mean."""

DATA = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
PERMISSIONS = {
    "type": "array",
    "items": {"type": "string", "minLength": 3},
    "minItems": 1,
    "uniqueItems": True,
}
ROW = {
    "type": "object",
    "additionalProperties": False,
    "anyOf": [{"required": ["data"]}, {"required": ["kind"]}],
    "properties": {
        "data": DATA,
        "kind": {"type": "string", "pattern": "^[a-z_]+$"},
        "role": {"enum": ["metadata", "listen", "callback", "write", "use"]},
        "field": {"const": True},
        "args": {
            "type": "object",
            "propertyNames": {"pattern": "^(-1|[0-9])$"},
            "additionalProperties": {"type": "string"},
            "minProperties": 1,
        },
        "near": {"type": "string", "minLength": 1},
        "all": PERMISSIONS,
        "any": PERMISSIONS,
        "vendor": {"type": "string"},
        "since": {"type": "integer", "minimum": 1, "maximum": 36},
        "until": {"type": "integer", "minimum": 1, "maximum": 35},
        "limit": {"enum": sorted(limits())},
        "runtime": {"type": "string", "pattern": r"^[a-z]\w*(\.\w+)+(\$\w+)*$"},
        "hook": {"enum": ["implementors", "none"]},
        "hidden": {"const": True},
        "hot": {"const": True},
        "third_party": {"const": True},
        "sig": {"type": "string", "pattern": r"^\(\S*\)( \(\S*\))*$"},
        "note": {"type": "string", "pattern": r"\.$"},
    },
}
WORD = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["data"],
            "properties": {
                "data": {"type": "string"},
                "vendor": {"type": "string"},
                "since": {"type": "integer"},
                "note": {"type": "string"},
            },
        },
    ]
}
PARAMETERS = re.compile(r"\((\[*([IJZBCSFD]|L[\w/$]+;))*\)")
CLASS = re.compile(r"[a-z][\w]*(\.\w+)+(\$\w+)*|native:lib\w+\.so")


@pytest.mark.parametrize("name", apis.catalogue_files())
def test_every_file_keeps_to_the_schema(name: str) -> None:
    validator = jsonschema.Draft202012Validator(ROW)
    for class_name, rows in toml(name).items():
        assert CLASS.fullmatch(class_name), class_name
        assert rows, f"{class_name} has no row"
        for member, row in rows.items():
            assert not list(validator.iter_errors(row)), (class_name, member, row)


def test_words_keep_to_the_schema() -> None:
    data = toml(f"{apis.FOLDER_NAME}/{apis.WORDS_FILE}")
    assert set(data) == {"tables", *data["tables"]}
    validator = jsonschema.Draft202012Validator(WORD)
    for table, about in data["tables"].items():
        assert about["match"] in apis.MATCHES
        for value, row in data[table].items():
            assert value == value.strip() != ""
            assert not list(validator.iter_errors(row)), (table, value)


def test_nothing_else_lies_in_the_folder() -> None:
    files = {f"{apis.FOLDER_NAME}/{p.name}" for p in (FOLDER / apis.FOLDER_NAME).iterdir()}
    assert files == {*apis.catalogue_files(), f"{apis.FOLDER_NAME}/{apis.WORDS_FILE}"}


def test_no_row_stands_twice() -> None:
    ids = [a.id for a in apis.catalogue()]
    assert len(ids) == len(set(ids)) > 1200


def test_data_ids_exist() -> None:
    known = set(data_types())
    for api in apis.catalogue():
        assert set(api.data) <= known, api.id
    for table in apis.word_tables().values():
        for word in table.words.values():
            assert word.data in known, (table.name, word.value)


def test_tables_that_rows_name_exist_and_none_is_an_orphan() -> None:
    named = {t for a in apis.catalogue() for t in a.args.values()}
    assert named <= set(apis.word_tables()) | OPEN_TABLES
    assert set(apis.word_tables()) <= named


def test_signatures_are_descriptors_and_differ() -> None:
    for api in apis.catalogue():
        assert len(set(api.signatures)) == len(api.signatures), api.id
        for s in api.signatures:
            assert PARAMETERS.fullmatch(s), (api.id, s)


def test_levels_are_in_order() -> None:
    for api in apis.catalogue():
        assert (api.since or 1) <= (api.until or 36), api.id


@pytest.mark.parametrize(
    ("row", "data"),
    [
        ("android.telephony.TelephonyManager.getDeviceId", "imei"),
        ("android.telephony.TelephonyManager.getSubscriberId", "imsi"),
        ("android.telephony.TelephonyManager.getSimSerialNumber", "iccid"),
        ("android.net.wifi.WifiInfo.getMacAddress", "mac"),
        ("java.net.NetworkInterface.getHardwareAddress", "mac"),
        ("android.content.ClipboardManager.getPrimaryClip", "clipboard"),
        ("android.content.pm.PackageManager.getInstalledPackages", "installed_apps"),
        ("com.google.android.gms.ads.identifier.AdvertisingIdClient.getAdvertisingIdInfo", "gaid"),
        ("com.bun.miitmdid.interfaces.IdSupplier.getOAID", "oaid"),
        ("android.os.Build.SERIAL", "serial"),
        ("android.provider.ContactsContract$Contacts.CONTENT_URI", "contacts"),
    ],
)
def test_the_identifiers_are_there(row: str, data: str) -> None:
    assert apis.by_id()[row].data == (data,)


def test_abstract_platform_classes_name_where_to_hook() -> None:
    for class_name in (
        "android.content.pm.PackageManager",
        "android.content.Context",
        "android.webkit.WebSettings",
    ):
        for api in apis.catalogue():
            if api.class_name == class_name:
                assert api.runtime or api.hidden, api.id


@pytest.mark.parametrize(
    ("table", "text", "data"),
    [
        ("setting", "android_id", "android_id"),
        ("setting", "android_id2", None),
        ("uri", "content://com.android.contacts/data/phones", "contacts"),
        ("uri", "content://com.android.contactsx/data", None),
        ("uri", "content://com.vivo.vms.IdProvider/IdentifierId/OAID", "oaid"),
        ("uri", "content://media/external/images/media", "album"),
        ("uri", "content://media/external/video/media", "video"),
        ("path", "/sys/class/net/wlan0/address", "mac"),
        ("path", "/proc/net/arp", "mac"),
        ("path", "/proc/net/arpx", None),
        ("path", "/sdcard/DCIM/a.jpg", "external_files"),
        ("command", "pm list packages -3", "installed_apps"),
        ("command", "/system/bin/getprop  ro.serialno", "serial"),
        ("command", "sh -c 'ip addr show wlan0'", "mac"),
        ("command", "psych", None),
        ("command", "zip address", None),
        ("property", "ro.serialno", "serial"),
        ("provider", "gps", "location"),
        ("sensor", "19", "activity_recognition"),
    ],
)
def test_words(table: str, text: str, data: str | None) -> None:
    word = apis.find_word(table, text)
    assert (word.data if word else None) == data


@given(st.text(max_size=200))
def test_any_text_can_be_looked_up(text: str) -> None:
    for name in apis.word_tables():
        word = apis.find_word(name, text)
        assert word is None or word.value in apis.word_tables()[name].words


def test_every_word_finds_itself() -> None:
    for table in apis.word_tables().values():
        for value, word in table.words.items():
            found = table.find(value.replace("*", "x"))
            assert found is not None
            assert found.data == word.data, (table.name, value)

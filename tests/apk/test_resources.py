"""References from the manifest into resource tables; bundles and libraries as wholes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appaudit.apk import open_app
from appaudit.apk.arsc import Resources
from appaudit.apk.proto import ProtoResources
from appaudit.apk.xml import REFERENCE, Value
from appaudit.errors import InputError
from tests.apk.build import (
    DEX,
    Node,
    Plain,
    Ref,
    Stored,
    apk,
    axml,
    manifest,
    node,
    proto_table,
    proto_xml,
    resource_table,
    zipped,
)

LABEL, NAME, XML, LOOP = Ref(0x7F010000), Ref(0x7F010001), Ref(0x7F020000), Ref(0x7F030000)
VALUES: dict[int, Plain] = {
    LABEL.id: NAME,
    NAME.id: "Läden",
    XML.id: "res/xml/net.xml",
    LOOP.id: LOOP,
    0x7F030005: True,
    0x7F030009: -1 & 0xFFFFFFFF,
}
APP = manifest(
    node("application", label=LABEL, networkSecurityConfig=XML, debuggable=Ref(0x7F030005)), versionName=LOOP
)
CONFIG = Node(
    "network-security-config", children=[Node("base-config", plain={"cleartextTrafficPermitted": "true"})]
)


def test_an_apk(tmp_path: Path) -> None:
    path = tmp_path / "shop.apk"
    members = [Stored("resources.arsc", resource_table(VALUES), 0), Stored("res/xml/net.xml", axml(CONFIG))]
    path.write_bytes(zipped(apk(APP, *members)))
    app = open_app(path)
    check(app.manifest.application, app.app.label)
    assert ("shop.apk!resources.arsc", "Läden") in list(app.resource_strings())
    assert app.resource(LABEL.id) == "Läden"
    assert app.resource(LOOP.id) == app.resource(0x7F999999) == ""
    tree = app.xml("shop.apk!" + app.resource(XML.id))
    assert tree is not None
    assert tree.name == "network-security-config"
    assert app.xml("shop.apk!absent.xml") is None
    assert not app.gaps
    assert app.xml("shop.apk!classes.dex") is None
    assert [g.code for g in app.gaps] == ["unreadable_xml"]


def test_a_bundle(tmp_path: Path) -> None:
    path = tmp_path / "shop.aab"
    feature = manifest(node("application", node("activity", name=".Feature")))
    feature.plain["split"] = "feature"
    path.write_bytes(
        zipped(
            [
                Stored("BundleConfig.pb", b""),
                Stored("feature/manifest/AndroidManifest.xml", proto_xml(feature)),
                Stored("feature/dex/classes.dex", DEX),
                Stored("base/manifest/AndroidManifest.xml", proto_xml(APP)),
                Stored("base/resources.pb", proto_table(VALUES)),
                Stored("base/res/xml/net.xml", proto_xml(CONFIG)),
                Stored("base/dex/classes2.dex", DEX),
                Stored("base/dex/classes.dex", DEX),
            ]
        )
    )
    app = open_app(path)
    assert app.app.container == "aab"
    check(app.manifest.application, app.app.label)
    assert [c.name for c in app.manifest.components] == ["com.example.shop.Feature"]
    assert app.dex_members == (
        "shop.aab!base/dex/classes.dex",
        "shop.aab!base/dex/classes2.dex",
        "shop.aab!feature/dex/classes.dex",
    )
    assert app.xml("shop.aab!base/res/xml/net.xml") == app.manifest.application.network_security_config
    assert not app.facts
    assert not app.gaps


def check(application: object, label: str) -> None:
    assert label == "Läden"
    assert getattr(application, "debuggable", None) is True
    config = getattr(application, "network_security_config", None)
    assert config is not None
    assert config.first("base-config").plain["cleartextTrafficPermitted"].boolean is True


TEXT = """<?xml version="1.0"?><!DOCTYPE manifest [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="com.example.sdk">
  <uses-sdk android:minSdkVersion="21" android:targetSdkVersion="33"/>
  <uses-permission android:name="android.permission.CAMERA" android:maxSdkVersion="30"/>
  <application><provider android:name=".Init" android:authorities="${applicationId}.init&x;"
    android:exported="false"/></application>
</manifest>"""


def test_a_library(tmp_path: Path) -> None:
    path = tmp_path / "sdk.aar"
    classes = zipped([Stored("com/example/A.class", b"\xca\xfe\xba\xbe" + bytes(200))])
    for text in (TEXT.replace("&x;", ""), TEXT):
        path.write_bytes(
            zipped([Stored("AndroidManifest.xml", text.encode()), Stored("classes.jar", classes)])
        )
        if "&x;" in text:  # an external entity is never read
            try:
                components = open_app(path).manifest.components
            except InputError:
                continue
            assert "root:" not in str(components)
            continue
        app = open_app(path)
        assert app.app.container == "aar"
        assert (app.manifest.package, app.manifest.min_sdk, app.manifest.target_sdk) == (
            "com.example.sdk",
            21,
            33,
        )
        assert [(p.name, p.max_sdk) for p in app.manifest.permissions] == [("android.permission.CAMERA", 30)]
        assert app.manifest.components[0].exported_declared is False
        assert [g.code for g in app.gaps] == ["java_bytecode"]


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("binary", [False, True])
def test_tables(sparse: bool, binary: bool) -> None:
    tricks: list[str] = []

    def note(trick: str, detail: str) -> None:
        tricks.append(trick)

    table: Resources | ProtoResources
    table = (
        Resources(resource_table(VALUES, sparse), note)
        if binary
        else ProtoResources(proto_table(VALUES), note)
    )
    assert [v.text for v in table.values(NAME.id)] == ["Läden"]
    assert table.values(LABEL.id) == [Value(REFERENCE, NAME.id)]
    assert [v.boolean for v in table.values(0x7F030005)] == [True]
    assert [v.integer for v in table.values(0x7F030009)] == [-1]
    for absent in (0, 0x7F010002, 0x7F030001, 0x7F990000, 0x01010001):
        assert table.values(absent) == []
    assert not tricks


@settings(max_examples=150, deadline=None)
@given(st.data(), st.booleans())
def test_damage_gives_fewer_values_not_errors(data: st.DataObject, sparse: bool) -> None:
    whole = bytearray(resource_table(VALUES, sparse))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    for candidate in (bytes(whole), bytes(whole[:cut])):
        table = Resources(candidate, lambda *_: None)
        for resource in VALUES:
            table.values(resource)
        list(table.strings())

"""Manifests by the rules of the platform's package parser."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appaudit.apk import axml, proto
from appaudit.apk.declarations import class_name, implied_permissions, read_manifest
from appaudit.apk.manifest import Component, ImpliedPermission, Manifest, UsesPermission
from appaudit.apk.numbers import protection_level
from appaudit.apk.xml import INT_HEX, STRING, Value
from tests.apk.build import Node, Plain, manifest, node, proto_xml
from tests.apk.build import axml as written

P = "android.permission."


def read(*children: Node, package: str = "com.example.shop", **attributes: Plain) -> Manifest:
    """The manifest as read from binary XML, checked to be the same from a bundle's."""
    tree = manifest(*children, package=package, **attributes)
    tricks: list[str] = []
    root = axml.read(written(tree), lambda trick, _: tricks.append(trick))
    assert not tricks
    found = read_manifest(root, lambda value: value, lambda _: None)
    bundled = proto.read(proto_xml(tree), lambda trick, _: tricks.append(trick))
    again = read_manifest(bundled, lambda value: value, lambda _: None)
    for name in Manifest.__slots__:
        if name != "tree":
            assert getattr(again, name) == getattr(found, name), name
    return found


def component(element: Node, target: int = 34, **application: Plain) -> Component:
    sdk = node("uses-sdk", targetSdkVersion=target)
    return read(sdk, node("application", element, **application)).components[0]


def filtered(kind: str, **attributes: Plain) -> Node:
    action = node("action", name="android.intent.action.VIEW")
    return node(kind, node("intent-filter", action), name=".A", **attributes)


@pytest.mark.parametrize(
    ("name", "full"),
    [
        (".Main", "com.shop.Main"),
        ("Main", "com.shop.Main"),
        ("org.x.Main", "org.x.Main"),
        (".a.B$C", "com.shop.a.B$C"),
        ("", ""),
    ],
)
def test_classes_are_resolved_against_the_package(name: str, full: str) -> None:
    assert class_name("com.shop", name) == full


def test_versions() -> None:
    assert read(versionCode=7, versionName="1.2").version_code == 7
    assert read(versionCode=7, versionCodeMajor=2).version_code == 2 << 32 | 7
    assert read(versionCode=-1).version_code == 0xFFFFFFFF
    assert read(versionName="1.2").version_name == "1.2"


@pytest.mark.parametrize(
    ("attributes", "levels", "codenames"),
    [
        ({}, (1, 1, None), ()),
        ({"minSdkVersion": 21}, (21, 21, None), ()),
        ({"minSdkVersion": 21, "targetSdkVersion": 34, "maxSdkVersion": 35}, (21, 34, 35), ()),
        ({"minSdkVersion": "21", "targetSdkVersion": "Tiramisu"}, (21, 33, None), ("Tiramisu",)),
        ({"targetSdkVersion": "S.abcdef0123"}, (1, 31, None), ("S",)),
        ({"targetSdkVersion": "Zucchini"}, (1, 10_000, None), ("Zucchini",)),
    ],
)
def test_sdk_levels(
    attributes: dict[str, Plain], levels: tuple[int, int, int | None], codenames: tuple[str, ...]
) -> None:
    found = read(node("uses-sdk", **attributes))
    assert (found.min_sdk, found.target_sdk, found.max_sdk) == levels
    assert found.codenames == codenames


def test_a_second_application_is_looked_into_and_is_none() -> None:
    """The platform reads the first, and does not step over the others."""
    first = node("application", node("activity", name=".First"), label="first")
    nested = node("application", node("uses-permission", name=P + "SEND_SMS"))
    second = node(
        "application",
        node("activity", node("uses-permission", name=P + "NFC"), name=".Second"),
        node("uses-permission", name=P + "READ_SMS"),
        nested,
        label="second",
    )
    after = node("uses-permission", name=P + "CAMERA")
    found = read(first, second, after)
    assert (found.application.label, [c.name for c in found.components]) == (
        "first",
        ["com.example.shop.First"],
    )
    assert [p.name.removeprefix(P) for p in found.permissions] == ["READ_SMS", "SEND_SMS", "CAMERA"]


def test_permissions_in_all_forms() -> None:
    found = read(
        node("uses-permission", name=P + "CAMERA", maxSdkVersion=30),
        node("uses-permission", name=P + "CAMERA"),
        node("uses-permission-sdk-23", name=P + "READ_SMS"),
        node("uses-permission-sdk-m", name=P + "SEND_SMS", minSdkVersion=24),
        node("uses-permission", name=P + "BLUETOOTH_SCAN", usesPermissionFlags=0x10000),
        node("uses-permission"),
    )
    assert [(p.name, p.element, p.min_sdk, p.max_sdk, p.flags) for p in found.permissions] == [
        (P + "CAMERA", "uses-permission", None, 30, ()),
        (P + "READ_SMS", "uses-permission-sdk-23", None, None, ()),
        (P + "SEND_SMS", "uses-permission-sdk-23", 24, None, ()),
        (P + "BLUETOOTH_SCAN", "uses-permission", None, None, ("neverForLocation",)),
    ]


def test_defined_permissions() -> None:
    found = read(
        node("permission", name="a", protectionLevel=0x12, permissionGroup="g"),
        node("permission", name="b", protectionLevel=1),
        node("permission", name="c"),
        node("permission-tree", name="d"),
        node("permission-group", name="g"),
    )
    assert [(p.name, p.protection, p.group, p.element) for p in found.defined_permissions] == [
        ("a", "signature|privileged", "g", "permission"),
        ("b", "dangerous", "", "permission"),
        ("c", "normal", "", "permission"),
        ("d", "normal", "", "permission-tree"),
    ]
    assert found.permission_groups == ("g",)
    assert protection_level(Value(STRING, 0, "signature | privileged")) == "signature|privileged"
    assert protection_level(Value(INT_HEX, 0x3)) == "signatureOrSystem"


def names(implied: tuple[ImpliedPermission, ...]) -> set[str]:
    return {i.name.removeprefix(P) for i in implied}


@pytest.mark.parametrize(
    ("requested", "target", "expected"),
    [
        ((), 34, set()),
        ((), 32, {"POST_NOTIFICATIONS"}),
        (("READ_CONTACTS",), 15, {"READ_CALL_LOG", "POST_NOTIFICATIONS"}),
        (("READ_CONTACTS",), 16, {"POST_NOTIFICATIONS"}),
        (
            ("ACCESS_FINE_LOCATION",),
            28,
            {"ACCESS_COARSE_LOCATION", "ACCESS_BACKGROUND_LOCATION", "POST_NOTIFICATIONS"},
        ),
        (("ACCESS_FINE_LOCATION",), 34, {"ACCESS_COARSE_LOCATION"}),
        (
            ("BLUETOOTH",),
            30,
            {"BLUETOOTH_SCAN", "BLUETOOTH_CONNECT", "BLUETOOTH_ADVERTISE", "POST_NOTIFICATIONS"},
        ),
        (("BLUETOOTH",), 33, set()),
        (("WRITE_EXTERNAL_STORAGE",), 34, {"READ_EXTERNAL_STORAGE"}),
        (
            ("WRITE_EXTERNAL_STORAGE",),
            32,
            {
                *("READ_EXTERNAL_STORAGE", "READ_MEDIA_AUDIO", "READ_MEDIA_VIDEO", "READ_MEDIA_IMAGES"),
                *("READ_MEDIA_VISUAL_USER_SELECTED", "POST_NOTIFICATIONS"),
            },
        ),
        (("BODY_SENSORS",), 35, {"health.READ_HEART_RATE"}),
        (("BODY_SENSORS",), 36, set()),
        (("READ_MEDIA_IMAGES",), 34, {"READ_MEDIA_VISUAL_USER_SELECTED"}),
    ],
)
def test_implied_permissions(requested: tuple[str, ...], target: int, expected: set[str]) -> None:
    requests = [UsesPermission(P + name) for name in requested]
    assert names(implied_permissions(requests, target)) == expected


def test_old_targets_get_storage_and_phone() -> None:
    assert names(implied_permissions([], 3)) >= {"WRITE_EXTERNAL_STORAGE", "READ_PHONE_STATE"}


def test_what_is_implied_lasts_as_long_as_its_cause() -> None:
    write = UsesPermission(P + "WRITE_EXTERNAL_STORAGE", max_sdk=28)
    (read_storage,) = implied_permissions([write], 34)
    assert (read_storage.name, read_storage.because, read_storage.max_sdk) == (
        P + "READ_EXTERNAL_STORAGE", P + "WRITE_EXTERNAL_STORAGE", 28,
    )  # fmt: skip
    again = UsesPermission(P + "WRITE_EXTERNAL_STORAGE", "uses-permission-sdk-23")
    assert implied_permissions([write, again], 34)[0].max_sdk is None


@given(
    st.sets(st.sampled_from(["CAMERA", "BLUETOOTH", "READ_CONTACTS", "WRITE_EXTERNAL_STORAGE"])),
    st.integers(1, 36),
)
def test_nothing_requested_is_implied(requested: set[str], target: int) -> None:
    implied = implied_permissions([UsesPermission(P + n) for n in requested], target)
    assert not names(implied) & requested
    assert len(names(implied)) == len(implied)


@pytest.mark.parametrize("kind", ["activity", "activity-alias", "service", "receiver"])
def test_a_component_with_a_filter_is_exported_where_nothing_is_said(kind: str) -> None:
    assert component(filtered(kind)).exported
    assert component(filtered(kind)).exported_declared is None
    assert not component(filtered(kind, exported=False)).exported
    assert not component(node(kind, name=".A")).exported
    assert component(node(kind, name=".A", exported=True)).exported


def test_providers_are_exported_below_api_17() -> None:
    assert component(node("provider", name=".P"), target=16).exported
    assert not component(node("provider", name=".P"), target=17).exported


def test_components() -> None:
    provider = component(
        node(
            "provider",
            name=".P",
            authorities="a;b",
            readPermission="r",
            process=":p",
            grantUriPermissions=True,
        ),
        permission="app",
    )
    assert provider.authorities == ("a", "b")
    assert (provider.permission, provider.read_permission, provider.write_permission) == ("app", "r", "app")
    assert provider.process == "com.example.shop:p"
    assert provider.grant_uri_permissions
    service = component(
        node("service", name="S", foregroundServiceType=0x9, directBootAware=True, enabled=False)
    )
    assert service.foreground_types == ("dataSync", "location")
    assert service.direct_boot
    assert not service.enabled
    assert service.process == "com.example.shop"


def test_filters_and_meta_data() -> None:
    element = node(
        "activity",
        node(
            "intent-filter",
            node("action", name="VIEW"),
            node("category", name="BROWSABLE"),
            node("data", scheme="https", host="example.com", pathPrefix="/a"),
            priority=5,
            autoVerify=True,
        ),
        node("meta-data", name="key", value=12),
        name=".A",
    )
    found = component(element)
    (intent,) = found.intent_filters
    assert (intent.actions, intent.categories, intent.priority, intent.auto_verify) == (
        ("VIEW",), ("BROWSABLE",), 5, True,
    )  # fmt: skip
    assert intent.data == ((("host", "example.com"), ("pathPrefix", "/a"), ("scheme", "https")),)
    assert [(m.name, m.value) for m in found.meta_data] == [("key", "12")]


def test_an_alias_takes_its_targets_process() -> None:
    found = read(
        node(
            "application",
            node("activity", name=".A", process=":x"),
            node("activity-alias", name=".B", targetActivity=".A", permission="p"),
        )
    )
    alias = found.components[1]
    assert (alias.target, alias.process, alias.permission) == (
        "com.example.shop.A",
        "com.example.shop:x",
        "p",
    )


def test_application() -> None:
    found = read(
        node("uses-sdk", targetSdkVersion=27),
        node("uses-feature", name="android.hardware.camera", required=False),
        node("uses-feature", glEsVersion=0x20000),
        node("queries", node("package", name="com.other"), node("provider", authorities="x;y"),
             node("intent", node("action", name="SEND"), node("data", mimeType="*/*"))),
        node("instrumentation", name=".I", targetPackage="t"),
        node("attribution", tag="maps"),
        node("application", node("property", name="android.adservices.X", value="y"),
             node("uses-library", name="org.apache.http.legacy"), name="App", debuggable=True,
             allowBackup=False, appComponentFactory="x.F"),
        sharedUserId="android.uid.shared",
    )  # fmt: skip
    application = found.application
    assert (application.name, application.debuggable, application.app_component_factory) == (
        "com.example.shop.App", True, "x.F",
    )  # fmt: skip
    assert not found.backup_allowed
    assert found.cleartext_permitted
    assert found.attributions == ("maps",)
    assert [(p.name, p.value) for p in application.properties] == [("android.adservices.X", "y")]
    assert application.uses_libraries == ("org.apache.http.legacy",)
    assert [(f.name, f.required, f.version) for f in found.features] == [
        ("android.hardware.camera", False, 0),
        ("glEsVersion", True, 0x20000),
    ]
    assert found.queries.packages == ("com.other",)
    assert found.queries.providers == ("x", "y")
    assert found.queries.intents[0].actions == ("SEND",)
    assert found.shared_user_id == "android.uid.shared"
    assert [(i.name, i.target_package) for i in found.instrumentation] == [("com.example.shop.I", "t")]


@pytest.mark.parametrize(
    ("target", "declared", "permitted"), [(27, None, True), (28, None, False), (28, True, True)]
)
def test_cleartext(target: int, declared: bool | None, permitted: bool) -> None:
    attributes: dict[str, Plain] = {} if declared is None else {"usesCleartextTraffic": declared}
    found = read(node("uses-sdk", targetSdkVersion=target), node("application", **attributes))
    assert found.cleartext_permitted is permitted

"""Reads a manifest's XML tree into a `Manifest`, by the rules of the platform's package parser."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import rtoml

from appaudit.apk.manifest import (
    Application,
    Component,
    DefinedPermission,
    Feature,
    ImpliedPermission,
    Instrumentation,
    IntentFilter,
    Manifest,
    MetaData,
    Queries,
    UsesPermission,
)
from appaudit.apk.numbers import (
    CATEGORIES,
    FOREGROUND_TYPES,
    INSTALL_LOCATIONS,
    flags,
    named,
    protection_level,
)
from appaudit.apk.xml import REFERENCE, STRING, Element, Value

PREVIEW_SDK = 10_000
"""What the platform makes of a codename it does not know: later than every release."""

_COMPONENTS = ("activity", "activity-alias", "service", "receiver", "provider")
_USES_PERMISSION = {
    "uses-permission": "uses-permission",
    "uses-permission-sdk-23": "uses-permission-sdk-23",
    "uses-permission-sdk-m": "uses-permission-sdk-23",
}
Resolve = Callable[[Value], Value]
OpenXml = Callable[[str], Element | None]


@cache
def _tables() -> dict[str, Any]:
    tables: dict[str, Any] = rtoml.loads((Path(__file__).parent / "permissions.toml").read_text("utf-8"))
    return tables


def class_name(package: str, name: str) -> str:
    """A class in full, as the package parser builds it: ``.A`` and ``A`` are in the package."""
    if name.startswith("."):
        return package + name
    return name if not name or "." in name else f"{package}.{name}"


def read_manifest(root: Element, resolve: Resolve, open_xml: OpenXml) -> Manifest:
    """``resolve`` follows a reference into the resource table; ``open_xml`` gives the tree of an
    archive member by path, None where it cannot be read."""
    return _Reader(root, resolve, open_xml).manifest()


def implied_permissions(requests: Iterable[UsesPermission], target_sdk: int) -> tuple[ImpliedPermission, ...]:
    """What the platform adds to the requests of an app that targets ``target_sdk``."""
    up_to: dict[str, int | None] = {}
    for request in requests:
        known = up_to.get(request.name, 0)
        bound = request.max_sdk
        up_to[request.name] = None if known is None or bound is None else max(known, bound)
    implied: list[ImpliedPermission] = []

    def add(name: str, because: str, below: int | None) -> None:
        if name not in up_to and (below is None or target_sdk < below):
            up_to[name] = up_to.get(because)
            implied.append(ImpliedPermission(name, because, below, up_to[name]))

    for row in _tables()["compatibility"]:
        add(row["name"], "", row["below_target"])
    for row in _tables()["split"]:
        if row["of"] in up_to:
            for name in row["adds"]:
                add(name, row["of"], row.get("below_target"))
    return tuple(implied)


class _Reader:
    def __init__(self, root: Element, resolve: Resolve, open_xml: OpenXml) -> None:
        self.tree = self.root = root
        self.resolve = resolve
        self.open_xml = open_xml
        self.package = self._plain("package")
        self.split = self._plain("split")
        if not self.split:
            self.root = dataclasses.replace(root, children=list(_top(root)))
        self.codenames: list[str] = []

    # ----------------------------------------------------------------------- attributes

    def _plain(self, name: str) -> str:
        value = self.root.plain.get(name)
        return "" if value is None else self.resolve(value).string

    def _value(self, element: Element, name: str) -> Value | None:
        value = element.attributes.get(name)
        return None if value is None else self.resolve(value)

    def _string(self, element: Element, name: str) -> str:
        value = self._value(element, name)
        return "" if value is None else value.string

    def _integer(self, element: Element, name: str) -> int | None:
        value = self._value(element, name)
        return None if value is None else value.integer

    def _boolean(self, element: Element, name: str) -> bool | None:
        value = self._value(element, name)
        return None if value is None else value.boolean

    def _class(self, element: Element, name: str) -> str:
        return class_name(self.package, self._string(element, name))

    def _process(self, element: Element, default: str) -> str:
        name = self._string(element, "process")
        return self.package + name if name.startswith(":") else name or default

    def _sdk(self, element: Element, name: str) -> int | None:
        value = self._value(element, name)
        if value is None:
            return None
        number = value.integer
        if number is not None or not value.text:
            return number
        codename = value.text.split(".")[0]  # "S.fingerprint" names a preview build
        self.codenames.append(codename)
        known: int = _tables()["codenames"].get(codename, PREVIEW_SDK)
        return known

    # ------------------------------------------------------------------------- manifest

    def manifest(self) -> Manifest:
        root = self.root
        min_sdk, target_sdk, max_sdk = self._sdk_levels()
        permissions = tuple(self._uses_permissions())
        application = root.first("application")
        components: tuple[Component, ...] = ()
        if application is not None:
            components = tuple(self._components(application, target_sdk))
        major = self._integer(root, "versionCodeMajor") or 0
        code = self._integer(root, "versionCode") or 0
        return Manifest(
            package=self.package,
            version_name=self._string(root, "versionName"),
            version_code=(major & 0xFFFFFFFF) << 32 | code & 0xFFFFFFFF,
            min_sdk=min_sdk,
            target_sdk=target_sdk,
            max_sdk=max_sdk,
            codenames=tuple(dict.fromkeys(self.codenames)),
            compile_sdk=self._integer(root, "compileSdkVersion"),
            split=self.split,
            shared_user_id=self._string(root, "sharedUserId"),
            install_location=named(self._value(root, "installLocation"), INSTALL_LOCATIONS),
            permissions=permissions,
            implied=implied_permissions(permissions, target_sdk),
            defined_permissions=tuple(self._defined_permissions()),
            permission_groups=tuple(self._string(e, "name") for e in root.all("permission-group")),
            components=components,
            features=tuple(self._features()),
            queries=self._queries(),
            instrumentation=tuple(
                Instrumentation(self._class(e, "name"), self._string(e, "targetPackage"))
                for e in root.all("instrumentation")
            ),
            attributions=tuple(self._string(e, "tag") for e in root.all("attribution")),
            application=Application() if application is None else self._application(application),
            tree=self.tree,
        )

    def _sdk_levels(self) -> tuple[int, int, int | None]:
        min_sdk, target_sdk, max_sdk = 1, None, None
        for element in self.root.all("uses-sdk"):
            min_sdk = self._sdk(element, "minSdkVersion") or 1
            target_sdk = self._sdk(element, "targetSdkVersion") or None
            max_sdk = self._sdk(element, "maxSdkVersion")
        return min_sdk, target_sdk or min_sdk, max_sdk

    def _uses_permissions(self) -> Iterator[UsesPermission]:
        seen: set[tuple[str, str]] = set()
        for element in self.root.children:
            kind = _USES_PERMISSION.get(element.name)
            name = self._string(element, "name") if kind else ""
            if kind is None or not name or (name, kind) in seen:
                continue
            seen.add((name, kind))
            bits = self._integer(element, "usesPermissionFlags") or 0
            required = [self._string(e, "name") for e in element.all("required-feature")]
            yield UsesPermission(
                name,
                kind,
                self._integer(element, "minSdkVersion"),
                self._integer(element, "maxSdkVersion"),
                ("neverForLocation",) if bits & 0x10000 else (),
                tuple(filter(None, [self._string(element, "requiredFeature"), *required])),
                self.split,
            )

    def _defined_permissions(self) -> Iterator[DefinedPermission]:
        for element in self.root.children:
            if element.name in ("permission", "permission-tree"):
                yield DefinedPermission(
                    self._string(element, "name"),
                    protection_level(self._value(element, "protectionLevel")),
                    self._string(element, "permissionGroup"),
                    element.name,
                )

    def _features(self) -> Iterator[Feature]:
        for element in self.root.all("uses-feature"):
            name = self._string(element, "name")
            required = self._boolean(element, "required")
            version = self._integer(element, "glEsVersion" if not name else "version") or 0
            yield Feature(name or "glEsVersion", required is not False, version)

    def _queries(self) -> Queries:
        packages: list[str] = []
        intents: list[IntentFilter] = []
        providers: list[str] = []
        for element in self.root.all("queries"):
            packages += [self._string(e, "name") for e in element.all("package")]
            intents += [self._intent_filter(e) for e in element.all("intent")]
            for provider in element.all("provider"):
                providers += filter(None, self._string(provider, "authorities").split(";"))
        return Queries(tuple(packages), tuple(intents), tuple(providers))

    # ---------------------------------------------------------------------- application

    def _application(self, element: Element) -> Application:
        config, file = self._xml(element, "networkSecurityConfig")
        category = named(self._value(element, "appCategory"), CATEGORIES)
        return Application(
            name=self._class(element, "name"),
            label=self._string(element, "label"),
            process=self._process(element, self.package),
            permission=self._string(element, "permission"),
            has_code=self._boolean(element, "hasCode") is not False,
            enabled=self._boolean(element, "enabled") is not False,
            debuggable=bool(self._boolean(element, "debuggable")),
            test_only=bool(self._boolean(element, "testOnly")),
            allow_backup=self._boolean(element, "allowBackup"),
            full_backup_only=self._boolean(element, "fullBackupOnly"),
            backup_agent=self._class(element, "backupAgent"),
            uses_cleartext_traffic=self._boolean(element, "usesCleartextTraffic"),
            request_legacy_external_storage=self._boolean(element, "requestLegacyExternalStorage"),
            extract_native_libs=self._boolean(element, "extractNativeLibs"),
            direct_boot=bool(self._boolean(element, "directBootAware")),
            app_component_factory=self._class(element, "appComponentFactory"),
            zygote_preload=self._class(element, "zygotePreloadName"),
            category=category,
            is_game=bool(self._boolean(element, "isGame")),
            allow_clear_user_data=self._boolean(element, "allowClearUserData"),
            has_fragile_user_data=self._boolean(element, "hasFragileUserData"),
            network_security_config=config,
            network_security_config_file=file,
            data_extraction_rules=self._xml(element, "dataExtractionRules")[0],
            full_backup_content=self._xml(element, "fullBackupContent")[0],
            meta_data=tuple(self._meta_data(element)),
            properties=tuple(self._meta_data(element, "property")),
            uses_libraries=tuple(self._string(e, "name") for e in element.all("uses-library")),
        )

    def _xml(self, element: Element, name: str) -> tuple[Element | None, str]:
        value = self._value(element, name)
        if value is None or value.type != STRING or not value.text:
            return None, ""
        return self.open_xml(value.text), value.text

    def _meta_data(self, element: Element, tag: str = "meta-data") -> Iterator[MetaData]:
        for child in element.all(tag):
            value = child.attributes.get("value")
            reference = child.attributes.get("resource") or value
            resource = reference.data if reference is not None and reference.type == REFERENCE else 0
            resolved = self._value(child, "value") or self._value(child, "resource")
            yield MetaData(self._string(child, "name"), resolved.string if resolved else "", resource)

    def _components(self, application: Element, target_sdk: int) -> Iterator[Component]:
        process = self._process(application, self.package)
        permission = self._string(application, "permission")
        parents: dict[str, Component] = {}
        for element in application.children:
            if element.name not in _COMPONENTS:
                continue
            target = self._class(element, "targetActivity") if element.name == "activity-alias" else ""
            parent = parents.get(target)
            filters = tuple(self._intent_filter(e) for e in element.all("intent-filter"))
            declared = self._boolean(element, "exported")
            provider = element.name == "provider"
            own = self._string(element, "permission")
            if not own and not (parent and element.name == "activity-alias"):
                own = permission
            component = Component(
                kind=element.name,
                name=self._class(element, "name"),
                exported=declared if declared is not None else target_sdk < 17 if provider else bool(filters),
                exported_declared=declared,
                enabled=self._boolean(element, "enabled") is not False,
                permission=own,
                read_permission=(self._string(element, "readPermission") or own) if provider else "",
                write_permission=(self._string(element, "writePermission") or own) if provider else "",
                process=self._process(element, parent.process if parent else process),
                direct_boot=bool(self._boolean(element, "directBootAware")),
                authorities=tuple(filter(None, self._string(element, "authorities").split(";"))),
                grant_uri_permissions=bool(self._boolean(element, "grantUriPermissions")),
                foreground_types=flags(self._integer(element, "foregroundServiceType"), FOREGROUND_TYPES),
                target=target,
                intent_filters=filters,
                meta_data=tuple(self._meta_data(element)),
                split=self.split,
            )
            parents.setdefault(component.name, component)
            yield component

    def _intent_filter(self, element: Element) -> IntentFilter:
        data = []
        for child in element.all("data"):
            pairs = ((name, self.resolve(value).string) for name, value in child.attributes.items())
            data.append(tuple(sorted(pairs)))
        return IntentFilter(
            tuple(self._string(e, "name") for e in element.all("action")),
            tuple(self._string(e, "name") for e in element.all("category")),
            tuple(data),
            self._integer(element, "priority") or 0,
            bool(self._boolean(element, "autoVerify")),
        )


def _top(root: Element) -> Iterator[Element]:
    """What the platform takes for the children of a base APK's ``<manifest>``.

    It reads the first ``<application>``. Since API level 30 it does not step over another one but goes on
    inside it (ParsingPackageUtils.parseBaseApkTags): what requests permissions there requests them.
    """
    seen = False
    left = root.children[::-1]
    while left:
        element = left.pop()
        if element.name == "application" and seen:
            left += element.children[::-1]
        else:
            seen = seen or element.name == "application"
            yield element

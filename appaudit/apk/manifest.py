"""What a manifest declares, typed. `appaudit.apk.declarations` reads an XML tree into it."""

from __future__ import annotations

from dataclasses import dataclass

from appaudit.apk.xml import Element


@dataclass(frozen=True, slots=True)
class UsesPermission:
    """A requested permission. ``element``: uses-permission · uses-permission-sdk-23.
    ``flags``: of usesPermissionFlags, by name (``neverForLocation``). ``split``: the split that asks."""

    name: str
    element: str = "uses-permission"
    min_sdk: int | None = None
    max_sdk: int | None = None
    flags: tuple[str, ...] = ()
    required_features: tuple[str, ...] = ()
    split: str = ""


@dataclass(frozen=True, slots=True)
class ImpliedPermission:
    """A permission the platform adds: for ``because`` (a requested permission, or empty when the
    target SDK alone decides), since the target SDK is below ``below_target`` (None: always), on
    devices up to ``max_sdk``, as far as what it comes from is requested (None: on all)."""

    name: str
    because: str
    below_target: int | None = None
    max_sdk: int | None = None


@dataclass(frozen=True, slots=True)
class DefinedPermission:
    """A permission the app defines. ``element``: permission · permission-tree. ``protection``: base
    level and flags joined by ``|`` (``signature|privileged``)."""

    name: str
    protection: str = "normal"
    group: str = ""
    element: str = "permission"


@dataclass(frozen=True, slots=True)
class IntentFilter:
    """``data`` holds each <data> element's attributes, sorted by name."""

    actions: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    data: tuple[tuple[tuple[str, str], ...], ...] = ()
    priority: int = 0
    auto_verify: bool = False


@dataclass(frozen=True, slots=True)
class MetaData:
    """``value`` as a string; ``resource`` is the resource id where the value is a reference, or of
    android:resource."""

    name: str
    value: str = ""
    resource: int = 0


@dataclass(frozen=True, slots=True)
class Component:
    """``kind``: activity · activity-alias · service · receiver · provider. ``name`` is the class in
    full; for an alias ``target`` is the class it starts. ``exported`` is what the platform makes of it;
    ``exported_declared`` what the manifest says (None: nothing). ``permission`` includes the
    application's default."""

    kind: str
    name: str
    exported: bool
    exported_declared: bool | None = None
    enabled: bool = True
    permission: str = ""
    read_permission: str = ""
    write_permission: str = ""
    process: str = ""
    direct_boot: bool = False
    authorities: tuple[str, ...] = ()
    grant_uri_permissions: bool = False
    foreground_types: tuple[str, ...] = ()
    target: str = ""
    intent_filters: tuple[IntentFilter, ...] = ()
    meta_data: tuple[MetaData, ...] = ()
    split: str = ""


@dataclass(frozen=True, slots=True)
class Feature:
    name: str
    required: bool = True
    version: int = 0


@dataclass(frozen=True, slots=True)
class Queries:
    """Packages, intents and providers' authorities that <queries> makes visible."""

    packages: tuple[str, ...] = ()
    intents: tuple[IntentFilter, ...] = ()
    providers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Instrumentation:
    name: str
    target_package: str


@dataclass(frozen=True, slots=True)
class Application:
    """The application element. None: not declared (the platform's default depends on the target SDK;
    `Manifest.cleartext_permitted` and `Manifest.backup_allowed` give what holds).
    ``network_security_config``, ``data_extraction_rules``, ``full_backup_content``: trees of the XML
    files the attributes point to, None where there is none or it cannot be read."""

    name: str = ""
    label: str = ""
    process: str = ""
    permission: str = ""
    has_code: bool = True
    enabled: bool = True
    debuggable: bool = False
    test_only: bool = False
    allow_backup: bool | None = None
    full_backup_only: bool | None = None
    backup_agent: str = ""
    uses_cleartext_traffic: bool | None = None
    request_legacy_external_storage: bool | None = None
    extract_native_libs: bool | None = None
    direct_boot: bool = False
    app_component_factory: str = ""
    zygote_preload: str = ""
    category: str = ""
    is_game: bool = False
    allow_clear_user_data: bool | None = None
    has_fragile_user_data: bool | None = None
    network_security_config: Element | None = None
    network_security_config_file: str = ""
    data_extraction_rules: Element | None = None
    full_backup_content: Element | None = None
    meta_data: tuple[MetaData, ...] = ()
    properties: tuple[MetaData, ...] = ()
    uses_libraries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest, with what feature splits add merged in.

    ``min_sdk``/``target_sdk`` are what the platform takes: 1 and the minimum where nothing is said;
    a codename gives the API level it became (`codenames` says which were used). ``version_code``
    holds versionCodeMajor in its upper 32 bits. ``permissions`` are the requests as they stand, each
    name once a split; ``implied`` what the platform adds to them; ``attributions`` the tags that parts
    of the app access data under. ``tree`` is the XML itself.
    """

    package: str
    version_name: str = ""
    version_code: int = 0
    min_sdk: int = 1
    target_sdk: int = 1
    max_sdk: int | None = None
    codenames: tuple[str, ...] = ()
    compile_sdk: int | None = None
    split: str = ""
    shared_user_id: str = ""
    install_location: str = ""
    permissions: tuple[UsesPermission, ...] = ()
    implied: tuple[ImpliedPermission, ...] = ()
    defined_permissions: tuple[DefinedPermission, ...] = ()
    permission_groups: tuple[str, ...] = ()
    components: tuple[Component, ...] = ()
    features: tuple[Feature, ...] = ()
    queries: Queries = Queries()
    instrumentation: tuple[Instrumentation, ...] = ()
    attributions: tuple[str, ...] = ()
    application: Application = Application()
    tree: Element | None = None

    @property
    def cleartext_permitted(self) -> bool:
        """Whether HTTP is allowed where no network security config speaks: since target 28 it is not."""
        declared = self.application.uses_cleartext_traffic
        return self.target_sdk < 28 if declared is None else declared

    @property
    def backup_allowed(self) -> bool:
        """android:allowBackup, true where nothing is said."""
        return self.application.allow_backup is not False

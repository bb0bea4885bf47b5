"""What an app can do to the phone or its user beyond reading data: services with special powers,
overlays, messages, commands, and which other apps it asks to see."""

from __future__ import annotations

from collections.abc import Iterator

from appaudit.apk.manifest import Manifest
from appaudit.knowledge import sdks
from appaudit.knowledge.apis import catalogue
from appaudit.records import Fact, Gap, ManifestEntry
from appaudit.static.attribution import APP, descriptor
from appaudit.static.facts import Drafts, Key, observed
from appaudit.static.sample import Sample

SERVICES = {
    "android.permission.BIND_ACCESSIBILITY_SERVICE": "accessibility_service",
    "android.permission.BIND_NOTIFICATION_LISTENER_SERVICE": "notification_listener",
    "android.permission.BIND_DEVICE_ADMIN": "device_admin",
    "android.permission.BIND_VPN_SERVICE": "vpn",
    "android.permission.BIND_INPUT_METHOD": "input_method",
    "android.permission.BIND_AUTOFILL_SERVICE": "autofill",
    "android.permission.BIND_VOICE_INTERACTION": "voice_interaction",
    "android.permission.BIND_SCREENING_SERVICE": "call_screening",
    "android.permission.BIND_CARRIER_SERVICES": "carrier_services",
}
"""The permission that guards a component of this kind → the power it gives."""

KINDS = {
    "vpn": "vpn",
    "device_admin": "device_admin",
    "overlay": "overlay",
    "sms_send": "sms_send",
    "call": "call",
    "exec": "exec",
    "binder": "binder",
}
"""Kinds of catalogue rows → the setting that a call of them shows."""
CODE_ALONE = frozenset({"overlay"})
"""Kinds whose API is common for harmless ends: shown only where the manifest asks for the power too."""
OVERLAY_PERMISSION = "android.permission.SYSTEM_ALERT_WINDOW"
MAX_NAMES = 200


def produce(sample: Sample) -> tuple[list[Fact], list[Gap]]:
    """``uses setting:<id>``: ``accessibility_service``, ``notification_listener``, ``device_admin``, ``vpn``,
    ``overlay``, ``sms_send``, ``call``, ``exec``, ``binder``, ``package_queries`` and their like."""
    facts = [*_services(sample), *_queries(sample.manifest, f"{sample.app.app.file}!AndroidManifest.xml")]
    drafts = Drafts()
    requested = {p.name for p in sample.manifest.permissions}
    for api, sites in sample.found(a for a in catalogue() if a.kind in KINDS):
        if api.kind in CODE_ALONE and OVERLAY_PERMISSION not in requested:
            continue
        if api.kind == "binder" and not api.hidden:
            continue  # what every AIDL interface does
        for k in range(len(sites)):
            for actor, package in sample.actors_of(sites, k):
                attributes = (("package", package),) if package else ()
                key = Key(actor, "uses", f"setting:{KINDS[api.kind]}", attributes)
                drafts.add(key, None if drafts.full(key) else sample.record(sites, k), apis=api.id)
    return facts + drafts.facts(), []


def _services(sample: Sample) -> Iterator[Fact]:
    for component in sample.manifest.components:
        power = SERVICES.get(component.permission)
        if power is None or component.kind not in ("service", "receiver"):
            continue
        sdk = sdks.sdk_of_component(component.name)
        actor = f"sdk:{sdk}" if sdk else sample.actors.of(descriptor(component.name))
        member = f"{component.split or sample.app.app.file}!AndroidManifest.xml"
        entry = ManifestEntry(member, component.kind, component.name, (("permission", component.permission),))
        attributes = [("component", component.name), ("enabled", "" if component.enabled else "no")]
        yield observed(actor, "uses", f"setting:{power}", (entry,), None, attributes)


def _queries(manifest: Manifest, member: str) -> Iterator[Fact]:
    """Which other apps the manifest asks to see."""
    queries = manifest.queries
    actions = sorted({a for f in queries.intents for a in f.actions})
    total = len(queries.packages) + len(queries.intents) + len(queries.providers)
    if not total:
        return
    names = " ".join(sorted(queries.packages)[:MAX_NAMES])
    attributes = [("packages", names), ("actions", " ".join(actions)), ("number", str(total))]
    whole = any(
        "android.intent.action.MAIN" in f.actions
        and set(f.categories) <= {"android.intent.category.LAUNCHER"}
        and not f.data
        for f in queries.intents
    )
    attributes.append(("all_launcher_apps", "yes" if whole else ""))
    entry = ManifestEntry(member, "queries", "queries", tuple(a for a in attributes if a[1]))
    yield observed(APP, "uses", "setting:package_queries", (entry,), total, attributes)

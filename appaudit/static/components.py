"""Components the manifest declares: what others can reach, what starts by itself, what is debuggable."""

from __future__ import annotations

from itertools import islice, product

from appaudit.apk.manifest import Component, IntentFilter
from appaudit.knowledge import sdks
from appaudit.knowledge.load import toml
from appaudit.records import Fact, Gap, ManifestEntry
from appaudit.static.attribution import descriptor
from appaudit.static.facts import observed
from appaudit.static.sample import Sample

BROWSABLE = "android.intent.category.BROWSABLE"
MAX_LINKS = 200
"""Deep links of one filter that are told: schemes, hosts and paths multiply."""


def produce(sample: Sample) -> tuple[list[Fact], list[Gap]]:
    """``exposes component:<class>`` for exported ones, ``starts component:<class>`` for receivers of
    system events, jobs, account sync and what other apps with the same SDK wake, ``uses setting:<id>`` for
    what the application element says."""
    facts = []
    for component in sample.manifest.components:
        if component.exported and component.enabled:
            facts.append(_exposed(sample, component))
        triggers = sorted(_triggers(component))
        if triggers:
            facts.append(_self_start(sample, component, triggers))
    return facts + _settings(sample), []


def _triggers(component: Component) -> set[str]:
    """What starts a component without the user opening the app. A pushing SDK's open service or provider is
    there for the other apps that have the SDK."""
    actions = {a for f in component.intent_filters for a in f.actions}
    starts = toml("starts.toml")
    if component.kind == "receiver":
        return {starts["broadcasts"][a] for a in actions & starts["broadcasts"].keys()}
    if component.kind not in ("service", "provider"):
        return set()
    found = {starts["answers"][a] for a in actions & starts["answers"].keys()}
    if component.permission in starts["guarded"]:
        found.add(starts["guarded"][component.permission])
    sdk = sdks.sdk_of_component(component.name)
    opened = component.exported and component.enabled and not component.permission
    if opened and sdk and sdks.sdks()[sdk].category == "push":
        found.add("other_apps")
    return found


def _entry(sample: Sample, component: Component) -> ManifestEntry:
    pairs = (("exported", str(component.exported).lower()), ("permission", component.permission))
    member = f"{component.split or sample.app.app.file}!AndroidManifest.xml"
    return ManifestEntry(member, component.kind, component.name, tuple(p for p in pairs if p[1]))


def _actor(sample: Sample, component: Component) -> str:
    sdk = sdks.sdk_of_component(component.name)
    return f"sdk:{sdk}" if sdk else sample.actors.of(descriptor(component.name))


def _exposed(sample: Sample, component: Component) -> Fact:
    actions = sorted({a for f in component.intent_filters for a in f.actions})
    attributes = [
        ("kind", component.kind),
        ("permission", component.permission),
        ("declared", "" if component.exported_declared is not None else "no"),
        ("actions", " ".join(actions)),
        ("deep_links", " ".join(sorted({u for f in component.intent_filters for u in deep_links(f)}))),
        ("authorities", " ".join(component.authorities)),
        ("process", component.process if component.process != sample.manifest.package else ""),
        ("class_missing", "yes" if _missing(sample, component) else ""),
    ]
    subject = f"component:{component.name}"
    return observed(
        _actor(sample, component), "exposes", subject, (_entry(sample, component),), None, attributes
    )


def _missing(sample: Sample, component: Component) -> bool:
    name = descriptor(component.target or component.name)
    return bool(sample.dexes) and name not in sample.defined


def _self_start(sample: Sample, component: Component, triggers: list[str]) -> Fact:
    attributes = [("kind", component.kind), ("triggers", " ".join(triggers))]
    if not component.enabled:
        attributes.append(("enabled", "no"))
    subject = f"component:{component.name}"
    return observed(
        _actor(sample, component), "starts", subject, (_entry(sample, component),), None, attributes
    )


def deep_links(intent_filter: IntentFilter) -> list[str]:
    """The ``scheme://host/path`` that open a component from a browser; empty where none can."""
    if BROWSABLE not in intent_filter.categories:
        return []
    data = [dict(pairs) for pairs in intent_filter.data]
    schemes = [d["scheme"] for d in data if d.get("scheme")]
    hosts = [d["host"] for d in data if d.get("host")] or [""]
    paths = [p for d in data for name, p in sorted(d.items()) if name.startswith("path") and p] or [""]
    return [f"{s}://{h}{p}" for s, h, p in islice(product(schemes, hosts, paths), MAX_LINKS)]


def _settings(sample: Sample) -> list[Fact]:
    manifest, application = sample.manifest, sample.manifest.application
    if not manifest.package:
        return []
    member = f"{sample.app.app.file}!AndroidManifest.xml"
    found: list[tuple[str, str, str]] = []
    if manifest.backup_allowed:
        found.append(("allow_backup", "allowBackup", "true" if application.allow_backup else "default"))
    if application.debuggable:
        found.append(("debuggable", "debuggable", "true"))
    if application.test_only:
        found.append(("test_only", "testOnly", "true"))
    if application.request_legacy_external_storage:
        found.append(("legacy_external_storage", "requestLegacyExternalStorage", "true"))
    if manifest.shared_user_id:
        found.append(("shared_user_id", "sharedUserId", manifest.shared_user_id))
    if manifest.cleartext_permitted:
        declared = application.uses_cleartext_traffic
        found.append(("cleartext_traffic", "usesCleartextTraffic", "true" if declared else "default"))
    return [
        observed(
            "app",
            "uses",
            f"setting:{name}",
            (ManifestEntry(member, "application", attribute, (("value", value),)),),
            attributes=(("value", value),),
        )
        for name, attribute, value in found
    ]

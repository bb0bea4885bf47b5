"""Permissions four ways: declared, used in code, used without being declared, declared without use."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from appaudit.apk.manifest import UsesPermission
from appaudit.dex import string_sites
from appaudit.dex.layout import distinct
from appaudit.knowledge import sdks
from appaudit.knowledge.apis import full_permission
from appaudit.knowledge.load import toml
from appaudit.knowledge.permissions import permission, required
from appaudit.records import Fact, Gap, ManifestEntry
from appaudit.static.facts import Drafts, Key, observed
from appaudit.static.sample import Sample

LATEST = 36
"""The newest API level that the permission map is made for."""


def produce(sample: Sample) -> tuple[list[Fact], list[Gap]]:
    """``requests permission:<name>`` for what the manifest asks for (attribute ``used``: yes, no, or
    unknown where no API is known to need it), ``uses permission:<name>`` for what the code needs
    (attribute ``declared``: yes or no)."""
    used = _used(sample)
    names = {fact.subject.removeprefix("permission:") for fact in used} | _signs(sample)
    return _requested(sample, names) + used, []


@cache
def _uses() -> Mapping[str, Mapping[str, str]]:
    tables = toml("permissions_uses.toml")
    return {
        name: {key: full_permission(value) for key, value in tables[name].items()}
        for name in ("receives", "strings")
    }


@cache
def traceable() -> frozenset[str]:
    """Permissions whose use always leaves a trace: without one they count as unused."""
    return frozenset(full_permission(name) for name in toml("permissions_uses.toml")["traceable"])


def _signs(sample: Sample) -> set[str]:
    """Permissions whose use shows other than by a call that needs them."""
    uses = _uses()
    actions = {a for c in sample.manifest.components for f in c.intent_filters for a in f.actions}
    found = {name for action, name in uses["receives"].items() if action in actions}
    texts = list(uses["strings"])
    sites = string_sites(sample.dexes, texts)
    found |= {uses["strings"][texts[k]] for k in distinct(sites.target).tolist()}
    for class_name, methods in toml("permissions_uses.toml")["methods"].items():
        for member, name in methods.items():
            if (class_name, member) in sample.called:
                found.add(full_permission(name))
    for component in sample.manifest.components:
        found |= {f"android.permission.FOREGROUND_SERVICE_{_upper(t)}" for t in component.foreground_types}
    for data, names in toml("permissions_uses.toml")["data"].items():
        if data in sample.reached:
            found |= set(map(full_permission, names))
    return found


def _upper(name: str) -> str:
    """``mediaProjection`` as ``MEDIA_PROJECTION``."""
    return "".join(f"_{c}" if c.isupper() else c.upper() for c in name)


def _requested(sample: Sample, used: set[str]) -> list[Fact]:
    manifest = sample.manifest
    facts = []
    by_name: dict[str, list[UsesPermission]] = {}
    for entry in manifest.permissions:
        by_name.setdefault(entry.name, []).append(entry)
    for name, entries in by_name.items():
        evidence = tuple(ManifestEntry(_member(sample), e.element, name, _attributes(e)) for e in entries)
        levels = {("min_sdk", str(e.min_sdk)) for e in entries if e.min_sdk is not None}
        limits = [e.max_sdk for e in entries]
        if limits and all(limit is not None for limit in limits):
            levels.add(("max_sdk", str(max(limit for limit in limits if limit is not None))))
        facts.append(_request(sample, name, "declared", used, evidence, levels))
    for implied in manifest.implied:
        if implied.name in by_name:
            continue
        because = ("because", implied.because or f"target SDK below {implied.below_target}")
        added = (ManifestEntry(_member(sample), "manifest", implied.name, (because,)),)
        facts.append(_request(sample, implied.name, "implied", used, added, {because}))
    for own in manifest.defined_permissions:
        attributes = (("protection", own.protection), ("group", own.group), ("element", own.element))
        definition = ManifestEntry(_member(sample), own.element, own.name, attributes)
        subject = f"permission:{own.name}"
        facts.append(observed("app", "defines", subject, (definition,), attributes=attributes))
    return facts


def _request(
    sample: Sample,
    name: str,
    how: str,
    used: set[str],
    evidence: tuple[ManifestEntry, ...],
    more: set[tuple[str, str]],
) -> Fact:
    known = permission(name)
    if name in used:
        use = "yes"
    else:
        use = "no" if name in traceable() and sample.dexes else "unknown"
    if any(own.name == name for own in sample.manifest.defined_permissions):
        more = more | {("defined_here", "yes")}
    attributes = {
        ("how", how),
        ("level", known.level),
        ("group", known.group),
        ("used", use),
        ("sdk", sdks.sdk_of_permission(name, sample.manifest.package) or ""),
    }
    target = sample.manifest.target_sdk
    if known.since and target and known.since > target:
        attributes.add(("since", str(known.since)))
    if known.until and known.until < target:
        attributes.add(("until", str(known.until)))
    return observed("app", "requests", f"permission:{name}", evidence, attributes=sorted(attributes | more))


def _attributes(entry: UsesPermission) -> tuple[tuple[str, str], ...]:
    pairs = (
        ("minSdkVersion", "" if entry.min_sdk is None else str(entry.min_sdk)),
        ("maxSdkVersion", "" if entry.max_sdk is None else str(entry.max_sdk)),
        ("usesPermissionFlags", " ".join(entry.flags)),
        ("split", entry.split),
    )
    return tuple(p for p in pairs if p[1])


def _member(sample: Sample) -> str:
    return f"{sample.app.app.file}!AndroidManifest.xml"


def at_levels(names: tuple[str, ...], lowest: int, target: int) -> tuple[str, ...]:
    """Those of some permissions that the platform asks an app for that targets ``target``, on some device
    of API level ``lowest`` or more."""
    rows = ((name, permission(name)) for name in names)
    return tuple(n for n, p in rows if (p.since or 0) <= target and (p.until is None or lowest <= p.until))


def _used(sample: Sample) -> list[Fact]:
    declared = {p.name for p in sample.manifest.permissions} | {i.name for i in sample.manifest.implied}
    manifest = sample.manifest
    levels = (manifest.min_sdk, manifest.target_sdk) if manifest.package else (LATEST, LATEST)
    drafts = Drafts()
    for (class_name, member), (all_of, any_of) in required().items():
        if (class_name, member) not in sample.called:
            continue
        sites = sample.sites_of(class_name, member)
        all_of, any_of = at_levels(all_of, *levels), at_levels(any_of, *levels) or any_of
        needed: list[tuple[str, tuple[str, ...]]] = [(name, ()) for name in all_of]
        held = [name for name in any_of if name in declared]
        needed += [(name, ()) for name in held] or [(name, any_of) for name in any_of[:1]]
        for name, alternatives in needed:
            for k in range(len(sites)):
                for actor, package in sample.actors_of(sites, k):
                    attributes = (
                        ("declared", "yes" if name in declared else "no"),
                        ("level", permission(name).level),
                        ("package", package),
                    )
                    key = Key(actor, "uses", f"permission:{name}", tuple(a for a in attributes if a[1]))
                    call = None if drafts.full(key) else sample.record(sites, k)
                    other = " ".join(alternatives[1:])
                    drafts.add(key, call, apis=f"{class_name}.{member}", alternatives=other)
    return drafts.facts()

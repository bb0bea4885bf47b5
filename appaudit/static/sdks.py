"""Which SDKs are inside: by classes defined, native libraries, assets, components, meta-data."""

from __future__ import annotations

from collections.abc import Iterator

from appaudit.apk import MemberError
from appaudit.dex import Dex
from appaudit.knowledge import sdks
from appaudit.records import ClassDefinition, Evidence, Fact, FileEntry, Gap, ManifestEntry
from appaudit.static.attribution import descriptor
from appaudit.static.facts import observed
from appaudit.static.sample import Sample

BASES = ("classes", "library", "asset", "component", "meta_data")
"""Kinds of evidence, the strongest first; the first two are presence, the others alone only a hint."""
MAX_EACH = 20
"""Pieces of evidence of one kind that a fact keeps."""
MAX_VERSION_FILE = 4096


def produce(sample: Sample) -> tuple[list[Fact], list[Gap]]:
    """``embeds sdk:<id>``; attribute ``basis`` names the kinds of evidence, ``presence`` is ``hint``
    where neither a class nor a native library of the SDK is there."""
    found: dict[str, dict[str, list[Evidence]]] = {}
    counts: dict[str, int] = {}
    for dex in sample.dexes:
        for sdk, definition in _classes(dex):
            found.setdefault(sdk, {}).setdefault("classes", []).append(definition)
            counts[sdk] = counts.get(sdk, 0) + definition.count
    for sdk, basis, evidence in (*_files(sample), *_manifest(sample)):
        found.setdefault(sdk, {}).setdefault(basis, []).append(evidence)
    return [_fact(sample, sdk, kinds, counts.get(sdk, 0)) for sdk, kinds in sorted(found.items())], []


def _classes(dex: Dex) -> Iterator[tuple[str, ClassDefinition]]:
    """SDKs with classes defined in one dex. Where prefixes nest, a class counts for the longest."""
    prefixes, ids = sdks.prefixes()
    owner = dict(zip(prefixes, ids, strict=True))
    found = dex.count_prefixes(prefixes)
    own = {prefix: count for prefix, (count, _) in found.items()}
    stack: list[str] = []
    for prefix in sorted(found):
        while stack and not prefix.startswith(stack[-1]):
            stack.pop()
        if stack:
            own[stack[-1]] -= found[prefix][0]
        stack.append(prefix)
    for prefix, count in own.items():
        if count > 0:
            yield owner[prefix], ClassDefinition(dex.member, prefix, found[prefix][1], count)


def _files(sample: Sample) -> Iterator[tuple[str, str, Evidence]]:
    for member in sample.app.members:
        path = member.name.partition("!")[2]
        if path.endswith(".so"):
            sdk = sdks.sdk_of_library(path.rpartition("/")[2])
            if sdk:
                yield sdk, "library", FileEntry(member.name)
        elif "assets/" in path:
            sdk = sdks.sdk_of_asset(path.partition("assets/")[2])
            if sdk:
                yield sdk, "asset", FileEntry(member.name)


def _manifest(sample: Sample) -> Iterator[tuple[str, str, Evidence]]:
    member = f"{sample.app.app.file}!AndroidManifest.xml"
    for component in sample.manifest.components:
        sdk = sdks.sdk_of_component(component.name)
        if sdk:
            there = "defined" if descriptor(component.name) in sample.defined else "missing"
            yield sdk, "component", ManifestEntry(member, component.kind, component.name, (("class", there),))
    for meta in sample.manifest.application.meta_data:
        sdk = sdks.sdk_of_meta_data(meta.name)
        if sdk:
            yield (
                sdk,
                "meta_data",
                ManifestEntry(member, "meta-data", meta.name, (("value", meta.value[:200]),)),
            )


def _fact(sample: Sample, sdk: str, kinds: dict[str, list[Evidence]], classes: int) -> Fact:
    record = sdks.index().sdks[sdk]
    bases = [b for b in BASES if b in kinds]
    evidence = [e for b in bases for e in kinds[b][:MAX_EACH]]
    attributes = [
        ("basis", " ".join(bases)),
        ("category", record.category),
        ("classes", str(classes) if classes else ""),
        ("presence", "" if {"classes", "library"} & set(bases) else "hint"),
        ("version", _version(sample, record)),
    ]
    total = sum(len(kinds[b]) for b in bases)
    return observed("app", "embeds", f"sdk:{sdk}", evidence, total, attributes)


def _version(sample: Sample, record: sdks.Sdk) -> str:
    """The version a record's field, meta-data or META-INF file tells; empty where none does."""
    for place in record.version:
        value = _version_at(sample, place)
        if value:
            return value[:50]
    return ""


def _version_at(sample: Sample, place: str) -> str:
    if place.startswith("meta-data:"):
        name = place.partition(":")[2]
        return next((m.value for m in sample.manifest.application.meta_data if m.name == name), "")
    if place.startswith("META-INF/"):
        for member in sample.app.members:
            if member.name.endswith("!" + place):
                try:
                    text = sample.app.read(member.name, MAX_VERSION_FILE).decode("utf-8", "replace")
                except MemberError:
                    return ""
                return text.partition("=")[2].strip() or text.strip()
        return ""
    owner, _, field = place.partition("#")
    name = descriptor(owner)
    for dex in sample.dexes:
        if dex.defines(name):
            value = dex.static_values(name).get(field)
            return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""
    return ""

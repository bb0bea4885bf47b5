"""Which SDKs are inside, by independent kinds of evidence; whether they are used; what stays unnamed.

An SDK is inside (``embeds``) where classes of it are defined or a native library of it is there.
Anything less only names it (``mentions``): a manifest entry whose class is missing, a key, an asset,
a host or a permission are left behind by removed SDKs and by the apps that talk to them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from appaudit.dex import Dex
from appaudit.knowledge import sdks
from appaudit.records import ClassDefinition, Evidence, Fact, FileEntry, Gap, ManifestEntry
from appaudit.static.attribution import UNKNOWN, descriptor
from appaudit.static.facts import observed
from appaudit.static.sample import Sample
from appaudit.static.sdks_use import Use, uses
from appaudit.static.sdks_version import Versions

PRESENCE = ("classes", "library")
BASES = (*PRESENCE, "component", "asset", "meta_data", "permission", "host")
"""Kinds of evidence, the strongest first; those of ``PRESENCE`` show that the SDK is inside."""
MAX_EACH = 20
"""Pieces of evidence of one kind that a fact keeps."""
MAX_HOSTS = 5

Found = dict[str, dict[str, list[Evidence]]]


def produce(sample: Sample) -> tuple[list[Fact], list[Gap]]:
    """``embeds sdk:<id>`` and ``mentions sdk:<id>``. Attributes: ``basis`` the kinds of evidence,
    ``classes`` how many, ``version`` and ``version_from``; of an SDK with classes ``used_by``, who calls
    it (``none``: nobody), ``calls`` how often from outside, and ``init``, the call that starts it
    (``none``: no known one is made)."""
    found: Found = {}
    counts: dict[str, int] = {}
    owners = _prefixes(sample)
    for dex in sample.dexes:
        for sdk, definition in _classes(dex, owners):
            found.setdefault(sdk, {}).setdefault("classes", []).append(definition)
            counts[sdk] = counts.get(sdk, 0) + definition.count
    for sdk, basis, evidence in (*_files(sample), *_manifest(sample)):
        found.setdefault(sdk, {}).setdefault(basis, []).append(evidence)
    if sample.actors.own_sdk is not None:
        found.pop(sample.actors.own_sdk, None)
        counts.pop(sample.actors.own_sdk, None)
    use, versions = uses(sample, counts), Versions(sample)
    return [
        _fact(sdk, kinds, counts.get(sdk, 0), use.get(sdk), versions) for sdk, kinds in sorted(found.items())
    ], []


def _prefixes(sample: Sample) -> dict[str, str]:
    """The prefixes, and whose they are, of SDKs that the app names a class of."""
    named = {actor.removeprefix("sdk:") for actor in set(sample.actor_of_class)} | {sample.actors.own_sdk}
    return {prefix: sdk for prefix, sdk in zip(*sdks.prefixes(), strict=True) if sdk in named}


def _classes(dex: Dex, owner: dict[str, str]) -> Iterator[tuple[str, ClassDefinition]]:
    """SDKs with classes defined in one dex; ``owner`` of each prefix. Where prefixes nest, a class counts
    for the longest."""
    found = dex.count_prefixes(owner)
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
            example = found[prefix][1]
            if sdks.owner(example) != owner[prefix]:
                names = dex.classes_with_prefix(prefix)
                example = next((n for n in names if sdks.owner(n) == owner[prefix]), example)
            yield owner[prefix], ClassDefinition(dex.member, prefix, example, count)


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
            attributes = (("value", meta.value[:200]),)
            yield sdk, "meta_data", ManifestEntry(member, "meta-data", meta.name, attributes)
    for permission in sample.manifest.permissions:
        sdk = sdks.sdk_of_permission(permission.name, sample.manifest.package)
        if sdk:
            yield sdk, "permission", ManifestEntry(member, permission.element, permission.name)


def _fact(
    sdk: str, kinds: dict[str, list[Evidence]], classes: int, use: Use | None, versions: Versions
) -> Fact:
    bases = [b for b in BASES if b in kinds]
    evidence = [e for b in bases for e in kinds[b][:MAX_EACH]]
    inside = any(b in kinds for b in PRESENCE)
    version, place = versions.of(sdk) if inside else ("", "")
    record = sdks.index().sdks[sdk]
    attributes = [
        ("basis", " ".join(bases)),
        ("category", record.category),
        ("classes", str(classes) if classes else ""),
        ("presence", "" if inside else "hint"),
        ("version", version),
        ("version_from", place),
    ]
    if use is not None:
        attributes += use.attributes()
        if record.init:
            callee = use.init[0].callee.partition("(")[0] if use.init else "none"
            attributes.append(("init", callee))
        evidence += use.init
    total = sum(len(kinds[b]) for b in bases)
    action = "embeds" if inside else "mentions"
    return observed("app", action, f"sdk:{sdk}", evidence, total, attributes)


# ----------------------------------------------------------- what the other producers found


def complete(sample: Sample, facts: list[Fact]) -> list[Fact]:
    """The facts, those of SDKs with the hosts that the code names, and the work list added.

    The work list is what stays unnamed: ``embeds package:<name>`` for each package tree that no record
    and not the app itself owns and that reads data or names hosts, and for each native library that no
    record knows; attributes ``basis``, ``reads`` and ``hosts`` say why it is worth a name.
    """
    hosts: dict[str, list[Fact]] = {}
    for fact in facts:
        if fact.action == "contacts" and fact.attribute.get("sdk"):
            hosts.setdefault(fact.attribute["sdk"], []).append(fact)
    done = [_with_hosts(fact, hosts) for fact in facts]
    return [*done, *_unnamed_packages(sample, facts), *_unnamed_libraries(sample)]


def _with_hosts(fact: Fact, hosts: dict[str, list[Fact]]) -> Fact:
    named = hosts.get(fact.subject.removeprefix("sdk:"), ())
    if fact.action not in ("embeds", "mentions") or not named:
        return fact
    evidence = tuple(e for f in named[:MAX_HOSTS] for e in f.evidence[:1])
    attributes = dict(fact.attributes)
    attributes["basis"] = f"{attributes.get('basis', '')} host".strip()
    attributes["hosts"] = " ".join(sorted({f.subject.removeprefix("host:") for f in named})[:MAX_EACH])
    return dataclasses.replace(
        fact, evidence=fact.evidence + evidence, attributes=tuple(sorted(attributes.items()))
    )


def _unnamed_packages(sample: Sample, facts: Iterable[Fact]) -> Iterator[Fact]:
    trees: dict[str, tuple[dict[str, None], dict[str, None], list[Evidence]]] = {}
    for fact in facts:
        package = fact.attribute.get("package", "")
        if fact.actor != UNKNOWN or not package or fact.action not in ("accesses", "contacts"):
            continue
        reads, hosts, evidence = trees.setdefault(package, ({}, {}, []))
        (reads if fact.action == "accesses" else hosts)[fact.subject.partition(":")[2]] = None
        evidence += fact.evidence[:2]
    for package, (reads, hosts, evidence) in sorted(trees.items()):
        prefix = descriptor(package)[:-1] + "/"
        classes = 0
        for dex in sample.dexes:
            count, example = dex.count_prefixes([prefix]).get(prefix, (0, ""))
            if count:
                classes += count
                evidence.insert(0, ClassDefinition(dex.member, prefix, example, count))
        attributes = [
            ("basis", "classes"),
            ("classes", str(classes) if classes else ""),
            ("reads", " ".join(sorted(reads))),
            ("hosts", " ".join(sorted(hosts)[:MAX_EACH])),
        ]
        yield observed("app", "embeds", f"package:{package}", evidence[:MAX_EACH], classes or 1, attributes)


def _unnamed_libraries(sample: Sample) -> Iterator[Fact]:
    unnamed: dict[str, list[Evidence]] = {}
    for member in sample.app.members:
        name = member.name.rpartition("/")[2]
        if name.endswith(".so") and sdks.sdk_of_library(name) is None:
            unnamed.setdefault(name, []).append(FileEntry(member.name))
    for name, evidence in sorted(unnamed.items()):
        yield observed(
            "app", "embeds", f"package:{name}", evidence[:MAX_EACH], len(evidence), (("basis", "library"),)
        )

"""Code that is not in plain sight: packers, dex and native code loaded at run time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from appaudit.knowledge.apis import catalogue
from appaudit.knowledge.load import toml
from appaudit.knowledge.patterns import Patterns
from appaudit.records import ClassDefinition, Evidence, Fact, FileEntry, Gap, ManifestEntry
from appaudit.static.attribution import descriptor
from appaudit.static.facts import Drafts, Key, observed
from appaudit.static.sample import Sample

MISSING_SHARE = 0.5
"""Share of declared components without a class from which code is taken to be hidden."""
MIN_COMPONENTS = 3


@dataclass(frozen=True, slots=True)
class Packer:
    """One row of packers.toml."""

    id: str
    zh: str
    en: str
    libs: tuple[str, ...]
    assets: tuple[str, ...]
    classes: tuple[str, ...]
    application: tuple[str, ...]
    hides_code: bool


@cache
def packers() -> tuple[Packer, ...]:
    """Every packer we know."""
    return tuple(
        Packer(
            row["id"],
            row["zh"],
            row["en"],
            tuple(row.get("libs", ())),
            tuple(row.get("assets", ())),
            tuple(row.get("classes", ())),
            tuple(row.get("application", ())),
            row["hides_code"],
        )
        for row in toml("packers.toml")["packer"]
    )


@cache
def _owners() -> tuple[Patterns, Patterns]:
    """The packers, by id, whose native libraries and whose assets have some names."""
    libs = {name: packer.id for packer in packers() for name in packer.libs}
    assets = {name: packer.id for packer in packers() for name in packer.assets}
    return Patterns(libs), Patterns(assets)


def _owner(path: str) -> str | None:
    """The packer that a file belongs to, a native library or an asset of its."""
    libs, assets = _owners()
    name, asset = path.rpartition("/")[2], path.partition("assets/")[2]
    return (libs.find(name) if name.endswith(".so") else None) or assets.find(asset)


def produce(sample: Sample) -> tuple[list[Fact], list[Gap]]:
    """``hides trick:packer`` with the packer's name, ``uses setting:dynamic_code`` and
    ``setting:native_code``; a Gap where the app's own code is not in its dex files, or not
    in plain sight."""
    facts, gaps = [], []
    files: dict[str, list[str]] = {}
    for member in sample.app.members:
        owner = _owner(member.name.partition("!")[2])
        if owner is not None:
            files.setdefault(owner, []).append(member.name)
    for packer in packers():
        evidence = list(_evidence(sample, packer, files.get(packer.id, [])))
        if not evidence:
            continue
        attributes = (("packer", packer.id), ("name", packer.en))
        facts.append(observed("app", "hides", "trick:packer", evidence, attributes=attributes))
        gaps.append(_packed(sample, packer))
    if not any(gap.code == "packed_dex" for gap in gaps):
        gaps += _hidden(sample)
    return [*facts, *_loaders(sample)], gaps


def _evidence(sample: Sample, packer: Packer, files: Sequence[str]) -> Iterator[Evidence]:
    for name in files:
        yield FileEntry(name)
    for dex in sample.dexes:
        for prefix, (count, example) in dex.count_prefixes(packer.classes).items():
            yield ClassDefinition(dex.member, prefix, example, count)
    if sample.manifest.application.name in packer.application:
        name = f"{sample.app.app.file}!AndroidManifest.xml"
        yield ManifestEntry(name, "application", sample.manifest.application.name)


def _packed(sample: Sample, packer: Packer) -> Gap:
    if packer.hides_code:
        done, code, hidden = (
            "packed",
            "packed_dex",
            "its own code is decrypted at run time and was not examined",
        )
        record = "record it with 'appaudit run' and scan the dex files it leaves"
    else:
        done, code, hidden = (
            "protected",
            "protected_code",
            "encrypted names, constants and methods were not examined",
        )
        record = "watch the app with 'appaudit run'"
    reason = f"The app is {done} with {packer.en}: {hidden}. Scan the build before that, or {record}."
    return Gap("static", code, sample.app.app.file, reason)


def _hidden(sample: Sample) -> list[Gap]:
    """A Gap where most components have no class: an unknown packer, or a split that is missing."""
    components = [c for c in sample.manifest.components if c.enabled]
    names = {descriptor(c.target or c.name) for c in components}
    missing = names - sample.defined.keys()
    if not sample.dexes or len(names) < MIN_COMPONENTS or len(missing) < MISSING_SHARE * len(names):
        return []
    reason = (
        f"{len(missing)} of {len(names)} declared components have no class in any dex file: the code is "
        "packed, loaded at run time, or in a split that is missing, and was not examined."
    )
    return [Gap("static", "missing_code", sample.app.app.file, reason)]


def _loaders(sample: Sample) -> list[Fact]:
    drafts = Drafts()
    settings = {"dynamic_code": "dynamic_code", "native_load": "native_code"}
    for api, sites in sample.found(a for a in catalogue() if a.kind in settings and not a.native):
        for k, call in enumerate(sample.tracer.materialise(sites)):
            actor, package = sample.actor(sites, k)
            attributes = [("api", api.id), ("package", package)]
            key = Key(actor, "uses", f"setting:{settings[api.kind]}", tuple(a for a in attributes if a[1]))
            first = call.arguments[0] if call.arguments else None
            drafts.add(key, call, names=first if isinstance(first, str) else "")
    return drafts.facts()

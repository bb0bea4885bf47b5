"""SDKs whose classes were renamed, found by fingerprint."""

from __future__ import annotations

from appaudit.knowledge import sdks
from appaudit.records import ClassDefinition, Fact
from appaudit.static.facts import observed
from appaudit.static.fingerprints import Database, Match, dex_features, joined, match
from appaudit.static.sample import Sample

MAX_TREES = 20


def produce(sample: Sample, database: Database, known: list[Fact]) -> list[Fact]:
    """``embeds sdk:<id>`` with the basis ``fingerprint`` for each library of ``database`` whose code stands
    under other names. ``score`` (0 to 1) is the part of it that was found, ``version`` the versions
    that fit equally well, ``packages`` where it stands. One whose classes keep their names is known
    already, unless it is not among the facts ``known``."""
    named = {f.subject for f in known if f.action == "embeds"}
    features = joined(dex_features(dex) for dex in sample.dexes)
    found = match(features, database)
    return [_fact(sample, m) for m in found if f"sdk:{m.id}" not in named or _renamed(m)]


def _renamed(found: Match) -> bool:
    elsewhere = sum(sdks.owner(name) != found.id for name in found.where)
    return 2 * elsewhere > len(found.where)


def _fact(sample: Sample, found: Match) -> Fact:
    trees: dict[str, list[str]] = {}
    for name in found.where:
        trees.setdefault(name.rpartition("/")[0] + "/" if "/" in name else "L", []).append(name)
    largest = sorted(trees, key=lambda tree: -len(trees[tree]))[:MAX_TREES]
    evidence = [
        ClassDefinition(sample.defined.get(trees[t][0], ""), t, trees[t][0], len(trees[t])) for t in largest
    ]
    record = sdks.index().sdks.get(found.id)
    attributes = [
        ("basis", "fingerprint"),
        ("category", record.category if record else ""),
        ("classes", str(found.classes)),
        ("score", f"{found.score:.3f}"),
        ("version", " ".join(found.versions)),
        ("packages", " ".join(t[1:].rstrip("/").replace("/", ".") or "(none)" for t in largest)),
    ]
    return observed("app", "embeds", f"sdk:{found.id}", evidence, found.classes, attributes)

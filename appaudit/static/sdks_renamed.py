"""SDKs whose classes were renamed: found by fingerprint, and what their code does told of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from appaudit.dex import Dex
from appaudit.dex.layout import Mask
from appaudit.knowledge import sdks
from appaudit.records import CallSite, ClassDefinition, Fact
from appaudit.static.facts import observed
from appaudit.static.fingerprints import Database, Match, joined, match
from appaudit.static.fingerprints_dex import dex_features
from appaudit.static.sample import Sample
from appaudit.static.sdks_use import Use, uses

MAX_TREES = 20
FINGERPRINT = "actor_from"
"""Attribute of a fact whose actor was told by fingerprint: ``fingerprint`` and how sure."""


def find(sample: Sample, database: Database) -> list[Match]:
    """The libraries of ``database`` in the classes that no record names. From then on the sample's actors
    know these classes; library code that serves its callers excepted, as under its own name."""
    found = match(joined(dex_features(dex, _unnamed(dex)) for dex in sample.dexes), database)
    known = sdks.index().sdks
    owners = {
        name: m.id
        for m in reversed(found)
        if not (m.id in known and known[m.id].plumbing)
        for name in m.where
    }
    sample.actors.rename(owners)
    return found


def _unnamed(dex: Dex) -> Mask:
    """Which classes of a dex no record names."""
    descriptors = dex.descriptors
    return np.array([sdks.owner(descriptors[t]) is None for t in dex.classes.type.tolist()], bool)


def produce(sample: Sample, found: Sequence[Match]) -> list[Fact]:
    """``embeds sdk:<id>`` with the basis ``fingerprint`` for each library found. ``score`` (0 to 1) is the
    part of it that was found, ``version`` the versions that fit equally well and ``version_fit`` (0 to 1)
    how well, ``packages`` where it stands, ``used_by`` and ``calls`` who calls it."""
    known = sdks.index().sdks
    use = uses(sample, (m.id for m in found if m.id in known and not known[m.id].plumbing))
    return [_fact(sample, m, use.get(m.id)) for m in found]


def _fact(sample: Sample, found: Match, use: Use | None) -> Fact:
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
        ("version_fit", f"{found.fit:.3f}"),
        ("packages", " ".join(t[1:].rstrip("/").replace("/", ".") or "(none)" for t in largest)),
        *(use.attributes() if use else ()),
    ]
    return observed("app", "embeds", f"sdk:{found.id}", evidence, found.classes, attributes)


def mark(facts: Sequence[Fact], found: Sequence[Match]) -> list[Fact]:
    """The facts, those that only a fingerprint gives to their SDK with how sure that is."""
    score = {f"sdk:{m.id}": m.score for m in found}
    where = {f"sdk:{m.id}": frozenset(m.where) for m in found}
    done = []
    for fact in facts:
        sites = [e for e in fact.evidence if isinstance(e, CallSite)] if fact.actor in score else []
        if any(site.caller.partition("->")[0] in where[fact.actor] for site in sites):
            attributes = {**dict(fact.attributes), FINGERPRINT: f"fingerprint {score[fact.actor]:.2f}"}
            fact = dataclasses.replace(fact, attributes=tuple(sorted(attributes.items())))
        done.append(fact)
    return done

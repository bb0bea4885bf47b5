"""Finds libraries whose code was renamed: what a class does to the framework survives renaming.

A class is the set of its *features*: the framework methods it calls (owner, name, signature), the
strings it loads, the framework classes it extends and implements, the types of its methods and fields
with those made fuzzy that may be renamed. Obfuscators rename the app's own
types and members, move and merge packages, inline and drop methods; features of a class mostly stay.
A library's class is *found* where one class of the app holds most of the weight of its features;
the weight of a feature is its rarity among the libraries of the database, so that what everybody
calls counts for nothing. A library is inside where enough of its weight is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np

from appaudit.dex.layout import Index, Mask, UInt64, expand

Hashes = UInt64
Weights = np.ndarray[Any, np.dtype[np.float64]]

FRAMEWORK = ("Landroid/", "Ljava/", "Ljavax/", "Ldalvik/", "Lorg/json/", "Lorg/xml/", "Lorg/w3c/")
NOT_FRAMEWORK = ("Landroid/support/", "Landroid/arch/", "Landroid/databinding/", "Ljavax/inject/")
COMPILERS = (
    "Ljava/lang/StringBuilder;",
    "Ljava/lang/StringBuffer;",
    "Ljava/lang/Object;",
    "Ljava/lang/Integer;",
    "Ljava/lang/Long;",
    "Ljava/lang/Boolean;",
    "Ljava/lang/Class;",
    "Ljava/lang/Enum;",
    "Ljava/lang/AssertionError;",
)
"""Classes whose calls compilers add and take away."""

ACC_STATIC, ACC_SYNTHETIC, ACC_CONSTRUCTOR = 0x8, 0x1000, 0x10000

MAX_POSTINGS = 64
"""Classes of a database that may share a feature before it says nothing of any of them."""
MAX_SPREAD = 512
"""Classes of an app that may share a feature."""
MIN_CLASS_WEIGHT = 6.0
"""Weight of features (natural logarithm of their rarity) below which a class is not told apart."""
FOUND = 0.6
"""Part of a class's weight that one class of the app must hold."""
GROWN = 3.0
"""How many times the features of a class it may have in an app, where others were merged into it; a larger
one holds what it holds by chance."""
MIN_CLASSES, MIN_FOUND = 2, 40.0
"""Classes and weight that must be found to name a library."""
PRESENT = 0.09
"""Part of a library's weight that must be found; shrinking leaves out what an app does not use."""
MOST, MANY = 0.4, 16
"""Where the classes are not quite those of a known version, others have some like them by chance or by
copying: this part of the library or so many classes must be found."""
EXACT = 0.86
"""Part of the weight of its classes from which on they are those of a known version."""
CLEAN, COPIED = 0.9, 0.05
"""Part of what a class of the app holds that must be the library's for the class to be nothing else; part of
what was found that must stand in such classes: code that many copy stands among other code."""
CHANGED = 280.0
"""Weight of such classes that tells a library though its classes lost what the app does not use."""
FEW, LITTLE = 5, 0.05
"""Where all but everything that was found stands in such classes, these many of them and this part of the
library tell it: shrinking left no more of it."""
GROWTH = 600.0
"""Weight of such classes, beside `MANY`, that tells a library of which little was found: the version of the
database is many times the app's."""
EQUAL = 0.995
"""Two versions fit equally well where one reaches this part of the other."""
BUNDLE, EXPLAINED = 2.0, 0.9
"""A match is explained by one with a score this many times its own that has this part of its weight."""


def feature(kind: str, text: str) -> int:
    """The 64-bit hash of one feature; ``kind``: c a call, s a string, t a supertype, m the shape of a
    method, f that of a field."""
    raw = (kind + text).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(raw, digest_size=8).digest(), "little")


def is_framework(descriptor: str) -> bool:
    """Whether a class belongs to the platform, so that no obfuscator renames it."""
    return descriptor.startswith(FRAMEWORK) and not descriptor.startswith(NOT_FRAMEWORK)


def call_feature(owner: str, name: str, signature: str) -> int | None:
    """The feature of a call of a framework method; None for calls that say nothing."""
    if not is_framework(owner) or owner in COMPILERS:
        return None
    return feature("c", f"{owner}->{name}{signature}")


def string_feature(text: str) -> int | None:
    """The feature of a loaded string; None for the shortest, which everybody loads."""
    return feature("s", text) if len(text) > 2 else None


def supertype_feature(descriptor: str) -> int | None:
    """The feature of a class that another extends or implements; None for the app's own and for Object."""
    if not is_framework(descriptor) or descriptor == "Ljava/lang/Object;":
        return None
    return feature("t", descriptor)


def fuzzy(descriptor: str) -> str:
    """A type's descriptor with classes that may be renamed made ``X``, so that it survives renaming."""
    bare = descriptor.lstrip("[")
    if not bare.startswith("L") or is_framework(bare):
        return descriptor
    return "[" * (len(descriptor) - len(bare)) + "X"


def method_feature(types: Sequence[str], constructor: bool, static: bool) -> int | None:
    """The feature of a method that a class defines; ``types``: what it returns and takes. None where that
    says nothing."""
    if len(types) - (types[0] == "V") < 2:
        return None
    kind = "new" if constructor else "static" if static else ""
    return feature("m", f"{kind} {' '.join(map(fuzzy, types))}")


def field_feature(type_: str, static: bool) -> int:
    """The feature of a field that a class defines."""
    return feature("f", f"{'static' if static else ''} {fuzzy(type_)}")


@dataclass(frozen=True)
class ClassFeatures:
    """Features of classes as two columns, sorted by class, each pair once; ``names``: descriptors."""

    names: tuple[str, ...]
    class_: Index
    hash: Hashes

    @staticmethod
    def of(names: Sequence[str], class_: Index, hashes: Hashes) -> ClassFeatures:
        """Sorts the pairs and drops repeated ones."""
        order = np.lexsort((hashes, class_))
        class_, hashes = class_[order], hashes[order]
        fresh = np.ones(len(class_), bool)
        fresh[1:] = (class_[1:] != class_[:-1]) | (hashes[1:] != hashes[:-1])
        return ClassFeatures(tuple(names), class_[fresh], hashes[fresh])

    def of_classes(self, places: Index) -> ClassFeatures:
        """The features of these classes alone; ``places``: in ``names``, ascending."""
        new = np.full(len(self.names), -1, np.intp)
        new[places] = np.arange(len(places))
        class_ = new[self.class_]
        names = tuple(self.names[k] for k in places.tolist())
        return ClassFeatures(names, class_[class_ >= 0], self.hash[class_ >= 0])


def joined(parts: Iterable[ClassFeatures]) -> ClassFeatures:
    """The classes of several dex files as one."""
    names: list[str] = []
    class_, hashes = [np.empty(0, np.intp)], [np.empty(0, np.uint64)]
    for part in parts:
        class_.append(part.class_ + len(names))
        hashes.append(part.hash)
        names += part.names
    return ClassFeatures(tuple(names), np.concatenate(class_), np.concatenate(hashes))


# ---------------------------------------------------------------------------------- database


@dataclass(frozen=True)
class Library:
    """One version of one SDK in a database."""

    id: str
    version: str


class Database:
    """Fingerprints of libraries. ``library_of``: place in ``libraries`` of each class."""

    def __init__(self, libraries: Sequence[Library], library_of: Index, features: ClassFeatures) -> None:
        self.libraries = tuple(libraries)
        self.library_of = library_of
        self.features = features
        ids = {lib.id: k for k, lib in reversed(list(enumerate(self.libraries)))}
        self._id_of = np.array([ids[lib.id] for lib in self.libraries], np.int64)
        order = np.argsort(features.hash, kind="stable")
        self._class = features.class_[order]
        self.hash, self._first = np.unique(features.hash[order], return_index=True)
        self._end = np.append(self._first[1:], len(order))
        self._weigh()

    def _weigh(self) -> None:
        """A feature's weight: logarithm of libraries over the libraries that have it."""
        count = self._end - self._first
        place = np.repeat(np.arange(len(self.hash)), count)
        pairs = np.unique(place.astype(np.int64) << 24 | self._id_of[self.library_of[self._class]])
        holders = np.bincount(pairs >> 24, minlength=len(self.hash))
        everyone = max(len(np.unique(self._id_of)), 30)
        weight = np.log(everyone / np.maximum(holders, 1)) + 0.1
        self.most = float(np.log(everyone)) + 0.1
        self.weight = np.where(count <= MAX_POSTINGS, weight, 0.0)
        self.postings = count
        total = np.bincount(
            self._class, weights=np.repeat(self.weight, count), minlength=len(self.library_of)
        )
        self.class_weight = np.where(total >= MIN_CLASS_WEIGHT, total, 0.0)
        self.library_weight = np.bincount(
            self.library_of, weights=self.class_weight, minlength=len(self.libraries)
        )

    def pairs(self, app: ClassFeatures) -> tuple[Index, Index, Weights, Weights]:
        """(class of the database, class of the app, shared weight) for all pairs with a feature in common,
        each once; and the weight of each class of the app, a feature that no library has weighing most."""
        at = np.searchsorted(self.hash, app.hash)
        at[at == len(self.hash)] = 0
        hit = (self.hash[at] == app.hash) if len(self.hash) else np.zeros(len(app.hash), bool)
        weight = np.full(len(hit), self.most)
        weight[hit] = self.weight[at[hit]]
        own = np.bincount(app.class_, weights=weight, minlength=len(app.names))
        at, class_ = at[hit], app.class_[hit]
        spread = np.bincount(at, minlength=len(self.hash))
        rare = (self.postings[at] <= MAX_POSTINGS) & (spread[at] <= MAX_SPREAD)
        at, class_ = at[rare], class_[rare]
        place, posting = expand(self._first[at], self.postings[at])
        theirs = self._class[posting]
        told_apart = self.class_weight[theirs] > 0
        key = (theirs.astype(np.int64) << 32 | class_[place])[told_apart]
        weight = self.weight[at][place][told_apart]
        order = np.argsort(key, kind="stable")
        key = key[order]
        start = np.flatnonzero(np.diff(key, prepend=-1))
        shared: Weights = np.add.reduceat(weight[order], start) if len(start) else np.empty(0)
        return key[start] >> 32, key[start] & 0xFFFFFFFF, shared, own.astype(float)


@dataclass(frozen=True)
class Match:
    """A library that was found. ``versions``: those that fit equally well, best first; ``score``: part
    of its weight that was found, 0 to 1; ``classes``: how many of its classes; ``where``: descriptors
    of the app's classes that hold them; ``fit``: how much of what these classes should hold they hold,
    0 to 1: low where the app has a version that is not in the database."""

    id: str
    versions: tuple[str, ...]
    score: float
    classes: int
    where: tuple[str, ...]
    fit: float = 1.0


@dataclass(frozen=True)
class Places:
    """Where classes of libraries were found, each once, in columns: ``library`` its place in the database,
    ``ours`` the class of the app, ``held`` the weight that it holds of ``weight``, ``clean`` whether it
    holds little else."""

    library: Index
    ours: Index
    held: Weights
    weight: Weights
    clean: Mask

    def sums(self, values: Weights, size: int) -> Weights:
        """The sum of a column by library."""
        return np.bincount(self.library, weights=values, minlength=size).astype(float)


def match(app: ClassFeatures, database: Database) -> list[Match]:
    """The libraries of a database that an app holds, under whatever names, the surest first."""
    places, size = _places(app, database), len(database.libraries)
    found, there = places.sums(places.held, size), places.sums(places.weight, size)
    clean = places.sums(places.held * places.clean, size)
    counts = np.bincount(places.library, minlength=size)
    fit = np.divide(found, there, out=np.zeros(size), where=there > 0)
    total = database.library_weight
    score = np.divide(found, total, out=np.zeros(size), where=total > 0)
    same = (fit >= EXACT) | (score >= MOST) | (counts >= MANY) | (clean >= CHANGED)
    inside = (score >= PRESENT) & same
    inside |= (score >= LITTLE) & (counts >= FEW) & (clean >= CLEAN * found)
    inside |= (counts >= MANY) & (clean >= GROWTH)
    inside &= (clean >= COPIED * found) & (found >= MIN_FOUND) & (counts >= MIN_CLASSES)
    # Which version: where most agrees and least is missing of what is there. What shrinking left out speaks
    # little against a version.
    likely = (2 * found - there) * (0.9 + 0.1 * score)
    versions: dict[str, list[int]] = {}
    for k in np.flatnonzero(inside).tolist():
        versions.setdefault(database.libraries[k].id, []).append(k)
    matches = []
    for sdk, known in versions.items():
        known.sort(key=lambda k: -likely[k])
        best = known[0]
        equal = tuple(database.libraries[k].version for k in known if likely[k] >= EQUAL * likely[best])
        at = np.flatnonzero(places.library == best)
        names = [app.names[c] for c in places.ours[at].tolist()]
        held = dict(zip(names, places.held[at].tolist(), strict=True))
        sure = round(float(score[best]), 3), int(counts[best])
        matches.append((Match(sdk, equal, *sure, tuple(sorted(held)), round(float(fit[best]), 3)), held))
    return _unexplained(sorted(matches, key=lambda pair: (-pair[0].score, pair[0].id)))


def _places(app: ClassFeatures, database: Database) -> Places:
    """The best place of each class of each library.

    Each class of the app speaks for the library whose class it resembles most (for several that are
    equal: code that one library took from another), so that shared code does not name everybody.
    """
    theirs, ours, held, weight_of = database.pairs(app)
    own = np.bincount(app.class_, minlength=len(app.names)).astype(float)
    size = np.bincount(database.features.class_, minlength=len(database.library_of)).astype(float)
    good = (held >= FOUND * database.class_weight[theirs]) & (own[ours] <= GROWN * size[theirs])
    theirs, ours, held = theirs[good], ours[good], held[good]
    part = held / database.class_weight[theirs]
    likeness = part * np.minimum(size[theirs], own[ours]) / np.maximum(size[theirs], own[ours])
    best = np.zeros(len(app.names))
    np.maximum.at(best, ours, likeness)
    speaks = np.flatnonzero(likeness >= 0.9 * best[ours])
    order = speaks[np.lexsort((-part[speaks], theirs[speaks]))]
    order = order[np.diff(theirs[order], prepend=-1) != 0]
    theirs, ours, held = theirs[order], ours[order], held[order]
    clean = held >= CLEAN * weight_of[ours]
    return Places(database.library_of[theirs], ours, held, database.class_weight[theirs], clean)


def _unexplained(matches: list[tuple[Match, dict[str, float]]]) -> list[Match]:
    """The matches, best first, without those that are better explained by one before: bundles hold the code
    of others, of which little else is then found. With each match the weight that its classes hold."""
    kept: list[Match] = []
    for found, held in matches:
        better = (m.where for m in kept if m.score > BUNDLE * found.score)
        enough = EXPLAINED * sum(held.values())
        if all(sum(held.get(name, 0.0) for name in where) < enough for where in better):
            kept.append(found)
    return kept

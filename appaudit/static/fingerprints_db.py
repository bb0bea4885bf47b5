"""The file that holds fingerprints: one compressed numpy archive, added to library by library."""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from appaudit.dex import DexError, read_dexes
from appaudit.errors import InputError
from appaudit.knowledge import sdks
from appaudit.knowledge.version import bring
from appaudit.static.fingerprints import ClassFeatures, Database, Library, joined
from appaudit.static.fingerprints_dex import dex_features
from appaudit.static.fingerprints_java import archive_features

FORMAT = 2
MIN_PART = 10
"""Classes of another SDK from which on it is known as itself."""
_ACTIVE: list[Database] = []
MAX_SIZE = 1 << 30
"""Bytes of one array of a database; beyond that it is no database of ours."""
UNREADABLE = (
    OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError, MemoryError, OverflowError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What damaged archives and arrays raise; a RuntimeError: archives encrypted or packed in other ways."""


def library_features(path: Path) -> ClassFeatures:
    """The features of a library as it is published (jar, aar) or as code that runs (dex).

    Raises InputError where there is no class to read.
    """
    data = path.read_bytes()
    if not data.startswith(b"dex\n"):
        return archive_features(data, path.name)
    try:
        return joined(dex_features(dex) for dex in read_dexes(data, path.name))
    except DexError as error:
        raise InputError(f"{path.name} is no dex file that can be read: {error}") from error


def divided(library: Library, features: ClassFeatures) -> list[tuple[Library, ClassFeatures]]:
    """A library and the ones of others that it brings along, by the names of the classes: each for its own
    SDK, ``version`` telling what it came with. A few classes stay; of an SDK that has no record nothing is
    divided."""
    owners = np.array([sdks.owner(name) or library.id for name in features.names], object)
    counts = Counter(owners.tolist())
    ids = [i for i, count in counts.items() if i != library.id and count >= MIN_PART]
    if library.id not in sdks.index().sdks or not counts[library.id]:
        return [(library, features)]
    came_with = f"{library.id}-{library.version}"
    parts = [(library, np.flatnonzero(~np.isin(owners.astype(str), ids)))]
    parts += [(Library(i, came_with), np.flatnonzero(owners == i)) for i in ids]
    return [(lib, features.of_classes(places)) for lib, places in parts]


def build(libraries: Sequence[tuple[Library, ClassFeatures]]) -> Database:
    """A database of these libraries, in their order."""
    of = [np.full(len(features.names), k, np.intp) for k, (_, features) in enumerate(libraries)]
    library_of = np.concatenate([np.empty(0, np.intp), *of])
    return Database([lib for lib, _ in libraries], library_of, joined(f for _, f in libraries))


def parts(database: Database) -> Iterator[tuple[Library, ClassFeatures]]:
    """The libraries of a database one by one; the inverse of `build`."""
    for k, library in enumerate(database.libraries):
        yield library, database.features.of_classes(np.flatnonzero(database.library_of == k))


def add(database: Database | None, library: Library, features: ClassFeatures) -> Database:
    """The database with one more library and what it brings along; the same ids and versions are replaced."""
    new = divided(library, features)
    replaced = {lib for lib, _ in new}
    kept = [part for part in parts(database) if part[0] not in replaced] if database else []
    return build([*kept, *new])


def save(database: Database, path: Path) -> None:
    """Writes a database, atomically."""
    head = {
        "format": FORMAT,
        "libraries": [[lib.id, lib.version] for lib in database.libraries],
        "names": list(database.features.names),
    }
    text = np.frombuffer(json.dumps(head, ensure_ascii=False).encode(), np.uint8)
    temporary = path.with_name(path.name + ".part")
    with temporary.open("wb") as file:
        np.savez_compressed(
            file,
            head=text,
            library_of=database.library_of.astype(np.int32),
            class_=database.features.class_.astype(np.int32),
            hash=database.features.hash,
        )
    temporary.replace(path)


def load(path: Path) -> Database:
    """Reads a database. Raises InputError where the file is none, or one of another format."""
    try:
        with zipfile.ZipFile(path) as archive:
            if any(entry.file_size > MAX_SIZE for entry in archive.infolist()):
                raise InputError(f"{path.name} is too large for a fingerprint database.")
        with np.load(path, allow_pickle=False) as data:
            head = json.loads(bytes(data["head"]))
            arrays = {name: np.asarray(data[name]) for name in ("library_of", "class_", "hash")}
        if head["format"] != FORMAT:
            raise InputError(f"{path.name} was made by another version of appaudit: build it again.")
        libraries = [Library(str(i), str(v)) for i, v in head["libraries"]]
        names = tuple(str(n) for n in head["names"])
        if any(a.ndim != 1 or a.dtype.kind not in "iu" for a in arrays.values()):
            raise InputError(f"{path.name} is a damaged fingerprint database.")
        library_of, class_ = arrays["library_of"].astype(np.intp), arrays["class_"].astype(np.intp)
        hashes = arrays["hash"].astype(np.uint64)
        shapes = len(library_of) == len(names) and len(class_) == len(hashes)
        inside = _inside(library_of, len(libraries)) and _inside(class_, len(names))
        if not shapes or not inside:
            raise InputError(f"{path.name} is a damaged fingerprint database.")
    except FileNotFoundError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except UNREADABLE as error:
        raise InputError(f"{path.name} is no fingerprint database that can be read.") from error
    return Database(libraries, library_of, ClassFeatures(names, class_, hashes))


def _inside(places: np.ndarray[tuple[int], np.dtype[np.intp]], size: int) -> bool:
    return not len(places) or bool(places.min() >= 0 and places.max() < size)


def use(path: Path | None) -> None:
    """From now on scans match renamed code with this database, and outputs name it; None: with none."""
    _ACTIVE[:] = [load(path)] if path is not None else []
    bring("fingerprints", [(path, _digest(path))] if path is not None else ())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def active() -> Database | None:
    """The database in use."""
    return _ACTIVE[0] if _ACTIVE else None

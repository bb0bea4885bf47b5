"""Features of the classes of a dex file, in columns: what `fingerprints.match` looks for."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from appaudit.dex import Dex
from appaudit.dex.layout import Index, Mask
from appaudit.dex.opcodes import Reference
from appaudit.static.fingerprints import (
    ACC_CONSTRUCTOR,
    ACC_STATIC,
    ACC_SYNTHETIC,
    COMPILERS,
    ClassFeatures,
    Hashes,
    field_feature,
    is_framework,
    method_feature,
)


def dex_features(dex: Dex, wanted: Mask | None = None) -> ClassFeatures:
    """The features of every class that a dex defines, or of the ``wanted`` rows of its classes only."""
    if wanted is None:
        wanted = np.ones(len(dex.classes.type), bool)
    descriptors = dex.descriptors
    names = [descriptors[t] if t >= 0 else "?" for t in dex.classes.type.tolist()]
    if not wanted.any():
        return ClassFeatures(tuple(names), np.empty(0, np.intp), np.empty(0, np.uint64))
    columns = [
        read(dex, wanted) for read in (_supertypes, _fields, _methods, _loaded_strings, _framework_calls)
    ]
    class_ = np.concatenate([c for c, _ in columns])
    return ClassFeatures.of(names, class_, np.concatenate([h for _, h in columns]))


def _hashes(kind: str, texts: Sequence[str]) -> Hashes:
    """`fingerprints.feature` of many texts."""
    first = kind.encode()
    raw = [blake2b(first + t.encode("utf-8", "surrogatepass"), digest_size=8).digest() for t in texts]
    return np.frombuffer(b"".join(raw), "<u8").astype(np.uint64)


def _of_framework(dex: Dex, types: Index) -> Mask:
    """Which of these types belong to the platform."""
    descriptors = dex.descriptors
    used, at = np.unique(types, return_inverse=True)
    found = [t >= 0 and is_framework(descriptors[t]) for t in used.tolist()]
    return np.array(found, bool)[at]


def _supertypes(dex: Dex, wanted: Mask) -> tuple[Index, Hashes]:
    above, (implementing, interface) = dex.classes.superclass, dex.interfaces
    row = np.concatenate([np.arange(len(above)), implementing]).astype(np.intp)
    types = np.concatenate([above, interface]).astype(np.intp)
    keep = wanted[row]
    keep[keep] = _of_framework(dex, types[keep])
    used, at = np.unique(types[keep], return_inverse=True)
    names = [dex.descriptors[t] for t in used.tolist()]
    hashes = _hashes("t", names)
    hashes[[name == "Ljava/lang/Object;" for name in names]] = 0
    return _told(row[keep], hashes[at])


def _fields(dex: Dex, wanted: Mask) -> tuple[Index, Hashes]:
    fields = dex.class_data.fields
    kept = np.flatnonzero(wanted[fields.class_row] & (fields.access & ACC_SYNTHETIC == 0))
    key = dex.fields.type[fields.field[kept]].astype(np.int64) << 1 | fields.static[kept]
    used, at = np.unique(key, return_inverse=True)
    hashes = [field_feature(dex.type_descriptor(k >> 1), bool(k & 1)) if k >= 0 else 0 for k in used.tolist()]
    return _told(fields.class_row[kept].astype(np.intp), np.array(hashes, np.uint64)[at])


def _methods(dex: Dex, wanted: Mask) -> tuple[Index, Hashes]:
    methods = dex.class_data.methods
    kept = np.flatnonzero(wanted[methods.class_row] & (methods.access & ACC_SYNTHETIC == 0))
    access = methods.access[kept]
    proto = dex.methods.type[methods.method[kept]].astype(np.int64)
    key = proto << 2 | ((access & ACC_CONSTRUCTOR > 0) << 1) | (access & ACC_STATIC > 0)
    used, at = np.unique(key, return_inverse=True)
    types, first = dex.proto_types
    hashes = []
    for k in used.tolist():
        names = (
            [dex.type_descriptor(t) for t in types[first[k >> 2] : first[(k >> 2) + 1]].tolist()]
            if k >= 0
            else []
        )
        hashes.append((method_feature(names, bool(k & 2), bool(k & 1)) if names else None) or 0)
    return _told(methods.class_row[kept].astype(np.intp), np.array(hashes, np.uint64)[at])


def _loaded_strings(dex: Dex, wanted: Mask) -> tuple[Index, Hashes]:
    class_, string = _referred(dex, Reference.STRING, len(dex.strings), wanted)
    used, at = np.unique(string, return_inverse=True)
    texts = dex.strings.texts(used)
    hashes = _hashes("s", texts)
    hashes[np.fromiter(map(len, texts), np.int64, len(texts)) <= 2] = 0
    return _told(class_, hashes[at])


def _framework_calls(dex: Dex, wanted: Mask) -> tuple[Index, Hashes]:
    owners = dex.methods.owner.astype(np.intp)
    class_, method = _referred(dex, Reference.METHOD, len(owners), wanted)
    used, at = np.unique(method, return_inverse=True)
    framework = _of_framework(dex, owners[used])
    kept = used[framework]
    protos = dex.methods.type[kept].tolist()
    signature = {p: dex.proto_descriptor(p) for p in set(protos)}
    parts = zip(owners[kept].tolist(), dex.strings.texts(dex.methods.name[kept]), protos, strict=True)
    names = [(dex.descriptors[o], n, signature[p]) for o, n, p in parts]
    hashes = np.zeros(len(used), np.uint64)
    hashes[framework] = _hashes("c", [f"{owner}->{name}{rest}" for owner, name, rest in names])
    hashes[np.flatnonzero(framework)[[owner in COMPILERS for owner, _, _ in names]]] = 0
    return _told(class_, hashes[at])


def _referred(dex: Dex, kind: Reference, size: int, wanted: Mask) -> tuple[Index, Index]:
    """(class row, index) of the instructions of wanted classes that refer to a table of this size, each
    once."""
    references = dex.code.references(kind)
    inside = np.flatnonzero(references.operand < size)
    operand = references.operand[inside]
    place, method_row = dex.code.methods_of(references.items(inside))
    class_ = dex.class_data.methods.class_row[method_row].astype(np.int64)
    keep = wanted[class_]
    pairs = np.unique(class_[keep] << 32 | operand[place[keep]])
    return (pairs >> 32).astype(np.intp), (pairs & 0xFFFFFFFF).astype(np.intp)


def _told(class_: Index, hashes: Hashes) -> tuple[Index, Hashes]:
    """Those that say something: a hash of 0 stands for no feature."""
    return class_[hashes != 0], hashes[hashes != 0]

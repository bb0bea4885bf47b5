"""Features of the classes of a dex file, in columns: what `fingerprints.match` looks for."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from appaudit.dex import Dex
from appaudit.dex.layout import Index, Mask
from appaudit.dex.opcodes import Reference
from appaudit.static.fingerprints import (
    ACC_CONSTRUCTOR,
    ACC_STATIC,
    ACC_SYNTHETIC,
    ClassFeatures,
    Hashes,
    call_feature,
    field_feature,
    is_framework,
    method_feature,
    string_feature,
    supertype_feature,
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


def _supertypes(dex: Dex, wanted: Mask) -> tuple[Index, Hashes]:
    above, (implementing, interface) = dex.classes.superclass, dex.interfaces
    row = np.concatenate([np.arange(len(above)), implementing]).astype(np.intp)
    types = np.concatenate([above, interface]).astype(np.intp)
    keep = wanted[row] & (types >= 0)
    used, at = np.unique(types[keep], return_inverse=True)
    return _told(row[keep], map(supertype_feature, (dex.descriptors[t] for t in used.tolist())), at)


def _fields(dex: Dex, wanted: Mask) -> tuple[Index, Hashes]:
    fields = dex.class_data.fields
    kept = np.flatnonzero(wanted[fields.class_row] & (fields.access & ACC_SYNTHETIC == 0))
    key = dex.fields.type[fields.field[kept]].astype(np.int64) << 1 | fields.static[kept]
    used, at = np.unique(key, return_inverse=True)
    found = (
        field_feature(dex.type_descriptor(k >> 1), bool(k & 1)) if k >= 0 else None for k in used.tolist()
    )
    return _told(fields.class_row[kept].astype(np.intp), found, at)


def _methods(dex: Dex, wanted: Mask) -> tuple[Index, Hashes]:
    methods = dex.class_data.methods
    kept = np.flatnonzero(wanted[methods.class_row] & (methods.access & ACC_SYNTHETIC == 0))
    access = methods.access[kept]
    proto = dex.methods.type[methods.method[kept]].astype(np.int64)
    key = proto << 2 | ((access & ACC_CONSTRUCTOR > 0) << 1) | (access & ACC_STATIC > 0)
    used, at = np.unique(key, return_inverse=True)
    types, first = dex.proto_types
    found: list[int | None] = []
    for k in used.tolist():
        places = types[first[k >> 2] : first[(k >> 2) + 1]].tolist() if k >= 0 else []
        names = [dex.type_descriptor(t) for t in places]
        found.append(method_feature(names, bool(k & 2), bool(k & 1)) if names else None)
    return _told(methods.class_row[kept].astype(np.intp), found, at)


def _loaded_strings(dex: Dex, wanted: Mask) -> tuple[Index, Hashes]:
    class_, string = _referred(dex, Reference.STRING, len(dex.strings), wanted)
    used, at = np.unique(string, return_inverse=True)
    return _told(class_, map(string_feature, dex.strings.texts(used)), at)


def _framework_calls(dex: Dex, wanted: Mask) -> tuple[Index, Hashes]:
    owners = dex.methods.owner.astype(np.intp)
    class_, method = _referred(dex, Reference.METHOD, len(owners), wanted)
    descriptors = dex.descriptors
    framework = np.array([*map(is_framework, descriptors), False])  # the last for corrupt methods
    keep = framework[owners[method]]
    used, at = np.unique(method[keep], return_inverse=True)
    protos = dex.methods.type[used].tolist()
    signature = {p: dex.proto_descriptor(p) for p in set(protos)}
    names = dex.strings.texts(dex.methods.name[used])
    parts = zip(owners[used].tolist(), names, protos, strict=True)
    return _told(class_[keep], (call_feature(descriptors[o], n, signature[p]) for o, n, p in parts), at)


def _referred(dex: Dex, kind: Reference, size: int, wanted: Mask) -> tuple[Index, Index]:
    """(class row, index) of the instructions of wanted classes that refer to a table of this size, each
    once."""
    references = dex.code.references(kind)
    row, method_row = dex.code.methods_naming(references)
    class_, operand = dex.class_data.methods.class_row[method_row], references.operand[row]
    keep = wanted[class_] & (operand < size)
    pairs = np.unique(class_[keep].astype(np.int64) << 32 | operand[keep])
    return (pairs >> 32).astype(np.intp), (pairs & 0xFFFFFFFF).astype(np.intp)


def _told(class_: Index, features: Iterable[int | None], at: Index) -> tuple[Index, Hashes]:
    """(class row, feature) of each place in ``features`` that says something."""
    each = list(features)
    says = np.array([f is not None for f in each], bool)[at]
    return class_[says], np.array([f or 0 for f in each], np.uint64)[at[says]]

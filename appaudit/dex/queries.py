"""The questions an audit asks of all dex files of an app, as joins over columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from appaudit.dex import opcodes
from appaudit.dex.dex import Dex, Members
from appaudit.dex.hierarchy import Hierarchy
from appaudit.dex.layout import Index, Int32, Mask, Table, UInt8, expand
from appaudit.dex.opcodes import Reference
from appaudit.dex.parallel import decode


class Target(NamedTuple):
    """A framework member to look for.

    ``owner``: class descriptor, None for any class. ``signature``: ``(I)V`` for a method, the type's
    descriptor for a field, None for all. Calls through a subclass of ``owner`` in the app count.
    """

    owner: str | None
    name: str
    signature: str | None = None
    kind: Literal["method", "field"] = "method"


@dataclass(frozen=True)
class CallSites:
    """Sites as columns, in order of dex, code and target.

    ``target``: place in the targets asked for; ``dex``: place in the dex files; ``caller``: method
    index of the method the instruction stands in; ``callee``: method or field index the instruction
    names (for `string_sites` the string's index); ``offset``: code units from the start of the
    caller's instructions; ``opcode``; ``item``: code item in `Dex.code`.
    All indices are those of the site's own dex.
    """

    dexes: Sequence[Dex]
    target: Int32
    dex: Int32
    caller: Int32
    callee: Int32
    offset: Int32
    opcode: UInt8
    item: Int32

    def __len__(self) -> int:
        return len(self.target)

    def where(self, mask: Mask | Index | slice) -> CallSites:
        """The sites of a mask, of given rows or of a slice."""
        columns: tuple[Table, ...] = (
            self.target,
            self.dex,
            self.caller,
            self.callee,
            self.offset,
            self.opcode,
            self.item,
        )
        return CallSites(self.dexes, *(c[mask] for c in columns))

    def caller_descriptor(self, site: int) -> str:
        """``Lcom/x/Y;->m(I)V`` of the caller of one site."""
        return self.dexes[int(self.dex[site])].method_descriptor(int(self.caller[site]))

    def caller_class(self, site: int) -> str:
        """Descriptor of the class the site stands in."""
        dex = self.dexes[int(self.dex[site])]
        return dex.type_descriptor(int(dex.methods.owner[self.caller[site]]))

    def callee_descriptor(self, site: int) -> str:
        """What one site names, as written in the dex; for a string its text."""
        dex, index, opcode = self.dexes[int(self.dex[site])], int(self.callee[site]), int(self.opcode[site])
        kind = opcodes.REFERENCE[opcode]
        if kind == Reference.FIELD:
            return dex.field_descriptor(index)
        return dex.strings.text(index) if kind == Reference.STRING else dex.method_descriptor(index)


def call_sites(
    dexes: Sequence[Dex],
    targets: Iterable[Target | tuple[str | None, str, str | None]],
    hierarchy: Hierarchy | None = None,
) -> CallSites:
    """Every instruction that calls a target method, or reads or writes a target field.

    All invoke kinds count, ``invoke-polymorphic`` too; ``hierarchy`` is built when not given.
    """
    wanted = [t if isinstance(t, Target) else Target(*t) for t in targets]
    classes = hierarchy if hierarchy is not None else Hierarchy(dexes)
    asked: list[_Question] = []
    for kind, reference in (("method", Reference.METHOD), ("field", Reference.FIELD)):
        places = np.array([k for k, t in enumerate(wanted) if t.kind == kind], np.int32)
        if not len(places):
            continue
        chosen = [wanted[k] for k in places]
        groups = _OwnerGroups(classes, chosen)
        for number, dex in enumerate(dexes):
            member, target = _members_of(dex, classes, number, chosen, groups)
            asked.append(_Question(number, reference, member, places[target]))
    return _answer(dexes, asked)


def string_sites(dexes: Sequence[Dex], texts: Iterable[str]) -> CallSites:
    """Every ``const-string`` that loads one of ``texts``; ``target`` is the place in ``texts``."""
    wanted = list(texts)
    asked = []
    for number, dex in enumerate(dexes):
        index = dex.strings.find_all(wanted)
        target = np.flatnonzero(index >= 0).astype(np.int32)
        asked.append(_Question(number, Reference.STRING, index[target], target))
    return _answer(dexes, asked)


def string_index_sites(dexes: Sequence[Dex], number: int, indices: Int32) -> CallSites:
    """Every ``const-string`` in dex ``number`` that loads a string index; ``target`` is the place in
    ``indices``. For strings found by `StringTable.search` or `StringTable.with_prefix`."""
    places = np.arange(len(indices), dtype=np.int32)
    return _answer(dexes, [_Question(number, Reference.STRING, indices, places)])


def type_sites(dexes: Sequence[Dex], descriptors: Iterable[str]) -> CallSites:
    """Every instruction that names a class (``const-class``, ``new-instance``, casts …)."""
    wanted = list(descriptors)
    asked = []
    for number, dex in enumerate(dexes):
        index = np.fromiter((dex.find_type(d) for d in wanted), np.int32, len(wanted))
        target = np.flatnonzero(index >= 0).astype(np.int32)
        asked.append(_Question(number, Reference.TYPE, index[target], target))
    return _answer(dexes, asked)


class _Question(NamedTuple):
    """The instructions of dex ``number`` that refer to ``member``, each for a target."""

    number: int
    reference: Reference
    member: Int32
    target: Int32


class _OwnerGroups:
    """Distinct owners of targets, each with the classes that inherit from it."""

    def __init__(self, classes: Hierarchy, targets: Sequence[Target]) -> None:
        owners: dict[str | None, int] = {}
        self.of_target = np.array([owners.setdefault(t.owner, len(owners)) for t in targets], np.int64)
        self.any_class = owners.get(None, -1)
        self.outside = {o: g for o, g in owners.items() if o is not None and o not in classes.number}
        inside = [(classes.number[o], g) for o, g in owners.items() if o in classes.number]
        place, self.class_ = classes.descendants(number for number, _ in inside)
        self.group = np.array([g for _, g in inside], np.int64)[place]
        order = np.argsort(self.class_, kind="stable")
        self.class_, self.group = self.class_[order], self.group[order]


def _members_of(
    dex: Dex, classes: Hierarchy, number: int, targets: Sequence[Target], groups: _OwnerGroups
) -> tuple[Int32, Int32]:
    """(member index, target) for each method or field id of one dex that a target means."""
    members: Members = dex.methods if targets[0].kind == "method" else dex.fields
    if not len(members.owner):
        return np.empty(0, np.int32), np.empty(0, np.int32)
    # (type index, group) pairs of this dex
    type_number = classes.type_numbers[number]
    low = np.searchsorted(groups.class_, type_number, "left")
    count = np.where(type_number >= 0, np.searchsorted(groups.class_, type_number, "right") - low, 0)
    pair_type, pair_group = expand(low, count)
    pair_group = groups.group[pair_group]
    if groups.outside:
        outside = [(t, groups.outside[d]) for t, d in enumerate(dex.descriptors) if d in groups.outside]
        extra = np.array(outside, np.intp).reshape(-1, 2)
        pair_type = np.concatenate((pair_type, extra[:, 0]))
        pair_group = np.concatenate((pair_group, extra[:, 1]))
    order = np.argsort(pair_type, kind="stable")
    pair_type, pair_group = pair_type[order], pair_group[order]
    # members of a wanted name whose owner is in a group
    name_texts = sorted({t.name for t in targets})
    name_index = dict(zip(name_texts, dex.strings.find_all(name_texts).tolist(), strict=True))
    wanted_name = np.zeros(len(dex.strings) + 1, bool)
    wanted_name[[index for index in name_index.values() if index >= 0]] = True
    named = np.flatnonzero(wanted_name[members.name] & (members.owner >= 0))
    per_type = np.bincount(pair_type, minlength=len(dex.types) + 1)
    first = np.cumsum(per_type) - per_type
    owner = members.owner[named]
    place, pair = expand(first[owner], per_type[owner])
    member, group = named[place], pair_group[pair]
    if groups.any_class >= 0:
        member = np.concatenate((member, named))
        group = np.concatenate((group, np.full(len(named), groups.any_class)))
    # join (group, name) with the targets
    width = len(dex.strings) + 1
    target_name = np.fromiter((name_index[t.name] for t in targets), np.int64, len(targets))
    here = np.flatnonzero(target_name >= 0)
    target_key = groups.of_target[here] * width + target_name[here]
    order = np.argsort(target_key, kind="stable")
    target_key, here = target_key[order], here[order]
    key = group * width + members.name[member]
    low = np.searchsorted(target_key, key, "left")
    which, place = expand(low, np.searchsorted(target_key, key, "right") - low)
    member, target = member[which], here[place]
    # the few left are compared by signature
    signature = dex.proto_descriptor if targets[0].kind == "method" else dex.type_descriptor
    good = [
        targets[t].signature is None or targets[t].signature == signature(int(members.type[m]))
        for m, t in zip(member.tolist(), target.tolist(), strict=True)
    ]
    keep = np.array(good, bool)
    return member[keep].astype(np.int32), target[keep].astype(np.int32)


def _answer(dexes: Sequence[Dex], asked: Sequence[_Question]) -> CallSites:
    """All sites; only dex files that name something asked for are decoded."""
    decode([dexes[n] for n in sorted({q.number for q in asked if len(q.member)})])
    return _joined(dexes, [_sites(dexes, question) for question in asked])


def _sites(dexes: Sequence[Dex], question: _Question) -> tuple[Table, ...]:
    """The columns of `CallSites`."""
    number, reference, index, target = question
    if not len(index):
        return tuple(np.empty(0, np.intp) for _ in range(7))
    code = dexes[number].code
    references = code.references(reference)
    order = np.argsort(index, kind="stable")
    index, target = index[order], target[order]
    size = max(int(references.operand.max(initial=0)), int(index[-1])) + 1
    wanted = np.zeros(size, bool)
    wanted[index] = True
    hit = np.flatnonzero(wanted[references.operand])
    value = references.operand[hit].astype(np.int32)
    low = np.searchsorted(index, value, "left")
    which, place = expand(low, np.searchsorted(index, value, "right") - low)
    item = references.items(hit[which])
    shared, method_row = code.methods_of(item)
    row, item, target, value = hit[which[shared]], item[shared], target[place[shared]], value[which[shared]]
    return (
        target,
        np.full(len(row), number),
        dexes[number].class_data.methods.method[method_row],
        value,
        references.at[row] - code.bounds[item],
        references.opcode[row],
        item,
    )


def _joined(dexes: Sequence[Dex], found: Sequence[tuple[Table, ...]]) -> CallSites:
    if not found:
        found = [tuple(np.empty(0, np.intp) for _ in range(7))]
    columns = [np.concatenate(column) for column in zip(*found, strict=True)]
    types = (np.int32, np.int32, np.int32, np.int32, np.int32, np.uint8, np.int32)
    return CallSites(dexes, *(c.astype(t) for c, t in zip(columns, types, strict=True)))

"""The questions an audit asks of all dex files of an app, as joins over columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from appaudit.dex import opcodes
from appaudit.dex.dex import Dex
from appaudit.dex.hierarchy import Hierarchy
from appaudit.dex.layout import Index, Int32, Mask, Table, UInt8, expand
from appaudit.dex.names import Names
from appaudit.dex.opcodes import Reference
from appaudit.dex.parallel import decode
from appaudit.dex.tables import Members


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
    names: Names | None = None,
) -> CallSites:
    """Every instruction that calls a target method, or reads or writes a target field.

    All invoke kinds count, ``invoke-polymorphic`` too; ``hierarchy`` is built when not given. ``names``,
    where there are some, save looking for each name in each dex.
    """
    wanted = [t if isinstance(t, Target) else Target(*t) for t in targets]
    classes = hierarchy if hierarchy is not None else Hierarchy(dexes)
    asked: list[_Question] = []
    for kind, reference in (("method", Reference.METHOD), ("field", Reference.FIELD)):
        places = np.array([k for k, t in enumerate(wanted) if t.kind == kind], np.int32)
        if not len(places):
            continue
        chosen = [wanted[k] for k in places]
        sought = _Sought(classes, chosen)
        known = None if names is None else sought.among(names)
        for number, dex in enumerate(dexes):
            if names is None or known is None:
                name = sought.in_table(dex)[(dex.methods if kind == "method" else dex.fields).name]
            else:
                name = known[(names.methods if kind == "method" else names.fields)[number]]
            member, target = _members_of(dex, classes.type_numbers[number], name, sought)
            asked.append(_Question(number, reference, member, places[target]))
    return _answer(dexes, asked)


def string_sites(dexes: Sequence[Dex], texts: Iterable[str]) -> CallSites:
    """Every ``const-string`` that loads one of ``texts``; ``target`` is the place in ``texts``."""
    wanted = list(texts)
    asked = []
    for number, dex in enumerate(dexes):
        index = dex.strings.find_all(wanted)
        dex.release()  # of many files each is looked through for a few strings
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


class _Sought:
    """The targets of one kind, ready to be joined with the tables of each dex. A group is a distinct
    owner with the classes that inherit from it."""

    def __init__(self, classes: Hierarchy, targets: Sequence[Target]) -> None:
        self.kind = targets[0].kind
        owners: dict[str | None, int] = {}
        of_target = np.array([owners.setdefault(t.owner, len(owners)) for t in targets], np.int64)
        self.any_class = owners.get(None, -1)
        inside = [(classes.number[o], g) for o, g in owners.items() if o in classes.number]
        place, class_ = classes.descendants(number for number, _ in inside)
        order = np.argsort(class_, kind="stable")
        self.group = np.array([g for _, g in inside], np.int64)[place][order]
        """The groups that each class is in, class by class …"""
        self.count = np.bincount(class_, minlength=len(classes.names) + 1)
        """… so many of each …"""
        self.first = np.cumsum(self.count) - self.count
        """… from here on."""
        self.names = sorted({t.name for t in targets})
        number = {name: k for k, name in enumerate(self.names)}
        key = of_target * len(self.names) + np.array([number[t.name] for t in targets], np.int64)
        self.target = np.argsort(key, kind="stable")
        self.key = key[self.target]
        """Group and name of the targets, sorted; ``target`` is which."""
        self.signatures = [t.signature for t in targets]
        self.narrow = any(signature is not None for signature in self.signatures)

    def among(self, names: Names) -> Int32:
        """The place in ``names`` of each number, -1 behind the last."""
        return _places(names.find(self.names), len(names))

    def in_table(self, dex: Dex) -> Int32:
        """The place in ``names`` of each string of a dex, -1 behind the last."""
        return _places(dex.strings.find_all(self.names), len(dex.strings))


def _places(index: Int32, size: int) -> Int32:
    """For each number below ``size``, and one more, where it stands in ``index``; -1 where it does not."""
    places = np.full(size + 1, -1, np.int32)
    known = np.flatnonzero(index >= 0)
    places[index[known]] = known
    return places


def _members_of(dex: Dex, type_number: Int32, name: Int32, sought: _Sought) -> tuple[Int32, Int32]:
    """(member index, target) for each method or field id of one dex that a target means; ``type_number``:
    the class number of each type; ``name``: the sought name of each member, -1 for others."""
    members: Members = dex.methods if sought.kind == "method" else dex.fields
    if not len(members.owner):
        return np.empty(0, np.int32), np.empty(0, np.int32)
    # members of a wanted name, with the groups of their owner
    named = np.flatnonzero((name >= 0) & (members.owner >= 0))
    class_ = type_number[members.owner[named]]
    place, at = expand(sought.first[class_], sought.count[class_])
    member, group = named[place], sought.group[at]
    if sought.any_class >= 0:
        member = np.concatenate((member, named))
        group = np.concatenate((group, np.full(len(named), sought.any_class)))
    # join (group, name) with the targets
    key = group * len(sought.names) + name[member]
    low = np.searchsorted(sought.key, key, "left")
    which, place = expand(low, np.searchsorted(sought.key, key, "right") - low)
    found: Int32 = member[which].astype(np.int32)
    target: Int32 = sought.target[place].astype(np.int32)
    if not sought.narrow:
        return found, target
    # the few left are compared by signature
    signature = dex.proto_descriptor if sought.kind == "method" else dex.type_descriptor
    good = [
        sought.signatures[t] in (None, signature(int(members.type[m])))
        for m, t in zip(found.tolist(), target.tolist(), strict=True)
    ]
    keep = np.array(good, bool)
    return found[keep], target[keep]


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
    place, row = references.to(index)
    item = references.items(row)
    shared, method_row = code.methods_of(item)
    place, row, item = place[shared], row[shared], item[shared]
    return (
        target[place],
        np.full(len(row), number),
        dexes[number].class_data.methods.method[method_row],
        index[place],
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

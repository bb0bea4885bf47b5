"""Whether an SDK that is inside is used: who calls into it, and where it is initialised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from appaudit.dex import Target, call_sites
from appaudit.dex.dex import Dex
from appaudit.dex.layout import Index
from appaudit.dex.opcodes import Reference
from appaudit.knowledge import sdks
from appaudit.records import CallSite
from appaudit.static.attribution import descriptor
from appaudit.static.sample import Sample

MAX_SITES = 10
"""Initialising calls that are kept of one SDK."""


@dataclass(slots=True)
class Use:
    """``callers``: actor (``app``, ``sdk:<id>``, ``unknown``) → calls into the SDK; ``init``: calls that
    start it, from outside of it."""

    callers: dict[str, int] = field(default_factory=dict)
    init: list[CallSite] = field(default_factory=list)


def uses(sample: Sample, present: Iterable[str]) -> dict[str, Use]:
    """The use of each SDK that is present: every call of a method of its classes from other code."""
    wanted = sorted(present)
    found = {sdk: Use() for sdk in wanted}
    _count(sample, wanted, found)
    _initialised(sample, wanted, found)
    return found


def _count(sample: Sample, wanted: list[str], found: dict[str, Use]) -> None:
    numbers: dict[str, int] = {f"sdk:{sdk}": k for k, sdk in enumerate(wanted)}
    of_class = np.fromiter(
        (
            numbers.setdefault(sample.actors.of(d), len(numbers)) if d[:1] == "L" else -1
            for d in sample.hierarchy.names
        ),
        np.int64,
        len(sample.hierarchy.names),
    )
    calls = np.zeros(len(numbers) * len(wanted), np.int64)
    for dex, class_of_type in zip(sample.dexes, sample.hierarchy.type_numbers, strict=True):
        callee, caller = _calls(dex)
        of_type = of_class[class_of_type]
        into, by = of_type[callee], of_type[caller]
        crossing = (into >= 0) & (into < len(wanted)) & (by >= 0) & (into != by)
        calls += np.bincount(by[crossing] * len(wanted) + into[crossing], minlength=len(calls))
    names = list(numbers)
    for place in np.flatnonzero(calls).tolist():
        actor, sdk = divmod(place, len(wanted))
        found[wanted[sdk]].callers[names[actor]] = int(calls[place])


def _calls(dex: Dex) -> tuple[Index, Index]:
    """(type index of the class called, of the class calling) for every call in a dex."""
    references = dex.code.references(Reference.METHOD)
    inside = references.operand < len(dex.methods.owner)
    row, operand = references.row[inside], references.operand[inside]
    place, method_row = dex.code.methods_of(dex.code.item[row])
    callee = dex.methods.owner[operand[place]].astype(np.intp)
    caller = dex.methods.owner[dex.class_data.methods.method[method_row]].astype(np.intp)
    known = (callee >= 0) & (caller >= 0)
    return callee[known], caller[known]


def _initialised(sample: Sample, wanted: list[str], found: dict[str, Use]) -> None:
    entries = [
        (sdk, entry.partition("#")) for sdk in wanted for entry in sdks.index().sdks[sdk].init if "#" in entry
    ]
    targets = [Target(descriptor(owner), name) for _, (owner, _, name) in entries]
    if not targets:
        return
    sites = call_sites(sample.dexes, targets, sample.hierarchy)
    for k in range(len(sites)):
        sdk = entries[int(sites.target[k])][0]
        inside = sites.caller_class(k)
        if len(found[sdk].init) < MAX_SITES and sdks.owner(inside) != sdk:
            found[sdk].init.append(sample.record(sites, k))

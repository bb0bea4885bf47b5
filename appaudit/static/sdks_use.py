"""Whether an SDK that is inside is used: who calls into it, and where it is initialised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from appaudit.dex import Target
from appaudit.dex.dex import Dex
from appaudit.dex.layout import Int32, by_index
from appaudit.dex.opcodes import Reference
from appaudit.knowledge import sdks
from appaudit.records import CallSite
from appaudit.static.attribution import descriptor
from appaudit.static.sample import Sample

MAX_SITES = 10
"""Initialising calls that are kept of one SDK."""
MAX_CALLERS = 20
"""Callers of one SDK that are named."""


@dataclass(slots=True)
class Use:
    """``callers``: actor (``app``, ``sdk:<id>``, ``unknown``) → calls into the SDK; ``init``: calls that
    start it, from outside of it."""

    callers: dict[str, int] = field(default_factory=dict)
    init: list[CallSite] = field(default_factory=list)

    def attributes(self) -> list[tuple[str, str]]:
        """``used_by``, who calls the SDK, most calls first (``none``: nobody), and ``calls``, how often."""
        callers = sorted(self.callers, key=lambda c: (-self.callers[c], c))
        return [
            ("used_by", " ".join(callers[:MAX_CALLERS]) or "none"),
            ("calls", str(sum(self.callers.values()))),
        ]


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
        (numbers.setdefault(actor, len(numbers)) if actor else -1 for actor in sample.actor_of_class),
        np.int32,
        len(sample.hierarchy.names),
    )
    calls = np.zeros(len(numbers) * len(wanted), np.int64)
    for dex, class_of_type in zip(sample.dexes, sample.hierarchy.type_numbers, strict=True):
        actor_of_type = np.append(of_class[class_of_type], np.int32(-1))  # the last for corrupt methods
        into, by = _calls(dex, actor_of_type[dex.methods.owner], len(wanted))
        calls += np.bincount(by * len(wanted) + into, minlength=len(calls))
    names = list(numbers)
    for place in np.flatnonzero(calls).tolist():
        actor, sdk = divmod(place, len(wanted))
        found[wanted[sdk]].callers[names[actor]] = int(calls[place])


def _calls(dex: Dex, actor_of_method: Int32, limit: int) -> tuple[Int32, Int32]:
    """(number of the actor called, of the actor calling) for every call in a dex of an actor below
    ``limit`` from another one."""
    references = dex.code.references(Reference.METHOD)
    row, method_row = dex.code.methods_naming(references)
    into = by_index(actor_of_method, -1)[references.operand][row]
    by = actor_of_method[dex.class_data.methods.method][method_row]
    crossing = (into >= 0) & (into < limit) & (by >= 0) & (into != by)
    return into[crossing], by[crossing]


def _initialised(sample: Sample, wanted: list[str], found: dict[str, Use]) -> None:
    entries = [
        (sdk, entry.partition("#")) for sdk in wanted for entry in sdks.index().sdks[sdk].init if "#" in entry
    ]
    targets = [Target(descriptor(owner), name) for _, (owner, _, name) in entries]
    if not targets:
        return
    sites = sample.calls_of(targets)
    for k in range(len(sites)):
        sdk = entries[int(sites.target[k])][0]
        inside = sites.caller_class(k)
        if len(found[sdk].init) < MAX_SITES and sdks.owner(inside) != sdk:
            found[sdk].init.append(sample.record(sites, k))

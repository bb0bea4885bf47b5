"""Calls inside support libraries belong to the code that calls the library.

A library wraps the framework: that `TelephonyManagerCompat` can read the IMEI says nothing of an app
that never calls it. A site in a library class is taken to be the act of the code outside all
libraries that calls a method of that same class (or of a class nested with it) from which the site
is reached inside the class; with no such code it is nobody's.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from appaudit.dex import CallSites, MethodNumbers
from appaudit.dex.layout import Mask, by_index, distinct, firsts, numbered
from appaudit.dex.opcodes import Reference
from appaudit.knowledge import sdks
from appaudit.knowledge.load import toml
from appaudit.static.attribution import Actors

Key = npt.NDArray[np.int64]


@cache
def _prefixes() -> tuple[str, ...]:
    return tuple(toml("libraries.toml")["prefixes"])


@cache
def is_library(package: str) -> bool:
    """Whether classes of a package (descriptor up to its last slash) serve their callers."""
    if package.startswith(_prefixes()):
        return True
    sdk = sdks.owner(package + "X;")
    return sdk is not None and sdks.index().sdks[sdk].category in toml("libraries.toml")["categories"]


def in_library(class_descriptor: str) -> bool:
    """Whether a class belongs to a support library."""
    return is_library(class_descriptor[: class_descriptor.rfind("/") + 1])


def top_level(class_descriptor: str) -> str:
    """The outermost class that a class is nested in, without the closing semicolon."""
    return class_descriptor.rstrip(";").partition("$")[0]


class Callers:
    """Who outside of libraries stands behind methods of library classes."""

    def __init__(self, numbers: MethodNumbers, actors: Actors, sites: CallSites) -> None:
        """``sites``: all that were found; the library classes among their callers are looked into."""
        self._numbers = numbers
        self._actors = actors
        self._names: list[str] = []
        owners = {sites.caller_class(k) for k in _one_a_method(sites)}
        homes = {top_level(name) for name in owners if in_library(name)}
        inside = np.array([top_level(name) in homes for name in numbers.hierarchy.names], bool)
        calls = [self._calls(number, inside) for number in range(len(numbers.keys))] if homes else []
        callee, caller, owner = (
            np.concatenate([np.empty(0, np.int64), *(c[k] for c in calls)]) for k in range(3)
        )
        order = np.argsort(callee, kind="stable")
        self._callee, self._caller, self._owner = callee[order], caller[order], owner[order]
        self._behind: dict[int, tuple[tuple[str, str], ...]] = {}

    def _calls(self, number: int, classes: Mask) -> tuple[Key, Key, Key]:
        """Every call of a method of some classes in one dex: key of the method called, of the caller,
        place of the caller's class in ``_names``."""
        hierarchy, keys = self._numbers.hierarchy, self._numbers.keys[number]
        dex, class_of_type = hierarchy.dexes[number], hierarchy.type_numbers[number]
        inside = np.append(classes[class_of_type], False)[dex.methods.owner]
        references = dex.code.references(Reference.METHOD)
        hit = np.flatnonzero(by_index(inside, 0)[references.operand])
        place, method_row = dex.code.methods_of(references.item[hit])
        caller = dex.class_data.methods.method[method_row]
        pairs = distinct(caller.astype(np.int64) << 32 | references.operand[hit[place]])
        caller, callee = pairs >> 32, pairs & 0xFFFFFFFF
        types, at = numbered(dex.methods.owner[caller])
        base = len(self._names)
        self._names += [dex.type_descriptor(t) if t >= 0 else "" for t in types.tolist()]
        return keys[callee], keys[caller], at + base

    def behind(self, dex: int, method: int) -> tuple[tuple[str, str], ...]:
        """(actor, package of an unknown one) of the code behind a library's method, given by its index
        in a dex; empty for none."""
        key = int(self._numbers.keys[dex][method])
        found = self._behind.get(key)
        if found is None:
            home = top_level(self._numbers.hierarchy.dexes[dex].method_name(method)[0])
            found = self._behind[key] = tuple(sorted(self._search(key, home)))
        return found

    def _search(self, key: int, home: str) -> set[tuple[str, str]]:
        seen, frontier = {key}, [key]
        actors: set[tuple[str, str]] = set()
        while frontier:
            following = []
            for method in frontier:
                low, high = np.searchsorted(self._callee, (method, method + 1)).tolist()
                for caller, place in zip(
                    self._caller[low:high].tolist(), self._owner[low:high].tolist(), strict=True
                ):
                    owner = self._names[place]
                    if top_level(owner) == home:
                        if caller not in seen:
                            seen.add(caller)
                            following.append(caller)
                    elif not in_library(owner):
                        actors.add(self._actors.of_package(owner))
            frontier = following
        return actors


def _one_a_method(sites: CallSites) -> list[int]:
    """One site for each method that calls."""
    key = sites.dex.astype(np.int64) << 32 | sites.caller
    return list(firsts(key)[1].tolist())

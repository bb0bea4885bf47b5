"""Calls inside support libraries belong to the code that calls the library.

A library wraps the framework: that `TelephonyManagerCompat` can read the IMEI says nothing of an app
that never calls it. A site in a library class is taken to be the act of the code outside all
libraries that calls a method of that same class (or of a class nested with it) from which the site
is reached inside the class; with no such code it is nobody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

import numpy as np

from appaudit.dex import CallSites
from appaudit.dex.opcodes import Reference
from appaudit.knowledge import sdks
from appaudit.knowledge.load import toml
from appaudit.static.attribution import Actors

MAX_STEPS = 64


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

    def __init__(self, actors: Actors, sites: CallSites) -> None:
        """``sites``: all that were found; the library classes among their callers are looked into."""
        self._actors = actors
        owners = {sites.caller_class(k) for k in _distinct_callers(sites)}
        self._classes = {top_level(name) for name in owners if in_library(name)}
        self._called_by: dict[str, set[str]] = {}
        if self._classes:
            for number in range(len(sites.dexes)):
                self._collect(sites, number)
        self._behind: dict[str, tuple[tuple[str, str], ...]] = {}

    def _collect(self, sites: CallSites, number: int) -> None:
        dex = sites.dexes[number]
        chosen = np.array([top_level(name) in self._classes for name in dex.descriptors], bool)
        references = dex.code.references(Reference.METHOD)
        owner = dex.methods.owner
        inside = references.operand < len(owner)
        row, operand = references.row[inside], references.operand[inside]
        hit = (owner[operand] >= 0) & chosen[owner[operand]] if len(chosen) else np.zeros(len(row), bool)
        row, operand = row[hit], operand[hit]
        place, method_row = dex.code.methods_of(dex.code.item[row])
        caller = dex.class_data.methods.method[method_row].astype(np.int64)
        pairs = np.unique(caller << 32 | operand[place])
        names: dict[int, str] = {}
        for pair in pairs.tolist():
            for index in (pair >> 32, pair & 0xFFFFFFFF):
                if index not in names:
                    names[index] = dex.method_descriptor(index)
            self._called_by.setdefault(names[pair & 0xFFFFFFFF], set()).add(names[pair >> 32])

    def behind(self, method: str) -> tuple[tuple[str, str], ...]:
        """(actor, package of an unknown one) of the code behind a library's method; empty for none."""
        found = self._behind.get(method)
        if found is None:
            found = self._behind[method] = tuple(sorted(self._search(method)))
        return found

    def _search(self, method: str) -> Iterable[tuple[str, str]]:
        home = top_level(method.partition("->")[0])
        seen, frontier = {method}, [method]
        actors: set[tuple[str, str]] = set()
        for _ in range(MAX_STEPS):
            callers = {c for m in frontier for c in self._called_by.get(m, ())} - seen
            seen |= callers
            frontier = []
            for caller in callers:
                owner = caller.partition("->")[0]
                if top_level(owner) == home:
                    frontier.append(caller)
                elif not in_library(owner):
                    actors.add(self._actors.of_package(owner))
            if not frontier:
                break
        return actors


def _distinct_callers(sites: CallSites) -> list[int]:
    """One site for each class that calls."""
    found: Mapping[tuple[int, int], int] = {
        (int(d), int(c)): k for k, (d, c) in enumerate(zip(sites.dex, sites.caller, strict=True))
    }
    return list(found.values())

"""Whose act a call is that stands in code of nobody we know: the nearest known code on the way to it.

A library wraps the framework: that `TelephonyManagerCompat` can read the IMEI says nothing of an app
that never calls it. A site in a library class is taken to be the act of the code outside all
libraries that calls the method, through other methods of libraries where need be; with no such code
it is nobody's. In toolkits, whose classes all use one another, only what calls that very class counts.
A site in a package of nobody we know is the act of the SDKs that call it, where some
do, through other such packages where need be; what only the app calls stays unknown.

Calls are followed upwards by the method they name; dispatch to overriding methods is not followed,
which would make everybody a caller. A method that nobody names, of an object that somebody makes, is
taken to be called by who makes the object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache

import numpy as np

from appaudit.dex import CallSites, MethodNumbers
from appaudit.dex.layout import Key, distinct, expand, firsts, numbered, without
from appaudit.dex.numbers import NAME_BITS, PROTO_BITS, SIGNATURE_BITS
from appaudit.dex.opcodes import Reference
from appaudit.knowledge import sdks
from appaudit.knowledge.load import toml
from appaudit.static.attribution import APP, UNKNOWN, Actors


@cache
def _prefixes() -> tuple[str, ...]:
    return tuple(toml("libraries.toml")["prefixes"])


@cache
def _toolkits() -> tuple[str, ...]:
    return tuple(toml("libraries.toml")["toolkits"])


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


MAX_LEVELS = 12
"""Calls that are followed upwards from a site."""
MAX_METHODS = 20_000
"""Methods looked at for one app; what lies beyond is as if nobody called it."""


def top_level(class_descriptor: str) -> str:
    """The outermost class that a class is nested in, without the closing semicolon."""
    return class_descriptor.rstrip(";").partition("$")[0]


def family(class_descriptor: str) -> str:
    """The toolkit that a class is part of; empty for other classes."""
    if not class_descriptor.startswith(_toolkits()):
        return ""
    return "/".join(class_descriptor.split("/")[:2])


class Callers:
    """Who stands behind methods of library classes and of packages of nobody we know."""

    def __init__(self, numbers: MethodNumbers, actors: Actors, sites: CallSites) -> None:
        """``sites``: all that were found; the methods among their callers are looked into."""
        self._numbers = numbers
        self._actors = actors
        self._behind: dict[int, tuple[tuple[str, str], ...]] = {}
        self._actor_of_class: dict[int, str] = {}
        first = np.array(one_a_method(sites), np.intp)
        places = zip(sites.dex[first].tolist(), sites.caller[first].tolist(), strict=True)
        self._methods = distinct(np.array([numbers.key_of(*place) for place in places], np.int64))
        """Every method that was come by."""
        self._callee = self._caller = np.empty(0, np.int64)
        """Who calls what, sorted by what is called."""
        frontier = self._open(self._methods)
        for _ in range(MAX_LEVELS):
            if not len(frontier) or len(self._methods) > MAX_METHODS:
                break
            frontier = self._level(frontier)

    def _known(self, key: int) -> str:
        """The actor of a method; empty for libraries and packages of nobody we know."""
        actor = self._actor_of_class.get(key >> SIGNATURE_BITS)
        if actor is None:
            owner = self._numbers.owner(key)
            actor = "" if in_library(owner) else self._actors.of(owner)
            actor = self._actor_of_class[key >> SIGNATURE_BITS] = "" if actor == UNKNOWN else actor
        return actor

    def _open(self, keys: Key) -> Key:
        """Those methods whose callers matter as well."""
        classes, at = numbered(keys >> SIGNATURE_BITS)
        known = [bool(self._known(class_ << SIGNATURE_BITS)) for class_ in classes.tolist()]
        left: Key = keys[~np.array(known, bool)[at]]
        return left

    def _level(self, frontier: Key) -> Key:
        """Finds the callers of these methods; returns those of them whose callers matter as well."""
        callee, caller = self._calls(frontier, 0)
        init = self._numbers.names.number("<init>")
        uncalled = without(frontier, distinct(callee))
        uncalled = uncalled[[not in_library(self._numbers.owner(key)) for key in uncalled.tolist()]]
        if len(uncalled) and init >= 0:
            constructors = (uncalled >> SIGNATURE_BITS) << NAME_BITS | init
            made, maker = self._calls(distinct(constructors), PROTO_BITS)
            other = maker >> SIGNATURE_BITS != made >> NAME_BITS
            made, maker = made[other], maker[other]
            low = np.searchsorted(constructors, made)
            which, at = expand(low, np.searchsorted(constructors, made, "right") - low)
            callee, caller = np.concatenate((callee, uncalled[at])), np.concatenate((caller, maker[which]))
        fresh = distinct(caller)
        callee, caller = np.concatenate((self._callee, callee)), np.concatenate((self._caller, caller))
        following = without(fresh, distinct(np.concatenate((callee, frontier))))
        order = np.argsort(callee, kind="stable")
        self._callee, self._caller = callee[order], caller[order]
        return self._open(following)

    def _calls(self, sought: Key, shift: int) -> tuple[Key, Key]:
        """(key of the method called without its lowest ``shift`` bits, key of the caller) of every call of
        these methods, which are sorted."""
        hierarchy, (keys, nodes) = self._numbers.hierarchy, self._numbers.nodes
        low = np.searchsorted(keys, sought << shift)
        is_sought = np.zeros(len(keys), bool)
        is_sought[expand(low, np.searchsorted(keys, sought + 1 << shift) - low)[1]] = True
        callee, caller = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for dex, node in zip(hierarchy.dexes, nodes, strict=True):
            called = np.flatnonzero(is_sought[node])
            if not len(called):
                continue
            references = dex.code.references(Reference.METHOD)
            of, row = references.to(called)
            place, method_row = dex.code.methods_of(references.items(row))
            by = dex.class_data.methods.method[method_row]
            pairs = distinct(by.astype(np.int64) << 32 | called[of[place]])
            callee.append(keys[node[pairs & 0xFFFFFFFF]] >> shift)
            caller.append(keys[node[pairs >> 32]])
        found = np.concatenate(caller)
        self._methods = distinct(np.concatenate((self._methods, found)))
        return np.concatenate(callee), found

    def behind(self, dex: int, method: int) -> tuple[tuple[str, str], ...]:
        """(actor, package of an unknown one) of the code behind a method, given by its index in a dex; empty
        for a library's that nobody calls."""
        key = self._numbers.key_of(dex, method)
        found = self._behind.get(key)
        if found is None:
            if in_library(self._numbers.owner(key)):
                found = tuple(sorted(self._of_library(key)))
            else:
                found = tuple(sorted(self._of_unknown([key])))
            self._behind[key] = found
        return found

    def _of_library(self, key: int) -> set[tuple[str, str]]:
        """The nearest code outside of libraries."""
        found: set[tuple[str, str]] = set()
        unknown: dict[str, list[int]] = {}
        for caller in self._above([key], self._inside_libraries):
            owner = self._numbers.owner(caller)
            actor, package = self._actors.of_package(owner)
            if actor == UNKNOWN:
                unknown.setdefault(package, []).append(caller)
            else:
                found.add((actor, package))
        for methods in unknown.values():
            found |= self._of_unknown(methods)
        return found

    def _of_unknown(self, keys: list[int]) -> set[tuple[str, str]]:
        """The SDKs nearest above methods of a package of nobody we know; that package where there are
        none, or where the app calls it too."""
        above = {self._known(key) for key in self._above(keys, self._inside_unknown)} - {""}
        package = self._actors.of_package(self._numbers.owner(keys[0]))
        sdks_above = {(actor, "") for actor in above if actor != APP}
        return sdks_above | {package} if not sdks_above or APP in above else sdks_above

    def _inside_libraries(self, below: str, owner: str) -> bool | None:
        if not in_library(owner):
            return False
        near = top_level(below) == top_level(owner) or family(below) != family(owner) or not family(below)
        return True if near else None

    def _inside_unknown(self, below: str, owner: str) -> bool | None:
        return in_library(owner) or self._actors.of(owner) == UNKNOWN

    def _above(self, keys: Iterable[int], passes: Callable[[str, str], bool | None]) -> Iterator[int]:
        """The nearest methods above some. ``passes`` is asked for the classes of a method and its caller:
        True where the way leads on through the caller, None where it ends there without being told."""
        frontier = list(keys)
        seen = set(frontier)
        while frontier:
            following = []
            for key in frontier:
                low, high = np.searchsorted(self._callee, (key, key + 1)).tolist()
                for caller in self._caller[low:high].tolist():
                    if caller in seen:
                        continue
                    seen.add(caller)
                    through = passes(self._numbers.owner(key), self._numbers.owner(caller))
                    if through:
                        following.append(caller)
                    elif through is False:
                        yield caller
            frontier = following


def one_a_method(sites: CallSites) -> list[int]:
    """One site for each method that calls."""
    return list(firsts(sites.dex.astype(np.int64) << 32 | sites.caller)[1].tolist())

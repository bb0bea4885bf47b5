"""The app under scan, opened once for all producers: its files, its code, who owns which class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import Literal

import numpy as np

from appaudit.apk import AppFile
from appaudit.dex import (
    Annotated,
    Callback,
    CallGraph,
    CallSites,
    ConstantTracer,
    Dex,
    DexError,
    Hierarchy,
    MethodNumbers,
    Target,
    call_sites,
    read_all,
    read_dexes,
)
from appaudit.dex.layout import Mask, distinct, numbered
from appaudit.dex.spill import Spill, trim
from appaudit.knowledge.apis import Api, catalogue
from appaudit.knowledge.load import toml
from appaudit.knowledge.permissions import required
from appaudit.records import CallSite, Gap
from appaudit.static import reflection
from appaudit.static.attribution import UNKNOWN, Actors, actors_of, descriptor
from appaudit.static.library import Callers, in_library


@cache
def supertypes() -> Mapping[str, tuple[str, ...]]:
    """What framework classes inherit from, as descriptors."""
    rows = toml("edges.toml")["supertypes"]
    return {descriptor(name): tuple(descriptor(s) for s in above) for name, above in rows.items()}


@cache
def callbacks(when: Literal["soon", "later"]) -> tuple[Callback | Annotated, ...]:
    """What runs for whoever makes an object: soon, or later, when the user or a page does something."""
    rows, names = toml("edges.toml")["callbacks"][when], toml("edges.toml")["annotations"][when]
    named = [Callback(descriptor(owner), name) for owner, methods in rows.items() for name in methods]
    return (*named, *(Annotated(descriptor(name)) for name in names))


@cache
def network_calls() -> tuple[tuple[str, str], ...]:
    """(class name, member) of every call that hands data to the network."""
    return tuple((owner, name) for owner, names in toml("network_calls.toml").items() for name in names)


@cache
def starting_calls(table: Literal["names", "wakes"]) -> tuple[tuple[str, str], ...]:
    """(class name, member) of every call that names another app, or that wakes what was named."""
    rows = toml("starts.toml")[table]
    return tuple((owner, name) for owner, names in rows.items() for name in names)


class Sample:
    """What every producer of static facts works on.

    ``members``: of the catalogue and of the permission map that were looked for; ``sites``: all call
    sites of them, found in one pass. Reading the dex files fills ``gaps``; ``reached`` is filled with
    the data types that the code reaches, for producers that run later.
    """

    def __init__(self, app: AppFile) -> None:
        self.app = app
        self.manifest = app.manifest
        self.actors: Actors = actors_of(app.manifest)
        self.gaps: list[Gap] = []
        self.reached: set[str] = set()
        self._spill = Spill()
        try:
            self.dexes: list[Dex] = read_all(self._read())
        finally:
            self._spill.close()
        self.hierarchy = Hierarchy(self.dexes, supertypes())
        self.tracer = ConstantTracer(self.dexes, self.hierarchy)
        self.release()
        self._actors: dict[tuple[int, int], tuple[tuple[str, str], ...]] = {}

    def _read(self) -> Iterator[Dex]:
        for member, data in self.app.kept_dexes(self._spill.keep):
            try:
                yield from read_dexes(data, member)
            except DexError as error:
                reason = f"No dex can be read: {str(error).removesuffix('.')}."
                self.gaps.append(Gap("static", "unreadable_dex", member, reason))

    def release(self) -> None:
        """Gives back the memory that mapped dex files take; they are read again where needed."""
        if self._spill.used:
            for dex in self.dexes:
                dex.release()
            trim()

    # --------------------------------------------------------------------------- calls

    @cached_property
    def _members(self) -> Mapping[tuple[str, str], int]:
        """(class name, member) → place among the targets."""
        places: dict[tuple[str, str], int] = {}
        for api in catalogue():
            if not api.native and api.role != "callback":
                places.setdefault((api.class_name, api.member), len(places))
        for key in required():
            places.setdefault(key, len(places))
        for class_name, methods in toml("permissions_uses.toml")["methods"].items():
            for member in methods:
                places.setdefault((class_name, member), len(places))
        for key in (*network_calls(), *starting_calls("names"), *starting_calls("wakes")):
            places.setdefault(key, len(places))
        return places

    @cached_property
    def sites(self) -> CallSites:
        """Every call of a member of the catalogue or of the permission map."""
        fields = {(a.class_name, a.member) for a in catalogue() if a.is_field}
        targets = [
            Target(descriptor(owner), name, None, "field" if (owner, name) in fields else "method")
            for owner, name in self._members
        ]
        found = self.calls_of(targets)
        self.release()
        found = found.where(self._specific(found, targets))
        return found.where(np.argsort(found.target, kind="stable"))

    def calls_of(self, targets: Sequence[Target]) -> CallSites:
        """The call sites of some members, also through classes of the app."""
        names = self.numbers.names if self.numbers else None
        return call_sites(self.dexes, targets, self.hierarchy, names)

    def _specific(self, found: CallSites, targets: list[Target]) -> Mask:
        """Leaves out what a class inherits where it has a row of its own, and constructors of subclasses,
        which are not inherited."""
        key = found.dex.astype(np.int64) << 48 | found.callee.astype(np.int64) << 16
        key |= found.target.astype(np.int64)
        keys, at = numbered(key)
        keep = np.ones(len(keys), bool)
        by_member: dict[tuple[int, int, str], list[int]] = {}
        for k, value in enumerate(keys.tolist()):
            target = targets[value & 0xFFFF]
            by_member.setdefault((value >> 48, value >> 16 & 0xFFFFFFFF, target.kind), []).append(k)
        for (number, callee, kind), places in by_member.items():
            dex = self.dexes[number]
            owner = (dex.methods if kind == "method" else dex.fields).owner[callee]
            name = dex.type_descriptor(int(owner))
            exact = [k for k in places if targets[int(keys[k]) & 0xFFFF].owner == name]
            for k in places:
                constructor = targets[int(keys[k]) & 0xFFFF].name == "<init>"
                if k not in exact and (exact or constructor):
                    keep[k] = False
        return keep[at]

    def sites_of(self, class_name: str, member: str) -> CallSites:
        """The call sites of one member."""
        place = self._members[class_name, member] if (class_name, member) in self.called else -1
        low, high = np.searchsorted(self.sites.target, (place, place + 1))
        return self.sites.where(slice(int(low), int(high)))

    @cached_property
    def called(self) -> frozenset[tuple[str, str]]:
        """The members, as (class name, member), that are called at all."""
        members = list(self._members)
        return frozenset(members[k] for k in distinct(self.sites.target).tolist())

    def found(self, rows: Iterable[Api]) -> Iterable[tuple[Api, CallSites]]:
        """The rows that are called at all, with their call sites."""
        for api in rows:
            if (api.class_name, api.member) in self.called and not api.native:
                yield api, self.sites_of(api.class_name, api.member)

    @cached_property
    def callers(self) -> Callers | None:
        """Who stands behind calls inside support libraries; None where the methods have no numbers."""
        return Callers(self.numbers, self.actors, self.sites) if self.numbers else None

    @cached_property
    def numbers(self) -> MethodNumbers | None:
        """The methods of all dex files under common numbers; None, and a Gap, where they are too many."""
        self.release()
        try:
            return MethodNumbers(self.hierarchy)
        except DexError as error:
            reason = f"Calls were not followed from method to method: {error}"
            self.gaps.append(Gap("static", "no_call_graph", self.app.app.file, reason))
            return None

    @cached_property
    def graph(self) -> CallGraph | None:
        """Who can call whom: threads and other callbacks that run soon, reflection with constant names, and
        aside what waits for the user; None where the methods have no numbers."""
        if self.numbers is None:
            return None
        named = reflection.edges(self.dexes, self.numbers, self.tracer)
        return CallGraph(self.dexes, callbacks("soon"), named, numbers=self.numbers, later=callbacks("later"))

    def actors_of(self, sites: CallSites, k: int) -> tuple[tuple[str, str], ...]:
        """(actor, package of an unknown one) of everyone whose act a site is: whose code it stands in,
        or who calls the library or the code of nobody we know that it stands in. Empty for library code
        nobody calls."""
        number, caller = int(sites.dex[k]), int(sites.caller[k])
        owner = int(self.dexes[number].methods.owner[caller])
        found = self._actors.get((number, owner))
        if found is None:
            name = sites.caller_class(k)
            owner_of = self.actors.of_package(name)
            # A library's prefix can be that of its maker, and so of the maker's own apps.
            found = () if in_library(name) and owner_of[0] != "app" else (owner_of,)
            if found and found[0][0] == UNKNOWN and self.callers is not None:
                found = ()
            self._actors[number, owner] = found
        if found:
            return found
        if self.callers is None:
            return (self.actors.of_package(sites.caller_class(k)),)
        return self.callers.behind(number, caller)

    def library(self, sites: CallSites, k: int) -> str:
        """The package of the support library that a site stands in; empty outside of libraries."""
        name = sites.caller_class(k)
        return ".".join(name[1:].split("/")[:2]) if in_library(name) else ""

    def actor(self, sites: CallSites, k: int) -> tuple[str, str]:
        """Actor, and package of an unknown one, of the code that a site stands in."""
        return self.actors.of_package(sites.caller_class(k))

    def record(self, sites: CallSites, k: int) -> CallSite:
        """One site as evidence, without its arguments."""
        member = self.dexes[int(sites.dex[k])].member
        return CallSite(member, sites.caller_descriptor(k), sites.callee_descriptor(k), int(sites.offset[k]))

    # -------------------------------------------------------------------------- classes

    @cached_property
    def actor_of_class(self) -> list[str]:
        """The actor of each class of the hierarchy, by number; empty for arrays and the like."""
        return list(self.actors.of_all(self.hierarchy.names))

    @cached_property
    def defined(self) -> Mapping[str, str]:
        """Descriptor of every class defined → the member it stands in."""
        found: dict[str, str] = {}
        for dex in self.dexes:
            for name in dex.class_names():
                found.setdefault(name, dex.member)
        return found

    def problems(self) -> list[Gap]:
        """What was corrupt in the dex files; asked for last, since tables are read when needed."""
        return [
            Gap("static", "corrupt_dex", dex.member, f"A part of the dex is corrupt: {text}.")
            for dex in self.dexes
            for text in dict.fromkeys(dex.problems)
        ]


def joined(dexes: Sequence[Dex], parts: Sequence[CallSites]) -> CallSites:
    """Several lists of sites end to end."""
    names = ("target", "dex", "caller", "callee", "offset", "opcode", "item")
    return CallSites(dexes, *(np.concatenate([getattr(p, name) for p in parts]) for name in names))


def items(sites: CallSites) -> set[tuple[int, int]]:
    """(dex, code item) of each site: which methods they stand in."""
    return set(zip(sites.dex.tolist(), sites.item.tolist(), strict=True))


def in_methods(sites: CallSites, methods: set[tuple[int, int]]) -> CallSites:
    """The sites that stand in one of these methods."""
    pairs: Sequence[tuple[int, int]] = list(zip(sites.dex.tolist(), sites.item.tolist(), strict=True))
    return sites.where(np.array([k for k, pair in enumerate(pairs) if pair in methods], np.intp))

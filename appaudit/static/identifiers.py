"""Which personal data the code reaches: call sites of the API catalogue, and strings that tell."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

import numpy as np

from appaudit.dex import CallSites
from appaudit.dex.blocks import parameter_types
from appaudit.knowledge.apis import Api, Word, by_id, catalogue, word_tables
from appaudit.knowledge.naming import SYSTEM_PACKAGES
from appaudit.records import CallSite, ClassDefinition, Fact, Gap, StringConstant
from appaudit.static import levels, wrappers
from appaudit.static.attribution import UNKNOWN
from appaudit.static.bodies import overrides
from appaudit.static.facts import Drafts, Key
from appaudit.static.library import in_library
from appaudit.static.sample import Sample, in_methods, joined
from appaudit.static.words import WordSites

CLASS, TEXT = "Ljava/lang/Class;", "Ljava/lang/String;"
PACKAGE_TABLE = "package"
PACKAGE = re.compile(r"[a-zA-Z]\w*(\.\w+){1,7}")
"""Packages that are on every phone: asking for one is no look at what the user installed."""
MAX_TEXT = 500
SMALL = 64
"""So few call sites are traced whether or not a telling string stands near."""
MAX_TRACED = 4000
"""Call sites of one member whose arguments are traced; what lies beyond becomes a Gap."""


def produce(sample: Sample) -> tuple[list[Fact], list[Gap]]:
    """``accesses data:<id>``: one fact an actor, data type and API (or kind of telling string)."""
    finder = _Finder(sample)
    for api, sites in sample.found(_rows()):
        finder.calls(api, sites)
    sample.release()
    finder.arguments()
    sample.release()
    finder.callbacks()
    finder.strings()
    facts = finder.drafts.facts()
    sample.reached |= {fact.subject.removeprefix("data:") for fact in facts}
    return facts, finder.gaps


@cache
def _rows() -> tuple[Api, ...]:
    return tuple(a for a in catalogue() if not a.native and a.access and (a.data or a.args))


class _Meaning(NamedTuple):
    """What a call reaches: data type, the word that says so, and what else the word tells."""

    data: str
    word: str = ""
    vendor: str = ""
    role: str = ""
    basis: str = ""


class _Open(NamedTuple):
    """A call with an argument that is not constant; ``passed``: see `appaudit.dex.constants.Trace`."""

    api: Api
    sites: CallSites
    place: int
    call: CallSite
    passed: tuple[int | None, ...]


class _Finder:
    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self.drafts = Drafts()
        self.gaps: list[Gap] = []
        hidden = (api.class_name for api in _hidden().values())
        self._words = WordSites(sample, (*(api.near for api in _rows() if api.near), *hidden))
        self._explained: dict[tuple[int, int], set[str]] = {}
        self._traced_later: list[tuple[Api, CallSites]] = []
        self._levels = cache(lambda api: levels.attributes(by_id()[api], sample.manifest))

    # ---------------------------------------------------------------------------- calls

    def calls(self, api: Api, sites: CallSites) -> None:
        """Turns the call sites of one row into evidence."""
        if api.near:
            sites = in_methods(sites, self._words.methods_with(api.near))
        if not api.args:
            self._direct(api, sites)
            return
        if not api.data and all(position < 0 for position in api.args):
            return  # what it is called on is not followed
        tables = [word_tables()[t] for t in api.args.values() if t in word_tables()]
        probes_packages = PACKAGE_TABLE in api.args.values()
        if len(sites) > SMALL and not api.data and not probes_packages:
            methods = self._words.methods_of(tables)
            if api.kind == "reflection":
                methods = methods.union(*(self._words.methods_with(a.class_name) for a in _hidden().values()))
            sites = in_methods(sites, methods)
        if len(sites) > MAX_TRACED:
            reason = f"It is called from {len(sites)} places; the arguments of {MAX_TRACED} were traced."
            self.gaps.append(Gap("static", "too_many_call_sites", api.id, reason))
            sites = sites.where(np.arange(MAX_TRACED))
        if len(sites):
            self._traced_later.append((api, sites))

    def _direct(self, api: Api, sites: CallSites) -> None:
        for data in api.data:
            for k in range(len(sites)):
                for key in self._keys(api, _Meaning(data), sites, k):
                    self.drafts.add(key, None if self.drafts.full(key) else self.sample.record(sites, k))

    def arguments(self) -> None:
        """Traces the arguments of all calls in question, each method once."""
        if not self._traced_later:
            return
        together = joined(self.sample.dexes, [sites for _, sites in self._traced_later])
        traces = self.sample.tracer.trace(together)
        calls = iter(zip(self.sample.tracer.materialise(together, traces), traces, strict=True))
        unknown: list[_Open] = []
        lookups: list[tuple[CallSites, int, CallSite]] = []
        for api, sites in self._traced_later:
            for k in range(len(sites)):
                call, trace = next(calls)
                found, open_ = self._meanings(api, call)
                if not found and open_ and not api.data:
                    unknown.append(_Open(api, sites, k, call, trace.passed))
                if _may_look_up_hidden(call):
                    lookups.append((sites, k, call))
                for meaning in found or [_Meaning(data) for data in api.data]:
                    self._reached(api, sites, k, call, meaning)
        unknown += self._looked_up(lookups)
        for api, sites, k, call, _ in self._wrapped(unknown):
            for word in self._near(api, sites, k):
                meaning = _Meaning(word.data, vendor=word.vendor, basis="same_method")
                self._reached(api, sites, k, call, meaning)

    def _looked_up(self, lookups: list[tuple[CallSites, int, CallSite]]) -> Iterator[_Open]:
        """The hidden members that calls look up by name, each as a call of it with unknown arguments."""
        if not lookups:
            return
        asked = joined(self.sample.dexes, [sites.where(slice(k, k + 1)) for sites, k, _ in lookups])
        traces = self.sample.tracer.trace(asked, receivers=True)
        for (sites, k, call), trace in zip(lookups, traces, strict=True):
            api = _hidden().get((str(trace.receiver), str(trace.arguments[0] if trace.arguments else "")))
            if api is not None:
                nothing = (None,) * (max(api.args) + 1)
                passed = (_first_text(call.caller),) * len(nothing)
                yield _Open(api, sites, k, dataclasses.replace(call, arguments=nothing), passed)

    def _wrapped(self, unknown: list[_Open]) -> list[_Open]:
        """Looks at who calls the methods that only hand their parameter on; returns what stays unknown."""
        handed = [
            (call, position, (call.call.caller, number))
            for call in unknown
            for position in call.api.args
            if 0 <= position < len(call.passed) and (number := call.passed[position]) is not None
        ]
        if not handed:
            return unknown
        names = {t for one, _, _ in handed for t in one.api.args.values() if t in word_tables()}
        outer = wrappers.callers(
            self.sample,
            (wrapper for _, _, wrapper in handed),
            lambda: self._words.methods_of(word_tables()[name] for name in sorted(names)),
        )
        explained: set[tuple[str, int]] = set()
        for one, position, wrapper in handed:
            calls, whole_list, cut = outer[wrapper]
            if calls and whole_list and all(c.value is not None for c in calls):
                explained.add((one.call.caller, one.call.offset))
            if cut:
                reason = (
                    f"{len(calls)} of the calls that pass it an argument were followed to where it is set."
                )
                self.gaps.append(Gap("static", "too_many_call_sites", one.call.caller, reason))
            for call in calls:
                whole = wrappers.filled(one.call, position, call)
                for meaning in self._meanings(one.api, whole)[0]:
                    explained.add((one.call.caller, one.call.offset))
                    self._reached(one.api, one.sites, one.place, whole, meaning, call)
        return [u for u in unknown if (u.call.caller, u.call.offset) not in explained]

    def _meanings(self, api: Api, call: CallSite) -> tuple[list[_Meaning], bool]:
        """What the constant arguments of a call mean, and whether one of them is not constant."""
        found: list[_Meaning] = []
        arguments = call.arguments or ()
        unknown = call.arguments is None
        for position, table in api.args.items():
            if not 0 <= position < len(arguments):
                continue
            value = arguments[position]
            if value is None:
                unknown = True
            elif table == PACKAGE_TABLE:
                if isinstance(value, str) and self._other_package(value):
                    found.append(_Meaning("installed_apps", value, role="metadata"))
            elif (words := word_tables().get(table)) and (word := words.find(str(value))):
                found.append(_Meaning(word.data, word.value, word.vendor))
        return found, unknown

    def _reached(
        self,
        api: Api,
        sites: CallSites,
        k: int,
        call: CallSite,
        meaning: _Meaning,
        outer: wrappers.Outer | None = None,
    ) -> None:
        for key in self._keys(api, meaning, sites, k, outer):
            self.drafts.add(key, call, words=meaning.word)
        method = (int(sites.dex[k]), int(sites.item[k]))
        self._explained.setdefault(method, set()).add(meaning.word)

    def _near(self, api: Api, sites: CallSites, k: int) -> list[Word]:
        """What the strings of the same method say where the argument itself is not known, without those
        that another call there explains."""
        method = (int(sites.dex[k]), int(sites.item[k]))
        near = self._words.in_method(method, [t for t in api.args.values() if t in word_tables()])
        return [w for w in near if w.value not in self._explained.get(method, ())]

    def _other_package(self, name: str) -> bool:
        own = self.sample.manifest.package
        return (
            PACKAGE.fullmatch(name) is not None
            and name != own
            and not name.startswith((own + ".", *SYSTEM_PACKAGES))
        )

    def _keys(
        self, api: Api, meaning: _Meaning, sites: CallSites, k: int, outer: wrappers.Outer | None = None
    ) -> list[Key]:
        """The facts that a site is evidence for: one for each actor behind it. ``outer``: the call of the
        wrapper it stands in, whose act it is where the wrapper itself is nobody's."""
        role = meaning.role or ("" if api.role == "read" else api.role)
        via = self.sample.library(sites, k)
        actors = self.sample.actors_of(sites, k)
        if outer is not None and (via or self.sample.actor(sites, k)[0] == UNKNOWN):
            actors = self.sample.actors_of(outer.sites, outer.place)
        return [
            Key(
                actor,
                "accesses",
                f"data:{meaning.data}",
                _kept(
                    ("api", api.id),
                    ("basis", meaning.basis),
                    ("package", package),
                    ("role", role),
                    ("vendor", meaning.vendor or api.vendor),
                    ("via", via),
                    *self._levels(api.id),
                ),
            )
            for actor, package in actors
        ]

    def callbacks(self) -> None:
        """Classes of the app that override what the system calls with data."""
        for api in catalogue():
            if api.role != "callback" or not api.data:
                continue
            for body in overrides(self.sample, api.descriptor, api.member):
                if in_library(body.owner):
                    continue
                actor, package = self.sample.actors.of_package(body.owner)
                levels_of = self._levels(api.id)
                attributes = _kept(("api", api.id), ("package", package), ("role", "callback"), *levels_of)
                evidence = ClassDefinition(body.dex.member, body.owner, body.owner, 1)
                for data in api.data:
                    self.drafts.add(Key(actor, "accesses", f"data:{data}", attributes), evidence)

    # -------------------------------------------------------------------------- strings

    def strings(self) -> None:
        """Telling strings in methods whose calls did not already explain them."""
        for word, sites in self._words.telling():
            for k in range(len(sites)):
                method = (int(sites.dex[k]), int(sites.item[k]))
                if word.value in self._explained.get(method, ()):
                    continue
                text = sites.callee_descriptor(k)
                member = sites.dexes[int(sites.dex[k])].member
                evidence = StringConstant(member, text[:MAX_TEXT], int(sites.offset[k]))
                for actor, package in self.sample.actors_of(sites, k):
                    attributes = _kept(
                        ("api", f"string:{word.table}"),
                        ("basis", "string"),
                        ("package", package),
                        ("vendor", word.vendor),
                    )
                    key = Key(actor, "accesses", f"data:{word.data}", attributes)
                    self.drafts.add(key, evidence, words=word.value, callers=sites.caller_descriptor(k))


@cache
def _hidden() -> Mapping[tuple[str, str], Api]:
    """The rows that apps reach by reflection, by class (descriptor) and member, whose arguments tell."""
    rows = (a for a in _rows() if a.hidden and not a.data and min(a.args) >= 0)
    return {(a.descriptor, a.member): a for a in rows}


def _may_look_up_hidden(call: CallSite) -> bool:
    name = call.arguments[0] if call.arguments else None
    return call.callee.startswith(f"{CLASS}->") and any(name == member for _, member in _hidden())


def _first_text(method: str) -> int | None:
    """The number of a method's first parameter that is a text: what it hands on by reflection."""
    types = parameter_types(method[method.index("(") :])
    return types.index(TEXT) if TEXT in types else None


def _kept(*attributes: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(a for a in attributes if a[1])

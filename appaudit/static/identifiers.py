"""Which personal data the code reaches: call sites of the API catalogue, and strings that tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from appaudit.dex import CallSites, string_index_sites
from appaudit.dex.layout import distinct
from appaudit.knowledge.apis import Api, Word, WordTable, catalogue, word_tables
from appaudit.records import CallSite, ClassDefinition, Fact, Gap, StringConstant
from appaudit.static.bodies import overrides
from appaudit.static.facts import Drafts, Key
from appaudit.static.library import in_library
from appaudit.static.sample import Sample, in_methods, items, joined

Methods = set[tuple[int, int]]
PACKAGE_TABLE = "package"
PACKAGE = re.compile(r"[a-zA-Z]\w*(\.\w+){1,7}")
SYSTEM_PACKAGES = ("com.google.android.", "com.android.", "android")
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
    finder.arguments()
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


class _Finder:
    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self.drafts = Drafts()
        self.gaps: list[Gap] = []
        self._words = _WordSites(sample)
        self._explained: dict[tuple[int, int], set[str]] = {}
        self._traced_later: list[tuple[Api, CallSites]] = []

    # ---------------------------------------------------------------------------- calls

    def calls(self, api: Api, sites: CallSites) -> None:
        """Turns the call sites of one row into evidence."""
        if api.near:
            sites = in_methods(sites, self._words.methods_with(api.near))
        if not api.args:
            self._direct(api, sites)
            return
        tables = [word_tables()[t] for t in api.args.values() if t in word_tables()]
        probes_packages = PACKAGE_TABLE in api.args.values()
        if len(sites) > SMALL and not api.data and not probes_packages:
            sites = in_methods(sites, self._words.methods_of(tables))
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
        calls = iter(self.sample.tracer.materialise(together))
        unknown: list[tuple[Api, CallSites, int, CallSite]] = []
        for api, sites in self._traced_later:
            for k in range(len(sites)):
                call = next(calls)
                found, open_ = self._meanings(api, call)
                if not found and open_ and not api.data:
                    unknown.append((api, sites, k, call))
                for meaning in found or [_Meaning(data) for data in api.data]:
                    self._reached(api, sites, k, call, meaning)
        for api, sites, k, call in unknown:
            for word in self._near(api, sites, k):
                meaning = _Meaning(word.data, vendor=word.vendor, basis="same_method")
                self._reached(api, sites, k, call, meaning)

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

    def _reached(self, api: Api, sites: CallSites, k: int, call: CallSite, meaning: _Meaning) -> None:
        for key in self._keys(api, meaning, sites, k):
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

    def _keys(self, api: Api, meaning: _Meaning, sites: CallSites, k: int) -> list[Key]:
        """The facts that a site is evidence for: one for each actor behind it."""
        role = meaning.role or ("" if api.role == "read" else api.role)
        via = self.sample.library(sites, k)
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
                ),
            )
            for actor, package in self.sample.actors_of(sites, k)
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
                attributes = _kept(("api", api.id), ("package", package), ("role", "callback"))
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


def _kept(*attributes: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(a for a in attributes if a[1])


class _WordSites:
    """Where the words of the catalogue's tables stand in code, found once for all dex files."""

    def __init__(self, sample: Sample) -> None:
        self._sample = sample
        self._sites: dict[str, list[tuple[Word, CallSites]]] = {}
        self._methods: dict[str, Methods] = {}
        self._near: dict[str, dict[tuple[int, int], list[Word]]] = {}

    def _of(self, table: WordTable) -> list[tuple[Word, CallSites]]:
        if table.name not in self._sites:
            self._sites[table.name] = list(self._search(table))
        return self._sites[table.name]

    def _search(self, table: WordTable) -> Iterator[tuple[Word, CallSites]]:
        for number, dex in enumerate(self._sample.dexes):
            if table.match == "exact":
                index = dex.strings.find_all(list(table.words))
                index = index[index >= 0]
            else:
                index = dex.strings.with_prefix(*_starts(table.name))
            texts = dex.strings.texts(index)
            words = [(int(i), table.find(text)) for i, text in zip(index.tolist(), texts, strict=True)]
            known = [(i, word) for i, word in words if word is not None]
            if not known:
                continue
            sites = string_index_sites(self._sample.dexes, number, np.array([i for i, _ in known], np.int32))
            for place in distinct(sites.target).tolist():
                yield known[place][1], sites.where(sites.target == place)

    def methods_of(self, tables: Iterable[WordTable]) -> Methods:
        """The methods in which a word of one of the tables stands."""
        return {m for table in tables for _, sites in self._of(table) for m in items(sites)}

    def methods_with(self, text: str) -> Methods:
        """The methods that load exactly this string."""
        if text not in self._methods:
            found: Methods = set()
            for number, dex in enumerate(self._sample.dexes):
                index = dex.strings.find_all([text])
                if index[0] >= 0:
                    found |= items(string_index_sites(self._sample.dexes, number, index))
            self._methods[text] = found
        return self._methods[text]

    def in_method(self, method: tuple[int, int], tables: Sequence[str]) -> list[Word]:
        """The words of these tables that stand in a method."""
        return [
            word for name in tables for word, sites in self._of(word_tables()[name]) if method in items(sites)
        ]

    def telling(self) -> Iterator[tuple[Word, CallSites]]:
        """Every word that says something by itself, with the places where it is loaded."""
        for table in word_tables().values():
            if table.telling:
                yield from self._of(table)


SHELLS = ("/system/bin/", "/system/xbin/", "/vendor/bin/", "sh -c ", "su -c ", "su ", "/bin/", "adb shell ")
"""What a command may have in front of its name."""


@cache
def _starts(table: str) -> tuple[str, ...]:
    """What the strings begin with that a table's words may match."""
    words = word_tables()[table]
    if words.match == "contains":
        starts = {word.split()[0] for word in words.words} | set(SHELLS)
    else:
        starts = {word.partition("*")[0] for word in words.words}
    return tuple(sorted(s for s in starts if not any(s != o and s.startswith(o) for o in starts)))

"""Where the words of the catalogue's tables stand in code, found once for all dex files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache, cached_property

import numpy as np

from appaudit.dex import CallSites, Dex, string_index_sites, string_sites
from appaudit.knowledge.apis import Word, WordTable, word_tables
from appaudit.static.sample import Sample, items

Methods = set[tuple[int, int]]
"""(dex, code item) of methods."""


class WordSites:
    """Every word of a table that code loads, and the places where it does."""

    def __init__(self, sample: Sample, texts: Iterable[str] = ()) -> None:
        """``texts``: strings that `methods_with` will be asked for."""
        self._sample = sample
        self._texts = sorted(set(texts))
        self._by_method: dict[str, dict[tuple[int, int], list[Word]]] = {}

    @cached_property
    def _of(self) -> dict[str, list[tuple[Word, CallSites]]]:
        """The words by table, in order of dex files."""
        found: dict[str, list[tuple[Word, CallSites]]] = {name: [] for name in word_tables()}
        for number, dex in enumerate(self._sample.dexes):
            known = list(_known(dex))
            dex.release()
            if not known:
                continue
            index, at = np.unique(np.array([i for i, _ in known], np.int32), return_inverse=True)
            sites = string_index_sites(self._sample.dexes, number, index)
            order = np.argsort(sites.target, kind="stable")
            bounds = np.searchsorted(sites.target[order], np.arange(len(index) + 1)).tolist()
            for (_, word), place in zip(known, at.tolist(), strict=True):
                low, high = bounds[place], bounds[place + 1]
                if low < high:
                    found[word.table].append((word, sites.where(order[low:high])))
        return found

    def methods_of(self, tables: Iterable[WordTable]) -> Methods:
        """The methods in which a word of one of the tables stands."""
        return {method for table in tables for method in self._words_in(table.name)}

    def methods_with(self, text: str) -> Methods:
        """The methods that load exactly this string."""
        return self._loading[text]

    @cached_property
    def _loading(self) -> dict[str, Methods]:
        found: dict[str, Methods] = {text: set() for text in self._texts}
        sites = string_sites(self._sample.dexes, self._texts)
        places = zip(sites.target.tolist(), sites.dex.tolist(), sites.item.tolist(), strict=True)
        for target, number, item in places:
            found[self._texts[target]].add((number, item))
        return found

    def in_method(self, method: tuple[int, int], tables: Sequence[str]) -> list[Word]:
        """The words of these tables that stand in a method."""
        return [word for name in tables for word in self._words_in(name).get(method, ())]

    def _words_in(self, table: str) -> dict[tuple[int, int], list[Word]]:
        """The words of a table by the method in which they stand."""
        if table not in self._by_method:
            found: dict[tuple[int, int], list[Word]] = {}
            for word, sites in self._of[table]:
                for method in items(sites):
                    found.setdefault(method, []).append(word)
            self._by_method[table] = found
        return self._by_method[table]

    def telling(self) -> Iterator[tuple[Word, CallSites]]:
        """Every word that says something by itself, with the places where it is loaded."""
        for table in word_tables().values():
            if table.telling:
                yield from self._of[table.name]


def _known(dex: Dex) -> Iterator[tuple[int, Word]]:
    """(index, word) of the strings of a dex that a table knows, table by table."""
    tables = word_tables().values()
    exact = [word for table in tables if table.match == "exact" for word in table.words.values()]
    places = iter(dex.strings.find_all([word.value for word in exact]).tolist())
    for table in tables:
        if table.match == "exact":
            for word in table.words.values():
                index = next(places)
                if index >= 0:
                    yield index, word
        else:
            begun = dex.strings.with_prefix(*_starts(table.name))
            for index, text in zip(begun.tolist(), dex.strings.texts(begun), strict=True):
                hit = table.find(text)
                if hit is not None:
                    yield index, hit


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

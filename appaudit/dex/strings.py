"""The string table: sorted, so most questions are answered without decoding it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache

import numpy as np

from appaudit.dex import mutf8
from appaudit.dex.layout import Data, Index, Int32, Mask, Section, UInt64, distinct, expand, table

Heads = UInt64

FEW = 1000
"""Bytes of string data for each string asked for, above which strings are cut out one by one."""
_KEPT = np.array([(1 << 64) - (1 << 8 * (8 - k)) for k in range(9)], np.uint64)
"""For the length of a string, the bytes of its head that belong to it."""
UNKNOWN = "?"
"""Stands for a string whose index or data is corrupt."""


def _sort_key(raw: bytes) -> bytes:
    """MUTF-8 bytes in the order of the table: U+0000, written C0 80, comes before all others."""
    return raw.replace(b"\xc0", b"\0")


class StringTable:
    """The strings of one dex by index.

    Dex files keep strings sorted by UTF-16 code unit, which is also the order of their bytes, so that
    `find` and `prefix_range` look at a few only. A table out of order (Android refuses it; an analyst
    still wants to know) is told of in ``problems`` and looked up through a dictionary.
    """

    def __init__(self, data: Data, section: Section, problems: list[str]) -> None:
        self._data = data
        self._problems = problems
        offsets = table(data, section, "<u4", "string_ids", problems).astype(np.int64)
        outside = (offsets >= len(data)) | (offsets == 0)
        if outside.any():
            problems.append(f"string_ids: {int(outside.sum())} strings lie outside the file")
            offsets[outside] = -1
        self.offsets = offsets.astype(np.int32)

    def __len__(self) -> int:
        return len(self.offsets)

    def raw(self, index: int) -> bytes:
        """The MUTF-8 bytes of one string; ``b"?"`` for an index or data that is corrupt."""
        if not 0 <= index < len(self.offsets):
            return UNKNOWN.encode()
        data = self._data
        if "_spans" in self.__dict__:
            starts, ends = self._places
            return data[starts[index] : ends[index]] if starts[index] else UNKNOWN.encode()
        at = int(self.offsets[index])
        if at < 0:
            return UNKNOWN.encode()
        stop = min(at + 5, len(data))
        while at < stop and data[at] > 0x7F:
            at += 1
        end = data.find(b"\0", at + 1)
        return data[at + 1 : end] if end >= 0 else UNKNOWN.encode()

    def text(self, index: int) -> str:
        """One string as text, ``?`` where corrupt."""
        return mutf8.decode(self.raw(index))

    def bounds(self) -> tuple[Int32, Int32]:
        """First byte and end of each string's text in the file, by index; 0, 0 where corrupt."""
        return self._spans

    @cached_property
    def _spans(self) -> tuple[Int32, Int32]:
        starts, ends = self._read_spans()
        return starts.astype(np.int32), ends.astype(np.int32)

    @cached_property
    def _places(self) -> tuple[memoryview, memoryview]:
        """The spans for one string after the other, as plain numbers."""
        starts, ends = self._spans
        return starts.data, ends.data

    def _read_spans(self) -> tuple[Index, Index]:
        data, offsets = self._data, self.offsets.astype(np.intp)
        bytes_ = np.frombuffer(data, np.uint8)
        starts = offsets.copy()
        known = starts >= 0
        if not known.any():
            return starts, starts.copy()
        low, high = int(starts[known].min()), int(starts.max())
        high = data.find(b"\0", min(high + 6, len(data)))
        high = len(data) if high < 0 else high + 1
        long = known.copy()
        for _ in range(4):  # length prefixes are ULEB128
            long &= bytes_[starts] > 0x7F
            if not long.any():
                break
            starts[long] = np.minimum(starts[long] + 1, len(data) - 1)
        starts[known] += 1
        ends = np.append(offsets[1:] - 1, high - 1)
        if known.all() and (ends >= starts).all():
            # As compilers write it: string after string, and the length of "" the only other zero.
            zero = np.concatenate((ends, starts[ends == starts] - 1))
            if np.count_nonzero(bytes_[low:high]) == high - low - len(zero) and not bytes_[zero].any():
                return starts, ends
        nul = np.flatnonzero(bytes_[low:high] == 0) + low
        at = np.searchsorted(nul, starts)
        open_ended = at >= len(nul)
        ends = np.append(nul, len(data))[at]
        bad = ~known | open_ended
        if (open_ended & known).any():
            self._problems.append("string_data: a string has no end")
        starts[bad] = ends[bad] = 0
        shortest = np.argsort(ends - starts, kind="stable")
        over = shortest[np.cumsum((ends - starts)[shortest]) > len(data)]
        if len(over):
            # Each byte once is all that a file has to give: thousands that share one long text would fill
            # the memory.
            self._problems.append(f"string_data: strings overlap, the {len(over)} longest are not read")
            starts[over] = ends[over] = 0
        return starts, ends

    def texts(self, indices: Iterable[int] | Int32 | None = None) -> list[str]:
        """Many strings as text (all of them when ``indices`` is None), ``?`` for corrupt ones."""
        starts, ends = self._spans
        if indices is not None:
            chosen = np.fromiter(indices, np.int64) if not isinstance(indices, np.ndarray) else indices
            if not len(self.offsets):
                return [UNKNOWN] * len(chosen)
            wrong = (chosen < 0) | (chosen >= len(self.offsets))
            safe = np.where(wrong, 0, chosen)
            starts, ends = np.where(wrong, 0, starts[safe]), np.where(wrong, 0, ends[safe])
        if not len(starts):
            return []
        used = starts[starts > 0]
        low, high = (int(used.min()), int(ends.max())) if len(used) else (0, 0)
        out: list[str] = []
        if high - low > FEW * len(starts):
            data = self._data
            for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
                out.append(mutf8.decode(data[start:end]) if start else UNKNOWN)
            return out
        latin = self._data[low:high].decode("latin-1")
        places = zip((starts - low).tolist(), (ends - low).tolist(), strict=True)
        if len(used) < len(starts):
            out = [latin[start:end] if start >= 0 else UNKNOWN for start, end in places]
        else:
            out = [latin[start:end] for start, end in places]
        if not latin.isascii() and not "".join(out).isascii():
            out = [text if text.isascii() else mutf8.decode(text.encode("latin-1")) for text in out]
        return out

    @cached_property
    def _heads(self) -> Heads:
        """The first eight bytes of each string as a number that sorts like `_head`."""
        starts, ends = self._spans
        if not len(starts):
            return np.empty(0, np.uint64)
        # Eight bytes from every place on, as a view; the last strings may stand too near to the end.
        eight: Heads = np.ndarray((len(self._data) - 7,), ">u8", self._data, 0, (1,))
        place = np.minimum(starts, len(eight) - 1)
        head = eight[place].astype(np.uint64) << (8 * (starts - place)).astype(np.uint64)
        head &= _KEPT[np.minimum(ends - starts, 8)]
        if self._data.find(b"\xc0", int(starts.min()), int(ends.max())) >= 0:
            bytes_ = head.view(np.uint8)
            bytes_ *= bytes_ != 0xC0
        return head

    @cached_property
    def _order(self) -> dict[bytes, int] | None:
        """None for a sorted table, else every string's index."""
        if len(self.offsets) < 2:
            return None
        # The heads tell a shuffled table from a sorted one.
        if (self._heads[1:] >= self._heads[:-1]).all():
            return None
        self._problems.append("string_ids: not sorted, which Android refuses")
        return {self.raw(i): i for i in reversed(range(len(self.offsets)))}

    def _lower_bounds(self, raws: Sequence[bytes], heads: Heads) -> tuple[Index, Mask]:
        """For each text the place of the first string that is not before it, and whether that string
        may begin like it: no string has the same head as the others."""
        lows, highs = (
            np.searchsorted(self._heads, heads, "left"),
            np.searchsorted(self._heads, heads, "right"),
        )
        some = lows < highs
        for k in np.flatnonzero(some).tolist():
            lows[k] = self._bisect(_sort_key(raws[k]), int(lows[k]), int(highs[k]))
        return lows, some

    def _bisect(self, key: bytes, low: int, high: int) -> int:
        """The first string from ``low`` on that is not before ``key``."""
        data, (starts, ends) = self._data, self._places
        while low < high:
            middle = (low + high) // 2
            if _sort_key(data[starts[middle] : ends[middle]]) < key:
                low = middle + 1
            else:
                high = middle
        return low

    def find(self, text: str) -> int:
        """The index of ``text``, -1 where the dex does not have it."""
        raw = mutf8.encode(text)
        if self._order is not None:
            return self._order.get(raw, -1)
        head = np.uint64(_head(raw))
        low = int(np.searchsorted(self._heads, head, "left"))
        high = low
        if low < len(self._heads) and self._heads[low] == head:
            high = int(np.searchsorted(self._heads, head, "right"))
        low = self._bisect(_sort_key(raw), low, high)
        return low if low < high and self.raw(low) == raw else -1

    def find_all(self, texts: Sequence[str]) -> Int32:
        """Index of each text, -1 where absent."""
        raws, heads = _searchable(tuple(texts))
        if self._order is not None:
            return np.array([self._order.get(raw, -1) for raw in raws], np.int32)
        found = np.full(len(raws), -1, np.int32)
        places, some = self._lower_bounds(raws, heads)
        for k in np.flatnonzero(some & (places < len(self.offsets))).tolist():
            if self.raw(int(places[k])) == raws[k]:
                found[k] = places[k]
        return found

    def with_prefix(self, *prefixes: str) -> Int32:
        """Indices of the strings that start with one of ``prefixes``, ascending."""
        if self._order is not None:
            starts = tuple(map(mutf8.encode, prefixes))
            return np.array(sorted(i for s, i in self._order.items() if s.startswith(starts)), np.int32)
        places, _ = self._lower_bounds(*_prefix_ends(prefixes))
        _, inside = expand(places[::2], places[1::2] - places[::2])
        return distinct(inside).astype(np.int32)

    def search(self, pattern: re.Pattern[bytes]) -> Int32:
        """Indices of the strings in which ``pattern`` (over MUTF-8 bytes) is found, ascending.

        One pass over the raw string data finds candidates, which are then searched one by one. So
        that no string is missed the pattern must not use ``^``, ``$``, ``\\A``, ``\\Z``, ``\\b`` or
        look-arounds, and should not match the empty string.
        """
        starts, ends = self._spans
        if not len(starts) or not ends.any():
            return np.empty(0, np.int32)
        order = np.argsort(starts, kind="stable")
        sorted_starts = starts[order]
        first = int(np.searchsorted(sorted_starts, 1))
        hits: set[int] = set()
        at = int(sorted_starts[first]) if first < len(order) else len(self._data)
        stop = int(ends.max())
        while found := pattern.search(self._data, at, stop):
            low = max(int(np.searchsorted(sorted_starts, found.start(), "right")) - 1, first)
            low = int(np.searchsorted(sorted_starts, sorted_starts[low], "left"))  # strings that share data
            high = int(np.searchsorted(sorted_starts, max(found.end(), found.start() + 1), "left"))
            hits.update(order[low:high].tolist())
            # Go on behind the last string the match has touched.
            last = int(ends[order[high - 1]]) if high > low else found.end()
            at = max(found.end(), min(last, stop), found.start() + 1)
        kept = [i for i in sorted(hits) if pattern.search(self._data, int(starts[i]), int(ends[i]))]
        return np.array(kept, np.int32)


@lru_cache(maxsize=256)
def _searchable(texts: tuple[str, ...]) -> tuple[list[bytes], Heads]:
    """Texts as they stand in a table, and their heads: the same for every dex of an app."""
    raws = [mutf8.encode(text) for text in texts]
    return raws, np.array([_head(raw) for raw in raws], np.uint64)


@lru_cache(maxsize=256)
def _prefix_ends(prefixes: tuple[str, ...]) -> tuple[list[bytes], Heads]:
    """Before the first string with each prefix, and behind the last."""
    raws = [end for raw in map(mutf8.encode, prefixes) for end in (raw, raw + b"\xff")]
    return raws, np.array([_head(raw) for raw in raws], np.uint64)


def _head(raw: bytes) -> int:
    """The first eight bytes as a number; C0 counts as 0, since it only begins U+0000."""
    return int.from_bytes(raw[:8].replace(b"\xc0", b"\0").ljust(8, b"\0"), "big")

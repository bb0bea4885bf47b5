"""Equal names of members meet over several dex files, and only they."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from appaudit.dex import Dex
from appaudit.dex.names import Names
from tests.dex.writer import Class, Method, build

# Short ones, some that share eight bytes, some that differ behind sixteen, some not of ASCII.
stem = st.sampled_from(["", "get", "getLastK", "getLastKnownLocation", "取得设备标识", "ß"])
name = st.tuples(stem, st.text("ab取0", max_size=12)).map("".join).filter(bool)
names = st.lists(name, min_size=1, max_size=12, unique=True)


def dex(names: list[str]) -> Dex:
    return Dex(build([Class("La;", [Method(name, "()V") for name in names])]), "classes.dex")


@settings(max_examples=60, deadline=None)
@given(st.lists(names, min_size=1, max_size=3))
def test_equal_names_have_equal_numbers(parts: list[list[str]]) -> None:
    dexes = [dex(part) for part in parts]
    found = Names(dexes)
    texts: dict[str, int] = {}
    for one, numbers in zip(dexes, found.methods, strict=True):
        for string, number in zip(one.methods.name.tolist(), numbers.tolist(), strict=True):
            assert texts.setdefault(one.strings.text(string), number) == number
    assert len(set(texts.values())) == len(texts)
    assert found.find(list(texts)).tolist() == list(texts.values())
    assert found.number("no such name") == -1


def test_numbers_count_by_first_appearance() -> None:
    found = Names([dex(["b", "c"]), dex(["a", "b"])])
    assert np.array_equal(found.find(["?", "b", "c", "a"]), [0, 1, 2, 3])


def test_strings_at_the_end_of_the_file_are_read() -> None:
    data = build([Class("La;", [Method("zz", "()V")])])
    end = data.rindex(b"\x02zz\0") + len(b"\x02zz\0")
    cut = Dex(data[:end], "classes.dex")
    assert Names([cut]).number("zz") >= 0

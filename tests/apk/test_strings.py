"""String pools of binary XML and resource tables."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appaudit.apk import strings
from appaudit.apk.strings import StringPool
from tests.apk.build import string_pool


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300)),
    st.booleans(),
)
def test_strings_come_back(texts: list[str], utf8: bool) -> None:
    tricks: list[str] = []
    pool = StringPool(memoryview(string_pool(texts, utf8)), lambda trick, _: tricks.append(trick))
    assert [pool[n] for n in range(len(pool))] == texts
    assert pool[len(texts)] is None
    assert pool[-1] is None
    assert not tricks


def test_a_long_utf8_string_is_read_to_its_end() -> None:
    """Lengths beyond 0x7fff do not fit the UTF-8 form; the platform looks on in steps of 0x8000."""
    for length in (0x7FFF, 0x8000, 0x8001, 0x12345):
        pool = StringPool(memoryview(string_pool(["a" * length], utf8=True)), lambda *_: None)
        assert pool[0] == "a" * length


def test_modified_utf8_is_read() -> None:
    data = string_pool(["xxxxxx"], utf8=True).replace(b"xxxxxx", b"\xed\xa0\xbd\xed\xb8\x80")
    assert StringPool(memoryview(data), lambda *_: None)[0] == "😀"


def test_a_string_of_another_length_is_told() -> None:
    pool = bytearray(string_pool(["abc"], utf8=True))
    pool[32] = 2
    tricks: list[str] = []
    assert StringPool(memoryview(bytes(pool)), lambda trick, _: tricks.append(trick))[0] == "abc"
    assert tricks == ["axml_string_length"]


def test_strings_that_share_one_long_text_do_not_multiply_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strings, "MAX_DECODED", 5000)
    pool = bytearray(string_pool(["a" * 1000, *("b" * k for k in range(20))], utf8=True))
    count = struct.unpack_from("<I", pool, 8)[0]
    for k in range(count):
        struct.pack_into("<I", pool, 28 + 4 * k, 0)
    tricks: list[str] = []
    found = StringPool(memoryview(bytes(pool)), lambda trick, _: tricks.append(trick))
    read = [text for k in range(count) if (text := found[k]) is not None]
    assert 5 <= len(read) <= 6
    assert set(tricks) == {"axml_string_overlap"}

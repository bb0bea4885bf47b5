"""Mutated dex files: every question is answered or refused, nothing is read outside, nothing hangs."""

from __future__ import annotations

import struct
from contextlib import suppress
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appaudit.dex import Dex, DexError
from tests.dex.writer import Class, Field, Method, Word, build, build_container
from tests.fuzz.dex import ask

RETURN = 0x000E
STRING = "Ljava/lang/String;"


@cache
def seed(number: int) -> bytes:
    switch: list[Word] = [0x002B, 6, 0, 0x001A, ("string", "android_id"), RETURN, 0x0100, 1, 0, 0, 3, 0]
    call: list[Word] = [0x1071, ("method", f"La/B;->use({STRING})V"), 0]
    call += [0x0062, ("field", f"La/B;->KEY:{STRING}"), RETURN]
    fields = [Field("KEY", STRING, "imei"), Field("N", "I", 3)]
    methods = [
        Method("use", f"({STRING})V", switch, handlers=[(0, 3, 3)]),
        Method("<clinit>", "()V", [0x001A, ("string", "content://sms"), *call], access=0x10008),
        Method("run", "()V", call, access=1, virtual=True, annotations=["La/B;"]),
    ]
    classes = [
        Class("La/B;", methods, fields, "La/C;", ["Ljava/lang/Runnable;"]),
        Class("La/C;", [Method("go", "(IJ[Ljava/lang/Object;)Z", None, access=0x401, virtual=True)]),
    ]
    return build_container([classes, classes[1:]]) if number else build(classes)


def mutate(data: bytes, edits: list[tuple[int, int, int]], cut: int) -> bytes:
    out = bytearray(data)
    for at, width, value in edits:
        at %= max(len(out) - 4, 1)
        out[at : at + width] = struct.pack("<I", value)[:width]
    return bytes(out[: len(out) - cut % len(out)]) if cut else bytes(out)


special = st.sampled_from([0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF])
value = st.one_of(special, st.integers(0, 0xFFFFFFFF))
edit = st.tuples(st.one_of(st.integers(0x20, 0x78), st.integers(0, 4000)), st.sampled_from([1, 2, 4]), value)


@settings(max_examples=250, deadline=None)
@given(st.integers(0, 1), st.lists(edit, min_size=1, max_size=6), st.one_of(st.just(0), st.integers(0, 3000)))
def test_mutated_files(number: int, edits: list[tuple[int, int, int]], cut: int) -> None:
    with suppress(DexError):
        ask(mutate(seed(number), edits, cut))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=600))
def test_random_bytes_behind_a_header(tail: bytes) -> None:
    with suppress(DexError):
        ask(seed(0)[:0x70] + tail)


def test_the_seeds_themselves_are_sound() -> None:
    for number in (0, 1):
        assert not any(ask(seed(number)))


def test_methods_that_claim_the_whole_file_do_not_multiply_it() -> None:
    methods = [Method(f"m{k}", "()V", [0] * 200) for k in range(200)]
    data = bytearray(build([Class("La;", methods)]))
    body = struct.pack("<4HII", 16, 1, 5, 0, 0, 200)
    at = data.find(body)
    while at >= 0:
        struct.pack_into("<I", data, at + 12, (len(data) - at - 16) // 2)
        at = data.find(body, at + 1)
    problems = ask(bytes(data))
    assert any("overlap" in p for p in problems)


def test_strings_that_share_one_long_text_do_not_multiply_it() -> None:
    classes = [Class(f"La/c{k:03};", [Method(f"m{k:03}", "()V", [0x0E])]) for k in range(200)]
    data = bytearray(build(classes, extra_strings=["A" * 1_000_000]))
    at = data.index(b"A" * 1000)
    count, offset = struct.unpack_from("<II", data, 0x38)
    for k in range(count):
        struct.pack_into("<I", data, offset + 4 * k, at + k)
    problems = ask(bytes(data))
    assert any("strings overlap" in p for p in problems)
    dex = Dex(bytes(data), "classes.dex")
    assert sum(map(len, dex.strings.texts())) < 2 * len(data)


def test_a_dex_of_one_byte_strings_that_never_end() -> None:
    data = bytearray(seed(0))
    count, offset = struct.unpack_from("<II", data, 0x38)
    for k in range(count):
        struct.pack_into("<I", data, offset + 4 * k, len(data) - 1)
    data[-1] = 0x80
    ask(bytes(data))


def test_what_has_no_header_is_refused() -> None:
    with pytest.raises(DexError):
        ask(b"PK\x03\x04" + b"\0" * 500)

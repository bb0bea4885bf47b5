"""Strings of compiled scripts come out one by one, whatever stands in the file."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appaudit.static.scripts import HERMES, IL2CPP, read


def hermes(texts: Sequence[str], function: int = 16, version: int = 96, functions: int = 3) -> bytes:
    """Bytecode that holds strings and no code."""
    storage = b""
    small: list[int] = []
    overflow: list[int] = []
    for text in texts:
        wide = not text.isascii()
        raw = text.encode("utf-16-le" if wide else "ascii")
        units = len(raw) // (2 if wide else 1)
        if units >= 0xFF:
            small.append(wide | len(overflow) << 1 | 0xFF << 24)
            overflow += [len(storage), units]
        else:
            small.append(wide | len(storage) << 1 | units << 24)
        storage += raw
    counts = (functions, 1, 0, len(small), len(overflow) // 2, len(storage))
    header = HERMES + struct.pack("<I20sII6I", version, b"", 0, 0, *counts)
    tables = struct.pack(f"<I{len(small)}I{len(overflow)}I", len(small), *small, *overflow)
    return header.ljust(128, b"\0") + b"\x77" * function * functions + tables + storage


def il2cpp(texts: Sequence[str]) -> bytes:
    """Metadata of Unity that holds literals."""
    storage, rows = b"", b""
    for text in texts:
        raw = text.encode()
        rows += struct.pack("<II", len(raw), len(storage))
        storage += raw
    return IL2CPP + struct.pack("<5I", 29, 24, len(rows), 24 + len(rows), len(storage)) + rows + storage


TEXTS = ["https://a.cn", "wss://b.cn/x", "中文", "x" * 300, "", "end"]


@pytest.mark.parametrize(
    "data", [hermes(TEXTS), hermes(TEXTS, 12, 99), hermes(TEXTS, functions=0), il2cpp(TEXTS)]
)
def test_each_string_is_a_line(data: bytes) -> None:
    text = read(data)
    assert text.data.decode().split("\n") == TEXTS
    for word in ("wss://b.cn/x", "x" * 300, "end"):
        at = text.offset(text.data.find(word.encode()))
        assert data[at:].startswith(word.encode())


def test_other_files_are_as_they_are() -> None:
    for data in (b"", b"var a = 1;", HERMES, HERMES + bytes(300), IL2CPP, IL2CPP + b"\xff" * 40):
        assert read(data).data == data
        assert read(data).offset(0) == 0


@given(st.sampled_from([hermes, il2cpp]), st.integers(8, 200), st.binary(min_size=1, max_size=40))
@example(hermes, 40, b"\xff" * 24)
@example(hermes, 52, struct.pack("<III", 1, 1, 2**31))
def test_damaged_files_are_read_or_left(
    make: Callable[[Sequence[str]], bytes], at: int, noise: bytes
) -> None:
    whole = make(TEXTS)
    data = whole[:at] + noise + whole[at + len(noise) :]
    assert len(read(data).data) <= 7 * len(data) + 8 * len(TEXTS)


def test_strings_that_share_their_bytes_do_not_grow() -> None:
    rows = struct.pack("<II", 5000, 0) * 5000
    data = IL2CPP + struct.pack("<5I", 29, 24, len(rows), 24 + len(rows), 5000) + rows + b"y" * 5000
    assert read(data).data == data

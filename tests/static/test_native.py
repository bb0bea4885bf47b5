"""Native libraries: imports and strings; hostile files become a Gap."""

from __future__ import annotations

import contextlib
import importlib
import struct
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appaudit.static import scan
from appaudit.static.elf import read_library
from appaudit.static.native import chosen
from tests.static.apps import app_with
from tests.static.libraries import NOBITS, PROGBITS, library, symbol

PACKED = struct.pack("<IIQQ", 1, 0, 1 << 26, 1) + zlib.compress(bytes(1 << 26))
"""64 MB as a section may hold them."""


def real_library() -> bytes:
    """A shared object of this machine."""
    module = importlib.import_module("numpy.random._generator")
    data = Path(str(module.__file__)).read_bytes()
    if not data.startswith(b"\x7fELF"):
        pytest.skip("this machine's libraries are not ELF")
    return data


def test_a_real_library() -> None:
    library = read_library(real_library(), "lib.so")
    assert "PyInit__generator" in library.exports
    assert "memcpy" in library.imports
    assert len(library.strings) > 100


@pytest.mark.parametrize("offset", [bytes(8), b"\xff" * 8])
def test_a_library_without_sections_is_read_as_the_loader_reads_it(offset: bytes) -> None:
    whole = real_library()
    bare = whole[:40] + offset + whole[48:60] + bytes(4) + whole[64:]
    expected, found = read_library(whole, "lib.so"), read_library(bare, "lib.so")
    assert found.imports == expected.imports
    assert set(expected.exports) <= set(found.exports)
    assert set(expected.strings) <= set(found.strings)


def test_what_a_library_calls_through_jni_is_told_by_name(tmp_path: Path) -> None:
    """The names stand behind the file's own bytes, where those of a library without sections would."""
    whole = real_library()
    bare = whole[:40] + bytes(8) + whole[48:60] + bytes(4) + whole[64:]
    names = b"\0android/telephony/TelephonyManager\0getDeviceId\0()Ljava/lang/String;\0getSubscriberIds\0"
    result = scan(app_with(tmp_path, {"lib/arm64-v8a/libx.so": bare + names}))
    found = {
        f.subject for f in result.facts if f.attribute.get("basis") == "native" and f.action == "accesses"
    }
    assert found == {"data:imei"}


def test_each_library_is_read_once() -> None:
    names = [
        "a.apk!lib/x86/liba.so",
        "a.apk!lib/arm64-v8a/liba.so",
        "a.apk!lib/x86/libb.so",
        "a.apk!res/x.png",
    ]
    assert list(chosen(names)) == ["a.apk!lib/arm64-v8a/liba.so", "a.apk!lib/x86/libb.so"]


def test_a_file_that_is_no_library(tmp_path: Path) -> None:
    result = scan(app_with(tmp_path, {"lib/arm64-v8a/libx.so": b"not an ELF file"}))
    assert [g.code for g in result.gaps] == ["unreadable_library"]


@pytest.mark.parametrize(
    "rodata",
    [[(PROGBITS, 2, len(PACKED))] * 500, [(NOBITS, 2, 1 << 26)], [(PROGBITS, 2 | 1 << 11, len(PACKED))]],
)
def test_sections_claim_no_more_than_the_file_holds(rodata: list[tuple[int, int, int]]) -> None:
    """The same bytes five hundred times, bytes that are not there, and packed ones."""
    data = library(text=PACKED, rodata=rodata)
    tracemalloc.start()
    try:
        read_library(data, "lib.so")
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("sections", [True, False])
def test_symbols_do_not_share_a_name_without_end(sections: bool) -> None:
    """Five megabytes of symbols that would be five gigabytes of names."""
    names = b"\0" + b"x" * (1 << 15)
    with pytest.raises(ValueError, match="not a valid ELF file"):
        read_library(library(names, [symbol(1, 1)] * 200_000, sections), "lib.so")
    twice = read_library(library(symbols=[symbol(8, 1)] * 3, sections=sections), "lib.so")
    assert twice.exports == ("JNI_OnLoad",) * 3


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_libraries(data: st.DataObject) -> None:
    whole = bytearray(_small())
    for _ in range(data.draw(st.integers(1, 12))):
        whole[data.draw(st.integers(0, 511))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    for case in (bytes(whole), bytes(whole[:cut])):
        with contextlib.suppress(ValueError):
            read_library(case, "lib.so")


def _small() -> bytes:
    """The smallest extension module there is at hand."""
    import _bisect

    path = getattr(_bisect, "__file__", None)
    data = Path(path).read_bytes() if path else real_library()
    if not data.startswith(b"\x7fELF"):
        pytest.skip("this machine's libraries are not ELF")
    return data


def test_the_reader_is_loaded_only_when_needed() -> None:
    code = "import sys, appaudit.static; sys.exit('elftools' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

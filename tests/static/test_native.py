"""Native libraries: imports and strings; hostile files become a Gap."""

from __future__ import annotations

import contextlib
import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appaudit.static import scan
from appaudit.static.elf import read_library
from appaudit.static.native import chosen
from tests.static.apps import app_with


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

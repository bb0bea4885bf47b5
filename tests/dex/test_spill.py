"""Bytes kept aside are the same wherever they stand."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from appaudit.dex import spill
from appaudit.dex.spill import Spill

PIECES: list[bytes | memoryview] = [b"first", b"", memoryview(b"second"), b"third"]
WHOLE = b"firstsecondthird"


class Short:
    """A file with room for so many bytes."""

    def __init__(self, file: IO[bytes], room: int) -> None:
        self._file = file
        self._room = room

    def write(self, data: memoryview) -> int:
        if not self._room:
            raise OSError("no room")
        written = self._file.write(data[: self._room])
        self._room -= written
        return written

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)


@pytest.fixture(autouse=True)
def nothing_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "IN_MEMORY", 7)


def test_what_fits_stays_in_memory_and_the_rest_is_mapped() -> None:
    kept = Spill()
    assert kept.keep([b"small"]) == b"small"
    assert not kept.used
    for _ in range(2):
        data = kept.keep(PIECES)
        assert isinstance(data, mmap.mmap)
        assert data[:] == WHOLE
    kept.close()
    assert kept.used
    assert data[:] == WHOLE


@pytest.mark.parametrize("room", range(len(WHOLE)))
def test_where_the_disk_is_full_the_rest_stays_in_memory(
    room: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = (tmp_path / "spill").open("w+b", buffering=0)
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda buffering: Short(file, room))
    kept = Spill()
    assert kept.keep(PIECES) == WHOLE
    assert kept.keep(PIECES) == WHOLE
    kept.close()


def test_pieces_that_fail_leave_the_others_right() -> None:
    def cut() -> Iterator[bytes]:
        yield b"begun already"
        raise LookupError

    kept = Spill()
    with pytest.raises(LookupError):
        kept.keep(cut())
    assert kept.keep(PIECES)[:] == WHOLE
    kept.close()

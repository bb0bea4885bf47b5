"""The fuzz target for compiled scripts: Hermes bytecode, IL2CPP metadata, .NET assemblies."""

from __future__ import annotations

from collections.abc import Iterable

from appaudit.static.scripts import ASSEMBLY, HERMES, IL2CPP, MAX_OVERLAP, read
from tests.fuzz.targets import Target
from tests.static.test_scripts import TEXTS, hermes, il2cpp


def _scripts(data: bytes) -> None:
    """Reads the strings; there may not be much more of them than the file has bytes."""
    text = read(data)
    assert len(text.data) <= 2 * MAX_OVERLAP * len(data) + 1
    for at in range(0, len(text.data), 97):
        assert 0 <= text.offset(at) <= 2 * len(data)


def _seeds() -> Iterable[bytes]:
    yield from (hermes(TEXTS), hermes(TEXTS, 12, 99), il2cpp(TEXTS))
    yield ASSEMBLY + bytes(62) + "https://a.example.org/x".encode("utf-16-le")


TARGETS = {"scripts": Target(_scripts, _seeds, (HERMES, IL2CPP, ASSEMBLY, b"\xff" * 4))}

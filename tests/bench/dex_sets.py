"""The dex files that the benches measure on: about 7, 24 and 80 MB, all from real APKs."""

from __future__ import annotations

import struct
import zipfile
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests import corpus

LARGE = 80_000_000


@dataclass(frozen=True)
class DexSet:
    """Dex files by name, each as it stands deflated in its APK."""

    title: str
    deflated: tuple[tuple[str, bytes, int], ...]

    @property
    def size(self) -> int:
        """Bytes of dex."""
        return sum(size for _, _, size in self.deflated)

    def inflate(self) -> list[tuple[str, bytes]]:
        """What zlib alone has to do."""
        return [(name, zlib.decompress(raw, -15, size)) for name, raw, size in self.deflated]


def deflated_members(path: Path) -> list[tuple[str, bytes, int]]:
    """Name, deflate stream and size of each dex in an APK (deflated here where it is stored)."""
    found = []
    with zipfile.ZipFile(path) as archive, path.open("rb") as stream:
        for info in archive.infolist():
            if not info.filename.endswith(".dex"):
                continue
            if info.compress_type == zipfile.ZIP_DEFLATED:
                stream.seek(info.header_offset + 26)
                name, extra = struct.unpack("<HH", stream.read(4))
                stream.seek(name + extra, 1)
                raw = stream.read(info.compress_size)
            else:
                packer = zlib.compressobj(6, zlib.DEFLATED, -15)
                raw = packer.compress(archive.read(info)) + packer.flush()
            found.append((f"{path.name}!{info.filename}", raw, info.file_size))
    return found


@cache
def apks() -> dict[str, Path]:
    """The real APKs that are here, by file name (the largest of a name)."""
    found = {path.name: path for path, reason in corpus.available() if not reason}
    return dict(sorted(found.items(), key=lambda item: -item[1].stat().st_size))


@cache
def dex_sets() -> tuple[DexSet, ...]:
    """The three sets; fewer where the packages cannot be had."""
    found = []
    for name in ("ApiDemos-debug.apk", "app-debug-androidTest.apk"):
        if name in apks():
            members = tuple(deflated_members(apks()[name]))
            found.append(DexSet(f"{sum(m[2] for m in members) / 1e6:.0f} MB ({name})", members))
    collected: list[tuple[str, bytes, int]] = []
    for path in apks().values():
        if sum(m[2] for m in collected) < LARGE:
            collected += deflated_members(path)
    if collected:
        size = sum(m[2] for m in collected) / 1e6
        files = len({m[0].partition("!")[0] for m in collected})
        found.append(DexSet(f"{size:.0f} MB (all dex files of {files} APKs as one app)", tuple(collected)))
    return tuple(found)

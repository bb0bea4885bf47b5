"""Small APKs made on the spot: a manifest of a fixture, a dex of a fixture, and any other files."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

APPS = Path(__file__).resolve().parent.parent.parent / "fixtures" / "apps"


def app_with(
    folder: Path, files: Mapping[str, bytes], base: str = "plain", drop: tuple[str, ...] = ()
) -> Path:
    """A copy of a fixture app with ``files`` added and the members ``drop`` left out."""
    path = folder / "app.apk"
    with zipfile.ZipFile(APPS / base / f"{base}.apk") as source, zipfile.ZipFile(path, "w") as target:
        for info in source.infolist():
            if info.filename not in (*drop, *files) and not info.filename.startswith("META-INF/"):
                target.writestr(info.filename, source.read(info))
        for name, data in files.items():
            target.writestr(name, data)
    return path

"""What of an app's file goes onto a device: the APK itself, or base and splits out of a container."""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from appaudit.apk.container import together
from appaudit.errors import InputError

CONTAINERS = (".apks", ".xapk", ".apkm")
ABIS = frozenset({"arm64_v8a", "armeabi_v7a", "armeabi", "x86", "x86_64", "mips", "mips64"})
MAX_PARTS = 200
MAX_BYTES = 4_000_000_000


def parts(app: Path, abi: str, scratch: Path) -> list[Path]:
    """The APKs to install, the base first. ``abi``: the device's, as it names it. Raises InputError."""
    if app.is_dir():
        found = sorted(app.glob("*.apk"), key=_base_first)
        if not found:
            raise InputError(f"{app} holds no APK")
        return found
    if app.suffix.lower() not in CONTAINERS:
        return [app]
    scratch.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(app) as archive:
            return _taken(archive, app.name, abi, scratch)
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
        raise InputError(f"{app.name} cannot be unpacked for the device: {error}") from error


def _taken(archive: zipfile.ZipFile, name: str, abi: str, scratch: Path) -> list[Path]:
    members = {m.filename: m for m in archive.infolist()}
    chosen = [members[n] for n in together(members)[:MAX_PARTS] if _fits(n, abi)]
    if not chosen:
        raise InputError(f"{name} holds no APK")
    out: list[Path] = []
    left = MAX_BYTES
    for number, member in enumerate(sorted(chosen, key=lambda m: _base_first(Path(m.filename)))):
        target = scratch / f"part-{number}.apk"  # never after a name in the archive
        with archive.open(member) as source, target.open("wb") as file:
            while chunk := source.read(1 << 20):
                left -= len(chunk)
                if left < 0:
                    raise InputError(f"{name} unpacks to more than an app can be")
                file.write(chunk)
        out.append(target)
    return out


def _fits(name: str, abi: str) -> bool:
    """Whether a split is not made for another ABI than the device's."""
    token = _token(name)
    return token not in ABIS or token == abi.replace("-", "_")


def _token(name: str) -> str:
    stem = PurePosixPath(name).stem
    return re.split(r"[.\-]", stem)[-1]


def _base_first(path: Path) -> tuple[bool, str]:
    return path.name not in ("base.apk", "base-master.apk") and not path.name.startswith("com."), path.name

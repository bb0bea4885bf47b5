"""Apps made of real libraries, renamed by real obfuscators; kept in ``.cache/`` and never committed."""

from __future__ import annotations

import hashlib
import re
import shutil
import struct
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fixtures.chain.tools import FIXTURES, r8_jar
from tests.bench.libraries import classes

CACHE = FIXTURES.parent / ".cache" / "renamed"
FRAMEWORK = FIXTURES / "framework" / "framework.jar"
PROGUARD = Path("/usr/share/java/proguard.jar")
NEWEST_FOR_PROGUARD = 57
"""Major version of class files that Debian's ProGuard reads; what it needs of newer ones is the same."""
SEALED = (b"PermittedSubclasses", b"permittedSubclasses")
"""An attribute that this R8 refuses; under another name it is passed over."""
TIMEOUT = 4000
JVM = ("-Xmx3g", "-Xss8m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""For short runs on few cores."""

KEEP_ALL = "-keep,allowobfuscation,allowoptimization class ** { public protected *; }"
COMMON = "-dontwarn **\n-ignorewarnings\n-dontnote **\n-allowaccessmodification\n"
PLAIN = "-dontoptimize\n-dontpreverify\n"
"""ProGuard fails to do either where supertypes are missing, as they are of Kotlin and other libraries."""
IGNORED = "-dontwarn **\n-ignorewarnings\n"
FIRST: Mapping[str, str] = {
    "ProGuard": f"{COMMON}{PLAIN}-dontshrink\n-repackageclasses ''\n{KEEP_ALL}\n",
    "ProGuard, shrunk": f"{COMMON}{PLAIN}-flattenpackagehierarchy 'o'\n",
    "R8": f"{COMMON}-repackageclasses ''\n{KEEP_ALL}\n",
    "R8, shrunk": f"{COMMON}-dontoptimize\n-repackageclasses ''\n",
}
"""What renames, and how, where the thresholds were chosen. The shrunk ones keep what a third of a library's
public classes reach; this R8 fails on these apps when it is to optimise beside."""
LATER: Mapping[str, str] = {
    "ProGuard, repackaged, aggressive overloading": (
        f"{COMMON}{PLAIN}-dontshrink\n-overloadaggressively\n-repackageclasses 'q.w'\n{KEEP_ALL}\n"
    ),
    "R8, flattened": f"{IGNORED}-flattenpackagehierarchy 'p'\n{KEEP_ALL}\n",
    "ProGuard, shrunk, repackaged": f"{COMMON}{PLAIN}-repackageclasses ''\n",
    "R8, shrunk, flattened": f"{IGNORED}-dontoptimize\n-flattenpackagehierarchy 'o'\n",
    "R8, shrunk, optimised": f"{COMMON}-repackageclasses ''\n",
}
"""The same for the libraries that came later, all other than those."""
RULES = {**FIRST, **LATER}

PLATFORM = tuple(
    f"classes/java/{p}/" for p in ("io", "lang", "math", "net", "nio", "security", "text", "util")
)


class BuildError(Exception):
    """An app could not be made; the message says why."""


class RefusedError(BuildError):
    """The obfuscator itself failed on these classes, as it will again."""


@dataclass(frozen=True)
class Renamed:
    """``dexes``: the app; ``original``: descriptor in the app → descriptor in the library."""

    dexes: tuple[bytes, ...]
    original: Mapping[str, str]


def renamed(libraries: Sequence[Path], how: str) -> Renamed:
    """The libraries as one app, renamed as ``RULES[how]`` says. Raises BuildError."""
    key = hashlib.sha256(RULES[how].encode() + how.encode())
    for library in libraries:
        key.update(hashlib.sha256(library.read_bytes()).digest())
    folder = CACHE / key.hexdigest()[:16]
    failed = folder / "failed.txt"
    if failed.exists():
        raise RefusedError(failed.read_text(encoding="utf-8"))
    if not (folder / ".complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            _build(libraries, how, folder)
        except RefusedError as error:
            failed.write_text(str(error), encoding="utf-8")
            raise
        (folder / ".complete").touch()
    dexes = tuple(path.read_bytes() for path in sorted(folder.glob("*.dex")))
    return Renamed(dexes, _originals((folder / "mapping.txt").read_text(encoding="utf-8")))


def _build(libraries: Sequence[Path], how: str, folder: Path) -> None:
    merged, rules, base = folder / "in.jar", folder / "rules.pro", folder / "base.jar"
    oldest = NEWEST_FOR_PROGUARD if how.startswith("ProGuard") else 255
    kept = _merge(libraries, merged, oldest)
    text = RULES[how]
    if "keep" not in text:
        text += "".join(f"-keep,allowobfuscation class {name} {{ public *; }}\n" for name in kept)
    text += f"-printmapping {folder / 'mapping.txt'}\n"
    _platform(base)
    if how.startswith("ProGuard"):
        out = folder / "out.jar"
        text += f"-injars {merged}\n-outjars {out}\n-libraryjars {FRAMEWORK}\n-libraryjars {base}\n"
        rules.write_text(text, encoding="utf-8")
        _java("-cp", PROGUARD, "proguard.ProGuard", f"@{rules}")
        _java("-cp", r8_jar(), "com.android.tools.r8.D8", "--release", "--min-api", "24", "--lib", base,
              "--output", folder, out)  # fmt: skip
        out.unlink()
    else:
        rules.write_text(text, encoding="utf-8")
        _java("-cp", r8_jar(), "com.android.tools.r8.R8", "--release", "--min-api", "24", "--lib", FRAMEWORK,
              "--lib", base, "--pg-conf", rules, "--output", folder, merged)  # fmt: skip
    for path in (merged, base):
        path.unlink()


def _java(*arguments: str | Path) -> None:
    command = ["java", *JVM, *(str(a) for a in arguments)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(str(error)) from error
    if done.returncode:
        lines = [line for line in f"{done.stdout}\n{done.stderr}".splitlines() if _TELLING.search(line)]
        raise RefusedError(" ".join(lines[:3])[:500])


def _merge(libraries: Sequence[Path], path: Path, newest: int) -> list[str]:
    """Writes all classes, each once; returns a third of the public ones, always the same."""
    seen: set[str] = set()
    kept = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as out:
        for library in libraries:
            for name, data in classes(library):
                if name in seen:
                    continue
                seen.add(name)
                if struct.unpack(">H", data[6:8])[0] > newest:
                    data = data[:6] + struct.pack(">H", newest) + data[8:]
                data = data.replace(*SEALED)
                out.writestr(name + ".class", data)
                if "$" not in name and hashlib.sha256(name.encode()).digest()[0] < 85:
                    kept.append(name.replace("/", "."))
    return kept


def _platform(path: Path) -> None:
    """The Java classes that both ask for, from the JDK at hand; records are beyond this R8."""
    homes = sorted(Path("/usr/lib/jvm").glob("*/jmods/java.base.jmod"))
    if not homes:
        raise BuildError("there is no JDK with jmods")
    with zipfile.ZipFile(homes[0]) as archive, zipfile.ZipFile(path, "w") as out:
        for name in archive.namelist():
            if name.startswith(PLATFORM) and name.endswith(".class"):
                data = archive.read(name)
                if b"java/lang/Record" not in data:
                    out.writestr(name.removeprefix("classes/"), data[:6] + struct.pack(">H", 52) + data[8:])


_TELLING = re.compile("error|exception|caused by", re.IGNORECASE)
_MAPPED = re.compile(r"^(\S+) -> (\S+):$", re.MULTILINE)


def _originals(mapping: str) -> dict[str, str]:
    return {
        f"L{new.replace('.', '/')};": f"L{old.replace('.', '/')};" for old, new in _MAPPED.findall(mapping)
    }

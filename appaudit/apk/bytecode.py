"""Java bytecode of libraries (.jar, .aar) made into dex files by d8, where there is one.

``APPAUDIT_D8`` names it: an executable, or the jar with ``com.android.tools.r8.D8``. Without it,
``d8`` on the path counts, then the newest of the Android SDK's build tools.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

SECONDS = 600
MAIN = "com.android.tools.r8.D8"


class ConversionError(Exception):
    """Bytecode that was not converted; the message says why in one sentence."""


def d8() -> list[str] | None:
    """The command that starts d8; None where there is none."""
    named = os.environ.get("APPAUDIT_D8")
    if named:
        if named.endswith(".jar"):
            java = shutil.which("java")
            return [java, "-cp", named, MAIN] if java else None
        return [named]
    found = shutil.which("d8")
    if found is None:
        home = os.environ.get("ANDROID_HOME") or os.environ.get("ANDROID_SDK_ROOT")
        tools = sorted(Path(home, "build-tools").glob("*/d8"), key=_version) if home else []
        found = str(tools[-1]) if tools else None
    return None if found is None else [found]


def convert(jars: Sequence[bytes]) -> list[bytes]:
    """The dex files that d8 makes of the classes in ``jars``. Raises `ConversionError`."""
    command = d8()
    if command is None:
        raise ConversionError("there is no d8; name one with APPAUDIT_D8")
    with tempfile.TemporaryDirectory(prefix="appaudit-") as folder:
        inputs, out = [], Path(folder, "out")
        out.mkdir()
        for number, data in enumerate(jars):
            path = Path(folder, f"{number}.jar")
            path.write_bytes(data)
            inputs.append(str(path))
        # Library classes are not at hand and not needed; nothing is desugared for minimum API 26.
        command += ["--release", "--min-api", "26", "--output", str(out), *inputs]
        try:
            done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603
        except subprocess.TimeoutExpired:
            raise ConversionError(f"d8 took longer than {SECONDS} seconds") from None
        except OSError as error:
            raise ConversionError(f"d8 cannot be started: {error.strerror or error}") from None
        found = [path.read_bytes() for path in sorted(out.glob("classes*.dex"), key=_number)]
        if done.returncode or not found:
            words = done.stderr.decode(errors="replace").strip().splitlines() or ["it gave no dex"]
            raise ConversionError(f"d8 failed: {words[0][:200]}")
        return found


def _number(path: Path) -> int:
    digits = path.stem.removeprefix("classes")
    return int(digits) if digits.isdigit() else 1


def _version(path: Path) -> list[int]:
    return [int(part) if part.isdigit() else 0 for part in path.parent.name.split(".")]

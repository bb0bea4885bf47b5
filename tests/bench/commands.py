"""Whole commands, start-up included, as ratios to an empty interpreter and to inflating the dex."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
import zipfile
from pathlib import Path

from tests.corpus import APKS, available

ROOT = Path(__file__).resolve().parents[2]


def installed() -> dict[str, str]:
    """The environment of a command as users have it: modules are compiled once, not at every start."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def cpu(arguments: list[str], repeat: int = 5) -> float:
    """CPU seconds (user and system) of a command, the best of ``repeat`` runs."""
    best = float("inf")
    for _ in range(repeat):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(arguments, capture_output=True, cwd=ROOT, env=installed(), check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best


def inflate(apk: Path, repeat: int = 5) -> tuple[int, float]:
    """(bytes of dex, CPU seconds to inflate them), the best of ``repeat`` runs."""
    best, size = float("inf"), 0
    for _ in range(repeat):
        with zipfile.ZipFile(apk) as archive:
            names = [n for n in archive.namelist() if n.endswith(".dex")]
            before = time.process_time()
            size = sum(len(archive.read(n)) for n in names)
            best = min(best, time.process_time() - before)
    return size, best


def run() -> list[str]:
    """Lines with the ratios."""
    empty = cpu([sys.executable, "-c", "pass"])
    help_ = cpu([sys.executable, "-m", "appaudit", "--help"])
    lines = [f"--help: {help_:.3f} s CPU = {help_ / empty:.1f} x `python -c pass` ({empty:.3f} s)"]
    demos = next((path for path, _ in available(APKS[:1])), None)
    if demos is None:
        return [*lines, "audit: no real APK at hand (see tests/corpus.py)"]
    policy = ROOT / "fixtures" / "apps" / "shop" / "policy.zh.html"
    size, zlib = inflate(demos)
    spent = cpu([sys.executable, "-m", "appaudit", "audit", str(demos), "-p", str(policy), "-f", "json"], 3)
    lines.append(
        f"audit of {demos.name} ({size / 1e6:.1f} MB of dex) with a policy: {spent:.2f} s CPU = "
        f"{spent / empty:.0f} x `python -c pass`, {spent / zlib:.1f} x inflating its dex ({zlib:.3f} s)"
    )
    return lines

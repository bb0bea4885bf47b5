"""A whole scan, start-up included, against inflating the same dex files: limit 5 x inflating + 0.6 s."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.bench.commands import installed
from tests.bench.dex_sets import DexSet, dex_sets

ROUNDS = 3
STARTUP = 0.6
"""Seconds a scan may take beyond what grows with the app."""
MANIFEST = Path(__file__).resolve().parent.parent.parent / "fixtures" / "apps" / "shop" / "shop.apk"
CHILD = """
import json, resource, sys, time
from pathlib import Path
start = time.process_time()
import appaudit.static
imported = time.process_time() - start
result = appaudit.static.scan(Path(sys.argv[1]))
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "cpu": usage.ru_utime + usage.ru_stime,
    "imports": imported,
    "megabytes": usage.ru_maxrss / 1024,
    "facts": len(result.facts),
}))
"""


def run() -> list[str]:
    """One line for each set of dex files, then how the ratios agree."""
    lines, slopes = [], []
    with tempfile.TemporaryDirectory() as folder:
        for number, files in enumerate(dex_sets()):
            path = Path(folder) / f"app{number}.apk"
            _write(path, files)
            inflating = _least(files.inflate)
            best = min((_scan(path) for _ in range(ROUNDS)), key=lambda r: float(r["cpu"]))
            cpu, limit = best["cpu"], 5 * inflating + STARTUP
            largest = max(size for _, _, size in files.deflated) / 1e6
            slopes.append((cpu - best["imports"]) / inflating)
            lines += [
                f"{files.title}: {cpu:.2f} s CPU ({best['imports']:.2f} s imports), "
                f"{best['facts']:.0f} facts; {cpu / limit:.2f} x its limit of {limit:.2f} s",
                f"  without imports {slopes[-1]:.1f} x inflating; {best['megabytes']:.0f} MB peak, "
                f"{best['megabytes'] / (4 * largest + 150):.2f} x its limit",
            ]
    if len(slopes) > 1:
        spread = max(slopes) / min(slopes) - 1
        lines.append(f"the ratios to inflating differ by {spread:.0%} from the smallest to the largest app")
    return lines or ["no real APK at hand; run python -m tests.corpus"]


def _write(path: Path, files: DexSet) -> None:
    """An APK of these dex files with a fixture's manifest."""
    with zipfile.ZipFile(MANIFEST) as fixture, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as apk:
        for name in ("AndroidManifest.xml", "resources.arsc"):
            if name in fixture.namelist():
                apk.writestr(name, fixture.read(name))
        for k, (_, data) in enumerate(files.inflate()):
            apk.writestr("classes.dex" if k == 0 else f"classes{k + 1}.dex", data)


def _scan(path: Path) -> dict[str, float]:
    root = Path(__file__).resolve().parent.parent.parent
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
        env=installed(),
    )
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _least(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best

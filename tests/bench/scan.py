"""A whole scan, start-up included, against inflating the same dex files: limit 5 x inflating + 0.6 s."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.bench.commands import installed
from tests.bench.dex_sets import DexSet, dex_sets
from tests.bench.measure import cpu as cpu_of
from tests.bench.measure import on_one_core

ROUNDS = 3
STARTUP = 0.6
"""Seconds a scan may take beyond what grows with the app."""
MANIFEST = Path(__file__).resolve().parent.parent.parent / "fixtures" / "apps" / "shop" / "shop.apk"
CHILD = """
import json, resource, sys, time
from pathlib import Path
start = time.perf_counter()
import appaudit.static
result = appaudit.static.scan(Path(sys.argv[1]))
usage = resource.getrusage(resource.RUSAGE_SELF)
from tests.bench.measure import peak
print(json.dumps({
    "cpu": usage.ru_utime + usage.ru_stime,
    "wall": time.perf_counter() - start,
    "megabytes": peak(),
    "facts": len(result.facts),
}))
"""


def run() -> list[str]:
    """Two lines for each set of dex files, then how the costs agree.

    CPU time is that of one core, where no two threads share a cache; the clock that of all cores.
    """
    lines, ratios = [], []
    with tempfile.TemporaryDirectory() as folder:
        constant = min(_scan(MANIFEST)["cpu"] for _ in range(ROUNDS))
        lines.append(f"{MANIFEST.name}, next to no code: {constant:.2f} s CPU")
        for number, files in enumerate(dex_sets()):
            path = Path(folder) / f"app{number}.apk"
            _write(path, files)
            # Alternating, so that what else the machine does touches both alike; the best of each counts.
            rounds = [(cpu_of(files.inflate, 1), _scan(path), _scan(path, None)) for _ in range(ROUNDS)]
            inflating = min(inflate for inflate, _, _ in rounds)
            best = min((scan for _, scan, _ in rounds), key=lambda scan: scan["cpu"])
            wall = min(scan["wall"] for _, _, scan in rounds)
            peak = max(scan["megabytes"] for _, *scans in rounds for scan in scans)
            cpu, limit = best["cpu"], 5 * inflating + STARTUP
            largest = max(size for _, _, size in files.deflated) / 1e6
            memory = 4 * largest + 150
            ratios.append(cpu / limit)
            lines += [
                f"{files.title}: {cpu:.2f} s CPU, {cpu / limit:.2f} x its limit of {limit:.2f} s"
                f" ({_holds(cpu <= limit)}); {wall:.2f} s by the clock on all cores, {wall / limit:.2f} x",
                f"  {best['facts']:.0f} facts; beyond the fixture's {(cpu - constant) / inflating:.1f} x"
                f" inflating; {peak:.0f} MB peak, {peak / memory:.2f} x its limit ({_holds(peak <= memory)})",
            ]
    if len(ratios) > 1:
        spread = max(ratios) / min(ratios)
        lines.append(
            f"linear: the largest ratio is {spread:.2f} times the smallest"
            f" (limit 1.25, {_holds(spread <= 1.25)})"
        )
    return lines if ratios else ["no real APK at hand; run python -m tests.corpus"]


def _holds(right: bool) -> str:
    return "holds" if right else "does not hold"


def _write(path: Path, files: DexSet) -> None:
    """An APK of these dex files with a fixture's manifest."""
    with zipfile.ZipFile(MANIFEST) as fixture, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as apk:
        for name in ("AndroidManifest.xml", "resources.arsc"):
            if name in fixture.namelist():
                apk.writestr(name, fixture.read(name))
        for k, (_, data) in enumerate(files.inflate()):
            apk.writestr("classes.dex" if k == 0 else f"classes{k + 1}.dex", data)


def _scan(path: Path, bind: Callable[[], None] | None = on_one_core) -> dict[str, float]:
    root = Path(__file__).resolve().parent.parent.parent
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
        env=installed(),
        preexec_fn=bind,
    )
    result: dict[str, float] = json.loads(done.stdout)
    return result

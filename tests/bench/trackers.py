"""Which trackers are inside, against exodus-core: the same package prefixes, the same APK.

exodus-core reads a class list from dexdump and tries a regular expression a tracker on every class.
It has an environment of its own and is given our prefixes, since its own list is fetched from its site.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from appaudit.knowledge import sdks
from tests.bench.dex_sets import apks
from tests.bench.measure import python_with

APK = "app-debug-androidTest.apk"
WANTED = 20.0

OURS = """
from pathlib import Path
from tests.oracle import read_apk
def work(path, signatures):
    found = set()
    for dex in read_apk(Path(path)):
        found |= dex.count_prefixes(signatures).keys()
    return found
"""
THEIRS = r"""
import re
from collections import namedtuple
from exodus_core.analysis.static_analysis import StaticAnalysis
Tracker = namedtuple("Tracker", "code_signature prefix")
def work(path, signatures):
    analysis = StaticAnalysis()
    analysis.apk_path = path
    analysis.signatures = [Tracker("^" + re.escape(s[1:].rstrip(";")), s) for s in signatures]
    analysis._compile_signatures()
    return {tracker.prefix for tracker in analysis.detect_trackers()}
"""
FRAME = """
import json, resource, sys
path, signatures = json.load(sys.stdin)
{work}
def spent():
    usage = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in usage)
start = spent()
found = work(path, signatures)
print(json.dumps([spent() - start, sorted(found)]))
"""


def measure(python: str, work: str, path: Path, signatures: list[str], rounds: int) -> tuple[float, set[str]]:
    """CPU seconds without imports, child processes included, the best of some runs; what was found."""
    best, found = float("inf"), set[str]()
    for _ in range(rounds):
        result = subprocess.run(
            [python, "-c", FRAME.format(work=work)],
            input=json.dumps([str(path), signatures]),
            capture_output=True,
            text=True,
            check=True,
        )
        cpu, names = json.loads(result.stdout.splitlines()[-1])
        best, found = min(best, cpu), set(names)
    return best, found


def run() -> list[str]:
    """One line with the ratio."""
    if APK not in apks():
        return ["not measured: the package with the APK could not be fetched"]
    if shutil.which("dexdump") is None:
        return ["not measured: exodus-core needs dexdump (apt-get install dexdump)"]
    # Its classes have no nested ones and no end, so that only prefixes of packages compare.
    signatures = [prefix for prefix in sdks.prefixes()[0] if prefix.endswith("/")]
    try:
        python = python_with("exodus-core", "venv-exodus")
        theirs, named = measure(python, THEIRS, apks()[APK], signatures, 1)
    except (subprocess.SubprocessError, OSError) as error:
        return [f"not measured: exodus-core: {error}"]
    ours, found = measure(sys.executable, OURS, apks()[APK], signatures, 3)
    return [
        f"{APK}, {len(signatures)} prefixes: {len(found)} defined in {ours:.3f} s of CPU, inflating included",
        f"exodus-core: {theirs:.2f} s of CPU, dexdump included, {len(named)} named (classes that are only"
        f" referred to count there), {len(found - named)} of ours missed: {theirs / ours:.0f} x the CPU"
        f" (wanted: {WANTED:g} x)",
    ]

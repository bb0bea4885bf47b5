"""Call sites of the framework methods of twenty classes, against androguard and dexllm.

Each runs in a process of its own; CPU is that of the work without imports, memory that of the process.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.bench.dex_sets import apks
from tests.bench.measure import on_one_core, python_with
from tests.oracle import all_methods, read_apk

ROUNDS = 3
APK = "app-debug-androidTest.apk"
CLASSES = {
    f"Landroid/{name};"
    for name in (
        "telephony/TelephonyManager",
        "net/wifi/WifiManager",
        "net/wifi/WifiInfo",
        "net/ConnectivityManager",
        "net/Uri",
        "content/pm/PackageManager",
        "content/ClipboardManager",
        "content/ContentResolver",
        "content/Context",
        "location/LocationManager",
        "location/Location",
        "provider/Settings$Secure",
        "app/ActivityManager",
        "hardware/SensorManager",
        "os/Environment",
        "webkit/WebView",
    )
} | {"Ljava/lang/Class;", "Ljava/lang/reflect/Method;", "Ljava/lang/Runtime;", "Ljava/net/URL;"}

OURS = """
from pathlib import Path
from appaudit.dex import Target, call_sites
from tests.oracle import read_apk
def work(path, methods):
    sites = call_sites(read_apk(Path(path)), [Target(*m) for m in methods])
    return [(sites.caller_descriptor(k), sites.callee_descriptor(k)) for k in range(len(sites))]
"""
ANDROGUARD = """
from androguard.misc import AnalyzeAPK
from loguru import logger
logger.remove()
def work(path, methods):
    analysis, wanted, found = AnalyzeAPK(path)[2], {tuple(m) for m in methods}, []
    for m in analysis.get_methods():
        proto = str(m.descriptor).replace(" ", "")
        if (m.class_name, m.name, proto) in wanted:
            for _, caller, _ in m.get_xref_from():
                name = f"{caller.class_name}->{caller.name}" + str(caller.descriptor).replace(" ", "")
                found.append((name, f"{m.class_name}->{m.name}{proto}"))
    return found
"""
DEXLLM_WORK = """
from dexllm import DexKit
def work(path, methods):
    kit, found = DexKit(path), []
    for owner, name, proto in methods:
        callee = f"{owner}->{name}{proto}"
        found += [(site.caller_descriptor, callee) for site in kit.find_call_sites_to(callee)]
    return found
"""
FRAME = """
import json, sys, time
path, methods = json.load(sys.stdin)
{work}
start = time.process_time()
found = work(path, methods)
cpu = time.process_time() - start
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
peak = int(status["VmHWM"].split()[0]) / 1024
whole = time.process_time()
print(json.dumps([cpu, whole, peak, sorted(found)]))
"""


@dataclass(frozen=True)
class Run:
    """CPU seconds of the work and of the whole process, its peak MB, and what it found."""

    cpu: float
    whole: float
    peak: float
    found: list[tuple[str, str]]


def measure(python: str, work: str, path: Path, methods: list[tuple[str, str, str]], rounds: int) -> Run:
    """The best of some runs, each on one core."""
    runs = []
    for _ in range(rounds):
        result = subprocess.run(
            [python, "-c", FRAME.format(work=work)],
            input=json.dumps([str(path), methods]),
            capture_output=True,
            text=True,
            check=True,
            preexec_fn=on_one_core,
        )
        cpu, whole, peak, found = json.loads(result.stdout.splitlines()[-1])
        runs.append(Run(cpu, whole, peak, [(a, b) for a, b in found]))
    return min(runs, key=lambda r: r.cpu)


def _line(name: str, ours: Run, other: Run, faster: float, smaller: float) -> str:
    same = (
        "the same sites"
        if sorted(ours.found) == sorted(other.found)
        else (
            f"{len(set(other.found) - set(ours.found))} sites only {name}, "
            f"{len(set(ours.found) - set(other.found))} only ours"
        )
    )
    return (
        f"{name}: {other.cpu:.2f} s of CPU, {other.peak:.0f} MB, {same}:"
        f" {other.cpu / ours.cpu:.1f} x the CPU (whole process {other.whole / ours.whole:.1f} x),"
        f" {other.peak / ours.peak:.1f} x the memory (wanted: {faster:g} x, {smaller:g} x)"
    )


def run() -> list[str]:
    """One line for us and one a peer."""
    if APK not in apks():
        return ["not measured: the package with the APK could not be fetched"]
    path = apks()[APK]
    methods = sorted(m for m in all_methods(read_apk(path)) if m[0] in CLASSES)
    ours = measure(sys.executable, OURS, path, methods, ROUNDS)
    lines = [
        f"{APK}, {len(methods)} methods: {len(ours.found)} sites in {ours.cpu:.2f} s of CPU"
        f" (whole process {ours.whole:.2f} s), {ours.peak:.0f} MB, inflating included"
    ]
    try:
        python = python_with("dexllm", "venv-dexllm")
        lines.append(_line("dexllm", ours, measure(python, DEXLLM_WORK, path, methods, ROUNDS), 1, 1))
    except (subprocess.SubprocessError, OSError) as error:
        lines.append(f"dexllm: not measured: {error}")
    try:
        lines.append(
            _line("androguard", ours, measure(sys.executable, ANDROGUARD, path, methods, 1), 100, 10)
        )
    except (subprocess.SubprocessError, OSError) as error:
        lines.append(f"androguard: not measured: {error}")
    return lines

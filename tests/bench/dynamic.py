"""Hooks: what a hooked call costs, calls told without loss, delay of the start, memory; with frida-trace.

The stress fixture reads one setting 10,000 times from two threads, on a JVM; the same method under both, in
this run. Costs are processor time of the app's process, with what the agent uses inside it, so that other
work on the machine counts little. Needs the JVM target (see README); prints why where it cannot run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appaudit.dynamic import session
from appaudit.dynamic.record import Record, read
from appaudit.dynamic.rows import rows
from appaudit.dynamic.target_jvm import JvmTarget
from appaudit.dynamic.ui import parse
from tests.dynamic.runs import obstacle
from tests.fixtures.apps import apk

CALLS = 10_000
MILLION = 100
"""Floods of 10,000 calls that make a million."""
METHOD = "android.provider.Settings$Secure!getString"
NOWHERE = 10**9


def flood(target: JvmTarget) -> float:
    """Seconds for the calls, by the clock."""
    button = next(n for n in parse(target.screen()).clickable if n.text == "洪水")
    start = time.perf_counter()
    target.tap(*button.middle)
    return time.perf_counter() - start


def processor(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """Megabytes of a process in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@dataclass(frozen=True, slots=True)
class Cost:
    """Of floods: microseconds of processor time a call, seconds of the fastest, calls told, megabytes of the
    app after the first and the last and by how many our own process grew, seconds until the app could run."""

    call: float
    best: float
    told: int
    first: float
    last: float
    host: float
    start: float


@contextmanager
def running(stacks: int | None) -> Iterator[tuple[JvmTarget, Path, float]]:
    """The app, hooked with so many stacks a second and thread; None: not hooked at all."""
    folder = Path(tempfile.mkdtemp(prefix="appaudit-bench-"))
    target = JvmTarget(apk("stress"), folder)
    target.prepare()
    record = Record(folder / "run.jsonl")
    watch = session.Session(target, record)
    try:
        start = time.perf_counter()
        if stacks is None:
            target.spawn(True).detach()
            target.resume()
        else:
            session.TUNING.update(stacksPerSecond=stacks, sampleEvery=64 if stacks else NOWHERE)
            watch.open(fresh=True)
        yield target, folder / "run.jsonl", time.perf_counter() - start
    finally:
        session.TUNING.clear()
        if stacks is not None:
            watch.close()
        target.close()
        record.close()
        shutil.rmtree(folder, ignore_errors=True)


def cost(stacks: int | None, rounds: int) -> Cost:
    """Of so many floods; the first warms up and counts for memory only."""
    with running(stacks) as (target, path, start):
        flood(target)
        first, used, host = resident(target.pid), processor(target.pid), resident(os.getpid())
        best = min(flood(target) for _ in range(rounds - 1))
        used, last = processor(target.pid) - used, resident(target.pid)
        host = resident(os.getpid()) - host
        if stacks is not None:
            time.sleep(1)
        lines = read(path) if stacks is not None else ()
        told = sum(line["count"] for line in lines if line["line"] == "call")
    return Cost(used / ((rounds - 1) * CALLS) * 1e6, best, told, first, last, host, start)


def peer(rounds: int) -> tuple[float, int, float, float]:
    """(microseconds a call, calls printed, seconds until it traced, megabytes after) under frida-trace."""
    with running(None) as (target, path, _):
        flood(target)  # frida-trace finds loaded classes only
        out = path.with_name("trace.txt")
        start = time.perf_counter()
        with out.open("w") as file:
            trace = subprocess.Popen(
                [str(Path(sys.executable).with_name("frida-trace")), "-p", str(target.pid), "-j", METHOD],
                stdin=subprocess.PIPE, stdout=file, stderr=subprocess.STDOUT, cwd=path.parent,
            )  # fmt: skip
            while "Started tracing" not in out.read_text(errors="replace"):
                time.sleep(0.05)
                if time.perf_counter() - start > 60:
                    break
            ready = time.perf_counter() - start
            used = processor(target.pid)
            for _ in range(rounds):
                flood(target)
            used, held = processor(target.pid) - used, resident(target.pid)
            time.sleep(3)
            trace.terminate()
            trace.wait(20)
        printed = out.read_text(errors="replace").count("Secure.getString(")
        return used / (rounds * CALLS) * 1e6, printed, ready, held


def run() -> list[str]:
    """One line a claim."""
    if why := obstacle():
        return [f"hooks: not measured: {why}"]
    bare = cost(None, 4)
    light, heavy = cost(0, MILLION), cost(NOWHERE, 4)
    usual = cost(400, 4)
    traced, printed, ready, held = peer(3)
    added = light.call - bare.call
    beside = f"+{traced - bare.call:.0f} us ({(traced - bare.call) / added:.1f}x ours without stack)"
    if not printed:
        beside = "traced nothing on this JVM"
    stacked, sampled = heavy.call - bare.call, usual.call - bare.call
    every = MILLION * CALLS
    return [
        f"a hooked call: +{added:.0f} us of processor time without stack, +{stacked:.0f} us with one, "
        f"+{sampled:.0f} us as set (400 stacks a second and thread, then one of 64); frida-trace {beside}",
        f"calls told: {light.told:,} of {every:,} without stack, {heavy.told:,} of {4 * CALLS:,} with; "
        f"frida-trace printed {printed:,} of {3 * CALLS:,}",
        f"calls a second without loss: {CALLS / light.best:,.0f} without stack, "
        f"{CALLS / heavy.best:,.0f} with",
        f"delay of the start: {light.start - bare.start:.1f} s for {len(rows())} members and the modules; "
        f"frida-trace {ready:.1f} s for one method",
        f"memory: the app {light.first:.0f} MB after {CALLS:,} calls, {light.last:.0f} MB after {every:,} "
        f"(its heap of 64 MB whole from the start; {bare.last:.0f} MB without hooks); this process "
        f"{light.host:+.0f} MB meanwhile; under frida-trace {held:.0f} MB after {3 * CALLS:,}",
    ]

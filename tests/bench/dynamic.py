"""Hooks: time added to a hooked call, calls counted without loss, memory; against frida-trace.

The stress fixture reads one setting 10,000 times from two threads, on a JVM; each line is one measurement of
this run, the same method for both. Needs the JVM target (see README); prints why where it cannot run.
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
from pathlib import Path

from appaudit.dynamic import session
from appaudit.dynamic.record import Record, read
from appaudit.dynamic.target_jvm import JvmTarget
from appaudit.dynamic.ui import parse
from tests.dynamic.runs import obstacle
from tests.fixtures.apps import apk

CALLS = 10_000
ROUNDS = 10
METHOD = "android.provider.Settings$Secure!getString"


def flood(target: JvmTarget) -> float:
    """Seconds for the calls."""
    button = next(n for n in parse(target.screen()).clickable if n.text == "洪水")
    start = time.perf_counter()
    target.tap(*button.middle)
    return time.perf_counter() - start


def resident(pid: int) -> float:
    """Megabytes of a process in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def running(stacks: int | None) -> Iterator[tuple[JvmTarget, Path]]:
    """The app, hooked with so many stacks a second and thread; None: not hooked at all."""
    folder = Path(tempfile.mkdtemp(prefix="appaudit-bench-"))
    target = JvmTarget(apk("stress"), folder)
    target.prepare()
    record = Record(folder / "run.jsonl")
    watch = session.Session(target, record)
    try:
        if stacks is None:
            target.spawn(True).detach()
            target.resume()
        else:
            session.TUNING.update(stacksPerSecond=stacks, sampleEvery=64 if stacks else 10**9)
            watch.open(fresh=True)
        yield target, folder / "run.jsonl"
    finally:
        session.TUNING.clear()
        if stacks is not None:
            watch.close()
        target.close()
        record.close()
        shutil.rmtree(folder, ignore_errors=True)


def ours(stacks: int, rounds: int) -> tuple[float, int, float, float]:
    """(best seconds of a flood, calls counted, MB after the first, MB after the last flood)."""
    with running(stacks) as (target, path):
        best = flood(target)
        first = resident(target.pid)
        best = min([best, *(flood(target) for _ in range(rounds - 1))])
        last = resident(target.pid)
        time.sleep(0.5)
        counted = sum(line["count"] for line in read(path) if line["line"] == "call")
    return best, counted, first, last


def peer() -> tuple[float, int]:
    """(seconds of a flood, calls printed) under frida-trace."""
    with running(None) as (target, path):
        flood(target)  # frida-trace finds loaded classes only
        out = path.with_name("trace.txt")
        with out.open("w") as file:
            trace = subprocess.Popen(
                [str(Path(sys.executable).with_name("frida-trace")), "-p", str(target.pid), "-j", METHOD],
                stdin=subprocess.PIPE, stdout=file, stderr=subprocess.STDOUT, cwd=path.parent,
            )  # fmt: skip
            end = time.monotonic() + 60
            while "Started tracing" not in out.read_text(errors="replace") and time.monotonic() < end:
                time.sleep(0.2)
            seconds = flood(target)
            time.sleep(3)
            trace.terminate()
            trace.wait(20)
        return seconds, out.read_text(errors="replace").count("Secure.getString(")


def run() -> list[str]:
    """One line a claim."""
    if why := obstacle():
        return [f"hooks: not measured: {why}"]
    with running(None) as (target, _):
        flood(target)
        bare = min(flood(target) for _ in range(3))
    light, counted, first, last = ours(0, ROUNDS)
    heavy, with_stacks, _, _ = ours(10**9, 2)
    traced, printed = peer()

    def cost(seconds: float) -> str:
        return f"{(seconds - bare) / CALLS * 1e6:.0f} us"

    beside = f"+{cost(traced)} ({(traced - bare) / (light - bare):.1f}x ours without stack)"
    if not printed:
        beside = "traced nothing on this JVM"
    return [
        f"a hooked call: +{cost(light)} without stack, +{cost(heavy)} with one; frida-trace {beside}",
        f"calls counted: {counted} of {ROUNDS * CALLS} without stack, {with_stacks} of {2 * CALLS} with; "
        f"frida-trace printed {printed} of {CALLS}",
        f"calls a second without loss: {CALLS / light:,.0f} without stack, {CALLS / heavy:,.0f} with",
        f"memory of the app: {first:.0f} MB after {CALLS:,} calls, {last:.0f} MB after {ROUNDS * CALLS:,}",
    ]

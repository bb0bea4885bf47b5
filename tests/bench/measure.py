"""What several benches measure with."""

from __future__ import annotations

import os
import subprocess
import time
import venv
from collections.abc import Callable
from pathlib import Path

from tests.corpus import CACHE


def cpu(work: Callable[[], object], rounds: int) -> float:
    """CPU seconds of this process, the least of ``rounds``."""
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def python_with(package: str, name: str) -> str:
    """The interpreter of an environment that has a peer's ``package``, made on first use.

    Raises CalledProcessError.
    """
    folder = CACHE.parent / name
    python = folder / "bin" / "python"
    if not (folder / ".complete").exists():
        venv.create(folder, with_pip=True, clear=True)
        command = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", package]
        subprocess.run(command, check=True, capture_output=True, timeout=600)
        (folder / ".complete").touch()
    return str(python)


def on_one_core() -> None:
    """Binds a process that is being started to one core, where cores can be chosen."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def peak() -> float:
    """Megabytes of memory this process has had at most (Linux).

    Not ru_maxrss, in which the parent's memory counts until the interpreter is loaded.
    """
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024

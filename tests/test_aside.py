"""Work on another core: what it gives, what it raises, what is left of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from appaudit.aside import aside
from appaudit.errors import InputError

CHILD = """
import os, signal, sys, time
from appaudit.aside import aside
from appaudit.errors import InputError
def fail(): raise InputError("nothing in it")
def die(): os.kill(os.getpid(), signal.SIGKILL)
def slow(): time.sleep(60)
if sys.argv[1] == "alone":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
work = {
    "alone": os.getpid, "pid": os.getpid, "fail": fail, "die": die, "slow": slow,
    "big": lambda: "x" * 5_000_000,
}[sys.argv[1]]
try:
    with aside(work) as answer:
        if sys.argv[1] == "slow":
            raise KeyError("not asked for")
        result = answer()
    print(len(result) if isinstance(result, str) else "elsewhere" if result != os.getpid() else "here")
except (InputError, MemoryError, KeyError) as error:
    print(type(error).__name__, error)
try:
    os.waitpid(-1, 0)
    print("a process is left")
except ChildProcessError:
    pass
"""


def run(case: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", CHILD, case],
        capture_output=True, text=True, timeout=30, check=True,
        cwd=Path(__file__).resolve().parent.parent,
    )  # fmt: skip
    assert ended.stderr == ""
    return ended.stdout.strip()


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or len(os.sched_getaffinity(0)) < 2, reason="one core, or no fork"
)
@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("pid", "elsewhere"),
        ("big", "5000000"),
        ("fail", "InputError nothing in it"),
        ("die", "MemoryError"),
        ("slow", "KeyError 'not asked for'"),
    ],
)
def test_work_is_done_elsewhere_and_nothing_of_it_is_left(case: str, said: str) -> None:
    started = time.monotonic()
    assert run(case) == said
    assert time.monotonic() - started < 25


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no way to give a process one core")
def test_on_one_core_the_work_is_done_here() -> None:
    assert run("alone") == "here"


@pytest.mark.parametrize("fails", [False, True])
def test_a_process_with_threads_is_never_forked(fails: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    wait = threading.Event()
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("forked"))
    thread = threading.Thread(target=wait.wait)
    thread.start()

    def work() -> int:
        if fails:
            raise InputError("no")
        return 7

    def ask(answer: Callable[[], int]) -> int:
        return answer()

    try:
        with aside(work) as answer:
            if fails:
                with pytest.raises(InputError, match="no"):
                    ask(answer)
            else:
                assert ask(answer) == 7
    finally:
        wait.set()
        thread.join()

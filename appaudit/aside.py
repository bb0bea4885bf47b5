"""A piece of work on another core while this one goes on."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

_is_aside = False
"""Whether this process is one that was started here: all cores have work then."""


@contextmanager
def aside(work: Callable[[], T]) -> Iterator[Callable[[], T]]:
    """Start ``work`` in a process of its own; the function that is given waits for its result.

    The function returns what ``work`` returned or raises what it raised; call it once. Results and
    errors must pickle. Where there is one core, or forking is unknown or unsafe (a process with
    threads), the work is done here, when its result is asked for. A block that is left without asking
    ends the process.
    """
    if not _can_fork():
        yield work
        return
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _answer(work, writer)
    os.close(writer)
    try:
        with os.fdopen(reader, "rb") as answers:
            yield lambda: _received(answers.read())
    finally:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(child, 0)


def cores() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform.startswith("linux") else os.cpu_count() or 1


def _can_fork() -> bool:
    # Linux alone: its /proc tells of every thread, also those that a library started.
    if not sys.platform.startswith("linux"):
        return False
    try:
        alone = len(list(Path("/proc/self/task").iterdir())) == 1
        return alone and cores() > 1 and not _is_aside
    except OSError:
        return False


def _answer(work: Callable[[], object], writer: int) -> None:
    """In the child: send (whether it failed, result or error), then end without the parent's cleaning up."""
    global _is_aside
    _is_aside = True
    import pickle  # here and below: the program's --help has no use for it

    try:
        try:
            answer = (False, work())
        except Exception as error:  # noqa: BLE001 - all are the parent's to raise
            answer = (True, error)
        with os.fdopen(writer, "wb") as out:
            pickle.dump(answer, out, pickle.HIGHEST_PROTOCOL)
    except BaseException:  # noqa: BLE001, S110 - interrupted, or the parent went away: it has its own to say
        pass
    finally:
        os._exit(0)


def _received(answer: bytes) -> Any:
    if not answer:
        raise MemoryError  # nothing but the system's own killer leaves no answer
    import pickle

    failed, result = pickle.loads(answer)  # noqa: S301 - our own child's
    if failed:
        raise result
    return result

"""An app's other processes: held when they start, hooked, let go.

On a phone the device holds each new process (spawn gating), also of other apps: they are let go beside those
that are hooked, not after them. On a JVM the app's own children are held. None of their code runs before the
hooks.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol

from appaudit.dynamic.record import Record
from appaudit.dynamic.target import Child, LostError, Target

MAX_PROCESSES = 64
"""Processes of one session that are hooked; an app that starts more is told so."""
WORKERS = 4


class Hooked(Protocol):
    """What a session does for one process more."""

    detached: str

    def hook(self, frida: Any, epoch: int) -> Any:
        """Load the agent and set the hooks. Raises LostError."""

    def late(self) -> None:
        """Hook what is there only now that the process runs; never raises."""

    def epoch(self, number: int) -> None:
        """Events from now on belong to this epoch. Raises LostError."""

    def close(self) -> None:
        """Let go; never raises."""


class Family:
    """The processes beside the main one of a session. ``watch`` makes a process's session, given its name."""

    def __init__(self, target: Target, record: Record, watch: Callable[[str], Hooked]) -> None:
        self._target = target
        self._record = record
        self._watch = watch
        self._lock = threading.Lock()
        self._members: dict[int, tuple[str, Hooked]] = {}
        self._count = 0
        self._epoch = 0
        self._workers, self._later = ThreadPoolExecutor(WORKERS), ThreadPoolExecutor(WORKERS)
        self._others = ThreadPoolExecutor(1)

    def begin(self, frida: Any, epoch: int) -> None:
        """Hold whatever starts from now on."""
        self._epoch = epoch
        try:
            self._target.gate(frida, self._found)
        except Exception as error:  # noqa: BLE001 - Frida raises many; the main process is watched all the same
            self._record.gap(
                "other_processes_not_seen",
                self._target.package,
                f"New processes could not be held here, only the main one is hooked: {str(error)[:200]}.",
            )

    def _found(self, child: Child) -> None:
        """On Frida's own thread, which must not wait for what Frida does."""
        with contextlib.suppress(RuntimeError):  # the workers are gone: `close` lets it go
            if child.ours:
                self._workers.submit(self._take, child)
            else:
                self._others.submit(child.resume)

    def _take(self, child: Child) -> None:
        member = None
        try:
            member = self._hook(child)
        finally:
            with contextlib.suppress(Exception):
                child.resume()
        if member is not None:
            self._later.submit(member.late)

    def _hook(self, child: Child) -> Hooked | None:
        with self._lock:
            self._count += 1
            count, epoch = self._count, self._epoch
        state, member = "hooked", None
        if count > MAX_PROCESSES:
            state = "not hooked: too many"
        else:
            member = self._watch(child.name)
            try:
                member.hook(child.attach(), epoch)
            except Exception as error:  # noqa: BLE001
                state, member = f"not hooked: {str(error)[:200]}", None
            else:
                self._join(child, member, epoch)
        self._record.write(
            "process", name=child.name[:300], pid=child.pid, by=child.by, state=state, epoch=epoch
        )
        if member is None:
            self._record.gap("other_processes_not_seen", child.name[:300], f"This process was {state}.")
        return member

    def _join(self, child: Child, member: Hooked, epoch: int) -> None:
        with self._lock:
            before = self._members.pop(child.pid, None)  # what was there before an exec
            self._members[child.pid] = child.name, member
            if self._epoch != epoch:  # a phase began while the hooks were set
                _told(member, self._epoch)
        if before is not None:
            before[1].close()

    def epoch(self, number: int) -> None:
        """Events of every process belong to this epoch from now on."""
        with self._lock:
            self._epoch = number
            _every(partial(_told, number=number), self._members.values())

    def close(self) -> None:
        """Hold nothing any more, take the last events; never raises."""
        with contextlib.suppress(Exception):
            self._target.ungate()
        for workers in (self._workers, self._later, self._others):
            workers.shutdown(wait=True, cancel_futures=True)
        with self._lock:
            members = list(self._members.values())
            self._members.clear()
        _every(lambda member: member.close(), members)
        ended = sorted(name for name, member in members if member.detached)
        if ended:
            self._record.gap(
                "process_ended",
                self._target.package,
                f"{len(ended)} processes ended by themselves, their last moments were not seen: "
                f"{', '.join(ended)[:300]}.",
            )


def _told(member: Hooked, number: int) -> None:
    with contextlib.suppress(LostError):  # a process may have ended, that is no loss
        member.epoch(number)


def _every(act: Callable[[Hooked], None], members: Iterable[tuple[str, Hooked]]) -> None:
    """Side by side: some may be held still by the system, and are waited for a while."""
    with ThreadPoolExecutor(MAX_PROCESSES) as pool:
        list(pool.map(act, [member for _, member in members]))

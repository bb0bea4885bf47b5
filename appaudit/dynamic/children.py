"""Processes that a hooked process forks or replaces by exec: held as they start, and theirs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from typing import Any

from appaudit.dynamic.target import Child


class Children:
    """Those of the processes that were attached to here, on Frida's ``device``; ``found`` is given each.

    ``parent``: a process's parent, 0 where unknown: of a child made by vfork and exec Frida names itself."""

    def __init__(self, device: Any, found: Callable[[Child], None], parent: Callable[[int], int]) -> None:
        self._device = device
        self._found = found
        self._parent = parent
        self._family: set[int] = set()
        self._held = self._added
        device.on("child-added", self._held)

    def hold(self, pid: int, session: Any) -> Any:
        """From now on those of this process too. Returns the session; Frida's errors come through."""
        self._family.add(pid)
        session.enable_child_gating()
        return session

    def attach(self, pid: int) -> Any:
        """A session with a process, whose children are held too."""
        return self.hold(pid, self._device.attach(pid))

    def let_go(self) -> None:
        """Hold no more; those that are still held run on."""
        self._device.off("child-added", self._held)
        for child in self._device.enumerate_pending_children():
            if self._ours(child):
                with contextlib.suppress(Exception):
                    self._device.resume(child.pid)

    def _ours(self, child: Any) -> bool:
        return bool(self._family & {child.pid, child.parent_pid}) or self._parent(child.pid) in self._family

    def _added(self, child: Any) -> None:
        if not self._ours(child):
            return
        pid = child.pid
        self._family.add(pid)
        name = str(child.path or child.identifier or f"fork of {child.parent_pid}")
        attach, resume = partial(self.attach, pid), partial(self._device.resume, pid)
        self._found(Child(pid, name, str(child.origin), True, attach, resume))

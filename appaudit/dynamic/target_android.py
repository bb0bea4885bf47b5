"""A phone or emulator whose apps are hooked through frida-server. Needs root or an emulator's root."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from appaudit.dynamic.adb import Choice
from appaudit.dynamic.agent import within
from appaudit.dynamic.children import Children
from appaudit.dynamic.handset import Handset
from appaudit.dynamic.target import Child, LostError
from appaudit.errors import InputError, MissingExtraError

SERVER = "/data/local/tmp/frida-server"
FOUND = 5.0
"""Seconds in which Frida has to find the device."""
ANSWER = 10.0
"""Seconds in which frida-server has to answer."""
MACHINES = {"EM_AARCH64": "arm64", "EM_ARM": "arm", "EM_X86_64": "x86_64", "EM_386": "x86"}


class AndroidTarget(Handset):
    """``app``: an APK, a folder of split APKs, or None where the app is installed already. ``processes``: the
    names that its manifest gives to processes, in full."""

    def __init__(
        self, app: Path | None, package: str, choice: Choice, processes: Collection[str] = ()
    ) -> None:
        super().__init__(app, package, choice)
        self._names = {package, *processes} - {""}
        self._frida: Any = None
        self._pid = 0
        self._added: Any = None
        self._children: Children | None = None

    def _ready(self) -> None:
        setup = self.phone.choice.setup
        if setup is not None:
            self.set_up(setup)
        self.server()

    def conditions(self) -> Mapping[str, str]:
        """Device, system, clock, DNS, proxy, server."""
        return {**super().conditions(), "frida_on": self.phone.choice.remote or "the device"}

    # ------------------------------------------------------------------------------ frida-server

    def set_up(self, server: Path) -> None:
        """Push and start the frida-server that the user gave, if it is one for this device."""
        from elftools.common.exceptions import ELFError

        read: Any = import_module("elftools.elf.elffile").ELFFile

        try:
            with server.open("rb") as file:
                machine = MACHINES.get(str(read(file)["e_machine"]), "another machine")
        except (OSError, ELFError) as error:
            raise InputError(
                f"--setup {server} is no frida-server (unpack the .xz first): {error}"
            ) from error
        if machine != self.phone.architecture:
            raise InputError(f"--setup {server} is for {machine}, the device is {self.phone.architecture}")
        if not self.phone.root():
            raise InputError(
                f"--setup needs root on {self.phone.serial}: root it, or use an emulator image without "
                f"Google Play; --no-frida watches without root"
            )
        self.phone.push(server, SERVER)
        there = self._version()
        ours = _frida().__version__
        if there != ours:
            raise InputError(f"--setup {server} is version {there or 'unknown'}, frida here is {ours}")
        self.phone.shell(*self.phone.as_root(SERVER, "-D"))  # whether one runs now `server` asks
        time.sleep(1)

    def _version(self) -> str:
        said = self.phone.shell(SERVER, "--version").strip()
        return said if re.fullmatch(r"\d+(\.\d+)+", said) else ""

    def server(self) -> None:
        """frida-server answers, and is of the version installed here. Raises InputError with what to do."""
        frida = _frida()
        version = frida.__version__
        name = f"frida-server-{version}-android-{self.phone.architecture}"
        there = self._version()
        if there and there != version:
            raise InputError(
                f"frida-server on the device is {there}, frida here is {version}: "
                f"put {name} in its place, or pip install 'frida=={there}'"
            )
        remote = self.phone.choice.remote
        try:
            if remote is not None:
                self._frida = frida.get_device_manager().add_remote_device(remote)
            else:
                self._frida = frida.get_device(self.phone.serial, timeout=FOUND)
            # Of the system itself Frida tells without a server, by ADB; not of processes.
            within(ANSWER, self._frida.enumerate_processes)
            self.phone.about["frida_server"] = there or version
        except Exception as error:
            raise InputError(
                f"frida-server does not answer on {remote or self.phone.serial} ({error}). Unpack {name}.xz "
                f"from Frida's releases, `adb push {name} {SERVER}`, `adb shell chmod 755 {SERVER}`, "
                f"`adb shell su -c '{SERVER} -D'`; or let appaudit do it: --setup {name}"
            ) from error

    # ------------------------------------------------------------------------------------ the app

    def returned(self) -> bool:
        """Whether the device answers, if need be after a while, and Frida on it: what was known of it is void
        once it was away."""
        if not super().returned():
            return False
        for ready in (self.server, self._ready):
            try:
                ready()
            except (InputError, LostError):
                continue
            return True
        return False

    def spawn(self, fresh: bool) -> Any:
        """Frida starts the main process and holds it before any code of the app runs."""
        self.wake()
        if fresh:
            self.forget()
        try:
            self._pid = self._frida.spawn([self._package])
            session = self._frida.attach(self._pid)
        except Exception as error:
            raise LostError(f"Frida cannot start {self._package}: {error}") from error
        return session

    def gate(self, session: Any, found: Callable[[Child], None]) -> None:
        """Every process that zygote starts, isolated services too, and what the app's processes fork or exec;
        processes of other apps go on at once."""
        children = self._children = Children(self._frida, found, self._parent)

        def added(spawn: Any) -> None:
            name = str(spawn.identifier or "")
            ours = not self._names.isdisjoint((name, name.partition(":")[0]))
            attach, resume = partial(children.attach, spawn.pid), partial(self._frida.resume, spawn.pid)
            if spawn.pid != self._pid:
                found(Child(spawn.pid, name, "spawn", ours, attach, resume))

        self._added = added
        self._frida.on("spawn-added", added)
        self._frida.enable_spawn_gating()
        children.hold(self._pid, session)

    def ungate(self) -> None:
        """What is held goes on, whoever's it is."""
        if self._children is not None:
            children, self._children = self._children, None
            children.let_go()
        if self._added is None:
            return
        self._frida.off("spawn-added", self._added)
        self._added = None
        for spawn in self._frida.enumerate_pending_spawn():
            with contextlib.suppress(Exception):
                self._frida.resume(spawn.pid)
        self._frida.disable_spawn_gating()

    def _parent(self, pid: int) -> int:
        try:
            said = self.phone.shell("ps", "-o", "PPID=", "-p", str(pid)).strip()
        except LostError:
            return 0
        return int(said) if said.isdecimal() else 0

    def resume(self) -> None:
        """Let the app run."""
        self._frida.resume(self._pid)


def _frida() -> Any:
    try:
        return import_module("frida")
    except ImportError as error:
        raise MissingExtraError("run", "device") from error

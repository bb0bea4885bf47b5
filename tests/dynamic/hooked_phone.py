"""A phone with frida-server, for tests: its shell and its app are a fixture app on a JVM.

Behind the real adb (see `adbd`) the shell's commands drive the JVM; Frida reaches the app by its own
protocol, through a portal that the app's process joins as it starts. To start a process is the one thing that
a portal cannot do: `Device` does it beside.
"""

from __future__ import annotations

import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from appaudit.dynamic.handset import BACK, HOME
from appaudit.dynamic.target_android import AndroidTarget
from appaudit.dynamic.target_jvm import SKIP, JvmTarget
from tests.dynamic.conftest import Connected, free_port
from tests.dynamic.phone import Answer, said
from tests.fixtures.apps import apk


class HookedPhone:
    """One fixture app on the stand-in; a context, in which Frida answers at ``port``. ``lose``: the device
    goes away at the first press of the home button, its app ends, and a new frida-server comes back."""

    def __init__(self, connected: Connected, app: str, lose: bool = False) -> None:
        self.jvm = JvmTarget(apk(app), Path(tempfile.mkdtemp(prefix="appaudit-test-")))
        self.cluster, self.port = free_port(), free_port()
        self.fresh = True
        self.screen = b""
        self._lose = lose
        self._portal: Any = None
        self._inside: Any = None
        for words, answer in {
            "uiautomator dump": self.dump, "cat": self.cat, "input tap": self.tap, "input keyevent": self.key,
            "pm clear": self.clear, "monkey": self.front, "am force-stop": self.stop,
            "pm revoke": self.revoke, "am broadcast": self.broadcast, "pidof": self.pidof, "rm": said(""),
        }.items():  # fmt: skip
            connected.phone.answers[words] = answer

    def __enter__(self) -> HookedPhone:
        self.jvm.prepare()
        self.serve()
        return self

    def __exit__(self, *_: object) -> None:
        self.jvm.close()
        self._portal.stop()

    def serve(self) -> None:
        frida: Any = import_module("frida")
        ends = [frida.EndpointParameters(address="127.0.0.1", port=p) for p in (self.cluster, self.port)]
        self._portal = frida.PortalService(*ends)
        self._portal.start()

    # ------------------------------------------------------------------------------------ the shell

    def dump(self, _: list[str]) -> Answer:
        self.screen = self.jvm.screen()
        return 0, b"UI hierchary dumped to: /data/local/tmp/appaudit-ui.xml\n"

    def cat(self, _: list[str]) -> Answer:
        return 0, self.screen

    def tap(self, words: list[str]) -> Answer:
        self.jvm.tap(int(words[2]), int(words[3]))
        return 0, b""

    def key(self, words: list[str]) -> Answer:
        code = int(words[2])
        if code == BACK:
            self.jvm.back()
        elif code == HOME:
            if self._lose:
                self._lose = False
                self._portal.stop()
                self.jvm.close()
                self.serve()
                raise EOFError
            self.jvm.background()
        return 0, b""

    def front(self, _: list[str]) -> Answer:
        self.jvm.foreground()
        return 0, b"Events injected: 1\n"

    def clear(self, _: list[str]) -> Answer:
        self.fresh = True
        return 0, b"Success\n"

    def revoke(self, words: list[str]) -> Answer:
        self.jvm.revoke(words[3])
        return 0, b""

    def broadcast(self, words: list[str]) -> Answer:
        taken = self.jvm.broadcast(words[3])
        return 0, b"Broadcast completed: result=0\n" if taken else b""

    def pidof(self, _: list[str]) -> Answer:
        return 0, f"{self.jvm.pid}\n".encode() if self.jvm.alive() else b""

    def stop(self, _: list[str]) -> Answer:
        self.jvm.stop()
        return 0, b""

    # ---------------------------------------------------------------------------------------- Frida

    def spawn(self, _: list[str]) -> int:
        """A process of the app, held before any of its code."""
        session = self.jvm.spawn(self.fresh)
        self.fresh = False
        self._inside = session, session.join_portal(f"127.0.0.1:{self.cluster}")
        return self.jvm.pid

    def resume(self, pid: int) -> None:
        if pid == self.jvm.pid:
            self.jvm.resume()


class Device:
    """A portal's device that also starts the app."""

    def __init__(self, phone: HookedPhone, device: Any) -> None:
        self.spawn, self.resume = phone.spawn, phone.resume
        self._device = device

    def __getattr__(self, name: str) -> Any:
        return getattr(self._device, name)


def target(phone: HookedPhone) -> type[AndroidTarget]:
    """The class of targets for this phone."""

    class Target(AndroidTarget):
        skip = SKIP

        def server(self) -> None:
            super().server()
            self._frida = Device(phone, self._frida)

    return Target

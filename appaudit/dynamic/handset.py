"""What a run does with a phone's screen, keys and packages, with or without Frida on it."""

from __future__ import annotations

import contextlib
import ipaddress
import tempfile
from collections.abc import Mapping
from pathlib import Path

from appaudit.dynamic import conditions, dumpsys, splits
from appaudit.dynamic.adb import NAME, PACKAGE, Choice, Phone
from appaudit.dynamic.target import LostError, Proxy
from appaudit.dynamic.trust_device import Trust
from appaudit.errors import InputError

DUMP = "/data/local/tmp/appaudit-ui.xml"
BACK, HOME, SLEEP, WAKE = 4, 3, 223, 224
"""Key events of android.view.KeyEvent."""
AWAY = 20.0
"""Seconds that a device which was lost may stay away."""


class Handset:
    """``app``: an APK, a folder or container of split APKs, or None where the app is installed already."""

    skip: tuple[str, ...] = ()

    def __init__(self, app: Path | None, package: str, choice: Choice) -> None:
        if not PACKAGE.fullmatch(package):
            raise InputError(f"'{package[:100]}' is no package name")
        self._app = app
        self._package = package
        self.phone = Phone(choice)
        self._asleep = False
        self._proxy: tuple[str, int] | None = None
        self._trust: Trust | None = None

    @property
    def package(self) -> str:
        """As the manifest has it."""
        return self._package

    def prepare(self) -> None:
        """Device and app. Raises InputError with what to do."""
        self.phone.connect()
        self.phone.describe()
        self._ready()
        if self._app is not None:
            with tempfile.TemporaryDirectory(prefix="appaudit-") as scratch:
                abi = self.phone.about.get("abi", "")
                self.phone.install(splits.parts(self._app, abi, Path(scratch)))
        else:
            self.phone.parts(self._package)

    def _ready(self) -> None:
        """What the device needs besides the app."""

    def conditions(self) -> Mapping[str, str]:
        """Device, system, clock, DNS, proxy."""
        return conditions.conditions(self.phone)

    def use_proxy(self, proxy: Proxy) -> Mapping[str, str]:
        """By the device's own setting; a proxy on this computer is led to through the cable."""
        host = proxy.host
        if _ours(host):
            host = "127.0.0.1"
            self.phone.reverse(proxy.port)
        self._proxy = (self.phone.setting("http_proxy"), proxy.port if _ours(proxy.host) else 0)
        trusted = self.trust(proxy.certificate) if proxy.certificate is not None else {}
        self.phone.shell("settings", "put", "global", "http_proxy", f"{host}:{proxy.port}")
        return {
            "proxy": str(proxy),
            **trusted,
            "proxy_reachable": conditions.reachable(self.phone, proxy, host),
            "http_proxy": self.phone.setting("http_proxy"),
        }

    def trust(self, certificate: Path) -> Mapping[str, str]:
        """In the system's store, else in the user's."""
        self._trust = Trust(self.phone)
        return {"proxy_certificate": self._trust.install(certificate)}

    def locale(self) -> str:
        """The language of the system, as a tag; empty where it does not tell."""
        return self.phone.about.get("locale", "")

    def wake(self) -> None:
        """The screen on, the lock away where no secret guards it."""
        if self._asleep:
            self.key(WAKE)
            self.phone.shell("wm", "dismiss-keyguard")
            self._asleep = False

    def forget(self) -> None:
        """The app as if it were installed anew."""
        self.phone.shell("pm", "clear", self._package)

    # ---------------------------------------------------------------------------------- the screen

    def screen(self) -> bytes:
        """The tree of views; empty where the system cannot dump it now."""
        self.phone.shell("rm", "-f", DUMP)  # a dump that fails must not show the last one
        self.phone.shell("uiautomator", "dump", DUMP)
        return self.phone.raw(["cat", DUMP])

    def picture(self) -> bytes | None:
        """A screenshot as PNG; None where the app forbids it."""
        data = self.phone.raw(["screencap", "-p"])
        return data if data.startswith(b"\x89PNG") else None

    def tap(self, x: int, y: int) -> None:
        """Touch."""
        self.phone.shell("input", "tap", str(int(x)), str(int(y)))

    def key(self, code: int) -> None:
        """Press a key."""
        self.phone.shell("input", "keyevent", str(code))

    def back(self) -> None:
        """The back button."""
        self.key(BACK)

    def background(self) -> None:
        """The home button."""
        self.key(HOME)

    def foreground(self) -> None:
        """As a tap on its icon."""
        self.phone.shell("monkey", "-p", self._package, "-c", "android.intent.category.LAUNCHER", "1")

    def monkey(self, events: int) -> bool:
        """Random touches that stay inside the app; the system's keys are left alone."""
        self.phone.shell(
            "monkey", "-p", self._package, "--pct-syskeys", "0", "--throttle", "50", "--ignore-crashes",
            "--ignore-timeouts", "--ignore-security-exceptions", str(int(events)),
            timeout=60 + events * 0.2,
        )  # fmt: skip
        return True

    def idle(self) -> bool:
        """Screen off."""
        self.key(SLEEP)
        self._asleep = True
        return True

    # ------------------------------------------------------------------------------------- the app

    def broadcast(self, action: str) -> bool:
        """Some broadcasts are the system's alone: then False."""
        if not NAME.fullmatch(action):
            return False
        said = self.phone.shell("am", "broadcast", "-a", action, "-p", self._package)
        return "Broadcast completed" in said and "SecurityException" not in said

    def granted(self) -> list[str]:
        """The permissions that the user gave the app and it holds now."""
        text = self.phone.shell("dumpsys", "package", self._package)
        held = dumpsys.permissions(text, self._package, runtime=True)
        return [name for name, given in held.items() if given]

    def revoke(self, permission: str) -> None:
        """The system ends the app's process."""
        if NAME.fullmatch(permission):
            self.phone.shell("pm", "revoke", self._package, permission)

    def alive(self) -> bool:
        """Whether a process of the app runs."""
        return bool(self.phone.shell("pidof", self._package).strip())

    def returned(self) -> bool:
        """Whether the device answers, if need be after a while; the way to the proxy is laid anew."""
        if not self.phone.back(AWAY):
            return False
        with contextlib.suppress(LostError):
            if self._proxy is not None and self._proxy[1]:
                self.phone.reverse(self._proxy[1])
        return True

    def stop(self) -> None:
        """Force stop."""
        self.phone.shell("am", "force-stop", self._package)

    def close(self) -> None:
        """Leave the app stopped and the proxy as it was; what was pushed stays."""
        with contextlib.suppress(LostError, AttributeError):
            self.wake()
            self.stop()
            self.phone.shell("rm", "-f", DUMP)
        with contextlib.suppress(LostError, AttributeError):
            self._no_proxy()

    def _no_proxy(self) -> None:
        if self._trust is not None:
            self._trust.remove()
        if self._proxy is None:
            return
        before, port = self._proxy
        self.phone.shell("settings", "put", "global", "http_proxy", before or ":0")
        self._proxy = None
        if port:
            self.phone.not_reversed(port)


def _ours(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

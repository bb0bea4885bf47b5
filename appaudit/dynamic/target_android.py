"""A phone or emulator: driven over ADB, hooked through frida-server. Needs root or an emulator's root.

No shell string is built from what comes out of the app or the device: commands are lists of words, and the
package's name is checked before it becomes one.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from appaudit.dynamic.target import LostError
from appaudit.errors import InputError, MissingExtraError

PACKAGE = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)+")
PERMISSION = re.compile(r"[\w.]{3,200}")
DUMP = "/data/local/tmp/appaudit-ui.xml"
SERVER = "/data/local/tmp/frida-server"
ARCHITECTURES = {
    "arm64-v8a": "arm64",
    "armeabi-v7a": "arm",
    "armeabi": "arm",
    "x86_64": "x86_64",
    "x86": "x86",
}
"""ABI of a phone → the word in the name of frida-server's release."""
MACHINES = {"EM_AARCH64": "arm64", "EM_ARM": "arm", "EM_X86_64": "x86_64", "EM_386": "x86"}
BACK, HOME, SLEEP, WAKE = 4, 3, 223, 224
"""Key events of android.view.KeyEvent."""
PROPERTIES = {
    "model": "ro.product.model",
    "manufacturer": "ro.product.manufacturer",
    "release": "ro.build.version.release",
    "sdk": "ro.build.version.sdk",
    "fingerprint": "ro.build.fingerprint",
    "abi": "ro.product.cpu.abi",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Which device: ``serial`` as `adb devices` lists it (None: the only one), ``remote``: host:port of a
    frida-server that is not reached through ADB, ``setup``: a frida-server to push, ``adb``: port of the
    ADB server."""

    serial: str | None = None
    remote: str | None = None
    setup: Path | None = None
    adb: int | None = None


class AndroidTarget:
    """``app``: an APK, a folder of split APKs, or None where the app is installed already."""

    skip: tuple[str, ...] = ()

    def __init__(self, app: Path | None, package: str, choice: Choice) -> None:
        if not PACKAGE.fullmatch(package):
            raise InputError(f"'{package[:100]}' is no package name")
        self._app = app
        self._package = package
        self._choice = choice
        self._frida: Any = None
        self._pid = 0
        self._about: dict[str, str] = {}
        self._asleep = False

    @property
    def package(self) -> str:
        """As the manifest has it."""
        return self._package

    # --------------------------------------------------------------------------------- the device

    def connect(self) -> None:
        """Find the device. Raises InputError with what to do, MissingExtraError."""
        try:
            import adbutils
        except ImportError as error:
            raise MissingExtraError("run", "device") from error
        client = adbutils.AdbClient(port=self._choice.adb)
        self._errors: tuple[type[Exception], ...] = (adbutils.AdbError, OSError, EOFError, RuntimeError)
        try:
            found = {d.serial: d.state for d in client.list()}
        except self._errors as error:
            raise InputError(
                f"the ADB server cannot be reached: install Android platform-tools ({error})"
            ) from error
        ready = [serial for serial, state in found.items() if state == "device"]
        serial = self._choice.serial
        if serial is not None and serial not in ready:
            state = found.get(serial, "not connected")
            raise InputError(f"device '{serial}' is {state}; `adb devices` shows: {_listed(found)}")
        if serial is None and len(ready) != 1:
            if not ready:
                raise InputError(
                    f"no device is ready: connect one, allow USB debugging on its screen "
                    f"(`adb devices` shows: {_listed(found)})"
                )
            raise InputError(f"several devices are ready, choose one with -D: {', '.join(sorted(ready))}")
        self._adb = client.device(serial or ready[0])
        self.serial: str = serial or ready[0]

    def _shell(self, *words: str, timeout: float = 30.0) -> str:
        """The output of a command. Raises LostError where the device is gone."""
        return self._raw(words, timeout).decode("utf-8", "replace")

    def _raw(self, words: Sequence[str], timeout: float = 30.0) -> bytes:
        try:
            out: Any = self._adb.shell(list(words), timeout=timeout, encoding=None)
        except self._errors as error:
            raise LostError(f"the device does not answer: {error}") from error
        return bytes(out)

    def prepare(self) -> None:
        """Device, frida-server, app. Raises InputError with what to do."""
        self.connect()
        self.describe()
        if self._choice.setup is not None:
            self._setup(self._choice.setup)
        self.server()
        if self._app is not None:
            self._install(self._app)
        elif f"package:{self._package}" not in self._shell("pm", "list", "packages", self._package).split():
            raise InputError(f"{self._package} is not installed on {self.serial}: give the APK instead")

    def describe(self) -> None:
        """Ask the device what it is."""
        self._about = {name: self._shell("getprop", key).strip() for name, key in PROPERTIES.items()}

    def root(self) -> bool:
        """Whether commands run as root, by themselves or through su."""
        return any("uid=0" in self._shell(*words) for words in (("id",), ("su", "-c", "id")))

    @property
    def architecture(self) -> str:
        """As frida-server's releases name it."""
        return ARCHITECTURES.get(self._about.get("abi", ""), self._about.get("abi", "") or "unknown")

    def _setup(self, server: Path) -> None:
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
        if machine != self.architecture:
            raise InputError(f"--setup {server} is for {machine}, the device is {self.architecture}")
        try:
            self._adb.sync.push(server, SERVER, mode=0o755)
        except self._errors as error:
            raise InputError(f"frida-server could not be pushed: {error}") from error
        self._shell("su", "-c", f"{SERVER} -D")
        time.sleep(1)

    def server(self) -> None:
        """frida-server answers, and is of the version installed here. Raises InputError with what to do."""
        try:
            frida: Any = import_module("frida")
        except ImportError as error:
            raise MissingExtraError("run", "device") from error
        version = frida.__version__
        name = f"frida-server-{version}-android-{self.architecture}"
        there = self._shell(SERVER, "--version").strip()
        if re.fullmatch(r"\d+(\.\d+)+", there) and there != version:
            raise InputError(
                f"frida-server on the device is {there}, frida here is {version}: "
                f"put {name} in its place, or pip install 'frida=={there}'"
            )
        try:
            if self._choice.remote is not None:
                self._frida = frida.get_device_manager().add_remote_device(self._choice.remote)
            else:
                self._frida = frida.get_device(self.serial, timeout=5)
            self._about["frida_server"] = str(self._frida.query_system_parameters().get("version", there))[
                :60
            ]
        except Exception as error:
            raise InputError(
                f"frida-server does not answer on {self.serial} ({error}). Unpack {name}.xz from Frida's "
                f"releases, `adb push {name} {SERVER}`, `adb shell chmod 755 {SERVER}`, "
                f"`adb shell su -c '{SERVER} -D'`; or let appaudit do it: --setup {name}"
            ) from error

    def _install(self, app: Path) -> None:
        try:
            if app.is_dir():
                parts = [str(p) for p in sorted(app.glob("*.apk"))]
                self._adb.adb_output("install-multiple", "-r", "-t", *parts)
            else:
                self._adb.install(str(app), nolaunch=True, silent=True, flags=["-r", "-t"])
        except self._errors as error:
            raise InputError(f"{app.name} could not be installed on {self.serial}: {error}") from error

    def conditions(self) -> Mapping[str, str]:
        """Device, system, clock, DNS, proxy, server."""

        def setting(name: str) -> str:
            return self._shell("settings", "get", "global", name).strip()[:200]

        clock = self._shell("date", "+%s").strip()
        skew = f"{int(clock) - time.time():+.0f} s" if clock.isdigit() else "unknown"
        return {
            "target": "android",
            "serial": self.serial,
            **self._about,
            "clock_skew": skew,
            "private_dns": f"{setting('private_dns_mode')} {setting('private_dns_specifier')}",
            "http_proxy": setting("http_proxy"),
        }

    # ------------------------------------------------------------------------------------ the app

    def spawn(self, fresh: bool) -> Any:
        """Frida starts the main process and holds it before any code of the app runs."""
        if self._asleep:
            self._key(WAKE)
            self._shell("wm", "dismiss-keyguard")
            self._asleep = False
        if fresh:
            self._shell("pm", "clear", self._package)
        try:
            self._pid = self._frida.spawn([self._package])
            session = self._frida.attach(self._pid)
        except Exception as error:
            raise LostError(f"Frida cannot start {self._package}: {error}") from error
        return session

    def resume(self) -> None:
        """Let the app run."""
        self._frida.resume(self._pid)

    def screen(self) -> bytes:
        """The tree of views; empty where the system cannot dump it now."""
        self._shell("uiautomator", "dump", DUMP)
        return self._raw(["cat", DUMP])

    def picture(self) -> bytes | None:
        """A screenshot as PNG; None where the app forbids it."""
        data = self._raw(["screencap", "-p"])
        return data if data.startswith(b"\x89PNG") else None

    def tap(self, x: int, y: int) -> None:
        """Touch."""
        self._shell("input", "tap", str(int(x)), str(int(y)))

    def _key(self, code: int) -> None:
        self._shell("input", "keyevent", str(code))

    def back(self) -> None:
        """The back button."""
        self._key(BACK)

    def background(self) -> None:
        """The home button."""
        self._key(HOME)

    def foreground(self) -> None:
        """As a tap on its icon."""
        self._shell("monkey", "-p", self._package, "-c", "android.intent.category.LAUNCHER", "1")

    def idle(self) -> bool:
        """Screen off."""
        self._key(SLEEP)
        self._asleep = True
        return True

    def broadcast(self, action: str) -> bool:
        """Some broadcasts are the system's alone: then False."""
        if not PERMISSION.fullmatch(action):
            return False
        said = self._shell("am", "broadcast", "-a", action, "-p", self._package)
        return "Broadcast completed" in said and "SecurityException" not in said

    def revoke(self, permission: str) -> None:
        """The system ends the app's process."""
        if PERMISSION.fullmatch(permission):
            self._shell("pm", "revoke", self._package, permission)

    def alive(self) -> bool:
        """Whether a process of the app runs."""
        return bool(self._shell("pidof", self._package).strip())

    def stop(self) -> None:
        """Force stop."""
        self._shell("am", "force-stop", self._package)

    def close(self) -> None:
        """Leave the app stopped; what was pushed stays."""
        with contextlib.suppress(LostError, AttributeError):
            self.stop()
            self._shell("rm", "-f", DUMP)


def _listed(found: Mapping[str, str]) -> str:
    return ", ".join(f"{serial} {state}" for serial, state in sorted(found.items())) or "nothing"

"""One phone or emulator as ADB reaches it: found, asked, pulled from.

No shell string is built from what comes out of the app or the device: a command is a list of words, each
quoted by adbutils, and a name is checked before it becomes a word.
"""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appaudit.dynamic.target import LostError
from appaudit.errors import InputError, MissingExtraError

PACKAGE = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)+", re.ASCII)
NAME = re.compile(r"[\w.]{3,200}", re.ASCII)
"""Of a permission or an action."""
APK_PATH = re.compile(r"package:(/[^\x00-\x1f]{1,1000}\.apk)")
MAX_PARTS = 200
MAX_PULL = 4_000_000_000
ARCHITECTURES = {
    "arm64-v8a": "arm64",
    "armeabi-v7a": "arm",
    "armeabi": "arm",
    "x86_64": "x86_64",
    "x86": "x86",
}
"""ABI of a phone → the word in the name of frida-server's release."""
PROPERTIES = {
    "model": "ro.product.model",
    "manufacturer": "ro.product.manufacturer",
    "release": "ro.build.version.release",
    "sdk": "ro.build.version.sdk",
    "security_patch": "ro.build.version.security_patch",
    "fingerprint": "ro.build.fingerprint",
    "abi": "ro.product.cpu.abi",
    "locale": "persist.sys.locale",
    "time_zone": "persist.sys.timezone",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Which device: ``serial`` as `adb devices` lists it (None: the only one), ``usb``: only one on a cable
    counts, ``remote``: host:port of a frida-server that is not reached through ADB, ``setup``: a frida-server
    to push, ``adb``: port of the ADB server."""

    serial: str | None = None
    remote: str | None = None
    setup: Path | None = None
    adb: int | None = None
    usb: bool = False


def choose(
    serial: str | None, usb: bool, remote: bool, host: str | None, setup: Path | None = None
) -> Choice:
    """What -D or -U (the device) and -R or -H (its frida-server) say. Raises InputError."""
    if (serial is not None and usb) or (remote and host is not None):
        raise InputError("-D and -U exclude each other, and so do -R and -H")
    return Choice(serial=serial, usb=usb, remote=host or ("127.0.0.1:27042" if remote else None), setup=setup)


class Phone:
    """A connection to one device. Commands raise LostError where it is gone."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self.about: dict[str, str] = {}
        self.serial = ""
        self._root: tuple[str, ...] = ()

    def connect(self) -> None:
        """Find the device. Raises InputError with what to do, MissingExtraError."""
        try:
            import adbutils
        except ImportError as error:
            raise MissingExtraError("run", "device") from error
        self._client = adbutils.AdbClient(port=self.choice.adb)
        # ValueError: an answer that is not as the protocol has it
        self._errors: tuple[type[Exception], ...] = (
            adbutils.AdbError, OSError, EOFError, RuntimeError, ValueError
        )  # fmt: skip
        try:
            found = {d.serial: d.state for d in self._client.list()}
        except self._errors as error:
            raise InputError(
                f"the ADB server cannot be reached: install Android platform-tools ({error})"
            ) from error
        self.serial = self._chosen(found)
        self._adb = self._client.device(self.serial)

    def _chosen(self, found: Mapping[str, str]) -> str:
        ready = [serial for serial, state in found.items() if state == "device"]
        serial = self.choice.serial
        if serial is not None:
            if serial in ready:
                return serial
            state = found.get(serial, "not connected")
            raise InputError(f"device '{serial}' is {state}; `adb devices` shows: {_listed(found)}")
        if self.choice.usb:
            ready = [s for s in ready if ":" not in s and not s.startswith("emulator-")]
        if not ready:
            raise InputError(
                f"no device is ready{' on USB' if self.choice.usb else ''}: connect one, allow USB debugging "
                f"on its screen (`adb devices` shows: {_listed(found)})"
            )
        if len(ready) > 1:
            raise InputError(f"several devices are ready, choose one with -D: {', '.join(sorted(ready))}")
        return ready[0]

    def back(self, seconds: float) -> bool:
        """Wait until a device that was lost answers again; False where it does not in time."""
        end = time.monotonic() + seconds
        while True:
            try:
                if self.shell("echo", "here", timeout=5).strip() == "here":
                    return True
            except LostError:
                pass
            if time.monotonic() >= end:
                return False
            time.sleep(min(0.5, seconds))

    # ------------------------------------------------------------------------------------ commands

    def shell(self, *words: str, timeout: float = 30.0) -> str:
        """The output of a command."""
        return self.raw(words, timeout).decode("utf-8", "replace")

    def raw(self, words: Sequence[str], timeout: float = 30.0) -> bytes:
        """The output of a command, as it came."""
        return self._done(words, timeout)[1]

    def done(self, *words: str, timeout: float = 30.0) -> tuple[int, str]:
        """Exit code and output of a command."""
        code, out = self._done(words, timeout)
        return code, out.decode("utf-8", "replace")

    def _done(self, words: Sequence[str], timeout: float) -> tuple[int, bytes]:
        """The exit code is asked for each time: a device that goes away answers with nothing, as if all were
        said, and only its missing tells."""
        try:
            out: Any = self._adb.shell2(list(words), timeout=timeout, encoding=None)
        except self._errors as error:
            raise LostError(f"the device does not answer: {str(error)[:200]}") from error
        return int(out.returncode), bytes(out.output)

    def setting(self, name: str, table: str = "global") -> str:
        """A value of Settings; empty where there is none."""
        value = self.shell("settings", "get", table, name).strip()[:200]
        return "" if value == "null" else value

    def push(self, source: Path, to: str) -> None:
        """Raises InputError."""
        try:
            self._adb.sync.push(source, to, mode=0o755)
        except self._errors as error:
            raise InputError(f"{source.name} could not be pushed to {self.serial}: {error}") from error

    def reverse(self, port: int) -> None:
        """The device's port leads to the same port of this computer."""
        try:
            self._adb.reverse(f"tcp:{port}", f"tcp:{port}")
        except self._errors as error:
            raise LostError(f"the device's port {port} cannot be led here: {error}") from error

    def not_reversed(self, port: int) -> None:
        """Undo `reverse`."""
        try:
            self._adb.reverse_remove(f"tcp:{port}")
        except self._errors as error:
            raise LostError(f"the device does not answer: {error}") from error

    # ------------------------------------------------------------------------------ what it is

    def describe(self) -> None:
        """Ask the device what it is."""
        self.about |= {name: self.shell("getprop", key).strip()[:200] for name, key in PROPERTIES.items()}
        if not self.about["locale"]:  # never changed by the user: the image's own
            self.about["locale"] = self.shell("getprop", "ro.product.locale").strip()[:40]

    @property
    def architecture(self) -> str:
        """As frida-server's releases name it."""
        return ARCHITECTURES.get(self.about.get("abi", ""), self.about.get("abi", "") or "unknown")

    @property
    def sdk(self) -> int:
        """API level; 0 where the device does not tell."""
        told = self.about.get("sdk", "")
        return int(told) if told.isascii() and told.isdigit() and len(told) < 5 else 0

    def root(self) -> bool:
        """Whether commands can run as root: by themselves (``adb root``), through the su of a rooted phone,
        or that of AOSP's own images."""
        for way in ((), ("su", "-c"), ("su", "0")):
            self._root = way
            if "uid=0" in self.shell(*self.as_root("id")):
                return True
        return False

    def as_root(self, *words: str) -> Sequence[str]:
        """A command as `root` found that it runs as root."""
        return (*self._root, shlex.join(words)) if self._root == ("su", "-c") else (*self._root, *words)

    def skew(self) -> float | None:
        """The device's clock minus ours, in seconds; None where it does not tell."""
        before = time.time()
        told = self.shell("date", "+%s.%N").strip().partition(".")
        after = time.time()
        if not told[0].isascii() or not told[0].isdigit() or len(told[0]) > 12:
            return None
        part = told[2][:9] if told[2].isascii() and told[2].isdigit() else "5"  # %N is not everywhere
        return float(f"{told[0]}.{part}") - (before + after) / 2

    # ------------------------------------------------------------------------------------ packages

    def parts(self, package: str) -> list[str]:
        """Where the APKs of an installed package lie: base and splits. Raises InputError where it is none."""
        if not PACKAGE.fullmatch(package):
            raise InputError(f"'{package[:100]}' is no package name")
        said = self.shell("pm", "path", package)
        found = [m[1] for line in said.splitlines() if (m := APK_PATH.fullmatch(line.strip()))]
        if not found:
            raise InputError(f"{package} is not installed on {self.serial}: give the APK instead")
        return found[:MAX_PARTS]

    def pull(self, package: str, folder: Path) -> Path:
        """An installed package's APKs into a folder of ours: ``base.apk``, or a folder with the splits too.
        Returns what to audit. The device chooses no name: a part is called after its position where its own
        is not a plain one. Raises InputError."""
        parts = self.parts(package)
        folder.mkdir(parents=True, exist_ok=True)
        size = 0
        for number, part in enumerate(parts):
            name = part.rpartition("/")[2]
            plain = re.fullmatch(r"[A-Za-z0-9_][\w.-]{0,120}\.apk", name, re.ASCII) is not None
            target = folder / (name if plain else f"part-{number}.apk")
            if target.exists():
                target = folder / f"part-{number}.apk"
            size += self._pull(part, target, MAX_PULL - size)
        return folder / "base.apk" if len(parts) == 1 and (folder / "base.apk").exists() else folder

    def _pull(self, part: str, target: Path, most: int) -> int:
        size = 0
        try:
            with target.open("xb") as file:
                for chunk in self._adb.sync.iter_content(part):
                    size += len(chunk)
                    if size > most:
                        raise InputError(f"{part} is larger than an app can be: not pulled")
                    file.write(chunk)
        except self._errors as error:
            raise InputError(f"{part} could not be pulled from {self.serial}: {error}") from error
        return size

    def install(self, parts: Sequence[Path]) -> None:
        """An APK, or a base and its splits, in one session. Raises InputError."""
        said = self.shell("pm", "install-create", "-r", "-t", "-S", str(sum(p.stat().st_size for p in parts)))
        session = re.search(r"created install session \[(\d{1,12})\]", said)
        if session is None:
            raise InputError(f"{self.serial} takes no installation: {' '.join(said.split())[:300]}")
        for number, part in enumerate(parts):
            there = f"/data/local/tmp/appaudit-{number}.apk"
            self.push(part, there)
            size = str(part.stat().st_size)
            said = self.shell(
                "pm", "install-write", "-S", size, session[1], f"{number}.apk", there, timeout=300
            )
            self.shell("rm", "-f", there)
            if "Success" not in said:
                self.shell("pm", "install-abandon", session[1])
                break
        else:
            said = self.shell("pm", "install-commit", session[1], timeout=300)
        if "Success" not in said:
            what = " ".join(said.split())[:300]
            raise InputError(f"{parts[0].name} could not be installed on {self.serial}: {what}")


def _listed(found: Mapping[str, str]) -> str:
    return ", ".join(f"{serial} {state}" for serial, state in sorted(found.items())) or "nothing"

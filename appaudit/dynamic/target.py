"""What a run needs of the thing the app runs on; a phone and a JVM each are one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from appaudit.errors import InputError


class LostError(Exception):
    """The app, the device or the connection is gone. The message is one sentence."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where the app's traffic goes. ``host``: as this computer reaches it; ``certificate``: PEM file of the
    certificate authority that the app has to trust, None where it needs none."""

    host: str
    port: int
    certificate: Path | None = None

    @classmethod
    def parse(cls, address: str, certificate: Path | None = None) -> Proxy:
        """Reads ``host:port``. Raises InputError."""
        host, _, port = address.rpartition(":")
        if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
            raise InputError(f"--proxy must be host:port, not '{address}'")
        return cls(host.strip("[]"), int(port), certificate)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Child:
    """A process that was held as it started. ``by``: spawn (the system), fork, exec; ``ours``: it is the
    app's; ``attach`` gives Frida's session in it, ``resume`` lets it run."""

    pid: int
    name: str
    by: str
    ours: bool
    attach: Callable[[], Any]
    resume: Callable[[], None]


class Target(Protocol):
    """One device class. Every method may raise LostError; coordinates are pixels."""

    @property
    def package(self) -> str:
        """The app's package."""

    @property
    def skip(self) -> tuple[str, ...]:
        """Class name prefixes that hooks leave alone on this runtime."""

    def conditions(self) -> Mapping[str, str]:
        """What the run runs on: device, system, tools, clock."""

    def prepare(self) -> None:
        """Check what is needed and install the app. Raises InputError with what to do."""

    def use_proxy(self, proxy: Proxy) -> Mapping[str, str]:
        """From the next start on the app's traffic goes through the proxy; `close` takes it back.
        Returns what was found out (``proxy``, ``proxy_reachable``), part of the run's conditions."""

    def trust(self, certificate: Path) -> Mapping[str, str]:
        """From the next start on the app trusts this certificate authority (PEM); `close` takes it back.
        Returns what was done (``proxy_certificate``), part of the run's conditions."""

    def spawn(self, fresh: bool) -> Any:
        """Start the app so that none of its code runs yet; ``fresh`` forgets what it stored.
        Returns Frida's session."""

    def gate(self, session: Any, found: Callable[[Child], None]) -> None:
        """Hold each process that starts from now on and tell of it, on any thread. ``session``: of `spawn`.
        Raises what Frida raises."""

    def ungate(self) -> None:
        """Hold no more, and let go what is held."""

    def resume(self) -> None:
        """Let the app run."""

    def screen(self) -> bytes:
        """The tree of views in the XML of uiautomator."""

    def picture(self) -> bytes | None:
        """A screenshot as PNG, where there is one."""

    def tap(self, x: int, y: int) -> None:
        """Touch the screen."""

    def back(self) -> None:
        """The back button."""

    def background(self) -> None:
        """The home button."""

    def foreground(self) -> None:
        """The app comes to the front again."""

    def monkey(self, events: int) -> bool:
        """Random touches inside the app; False where this target takes none."""

    def locale(self) -> str:
        """The language of the system, as a tag; empty where it is not known."""

    def granted(self) -> Sequence[str] | None:
        """The permissions that the app holds now; None where the target does not tell."""

    def returned(self) -> bool:
        """Whether the device answers; waits a while for one that was lost."""

    def idle(self) -> bool:
        """Screen off; False where this target has no screen to turn off."""

    def broadcast(self, action: str) -> bool:
        """Send a system broadcast to the app's receivers; False where none got it."""

    def revoke(self, permission: str) -> None:
        """Take a permission away; the app may die of it."""

    def alive(self) -> bool:
        """Whether the app's process runs."""

    def stop(self) -> None:
        """End the app."""

    def close(self) -> None:
        """End the app and give everything back; never raises."""

"""Capture: mitmproxy inside this process, everything written to one flow file."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from appaudit.errors import InputError, MissingExtraError
from appaudit.traffic.values import read_values

if TYPE_CHECKING:
    from appaudit.traffic.addon import Listener

STARTED = 30.0
"""Seconds mitmproxy may take to listen, or to end."""

OWN = ("listen_host", "listen_port", "confdir", "save_stream_file", "mode", "device_values")
"""mitmproxy's options that are ours to set."""


@dataclass(frozen=True, slots=True)
class Options:
    """``output``: the flow file. ``host``/``port``: where the proxy listens, 0 any free port.

    ``mode``: as mitmproxy names it (``regular``, ``wireguard``, ``transparent`` …). ``values``: the device's
    own, told as they pass. ``ca``: folder of the certificate authority; it is made, readable by its owner
    alone, where it does not exist, and deleted at the end unless it existed or ``keep_ca``.
    ``settings``: more of mitmproxy's own options, ``name=value``. ``limit``: bytes of a body that are kept.
    ``addons``: more of mitmproxy's, after ours. ``on_ready``: called once the proxy listens.
    """

    output: Path
    host: str = "127.0.0.1"
    port: int = 0
    mode: str = "regular"
    values: Path | None = None
    ca: Path | None = None
    keep_ca: bool = False
    settings: Sequence[str] = ()
    limit: int = 4 << 20
    on_hit: Callable[[str, str, str], None] | None = None
    addons: Sequence[object] = ()
    on_ready: Callable[[Capture], None] | None = None

    @property
    def asked(self) -> bool:
        """Whether clients have to know of the proxy, which a setting of the device tells them."""
        return self.mode.partition("@")[0].partition(":")[0] in ("regular", "upstream")


def listen_address(text: str) -> tuple[str, int]:
    """``127.0.0.1:8080`` or ``[::1]:8080`` as host and port. Raises InputError."""
    host, _, port = text.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdigit() or int(port) > 65535:
        raise InputError(f"--listen must be ADDRESS:PORT, not '{text}'")
    return host, int(port)


class Capture:
    """Context manager: a proxy on ``port`` while it is open. Raises InputError, MissingExtraError."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.ca = options.ca or options.output.with_name(options.output.name + ".ca")
        self.port = options.port
        self.listener: Listener | None = None
        self.configuration = ""
        """In WireGuard mode: what the device's WireGuard app has to be given."""
        self._made_ca = not self.ca.exists()
        self._ready = threading.Event()
        self._error = ""
        self._master: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def certificate(self) -> Path:
        """What the device has to trust, as PEM."""
        return self.ca / "mitmproxy-ca-cert.cer"

    @property
    def flows(self) -> int:
        """Requests seen so far."""
        return self.listener.flows if self.listener else 0

    @property
    def answers(self) -> int:
        """Requests that were answered so far."""
        return self.listener.answers if self.listener else 0

    def __enter__(self) -> Capture:
        try:
            from appaudit.traffic.addon import Listener
        except ImportError as error:
            raise MissingExtraError("capturing traffic", "device") from error
        values = read_values(self.options.values) if self.options.values else None
        self.listener = Listener(values, self.options.on_hit)
        self._prepare()
        self._thread = threading.Thread(target=self._run, name="mitmproxy", daemon=True)
        self._thread.start()
        started = self._ready.wait(STARTED)
        if self._error or not started:
            self.stop()
            raise InputError(f"the proxy does not start: {self._error or 'mitmproxy did not answer'}")
        if self.options.on_ready is not None:
            try:
                self.options.on_ready(self)
            except BaseException:
                self.stop()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the capture; the flow file is complete afterwards. A second call does nothing."""
        thread, self._thread = self._thread, None
        if thread is not None:
            if self._loop is not None and self._master is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._master.shutdown)
            thread.join(STARTED)
        if self._made_ca and not self.options.keep_ca:
            shutil.rmtree(self.ca, ignore_errors=True)

    def _prepare(self) -> None:
        output = self.options.output
        if output.exists():
            raise InputError(f"{output} exists; a recording is not written over")
        if "," in self.options.host or not self.options.host:
            raise InputError("--listen names one address")
        for setting in self.options.settings:
            if setting.partition("=")[0] in OWN:
                raise InputError(f"--set {setting}: this one has an option of its own")
        if not self.options.mode.startswith(("wireguard", "local")):
            self._can_bind()
        self.ca.mkdir(mode=0o700, parents=True, exist_ok=True)
        output.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(output, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))

    def _can_bind(self) -> None:
        family = socket.AF_INET6 if ":" in self.options.host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.options.host, self.options.port))
            except OSError as error:
                where = f"{self.options.host}:{self.options.port}"
                raise InputError(f"cannot listen on {where}: {error.strerror or error}") from error

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except SystemExit:
            self._error = self._error or "mitmproxy refused its options"
        except Exception as error:  # noqa: BLE001 - told to whoever waits in __enter__
            self._error = str(error) or type(error).__name__
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        from mitmproxy import options
        from mitmproxy.tools.dump import DumpMaster

        logging.getLogger("mitmproxy.proxy").setLevel(logging.ERROR)
        self._loop = asyncio.get_running_loop()
        chosen = options.Options(
            confdir=str(self.ca), listen_host=self.options.host, listen_port=self.options.port
        )
        self._master = DumpMaster(chosen, with_termlog=False, with_dumper=False)
        self._master.addons.add(self.listener, *self.options.addons)
        # The same file name on every day: mitmproxy would expand % as a date.
        output = str(self.options.output).replace("%", "%%")
        chosen.update(  # type: ignore[no-untyped-call]
            mode=[self.options.mode],
            save_stream_file=output,
            body_limit=self.options.limit,
            show_ignored_hosts=True,
        )
        if self.options.settings:
            chosen.set(*self.options.settings)
        waiting = asyncio.create_task(self._listening())
        try:
            await self._master.run()
        finally:
            waiting.cancel()
            # mitmproxy itself leaves them listening until they are collected.
            await self._master.addons.get("proxyserver").servers.update([])

    async def _listening(self) -> None:
        """Wait until every server of mitmproxy has an address."""
        servers = self._master.addons.get("proxyserver").servers
        while not [s for s in servers if s.listen_addrs]:
            for server in servers:
                if server.last_exception is not None:
                    self._error = str(server.last_exception)
                    self._master.shutdown()
                    return
            await asyncio.sleep(0.02)
        self.port = int(next(s.listen_addrs[0][1] for s in servers if s.listen_addrs))
        told = [s.client_conf() for s in servers if hasattr(s, "client_conf")]
        wanted = f":{self.options.port}\n"
        self.configuration = "".join(str(t).strip() + "\n" for t in told).replace(wanted, f":{self.port}\n")
        for _ in range(100):  # a busy machine: the authority may still be in the making
            if self.certificate.exists():
                break
            await asyncio.sleep(0.02)
        for file in self.ca.iterdir():  # the keys of WireGuard too, which mitmproxy leaves open to read
            file.chmod(0o600)
        self._ready.set()

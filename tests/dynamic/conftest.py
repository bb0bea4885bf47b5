"""A stand-in phone behind the real adb."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from appaudit.dynamic.adb import Choice
from tests.dynamic.adbd import Adbd
from tests.dynamic.phone import Phone

ADB = shutil.which("adb")


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def adb(port: int, *words: str) -> str:
    """Runs the real client against the server on a port."""
    command = [str(ADB), "-P", str(port), *words]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=30).stdout


@dataclass(frozen=True)
class Connected:
    """The stand-in (its shell and its side of the wire) and how to choose it."""

    phone: Phone
    adbd: Adbd
    serial: str
    port: int

    def choice(self) -> Choice:
        return Choice(serial=self.serial, adb=self.port)


@pytest.fixture(scope="session")
def adb_server() -> Iterator[int]:
    """An adb server of our own."""
    if ADB is None:
        pytest.skip("no adb on PATH (apt-get install adb)")
    pytest.importorskip("adbutils", reason="adbutils is not installed")
    port = free_port()
    adb(port, "start-server")
    yield port
    adb(port, "kill-server")


@pytest.fixture
def connected(adb_server: int) -> Iterator[Connected]:
    """One phone, connected for one test."""
    phone = Phone()
    phone.packages["com.example.shop"] = ["/data/app/~~x==/com.example.shop-y==/base.apk"]
    with Adbd(phone) as adbd:
        phone.device = adbd
        serial = f"127.0.0.1:{adbd.port}"
        assert "connected" in adb(adb_server, "connect", serial)
        yield Connected(phone, adbd, serial, adb_server)
        adb(adb_server, "disconnect", serial)

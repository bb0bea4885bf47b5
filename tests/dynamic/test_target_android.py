"""The ADB path: the real adb client and server against a stand-in of the device's side."""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appaudit.dynamic.consent import consent
from appaudit.dynamic.device_check import check
from appaudit.dynamic.target_android import AndroidTarget, Choice
from appaudit.dynamic.ui import parse
from appaudit.errors import InputError
from tests.dynamic.adbd import Adbd, write

ADB = shutil.which("adb")
pytestmark = pytest.mark.skipif(ADB is None, reason="no adb on PATH (apt-get install adb)")
pytest.importorskip("adbutils", reason="adbutils is not installed")
pytest.importorskip("frida", reason="frida is not installed")

PROPERTIES = {
    "ro.product.cpu.abi": "arm64-v8a", "ro.build.version.sdk": "34", "ro.product.model": "Standin",
    "ro.build.version.release": "14",
}  # fmt: skip
NODE = '<node text="{}" package="com.example.shop" clickable="{}" bounds="[0,{}][1080,{}]"/>'
SCREEN = "<?xml version='1.0' encoding='UTF-8'?><hierarchy rotation=\"0\">{}</hierarchy>".format(
    NODE.format("请阅读《隐私政策》", "false", 0, 100)
    + NODE.format("不同意", "true", 100, 200)
    + NODE.format("同意并继续", "true", 200, 300)
)


def phone(command: str) -> bytes:
    """What the shell of the stand-in answers; a trailing ``echo`` of the exit code is adbutils' own."""
    words = command.split(";")[0].split()
    if words[:1] == ["getprop"] and len(words) > 1:
        return PROPERTIES.get(words[1], "").encode() + b"\n"
    if words[:1] == ["cat"]:
        return SCREEN.encode()
    if words[:1] == ["date"]:
        return f"{int(time.time()) + 30}\n".encode()
    if words[:1] == ["pidof"]:
        return b"4711\n"
    if words[:2] == ["am", "broadcast"]:
        return b"Broadcast completed: result=0\n"
    if words[:1] == ["screencap"]:
        return b"\x89PNG\r\n\x1a\n\r\n"
    if words[:1] == ["settings"]:
        return b"null\n"
    return b""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    """An adb server of our own."""
    port = free_port()
    adb = [str(ADB), "-P", str(port)]
    subprocess.run([*adb, "start-server"], check=True, capture_output=True, timeout=30)
    yield port
    subprocess.run([*adb, "kill-server"], check=False, capture_output=True, timeout=30)


@pytest.fixture(scope="module")
def device(server: int) -> Iterator[tuple[Adbd, str]]:
    with Adbd(phone) as adbd:
        serial = f"127.0.0.1:{adbd.port}"
        said = subprocess.run(
            [str(ADB), "-P", str(server), "connect", serial],
            check=True,
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert "connected" in said.stdout
        yield adbd, serial
        subprocess.run(
            [str(ADB), "-P", str(server), "disconnect"], check=False, capture_output=True, timeout=30
        )


def target(server: int, serial: str | None = None, setup: Path | None = None) -> AndroidTarget:
    return AndroidTarget(None, "com.example.shop", Choice(serial=serial, setup=setup, adb=server))


def test_the_screen_is_read_and_touched(server: int, device: tuple[Adbd, str]) -> None:
    adbd, serial = device
    phone = target(server, serial)
    phone.connect()
    question = consent(parse(phone.screen()))
    assert question is not None
    phone.tap(*question.agree.middle)
    phone.back()
    phone.background()
    assert phone.idle()
    phone.revoke("android.permission.CAMERA")
    phone.stop()
    joined = "\n".join(adbd.commands)
    for command in (
        "input tap 540 250",
        "input keyevent 4",
        "input keyevent 3",
        "input keyevent 223",
        "pm revoke com.example.shop android.permission.CAMERA",
        "am force-stop com.example.shop",
    ):
        assert command in joined
    assert phone.alive()
    assert phone.broadcast("android.intent.action.BOOT_COMPLETED")
    assert phone.picture() == b"\x89PNG\r\n\x1a\n\r\n"
    assert phone.conditions()["clock_skew"] in ("+29 s", "+30 s")


def test_a_missing_server_is_told_with_what_to_do(server: int, device: tuple[Adbd, str]) -> None:
    import frida

    with pytest.raises(InputError, match=rf"frida-server-{frida.__version__}-android-arm64.*--setup"):
        target(server, device[1]).prepare()


def test_the_device_check_says_what_is_missing(server: int, device: tuple[Adbd, str]) -> None:
    found = {c.name: c for c in check(Choice(serial=device[1], adb=server))}
    assert found["device"].ok
    assert "Standin, Android 14, arm64-v8a" in found["device"].text
    assert found["root"].ok is False
    assert found["proxy"].text == "none set"
    assert found["frida-server"].ok is False
    assert "-android-arm64" in found["frida-server"].text
    nowhere = check(Choice(serial="nowhere", adb=server))
    assert [(c.name, c.ok) for c in nowhere] == [("device", False)]


def test_a_server_for_another_machine_is_refused(
    server: int, device: tuple[Adbd, str], tmp_path: Path
) -> None:
    ident = b"\x7fELF\x02\x01\x01" + b"\0" * 9
    elf = ident + struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 0, 0, 0, 64, 56, 0, 64, 0, 0)
    wrong = write(tmp_path, "frida-server", elf)
    with pytest.raises(InputError, match="is for x86_64, the device is arm64"):
        target(server, device[1], wrong).prepare()
    with pytest.raises(InputError, match="no frida-server"):
        target(server, device[1], write(tmp_path, "text", b"hello")).prepare()


def test_which_device(server: int, device: tuple[Adbd, str]) -> None:
    target(server).connect()
    with pytest.raises(InputError, match="'nowhere' is not connected"):
        target(server, "nowhere").connect()


def test_no_device_is_one_sentence() -> None:
    port = free_port()
    subprocess.run([str(ADB), "-P", str(port), "start-server"], check=True, capture_output=True, timeout=30)
    try:
        with pytest.raises(InputError, match="no device is ready"):
            target(port).connect()
    finally:
        subprocess.run(
            [str(ADB), "-P", str(port), "kill-server"], check=False, capture_output=True, timeout=30
        )


@pytest.mark.parametrize("package", ["", "a", "com.x;reboot", "com.x y", "$(id).x", "../x.y"])
def test_a_package_is_never_a_command(package: str) -> None:
    with pytest.raises(InputError, match="no package name"):
        AndroidTarget(None, package, Choice())

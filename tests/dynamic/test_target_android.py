"""The ADB path: the real adb client and server against a stand-in of the device's side."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import pytest

from appaudit.dynamic import target_android
from appaudit.dynamic.adb import Choice, Phone, choose
from appaudit.dynamic.conditions import conditions
from appaudit.dynamic.consent import consent
from appaudit.dynamic.device_check import check
from appaudit.dynamic.handset import Handset
from appaudit.dynamic.target import LostError, Proxy
from appaudit.dynamic.target_android import AndroidTarget
from appaudit.dynamic.ui import parse
from appaudit.errors import InputError
from tests.dynamic.adbd import write
from tests.dynamic.conftest import ADB, Connected, adb, free_port
from tests.dynamic.phone import said

pytest.importorskip("frida", reason="frida is not installed")


def handset(connected: Connected, app: Path | None = None) -> Handset:
    target = Handset(app, "com.example.shop", connected.choice())
    target.phone.connect()
    return target


def with_server(connected: Connected, setup: Path | None = None) -> AndroidTarget:
    choice = Choice(serial=connected.serial, setup=setup, adb=connected.port)
    return AndroidTarget(None, "com.example.shop", choice)


def test_the_screen_is_read_and_touched(connected: Connected) -> None:
    phone = handset(connected)
    phone.foreground()
    assert phone.alive()
    question = consent(parse(phone.screen()))
    assert question is not None
    phone.tap(*question.agree.middle)
    phone.back()
    phone.background()
    assert phone.idle()
    phone.revoke("android.permission.CAMERA")
    assert phone.broadcast("android.intent.action.BOOT_COMPLETED")
    assert phone.picture() == b"\x89PNG\r\n\x1a\n\r\n"
    assert phone.monkey(20)
    phone.stop()
    assert not phone.alive()
    sent = [" ".join(words) for words in connected.phone.sent]
    for command in (
        "input tap 540 250",
        "input keyevent 4",
        "input keyevent 3",
        "input keyevent 223",
        "pm revoke com.example.shop android.permission.CAMERA",
        "am force-stop com.example.shop",
    ):
        assert command in sent


def test_the_conditions_are_asked_for(connected: Connected) -> None:
    phone = handset(connected).phone
    phone.describe()
    found = conditions(phone)
    assert found["clock_skew"] in ("+29 s", "+30 s")
    assert (found["locale"], found["dns_blocker"], found["private_dns"]) == ("zh-Hans-CN", "no", "off")
    connected.phone.answers["ping"] = said("ping: unknown host\n", 2)
    assert conditions(phone)["dns_blocker"].startswith("unknown")
    trackers = "PING app-measurement.com (0.0.0.0) 56(84) bytes of data.\n"
    real = "PING example.com (93.184.216.34) 56(84) bytes of data.\n"
    connected.phone.answers["ping"] = lambda w: (0, (real if w[-1] == "example.com" else trackers).encode())
    assert "app-measurement.com" in conditions(phone)["dns_blocker"]
    connected.phone.settings |= {"private_dns_mode": "hostname", "private_dns_specifier": "x.dns.nextdns.io"}
    assert conditions(phone)["dns_blocker"] == "yes: x.dns.nextdns.io"


def test_a_clock_without_fractions_is_read(connected: Connected) -> None:
    connected.phone.answers["date"] = lambda _: (0, f"{int(time.time())}.%N\n".encode())
    skew = handset(connected).phone.skew()
    assert skew is not None
    assert abs(skew) < 2
    connected.phone.answers["date"] = said("Sun Nov 22\n")
    assert handset(connected).phone.skew() is None


def test_the_proxy_is_set_and_taken_back(connected: Connected) -> None:
    connected.phone.settings["http_proxy"] = "10.0.0.1:3128"
    connected.phone.answers["timeout"] = said("", 143)
    target = handset(connected)
    told = target.use_proxy(Proxy("127.0.0.1", 8080))
    assert told["proxy_reachable"] == "yes"
    assert connected.phone.settings["http_proxy"] == "127.0.0.1:8080"
    assert connected.adbd.reversed == ["forward:tcp:8080;tcp:8080"]
    target.close()
    assert connected.phone.settings["http_proxy"] == "10.0.0.1:3128"
    assert connected.adbd.reversed[-1] == "killforward:tcp:8080"
    connected.phone.answers["timeout"] = said("nc: connect: Connection refused\n", 1)
    assert target.use_proxy(Proxy("10.0.0.2", 8080))["proxy_reachable"].startswith("no: nc")
    target.close()


def test_an_installed_app_is_pulled(connected: Connected, tmp_path: Path) -> None:
    there = [
        "/data/app/x/base.apk",
        "/data/app/x/split_config.zh.apk",
        "/data/app/x/.apk",
        "/data/app/y/base.apk",
    ]
    connected.phone.packages["com.example.shop"] = there
    connected.adbd.files |= {path: path.encode() * 9000 for path in there}
    found = handset(connected).phone.pull("com.example.shop", tmp_path / "app")
    assert found == tmp_path / "app"
    names = {p.name: p.read_bytes() for p in found.iterdir()}
    assert set(names) == {"base.apk", "split_config.zh.apk", "part-2.apk", "part-3.apk"}
    assert names["base.apk"] == there[0].encode() * 9000
    connected.phone.packages["com.example.shop"] = there[:1]
    assert handset(connected).phone.pull("com.example.shop", tmp_path / "one").name == "base.apk"


@pytest.mark.parametrize(
    "path",
    [
        "/data/app/../../../../etc/cron.d/x.apk",
        "/data/app/x/..apk",
        "/data/app/x/$(reboot).apk",
        "/x/a b;c.apk",
    ],
)
def test_a_hostile_path_stays_in_the_folder(connected: Connected, tmp_path: Path, path: str) -> None:
    connected.phone.packages["com.example.shop"] = [path]
    connected.adbd.files[path] = b"PK"
    handset(connected).phone.pull("com.example.shop", tmp_path / "app")
    assert {p.name for p in tmp_path.rglob("*")} <= {"app", "part-0.apk", "x.apk"}


def test_what_cannot_be_pulled_is_one_sentence(connected: Connected, tmp_path: Path) -> None:
    phone = handset(connected).phone
    with pytest.raises(InputError, match="could not be pulled"):
        phone.pull("com.example.shop", tmp_path / "a")
    with pytest.raises(InputError, match="is not installed on"):
        phone.pull("com.example.none", tmp_path / "b")
    with pytest.raises(InputError, match="no package name"):
        phone.pull("com.x;reboot", tmp_path / "c")


def test_an_app_and_its_splits_are_installed(connected: Connected, tmp_path: Path) -> None:
    base, split = write(tmp_path, "base.apk", b"PK1"), write(tmp_path, "split a';id;'.apk", b"PK22")
    phone = handset(connected).phone
    phone.install([base, split])
    sent = [words for words in connected.phone.sent if words[0] == "pm"]
    assert sent[0] == ["pm", "install-create", "-r", "-t", "-S", "7"]
    assert [w[3:5] for w in sent[1:3]] == [["3", "71"], ["4", "71"]]
    assert sent[-1] == ["pm", "install-commit", "71"]
    assert sorted(connected.adbd.files.values()) == [b"PK1", b"PK22"]
    connected.phone.answers["pm install-commit"] = said("Failure [INSTALL_FAILED_MISSING_SPLIT]\n", 1)
    with pytest.raises(InputError, match="INSTALL_FAILED_MISSING_SPLIT"):
        phone.install([base])


def test_a_missing_server_is_told_with_what_to_do(
    connected: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    import frida

    monkeypatch.setattr(target_android, "FOUND", 0.1)
    with pytest.raises(InputError, match=rf"frida-server-{frida.__version__}-android-arm64.*--setup"):
        with_server(connected).prepare()


def test_another_version_of_the_server_is_told(connected: Connected) -> None:
    connected.phone.answers["/data/local/tmp/frida-server"] = said("16.1.4\n")
    with pytest.raises(InputError, match=r"is 16\.1\.4, frida here is .*pip install 'frida==16\.1\.4'"):
        with_server(connected).prepare()


def test_the_device_check_says_what_is_missing(connected: Connected, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target_android, "FOUND", 0.1)
    found = {c.name: c for c in check(connected.choice())}
    assert found["device"].ok
    assert "Standin, Android 14, arm64-v8a" in found["device"].text
    assert found["root"].ok is False
    assert found["proxy"].text == "none set"
    assert found["frida-server"].ok is False
    assert "-android-arm64" in found["frida-server"].text
    nowhere = check(Choice(serial="nowhere", adb=connected.port))
    assert [(c.name, c.ok) for c in nowhere] == [("device", False)]


def elf(machine: int) -> bytes:
    ident = b"\x7fELF\x02\x01\x01" + b"\0" * 9
    return ident + struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 0, 0, 0, 64, 56, 0, 64, 0, 0)


def test_a_server_that_does_not_fit_is_refused(connected: Connected, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is for x86_64, the device is arm64"):
        with_server(connected, write(tmp_path, "frida-server", elf(62))).prepare()
    with pytest.raises(InputError, match="no frida-server"):
        with_server(connected, write(tmp_path, "text", b"hello")).prepare()
    fitting = write(tmp_path, "frida-server-arm64", elf(183))
    with pytest.raises(InputError, match="needs root"):
        with_server(connected, fitting).prepare()
    connected.phone.answers["su"] = said("uid=0(root)\n")
    connected.phone.answers["/data/local/tmp/frida-server"] = said("16.1.4\n")
    with pytest.raises(InputError, match=r"is version 16\.1\.4"):
        with_server(connected, fitting).prepare()
    assert connected.adbd.files["/data/local/tmp/frida-server"] == elf(183)


def test_which_device(connected: Connected) -> None:
    Phone(Choice(adb=connected.port)).connect()
    with pytest.raises(InputError, match="'nowhere' is not connected"):
        Phone(Choice(serial="nowhere", adb=connected.port)).connect()
    assert choose("x", False, False, "10.0.0.2:27042") == Choice("x", "10.0.0.2:27042")
    for given in (("x", True, False, None), (None, False, True, "10.0.0.2:27042")):
        with pytest.raises(InputError, match="exclude each other"):
            choose(*given)
    with pytest.raises(InputError, match="no device is ready on USB"):
        Phone(Choice(usb=True, adb=connected.port)).connect()


@pytest.mark.skipif(ADB is None, reason="no adb on this machine")
def test_no_device_is_one_sentence() -> None:
    port = free_port()
    adb(port, "start-server")
    try:
        with pytest.raises(InputError, match="no device is ready"):
            Phone(Choice(adb=port)).connect()
    finally:
        adb(port, "kill-server")


def test_a_lost_device_is_told_and_may_come_back(connected: Connected) -> None:
    phone = handset(connected).phone
    connected.adbd.lost = True
    with pytest.raises(LostError, match="does not answer"):
        phone.done("pm", "path", "x")
    assert not phone.back(0.1)
    connected.adbd.lost = False
    assert phone.back(5)


@pytest.mark.parametrize(
    "package", ["", "a", "com.x;reboot", "com.x y", "$(id).x", "../x.y", "com.x\n", "ｃom.x"]
)
def test_a_package_is_never_a_command(package: str) -> None:
    with pytest.raises(InputError, match="no package name"):
        AndroidTarget(None, package, Choice())


@pytest.mark.parametrize("name", ["x; reboot", "$(id)", "a b", "`id`", "x\n", "|id"])
def test_a_hostile_name_is_not_sent(connected: Connected, name: str) -> None:
    target = handset(connected)
    target.revoke(name)
    assert not target.broadcast(name)
    assert not connected.phone.sent


@pytest.mark.parametrize("address", ["", "x", "x:y", "x:0", "x:70000", ":80"])
def test_a_proxy_is_host_and_port(address: str) -> None:
    with pytest.raises(InputError, match="--proxy must be host:port"):
        Proxy.parse(address)

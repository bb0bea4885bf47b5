"""Each route to an identifier, to the other apps, to what is on the screen: by an API, a command, a path."""

from __future__ import annotations

from pathlib import Path

import pytest

from appaudit.knowledge.load import toml
from appaudit.static import scan
from tests.dex.writer import Class
from tests.static.apps import app_with
from tests.static.test_identifiers import EXEC, data, found, method, text, virtual

COMMANDS = {
    "pm list packages": "installed_apps", "ps -A": "running_processes", "ip addr": "mac", "ip link": "mac",
    "ifconfig wlan0": "mac", "netcfg": "mac", "cat /sys/class/net/wlan0/address": "mac",
    "getprop ro.serialno": "serial", "settings get secure android_id": "android_id",
    "settings get secure bluetooth_address": "bluetooth_mac", "service call clipboard 1": "clipboard",
    "content query --uri content://call_log/calls": "call_log", "service call iphonesubinfo 1": "imei",
    "dumpsys wifi": "wifi_info", "screencap -p": "screen_content",
}  # fmt: skip
STRINGS = {
    "/sys/class/net/eth0/address": "mac", "/proc/net/arp": "mac", "/proc/net/if_inet6": "ip",
    "/proc/cpuinfo": "hardware_info", "content://call_log/calls": "call_log",
    "/efs/bluetooth/bt_addr": "bluetooth_mac", "com.zui.deviceidservice.DeviceidService": "oaid",
}  # fmt: skip
CALLS = {
    "android/app/usage/UsageStatsManager;->queryUsageStats(IJJ)Ljava/util/List;": "running_processes",
    "android/app/usage/UsageStatsManager;->queryEvents(JJ)Landroid/app/X;": "running_processes",
    "android/app/ActivityManager;->getRunningAppProcesses()Ljava/util/List;": "running_processes",
    "android/content/pm/PackageManager;->getInstalledApplications(I)Ljava/util/List;": "installed_apps",
    "java/net/NetworkInterface;->getHardwareAddress()[B": "mac",
    "android/net/wifi/WifiInfo;->getMacAddress()Ljava/lang/String;": "mac",
    "android/net/wifi/WifiManager;->getScanResults()Ljava/util/List;": "wifi_scan",
    "android/content/ClipboardManager;->getPrimaryClipDescription()Landroid/content/X;": "clipboard",
    "android/accounts/AccountManager;->getAccounts()[Landroid/accounts/Account;": "device_accounts",
    "android/telephony/TelephonyManager;->getAllCellInfo()Ljava/util/List;": "cell_info",
    "android/provider/MediaStore$Files;->getContentUri(Ljava/lang/String;)Landroid/net/Uri;": "media_files",
    "android/provider/MediaStore$Images$Media;->getContentUri(Ljava/lang/String;)Landroid/net/Uri;": "album",
    "android/os/Build;->getSerial()Ljava/lang/String;": "serial",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_commands(tmp_path: Path, command: str) -> None:
    facts = found(tmp_path, Class("Lcom/x/A;", [method(text(1, command), virtual(EXEC, 0, 1))]))
    assert data(facts) == {COMMANDS[command]}


@pytest.mark.parametrize("string", STRINGS)
def test_paths_and_providers(tmp_path: Path, string: str) -> None:
    assert data(found(tmp_path, Class("Lcom/x/A;", [method(text(1, string))]))) == {STRINGS[string]}


@pytest.mark.parametrize("call", CALLS)
def test_calls(tmp_path: Path, call: str) -> None:
    assert data(found(tmp_path, Class("Lcom/x/A;", [method(virtual(f"L{call}", 0))]))) == {CALLS[call]}


PACKERS = {row["id"]: row for row in toml("packers.toml")["packer"]}


def test_each_packer(tmp_path: Path) -> None:
    """By a file of its, where it has some; each is a gap that names it and says what to do."""
    files: dict[str, bytes] = {}
    for row in PACKERS.values():
        names = [
            *(f"lib/arm64-v8a/{n}" for n in row.get("libs", ())),
            *(f"assets/{n}" for n in row.get("assets", ())),
        ]
        files |= {name.replace("*", "x"): b"\x7fELF" for name in names}
    result = scan(app_with(tmp_path, files))
    told = {f.attribute["packer"] for f in result.facts if f.subject == "trick:packer"}
    by_files = {row["id"] for row in PACKERS.values() if row.keys() & {"libs", "assets"}}
    assert told == by_files
    for packer in told:
        code = "packed_dex" if PACKERS[packer]["hides_code"] else "protected_code"
        reasons = [g.reason for g in result.gaps if g.code == code and PACKERS[packer]["en"] in g.reason]
        assert reasons
        assert "Scan the build before" in reasons[0]

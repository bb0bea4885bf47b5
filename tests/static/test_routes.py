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
    "service call iphonesubinfo 1": "imei", "dumpsys wifi": "wifi_info", "screencap -p": "screen_content",
}  # fmt: skip
STRINGS = {
    "/sys/class/net/eth0/address": "mac", "/proc/net/arp": "mac", "/proc/net/if_inet6": "ip",
    "/proc/cpuinfo": "hardware_info", "content://call_log/calls": "call_log",
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


@pytest.mark.parametrize("packer", PACKERS)
def test_each_packer(tmp_path: Path, packer: str) -> None:
    """By a file of its, where it has some; one that hides code is a gap that names it and says what to do."""
    row = PACKERS[packer]
    libraries, assets = row.get("libs", []), row.get("assets", [])
    if not libraries and not assets:
        pytest.skip("known by its classes only")
    name = f"lib/arm64-v8a/{libraries[0]}" if libraries else f"assets/{assets[0]}"
    result = scan(app_with(tmp_path, {name.replace("*", "x"): b"\x7fELF"}))
    told = {f.attribute["packer"] for f in result.facts if f.subject == "trick:packer"}
    assert packer in told
    reasons = [g.reason for g in result.gaps if g.code == "packed_dex"]
    assert bool(reasons) == any(PACKERS[p]["hides_code"] for p in told)
    assert all("Scan the build before packing" in reason for reason in reasons)

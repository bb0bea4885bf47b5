"""Apps that need no source: a manifest written here, around code of the fixtures or a few empty classes."""

from __future__ import annotations

import tempfile
import zipfile
from functools import cache
from pathlib import Path

from tests.apk.build import Node, Stored, apk, manifest, node, zipped
from tests.dex.writer import Class, Method, build

SHOP = Path(__file__).resolve().parents[2] / "fixtures" / "apps" / "shop" / "shop.apk"
CONTACTS = "Landroid/provider/ContactsContract$CommonDataKinds$Phone;->CONTENT_URI:Landroid/net/Uri;"
READS_CONTACTS = (0x62, ("field", CONTACTS), 0x0E)
"""sget-object v0, CONTENT_URI; return-void"""
READS_CALLS = (0x62, ("field", "Landroid/provider/CallLog$Calls;->CONTENT_URI:Landroid/net/Uri;"), 0x0E)
IMEI = "Landroid/telephony/TelephonyManager;->getImei()Ljava/lang/String;"
GAID = "Lcom/google/android/gms/ads/identifier/AdvertisingIdClient$Info;->getId()Ljava/lang/String;"
READS_GAID = (0x106E, ("method", GAID), 0, 0x0E)
READS_IMEI = (0x106E, ("method", IMEI), 0, 0x0E)


def _service(name: str, permission: str) -> Node:
    return node("service", name=name, permission=f"android.permission.{permission}", exported=True)


def _powers() -> bytes:
    """The shop's code under a manifest that requests next to nothing and has every special service, a foreign
    SDK and one that opens another app."""
    with zipfile.ZipFile(SHOP) as archive:
        code = archive.read("classes.dex")
    foreign = build(
        [
            Class("Lcom/appsflyer/AppsFlyerLib;", [Method("start", "()V", READS_CONTACTS)]),
            Class("Lcom/appsflyer/AFEvent;", [Method("start", "()V", READS_CALLS)]),
            Class("Lcom/appsflyer/AFLogger;", [Method("start", "()V", READS_IMEI)]),
        ]
        + [
            Class(f"Lcom/tencent/mm/opensdk/openapi/{name};", [Method("open", "()V", (0x0E,))])
            for name in ("IWXAPI", "WXAPIFactory", "BaseWXApiImplV10")
        ]
    )
    root = manifest(
        node("uses-sdk", minSdkVersion=24, targetSdkVersion=34),
        node("uses-permission", name="android.permission.SYSTEM_ALERT_WINDOW"),
        node("uses-permission", name="android.permission.REQUEST_INSTALL_PACKAGES"),
        node(
            "application",
            _service("com.example.powers.Helper", "BIND_ACCESSIBILITY_SERVICE"),
            _service("com.example.powers.Notices", "BIND_NOTIFICATION_LISTENER_SERVICE"),
            _service("com.example.powers.Tunnel", "BIND_VPN_SERVICE"),
            _service("com.example.powers.Keys", "BIND_INPUT_METHOD"),
        ),
        package="com.example.powers",
    )
    return bytes(zipped(apk(root, Stored("classes2.dex", foreign), dex=code)))


def _ads() -> bytes:
    """An app with an advertising SDK, which reads what its maker states, and a consent platform."""
    packages = ("com/google/android/ump", "com/google/android/gms/ads")
    code = build(
        [Class(f"L{p}/{name};", [Method("start", "()V", (0x0E,))]) for p in packages for name in "ABCD"]
        + [Class("Lcom/google/android/gms/ads/Id;", [Method("start", "()V", READS_GAID)])]
    )
    root = manifest(
        node("uses-sdk", minSdkVersion=24, targetSdkVersion=34),
        node("uses-permission", name="android.permission.INTERNET"),
        node("application"),
        package="com.example.ads",
    )
    return bytes(zipped(apk(root, dex=code)))


@cache
def made(name: str) -> Path:
    """The APK of one of the apps above, in a folder that goes with the process."""
    folder = tempfile.TemporaryDirectory(prefix="appaudit-")
    _FOLDERS.append(folder)
    path = Path(folder.name) / f"{name}.apk"
    path.write_bytes({"powers": _powers, "ads": _ads}[name]())
    return path


_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []

"""What the numbers of manifest attributes stand for (attrs_manifest.xml of the platform, API 36)."""

from __future__ import annotations

import re

from appaudit.apk.xml import Value

_BASE_PROTECTION = ("normal", "dangerous", "signature", "signatureOrSystem", "internal")
_PROTECTION_FLAGS = {
    0x10: "privileged",
    0x20: "development",
    0x40: "appop",
    0x80: "pre23",
    0x100: "installer",
    0x200: "verifier",
    0x400: "preinstalled",
    0x800: "setup",
    0x1000: "instant",
    0x2000: "runtime",
    0x4000: "oem",
    0x8000: "vendorPrivileged",
    0x10000: "textClassifier",
    0x80000: "configurator",
    0x100000: "incidentReportApprover",
    0x200000: "appPredictor",
    0x400000: "module",
    0x800000: "companion",
    0x1000000: "retailDemo",
    0x2000000: "recents",
    0x4000000: "role",
    0x8000000: "knownSigner",
}
FOREGROUND_TYPES = {
    0x1: "dataSync",
    0x2: "mediaPlayback",
    0x4: "phoneCall",
    0x8: "location",
    0x10: "connectedDevice",
    0x20: "mediaProjection",
    0x40: "camera",
    0x80: "microphone",
    0x100: "health",
    0x200: "remoteMessaging",
    0x400: "systemExempted",
    0x800: "shortService",
    0x1000: "fileManagement",
    0x2000: "mediaProcessing",
    0x40000000: "specialUse",
}
CATEGORIES = ("game", "audio", "video", "image", "social", "news", "maps", "productivity", "accessibility")
INSTALL_LOCATIONS = ("auto", "internalOnly", "preferExternal")


def protection_level(value: Value | None) -> str:
    """A protection level's number as the words the manifest uses: ``signature|privileged``."""
    if value is None:
        return "normal"
    number = value.integer
    if number is None:  # text manifests of libraries write the words
        return re.sub(r"\s*\|\s*", "|", value.string.strip()) or "normal"
    base = number & 0xF
    words = [_BASE_PROTECTION[base] if base < len(_BASE_PROTECTION) else str(base)]
    return "|".join(words + list(flags(number & ~0xF, _PROTECTION_FLAGS)))


def flags(number: int | None, names: dict[int, str]) -> tuple[str, ...]:
    """The names of the bits that are set."""
    number = number or 0
    return tuple(name for bit, name in names.items() if number & bit)


def named(value: Value | None, names: tuple[str, ...]) -> str:
    """The name of an enumeration's number, its text where it is none of them."""
    if value is None:
        return ""
    number = value.integer
    return names[number] if number is not None and 0 <= number < len(names) else value.string

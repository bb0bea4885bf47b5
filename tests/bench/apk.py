"""Opening an app (container, manifest, resources, signatures, digests) against inflating its dex files
and against androguard's ``APK``, which reads manifest, resources and certificates."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path
from typing import Any

from appaudit.apk import open_app
from appaudit.apk.zip import DEFLATED, Archive
from tests import corpus
from tests.bench.measure import cpu

ROUNDS = 5


def run() -> list[str]:
    """One line for each APK at hand, largest first."""
    try:
        from androguard.core.apk import APK
        from loguru import logger

        logger.remove()
    except ImportError:
        return ["apk: androguard is not installed"]
    paths = [path for package in corpus.APKS[:6] for path in _cached(package)]
    lines = []
    for path in sorted(paths, key=lambda p: -p.stat().st_size)[:6]:
        ours = cpu(lambda path=path: open_app(path), ROUNDS)  # type: ignore[misc]
        theirs = cpu(lambda path=path: _as_much(APK(str(path))), ROUNDS)  # type: ignore[misc]
        inflating, size = _inflating(path)
        lines.append(
            f"apk: open {path.name} ({size >> 20} MB of dex): {ours / inflating:.2f} x inflating its dex, "
            f"{theirs / ours:.1f} x less than androguard's APK"
        )
    return lines or ["apk: no real APK at hand; run python -m tests.corpus"]


def _as_much(apk: Any) -> None:
    """Reads with androguard what `open_app` gives, inner archives aside."""
    hashlib.md5(apk.get_raw(), usedforsecurity=False)
    hashlib.sha256(apk.get_raw())
    apk.get_app_name()
    apk.get_uses_implied_permission_list()
    for get in (apk.get_activities, apk.get_services, apk.get_receivers, apk.get_providers):
        for name in get():
            apk.get_intent_filters("activity", name)
    apk.get_certificates_v2()
    apk.get_certificates_v3()
    apk.get_certificates_v1()


def _cached(package: corpus.Package) -> list[Path]:
    return sorted(package.folder.rglob("*.apk")) if (package.folder / ".complete").exists() else []


def _inflating(path: Path) -> tuple[float, int]:
    """CPU seconds zlib takes for the dex files of an APK, and their size."""
    archive = Archive(path.read_bytes(), lambda _: None)
    parts = [
        (bytes(archive.content(entry)), entry.size)
        for entry in archive
        if entry.name.endswith(".dex") and entry.method == DEFLATED
    ]
    seconds = cpu(lambda: [zlib.decompress(data, -15, size) for data, size in parts], ROUNDS)
    return max(seconds, 1e-6), sum(size for _, size in parts)

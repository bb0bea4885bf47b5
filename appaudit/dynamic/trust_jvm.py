"""A JVM's trust store with one certificate authority; needs no keytool."""

from __future__ import annotations

import hashlib
import ssl
import struct
from pathlib import Path

PASSWORD = "appaudit"  # noqa: S105 - seals a file that holds nothing secret
MAGIC, VERSION, TRUSTED = 0xFEEDFEED, 2, 2
"""Of the JKS format, as OpenJDK's JavaKeyStore writes it."""


def trusting(certificate: Path, store: Path) -> dict[str, str]:
    """Write ``store``, whose only entry is the PEM ``certificate``; the system properties that use it."""
    der = ssl.PEM_cert_to_DER_cert(certificate.read_text(encoding="ascii"))

    def text(value: str) -> bytes:
        return struct.pack(">H", len(value)) + value.encode("ascii")

    entry = struct.pack(">I", TRUSTED) + text("proxy") + struct.pack(">Q", 0) + text("X.509")
    data = struct.pack(">III", MAGIC, VERSION, 1) + entry + struct.pack(">I", len(der)) + der
    seal = hashlib.sha1(PASSWORD.encode("utf-16-be") + b"Mighty Aphrodite" + data, usedforsecurity=False)
    store.parent.mkdir(parents=True, exist_ok=True)
    store.write_bytes(data + seal.digest())
    return {
        "javax.net.ssl.trustStore": str(store),
        "javax.net.ssl.trustStoreType": "JKS",
        "javax.net.ssl.trustStorePassword": PASSWORD,
    }

"""Run as a script by `appaudit.apk.second`: a binary manifest on standard input, opinions as JSON out.

Imports nothing of ours, so that it needs no more than the other readers.
"""

from __future__ import annotations

import io
import json
import sys

MEMORY = 1 << 30
"""Bytes of address space the other readers may take."""


def main() -> None:
    """Reads a manifest from standard input, writes opinions as JSON to standard output."""
    _limit_memory()
    data = sys.stdin.buffer.read()
    rows = []
    for name, reader in (("apkInspector", _apkinspector), ("androguard", _androguard)):
        try:
            rows.append({"reader": name, "xml": reader(data), "error": ""})
        except ImportError:
            continue
        except Exception as error:  # noqa: BLE001  whatever a foreign parser throws is its answer
            rows.append({"reader": name, "xml": "", "error": f"{type(error).__name__}: {error}"[:200]})
    sys.stdout.write(json.dumps(rows))


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _apkinspector(data: bytes) -> str:
    from apkInspector.axml import get_manifest

    return str(get_manifest(io.BytesIO(data)))


def _androguard(data: bytes) -> str:
    from loguru import logger

    logger.remove()
    from androguard.core.axml import AXMLPrinter

    printer = AXMLPrinter(data)
    if not printer.is_valid():
        raise ValueError("not valid")
    return bytes(printer.get_xml()).decode(errors="replace")


if __name__ == "__main__":
    main()

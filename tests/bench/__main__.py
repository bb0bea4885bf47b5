"""``python -m tests.bench [name …]``: runs every module here that has ``run()``, prints its lines."""

from __future__ import annotations

import importlib
import os
import pkgutil
import platform
import sys
from pathlib import Path


def main() -> int:
    """Runs the named modules, or all."""
    wanted = sys.argv[1:]
    folder = str(Path(__file__).parent)
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    failed = 0
    for info in sorted(pkgutil.iter_modules([folder]), key=lambda i: i.name):
        if info.name.startswith("_") or (wanted and info.name not in wanted):
            continue
        module = importlib.import_module(f"tests.bench.{info.name}")
        if not hasattr(module, "run"):
            continue
        print(f"\n{info.name}: {(module.__doc__ or '').strip().splitlines()[0]}", flush=True)
        try:
            for line in module.run():
                print(f"  {line}", flush=True)
        except Exception as error:  # noqa: BLE001 - one bench must not hide the others
            failed += 1
            print(f"  failed: {type(error).__name__}: {error}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

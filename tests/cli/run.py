"""Runs the real program in a process of its own, in a scrubbed environment."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHOP = ROOT / "fixtures" / "apps" / "shop"
NOTES = ROOT / "fixtures" / "apps" / "notes"
PLAIN = ROOT / "fixtures" / "apps" / "plain"

_SCRUBBED = ("NO_COLOR", "FORCE_COLOR", "CI", "LANG", "LC_ALL", "LC_MESSAGES", "COLUMNS")


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    out: str
    err: str


def appaudit(*arguments: str | Path, cwd: Path | None = None, **environment: str) -> Ran:
    """Run ``appaudit`` with the arguments; never with a traceback."""
    env = {k: v for k, v in os.environ.items() if k not in _SCRUBBED}
    env |= {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **environment}
    done = subprocess.run(
        [sys.executable, "-m", "appaudit", *map(str, arguments)],
        capture_output=True,
        cwd=cwd,
        env=env,
        check=False,
        timeout=120,
    )
    ran = Ran(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))
    assert "Traceback" not in ran.err, ran.err
    return ran

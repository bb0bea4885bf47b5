"""Golden files: ``UPDATE_GOLDEN=1 pytest tests/report`` writes them anew; review the diff."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "golden" / "report"


def check(name: str, text: str) -> None:
    """``text`` equals the golden file ``name``."""
    path = FOLDER / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    assert path.exists(), f"no golden file {name}; run with UPDATE_GOLDEN=1"
    assert text == path.read_bytes().decode("utf-8"), f"{name} changed; UPDATE_GOLDEN=1 if it is meant"

"""Every trick and setting that reading an app tells of has words in the reports."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TRICK = re.compile(r'"((?:zip|axml|arsc|dex|sig)_[a-z0-9_]+)"')
SETTING = re.compile(r'"setting:([a-z_]+)"')


def test_all_are_worded() -> None:
    words = tomllib.loads((ROOT / "reports" / "words.toml").read_text(encoding="utf-8"))
    source = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "appaudit" / "apk").glob("*.py"))
    tricks = set(TRICK.findall(source))
    assert len(tricks) > 50
    assert tricks <= set(words["trick"])
    assert set(SETTING.findall(source)) <= set(words["setting"])

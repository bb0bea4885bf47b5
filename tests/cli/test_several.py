"""Several apps in one run: each result in its own file, a bad one loses none of the others."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.run import NOTES, PLAIN, ROOT, SHOP, appaudit

DRIVER = """
import os, signal, sys
import appaudit.audit
from appaudit.__main__ import main
scan = appaudit.audit.scan
def breaking(app, step):
    if app.stem == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if app.stem == "broken":
        raise ZeroDivisionError("a mistake of ours")
    return scan(app, step)
appaudit.audit.scan = breaking
sys.argv = ["appaudit", "scan", *sys.argv[1:]]
main()
"""


@pytest.fixture
def apps(tmp_path: Path) -> list[Path]:
    found = []
    for folder, app in (("first", SHOP), ("second", NOTES), ("third", PLAIN)):
        (tmp_path / folder).mkdir()
        found.append(tmp_path / folder / "app.apk")
        shutil.copy(app / f"{app.name}.apk", found[-1])
    return found


def test_apps_of_one_name_keep_their_results_on_any_number_of_cores(apps: list[Path], tmp_path: Path) -> None:
    written = {}
    for jobs in ("1", "2", "0"):
        ran = appaudit("scan", *apps, "-f", "json", "-o", tmp_path / jobs, "--jobs", jobs)
        assert ran.code == 0
        written[jobs] = {p.name: json.loads(p.read_bytes()) for p in sorted((tmp_path / jobs).iterdir())}
        assert list(written[jobs]) == ["app-2.json", "app-3.json", "app.json"]
    packages = [written["1"][name]["app"]["package"] for name in ("app.json", "app-2.json", "app-3.json")]
    assert len(set(packages)) == 3
    assert written["1"] == written["2"] == written["0"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="works in this process elsewhere")
def test_a_reader_that_is_killed_or_breaks_loses_no_other_result(apps: list[Path], tmp_path: Path) -> None:
    bad = []
    for name in ("killed", "broken"):
        bad.append(tmp_path / f"{name}.apk")
        shutil.copy(apps[0], bad[-1])
    junk = tmp_path / "junk.apk"
    junk.write_bytes(b"nothing of an app")
    paths = [apps[0], bad[0], junk, bad[1], apps[1]]
    command = [
        sys.executable,
        "-c",
        DRIVER,
        *map(str, paths),
        "-f",
        "json",
        "-o",
        str(tmp_path / "out"),
        "-j",
        "2",
    ]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, timeout=120)
    assert ran.returncode == 2
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["app-2.json", "app.json"]
    told = [line for line in ran.stderr.splitlines() if line.startswith("appaudit: ")]
    assert [name in line for name, line in zip(("killed", "junk", "broken"), told, strict=True)] == [True] * 3
    assert "out of memory" in told[0]
    assert "internal error (ZeroDivisionError: a mistake of ours)" in told[2]
    assert "Traceback" not in ran.stderr

"""The built wheel, installed alone in a new environment, works and carries its hooks and templates."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def call(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    return subprocess.run(
        [str(a) for a in arguments], capture_output=True, text=True, cwd=cwd, env=environment, check=False
    )


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done = call(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        folder,
        ROOT,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


def test_wheel_carries_hooks_and_reports(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "appaudit/_bundled/reports/appaudit-1.schema.json" in names
    for folder in ("hooks", "reports"):
        for file in (ROOT / folder).rglob("*"):
            if file.is_file():
                assert f"appaudit/_bundled/{file.relative_to(ROOT).as_posix()}" in names
    assert not [n for n in names if n.startswith(("tests/", "fixtures/"))]


def test_installed_wheel_runs(wheel: Path, tmp_path: Path) -> None:
    made = call(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv", cwd=tmp_path)
    assert made.returncode == 0
    python = tmp_path / "venv" / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    done = call(*pip, "install", "-q", "--no-compile", wheel, cwd=tmp_path)
    if done.returncode != 0 and ("connection" in done.stderr.lower() or "resolve" in done.stderr.lower()):
        pytest.skip(f"no package index to install the dependencies from: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    program = tmp_path / "venv" / "bin" / "appaudit"
    heavy = call(python, "-c", "import frida", cwd=tmp_path)
    assert heavy.returncode != 0, "the light installation must not carry frida"
    shop = ROOT / "fixtures" / "apps" / "shop"
    done = call(
        program,
        "audit",
        shop / "shop.apk",
        "-p",
        shop / "policy.zh.html",
        "-f",
        "html",
        "-o",
        "r.html",
        cwd=tmp_path,
    )
    assert done.returncode == 1, done.stderr
    assert "<html" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert call(program, "schema", cwd=tmp_path).stdout.startswith("{")

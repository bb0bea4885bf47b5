"""Where the hooks and report templates are: inside the wheel, or beside the package in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def assets(name: str) -> Path:
    """The folder ``hooks`` or ``reports``. Raises FileNotFoundError when the installation lacks it."""
    for folder in (_PACKAGE / "_bundled" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"this installation lacks its '{name}' folder; reinstall appaudit")

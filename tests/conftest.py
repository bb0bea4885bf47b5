"""How the suite is shared out among processes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent
WAITING = {"dynamic", "traffic", "cli"}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Three for two cores: a third of the suite waits for apps, phones and servers."""
    return 3 * (os.cpu_count() or 1) // 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The folders that wait come first: their files take longest, and would be waited for at the end."""
    items.sort(key=lambda item: item.path.relative_to(HERE).parts[0] not in WAITING)

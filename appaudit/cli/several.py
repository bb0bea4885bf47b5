"""Run over several inputs so that a bad one never loses the good ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from appaudit.cli.output import Delivery
from appaudit.cli.progress import progress
from appaudit.cli.settings import Settings, warn
from appaudit.errors import InputError

if TYPE_CHECKING:
    from appaudit.audit import Progress
    from appaudit.bundle import Bundle


def each(
    settings: Settings,
    paths: Sequence[Path],
    work: Callable[[Path, Progress], Bundle],
    delivery: Delivery,
) -> tuple[list[Bundle], bool]:
    """Do the work and deliver each result at once; (results, whether any input failed)."""
    done: list[Bundle] = []
    failed = False
    for path in paths:
        try:
            with progress(settings, path.name) as step:
                bundle = work(path, step)
        except (InputError, OSError) as error:
            warn(f"appaudit: {_sentence(path, error)}")
            failed = True
            continue
        delivery.deliver(bundle)
        done.append(bundle)
    return done, failed


def _sentence(path: Path, error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{path}: {error.strerror or error}"
    return str(error) if str(path) in str(error) or path.name in str(error) else f"{path}: {error}"

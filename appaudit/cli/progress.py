"""One line on stderr that tells what is being done; nothing where stderr is no terminal."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from appaudit.cli.settings import Settings


@contextmanager
def progress(settings: Settings, what: str = "") -> Iterator[Callable[[str], None]]:
    """A function that shows a step; the line is gone when the block ends."""
    if not settings.progress:
        steps = (lambda step: settings.say(f"{what}: {step}")) if settings.verbose else (lambda step: None)
        yield steps
        return

    def show(step: str) -> None:
        width = max(shutil.get_terminal_size().columns - 1, 20)
        line = "".join(c if c.isprintable() else "?" for c in f"{what}: {step}" if c)
        sys.stderr.write(f"\r\x1b[2K{line[:width]}")
        sys.stderr.flush()

    try:
        yield show
    finally:
        sys.stderr.write("\r\x1b[2K")
        sys.stderr.flush()

"""The tester's keyboard: keys taken without waiting, questions asked and answered in between."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Any

HELP = "a: I tapped agree   r: I refused   n: next phase   q: end the run"


def manned() -> bool:
    """Whether somebody sits at a terminal; standard input may be closed."""
    try:
        return sys.stdin is not None and sys.stdin.isatty()
    except ValueError:
        return False


class Keyboard:
    """A context: inside it each key counts at once and is not echoed; Ctrl-C stays what it is. ``pause``
    opens around a question, so that nothing else draws meanwhile."""

    def __init__(self, pause: Callable[[], AbstractContextManager[Any]] = nullcontext) -> None:
        self._pause = pause
        self._file = -1
        self._before: list[Any] | None = None

    def __enter__(self) -> Keyboard:
        try:
            import termios
        except ImportError:
            return self
        try:
            self._file = sys.stdin.fileno()
            self._before = termios.tcgetattr(self._file)
        except (OSError, ValueError, termios.error):
            self._file = -1
            return self
        self._raw()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._whole()

    def _raw(self) -> None:
        if self._before is None:
            return
        import termios

        now = list(self._before)
        now[3] = now[3] & ~(termios.ICANON | termios.ECHO)
        now[6] = list(now[6])
        now[6][termios.VMIN], now[6][termios.VTIME] = 0, 0
        termios.tcsetattr(self._file, termios.TCSADRAIN, now)

    def _whole(self) -> None:
        if self._before is None:
            return
        import termios

        termios.tcsetattr(self._file, termios.TCSADRAIN, self._before)

    def pressed(self) -> str:
        """The keys since the last call, in lower case; escape sequences are no keys."""
        if self._file < 0:
            return ""
        taken = b""
        while select.select([self._file], [], [], 0)[0]:
            part = os.read(self._file, 256)
            if not part:  # the terminal went away, and its settings with it
                self._file, self._before = -1, None
                break
            taken += part
        return "" if taken.startswith(b"\x1b") else taken.decode("ascii", "ignore").lower()

    def ask(self, question: str) -> bool | None:
        """Yes or no, on the terminal; None where it is closed."""
        import typer

        self._whole()
        try:
            with self._pause():
                return typer.confirm(question, err=True)
        except typer.Abort:
            if sys.stdin.closed or self._file < 0:
                return None
            raise KeyboardInterrupt from None
        finally:
            self._raw()

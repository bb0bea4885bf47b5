"""What a run sees, while it sees it: a live view on a terminal, or a plain log."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from appaudit.cli.keyboard import HELP
from appaudit.cli.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from appaudit.dynamic.board import Seen

ROWS = 12
"""Data types and actors shown at once."""


class Dashboard:
    """A context around a run. ``line`` takes the lines of its record; ``say`` steps that are in none.

    With progress on, a view that is drawn anew four times a second; without, one line a phase, a gap, and a
    data type first seen of an actor, each with its time. Under --quiet nothing.
    """

    def __init__(self, settings: Settings, keys: bool = False) -> None:
        from appaudit.dynamic.board import Board

        self._settings = settings
        self._keys = keys
        self._board = Board()
        self._live: Any = None
        self._plain = not settings.progress and not settings.quiet
        self._lock = threading.Lock()

    def __enter__(self) -> Dashboard:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _start(self) -> None:
        from rich.console import Console
        from rich.live import Live

        console = Console(stderr=True, no_color=not self._settings.use_color(sys.stderr), highlight=False)
        self._live = Live(
            get_renderable=lambda: self.render(console), console=console, refresh_per_second=4, transient=True
        )
        self._live.start()

    def _stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Nothing is drawn inside."""
        shown = self._live is not None
        self._stop()
        try:
            yield
        finally:
            if shown:
                self._start()

    def line(self, line: Mapping[str, Any]) -> None:
        """Take a line of the record, from any thread."""
        if self._settings.quiet:
            return
        new = self._board.line(line)
        kind = line.get("line")
        if self._settings.progress:
            if kind == "run":
                self._start()
            elif kind == "end":
                self._stop()
        elif self._plain:
            self._log(kind, line, new)

    def _log(self, kind: Any, line: Mapping[str, Any], new: list[Seen]) -> None:
        said: list[str] = []
        if kind == "phase":
            said.append(f"phase {line.get('phase')}")
        elif kind == "gap":
            said.append(f"gap {line.get('code')}: {line.get('reason')}")
        elif kind == "process":
            said.append(f"process {line.get('name')}: {line.get('state')}")
        said += [f"{s.data} by {s.actor}: {s.what} {s.frame}".rstrip() for s in new]
        with self._lock:
            for text in said:
                self._settings.say(f"{time.strftime('%H:%M:%S')} {text}")

    def teller(self, step: Callable[[str], None]) -> Callable[[str], None]:
        """``step`` for as long as the view is not up."""

        def say(text: str) -> None:
            if self._live is None and self._settings.progress:
                step(text)

        return say

    # --------------------------------------------------------------------------------------- drawing

    def render(self, console: Console) -> RenderableType:
        """The view, for the console's size. What comes from the app is shown, never acted on."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        from appaudit.report.visible import visible

        board = self._board
        with board.lock:
            counts = board.counts.most_common()
            newest, gaps = list(board.newest), list(board.gaps)
            hosts = board.hosts.most_common(5)
            head = (
                f"{board.package}   phase {board.phase} {time.time() - board.since:.0f} s   "
                f"{board.events} calls   hooks {board.hooks}"
            )
            step, processes = board.step, sorted(board.processes)
        room = max(console.size.height - 16, 4)
        shown = counts[: min(ROWS, room)]

        def text(value: str, style: str = "") -> Text:
            return Text(visible(value, 300), style=style, no_wrap=True, overflow="ellipsis")

        table = Table(box=None, padding=(0, 2, 0, 0), expand=False)
        for name, side in (("data", "left"), ("actor", "left"), ("calls", "right")):
            table.add_column(name, justify=side)  # type: ignore[arg-type]
        for (data, actor), count in shown:
            table.add_row(text(data), text(actor), str(count))
        parts: list[RenderableType] = [text(head, "bold"), text(f"last step: {step}"), table]
        if len(counts) > len(shown):
            parts.append(text(f"and {len(counts) - len(shown)} more"))
        for seen in newest[-min(len(newest), max(room - len(shown), 3)) :]:
            clock = time.strftime("%H:%M:%S", time.localtime(seen.at))
            mark = "" if seen.result == "value" else f" ({seen.result})"
            parts.append(text(f"{clock} {seen.what}{mark}  {seen.actor}  {seen.frame}"))
        if hosts:
            parts.append(text("traffic: " + ", ".join(f"{host} {n}" for host, n in hosts)))
        if processes:
            parts.append(text("processes: " + ", ".join(processes)))
        if gaps:
            parts.append(text(f"gaps: {len(gaps)}, last: {gaps[-1][1]}", "yellow"))
        if self._keys:
            parts.append(text(HELP, "dim"))
        return Group(*parts)

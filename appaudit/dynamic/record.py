"""What a run saw, on disk at once: JSON lines, only ever appended, flushed line by line.

A killed app, a lost device or a killed run keeps everything up to the last whole line. The first line is
``run`` (version, app, target, tools); others are ``phase``, ``call``, ``note``, ``gap``, ``screen``,
``step``, ``hooks``, ``condition``, ``process``, ``end``; each has ``at``, seconds since the epoch on our
clock.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, get_args

from appaudit.errors import InputError
from appaudit.records import Condition, Phase

VERSION = 1
NAME = "run.jsonl"
FOLDER = "run"
"""Where a bundle keeps the record and the screens."""
MAX_BYTES = 2_000_000_000
"""Of a record: what the app does beyond it is counted, not written."""
THE_APPS = frozenset({"call", "note", "fault"})
"""Kinds of lines that the app can cause in any number."""


class Record:
    """An open record; safe to write to from several threads. ``watch`` is called with each line written."""

    def __init__(self, path: Path, watch: Callable[[Mapping[str, Any]], None] | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._file = path.open("ab")
        self._watch = watch
        self._size = self._left = 0
        self.path = path

    def write(self, line: str, **data: Any) -> None:
        """Append one line of kind ``line``; after `close` nothing is written any more."""
        whole = {"line": line, "at": round(time.time(), 3), **data}
        text = (json.dumps(whole, ensure_ascii=False) + "\n").encode(errors="replace")
        with self._lock:
            if self._size > MAX_BYTES and line in THE_APPS:
                self._left += 1
                return
            if not self._file.closed:
                self._size += self._file.write(text)
                self._file.flush()
        if self._watch is not None:
            self._watch(whole)

    def gap(self, code: str, scope: str, reason: str) -> None:
        """Append a gap, at once."""
        self.write("gap", code=code, scope=scope, reason=reason)

    def close(self) -> None:
        """No more lines."""
        if self._left:
            reason = f"The record was full: {self._left} lines of what the app did were not written."
            self.gap("events_lost", self.path.name, reason)
            self._left = 0
        with self._lock:
            self._file.close()

    def __enter__(self) -> Record:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a record; one cut short by a sudden end is left out. Raises InputError."""
    seen = False
    try:
        with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
            for line in file:
                try:
                    data = json.loads(line)
                except (ValueError, RecursionError):
                    continue
                if isinstance(data, dict) and isinstance(data.get("line"), str):
                    seen = True
                    yield data
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    if not seen:
        raise InputError(f"{path} is not the record of a run")


def phases(path: Path) -> list[tuple[float, Phase]]:
    """When each phase began, seconds since the epoch, in order. Raises InputError."""
    lines = (line for line in read(path) if line["line"] == "phase")
    return [(float(x["at"]), x["phase"]) for x in lines if x.get("phase") in get_args(Phase)]


def conditions(lines: Iterable[Mapping[str, Any]]) -> list[Condition]:
    """What a run ran under: device, clock, name look-ups, tools, proxy; then which hooks were live from when
    on (``hooks_framework``, ``hooks_libraries``, ``hooks_readers``, of each process, or ``hooks_system``
    where the phone's system is asked instead). Lines not as the runner writes them are left out."""
    found: dict[str, Condition] = {}
    live: list[Condition] = []
    phase: Phase = "unknown"
    for line in lines:
        kind, told = line.get("line"), line.get("conditions")
        if kind == "phase" and line.get("phase") in get_args(Phase):
            phase = line["phase"]
        elif kind == "run" and isinstance(told, Mapping):
            found |= {str(k): Condition(str(k), str(v)[:300]) for k, v in told.items()}
        elif kind == "condition":
            more = {k: v for k, v in line.items() if k not in ("line", "at") and isinstance(v, str)}
            found |= {k: Condition(k, v[:300]) for k, v in more.items()}
        elif kind == "hooks" and isinstance(line.get("counts"), Mapping):
            live.append(_live(line, phase))
    return [*found.values(), *live]


def _live(line: Mapping[str, Any], phase: Phase) -> Condition:
    numbers = [n for n in line["counts"].values() if isinstance(n, int)]
    value = f"{line['counts'].get('hooked', 0)} of {sum(numbers)}"
    if line.get("what") == "system":
        value = f"every {line['about'].get('every')} s" if isinstance(line.get("about"), Mapping) else ""
    process = str(line.get("process") or "")[:200]
    at = line.get("at")
    return Condition(
        f"hooks_{str(line.get('what'))[:40]}",
        f"{value} in {process}" if process else value,
        phase,
        round(float(at), 3) if isinstance(at, int | float) else None,
    )

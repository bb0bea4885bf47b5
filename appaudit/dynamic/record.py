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
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, get_args

from appaudit.errors import InputError
from appaudit.records import Phase

VERSION = 1
NAME = "run.jsonl"
FOLDER = "run"
"""Where a bundle keeps the record and the screens."""


class Record:
    """An open record; safe to write to from several threads. ``watch`` is called with each line written."""

    def __init__(self, path: Path, watch: Callable[[Mapping[str, Any]], None] | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._file = path.open("a", encoding="utf-8")
        self._watch = watch
        self.path = path

    def write(self, line: str, **data: Any) -> None:
        """Append one line of kind ``line``; after `close` nothing is written any more."""
        whole = {"line": line, "at": round(time.time(), 3), **data}
        text = json.dumps(whole, ensure_ascii=False)
        with self._lock:
            if not self._file.closed:
                self._file.write(text + "\n")
                self._file.flush()
        if self._watch is not None:
            self._watch(whole)

    def gap(self, code: str, scope: str, reason: str) -> None:
        """Append a gap, at once."""
        self.write("gap", code=code, scope=scope, reason=reason)

    def close(self) -> None:
        """No more lines."""
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
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    seen = False
    for line in text.split("\n"):
        try:
            data = json.loads(line) if line else None
        except ValueError:
            continue
        if isinstance(data, dict) and isinstance(data.get("line"), str):
            seen = True
            yield data
    if not seen:
        raise InputError(f"{path} is not the record of a run")


def phases(path: Path) -> list[tuple[float, Phase]]:
    """When each phase began, seconds since the epoch, in order. Raises InputError."""
    lines = (line for line in read(path) if line["line"] == "phase")
    return [(float(x["at"]), x["phase"]) for x in lines if x.get("phase") in get_args(Phase)]

"""What a run has seen so far, kept up to date from the lines of its record: for people who watch."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from appaudit.dynamic.frames import Owners, frames
from appaudit.dynamic.rows import rows
from appaudit.knowledge.apis import find_word, word_tables
from appaudit.knowledge.load import toml

NEWEST = 8


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing just seen: ``frame`` is the caller's, empty where it is not known."""

    at: float
    data: str
    actor: str
    what: str
    frame: str
    result: str


class Board:
    """Safe to feed from several threads. ``line`` takes the record's lines as they are written."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.package = ""
        self.phase = ""
        self.since = time.time()
        self.events = 0
        self.counts: Counter[tuple[str, str]] = Counter()
        """(data id, actor) → calls."""
        self.newest: deque[Seen] = deque(maxlen=NEWEST)
        self.hosts: Counter[str] = Counter()
        self.gaps: list[tuple[str, str]] = []
        self.hooks = ""
        self.processes: set[str] = set()
        self.step = ""
        self._owners = Owners("")

    def line(self, line: Mapping[str, Any]) -> list[Seen]:
        """Take one; returns what it shows for the first time (a data type, by an actor). Never raises."""
        with self.lock:
            try:
                return self._take(line)
            except (KeyError, TypeError, ValueError, AttributeError):
                return []

    def _take(self, line: Mapping[str, Any]) -> list[Seen]:
        kind = line["line"]
        if kind == "run":
            self.package = str(line["package"])
            self._owners = Owners(self.package)
        elif kind == "phase":
            self.phase, self.since = str(line["phase"]), float(line["at"])
        elif kind == "gap":
            self.gaps.append((str(line["code"]), str(line["reason"])))
        elif kind == "hooks":
            counts = line["counts"]
            live, total = int(counts.get("hooked", 0)), sum(int(n) for n in counts.values())
            if line.get("what") == "framework" or not self.hooks:  # not of the few on the app's own classes
                self.hooks = f"{live} of {total}" if total else "none"
        elif kind == "process":
            self.processes.add(str(line["name"]))
        elif kind == "step":
            self.step = str(line.get("on") or line.get("what") or "")
        elif kind == "note" and line["kind"] in ("connect", "tls"):
            detail = line["detail"]
            self.hosts[str(detail.get("host") or detail.get("ip") or "?")] += 1
        elif kind == "call":
            return self._call(line)
        elif kind == "system" and line["what"] == "access":
            return self._access(line)
        return []

    def _call(self, line: Mapping[str, Any]) -> list[Seen]:
        api = rows().get(line["row"])
        if api is None:
            return []
        stack = frames(str(line["stack"]))
        actor = self._owners.actor(stack)
        guilty = next((str(f) for f in stack if self._owners.of(f.class_name) == actor), "")
        words = [
            word.data
            for place, table in api.args.items()
            if table in word_tables() and (word := find_word(table, line["arguments"].get(str(place), "")))
        ]
        what = f"{api.class_name.rpartition('.')[2]}.{api.member}"
        return self._count(words or list(api.data), actor, int(line["count"]), line, what, guilty)

    def _access(self, line: Mapping[str, Any]) -> list[Seen]:
        op = toml("appops.toml")["ops"].get(str(line["op"]))
        return self._count(op["data"], "unknown", 1, line, str(line["op"]), "") if op else []

    def _count(
        self, data: list[str], actor: str, count: int, line: Mapping[str, Any], what: str, frame: str
    ) -> list[Seen]:
        self.events += count
        result = str(line.get("result", "null" if line.get("rejected") else "value"))
        found = [Seen(float(line["at"]), d, actor, what, frame, result) for d in data]
        new = [s for s in found if (s.data, s.actor) not in self.counts]
        for seen in found:
            self.counts[seen.data, seen.actor] += count
            self.newest.append(seen)
        return new

"""The agent inside the app: loaded before any code of the app runs, its messages validated and recorded."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from appaudit.dynamic import agent
from appaudit.dynamic.family import Family
from appaudit.dynamic.messages import Batch, Reader, RefusedError
from appaudit.dynamic.readers import FieldReader
from appaudit.dynamic.record import Record
from appaudit.dynamic.rows import SPECIALS, UNPINNING, configuration, rows
from appaudit.dynamic.target import LostError, Target

MAX_REFUSED = 1000
"""Refused messages of one session after which nothing of it is read any more."""
HOOKING = 90.0
"""Seconds in which a process that is held has to take the hooks."""
LATE = 20.0
"""Seconds in which a process that runs has to have its class loader."""
ANSWER = 10.0
"""Seconds in which the agent has to answer. It cannot while its process is held still: Android does that to
apps in the background."""
STATES = frozenset({"hooked", "no_class", "no_member", "no_symbol", "abstract", "skipped", "failed"})
"""What can become of a row: set on so many overloads, or why not."""
TUNING: dict[str, int] = {}
"""Values of ``hooks/state.js`` to set otherwise than there (``stacksPerSecond``, ``sampleEvery`` …)."""


class Session:
    """One process of the app under watch, and by its `Family` those that it or the system starts beside it.
    ``whole``: record each hook's name, not their number alone; ``readers``: methods of the app that read
    constants of the device; ``process``: its name where it is not the main one; ``unpin``: accept the
    certificates that the app refuses."""

    def __init__(
        self,
        target: Target,
        record: Record,
        whole: bool = True,
        readers: Sequence[FieldReader] = (),
        process: str = "",
        unpin: bool = False,
    ) -> None:
        self._readers = tuple(readers)
        self._unpin = unpin
        self._target = target
        self._process = process
        self._family = Family(target, record, self._member) if not process else None
        self._record = record
        self._whole = whole
        self._lock = threading.Lock()
        self._refused: Counter[str] = Counter()
        self._counted: Counter[int] = Counter()
        self._totals: dict[int, int] = {}
        self._lost = 0
        self._frida: Any = None
        self._script: Any = None
        self._reader = Reader("", {}, time.time())
        self._left: Counter[str] = Counter()
        self._about: Mapping[str, Any] = {}
        self.detached = ""
        """Why the connection ended by itself; empty while it holds."""

    def open(self, fresh: bool, epoch: int = 0) -> None:
        """Spawn, load the agent, set the hooks, let the app run. Raises LostError, InputError."""
        frida = self._target.spawn(fresh)
        self.hook(frida, epoch)
        if self._family is not None:
            self._family.begin(frida, epoch)
        self._target.resume()
        self.late()

    def _member(self, name: str) -> Session:
        return Session(self._target, self._record, False, self._readers, name, self._unpin)

    def late(self) -> None:
        """Set the hooks on classes of the app itself, which are there once it runs. Never raises."""
        if self._about.get("java") is not True:  # a command: it may fork, which no call of ours may meet
            return
        for what in ("libraries", "readers"):
            try:
                outcome = agent.within(LATE, getattr(self._script.exports_sync, what))
            except Exception:  # noqa: BLE001 - the process died: then the target says so
                return
            self._note_hooks(self._about, outcome, what)

    def hook(self, frida: Any, epoch: int) -> None:
        """Load the agent into a process that is held, and set the hooks. Raises LostError."""
        token = secrets.token_hex(16)
        self._reader = Reader(token, rows(), time.time())
        self._frida = frida
        self._frida.on("detached", self._on_detached)
        try:
            about, outcome = agent.within(HOOKING, partial(self._load, token))
        except Exception as error:
            self.close()
            raise LostError(f"the hooks could not be set: {str(error)[:300] or 'no answer'}") from error
        self._about = dict(about)
        self._note_hooks(about, _part(outcome, "rows", list))
        self._note_specials(_part(outcome, "specials", dict))
        self.epoch(epoch)

    def _load(self, token: str) -> tuple[Mapping[str, Any], Any]:
        self._script = self._frida.create_script(agent.source())
        self._script.on("message", self._on_message)
        self._script.load()
        about = self._script.exports_sync.about()
        self._reader.set_clock(about["clock"], time.time())
        outcome = self._script.exports_sync.install(
            {
                **configuration(token, tuple(self._target.skip), _level(about), self._unpin),
                "readers": [reader.json() for reader in self._readers],
                **TUNING,
            }
        )
        return about, outcome

    def _note_hooks(self, about: Mapping[str, Any], outcome: Any, what: str = "framework") -> None:
        states: dict[str, list[str]] = {}
        for item in outcome if isinstance(outcome, list) else ():
            told = item if isinstance(item, dict) else {}
            number, state = told.get("row"), str(told.get("state"))
            if isinstance(number, int) and number in rows() and state in STATES:
                states.setdefault(state, []).append(rows()[number].id)
        counts = {state: len(names) for state, names in states.items()}
        runtime = {str(k)[:40]: str(v)[:200] for k, v in list(about.items())[:20]}
        self._record.write(
            "hooks",
            what=what,
            about=runtime,
            counts=counts,
            states=states if self._whole else {},
            **self._where,
        )

    @property
    def _where(self) -> dict[str, str]:
        return {"process": self._process} if self._process else {}

    def _note_specials(self, outcome: Mapping[str, Any]) -> None:
        names = (*SPECIALS, UNPINNING, "native")
        missing = {name: str(outcome[name])[:200] for name in names if outcome.get(name)}
        if missing and self._whole:
            why = "; ".join(f"{name}: {text}" for name, text in sorted(missing.items()))
            self._record.gap("watch_not_set", self._target.package, f"Not watched here: {why}.")

    def _on_message(self, message: Mapping[str, Any], data: bytes | None) -> None:
        with self._lock:
            if sum(self._refused.values()) > MAX_REFUSED:
                return
            if message.get("type") != "send":
                self._record.write("fault", text=str(message.get("description"))[:500])
                return
            try:
                batch = self._reader.read(message.get("payload"), time.time(), data)
            except (RefusedError, ValueError, TypeError, OverflowError) as error:
                self._refused[str(error)[:100]] += 1
                return
            self._keep(batch)

    def _keep(self, batch: Batch) -> None:
        for call in batch.calls:
            self._counted[call.row] += call.count
            self._record.write("call", **call.json(), **self._where)
        for note in batch.notes:
            self._record.write("note", **note.json(), **self._where)
        for text, count in batch.faults.items():
            self._record.write("fault", text=text, count=count)
        self._left.update(batch.left)
        self._totals = batch.totals
        self._lost += batch.lost

    def _on_detached(self, reason: str, *_: Any) -> None:
        self.detached = str(reason)

    def epoch(self, number: int) -> None:
        """Events from now on belong to this epoch; those before were all sent. A process that is held still
        is told when it goes on. Raises LostError."""
        if self._family is not None:
            self._family.epoch(number)
        try:
            agent.within(ANSWER, partial(self._script.exports_sync.epoch, number))
        except TimeoutError:
            self._silent(number)
        except Exception as error:
            raise LostError(f"the app is gone: {self.detached or error}") from error

    def _silent(self, epoch: int | None = None) -> None:
        when = "at the end" if epoch is None else f"as part {epoch} of the run began"
        self._record.gap(
            "process_silent",
            f"{self._process or self._target.package} {when}",
            f"The hooks did not answer within {ANSWER:.0f} s {when}: the system holds the process still, or "
            f"it keeps them from it.",
        )

    def close(self) -> None:
        """Take the last events, unload, detach, and say what was lost. Never raises."""
        if self._family is not None:
            self._family.close()
            self._family = None
        answers = True
        try:
            agent.within(ANSWER, self._script.exports_sync.stop)
        except TimeoutError:
            answers = False
            self._silent()
        except Exception as error:  # noqa: BLE001 - nothing may stop the end, whatever Frida raises
            self.detached = self.detached or str(error)[:200] or "gone"
        with contextlib.suppress(Exception):
            if answers:
                agent.within(ANSWER, self._script.unload)
        with contextlib.suppress(Exception):
            agent.within(ANSWER if answers else 1.0, self._frida.detach)
        with self._lock:
            self._settle()

    def _settle(self) -> None:
        uncounted = sum(max(n - self._counted[row], 0) for row, n in self._totals.items())
        if uncounted or self._lost or self._reader.missing:
            self._record.gap(
                "events_lost",
                self._target.package,
                f"{uncounted} calls lack their details; {self._reader.missing} messages never came.",
            )
        if self._left:
            kinds = ", ".join(f"{n} x {kind}" for kind, n in self._left.most_common())
            self._record.gap(
                "notes_left_out",
                self._target.package,
                f"More came than is kept in a second, counted only: {kinds}.",
            )
        if self._refused:
            why = ", ".join(f"{n} x {text}" for text, n in self._refused.most_common(3))
            self._record.gap(
                "messages_refused",
                self._target.package,
                f"Messages that are not the hooks' own came from the app, not believed: {why}.",
            )


def _part(outcome: Any, name: str, kind: type) -> Any:
    """What the agent answered comes out of the app's process: believed in shape only."""
    value = outcome.get(name) if isinstance(outcome, dict) else None
    return value if isinstance(value, kind) else kind()


def _level(about: Any) -> int | None:
    """The API level, where the runtime has one."""
    level = about.get("sdk") if isinstance(about, dict) else None
    return level if isinstance(level, int) and 1 <= level < 1000 else None

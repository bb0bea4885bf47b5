"""Watches an app from outside: asks the phone's system again and again, keeps what is new.

App ops keep one last access an op and state of the process: of several between two looks only the last is
seen, so counts are at least what is told. The dump at each end of a phase is kept beside the record.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from appaudit.dynamic import dumpsys
from appaudit.dynamic.dumpsys import Access
from appaudit.dynamic.record import Record
from appaudit.dynamic.target import LostError
from appaudit.dynamic.target_rootless import RootlessTarget

EVERY = 1.0
"""Seconds between two looks at the app ops."""
SELDOM = 5
"""Looks between two at services, jobs and permissions."""
DENIED = "Denying clipboard access to "
MAX_DUMP = 4_000_000


class Polling:
    """One run of the app under watch; as `session.Session`, without hooks."""

    def __init__(self, target: RootlessTarget, record: Record, every: float = EVERY) -> None:
        self._target = target
        self._phone = target.phone
        self._record = record
        self._every = every
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._epoch = 0
        self._seen: set[tuple[Any, ...]] = set()
        """Accesses by their key, other things with a leading 0."""
        self._before: Counter[tuple[str, str, bool]] = Counter()
        """How often the system had counted each op."""
        self._looks = 0
        self._dumps = 0
        self._start = time.time()
        self._skew = 0.0
        self._zone = 0.0
        self._logged = 0.0
        self.detached = ""
        """Why it sees nothing any more; empty while it does."""

    def open(self, fresh: bool, epoch: int = 0) -> None:
        """Note what was before, start the app, look on."""
        self._target.spawn(fresh)
        self._zone = self._target.zone()
        self._skew = self._phone.skew() or 0.0
        self._start = time.time()
        self._logged = self._start + self._skew
        self._seen.update(a.key for a in self._ops()[0])
        self._before = dumpsys.totals(self._history(), self._target.package)
        self._epoch = epoch
        self._record.write("hooks", what="system", about={"every": self._every}, counts={}, states={})
        self._target.resume()
        self._over.clear()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(self._every):
            try:
                with self._lock:
                    self._try(self._look)
            except LostError as error:
                self.detached = str(error)
                return

    def epoch(self, number: int) -> None:
        """What was seen until now belongs to the epoch before. Raises LostError."""
        with self._lock:
            self._try(partial(self._look, everything=True))
            self._epoch = number

    def close(self) -> None:
        """A last look; never raises."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(60)
            self._thread = None
            with contextlib.suppress(LostError):
                self._try(partial(self._look, everything=True))
                self._try(self._past)

    # ------------------------------------------------------------------------------------- a look

    def _try(self, look: Callable[[], None]) -> None:
        """A look that fails is told, and the next one taken. Raises LostError alone."""
        try:
            look()
        except LostError:
            raise
        except Exception as error:  # noqa: BLE001 - what a vendor's system writes is anybody's guess
            self._record.gap(
                "look_failed", self._target.package,
                f"A look at what the system tells failed: {type(error).__name__}: {str(error)[:200]}.",
            )  # fmt: skip

    def _look(self, everything: bool = False) -> None:
        found, text = self._ops()
        file = self._keep("appops", text) if everything else ""
        for access in found:
            self._access(access, "appops", file)
        self._log()
        if everything or self._looks % SELDOM == 0:
            self._state(everything)
        self._looks += 1

    def _ops(self) -> tuple[list[Access], str]:
        before = time.time()
        text = self._phone.shell("dumpsys", "appops", "--package", self._target.package)
        if "nknown option" in text[:200]:  # Android 8 knows no --package
            before = time.time()
            text = self._phone.shell("dumpsys", "appops")
        taken = (before + time.time()) / 2
        return dumpsys.accesses(text, self._target.package, taken, self._zone + self._skew), text

    def _keep(self, name: str, text: str) -> str:
        self._dumps += 1
        file = f"system/{self._epoch:03}-{self._dumps:03}-{name}.txt"
        path = self._record.path.parent / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text[:MAX_DUMP], encoding="utf-8", errors="replace")
        return file

    def _access(self, access: Access, source: str, file: str) -> None:
        if access.key in self._seen or access.time + access.within < self._start - 1:
            return
        self._seen.add(access.key)
        self._write(
            "access", source, file,
            op=access.op, tag=access.tag, rejected=access.rejected, state=access.state, flag=access.flag,
            time=round(access.time, 3), within=access.within, duration=access.duration, proxy=access.proxy,
            text=access.line,
        )  # fmt: skip

    def _write(self, what: str, source: str, file: str, **data: Any) -> None:
        self._record.write("system", what=what, source=source, file=file, epoch=self._epoch, **data)

    def _state(self, keep: bool) -> None:
        package = self._target.package
        text = self._phone.shell("dumpsys", "activity", "services", package)
        file = self._keep("services", text) if keep else ""
        for service in dumpsys.services(text, package):
            key: tuple[Any, ...] = (0, "service", service.class_name, service.process, service.foreground)
            key = (*key, self._epoch)
            if key not in self._seen:
                self._seen.add(key)
                self._write("service", "services", file, component=service.class_name,
                            process=service.process, foreground=service.foreground,
                            time=round(time.time(), 3), text=service.line)  # fmt: skip
        text = self._phone.shell("dumpsys", "jobscheduler", package)
        file = self._keep("jobs", text) if keep else ""
        for job in dumpsys.jobs(text, package):
            key = (0, "job", job.class_name, job.number, self._epoch)
            if key not in self._seen:
                self._seen.add(key)
                self._write("job", "jobs", file, component=job.class_name, period=job.period,
                            persisted=job.persisted, time=round(time.time(), 3), text=job.line)  # fmt: skip
        held = dumpsys.permissions(self._phone.shell("dumpsys", "package", package), package)
        now = (0, "permissions", tuple(sorted(held.items())))
        if now not in self._seen:
            self._seen = {key for key in self._seen if key[:2] != now[:2]} | {now}
            self._write("permissions", "package", "", held=held, time=round(time.time(), 3))

    def _log(self) -> None:
        since = self._logged
        text = self._phone.shell(
            "logcat", "-d", "-b", "main,system,events", "-v", "epoch", "-T", f"{since:.3f}"
        )
        for line in dumpsys.logged(text):
            if line.time <= since:
                continue
            self._logged = max(self._logged, line.time)
            self._of_log(line)

    def _of_log(self, line: dumpsys.Logged) -> None:
        package, at = self._target.package, round(line.time - self._skew, 3)
        if line.tag == "am_proc_start":
            said = dumpsys.fields(line.text)
            if len(said) >= 5 and said[3].split(":")[0] == package:
                why, what = said[4], ",".join(said[5:])[:300].strip("{}")
                self._write("process", "log", "", process=said[3], why=why, component=what, time=at,
                            text=line.text[:500])  # fmt: skip
        elif line.tag in ("am_proc_died", "am_crash"):
            said = dumpsys.fields(line.text)
            if len(said) >= 3 and said[2].split(":")[0] == package:
                self._write("ended", "log", "", process=said[2], why=line.tag, time=at, text=line.text[:500])
        elif line.tag == "ClipboardService" and line.text.startswith(f"{DENIED}{package},"):
            self._write("access", "log", "", op="READ_CLIPBOARD", tag="", rejected=True, state="bg", flag="s",
                        time=at, within=0.0, duration=0.0, proxy="", text=line.text[:500])  # fmt: skip

    def _history(self) -> str:
        package = self._target.package
        return self._phone.shell("dumpsys", "appops", "--history", "--package", package, timeout=60)

    def _past(self) -> None:
        """Accesses that no look saw, from the system's own history: told to the minute; and how often the
        system counted each op since the start."""
        text = self._history()
        found = dumpsys.history(text, self._target.package, self._zone + self._skew)
        more = dumpsys.totals(text, self._target.package) - self._before
        file = self._keep("appops-history", text) if found or more else ""
        for (op, flag, rejected), number in more.items():
            self._write("total", "appops-history", file, op=op, flag=flag, rejected=rejected, number=number,
                        time=round(time.time(), 3))  # fmt: skip
        if found:
            minutes = {(k[0], k[1], k[3], k[5][:16]) for k in self._seen if k[0] != 0}
            for access in found:
                if (access.op, access.tag, access.state, access.stamp[:16]) in minutes:
                    continue
                self._access(access, "appops-history", file)

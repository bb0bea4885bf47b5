"""What the system of a phone writes about one app, read: app ops, services, jobs, package, log.

The texts are those of AOSP's ``AppOpsService.dump``, ``DiscreteRegistry`` (accesses of the last days, from
Android 12 on), ``ActiveServices``, ``JobSchedulerService``, ``Settings.dumpPackageLPr`` and ``EventLogTags``,
Android 9 to 16. A line that is none of these is passed over; nothing raises. Times are seconds since the
epoch on our clock.
"""

from __future__ import annotations

import calendar
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

MAX_LINES = 400_000
MAX_LINE = 2_000
UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}

PACKAGE = re.compile(r"Package (?:\[)?([\w.]{1,255})[\]:]?.*")
OP = re.compile(r"([A-Z][A-Z0-9_]{1,60}(?:\(\d{1,6}\))?) \(([a-z]{1,20})\b.*\):?.*")
TAG = re.compile(r"(\S{1,200})=\[")
STAMP = r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3})"
USE = re.compile(
    r"(Access|Reject): (?:\[([a-z]{1,12})(?:-([a-z]{1,4}))?\] ?)?" + STAMP + r"(?: \((-?[\w]{2,40})\))?"
    r"(?: duration=\+?(\w{2,40}))?(?: proxy\[uid=\d{1,9}, pkg=([\w.]{1,255}).*)?"
)
LATER = re.compile(
    r"Access \[([a-z]{1,12})-([a-z]{1,4})\] at " + STAMP + r"(?: for (\d{1,12}) milliseconds)?"
)
COUNTS = re.compile(
    r"\[[a-z]{1,12}-([a-z]{1,4})\] = (?:access=(\d{1,12}))?(?:(?:, )?reject=(\d{1,12}))?"
    r"(?:(?:, )?duration=.*)?"
)
SPAN = re.compile(r"(\d{1,12})(d|h|ms|m|s)")
SERVICE = re.compile(r"\* ServiceRecord\{[0-9a-f]+ u(\d+) ([\w.]+)/([\w.$]+)[^}]*\}")
JOB = re.compile(r"JOB #(\w+)/(-?\d+): \S+ (?:@\S+@)?([\w.]+)/([\w.$]+).*")
PERMISSION = re.compile(r"([\w.]{3,200}): granted=(true|false)\b.*")
LOG = re.compile(
    r"(?:\S+ +)??(\d{9,11}\.\d{3,9}) +(?:\S+ +)??(\d+) +(\d+) ([VDIWEF]) (\S[^:]{0,200}?) *: (.*)"
)


@dataclass(frozen=True, slots=True)
class Access:
    """One use of an op. ``stamp``: the device's own words for the moment, which make an access the same in
    two dumps; ``within``: the access was in these seconds from ``time`` on (0: at that time)."""

    op: str
    mode: str
    tag: str
    rejected: bool
    state: str
    flag: str
    stamp: str
    time: float
    within: float
    duration: float
    proxy: str
    line: str

    @property
    def key(self) -> tuple[str, str, bool, str, str, str]:
        """Equal in two dumps for the same access."""
        return self.op, self.tag, self.rejected, self.state, self.flag, self.stamp


@dataclass(frozen=True, slots=True)
class Service:
    """A service that runs. ``foreground``: with a notification."""

    class_name: str
    process: str
    foreground: bool
    line: str


@dataclass(frozen=True, slots=True)
class Job:
    """A job that waits for its moment. ``period``: seconds, 0 for one that runs once."""

    class_name: str
    number: str
    period: float
    persisted: bool
    line: str


@dataclass(frozen=True, slots=True)
class Logged:
    """One line of the log. ``time``: the device's clock."""

    time: float
    pid: int
    tag: str
    text: str


def _lines(text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines()):
        if number >= MAX_LINES:
            return
        yield line.strip()[:MAX_LINE]


def seconds(span: str) -> float:
    """``-3d23h4m58s891ms`` as seconds, without its sign; 0 where it is no span."""
    return sum(int(number) * UNITS[unit] for number, unit in SPAN.findall(span))


def _moment(stamp: str, zone: float) -> float:
    try:
        whole, _, part = stamp.partition(".")
        return calendar.timegm(time.strptime(whole, "%Y-%m-%d %H:%M:%S")) - zone + int(part) / 1000
    except (ValueError, OverflowError):
        return 0.0


def accesses(text: str, package: str, taken: float, zone: float = 0.0) -> list[Access]:
    """The last uses that ``dumpsys appops`` tells, one an op, state and flag. ``taken``: when it was asked;
    ``zone``: seconds that the device's clock is ahead of UTC, for dumps without ages."""
    found: list[Access] = []
    inside, op, mode, tag = False, "", "", ""
    for line in _lines(text):
        if line.startswith(("Package ", "Uid ")):
            match = PACKAGE.fullmatch(line)
            inside, op, tag = match is not None and match[1] == package, "", ""
        elif not inside:
            continue
        elif (use := USE.fullmatch(line)) is not None:
            if op:
                age = use[5]
                at = taken - seconds(age) if age else _moment(use[4], zone)
                found.append(
                    Access(op, mode, tag, use[1] == "Reject", use[2] or "", use[3] or "s", use[4], at, 0.0,
                           seconds(use[6] or ""), use[7] or "", line)
                )  # fmt: skip
        elif (named := TAG.fullmatch(line)) is not None:
            tag = "" if named[1] == "null" else named[1]
        elif (head := OP.match(line)) is not None:
            op, mode, tag = head[1].partition("(")[0], head[2], ""
    return found


def history(text: str, package: str, zone: float) -> list[Access]:
    """The discrete accesses of ``dumpsys appops --history``: each, but told to the minute or so."""
    found: list[Access] = []
    inside, op, tag = False, "", ""
    for line in _lines(text):
        if line.startswith(("Package: ", "Uid: ")):
            inside, op, tag = line == f"Package: {package}", "", ""
        elif not inside:
            continue
        elif (use := LATER.fullmatch(line)) is not None:
            if op:
                length = int(use[4] or 0) / 1000
                at = _moment(use[3], zone)
                found.append(
                    Access(op, "", tag, False, use[1], use[2], use[3], at, 60.0, length, "", line)
                )  # fmt: skip
        elif line.startswith("Attribution: "):
            tag = "" if line == "Attribution: null" else line[13:213]
        elif re.fullmatch(r"[A-Z][A-Z0-9_]{1,60}", line):
            op, tag = line, ""
    return found


def totals(text: str, package: str) -> Counter[tuple[str, str, bool]]:
    """(op, flag, rejected) → how often, as the snapshots of ``dumpsys appops --history`` add up: exact, for
    as long as the system keeps them."""
    found: Counter[tuple[str, str, bool]] = Counter()
    inside, op = False, ""
    for line in _lines(text):
        if line.startswith(("Uid ", "Package ", "snapshot:", "Discrete accesses")):
            inside, op = line == f"Package {package}:", ""
        elif inside and (counts := COUNTS.fullmatch(line)) is not None:
            for rejected, number in ((False, counts[2]), (True, counts[3])):
                if op and number:
                    found[op, counts[1], rejected] += int(number)
        elif inside and re.fullmatch(r"[A-Z][A-Z0-9_]{1,60}:", line):
            op = line[:-1]
    return found


def services(text: str, package: str) -> list[Service]:
    """Running services of ``dumpsys activity services``."""
    found: list[Service] = []
    current: tuple[str, str] | None = None
    process, front = "", False

    def close() -> None:
        if current is not None:
            found.append(Service(current[0], process or package, front, current[1]))

    for line in _lines(text):
        if line.startswith(("* ServiceRecord", "* Restarting ServiceRecord", "Connection bindings")):
            close()
            match = SERVICE.match(line)
            ours = match is not None and match[2] == package
            current = (_whole(package, match[3]), line) if match is not None and ours else None
            process, front = "", False
        elif current is not None and line.startswith("processName="):
            process = line[12:268].split(" ")[0]
        elif current is not None and line.startswith("isForeground=true"):
            front = True
    close()
    return found


def jobs(text: str, package: str) -> list[Job]:
    """Registered jobs of ``dumpsys jobscheduler``."""
    found: list[Job] = []
    for line in _lines(text):
        match = JOB.fullmatch(line)
        if match is not None:
            if match[3] == package:
                found.append(Job(_whole(package, match[4]), match[2], 0.0, False, line))
            else:
                found.append(Job("", "", 0.0, False, ""))  # what follows is another app's
        elif found and found[-1].class_name:
            last = found[-1]
            if line.startswith("PERIODIC: interval=+"):
                period = seconds(line[19:].split(" ")[0])
                found[-1] = Job(last.class_name, last.number, period, last.persisted, last.line)
            elif line == "PERSISTED":
                found[-1] = Job(last.class_name, last.number, last.period, True, last.line)
    return list({(j.class_name, j.number): j for j in found if j.class_name}.values())


def permissions(text: str, package: str, user: int = 0, runtime: bool = False) -> dict[str, bool]:
    """Permission → whether it is granted, of ``dumpsys package``; for one user of the device. ``runtime``: of
    those alone that the user grants."""
    found: dict[str, bool] = {}
    inside, section, whose = False, "", None
    for line in _lines(text):
        if line.startswith("Package ["):
            match = PACKAGE.fullmatch(line)
            inside, section, whose = match is not None and match[1] == package, "", None
        elif not inside:
            continue
        elif (told := re.match(r"User (\d{1,4}):", line)) is not None:
            whose = int(told[1])
        elif line.endswith(" permissions:"):
            section = line
        elif section in ("install permissions:", "runtime permissions:"):
            match = PERMISSION.fullmatch(line)
            if match is None:
                section = ""
            elif section.startswith("install"):
                if not runtime:
                    found[match[1]] = match[2] == "true"
            elif whose in (None, user):
                found[match[1]] = match[2] == "true"
    return found


def logged(text: str) -> Iterator[Logged]:
    """Lines of ``logcat -v epoch``, with or without a uid."""
    for line in _lines(text):
        match = LOG.fullmatch(line)
        if match is not None:
            yield Logged(float(match[1]), int(match[2]) % 2**31, match[5], match[6])


def fields(text: str) -> list[str]:
    """``[0,4660,10000,com.example,service,{x/y}]`` of the event log, split."""
    return text[1:-1].split(",") if text.startswith("[") and text.endswith("]") else []


def _whole(package: str, name: str) -> str:
    return package + name if name.startswith(".") else name

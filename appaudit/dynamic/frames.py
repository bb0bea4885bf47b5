"""Whose call was it? A stack, innermost frame first, read over the platform's frames and plumbing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from appaudit.errors import InputError
from appaudit.knowledge import sdks

PLATFORM = (
    "java.", "javax.", "android.", "dalvik.", "com.android.", "libcore.", "sun.", "jdk.",
    "org.apache.harmony.", "standin.", "org.json.", "org.xmlpull.",
)  # fmt: skip
"""Class name prefixes of the runtime and framework; ``standin`` is the launcher of the JVM target."""
HANDS_ON = ("java.lang.reflect.", "jdk.internal.reflect.", "sun.reflect.", "java.lang.invoke.")
"""The platform's ways of calling what the caller asked for: who stands behind them called."""
PLUMBING = (
    "kotlin.", "kotlinx.", "androidx.", "android.support.", "okhttp3.", "okio.", "retrofit2.",
    "io.reactivex.", "rx.", "org.apache.http.", "com.squareup.", "com.bumptech.glide.",
    "com.google.gson.", "com.google.common.",
)  # fmt: skip
"""Libraries that act for whoever called them."""
READERS = ("java.io.", "java.nio.", "sun.nio.", "java.util.", "java.lang.ProcessBuilder", "libcore.",
           "android.system.", "android.os.SystemProperties")  # fmt: skip
"""The platform's classes that hand a file's or property's name on to libc."""
PROXY = "$Stub$Proxy"
"""A copied or reflected stub of a service: it calls for whoever holds it."""
NATIVE = "native."
"""Before a library's name in the frame of the native code that called; its place is ``app`` or ``system``."""
FRAME = re.compile(r"(?:[\w.@-]*/){0,3}([\w$.\-]+)\.([\w$<>\-]+)\(([^()]*)\)")
GENERIC = frozenset({"com.android", "com.google", "com.github", "io.github"})


MAX_LINE = 65_535
LINE = re.compile(r":(\d{1,9})$")
CLASS_LINE = re.compile(r"(\S+) -> (\S+):")
METHOD_LINE = re.compile(r" +(?:(\d{1,9}):(\d{1,9}):)?[^\s(]+ ([^\s(]+)\([^()]*\)[\d:]* -> (\S+)")


class Method(NamedTuple):
    """A method's name before renaming, for these lines of the renamed class."""

    first: int
    last: int
    name: str


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: class as Java writes it, method, and where in the source."""

    class_name: str
    method: str
    place: str

    def __str__(self) -> str:
        return f"{self.class_name}.{self.method}({self.place})"


@dataclass(frozen=True, slots=True)
class Caller:
    """``actor`` as in a Fact; ``chain``: all actors from the call outwards; ``through``: the platform's
    frame that made the call for somebody, empty where the caller called directly."""

    actor: str
    chain: tuple[str, ...]
    through: str


def frames(stack: str) -> tuple[Frame, ...]:
    """The frames of ``Arrays.toString(StackTraceElement[])`` without its brackets."""
    found = (FRAME.fullmatch(part.strip()) for part in stack.split(", "))
    return tuple(Frame(m[1], m[2], m[3]) for m in found if m)


class Renaming(dict[str, str]):
    """Renamed class → original, and the methods of each: `method`."""

    def __init__(
        self, classes: Mapping[str, str], methods: Mapping[tuple[str, str], Sequence[Method]]
    ) -> None:
        super().__init__(classes)
        self._methods = methods

    def method(self, class_name: str, name: str, place: str) -> str:
        """The name of a renamed class's method before renaming; as it is where several could be meant."""
        known = self._methods.get((class_name, name), ())
        line = int(found[1]) if (found := LINE.search(place)) else None
        here = [m for m in known if line is None or m.first <= line <= m.last] or known
        names = {m.name for m in here}
        return names.pop() if len(names) == 1 else name


class Owners:
    """Names the actor of a class. ``package``: the app's own; ``mapping``: renamed class → original;
    ``known``: class as it runs → actor, where the static result tells one that names do not."""

    def __init__(
        self, package: str, mapping: Mapping[str, str] | None = None, known: Mapping[str, str] | None = None
    ) -> None:
        self._known = dict(known or {})
        self._renaming = mapping if isinstance(mapping, Renaming) else None
        parts = package.split(".")
        two = ".".join(parts[:2])
        self._own = (".".join(parts[:3]) if two in GENERIC else two) + "."
        self._mapping = dict(mapping or {})
        self._own_sdk = sdks.owner(f"{package}.X")
        self.of = lru_cache(50_000)(self._of)

    def _of(self, class_name: str) -> str:
        """``app``, ``sdk:<id>``, ``unknown``, or empty for the platform and plumbing."""
        name = self.original(class_name)
        if name.startswith(NATIVE):
            sdk_id = sdks.sdk_of_library(name.removeprefix(NATIVE))
            return f"sdk:{sdk_id}" if sdk_id else ""
        if name.startswith(PLATFORM) or name.startswith(PLUMBING):
            return ""
        owner = sdks.owner(name)
        if owner is not None and owner != self._own_sdk:
            sdk = sdks.sdks().get(owner)
            return "" if sdk is not None and sdk.plumbing else f"sdk:{owner}"
        if owner is not None or name.startswith(self._own):
            return "app"
        return self._known.get(class_name, "unknown")

    def original(self, class_name: str) -> str:
        """The name before renaming, where a mapping tells it."""
        return self._mapping.get(class_name, class_name)

    def named(self, frame: Frame) -> Frame:
        """The frame with its class and method as they were before renaming."""
        method = frame.method
        if self._renaming is not None:
            method = self._renaming.method(frame.class_name, method, frame.place)
        return Frame(self.original(frame.class_name), method, frame.place)

    def caller(self, stack: Sequence[Frame]) -> Caller | None:
        """Who called; None where nobody but the platform is on the stack."""
        chain = tuple(dict.fromkeys(a for a in (self.of(f.class_name) for f in stack) if a))
        if not chain:
            own = any(f.class_name.startswith(NATIVE) and f.place == "app" for f in stack)
            return Caller("unknown", ("unknown",), "") if own else None
        return Caller(chain[0], chain, _through(stack))

    def actor(self, stack: Sequence[Frame]) -> str:
        """Who called, as in a Fact; ``unknown`` where nobody but the platform is on the stack."""
        found = self.caller(stack)
        return found.actor if found else "unknown"


def _through(stack: Sequence[Frame]) -> str:
    """The frame above the member that was called, where it is the platform's own."""
    top = stack[0]
    hands = HANDS_ON if not top.class_name.startswith(NATIVE) else (*HANDS_ON, *READERS, NATIVE)
    rest = [f for f in stack if (f.class_name, f.method) != (top.class_name, top.method)]
    for frame in rest:
        if frame.class_name.startswith(hands) or frame.class_name.endswith(PROXY):
            continue
        return str(frame) if frame.class_name.startswith(PLATFORM) else ""
    return ""


def read_mapping(path: Path) -> Renaming:
    """R8's ``mapping.txt``. Methods inlined into others keep the name of what they were inlined into.
    Raises InputError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as a mapping: {error}") from error
    classes: dict[str, str] = {}
    methods: dict[tuple[str, str], list[Method]] = {}
    now = ""
    for line in text.splitlines():
        if found := CLASS_LINE.fullmatch(line):
            now = found[2]
            classes[now] = found[1]
        elif now and (found := METHOD_LINE.fullmatch(line)):
            first, last = int(found[1] or 0), int(found[2] or MAX_LINE)
            name = found[3].rpartition(".")[2]
            # Of lines with one range the last names the method that is really there.
            known = methods.setdefault((now, found[4]), [])
            known[:] = [m for m in known if (m.first, m.last) != (first, last)]
            known.append(Method(first, last, name))
    if not classes:
        raise InputError(f"{path} is not a mapping: no line names a class")
    return Renaming(classes, methods)

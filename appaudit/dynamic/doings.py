"""What an app did beside reading data: whom it woke, what woke it, code it loaded, commands, web views.

Facts: ``starts package:<name>`` (another app's service or receiver, or its screen from the background),
``starts component:<class>`` (the app's own, woken by a system event), ``uses setting:dynamic_code``,
``uses setting:exec``, ``uses setting:webview_bridge``, ``uses setting:webview_debugging``,
``uses setting:certificate_pins`` (a check of the app's that refused, where a run accepts all the same), and
``contacts host:<name>`` for what a web view was told to load. Attributes: ``how`` (the member that did it),
``action`` (of the intent or the event), ``names`` (components, files, commands, bridges), ``process``,
``foreground`` (calls made in front of all), ``screen``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from appaudit.dynamic.drafts import seen, tally
from appaudit.dynamic.frames import Caller, Owners, frames
from appaudit.knowledge.naming import SYSTEM_PACKAGES
from appaudit.records import Fact, Phase, Stack

MAX_STACKS = 5
MAX_NAMES = 10
MAX_KINDS = 5000
"""Different things that are told: an app can make any number of hosts and packages."""
SCREENS = ("startActivity", "startActivities", "startActivityAsUser", "startActivityForResult",
           "startActivityIfNeeded")  # fmt: skip
"""Members that open a screen: what the user asked for, as long as the app is in front."""
SYSTEM_ACTIONS = ("android.", "com.android.")
VIEWS = {
    "addJavascriptInterface": "setting:webview_bridge",
    "setWebContentsDebuggingEnabled": "setting:webview_debugging",
}


@dataclass(frozen=True, slots=True)
class _Key:
    actor: str
    action: str
    subject: str
    phase: Phase
    how: str


@dataclass(slots=True)
class _Draft:
    count: int = 0
    first: float = 0.0
    last: float = 0.0
    foreground: int = 0
    actions: Counter[str] = field(default_factory=Counter)
    names: Counter[str] = field(default_factory=Counter)
    screens: Counter[str] = field(default_factory=Counter)
    processes: Counter[str] = field(default_factory=Counter)
    stacks: dict[tuple[str, ...], Stack] = field(default_factory=dict)


class Doings:
    """Facts in the making. ``phases``: epoch → phase, filled as the record is read."""

    def __init__(self, package: str, owners: Owners, phases: Mapping[int, Phase]) -> None:
        self._package = package
        self._owners = owners
        self._phases = phases
        self._drafts: dict[_Key, _Draft] = {}
        self.left = 0
        """Things beyond the different ones that are told."""

    def add(self, line: Mapping[str, Any]) -> None:
        """A ``note`` line of any kind."""
        detail = line["detail"]
        if line["kind"] == "start":
            self._start(line, detail)
        elif line["kind"] == "started" and str(detail["action"]).startswith(SYSTEM_ACTIONS):
            actor = self._owners.of(detail["name"]) or "app"
            subject = f"component:{detail['name']}"
            self._count(line, actor, "starts", subject, str(detail["what"]), detail["action"])
        elif line["kind"] == "loader":
            self._seen(line, "uses", "setting:dynamic_code", detail["name"], name=detail["what"])
        elif line["kind"] == "unpinned":
            self._seen(line, "uses", "setting:certificate_pins", detail["what"], name=detail["host"])
        elif line["kind"] == "webview":
            self._view(line, detail)

    def command(self, line: Mapping[str, Any], api: str, caller: Caller) -> None:
        """A ``call`` line of a member that runs a command."""
        words = next(iter(line["arguments"].values()), "")
        draft = self._count(line, caller.actor, "uses", "setting:exec", api, name=words)
        draft.count += int(line["count"]) - 1
        draft.foreground += (int(line["count"]) - 1) * bool(line["foreground"])
        self._stack(draft, line, api, line["stack"])

    def _start(self, line: Mapping[str, Any], detail: Mapping[str, Any]) -> None:
        other = detail["package"]
        if not other or other == self._package or other.startswith(SYSTEM_PACKAGES):
            return
        if detail["how"] in SCREENS and line["foreground"]:
            return
        self._seen(line, "starts", f"package:{other}", detail["how"], detail["action"], detail["component"])

    def _view(self, line: Mapping[str, Any], detail: Mapping[str, Any]) -> None:
        setting = VIEWS.get(detail["what"])
        if setting is not None:
            name = f"{detail['name']} {detail['class']}".strip()
            self._seen(line, "uses", setting, detail["what"], name=name)
            return
        host = urlsplit(detail["url"]).hostname
        if host:
            self._seen(line, "contacts", f"host:{host}", f"WebView.{detail['what']}")

    def _seen(
        self, line: Mapping[str, Any], action: str, subject: str, how: str, intent: str = "", name: str = ""
    ) -> None:
        stack = frames(line["detail"]["stack"])
        draft = self._count(line, self._owners.actor(stack), action, subject, how, intent, name)
        if stack:  # innermost stands the member that was called, of the class that has it
            called = f"L{stack[0].class_name.replace('.', '/')};->{stack[0].method}"
            self._stack(draft, line, called, line["detail"]["stack"])

    def _count(
        self,
        line: Mapping[str, Any],
        actor: str,
        action: str,
        subject: str,
        how: str,
        intent: str = "",
        name: str = "",
    ) -> _Draft:
        phase = self._phases.get(int(line["epoch"]), "unknown")
        key = _Key(actor, action, subject, phase, how)
        if key not in self._drafts and len(self._drafts) >= MAX_KINDS:
            self.left += 1
            return _Draft()
        draft = self._drafts.setdefault(key, _Draft())
        time = float(line["time"] if "time" in line else line["first"])
        draft.first = min(draft.first or time, time)
        draft.last = max(draft.last, time)
        draft.count += 1
        draft.foreground += bool(line["foreground"])
        words = (
            (draft.actions, intent), (draft.names, name), (draft.screens, line["screen"]),
            (draft.processes, self._process(line)),
        )  # fmt: skip
        for counter, value in words:
            if value:
                tally(counter, str(value)[:200])
        return draft

    def _process(self, line: Mapping[str, Any]) -> str:
        return str(line.get("process") or self._package)

    def _stack(self, draft: _Draft, line: Mapping[str, Any], api: str, stack: str) -> None:
        named = tuple(str(self._owners.named(f)) for f in frames(stack))
        if named and len(draft.stacks) < MAX_STACKS:
            time = float(line["time"] if "time" in line else line["first"])
            thread = line["detail"].get("thread", "") if "detail" in line else line["thread"]
            draft.stacks.setdefault(named, Stack(api, named, time, self._process(line), str(thread)))

    def facts(self) -> list[Fact]:
        """One a key, in the order in which they were first seen."""
        return [self._fact(key, draft) for key, draft in self._drafts.items()]

    def _fact(self, key: _Key, draft: _Draft) -> Fact:
        attributes = {
            "how": key.how,
            "action": " ".join(a for a, _ in draft.actions.most_common(MAX_NAMES)),
            "names": ", ".join(n for n, _ in draft.names.most_common(MAX_NAMES)),
        }
        return seen(key.actor, key.action, key.subject, key.phase, draft, attributes)

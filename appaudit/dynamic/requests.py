"""Permissions that the app asks for, as hooks saw it, from notes of the record to facts.

``asks permission:<name>``, one of each actor, phase and permissions asked for together: ``count`` calls,
``answer`` (granted, denied: the last in that phase), ``asked_again`` (times that the prompts came back before
consent, each denied). Those of one call have the same ``first``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from appaudit.dynamic.frames import Owners, frames
from appaudit.records import Fact, Phase, Stack

MAX_STACKS = 5
MAX_KINDS = 2000
"""Different requests that are told: an app can make any number of names."""


@dataclass(slots=True)
class _Draft:
    first: float
    last: float = 0.0
    count: int = 0
    stacks: dict[str, Stack] = field(default_factory=dict)


class Requests:
    """Facts in the making. ``phases``: epoch → phase, filled as the record is read."""

    def __init__(self, package: str, owners: Owners, phases: Mapping[int, Phase]) -> None:
        self._package = package
        self._owners = owners
        self._phases = phases
        self._drafts: dict[tuple[str, Phase, tuple[str, ...]], _Draft] = {}
        self._answers: dict[tuple[str, Phase], str] = {}
        self.asked: set[str] = set()
        """Every permission asked for."""
        self.left = 0
        """Calls beyond the different ones that are told."""

    def add(self, line: Mapping[str, Any]) -> None:
        """A note ``permission_request`` or ``permission_result``."""
        phase = self._phases.get(int(line["epoch"]), "unknown")
        detail = line["detail"]
        names = tuple(str(name) for name in detail["names"])
        if line["kind"] == "permission_result":
            for name, granted in zip(names, detail["granted"], strict=False):
                if name in self.asked:
                    self._answers[name, phase] = "granted" if granted == "1" else "denied"
            return
        stack = frames(detail["stack"])
        key = (self._owners.actor(stack), phase, names)
        if key not in self._drafts and len(self._drafts) >= MAX_KINDS:
            self.left += 1
            return
        self.asked.update(names)
        time = float(line["time"])
        draft = self._drafts.setdefault(key, _Draft(time))
        draft.first, draft.last = min(draft.first, time), max(draft.last, time)
        draft.count += 1
        if len(draft.stacks) < MAX_STACKS:
            called = "Landroid/app/Activity;->requestPermissions([Ljava/lang/String;I)V"
            named = tuple(str(self._owners.named(f)) for f in stack)
            process = str(line.get("process") or self._package)
            draft.stacks.setdefault(detail["stack"], Stack(called, named, time, process))

    def facts(self, early: Mapping[str, str]) -> list[Fact]:
        """In the order in which they were first seen. ``early``: attributes of those before consent."""
        return [
            Fact(
                "dynamic", "observed", actor, "asks", f"permission:{name}",
                phase=phase,
                count=draft.count,
                first=draft.first,
                last=draft.last,
                evidence=tuple(draft.stacks.values()),
                attributes=self._attributes(name, phase, early),
            )
            for (actor, phase, names), draft in self._drafts.items()
            for name in dict.fromkeys(names)
        ]  # fmt: skip

    def _attributes(self, name: str, phase: Phase, early: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        answer = self._answers.get((name, phase))
        more = {"answer": answer} if answer else {}
        return tuple(sorted({**more, **(early if phase == "before_consent" else {})}.items()))

"""Eyes and fingers of a run: screens read and kept, views tapped, prompts answered, the app explored."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from appaudit.dynamic import consent as reading
from appaudit.dynamic.record import Record
from appaudit.dynamic.target import Target
from appaudit.dynamic.ui import Screen, UiError, parse

DRAWN = 10.0
"""Seconds that an app which shows nothing at all is waited for before its screen is judged."""
MAX_PROMPTS = 24
MAX_TAPS = 60


class Hands:
    """``settle``: seconds for a screen to come up after a tap; ``wait`` lets seconds pass and watches over
    the app meanwhile. ``wanted``: permissions that the app may ask for. ``epoch``: what steps and screens
    belong to; ``granted``: permissions given so far."""

    def __init__(
        self,
        target: Target,
        record: Record,
        settle: float,
        wait: Callable[[float], None],
        wanted: Sequence[str] = (),
    ) -> None:
        self._target = target
        self._record = record
        self._settle = settle
        self._wait = wait
        self._wanted = wanted
        self._screens = 0
        self._xml, self._last = b"", Screen(())
        self.epoch = 0
        self.granted: list[str] = []

    @property
    def file(self) -> str:
        """The tree of views that was kept last."""
        return f"screens/{self._screens:03}.xml"

    def screen(self, step: str, keep: bool = True) -> Screen:
        """The screen now; `keep` it too."""
        self._xml = self._target.screen()
        try:
            self._last = parse(self._xml)
        except UiError as error:
            self._record.gap("screen_unreadable", step, f"{error}.")
            self._xml, self._last = b"", Screen(())
        return self.keep(step) if keep else self._last

    def drawn(self) -> Screen:
        """The screen, once anything is on it: an app that was just started shows nothing for a while."""
        end = time.monotonic() + DRAWN
        while not (screen := self.screen("start", keep=False)).nodes and time.monotonic() < end:
            self._wait(self._settle)
        return screen

    def keep(self, step: str) -> Screen:
        """The screen that was read last, its tree saved beside the record (and a picture where there is
        one)."""
        if not self._xml:
            return self._last
        self._screens += 1
        path: Path = self._record.path.parent / self.file
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(self._xml)
        picture = self._target.picture()
        if picture is not None:
            path.with_suffix(".png").write_bytes(picture)
        shot = f"screens/{self._screens:03}.png" if picture is not None else None
        self._record.write("screen", step=step, file=self.file, picture=shot, epoch=self.epoch)
        return self._last

    def tap(self, at: tuple[int, int], what: str) -> None:
        """Touch, and let the screen come up."""
        self._record.write("step", what="tap", on=what, epoch=self.epoch)
        self._target.tap(*at)
        self._wait(self._settle)

    def back(self) -> None:
        """The back button, and let the screen come up."""
        self._target.back()
        self._wait(self._settle)

    def undo(self, before: Screen) -> bool:
        """Back to a screen that a tap left: by a view that says it closes, else the back button."""
        for _ in range(3):
            now = self.screen("undo", keep=False)
            if now == before:
                return True
            close = reading.closing(now)
            if now.package == self._target.package and close is not None:
                self.tap(close.middle, close.label)
            else:
                self.back()
        return self.screen("undo", keep=False) == before

    def prompts(self, allow: bool, now: Screen | None = None) -> list[str]:
        """Answers the system's permission prompts; returns the permissions asked for. What was read last is
        then the screen behind them. ``now``: the screen, where it was just read."""
        asked: list[str] = []
        for _ in range(MAX_PROMPTS):
            prompt = reading.permission_prompt(now or self.screen("prompt", keep=False))
            now = None
            if prompt is None:
                return asked
            self.keep("permission")
            button = prompt.allow if allow else prompt.deny
            name = prompt.asks(self._wanted)
            asked.append(name)
            if not name:
                self._record.gap(
                    "prompt_unknown", self.file, "What the prompt on this screen asks for was not recognised."
                )
            if button is None:
                self._record.gap("prompt_unanswered", name or "?", "A prompt's buttons were not recognised.")
                return asked
            if allow and prompt.permission and prompt.permission not in self.granted:
                self.granted.append(prompt.permission)
            self.tap(button.middle, f"{'allow' if allow else 'deny'} {name}")
        return asked

    def explore(self, scope: str, allow: bool = True, now: Screen | None = None) -> None:
        """Taps every button of every screen once, deepest first, and answers prompts. ``now``: the screen,
        where it was just read."""
        done: set[tuple[str, str, str]] = set()
        backs = 0
        for _ in range(MAX_TAPS):
            self.prompts(allow, now)
            screen, now = self._last, None
            if screen.package != self._target.package:
                return
            place = "|".join(sorted({n.resource_id for n in screen.nodes if n.resource_id}))[:2000]
            node = next(
                (
                    n
                    for n in screen.clickable
                    if (place, n.resource_id, n.label) not in done and not reading.avoided(n)
                ),
                None,
            )
            if node is None:
                if backs >= 3 or not done:
                    return
                backs += 1
                self.back()
                after = self.screen("explore", keep=False)
                if after.package != self._target.package or after == screen:
                    self._target.foreground()
                    return
                continue
            done.add((place, node.resource_id, node.label))
            self.tap(node.middle, node.label or node.resource_id)
        self._record.gap(
            "exploring_stopped", scope, f"Exploring stopped after {MAX_TAPS} taps; more could be tapped."
        )

    def monkey(self, events: int) -> None:
        """Random touches; prompts that stand in the way are answered between."""
        while events > 0:
            self.prompts(allow=True)
            some = min(events, 100)
            if not self._target.monkey(some):
                self._record.gap("phase_not_run", "monkey", "This target takes no random touches.")
                return
            self._record.write("step", what="monkey", events=some, epoch=self.epoch)
            self._wait(self._settle)
            events -= some
        self._target.foreground()

"""Drives an app through the phases of a run, and judges how it asks for consent.

Two installs: one refuses (before consent, refused, started again after the refusal), one agrees (before
consent, after consent with use, background with the broadcasts that start apps, idle, permissions
revoked). In the refused phase nothing is tapped: what happens then, the app does by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from appaudit.dynamic import consent as reading
from appaudit.dynamic.record import Record
from appaudit.dynamic.session import Session
from appaudit.dynamic.target import LostError, Target
from appaudit.dynamic.ui import Node, Screen, UiError, parse
from appaudit.records import Phase

MAX_PROMPTS = 24
MAX_TAPS = 60


@dataclass(frozen=True, slots=True)
class Plan:
    """``seconds``: of watching a phase; ``settle``: for a screen to come up after a tap.
    ``explore``: use the app by taps. ``actions``: system broadcasts that the manifest's receivers wait for.
    ``revoke``: permissions to take away one by one."""

    seconds: float = 20.0
    settle: float = 0.7
    explore: bool = True
    actions: tuple[str, ...] = ()
    revoke: tuple[str, ...] = ()


@dataclass(slots=True)
class Driver:
    """Runs a plan on a target. ``say`` tells what is being done; ``ask`` puts a question to the tester and
    returns whether it was answered with yes."""

    target: Target
    record: Record
    plan: Plan
    say: Callable[[str], None] = lambda _: None
    ask: Callable[[str], bool] | None = None
    session: Session | None = None
    _epoch: int = 0
    _screens: int = 0
    _granted: list[str] = field(default_factory=list)

    # ---------------------------------------------------------------------------- the two installs

    def run(self) -> None:
        """Everything; a lost app or device ends its part, what was seen stays."""
        for part in (self.refusing, self.agreeing):
            try:
                part()
            except LostError as error:
                self.record.gap("run_ended_early", self.target.package, f"{part.__name__}: {error}.")
            finally:
                self._end()

    def refusing(self) -> None:
        """First start, refusal, and a start after the refusal."""
        self._start("before_consent", fresh=True)
        self._wait()
        question = self._question("before_consent")
        if question is None or question.refuse is None:
            return
        self._enter("refused")
        times = int(self._refused(question.refuse))
        self._end()
        self._start("refused", fresh=False)
        self._wait()
        self._broadcasts()
        times += self._question("refused") is not None
        self.record.write("step", what="asked_again" if times else "not_asked_again", times=times)

    def _refused(self, button: Node) -> bool:
        """Says no and waits; whether the question is there again. An app may end itself on a refusal."""
        again, ended = False, False
        try:
            self._tap(button.middle, f"refuse: {button.label}")
            self._wait()
            again = self._question("refused") is not None
            screen = self.screen("after refusal")
            elsewhere = screen.package not in ("", self.target.package)
            ended = elsewhere and reading.permission_prompt(screen) is None
        except LostError:
            if self.target.alive():
                raise
            ended = True
        file = f"screens/{self._screens:03}.xml"
        self.record.write("step", what="refused", left=ended, file=file, epoch=self._epoch)
        return again

    def agreeing(self) -> None:
        """First start, consent, use, background, idle, revocations."""
        self._start("before_consent", fresh=True)
        self._wait()
        question = self._question("before_consent", keep=False)
        if question is None:
            self._unrecognised()
        else:
            self._enter("after_consent")
            self._tap(question.agree.middle, f"agree: {question.agree.label}")
        self._prompts(allow=True)
        self._wait()
        phase: Phase = "after_consent" if question is not None else "unknown"
        if self.plan.explore:
            self._explore(phase)
        self._background()
        self._idle()
        for permission in self.plan.revoke:
            if permission in self._granted:
                self._revoked(permission)

    def _unrecognised(self) -> None:
        """No consent screen that we know: the tester says, or it stays unknown."""
        if self.ask is not None and self.ask(
            "No consent screen was recognised. Agree on the device; did you?"
        ):
            self._enter("after_consent")
            return
        self.record.gap(
            "no_consent_screen",
            self.target.package,
            "No screen that asks for consent was recognised: before and after consent cannot be told apart.",
        )
        self._enter("unknown")

    # ------------------------------------------------------------------------------------- phases

    def _start(self, phase: Phase, fresh: bool) -> None:
        self.session = Session(self.target, self.record, whole=self._epoch == 0)
        self._epoch += 1
        self._mark(phase, fresh)
        self.session.open(fresh, self._epoch)

    def _enter(self, phase: Phase) -> None:
        self._epoch += 1
        if self.session is not None:
            self.session.epoch(self._epoch)
        self._mark(phase)

    def _mark(self, phase: Phase, fresh: bool | None = None) -> None:
        self.say(f"phase {phase}")
        start = {} if fresh is None else {"start": True, "fresh": fresh}
        self.record.write("phase", epoch=self._epoch, phase=phase, **start)

    def _end(self) -> None:
        if self.session is not None:
            self.session.close()
            self.session = None
        self.target.stop()

    def _wait(self, seconds: float | None = None) -> None:
        end = time.monotonic() + (self.plan.seconds if seconds is None else seconds)
        while time.monotonic() < end:
            if not self.target.alive() or (self.session is not None and self.session.detached):
                why = self.session.detached if self.session is not None else ""
                raise LostError(f"the app's process ended {('(' + why + ')') if why else ''}".strip())
            time.sleep(min(0.2, max(end - time.monotonic(), 0)))

    def _background(self) -> None:
        self._enter("background")
        self.target.background()
        self._wait()
        self._broadcasts()

    def _broadcasts(self) -> None:
        """What the system tells apps that wait for it: a phone that starts, a network that changes."""
        for action in self.plan.actions:
            taken = self.target.broadcast(action)
            self.record.write("step", what="broadcast", action=action, taken=taken)
            self._wait(self.plan.settle)

    def _idle(self) -> None:
        self._enter("idle")
        if self.target.idle():
            self._wait()
        else:
            self.record.gap("phase_not_run", "idle", "This target has no screen to turn off.")

    def _revoked(self, permission: str) -> None:
        self._end()
        self.target.revoke(permission)
        self.record.write("step", what="revoke", permission=permission)
        self._start("revoked", fresh=False)
        self._wait(min(self.plan.seconds, 2.0))
        if self.plan.explore:
            self._explore("revoked", allow=False)

    # ------------------------------------------------------------------------------------ screens

    def screen(self, step: str, keep: bool = True) -> Screen:
        """The screen now, its tree saved beside the record (and a picture where there is one)."""
        xml = self.target.screen()
        try:
            screen = parse(xml)
        except UiError as error:
            self.record.gap("screen_unreadable", step, f"{error}.")
            return Screen(())
        if keep:
            self._screens += 1
            name = f"screens/{self._screens:03}.xml"
            folder: Path = self.record.path.parent
            (folder / "screens").mkdir(exist_ok=True)
            (folder / name).write_bytes(xml)
            picture = self.target.picture()
            if picture is not None:
                (folder / name).with_suffix(".png").write_bytes(picture)
            shot = f"screens/{self._screens:03}.png" if picture is not None else None
            self.record.write("screen", step=step, file=name, picture=shot, epoch=self._epoch)
        return screen

    def _tap(self, at: tuple[int, int], what: str) -> None:
        self.record.write("step", what="tap", on=what, epoch=self._epoch)
        self.target.tap(*at)
        self._wait(self.plan.settle)

    def _prompts(self, allow: bool) -> list[str]:
        """Answers the system's permission prompts; returns the permissions asked for."""
        asked: list[str] = []
        for _ in range(MAX_PROMPTS):
            prompt = reading.permission_prompt(self.screen("prompt", keep=False))
            if prompt is None:
                return asked
            self.screen("permission")
            button = prompt.allow if allow else prompt.deny
            asked.append(prompt.permission)
            if button is None:
                self.record.gap(
                    "prompt_unanswered", prompt.permission or "?", "A prompt's buttons were not recognised."
                )
                return asked
            if allow and prompt.permission and prompt.permission not in self._granted:
                self._granted.append(prompt.permission)
            self._tap(button.middle, f"{'allow' if allow else 'deny'} {prompt.permission}")
        return asked

    def _question(self, phase: Phase, keep: bool = True) -> reading.Consent | None:
        """The consent screen, if one is there. Prompts before it are denied and remembered."""
        asked = self._prompts(allow=False)
        screen = self.screen(f"{phase}: consent?")
        question = reading.consent(screen)
        if keep and phase == "before_consent":
            self._judge(question, asked)
        return question

    def _judge(self, question: reading.Consent | None, asked: list[str]) -> None:
        distinct = list(dict.fromkeys(asked))
        self.record.write(
            "consent",
            found=question is not None,
            file=f"screens/{self._screens:03}.xml",
            pre_ticked=question.pre_ticked if question else None,
            agree=question.agree.label if question else None,
            agree_area=question.agree.area if question else None,
            refuse=question.refuse.label if question and question.refuse else None,
            refuse_area=question.refuse.area if question and question.refuse else None,
            policy_link=question.link is not None if question else None,
            purposes=list(question.bundled) if question else [],
            language=question.language if question else None,
            permissions_before=distinct,
            asked_after_refusal=max(len(asked) // max(len(distinct), 1) - 1, 0) if asked else 0,
        )

    def _explore(self, phase: Phase, allow: bool = True) -> None:
        """Taps every button of every screen once, deepest first, and answers prompts."""
        done: set[tuple[str, str, str]] = set()
        backs = 0
        for _ in range(MAX_TAPS):
            self._prompts(allow)
            screen = self.screen("explore", keep=False)
            if screen.package != self.target.package:
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
                before = self.screen("explore", keep=False)
                self.target.back()
                self._wait(self.plan.settle)
                after = self.screen("explore", keep=False)
                if after.package != self.target.package or after == before:
                    self.target.foreground()
                    return
                continue
            done.add((place, node.resource_id, node.label))
            self._tap(node.middle, node.label or node.resource_id)
        self.record.gap(
            "exploring_stopped", phase, f"Exploring stopped after {MAX_TAPS} taps; more could be tapped."
        )

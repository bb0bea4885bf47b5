"""Drives an app through the phases of a run, and judges how it asks for consent.

Two installs: one refuses (before consent, refused, started again after the refusal), one agrees (before
consent, after consent with use, background with the broadcasts that start apps, idle, permissions revoked,
consent withdrawn). In the refused phase nothing is tapped: what happens then, the app does by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from appaudit.dynamic import consent as reading
from appaudit.dynamic.hands import Hands
from appaudit.dynamic.policy_way import Opened, PolicyWay, lead
from appaudit.dynamic.record import Record
from appaudit.dynamic.session import Session
from appaudit.dynamic.target import LostError, Target
from appaudit.dynamic.tester import AGREED, NEXT, QUIT, REFUSED, NextError, Nobody, QuitError, Tester
from appaudit.dynamic.ui import Node, Screen
from appaudit.records import Phase

MAX_RESTARTS = 3
"""Times that an app which ended is started again in one install."""
BY_HAND = 1800.0
"""Seconds that a tester may use the app by hand."""


@dataclass(frozen=True, slots=True)
class Plan:
    """``seconds``: of watching a phase; ``settle``: for a screen to come up after a tap.
    ``explore``: use the app by taps; ``monkey``: random touches after that. ``actions``: system broadcasts
    that the manifest's receivers wait for. ``permissions``: those of the manifest. ``revoke``: those to take
    away one by one. ``withdraw``: take consent back, or log out, at the end."""

    seconds: float = 20.0
    settle: float = 0.7
    explore: bool = True
    actions: tuple[str, ...] = ()
    revoke: tuple[str, ...] = ()
    monkey: int = 0
    withdraw: bool = False
    permissions: tuple[str, ...] = ()


class Watcher(Protocol):
    """What sees the app's doings while the driver drives: hooks, or the phone's own system."""

    detached: str

    def open(self, fresh: bool, epoch: int = 0) -> None:
        """Start the app under watch."""

    def epoch(self, number: int) -> None:
        """What happens from now on belongs to this epoch. Raises LostError."""

    def close(self) -> None:
        """Take what is left and let go; never raises."""


class Driver:
    """Runs a plan on a target. ``say`` tells what is being done; ``watch`` makes a watcher, given whether
    it is the first of the run."""

    def __init__(
        self,
        target: Target,
        record: Record,
        plan: Plan,
        say: Callable[[str], None] = lambda _: None,
        tester: Tester | None = None,
        watch: Callable[[bool], Watcher] | None = None,
    ) -> None:
        self.target = target
        self.record = record
        self.plan = plan
        self.session: Watcher | None = None
        self._say = say
        self._tester: Tester = tester or Nobody()
        self._manned = tester is not None
        self._watch = watch or (lambda whole: Session(target, record, whole))
        self._hands = Hands(target, record, plan.settle, self._wait, plan.permissions)
        self._way = PolicyWay(target, record, self._hands, self._tester)
        self._front: Phase = "unknown"
        self._said = ""
        self._restarts = 0
        self._skippable = False
        self._next = False

    # ---------------------------------------------------------------------------- the two installs

    def run(self) -> None:
        """Everything; a lost app or device ends its part, what was seen stays. Raises QuitError."""
        for part in (self.refusing, self.agreeing):
            self._restarts, self._said, self._next = 0, "", False
            try:
                part()
            except LostError as error:
                self.record.gap("run_ended_early", self.target.package, f"{part.__name__}: {error}.")
                if not self.target.returned():
                    return
            finally:
                self._end()

    def refusing(self) -> None:
        """First start, refusal, and a start after the refusal."""
        self._start("before_consent", fresh=True)
        self._stay()
        button = None
        if not self._said:
            question = self._question("before_consent", judge=True)
            button = question.refuse if question is not None else None
            if question is None and self._tester.ask(
                "No consent screen was recognised. Refuse on the device; did you?"
            ):
                self._said = REFUSED
        if button is None and self._said != REFUSED:
            self.record.gap("phase_not_run", "refused", "In the first install nothing was refused.")
            return
        self._enter("refused")
        times = int(self._refused(button))
        self._end()
        self._start("refused", fresh=False)
        self._stay()
        self._broadcasts()
        times += self._question("refused") is not None
        self.record.write("step", what="asked_again" if times else "not_asked_again", times=times)

    def _refused(self, button: Node | None) -> bool:
        """Says no, if the tester did not, and waits; whether the question is there again. An app may end
        itself on a refusal."""
        again, ended = False, False
        try:
            if button is not None:
                self._hands.tap(button.middle, f"refuse: {button.label}")
            self._stay()
            again = self._question("refused") is not None
            screen = self._hands.screen("after refusal")
            elsewhere = screen.package not in ("", self.target.package)
            ended = elsewhere and reading.permission_prompt(screen) is None
        except LostError:
            if not self.target.returned() or self.target.alive():
                raise
            ended = True
        file, epoch = self._hands.file, self._hands.epoch
        self.record.write("step", what="refused", left=ended, file=file, epoch=epoch)
        return again

    def agreeing(self) -> None:
        """First start, consent, use, background, idle, revocations, withdrawal."""
        self._start("before_consent", fresh=True)
        self._stay()
        question = self._question("before_consent") if not self._said else None
        if self._said == REFUSED:
            self._enter("refused")
            self._stay()
            self.record.gap("phase_not_run", "after_consent", "The tester refused in both installs.")
            return
        if self._said == AGREED:
            self._enter("after_consent")
        elif question is None:
            self._unrecognised()
        else:
            self._enter("after_consent")
            self._hands.tap(question.agree.middle, f"agree: {question.agree.label}")
        self._step("first screens", self._first_screens)
        self._step("way to the policy", self._way.from_main)
        self._step("use", self._use)
        self._step("background", self._background)
        self._step("idle", self._idle)
        for permission in self._held():
            self._step(f"revoking {permission}", partial(self._revoked, permission))
        if self.plan.withdraw:
            self._step("withdrawal", self._withdrawn)

    def _unrecognised(self) -> None:
        """No consent screen that we know: the tester says, or it stays unknown."""
        if self._tester.ask("No consent screen was recognised. Agree on the device; did you?"):
            self._enter("after_consent")
            return
        self.record.gap(
            "no_consent_screen",
            self.target.package,
            "No screen that asks for consent was recognised: before and after consent cannot be told apart.",
        )
        self._enter("unknown")

    def _step(self, name: str, act: Callable[[], None]) -> None:
        """One part of an install. An app that ends in it is started again, a lost device waited for: then it
        is in front, and the phase is that in which it last was."""
        try:
            with self._until_next():
                act()
        except LostError as error:
            if self._restarts >= MAX_RESTARTS or not self.target.returned():
                raise
            self._restarts += 1
            reason = f"In '{name}': {error}. It was started again; the rest of that part was not seen."
            self.record.gap("started_again", f"{self.target.package} {name}", reason)
            self._end()
            self._start(self._front, fresh=False)

    # ------------------------------------------------------------------------------------- phases

    def _start(self, phase: Phase, fresh: bool) -> None:
        self.session = self._watch(self._hands.epoch == 0)
        self._hands.epoch += 1
        self._mark(phase, fresh)
        self.session.open(fresh, self._hands.epoch)

    def _enter(self, phase: Phase) -> None:
        self._hands.epoch += 1
        if self.session is not None:
            self.session.epoch(self._hands.epoch)
        self._mark(phase)

    def _mark(self, phase: Phase, fresh: bool | None = None) -> None:
        if phase not in ("background", "idle"):
            self._front = phase
        self._say(f"phase {phase}")
        start = {} if fresh is None else {"start": True, "fresh": fresh}
        self.record.write("phase", epoch=self._hands.epoch, phase=phase, **start)

    def _end(self) -> None:
        if self.session is not None:
            self.session.close()
            self.session = None
        self.target.stop()

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while True:
            self._keys()
            if not self.target.alive() or (self.session is not None and self.session.detached):
                why = self.session.detached if self.session is not None else ""
                raise LostError(f"the app's process ended {('(' + why + ')') if why else ''}".strip())
            left = end - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(0.2, left))

    def _keys(self) -> None:
        for key in self._tester.pressed():
            if key == QUIT:
                raise QuitError
            if key in (AGREED, REFUSED):
                self._said = key
                self.record.write("step", what="said", key=key, epoch=self._hands.epoch)
            self._next = self._next or key in (AGREED, REFUSED, NEXT)
        if self._next and self._skippable:
            self._next = False
            raise NextError

    @contextmanager
    def _until_next(self) -> Iterator[None]:
        """What the tester may cut short; a key pressed elsewhere counts at the next such part."""
        outer, self._skippable = self._skippable, True
        try:
            yield
        except NextError:
            self.record.write("step", what="next", epoch=self._hands.epoch)
        finally:
            self._skippable = outer

    def _stay(self, seconds: float | None = None) -> None:
        """Watch for the phase's time, or until the tester wants the next."""
        with self._until_next():
            self._wait(self.plan.seconds if seconds is None else seconds)

    def _first_screens(self) -> None:
        self._hands.prompts(allow=True)
        self._stay()

    def _use(self) -> None:
        if self.plan.explore:
            self._hands.explore(self._front)
        if self.plan.monkey:
            self._hands.monkey(self.plan.monkey)
        if not self.plan.explore and not self.plan.monkey:
            self._say("use the app by hand" + ("; n: next phase" if self._manned else ""))
            self._stay(BY_HAND if self._manned else None)

    def _background(self) -> None:
        self._enter("background")
        self.target.background()
        self._stay()
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
            self._stay()
        else:
            self.record.gap("phase_not_run", "idle", "This target has no screen to turn off.")

    def _held(self) -> list[str]:
        """Permissions to revoke: those wanted that the app was seen to get, or holds."""
        held = {*self._hands.granted, *(self.target.granted() or ())}
        return [p for p in self.plan.revoke if p in held]

    def _revoked(self, permission: str) -> None:
        self._end()
        self.target.revoke(permission)
        self.record.write("step", what="revoke", permission=permission)
        self._start("revoked", fresh=False)
        self._stay(min(self.plan.seconds, 2.0))
        if self.plan.explore:
            self._hands.explore("revoked", allow=False, now=self._hands.drawn())

    def _withdrawn(self) -> None:
        """Consent taken back where the app lets one: from then on the phase is ``refused``."""
        self._end()
        self._start("after_consent", fresh=False)
        self._stay(min(self.plan.seconds, 2.0))
        found = lead(self._hands, self.target, self._hands.drawn(), reading.withdrawal)
        if found is not None:
            self._hands.keep("withdrawal")
            self._hands.tap(found[1].middle, f"withdraw: {found[1].label}")
            sure = reading.confirmation(self._hands.screen("withdrawal confirmed?"))
            if sure is not None:
                self._hands.tap(sure.middle, f"confirm: {sure.label}")
        elif not self._tester.ask(
            "No way to withdraw consent was found. Withdraw it on the device; did you?"
        ):
            self.record.gap(
                "withdrawal_not_found", self.target.package,
                "No view that withdraws consent was found: what the app does after that is not known.",
            )  # fmt: skip
            return
        self.record.write("step", what="withdrawn", file=self._hands.file, epoch=self._hands.epoch)
        self._enter("refused")
        self._end()
        self._start("refused", fresh=False)
        self._stay()

    # ----------------------------------------------------------------------------------- the question

    def _question(self, phase: Phase, judge: bool = False) -> reading.Consent | None:
        """The consent screen, if one is there. Prompts before it are denied and remembered."""
        asked = self._hands.prompts(allow=False, now=self._hands.drawn())
        screen = self._hands.keep(f"{phase}: consent?")
        question = reading.consent(screen)
        if judge:
            file = self._hands.file
            opened = self._followed(question, screen)
            self._judge(question, asked, file, opened)
            if opened is not None and question is not None and reading.consent(self._now()) is None:
                self._end()  # the way back was not found: to the question by a new start
                self._start(phase, fresh=False)
                self._wait(self.plan.settle)
                return self._question(phase)
        return question

    def _now(self) -> Screen:
        return self._hands.screen("consent?", keep=False)

    def _followed(self, question: reading.Consent | None, screen: Screen) -> Opened | None:
        if question is None or question.link is None:
            return None
        return self._way.follow(question.link, screen)

    def _judge(
        self, question: reading.Consent | None, asked: list[str], file: str, opened: Opened | None
    ) -> None:
        distinct = list(dict.fromkeys(asked))
        self.record.write(
            "consent",
            found=question is not None,
            file=file,
            pre_ticked=question.pre_ticked if question else None,
            agree=question.agree.label if question else None,
            agree_area=question.agree.area if question else None,
            refuse=question.refuse.label if question and question.refuse else None,
            refuse_area=question.refuse.area if question and question.refuse else None,
            policy_link=question.link is not None if question else None,
            policy_opens=opened.outcome if opened else None,
            policy_language=opened.language if opened else None,
            policy_file=opened.file if opened else None,
            purposes=list(question.bundled) if question else [],
            language=question.language if question else None,
            device_language=self.target.locale().partition("-")[0] or None,
            permissions_before=distinct,
            asked_after_refusal=max(len(asked) // max(len(distinct), 1) - 1, 0) if asked else 0,
        )

"""The way to the policy, walked: from the question for consent, and from the app's main screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from appaudit.dynamic import consent as reading
from appaudit.dynamic.hands import Hands
from appaudit.dynamic.record import Record
from appaudit.dynamic.target import Target
from appaudit.dynamic.tester import Tester
from appaudit.dynamic.ui import Node, Screen

REACH = 4
"""Taps from the main screen that the method of the four ministries allows (2019)."""
MAX_TAPS = 24
MAX_LINKS = 4
"""Links of one screen that are followed where nothing comes up."""


Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Opened:
    """What a tap on a link led to. ``outcome``: yes (a policy stands there), elsewhere (another app, such as
    a browser, opened it), no (nothing came up), unclear (something did that is not known for a policy)."""

    outcome: str
    language: str
    file: str


class PolicyWay:
    """Walks on a target whose app runs."""

    def __init__(self, target: Target, record: Record, hands: Hands, tester: Tester) -> None:
        self._target = target
        self._record = record
        self._hands = hands
        self._tester = tester

    def follow(self, link: Node, before: Screen) -> Opened:
        """Tap a link on a screen, look, and come back to it."""
        self._hands.tap(link.middle, f"policy: {link.label}")
        screen = self._hands.screen("policy")
        file = self._hands.file
        outcome = self._outcome(screen, before)
        if outcome == "unclear":
            outcome = self._asked(
                "A link to the policy was tapped. Does the whole policy show?", "policy_unclear"
            )
        if outcome != "no":
            self._hands.undo(before)
        return Opened(outcome, reading.language(screen), file)

    def _outcome(self, screen: Screen, before: Screen) -> str:
        if screen == before:
            return "no"
        if screen.package != self._target.package:
            return "elsewhere" if screen.package else "unclear"
        return "yes" if reading.is_policy(screen) else "unclear"

    def _asked(self, question: str, code: str) -> str:
        said = self._tester.ask(question)
        if said is None:
            self._record.gap(code, self._target.package, f"{question} A person has to look.")
            return "unclear"
        return "yes" if said else "no"

    def from_main(self) -> None:
        """Search from the screen that is there, and record what was found."""
        found = lead(self._hands, self._target, self._hands.screen("main"), self._through, REACH - 1)
        if found is None:
            said = self._tester.ask(
                f"No way to the policy was found. Is one within {REACH} taps of the main screen?"
            )
            if said is None:
                self._record.gap(
                    "policy_way_unknown", self._target.package,
                    f"By the words of its views no way of {REACH} taps led from the main screen to the "
                    f"policy: a person has to look.",
                )  # fmt: skip
                return
            self._record.write("policy_way", found=said, taps=None, by="tester", file=self._hands.file)
            return
        taps, opened = found
        self._record.write(
            "policy_way", found=True, taps=taps + 1, by="screen", opens=opened.outcome,
            language=opened.language, file=opened.file,
        )  # fmt: skip

    def _through(self, here: Screen) -> Opened | None:
        """What the links of a screen to the policy open; None where nothing comes up."""
        for link in [n for n in here.clickable if reading.is_link(n)][:MAX_LINKS]:
            opened = self.follow(link, here)
            if opened.outcome != "no":
                return opened
        return None


def lead(
    hands: Hands, target: Target, start: Screen, goal: Callable[[Screen], Found | None], taps: int = REACH
) -> tuple[int, Found] | None:
    """Walk from the screen that is there, over what settings are behind, to one with a goal; how many taps
    away, and the goal. None: not found, and the app is on any screen."""
    left = MAX_TAPS
    been: set[str] = set()

    def walk(here: Screen, depth: int) -> tuple[int, Found] | None:
        nonlocal left
        if here.package != target.package or here.text in been:
            return None
        been.add(here.text)
        found = goal(here)
        if found is not None:
            return depth, found
        for node in (n for n in here.clickable if reading.is_way(n)):
            if left <= 0 or depth >= taps:
                return None
            left -= 1
            hands.tap(node.middle, node.label)
            further = walk(hands.screen("way", keep=False), depth + 1)
            if further is not None or not hands.undo(here):
                return further
        return None

    return walk(start, 0)

"""Which screen is this: a permission prompt, a question for consent, or neither that we know."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from appaudit.dynamic.ui import Node, Screen
from appaudit.knowledge.load import toml
from appaudit.knowledge.permissions import permissions

EDGES = " \t\r\n\u3000《》〈〉“”\"'[]【】()（）<>.。,，!！:：>»›"
UNMISTAKABLE = re.compile(r"同意|接受|agree|accept|consent", re.IGNORECASE)
PERMISSION = re.compile(r"\b(?:[a-z][\w]*\.)+permission\.[A-Z_]{3,60}\b")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A permission prompt of the system. ``permission``: its full name where the text tells it; ``group``:
    else that of permissions.toml which the text speaks of."""

    allow: Node | None
    deny: Node | None
    permission: str
    group: str = ""

    def asks(self, wanted: Iterable[str]) -> str:
        """The permission asked for; of a group the first in permissions.toml that the app wants. Empty where
        the text is not known."""
        if self.permission or not self.group:
            return self.permission
        there = set(wanted)
        of_it = (n for n, p in permissions().items() if p.group == self.group and p.level == "dangerous")
        return next((n for n in of_it if n in there), "")


@dataclass(frozen=True, slots=True)
class Consent:
    """A screen that asks for consent to a policy. ``refuse`` None: there is no way to say no.

    ``bundled``: purposes that one box covers together; empty where each has its own. ``link`` None: no view
    of its own leads to the policy; links inside a text are not views and cannot be seen in the tree.
    """

    agree: Node
    refuse: Node | None
    link: Node | None
    boxes: tuple[Node, ...]
    bundled: tuple[str, ...]
    language: str

    @property
    def pre_ticked(self) -> bool:
        """A box that is ticked before anybody touched it."""
        return any(box.checked for box in self.boxes)


@cache
def _patterns(section: str, name: str) -> re.Pattern[str]:
    words: Any = toml("consent.toml")
    for key in (*section.split("."), name):
        words = words[key]
    return re.compile("|".join(f"(?:{w})" for w in words), re.IGNORECASE)


def _says(node: Node, section: str, name: str) -> bool:
    label = node.label.strip(EDGES)
    return len(label) <= 60 and _patterns(section, name).fullmatch(label) is not None


def _first(nodes: Iterable[Node], section: str, name: str) -> Node | None:
    return next((n for n in nodes if _says(n, section, name)), None)


def permission_prompt(screen: Screen) -> Prompt | None:
    """The system's prompt, where the topmost window is one."""
    words = toml("consent.toml")["permission"]
    if screen.package not in words["packages"]:
        return None
    buttons = screen.clickable

    def by_id(ids: list[str]) -> Node | None:
        return next((b for i in ids for b in buttons if b.resource_id.endswith(f":id/{i}")), None)

    named = PERMISSION.search(screen.text)
    return Prompt(
        by_id(words["allow_ids"]) or _first(buttons, "permission", "allow"),
        by_id(words["deny_ids"]) or _first(buttons, "permission", "deny"),
        named.group() if named else "",
        "" if named else _spoken_of(screen.text),
    )


def _spoken_of(text: str) -> str:
    """The group of permissions that a prompt's text names; empty where none is known."""
    said: dict[str, list[str]] = toml("consent.toml")["permission"]["says"]
    return next((g for g in said if _patterns("permission.says", g).search(text)), "")


def consent(screen: Screen) -> Consent | None:
    """The question for consent, where the screen is one that we know; never a guess.

    It is one when its text speaks of a policy and a button says a word of agreeing, and either another says
    a word of refusing or the agreeing is unmistakable.
    """
    if not _patterns("consent", "policy").search(screen.text):
        return None
    buttons = [n for n in screen.clickable if not n.checkable]
    refuse = _first(buttons, "consent", "refuse")
    agree = next((b for b in buttons if b is not refuse and _says(b, "consent", "agree")), None)
    if agree is None or (refuse is None and not UNMISTAKABLE.search(agree.label)):
        return None
    boxes = tuple(n for n in screen.nodes if n.checkable)
    link = next((b for b in buttons if b not in (agree, refuse) and _says(b, "consent", "link")), None)
    named = [{m.group() for m in _patterns("consent", "purposes").finditer(box.label)} for box in boxes]
    most = max(named, key=len, default=set())
    found = most if len(most) > 1 else set()
    return Consent(agree, refuse, link, boxes, tuple(sorted(found)), language(screen))


def language(screen: Screen) -> str:
    """zh or en, empty where nothing is written: the language of the most letters."""
    han = len(re.findall(r"[\u4e00-\u9fff]", screen.text))
    words = len(re.findall(r"[A-Za-z]{2,}", screen.text))
    return "" if not han + words else "zh" if 2 * han >= words else "en"


def is_policy(screen: Screen) -> bool:
    """Whether a policy itself stands on the screen: long, of one, and not the question for consent again."""
    words = toml("consent.toml")["consent"]
    return (
        len(screen.text) >= words["policy_length"]
        and len({m.group().lower() for m in _patterns("consent", "policy_body").finditer(screen.text)}) >= 3
        and consent(screen) is None
    )


def is_link(node: Node) -> bool:
    """Whether a view says that it leads to the policy."""
    return not node.checkable and _says(node, "consent", "link")


def is_way(node: Node) -> bool:
    """Whether the policy is likely to be behind a view: settings, about, my account."""
    return not node.checkable and _says(node, "way", "labels") and not avoided(node)


def closing(screen: Screen) -> Node | None:
    """A view that closes what is on the screen."""
    return _first(screen.clickable, "way", "close")


def withdrawal(screen: Screen) -> Node | None:
    """A view that takes consent back or logs out."""
    return _first(screen.clickable, "withdraw", "labels")


def confirmation(screen: Screen) -> Node | None:
    """The button that confirms a withdrawal."""
    return _first(screen.clickable, "withdraw", "confirm")


def avoided(node: Node) -> bool:
    """Whether exploring leaves this view alone."""
    return _says(node, "avoid", "labels")

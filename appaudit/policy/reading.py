"""What both language readers speak in: marks on a sentence, verb frames, and what they read off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from appaudit.policy.matching import Token

Polarity = Literal["collected", "not_collected", "local_only", "shared", "not_shared"]

GENERIC_ANAPHOR = "@above"
"""Type of a mention like "the above information" until it is resolved."""

TERMS = frozenset({"personal_info", "anonymised_data"})
"""Types whose words a policy explains once and then speaks in. A frame of class ``term`` says
what the one in ``kind`` stands for."""

NEGATED: dict[Polarity, Polarity] = {
    "collected": "not_collected",
    "not_collected": "collected",
    "local_only": "not_collected",
    "shared": "not_shared",
    "not_shared": "shared",
}
STRENGTH = {
    "": 0,
    "other": 0,
    "use": 1,
    "local": 1,
    "permission": 2,
    "contain": 2,
    "provide": 2,
    "collect": 3,
    "share": 4,
    "display": 4,
}
"""Of two verbs with one object ("collect and display"), the one that moves the data furthest counts."""


@dataclass(slots=True, eq=False)  # made by the thousand: a frozen one takes twice as long
class Frame:
    """A verb in force. ``actor``: we, you, partner, sdk; ``recipient``: words of who gets the data;
    ``also``: the weaker of two verbs with one object that say different things ("not collect or share")."""

    verb: str
    cls: str
    actor: str
    polarity: Polarity | None
    start: int
    end: int
    negated: bool = False
    only: bool = False
    recipient: str = ""
    inherited: bool = False
    kind: str = ""
    also: Frame | None = None


@dataclass(slots=True)
class Mention:
    """A data word of a sentence. ``group``: it is followed by its own members."""

    type: str
    start: int
    end: int
    group: bool = False
    frame: Frame | None = None
    clause: int = 0
    depth: int = 0
    flipped: bool = False
    by: str = ""
    conditions: tuple[tuple[int, int], ...] = ()
    extra: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """A declaration read off a sentence; offsets count in the sentence.

    ``via``: (start, end) of the words in the same or an earlier sentence that named the type first.
    """

    type: str
    start: int
    end: int
    polarity: Polarity
    frame: Frame
    conditions: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    recipient: str = ""
    actor: str = "we"
    kind: str = "collection"


@dataclass(slots=True)
class SentenceReading:
    """All that was read off one sentence, with the frame it leaves open for what follows."""

    readings: list[Reading] = field(default_factory=list)
    mentions: list[Mention] = field(default_factory=list)
    last_frame: Frame | None = None
    has_verb: bool = False
    items: Sequence[Token] = ()
    """The words of the sentence."""

    def they(self) -> str:
        """The party named last, which "they" in the next sentence means; "" where the last are users."""
        for item in reversed(self.items):
            if item.get("partner") or item.get("sdk"):
                return item.text
            if item.get("you") and item.low not in ("you", "您"):
                return ""
        return ""


NOTHING_READ = SentenceReading()
"""What stands before the first sentence."""


_DIFFERENT = ({"collected", "shared"}, {"not_collected", "not_shared"})


def joined(strong: Frame, weak: Frame) -> Frame:
    """``strong`` with ``weak`` beside it where one takes the data and the other hands them on."""
    if {strong.polarity, weak.polarity} in _DIFFERENT and {strong.cls, weak.cls} == {"collect", "share"}:
        return replace(strong, also=replace(weak, also=None))
    return strong


def inherit(frame: Frame | None) -> Frame | None:
    """A frame as a list item or a verbless sentence takes it over."""
    return None if frame is None else replace(frame, inherited=True)

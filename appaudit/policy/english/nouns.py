"""Data words and references: what takes part in the frame in force."""

from __future__ import annotations

import re

from appaudit.policy.english.state import CLOSE, CONTAINERS, SUBJECTS
from appaudit.policy.english.verbs import Verbs
from appaudit.policy.matching import Token
from appaudit.policy.reading import GENERIC_ANAPHOR, Mention

_AS = re.compile(r"\bas (?:an? |the )?(?:relevant |related |corresponding )?$")
_SUCH_AS = re.compile(r"\b(?:such|well) as\s+\w*\s*$")
_CHANNELS = frozenset({"sms", "email", "phone_number", "address", "call_records"})
_WAYS = ("by ", "via ", "through ")
_CHANNEL = re.compile(
    r"[,/]|or|and|by|via|through|e-?mail|phone|telephone|text|message|mail|post|push|sms|calls?"
)
_THROUGH = re.compile(r"\bthrough (?:your |the )?(?:\w+ )?$")
"""data we get through your interactions: the way, not the data."""
_OF = re.compile(r"\s+(?:of|related to|relating to)\s+(?:(?:your|the|corresponding|their|bound)\s+)+")
_TOWARDS = ("with", "to", "from", "by")


class Nouns(Verbs):
    """Collects mentions."""

    def mention(self, item: Token, i: int) -> None:
        state = self.state
        entry = item.get("data") or item.get("weak")
        if entry is None:
            return
        frame = None if state.held else state.frame
        if frame is not None and frame.polarity is None:
            frame = None
        works = self.word(i + 1) in CONTAINERS and not (
            item.low == "gps" and self.word(i + 1) == "technology"
        )
        if self.modifies(item) or works:
            return
        if entry.value in _CHANNELS and self.means(i):
            return
        if entry.value == "carrier" and self.operator(i):
            return
        if entry.value == "contacts" and frame is not None and frame.cls == "share" and self.operator(i):
            return  # "share your scores with your contacts"
        if entry.value == "contacts" and item.low.endswith("contact") and self.word(i + 1) in ("and", "or"):
            return  # "your contact and billing information"
        if entry.value == "phone_number" and item.text.endswith("'s"):
            return  # "your mobile phone's unique ID"
        if entry.value == "address" and self.word(i - 1) in CLOSE and self.spelt(item):
            return  # "IP (Internet Protocol) address"
        found = Mention(
            entry.value, item.start, item.end, frame=frame, clause=self.clause, depth=len(self.stack)
        )
        if state.held and frame is None:
            found.clause = -1 - self.clause
        if state.excluded:
            found.flipped = True
        if self.conditions:
            found.conditions = (self.conditions[-1],)
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        if nxt is not None and (
            nxt.get("group")
            or (nxt.text == "," and i + 2 < len(self.items) and self.items[i + 2].get("group"))
        ):
            found.group = True
        self.mentions.append(found)

    def spelt(self, item: Token) -> bool:
        """Whether an IP or MAC address was named right before ``item``."""
        last = self.mentions[-1] if self.mentions else None
        return last is not None and last.type in ("ip", "mac") and last.end >= item.start - 3

    def operator(self, i: int) -> bool:
        """Whether the word at ``i`` is who receives or gives: "with operators", "to your contacts"."""
        before = self.word(i - 1)
        return (self.word(i - 2) if before in ("your", "the", "our") else before) in _TOWARDS

    def means(self, i: int) -> bool:
        """Whether the word at ``i`` is a way to reach somebody: "by email, phone or text message"."""
        while i and (_CHANNEL.fullmatch(self.word(i - 1)) or self.items[i - 1].get("trap")):
            i -= 1
            if self.word(i).startswith(_WAYS):
                return True
        return False

    def modifies(self, item: Token) -> bool:
        """ "authentication information of your payment account": the second belongs to the first;
        "kept as a web log": what it is kept as."""
        before = self.text[max(0, item.start - 26) : item.start].lower()
        if (
            "as " in before
            and _AS.search(before)
            and not _SUCH_AS.search(self.text[max(0, item.start - 24) : item.start].lower())
        ):
            return True
        data = item.get("data")
        if data is not None and data.value == "interaction_info" and _THROUGH.search(before):
            return True
        if self.mentions and _OF.fullmatch(self.text, self.mentions[-1].end, item.start):
            return self.mentions[-1].frame is not None
        return False

    def anaphor(self, item: Token, i: int) -> None:
        state = self.state
        frame = (
            None if state.held or (state.frame is not None and state.frame.polarity is None) else state.frame
        )
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        if nxt is not None and any(nxt.get(s) for s in SUBJECTS):
            return  # "the information you provide": described, not pointed back to
        self.mentions.append(
            Mention(
                GENERIC_ANAPHOR,
                item.start,
                item.end,
                frame=frame,
                clause=self.clause if not state.held else -1 - self.clause,
                depth=len(self.stack),
            )
        )

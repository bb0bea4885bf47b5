"""Lists that have no verb of their own: what "information ... may include" names, what an earlier verb goes
on to take, what the user makes up."""

from __future__ import annotations

import re

from appaudit.policy.english.nouns import Nouns
from appaudit.policy.english.state import CONTRASTS, HEADS, INCLUDING, PERIODS, SUBJECTS
from appaudit.policy.literals import may_match
from appaudit.policy.matching import Token, fold
from appaudit.policy.reading import TERMS, Frame, Mention, Polarity

_REACH = 16
"""Words between a word for information and what it is said to include."""
_MOVES = ("collect", "share", "use", "provide", "display", "permission")
_MADE_UP = re.compile(
    r"\b(?:select|choose|choosing|selecting|create|creating|set(?:ting)?(?: up)?)"
    r" (?:an?|your|the|his/her|their) (?:\w+ ){0,3}$",
    re.I,
)
"""Before "password": the user makes it up for us."""
_SAYS_WHAT = re.compile(
    r"\b(?:means?|(?:is|are) (?:any |all |other |generally |considered )?(?:information|data|what|anything)"
    r"|refers? to|defined)\b"
)
"""A sentence that says what a term stands for."""
_MADE = frozenset({"password", "username", "user_id", "nickname", "avatar"})
_BESIDES = re.compile(r"\b(?:in addition to|besides|apart from|aside from) (?:your |the )?$")
"""in addition to your device identifiers, we may also collect."""
_RECORDED = re.compile(r"\brecorded\b")
"""What a statute says personal information is: nothing of the app."""
_OPENING = 40
"""Characters in which a sentence names the term it explains."""
_ENDS_OF_MEMBER = (",", "and", "or", ".", "(", ")")
_NAMED = ("data", "weak", "head", "possessive")
_BREAKS = frozenset({"partner", "sdk", "negation", "purpose", "condition", "exclusion"})
_SPELT = INCLUDING | {"account_info", "identity_info", "contact_info", "location", "anonymised_data"}
"""Types that a list spells out."""
_OTHERS = r"(?:the public|everyone|everybody|anyone|all|any|other|members|users|players|visitors)"
_SEEN = re.compile(
    r"\b(?:(?P<no>not|never) (?:be |\w+ly )*|(?:is|are|be|becomes?|remains?) )(?:(?!not)\w+ly |all |also )*"
    rf"(?:visible|viewable|accessible|available) (?=(?:for|to) {_OTHERS})",
    re.I,
)
_SERVES = re.compile(r"\b(?:helps?|allows?|enables?|lets?|assists?) us\b", re.I)


class Lists(Nouns):
    """Gives the data words that no verb took the frame of the list they stand in."""

    def include(self, named: bool) -> None:
        """ "The data we collect includes X", "log data may include X" (``named``): X is collected."""
        if self.include_frame is not None:
            self.state.frame, self.state.held = self.include_frame, False
            self.state.relative = ""
        elif (
            named
            and not self.state.negated
            and self.mentions
            and self.mentions[-1].frame is None
            and self.mentions[-1].clause >= 0
            and not self.mentions[-1].flipped
            and self.mentions[-1].type in INCLUDING
        ):
            here = self.mentions[-1]
            self.state.frame = Frame("include", "collect", "we", "collected", here.start, here.end)
            self.state.held = False

    def list_on(self) -> None:
        """ "This log data may include X": X goes on with what was said before; its head does not."""
        if len(self.mentions) == 1 and self.mentions[0].frame is self.inherited:
            self.mentions[0].frame = None

    def settle(self, low: str) -> None:
        """Settles what is free. ``low``: the sentence in lower case."""
        free = [m for m in self.mentions if m.frame is None and m.clause >= 0]
        if not free:
            return
        last = self.out.last_frame
        collected = last is not None and last.polarity == "collected"
        for mention in free:
            start = mention.start
            made = mention.type in _MADE and _MADE_UP.search(low, max(0, start - 50), start) is not None
            if made and not any(t.get("negation") for t in self.items):
                mention.frame = Frame("choose", "provide", "you", "collected", start, start)
            elif collected and _BESIDES.search(low, max(0, start - 40), start):
                mention.frame = last
        self.spell_out(free, low)
        self.resume(free)

    def resume(self, free: list[Mention]) -> None:
        """ "We record your model, whether you paid, and your language": the list goes on after a clause."""
        resumed: Mention | None = None
        for mention in free:
            if mention.frame is not None or mention.depth:
                continue
            before = [m for m in self.mentions if m.end <= mention.start and m.frame and not m.depth]
            frame = before[-1].frame if before else self.out.last_frame
            if frame is None or frame.polarity != "collected" or (before and before[-1].flipped):
                continue
            last = max(frame.end, before[-1].end if before else 0)
            if self.goes_on(last, mention, bool(before) and before[-1] is resumed):
                mention.frame, resumed = frame, mention

    def goes_on(self, last: int, mention: Mention, resumed: bool) -> bool:
        """Whether only what describes, and what the user does, stands between ``last`` and ``mention``;
        nothing needs to, once the list was ``resumed``."""
        start = next((i for i, t in enumerate(self.items) if t.start >= last), 0)
        end = next((i for i, t in enumerate(self.items) if t.start >= mention.start), len(self.items))
        j = end - 1
        while j > start and self.items[j].get("possessive"):
            j -= 1
        if self.word(j) not in (",", "and", "or") or self.word(end + 1) not in (*_ENDS_OF_MEMBER, ""):
            return False
        between = self.items[start:end]
        if any(not t.readings.keys().isdisjoint(_BREAKS) or t.low in ("we", ";", ":") for t in between):
            return False
        return resumed or any(t.get("you") or t.get("relative") for t in between)

    def sets_against(self, i: int) -> bool:
        """Whether a clause about data of its own follows the comma at ``i``: ", but your card is"."""
        if self.word(i + 1) not in CONTRASTS:
            return False
        named = False
        for j in range(i + 2, min(i + 10, len(self.items))):
            item = self.items[j]
            if item.get("be") or item.get("aux"):
                after = self.items[j + 1 : j + 4]
                return named and any((v := t.get("verb")) is not None and v.form == "past" for t in after)
            named = named or item.get("data") is not None
            if item.readings.keys().isdisjoint(_NAMED) and self.word(j) not in ("and", "or"):
                return False
        return False

    def lasts(self, i: int) -> bool:
        """Whether the word of condition at ``i`` only says how long: "deleted after 30 days"."""
        return self.word(i) in ("after", "until") and not PERIODS.isdisjoint(
            (self.word(i + 2), self.word(i + 3)) if self.word(i + 1)[:1].isdigit() else (self.word(i + 2),)
        )

    def spell_out(self, free: list[Mention], low: str) -> None:
        """ "The requested information typically includes your name (such as ...)": it is collected."""
        for i, item in enumerate(self.items):
            if item.get("group") is None:
                continue
            frame = self.taken(i) or self.term(i, low)
            if frame is None:
                if _SAYS_WHAT.search(low, 0, item.start) or not self.information(i):
                    continue
                frame = self.out.last_frame
                if frame is None or frame.polarity in (None, "local_only"):
                    frame = Frame("include", "collect", "we", "collected", item.start, item.end)
            end = self.list_end(i)
            for mention in free:
                if mention.frame is None and item.end <= mention.start < end:
                    mention.frame = frame

    def taken(self, i: int) -> Frame | None:
        """What took the group word that the word at ``i`` spells out: "the data needed to join, such as"."""
        head = next((m for m in reversed(self.mentions) if m.end <= self.items[i].start), None)
        if head is None or head.type not in _SPELT or head.flipped or head.frame is None:
            return None
        return head.frame if head.frame.polarity not in (None, "local_only") else None

    def term(self, i: int, low: str) -> Frame | None:
        """The frame of what a term for all that is collected stands for: "Personal information is ... such
        as"; whether that is collected another sentence says."""
        head, item = self.mentions[0], self.items[i]
        if head.type not in TERMS or head.start > _OPENING or head.frame is not None or _RECORDED.search(low):
            return None
        says = _SAYS_WHAT.search(low, 0, item.start) or item.low.startswith("incl")
        if not says or head.end > item.start:
            return None
        return Frame(item.low, "term", "we", "collected", item.start, item.end, kind=head.type)

    def information(self, i: int) -> bool:
        """Whether what the word at ``i`` lists is information that nothing takes or denies."""
        start = self.items[i].start
        last = next((m for m in reversed(self.mentions) if m.end <= start), None)
        if last is not None and last.clause < 0:
            return False
        told = self.out.last_frame
        taken, denied = told is not None, told is not None and told.negated
        found = False
        for j in range(i - 1, -1, -1):
            item = self.items[j]
            if item.text == ";" or (found and item.text == ","):
                break
            if found and (item.get("purpose") or (item.low == "to" and self.is_purpose(j))):
                return False
            if not denied and not item.readings.keys().isdisjoint(("negation", "partner", "sdk")):
                return False
            verb = item.get("verb")
            if not taken and verb is not None and verb.value != "other" and self.is_verb(j, verb):
                beside = (self.items[j + 1], self.items[j - 1]) if j else self.items[1:2]
                if verb.form != "past" or not any(map(self.informs, beside)):  # "the requested information"
                    return False
            found = found or (i - j <= _REACH and self.informs(item))
        return found

    def informs(self, item: Token) -> bool:
        data = item.get("data")
        if data is None:
            return item.get("head") is not None
        return data.value in _SPELT or fold(item.low.split()[-1]) in HEADS

    def list_end(self, i: int) -> int:
        """Where the list that the word at ``i`` begins ends: at a verb that takes data, or a new subject."""
        for j in range(i + 1, len(self.items)):
            item = self.items[j]
            verb = item.get("verb")
            if item.text == ";" or (verb is not None and verb.value in _MOVES and self.is_verb(j, verb)):
                return item.start
            if not item.readings.keys().isdisjoint(SUBJECTS) and j + 1 < len(self.items):
                after = self.items[j + 1]
                if after.get("aux") or after.get("negation"):
                    return item.start
        return len(self.text)

    def predicate(self, low: str) -> None:
        """Words that say of the data before them what a verb would: visible to others, a help to us.
        ``low``: the sentence in lower case."""
        free = [m for m in self.mentions if m.frame is None and m.clause >= 0]
        if not free:
            return
        for pattern, cls in ((_SEEN, "display"), (_SERVES, "use")):
            found = pattern.search(self.text, free[0].end) if may_match(pattern, low) else None
            if found is None:
                continue
            word = found.group().split()[-1].lower()
            polarity: Polarity = "shared" if cls == "display" else "collected"
            if cls == "display" and found["no"]:
                polarity = "not_shared"
            frame = Frame(word, cls, "we", polarity, *found.span(), negated=polarity == "not_shared")
            for mention in free:
                if mention.end <= found.start() and mention.clause == free[0].clause:
                    mention.frame = frame
            self.out.has_verb = True

"""Active verbs: the frame each opens for the data words after it."""

from __future__ import annotations

import re
from dataclasses import replace

from appaudit.policy.english.idle import TO_US, idle
from appaudit.policy.english.state import PREPOSITIONS, SUBJECTS, to_you
from appaudit.policy.english.voices import Voices
from appaudit.policy.matching import Entry, Token
from appaudit.policy.reading import STRENGTH, Frame, Polarity, joined

_OF_THE_OTHER = re.compile(
    r"\s*(?:the user|users|you|each of you|them) with\b.{0,90}?"
    r"\bof the (?:counterpart\w*|other (?:party|user|side|member))"
)
"""After "provide": "the user with the address of the other party"."""
_WITH_SERVER = re.compile(r"^.{0,90}?\b(?:between .{0,40}?|with (?:our|the) )servers?\b")
_WITH_OTHERS = re.compile(r"(?:(?!such as|including)[^.;])*?\b(?:with|to) (?!us\b)", re.I)
_SEES = ("see", "sees", "view", "access")
_OTHERS = (
    "others",
    "friends",
    "followers",
    "everyone",
    "anyone",
    "everybody",
    "anybody",
    "people",
    "members",
)
_FINDS = ("determin", "identif", "detect", "pinpoint", "infer", "deriv", "estimat", "find", "locat")
_WHERE = ("location", "gps_location", "coarse_location")
_WITH_US = re.compile(r"[^.;]{0,160}?\b(?:with|to) us\b")
_TO_YOU = re.compile(r"\s*(?:to\s+)?you\b")
_TO_YOURS = re.compile(r"\s*(?:(?:to\s+)?you\b|to your (?:device|email|phone|mobile))")
_US = re.compile(r"\s*(?:to )?us\b")
_TO_US = re.compile(r"\b(?:with|to) us\b")
_TO_OURS = re.compile(r"\b(?:to|with) (?:us|the platform|our)\b")
_TO_OTHERS = re.compile(r"\b(?:to|with) (?:the )?(?:other|third|counter|public)")
_TO_SERVER = re.compile(r"\bto (?:our|the) (?:own )?(?:servers?|systems?|backend)\b")
_LIMITED = re.compile(r"[^.;]{0,60}?\b(?:for|to|other than|beyond|except|unless|without)\b", re.I)
"""After "not use cookies": only for what not."""
_FINITE = ("may", "will", "can", "might", "shall")
"""After "and" they end what for: "we use it to fight fraud and may share it"."""
_MUST = re.compile(r"\b(?:(?:need|have|required|asked) to|must) (?:first )?$", re.I)
"""Before "turn on the microphone": the user is asked for a permission."""


def _comes_here(verb: str, actor: str, rest: str) -> bool:
    """Whether what is shared comes to us: "the network will share your name with us"."""
    if actor == "":
        return _WITH_US.match(rest) is not None
    return actor == "you" and verb == "exchange" and _WITH_SERVER.search(rest) is not None


class Verbs(Voices):
    """Opens frames."""

    def verb(self, i: int, item: Token, verb: Entry) -> None:
        state = self.state
        self.out.has_verb = True
        low = item.low
        j = self.previous_significant(i)
        while j >= 0 and self.items[j].get("negation") and not self.items[j].get("be"):
            j = self.previous_significant(j)
        before = self.items[j] if j >= 0 else None
        if verb.value == "other" and low.startswith(_FINDS) and self.locates(i):
            verb = replace(verb, value="collect")
        preposition = low in PREPOSITIONS
        if (
            state.frame is not None
            and state.frame.cls == "definition"
            and verb.value not in ("collect", "share")
        ):
            return
        passive = (
            verb.form == "past" and before is not None and before.get("be") is not None and not preposition
        )
        if (
            before is not None
            and self.word(j) in ("and", "or", ",", "/")
            and verb.form == "past"
            and self.items[j - 1].get("verb")
            and self.was_passive
        ):
            passive = True
        self.was_passive = passive
        actor = state.relative or state.actor
        if low == "depending on" and not passive:
            self.begin_condition(i)
            return
        if passive:
            self.passive(i, item, verb)
            return
        modal = self.word(j) in ("may", "will", "can", "shall", "might", "must", "to", "need to")
        if self.pending and not modal and not preposition:
            return
        if self.pending:
            self.pending = state.held = False
            state.relative = ""
            actor = state.actor
        moved = self.word(i + 1) == "it" or (self.word(i + 1) == "them" and low in ("share", "disclose"))
        if state.relative and self.word(j) == "and" and moved:
            state.relative, actor = "", state.actor  # "collect the name you give us and share it"
        if state.relative and not preposition:
            self.relative_verb(item, verb, actor)
            return
        if (
            verb.form == "past"
            and not preposition
            and before is not None
            and not (before.get("aux") or any(before.get(s) for s in SUBJECTS) or before.get("relative"))
        ):
            self.participle(i, item, verb)
            return
        if state.held and not state.hold_to_comma and not preposition:
            fresh = verb.form == "base" and (
                (self.word(j) == "and" and (self.word(j - 1) == "," or moved))
                or (self.word(j) in _FINITE and self.word(j - 1) == "and")
            )
            if verb.value != "collect" and not (
                fresh and verb.value in ("use", "share", "display", "provide")
            ):
                return
            if verb.value == "collect" and not fresh and actor == "you":
                return
        if preposition and (actor == "you" and self.condition_start < 0):
            actor = "we"
        if actor == "we" and verb.value == "provide" and self.invited(j):
            actor = "you"
        if (
            preposition
            and state.frame is not None
            and state.frame.polarity
            and STRENGTH[state.frame.cls] > 1
            and state.frame.negated
        ):
            return
        frame = self.build(item, verb, actor, i)
        gives = frame.polarity is None and actor == "you"  # "you may upload or store X"
        coordinated = (
            state.frame is not None
            and not state.frame.inherited
            and not any(m.start >= state.frame.end for m in self.mentions)
            and not state.held
            and (self.word(j) in ("and", "or", "/", ",", "and/or") or self.word(i - 1) == "nor")
        )
        if (
            coordinated
            and state.frame is not None
            and (STRENGTH[frame.cls] <= STRENGTH[state.frame.cls] or gives)
            and state.frame.polarity
        ):
            state.frame = replace(joined(state.frame, frame), end=frame.end)
        else:
            state.frame = joined(frame, state.frame) if coordinated and state.frame is not None else frame
        state.held = state.hold_to_comma = False
        if frame.polarity:
            self.out.last_frame = frame

    def locates(self, i: int) -> bool:
        """Whether what the verb at ``i`` finds out is where the user is: "to determine your location"."""
        for item in self.items[i + 1 : i + 4]:
            if (data := item.get("data")) is not None:
                near = item is self.items[i + 1] or "you" in self.text[self.items[i].end : item.end]
                return data.value in _WHERE and near
        return False

    def follows(self, i: int, kind: str) -> bool:
        """Whether a word of ``kind`` comes next."""
        return i + 1 < len(self.items) and self.items[i + 1].get(kind) is not None

    def invited(self, j: int) -> bool:
        """Whether "to" at ``j`` opens what the user is offered: "we offer you the opportunity to submit"."""
        return self.word(j) == "to" and any(t.get("you") for t in self.items[max(0, j - 4) : j])

    def gives(self, item: Token, verb: Entry, i: int) -> bool:
        """Whether the user gives what follows: "By entering your phone number you agree ..."."""
        return verb.value == "provide" and verb.form == "ing" and self.word(i - 1) in ("by", "when", "while")

    def sets_cookie(self, i: int) -> bool:
        """Whether what the verb at ``i`` sets is a cookie: read from the device later."""
        return any(
            (data := item.get("data")) is not None and data.value in ("cookie", "web_beacon")
            for item in self.items[i + 1 : i + 5]
        )

    def others_do(self, i: int) -> bool:
        """Whether other users do what the verb at ``i`` says: "your friends will see your name"."""
        j = self.previous_significant(i)
        while j > 0 and (
            self.items[j].get("aux") or self.items[j].get("be") or self.items[j].get("negation")
        ):
            j = self.previous_significant(j)
        if j > 1 and not self.items[j].readings and self.word(j - 1) in ("on", "in", "of"):
            j -= 2  # "your friends on Tally will see"
        return j >= 0 and (self.items[j].get("public") is not None or self.word(j) in _OTHERS)

    def shares_all(self, i: int, low: str) -> bool:
        """Whether the user shares what follows with the app, since nobody else is named."""
        if not low.startswith("shar") or self.condition_start >= 0:
            return False
        return _WITH_OTHERS.match(self.text, self.items[i].end) is None

    def build(self, item: Token, verb: Entry, actor: str, i: int) -> Frame:
        """The frame of an active verb: what it says about the data after it."""
        state = self.state
        cls = verb.value
        if actor == "" and (self.text[:7].lower() == "please " or self.gives(item, verb, i)):
            actor = "you"
        if cls == "provide" and item.low.startswith("set") and self.sets_cookie(i):
            cls = "collect"
        if item.low.endswith((" of", " of your")):
            actor = "we"  # "you consent to our collection of X"
        polarity: Polarity | None = None
        recipient = ""
        rest = self.text[item.end :].lower()
        kind = ""
        low = item.low
        if verb.form == "ing" and cls in ("permission", "contain"):
            return Frame(low, "other", actor, None, item.start, item.end)
        if cls == "permission" and low.startswith(("request", "apply", "ask", "turn on", "grant", "enable")):
            kind = "permission"
        if cls == "other":
            if low in _SEES and self.others_do(i):
                cls, polarity = "display", "shared"
        elif cls == "provide" and actor != "you" and _OF_THE_OTHER.match(rest):
            polarity, recipient = "shared", "counterparty"
        elif cls == "share" and _comes_here(low, actor, rest):
            polarity = "collected"
        elif actor in ("we", ""):
            if cls in ("collect", "use", "permission", "contain", "store_local"):
                polarity = "local_only" if self.local(i) else "collected"
                modal = i and self.condition_start < 0 and self.items[self.previous_significant(i)].get("aux")
                if kind == "permission" and actor == "" and not (modal or low.split()[0].endswith("s")):
                    polarity = None
            elif cls == "share":
                polarity = "shared"
                if TO_US.match(rest):
                    polarity = "collected"
                elif _TO_YOURS.match(rest) or (low.startswith("sen") and to_you(rest)):
                    polarity = None
            elif cls == "display":
                polarity = "shared" if self.public(i) else None
            elif (cls == "provide" and _US.match(rest)) or (
                cls == "provide" and (low.startswith("upload") or _TO_SERVER.search(rest, 0, 80))
            ):
                polarity = "collected"
            elif cls == "provide":
                recipient = self.recipient_after(i)
                if (
                    recipient
                    and not (actor == "" and verb.form == "ing")  # "before providing X to Tally, you need"
                    and not _TO_YOU.match(rest)
                    and low not in ("include", "includes", "including", "set", "enter", "improve")
                ):
                    polarity = "shared"
                elif actor == "" and self.text[: item.start].strip() == "":
                    polarity = None
        elif actor == "you":
            if cls == "share" and self.shares_all(i, low):
                polarity = "collected"
            elif cls == "provide" or (cls == "share" and _WITH_US.match(rest)):
                recipient = self.recipient_after(i)
                polarity = "collected"
                if recipient and _TO_OTHERS.search(rest) and not _TO_OURS.search(rest):
                    polarity = None
                    recipient = ""
            elif cls == "display":
                polarity = "shared" if self.public(i) else None
            elif cls == "collect" and low.startswith("record"):
                polarity = None
            elif cls == "permission" and _MUST.search(self.text, max(0, item.start - 24), item.start):
                polarity, kind = "collected", "permission"
        elif actor == "partner":
            if cls in ("collect", "use", "permission", "contain"):
                polarity = "shared"
                recipient = self.partner_name
            elif cls in ("share", "provide"):
                ours = _TO_US.search(rest) or _US.match(rest) or self.follows(i, "we")
                polarity = "collected" if ours else ("shared" if cls == "share" else None)
        elif actor == "sdk" and cls in ("collect", "use", "permission", "share"):
            polarity = "collected"
            kind = "sdk"
        if self.with_us and cls in ("collect", "use") and polarity == "shared":
            polarity = "collected"  # "neither we nor our partners collect": we do not
        negated = state.negated or self.denied_after(i)
        if polarity and idle(self.text, item, cls, actor, negated):
            polarity = None
        if negated and polarity:
            polarity = (
                None
                if (cls == "contain" and not self.sets_cookie(i))
                or (cls == "use" and (not self.sets_cookie(i) or _LIMITED.match(self.text, item.end)))
                or (cls == "provide" and actor == "you")
                else ("not_collected" if polarity in ("collected", "local_only") else "not_shared")
            )
        return Frame(
            low, cls, actor, polarity, item.start, item.end, negated, state.only, recipient, kind=kind
        )

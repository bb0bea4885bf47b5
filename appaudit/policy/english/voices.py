"""Verbs that speak of the words before them: passive, relative clauses, participles."""

from __future__ import annotations

import re
from dataclasses import replace

from appaudit.policy.english.idle import TO_US, idle
from appaudit.policy.english.parties import Parties
from appaudit.policy.english.state import OBLIQUE_TO, SUBJECTS
from appaudit.policy.matching import Entry, Token
from appaudit.policy.reading import GENERIC_ANAPHOR, NEGATED, Frame, Mention, Polarity

_HERE = re.compile(
    r"\s*(?P<only>only )?(?:in|on) (?:the |your )?(?:\w+'s )?local (?:storage|memory|database)\b(?! and)"
)
_TO_YOU = re.compile(r"\s*to you\b")
_TO_US_OR_YOU = re.compile(r"\s*(?:to|with) (?:us|you)\b")
_WHAT_FOR = re.compile(r"\s*(?:only|solely|mainly|primarily)?\s*(?:to|for)\b")
_PLANTED = ("installed", "set", "dropped", "deposited", "loaded")
"""Cookies may be installed on your device."""
_TIED = re.compile(r"\s*(?:with|to)\b")
_AND_WHICH = re.compile(r"[^.;,]{0,40},? which\b")
_NOT = re.compile(r"\b(?:not|never|no longer)\b|n't\b", re.I)


def _denied(mention: Mention) -> bool:
    return mention.frame is not None and mention.frame.polarity == "not_collected"


def _described(mention: Mention) -> bool:
    return mention.frame is not None and mention.frame.kind == "relative"


def _entered(mention: Mention) -> bool:
    return _described(mention) and mention.frame is not None and mention.frame.actor == "you"


class Voices(Parties):
    """Frames that reach back."""

    def targets(self) -> list[Mention]:
        """Mentions a passive verb takes: those of its clause without a verb, else those just named."""
        free = [
            m
            for m in self.mentions
            if m.clause == self.clause and (m.frame is None or m.frame.kind == "relative")
        ]
        if free:
            return free
        if self.state.relative == "which" and self.mentions:
            last = self.mentions[-1]
            return [m for m in self.mentions if m.frame is last.frame and m.clause == last.clause]
        return []

    def passive(self, i: int, item: Token, verb: Entry) -> None:
        state = self.state
        cls = verb.value
        if cls == "other" and state.held and state.hold_to_comma:
            return  # "for your account to be set up such as ...": still what for
        polarity: Polarity | None = None
        rest = self.text[item.end :].lower()
        recipient = self.recipient_after(i, plain=verb.value == "share")
        if cls in ("collect", "use", "store_local"):
            stays = _HERE.match(rest)
            here = self.local(i) or (stays is not None and bool(state.only or stays["only"]))
            polarity = "local_only" if here else "collected"
            by = "" if here else self.agent(i)
            if by:
                polarity, recipient = "shared", by
        elif cls == "share":
            polarity = "shared"
            if _TO_US_OR_YOU.match(rest):
                polarity = "collected" if "us" in rest[:12] else None
            elif TO_US.match(rest):
                polarity = "collected"
            elif idle(self.text, item, cls, "", state.negated) or (
                not recipient and item.low.startswith(("transmit", "sen"))
            ):
                polarity = None
        elif cls == "display":
            polarity = "shared" if (recipient or self.public(i)) and not _TO_YOU.match(rest) else None
        elif cls == "provide":
            polarity = "shared" if recipient else None
            if item.low.startswith("upload") and not recipient:
                polarity = "collected"
        elif cls == "permission" and item.low.startswith(("request", "ask", "requir", "need")):
            polarity = None if state.negated and item.low.startswith(("requir", "need")) else "collected"
        if cls == "use" and _WHAT_FOR.match(rest) is None and not state.negated and not rest.strip(" ."):
            polarity = "collected"
        if cls in ("other", "provide") and item.low in _PLANTED and not state.negated:
            planted = [m for m in self.targets() if m.type in ("cookie", "web_beacon")]
            polarity = "collected" if planted else polarity
        if state.negated and item.low == "retained":
            polarity = None  # "recordings are not retained": taken all the same
        if cls == "use" and item.low.startswith(("associat", "link")) and _TIED.match(rest):
            polarity = None  # "linked to your device": only says what it belongs to
        if self.condition_start >= 0 and item.low.startswith(("recogni", "detect")):
            polarity = None  # "if an address is recognised": what must come first
        since = state.frame.end if state.frame is not None else 0
        negated = state.negated and (
            polarity != "local_only" or _NOT.search(self.text, since, item.start) is not None
        )
        if negated and polarity:
            unused = cls == "use" and not self.sets(rest)
            polarity = None if unused else ("not_collected" if polarity == "collected" else "not_shared")
        frame = Frame(
            item.low,
            cls,
            state.actor or "we",
            polarity,
            item.start,
            item.end,
            state.negated,
            state.only,
            recipient,
        )
        relative = state.relative == "which"
        targets = self.targets() if polarity else []
        if polarity == "local_only" and not targets:
            # "Notes are not uploaded and are only stored locally": the second says more
            targets = [m for m in self.mentions if m.clause == self.clause and _denied(m)]
        if polarity == "local_only" and not self.mentions and not self.clause:
            # "The text is processed only on your device": what the sentence before took
            targets = [Mention(GENERIC_ANAPHOR, 0, item.end, clause=self.clause)]
            self.mentions += targets
        for mention in targets:
            if (polarity == "local_only" and (_denied(mention) or _described(mention))) or (
                polarity == "not_collected" and _entered(mention)
            ):
                mention.frame = frame  # "the age you enter stays on the device": nobody else gets it
            elif mention.frame is not None and (relative or mention.frame.kind == "relative"):
                if polarity and polarity != mention.frame.polarity:
                    mention.extra += (frame,)
            else:
                mention.frame = frame
        state.relative = ""
        self.described_by = relative
        if polarity:
            self.out.last_frame = frame
        if polarity or not relative:  # "data that is sent by your device, such as": we still collect it
            state.frame = frame if polarity else None
        state.held = state.hold_to_comma = False

    def sets(self, rest: str) -> bool:
        """Whether all that is not used are cookies, whatever for."""
        here = [m for m in self.mentions if m.clause == self.clause]
        return bool(here) and not rest.strip(" .") and all(m.type in ("cookie", "web_beacon") for m in here)

    def tool(self, i: int) -> str:
        """The product named before ", which": "We use Tally Metrics, which receives ..."."""
        first = last = i - 1
        if self.word(i) != "which" or self.word(last) != ",":
            return ""
        while first and not self.items[first - 1].readings and self.items[first - 1].text[:1].isupper():
            first -= 1
        return self.text[self.items[first].start : self.items[last].start].strip() if first < last else ""

    def relative(self, i: int) -> None:
        word = self.word(i)
        if word == "that" and self.points(i):
            return
        if word == "which" and self.word(i - 1) in OBLIQUE_TO and self.named_doer(i + 1):
            self.new_clause("", i)  # "services for which Tally collects X"
            return
        # "providers such as Analytics, which may collect ...": the partner acts.
        partner = next(
            (self.items[j] for j in range(i - 1, max(-1, i - 3), -1) if self.items[j].get("partner")), None
        )
        following = self.next_significant(i + 1)
        nxt = self.items[following] if following < len(self.items) else None
        name = partner.text if partner is not None else self.tool(i)
        if name and nxt is not None and (nxt.get("aux") or nxt.get("verb")):
            unused = self.state.negated or (self.state.frame is not None and self.state.frame.negated)
            self.new_clause("partner", i)
            self.partner_name = name
            self.state.negated = unused  # "we use no tools that collect"
            return
        self.state.relative = "which" if word in ("which", "that", "who") else word
        if word in ("who", "whom", "whose"):
            self.state.relative = ""

    def named_doer(self, i: int) -> bool:
        """Whether a name and its verb stand at ``i``: "Tally collects"."""
        rest = self.items[i : i + 2]
        return (
            len(rest) == 2
            and not rest[0].readings
            and rest[0].text[:1].isupper()
            and bool(rest[1].get("verb"))
        )

    def points(self, i: int) -> bool:
        """Whether "that" at ``i`` opens a clause and points to a thing: ", that service may share"."""
        if i and self.word(i - 1) not in (",", ";", "and", "("):
            return False
        rest = self.items[i + 1 : i + 3]
        return len(rest) == 2 and not rest[0].readings and rest[1].get("aux") is not None

    def relative_verb(self, item: Token, verb: Entry, actor: str) -> None:
        """A verb inside "information you provide": it speaks of the words before it."""
        state = self.state
        if actor == "which":
            if verb.value in ("collect", "share", "display") and state.frame is None and not state.held:
                state.relative = ""
            return
        shares = actor == "we" and verb.value == "share"
        if (
            shares
            or (actor == "we" and verb.value in ("collect", "use"))
            or (actor == "you" and verb.value == "provide")
        ):
            polarity_of: Polarity = "shared" if shares else "collected"
            if state.negated:
                polarity_of = NEGATED[polarity_of]
            self.include_frame = Frame(
                item.low,
                "share" if shares else "collect",
                actor,
                polarity_of,
                item.start,
                item.end,
            )
        if verb.value == "other" or self.mentions == []:
            return
        frame = Frame(item.low, verb.value, actor, None, item.start, item.end)
        polarity: Polarity | None = None
        if self.relative_used:
            return
        self.relative_used = True
        if (actor == "you" and verb.value in ("provide", "share")) or (
            actor == "we" and verb.value in ("collect", "use")
        ):
            polarity = "collected"
        elif actor == "we" and verb.value == "share":
            polarity = "shared"
        if polarity is None:
            return
        last = self.mentions[-1]
        if item.start - last.end > 60:
            return
        if shares and last.frame is not None and _AND_WHICH.match(self.text, last.end):
            handed = replace(frame, polarity=polarity, recipient=self.recipient_after(self.items.index(item)))
            for mention in self.mentions:  # "we take your name, which we pass on to the courier"
                if mention.frame is last.frame and last.frame.polarity == "collected" and not state.negated:
                    mention.extra += (handed,)
            return
        for mention in reversed(self.mentions):
            if mention.clause != last.clause or mention.frame is not None or mention.type == GENERIC_ANAPHOR:
                break
            if state.negated:
                break
            mention.frame = replace(frame, polarity=polarity, kind="relative")

    def participle(self, i: int, item: Token, verb: Entry) -> None:
        """ "legally collected X": before data it names how it came; "X collected by us": after it."""
        if verb.value not in ("collect", "share", "use") or self.state.negated:
            return
        state = self.state
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        if nxt is not None and (nxt.get("data") or nxt.get("weak")):
            if (state.frame is None and not state.held) or (
                self.items[i - 1].get("adverb") and self.items[i - 1].low in ("legally", "lawfully")
            ):
                state.frame = Frame(
                    item.low,
                    "collect",
                    "we",
                    "collected" if verb.value != "share" else None,
                    item.start,
                    item.end,
                )
                state.held = False
        elif (
            nxt is not None
            and (
                nxt.low in ("by", "from", "through", "via", "automatically", "during", "for")
                or nxt.get("condition")
            )
            and verb.value == "collect"
            and (state.frame is None or state.frame.polarity is None)
        ):
            frame = Frame(item.low, "collect", "we", "collected", item.start, item.end)
            self.include_frame = frame
            for mention in self.mentions:
                if mention.clause == self.clause and mention.frame is None:
                    mention.frame = frame

    def after_be(self, i: int) -> bool:
        """Whether "is" stands before the word at ``i``, with "not" or an adverb between at most."""
        j = self.previous_significant(i)
        while j > 0 and self.items[j].get("negation") and not self.items[j].get("be"):
            j = self.previous_significant(j)
        return j >= 0 and self.items[j].get("be") is not None

    def they(self, i: int) -> None:
        """ "they" is the party or the users named last: "advertisers, and they may use"."""
        named = (t for t in reversed(self.items[:i]) if not t.readings.keys().isdisjoint(SUBJECTS))
        doer = next((t for t in named if t.get("we") is None and t.low != "you"), None)
        if doer is None:
            return
        actor = "you" if doer.get("you") else "partner"
        before = self.items[i - 1]
        if not before.readings.keys().isdisjoint(("data", "weak", "head", "relative")):
            self.state.relative, self.relative_used = actor, False
            return
        following = self.next_significant(i + 1)
        nxt = self.items[following] if following < len(self.items) else None
        if nxt is not None and not nxt.readings.keys().isdisjoint(("aux", "verb", "negation")):
            self.new_clause(actor, i)
            self.partner_name = doer.text if actor == "partner" else self.partner_name

    def pronoun(self, i: int) -> None:
        """ "collect X, and share it with Y": the data named before moves on."""
        frame = self.state.frame
        if frame is not None and frame.polarity == "not_collected" and self.word(i - 1) in frame.verb:
            for mention in self.mentions:  # "Your chats are sealed and we cannot read them"
                if mention.frame is None and mention.clause == self.clause - 1:
                    mention.frame = frame
        if (
            frame is None
            or frame.polarity not in ("shared", "not_shared")
            or self.word(i - 1) not in frame.verb
        ):
            return
        doer = self.previous_significant(i - 1)
        while doer > 0 and (self.items[doer].get("negation") or self.items[doer].get("aux")):
            doer = self.previous_significant(doer)
        again = doer >= 0 and self.items[doer].get("we") is not None
        for mention in self.mentions:
            if _denied(mention) and frame.polarity == "not_shared" and mention.clause >= self.clause - 1:
                mention.extra += (frame,)  # "we do not store X or share it with Y"
            elif (
                mention.frame is not None
                and mention.frame.polarity == "collected"
                and not mention.frame.inherited
                and mention.clause >= self.clause - 1
            ):
                moved = replace(frame, recipient=frame.recipient or self.recipient_after(i))
                if again:  # "..., and we give them to Y": a second statement
                    mention.extra += (moved,)
                else:
                    mention.frame = moved

"""Walks an English sentence: boundaries, subjects, conditions, and what each item does."""

from __future__ import annotations

import re
from dataclasses import replace

from appaudit.policy.english.accounts import signed_in_with
from appaudit.policy.english.afterwards import settle
from appaudit.policy.english.elisions import completed
from appaudit.policy.english.lists import Lists
from appaudit.policy.english.state import (
    AUTHORISES,
    CLOSE,
    INERT,
    JOINTS,
    NOUNS,
    OBLIQUE,
    OPEN,
    SAME_PARTICIPLE,
    SIGNS,
    SUBJECTS,
)
from appaudit.policy.lexicon import lexicon
from appaudit.policy.literals import may_match
from appaudit.policy.matching import WORDS, Token, fold
from appaudit.policy.reading import NOTHING_READ, Frame, SentenceReading

_SIGNS_IN = re.compile(r"\b(?:sign|log|regist|connect)", re.I)
_ASKED = ("how", "what", "where", "why")
"""We record how you use the app: the clause is what is recorded."""
_LETS = ("enable", "enabling", "allow", "allowing", "help", "let", "permit", "helping")
_TELLING = ("about", "and", "or", "")
"""about how we use cookies; a head, "Why and how we use cookies"."""
_DASH = re.compile(r"\s[–—-]+\s")


class EnglishReader(Lists):
    """Reads the tokens of one sentence. Use `read`."""

    def read(self) -> SentenceReading:
        for i, item in enumerate(self.items):
            readings = item.readings
            if not readings:
                if item.text in SIGNS:
                    self.sign(i, item)
            elif len(readings) > 1 or INERT.isdisjoint(readings) or item.low == "to":
                self.phrase(i, item)
        self.end_condition(len(self.text))
        low = self.text.lower()
        self.predicate(low)
        self.settle(low)
        if may_match(_SIGNS_IN, low) and _SIGNS_IN.search(self.text):
            self.mentions = signed_in_with(self.text, low, self.mentions)
        settle(self.text, self.mentions)
        self.out.mentions = self.mentions
        self.out.items = self.items
        self.out.last_frame = (
            self.state.frame if self.state.frame and self.state.frame.polarity else self._last_frame()
        )
        return self.out

    def _last_frame(self) -> Frame | None:
        for mention in reversed(self.mentions):
            if mention.frame is not None and mention.frame.polarity:
                return mention.frame
        return self.out.last_frame

    def sign(self, i: int, item: Token) -> None:
        text = item.text
        state = self.state
        if text in OPEN:
            self.stack.append((replace(state), self.clause, item.start))
            if self.mentions and self.mentions[-1].end >= item.start - 2:
                self.mentions[-1].group = True
                if state.frame is None and state.relative == "":
                    state.frame = self.mentions[-1].frame
            if self.mentions and i + 1 < len(self.items) and self.items[i + 1].get("group"):
                # "the contact data you give during ... (such as phone, email)"
                last = self.mentions[-1]
                if (
                    last.frame is not None
                    and last.frame.polarity
                    and (state.held or state.frame is None)
                    and last.clause >= self.clause - 1
                ):
                    last.group = True
                    state.frame, state.held, state.hold_to_comma = last.frame, False, False
        elif text in CLOSE:
            if self.stack:
                if self.condition_start >= self.stack[-1][2]:
                    self.end_condition(item.start)
                self.state, self.clause, _ = self.stack.pop()
        elif text == ",":
            self.comma(i)
        elif text in (";", "；"):
            self.new_clause("", i)
        elif text in (":", "："):
            self.colon(i)

    def phrase(self, i: int, item: Token) -> None:
        readings = item.readings
        get = readings.get
        state = self.state
        verb = get("verb")
        if verb and item.low in SAME_PARTICIPLE and self.after_be(i):
            verb = replace(verb, form="past")
        if get("group") and (verb is None or not self.likes(i)):
            if state.hold_to_comma:
                state.held = state.hold_to_comma = False
            low = item.low
            if self.include_frame is not None and low.startswith("includ"):
                modal = self.items[self.previous_significant(i)]
                self.end_condition(modal.start if modal.get("aux") else item.start)
            idle = state.frame is None or (self.include_frame is not None and state.frame.polarity is None)
            if (idle and low.startswith(("includ", "such as", "limited"))) or low == "are":
                self.include(low != "such as")
            elif state.frame is not None and state.frame.inherited and low.startswith("includ"):
                self.list_on()
        elif get("data") is not None and get("partner") is not None and self.acts(i + 1):
            self.subject(i, "partner")  # "Telecom operators receive ..."
        elif get("data") is not None and not (verb and self.is_verb(i, verb)):
            self.mention(item, i)
        elif get("anaphor"):
            self.anaphor(item, i)
        elif verb and self.is_verb(i, verb):
            self.verb(i, item, verb)
        elif get("weak"):
            if self.weak_counts(i):
                self.mention(item, i)
        elif subject := next(filter(readings.__contains__, SUBJECTS), ""):
            self.subject(i, subject)
        elif get("negation"):
            if item.low == "without":
                state.held = state.hold_to_comma = True
            elif (
                (item.low == "no" and self.opens_denial(i))
                or item.low != "no"
                or self.word(i + 1) in ("longer", "access")
            ):
                if item.low in ("not", "no") and self.contrasts(i):
                    state.excluded = True  # "..., not your advertising ID", "... but no address"
                else:
                    state.negated = True
        elif get("exclusion"):
            state.excluded = True
        elif get("only"):
            state.only = True
        elif get("condition"):
            if self.exemplifies(i):
                self.asked = item.start
            elif not self.lasts(i):
                self.begin_condition(i)
        elif get("purpose") or (item.low == "to" and self.is_purpose(i)):
            if item.low == "for":
                if (
                    state.frame is not None and self.word(i + 1) not in ("your", "the", "our")
                ) or state.frame is not None:
                    state.held = state.hold_to_comma = True
            else:
                inner = state.held and state.hold_to_comma  # "for your account to be ready"
                described = bool(state.relative) or self.described_by or self.serves(i)
                state.held, state.hold_to_comma = True, described or inner
        elif get("relative"):
            self.relative(i)
        elif get("pronoun"):
            if item.low == "they":
                self.they(i)
            else:
                self.pronoun(i)

    def comma(self, i: int) -> None:
        state = self.state
        self.described_by = False
        if state.frame is not None and not self.stack and self.sets_against(i):
            self.end_condition(self.items[i].start)
            self.new_clause("", i)  # "we share X, but your Y is never sold"
            return
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        if (
            state.held
            and not state.hold_to_comma
            and self.saved is None
            and state.frame is None
            and nxt is not None
        ) and (nxt.get("anaphor") or nxt.low == "your" or (nxt.get("data") and not self.mentions)):
            self.new_clause("", i)  # an opening "In order to ..." ends here
            state = self.state
        if not (self.stack and self.list_goes_on(i)):
            state.excluded = False  # "(not including your name, address or email)" goes on
        if state.relative:
            state.relative = ""
        if state.hold_to_comma:
            state.held = state.hold_to_comma = False
        if self.condition_start >= 0 and not self.stack:
            self.end_condition(self.items[i].start)
            if self.saved is not None and self.list_goes_on(i):
                state.frame, state.held, self.saved = self.saved, False, None
            elif not self.list_goes_on(i) or self.saved is None:
                self.saved = None
                self.new_clause("", i)

    def colon(self, i: int) -> None:
        """A label at the head of a sentence ("Device information: we ...") declares nothing itself."""
        start = self.items[i].start
        if i and self.items[i - 1].get("group"):
            return  # "such as: ..."
        self.end_condition(start)
        if self.saved is not None:  # "We collect X only when the app is open: ..."
            self.state.frame, self.saved = self.saved, None
        if start <= 60 and not self.out.has_verb and not (self.inherited and not self.has_later_verb(i)):
            self.mentions = [m for m in self.mentions if m.depth]
            self.new_clause("", i)
        elif self.mentions and self.mentions[-1].end >= start - 3:
            self.mentions[-1].group = True
        self.state.held = False
        led = self.inherited or self.include_frame
        if led and self.state.frame is None and not self.has_later_verb(i):
            self.state.frame = led

    def subject(self, i: int, actor: str) -> None:
        word = self.items[i].low
        state = self.state
        if actor == "we" and word not in ("we", "i") and self.word(i - 1) in OBLIQUE:
            return  # "in our app": a place, not who acts
        if actor == "we" and state.held and self.word(i - 1).endswith(_LETS):
            return  # "To enable our systems to know your browser": still what for
        if actor in ("partner", "sdk") and state.actor == "sdk" and self.belongs(i):
            return  # "the SDK of our partner collects": the SDK does
        behind = self.word(i - 1).rpartition(" ")[2]
        if actor == "you" and behind in ("for", "to", "about") and self.word(i + 1) in ("and", "or"):
            return
        following = self.next_significant(self.named(i) if actor in ("partner", "sdk") else i + 1)
        if actor in ("partner", "sdk") and self.word(i + 1) in ("and", "or", "and/or"):
            following = i + 1
        nxt = self.items[following] if following < len(self.items) else None
        if (
            nxt is not None
            and word != "us"
            and self.word(i + 1) in ("or", "and", "/", "and/or")
            and nxt.get("aux") is None
        ):
            nxt = self.after_coordination(i) or nxt
        if actor in ("partner", "sdk") and (
            (self.word(i + 1) == "," and (self.listing(i + 2) or self.called(i)))
            or (not state.frame and not i and self.listing(i + 1))
        ):
            # "Third parties, including Google, collect ...", "Our provider, Flurry, collects ..."
            none = self.nobody(i)
            self.new_clause(actor, i)
            self.state.negated = none
            self.partner_name = self.items[i].text
            return
        if actor in ("partner", "sdk") and self.main_verb_later(i):
            self.new_clause(actor, i)
            self.partner_name = self.items[i].text
            self.state.relative, self.pending = "", True
            return
        verbal = nxt is not None and (
            nxt.get("aux") is not None
            or nxt.get("be") is not None
            or nxt.get("negation") is not None
            or nxt.get("catenative") is not None
            or (nxt.get("verb") is not None and nxt.get("verb").form != "ing")  # type: ignore[union-attr]
        )
        if (
            nxt is not None
            and nxt.low == "to"
            and actor == "we"
            and (word == "us" or self.word(i - 1) in AUTHORISES)
        ):
            # "authorize us to collect": the object is the subject of what follows.
            self.new_clause("we", i)
            return
        if not verbal or word == "us":
            if actor in ("partner", "sdk"):
                self.note_recipient(i)
            return
        if (
            nxt is not None
            and nxt.low == "to"
            and actor == "partner"
            and state.frame
            and state.frame.cls == "share"
        ):
            self.note_recipient(i)
            return
        before = self.items[i - 1] if i else None
        if self.pending and actor in ("we", "you"):
            state.relative, self.relative_used = actor, False
            return
        if before is not None and before.get("relative") and not self.names_something(i - 2):
            before = None  # "you agree that we may": a new clause, not a relative one
        if (
            before is not None
            and before.get("verb")
            and i > 1
            and any(self.items[i - 2].get(s) for s in SUBJECTS)
        ):
            before = None  # "when you order we collect": the word before is a verb, not what we collect
        dash = before is not None and _DASH.search(self.text, before.start, self.items[i].start)
        if before is not None and not dash and self.described(i, before, actor):
            state.relative, self.relative_used = actor, False
            return
        held = self.condition_start >= 0 and state.frame is not None
        if held and actor == "you":
            state.relative = actor  # "collect X when you use Y": the frame goes on after it
            return
        denied = (
            actor == "you" and state.frame is not None and state.frame.negated and self.word(i + 1) == "to"
        )
        whose = state.actor == "you" or (state.actor == "" and self.condition_has_verb(i))
        if self.condition_start >= 0 and not self.stack and actor == "we" and whose:
            self.end_condition(self.items[i].start)  # "when you register we collect": no comma
        back = i - 1
        while back >= 0 and self.items[back].get("possessive"):
            back -= 1
        unwanted = self.unwanted(i)
        neither = self.word(back) in ("nor", "neither") and self.items[back].get("negation") is not None
        self.new_clause(actor, i)
        self.state.held = actor == "we" and self.word(i - 1) == "how" and self.word(i - 2) in _TELLING
        self.with_us = neither and self.items[back - 1].get("we") is not None
        # "we do not require you to provide X", "neither we", "none of us", "not necessary that we"
        self.state.negated = denied or neither or self.nobody(i) or unwanted

    def contrasts(self, i: int) -> bool:
        """Whether "not" at ``i`` stands before a thing, not before a verb."""
        if self.word(i - 1) not in (",", "but", "and", "("):
            return False
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        return nxt is not None and (nxt.get("possessive") is not None or nxt.get("data") is not None)

    def described(self, i: int, before: Token, actor: str) -> bool:
        """Whether the subject at ``i`` describes the word ``before`` it: "the pages you visit"."""
        following = self.items[i + 1] if i + 1 < len(self.items) else None
        said = following is not None and (following.get("aux") or following.get("negation"))
        if said and actor == "we" and self.condition_start >= 0 and self.state.actor == "you":
            return False  # "When you use our various services we may collect"
        if self.state.excluded and self.state.frame is None and actor == "we":
            return False  # "Other than your name we collect"
        if (
            before.get("data")
            or before.get("anaphor")
            or before.get("head")
            or before.get("relative")
            or (before.text in CLOSE and self.mentions and actor in ("you", "we"))
        ):
            return True
        state = self.state
        open_frame = state.frame is not None and state.frame.polarity is not None
        if before.get("weak") and actor == "we" and self.word(i - 2) in ("a", "an"):
            return False  # "When you make a purchase we keep ...": a new clause
        if before.get("weak") or fold(before.text) in NOUNS:
            # "In order to enroll you and keep your account we need ...": a new clause
            listed = bool(self.mentions) and self.mentions[-1].end == before.end
            return (actor in ("you", "we") or bool(before.get("weak"))) and (
                open_frame or listed or not state.held or self.condition_start >= 0
            )
        if (
            (before.low in _ASKED or before.start == self.asked)
            and open_frame
            and not state.held
            and self.condition_start < 0
        ):
            return True
        if before.low == "as" and (open_frame or self.include_frame is not None):
            return True
        if not open_frame or actor not in ("you", "we") or self.condition_start >= 0:
            return False
        if before.get("we") and not before.readings.keys() & {"data", "verb"}:
            return fold(before.text.split()[-1]) in NOUNS  # "the pages of our service you visit"
        return not before.readings and before.text[:1].isalpha() and before.low not in JOINTS


def tokens(text: str) -> list[Token]:
    """The words of one English sentence, as `read` takes them."""
    return completed(lexicon().items(_plain(text), WORDS))


def read(
    text: str,
    words: list[Token],
    inherited: Frame | None = None,
    skip: int = 0,
    before: SentenceReading = NOTHING_READ,
) -> SentenceReading:
    """The reading of one English sentence. ``words``: its `tokens`; ``inherited``: the frame of what leads
    it in; ``skip``: characters at its start that are a defined term, not part of the statement; ``before``:
    what was read off the sentence before."""
    reader = EnglishReader(_plain(text), words, inherited, skip)
    if text.startswith(("They ", "they ")) and (they := before.they()):
        reader.state.actor, reader.partner_name = "partner", they
    return reader.read()


def _plain(text: str) -> str:
    """``text`` with one apostrophe and no "(s)"; offsets stay."""
    return text.replace("’", "'").replace("(s)", "   ")

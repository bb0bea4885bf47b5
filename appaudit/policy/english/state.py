"""What the English reader carries along a sentence: its words, its place, the frame in force."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from appaudit.policy.lexicon import words_of
from appaudit.policy.matching import Token, fold
from appaudit.policy.reading import Frame, Mention, SentenceReading

SUBJECTS = ("we", "you", "partner", "sdk")
OPEN, CLOSE = frozenset("([（【〔{"), frozenset(")]）】〕}")
SIGNS = OPEN | CLOSE | frozenset(",;；:：")
_GRAMMAR = words_of("grammar.en")
INERT = frozenset(_GRAMMAR["inert"]["words"])
"""Kinds of words that change nothing by themselves; their neighbours look at them."""
CLOSERS = frozenset(_GRAMMAR["closer"]["words"])
"""What may follow a noun that no other noun follows."""
CONCRETE = frozenset({"email", "contacts"})
"""Types whose weak words are things by themselves, though also words for something else."""
REACHED = frozenset({"name", "email", "address", "username", "real_name"})
"""Types beside which a phone is its number: "name, e-mail, phone"."""
OBLIQUE = frozenset(_GRAMMAR["oblique"]["words"])
"""Prepositions: what they take is no subject."""
OBLIQUE_TO = OBLIQUE | {"for", "to"}
LIST_GAP = frozenset(_GRAMMAR["list_gap"]["words"])
PREPOSITIONS = frozenset(_GRAMMAR["preposition"]["words"])
AUTHORISES = frozenset(_GRAMMAR["authorises"]["words"])
NOUNS = frozenset(_GRAMMAR["noun"]["words"])
JOINTS = frozenset(_GRAMMAR["joint"]["words"])
"""Words after which a subject opens a clause of its own."""
INCLUDING = frozenset({"service_log", "usage_info", "device_info", "personal_info"})
"""Types whose "may include" lists what is collected."""
RECORDS = INCLUDING | {"crash_info", "cookie", "communication_records"}
"""Types whose things hold other data: "log files contain ..."."""
CONTAINERS = frozenset(_GRAMMAR["container"]["words"])
"""After a data word these name a thing that works on the data, not the data."""
PERIODS = frozenset(_GRAMMAR["period"]["words"])
CONTRASTS = frozenset(_GRAMMAR["contrast"]["words"])
SAME_PARTICIPLE = frozenset(_GRAMMAR["same_participle"]["words"])
CATENATIVE = frozenset(words_of("cues.en")["catenative"]["words"])
HEADS = frozenset(fold(w) for w in words_of("cues.en")["head"]["words"])
_TO_YOU = re.compile(r"\s*(?:\w+\s+){0,6}?to you\b")


@dataclass(slots=True)
class State:
    actor: str = ""
    frame: Frame | None = None
    held: bool = False  # a condition, purpose or "for" phrase holds the frame up
    hold_to_comma: bool = False
    negated: bool = False
    only: bool = False
    relative: str = ""
    excluded: bool = False


class Walk:
    """The items of a sentence and the state of the walk over them."""

    saved: Frame | None = None
    broken: State | None = None
    """What a condition between commas breaks into: "we will not, unless you ask us to, read"."""
    pending = False
    """A partner was named whose verb comes after a relative clause ("partners we entrust may use")."""
    asked = -1
    """Where a clause begins that is itself what is recorded."""
    was_passive = False
    described_by = False
    """A relative clause in the passive stands open: "information that can be used to ..."."""
    with_us = False
    """The subject is "neither we nor our partners"."""
    partner_name = ""
    relative_used = False
    include_frame: Frame | None = None
    """What "the information we collect includes ..." says of the words after "includes"."""

    def __init__(self, text: str, items: list[Token], inherited: Frame | None, skip: int = 0) -> None:
        self.text = text
        self.items = [t for t in items if t.start >= skip] if skip else items
        self.state = State(frame=inherited)
        self.inherited = inherited
        self.stack: list[tuple[State, int, int]] = []
        """For each open bracket what was in force before it, its clause, and where it stands."""
        self.clause = self.clauses = 0
        self.mentions: list[Mention] = []
        self.condition: tuple[int, int] | None = None
        self.conditions: list[tuple[int, int]] = []
        self.condition_start, self.condition_clause = -1, 0
        self.out = SentenceReading()
        self.closed: int | None = None

    def word(self, i: int) -> str:
        return self.items[i].low if 0 <= i < len(self.items) else ""

    def next_significant(self, i: int) -> int:
        while (
            i < len(self.items)
            and (self.items[i].get("adverb") or self.word(i) in ("and/or", "or", "may/will"))
            and self.word(i) not in (",",)
        ):
            i += 1
        return i

    def previous_significant(self, i: int) -> int:
        i -= 1
        while i >= 0 and self.items[i].get("adverb") and self.word(i) not in ("and", "or", "and/or"):
            i -= 1
        return i

    def next_clause(self) -> None:
        self.clauses += 1
        self.clause = self.clauses

    def new_clause(self, actor: str, i: int) -> None:
        self.next_clause()
        only = self.state.only and bool(actor)
        self.state = State(actor=actor, only=only)
        if self.stack:
            self.state.frame = None
        del i
        if not actor and self.broken is not None:
            self.state, self.broken = self.broken, None

    def begin_condition(self, i: int) -> None:
        state = self.state
        self.condition_start = self.items[i].start
        if state.negated and i > 1 and self.word(i - 1) == "," and self.items[i - 2].get("negation"):
            self.broken = replace(state)
        if state.frame is not None and state.frame.polarity:
            state.held = True
            self.saved = state.frame
        else:
            self.next_clause()
            state.frame, state.negated, self.saved = None, False, None
        self.condition_clause = self.clause

    def end_condition(self, end: int) -> None:
        if self.condition_start >= 0:
            span = (self.condition_start, end)
            self.conditions.append(span)
            for mention in self.mentions:
                if mention.start < span[0] and mention.clause == self.condition_clause:
                    mention.conditions += (span,)
            self.condition = span
            self.condition_start = -1


def to_you(rest: str) -> bool:
    return _TO_YOU.match(rest) is not None

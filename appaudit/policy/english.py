"""Reads one English sentence: which data words stand under which verb, of whom, denied or not.

One pass from left to right with a small state: the clause's subject, the verb frame in force,
whether a condition or a purpose holds it up, and a stack for brackets. A verb in the passive takes
the data words before it; a relative clause ("which will be shown") those of the clause before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from appaudit.policy.lexicon import NOTHING, Entry, Token, fold, lexicon, words_of
from appaudit.policy.reading import GENERIC_ANAPHOR, STRENGTH, Frame, Mention, Polarity, SentenceReading

_WORDS = re.compile(r"[A-Za-z0-9]+(?:['’][A-Za-z]+)?|[^\sA-Za-z0-9\-‐‑_]")
_SUBJECTS = ("we", "you", "partner", "sdk")
_OPEN, _CLOSE = frozenset("([（【〔{"), frozenset(")]）】〕}")
_LIST_GAP = frozenset(
    {
        ",",
        "/",
        "、",
        "and",
        "or",
        "and/or",
        "&",
        "'",
        '"',
        "“",
        "”",
        "‘",
        "’",
        "as",
        "well",
        "your",
        "the",
        "their",
        "or/and",
        "other",
        "any",
        "including",
        "related",
        "relevant",
    }
)


@dataclass(slots=True)
class _State:
    actor: str = ""
    frame: Frame | None = None
    held: bool = False  # a condition, purpose or "for" phrase holds the frame up
    hold_to_comma: bool = False
    negated: bool = False
    only: bool = False
    relative: str = ""
    excluded: bool = False


class EnglishReader:
    """Reads the tokens of one sentence. Use `read`."""

    def __init__(self, text: str, tokens: list[Token], inherited: Frame | None, skip: int = 0) -> None:
        self.text = text
        self.items = [t for t in _items(text, tokens) if t.start >= skip]
        self.state = _State(frame=inherited)
        self.inherited = inherited
        self.stack: list[_State] = []
        self.clause = 0
        self.mentions: list[Mention] = []
        self.condition: tuple[int, int] | None = None
        self.conditions: list[tuple[int, int]] = []
        self.condition_start = -1
        self.out = SentenceReading(tokens=tokens)
        self.list_open = False
        self.closed: int | None = None

    # ------------------------------------------------------------------ walking

    def read(self) -> SentenceReading:
        items = self.items
        i = 0
        while i < len(items):
            i = self.step(i)
        self.end_condition(len(self.text))
        self.out.mentions = self.mentions
        self.out.last_frame = (
            self.state.frame if self.state.frame and self.state.frame.polarity else self._last_frame()
        )
        return self.out

    def _last_frame(self) -> Frame | None:
        for mention in reversed(self.mentions):
            if mention.frame is not None and mention.frame.polarity:
                return mention.frame
        return self.out.last_frame

    def step(self, i: int) -> int:
        item = self.items[i]
        text = item.text.lower()
        state = self.state
        if text in _OPEN:
            self.stack.append(replace(state))
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
        elif text in _CLOSE:
            if self.stack:
                inner, self.state = self.state, self.stack.pop()
                del inner
        elif text == ",":
            self.comma(i)
        elif text in (";", "；"):
            self.new_clause("", i)
        elif text in (":", "："):
            self.colon(i)
        elif item.readings:
            return self.phrase(i)
        return i + 1

    def phrase(self, i: int) -> int:
        item = self.items[i]
        state = self.state
        subject = next((k for k in _SUBJECTS if item.get(k)), "")
        verb = item.get("verb")
        if item.get("group") and not item.get("verb"):
            if state.hold_to_comma:
                state.held = state.hold_to_comma = False
            if state.frame is None and item.text.lower().startswith("includ") or item.text.lower() == "are":
                self.include()
        elif item.get("data") is not None and not (verb and self.is_verb(i, verb)):
            self.mention(item, i)
        elif item.get("anaphor"):
            self.anaphor(item, i)
        elif verb and self.is_verb(i, verb):
            self.verb(i, item, verb)
        elif item.get("weak"):
            if self.weak_counts(i):
                self.mention(item, i)
        elif subject:
            self.subject(i, subject)
        elif item.get("negation"):
            if item.text.lower() == "without":
                state.held = state.hold_to_comma = True
            elif item.text.lower() != "no" or self.word(i + 1) in ("longer",):
                state.negated = True
        elif item.get("exclusion"):
            state.excluded = True
        elif item.get("only"):
            state.only = True
        elif item.get("condition"):
            self.begin_condition(i)
        elif item.get("purpose") or (item.text.lower() == "to" and self.is_purpose(i)):
            if item.text.lower() == "for":
                if (
                    state.frame is not None and self.word(i + 1) not in ("your", "the", "our")
                ) or state.frame is not None:
                    state.held = state.hold_to_comma = True
            else:
                state.held, state.hold_to_comma = True, False
        elif item.get("relative"):
            self.relative(i)
        elif item.get("pronoun"):
            self.pronoun(i)
        return i + 1

    def word(self, i: int) -> str:
        return self.items[i].text.lower() if 0 <= i < len(self.items) else ""

    # ------------------------------------------------------------------ boundaries

    def new_clause(self, actor: str, i: int) -> None:
        self.clause += 1
        only = self.state.only and bool(actor)
        self.state = _State(actor=actor, only=only)
        if self.stack:
            self.state.frame = None
        del i

    def comma(self, i: int) -> None:
        state = self.state
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        if (
            state.held
            and not state.hold_to_comma
            and self.saved is None
            and state.frame is None
            and nxt is not None
        ):
            if nxt.get("anaphor") or nxt.text.lower() == "your" or (nxt.get("data") and not self.mentions):
                self.new_clause("", i)  # an opening "In order to ..." ends here
                state = self.state
        state.excluded = False
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

    saved: Frame | None = None

    def list_goes_on(self, i: int) -> bool:
        """Whether data words follow the comma at ``i``, as in "your IP address when you log in, and your ..."."""
        for j in range(i + 1, min(i + 4, len(self.items))):
            item = self.items[j]
            if item.get("data") or item.get("group") or (item.get("weak") and not item.get("verb")):
                return True
            if not (item.get("possessive") or self.word(j) in ("and", "or", "as", "well")):
                return False
        return False

    def colon(self, i: int) -> None:
        """A label at the head of a sentence ("Device information: we ...") declares nothing itself."""
        start = self.items[i].start
        if start <= 60 and not self.out.has_verb and not (self.inherited and not self._has_later_verb(i)):
            self.mentions = [m for m in self.mentions if m.depth]
            self.new_clause("", i)
        elif self.mentions and self.mentions[-1].end >= start - 3:
            self.mentions[-1].group = True
        self.state.held = False
        if self.inherited and self.state.frame is None and not self._has_later_verb(i):
            self.state.frame = self.inherited

    def _has_later_verb(self, i: int) -> bool:
        return any(
            (v := self.items[j].get("verb")) and v.value != "other" and self.is_verb(j, v)
            for j in range(i + 1, min(i + 40, len(self.items)))
        )

    def begin_condition(self, i: int) -> None:
        state = self.state
        self.condition_start = self.items[i].start
        if state.frame is not None and state.frame.polarity:
            state.held = True
            self.saved = state.frame
        else:
            self.clause += 1
            state.frame, state.negated, self.saved = None, False, None

    def end_condition(self, end: int) -> None:
        if self.condition_start >= 0:
            span = (self.condition_start, end)
            self.conditions.append(span)
            for mention in self.mentions:
                if mention.start < span[0] and mention.clause == self.clause:
                    mention.conditions += (span,)
            self.condition = span
            self.condition_start = -1

    # ------------------------------------------------------------------ subjects and verbs

    def subject(self, i: int, actor: str) -> None:
        word = self.items[i].text.lower()
        state = self.state
        following = self.next_significant(i + 1)
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
            and nxt.text.lower() == "to"
            and actor == "we"
            and (word == "us" or self.word(i - 1) in _AUTHORISES)
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
            and nxt.text.lower() == "to"
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
        if before is not None and (
            before.get("data")
            or before.get("anaphor")
            or before.get("head")
            or before.get("relative")
            or before.get("weak")
            or (fold(before.text) in _NOUNS and actor in ("you", "we"))
            or (before.text in _CLOSE and self.mentions and actor in ("you", "we"))
        ):
            state.relative, self.relative_used = actor, False
            return
        held = self.condition_start >= 0 and state.frame is not None
        if held and actor == "you":
            state.relative = actor  # "collect X when you use Y": the frame goes on after it
            return
        self.new_clause(actor, i)

    pending = False
    """A partner was named whose verb comes after a relative clause ("partners we entrust may use")."""

    def names_something(self, i: int) -> bool:
        if i < 0:
            return False
        item = self.items[i]
        return bool(
            item.get("data")
            or item.get("anaphor")
            or item.get("head")
            or item.get("weak")
            or item.text in _CLOSE
            or item.text == ","
            or item.get("partner")
            or fold(item.text) in _NOUNS
        )

    def after_coordination(self, i: int) -> Token | None:
        """The auxiliary or verb after "we or our affiliated parties ...", None if a comma comes first."""
        for j in range(i + 2, min(i + 10, len(self.items))):
            item = self.items[j]
            if item.get("aux") and item.text.lower() != "to":
                return item
            if item.text in (",", ";", "(") or item.get("data") or item.get("verb"):
                return None
        return None

    def main_verb_later(self, i: int) -> bool:
        """Whether the partner at ``i`` opens a clause whose verb stands behind a relative clause or brackets."""
        if i and not (
            self.word(i - 1) in (",", ";", ".", "the", "our", ":", "and", "that", "such", "other", "relevant")
            or self.items[i - 1].get("possessive")
        ):
            return False
        back = i - 1
        while (
            back >= 0
            and (self.items[back].get("possessive") or not self.items[back].readings)
            and self.word(back) not in (",", ";")
        ):
            back -= 1
        if (
            back >= 0
            and self.word(back) not in (",", ";", ":", "and", "that")
            and not self.items[back].get("condition")
        ):
            return False
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        if nxt is None:
            return False
        opens = (
            nxt.text in _OPEN
            or any(nxt.get(s) for s in ("we", "you"))
            or nxt.get("relative") is not None
            or nxt.text.lower().endswith("ing")
        )
        if not opens:
            return False
        depth = 0
        for j in range(i + 1, min(i + 22, len(self.items))):
            item = self.items[j]
            depth += (item.text in _OPEN) - (item.text in _CLOSE)
            if depth == 0 and item.text in (",", ";", "."):
                return False
            if depth == 0 and self.word(j) in ("may", "will", "can", "shall", "might", "must") and j > i + 1:
                return True
        return False

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

    def is_verb(self, i: int, verb: Entry) -> bool:
        """Whether the word at ``i`` works as a verb here, not as a noun or an adjective."""
        item = self.items[i]
        low = item.text.lower()
        if low in _PREPOSITIONS:
            return True
        j = self.previous_significant(i)
        before = self.items[j] if j >= 0 else None
        after = self.word(i + 1)
        if verb.form == "base" and " " in low and verb.value != "other":
            return before is None or before.get("possessive") is None
        if before is None:
            return verb.form != "past"
        word = before.text.lower()
        if word in ("and", "or", "and/or", ",", "/"):
            # Coordination: as the word before the conjunction, skipping a second conjunction.
            k = j - 1
            while k >= 0 and (
                self.word(k) in ("and", "or", ",", "/", "and/or") or self.items[k].get("adverb")
            ):
                k -= 1
            if k < 0:
                return verb.form == "base" and not (item.get("weak") or item.get("data"))
            left = self.items[k]
            left_verb = left.get("verb")
            if left_verb is not None and self.is_verb(k, left_verb):
                return after != "of"
            if left.get("weak") and item.get("weak"):
                return False
            if verb.form == "base":
                # ", and use your order information": a new verb after an object needs an object of its own.
                return self.has_object(i) and not (item.get("weak") and self.head_follows(i))
            if verb.form == "past":
                return False
            return word == "and" and self.has_object(i)
        if verb.form == "base":
            if before.get("possessive") is not None and word not in ("that", "all"):
                return False
            if (
                before.get("aux")
                or before.get("relative")
                or before.get("negation")
                or any(before.get(s) for s in _SUBJECTS)
            ):
                return True
            if item.get("weak") or item.get("data"):
                return False
            return (
                before.get("condition") is None
                and self.has_object(i)
                and before.get("data") is None
                and before.get("head") is None
                and before.get("be") is None
            )
        if verb.form == "ing":
            return (
                before.get("possessive") is None
                and after not in ("of", ",", "and", "or", ".")
                and self.has_object(i)
                and not (item.get("weak") and self.head_follows(i))
                and before.get("data") is None
            )
        return True

    def has_object(self, i: int) -> bool:
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        if nxt is None:
            return False
        return bool(
            nxt.get("possessive")
            or nxt.get("data")
            or nxt.get("anaphor")
            or nxt.get("pronoun")
            or nxt.get("weak")
            or nxt.get("group")
            or nxt.get("trap")
            or nxt.get("we")
            or nxt.get("you")
            or nxt.get("adverb")
            or self.word(i + 1)
            in (
                "one",
                "detailed",
                "information",
                "personal",
                "and",
                "or",
                ",",
                "any",
                "to",
                "with",
                "from",
                "necessary",
            )
            or nxt.get("partner")
            or nxt.get("verb")
            or nxt.get("head")
        )

    def head_follows(self, i: int) -> bool:
        """Whether a head noun closes the enumeration that starts at ``i``."""
        if self.word(i + 1) in ("your", "their", "the", "our"):
            return False  # "use your order information": a verb and its object
        for j in range(i + 1, min(i + 14, len(self.items))):
            item = self.items[j]
            if item.get("head"):
                return True
            if item.get("data") is not None and fold(item.text.split()[-1]) in _HEADS:
                return True
            if not (item.get("weak") or item.get("data") or self.word(j) in _LIST_GAP or item.text == "/"):
                return False
        return False

    def weak_counts(self, i: int) -> bool:
        """A weak word counts before a head, or between members of a list of data under a verb."""
        if i + 1 < len(self.items) and self.items[i + 1].get("data"):
            return False  # "device network information": it only describes the next word
        if self.head_follows(i) or (self.word(i + 1) in ("data", "information")):
            return True
        item = self.items[i]
        before = self.items[i - 1] if i else None
        if (
            before is not None
            and before.get("group")
            and self.state.frame is not None
            and not self.state.held
        ):
            return self.word(i + 1) in (",", "and", "or", "/", ")", "") or self.head_follows(i)
        # A member of a list: something listed directly before it, and a separator (or the end) after it.
        if before is None or self.state.frame is None or self.state.held:
            return False
        listed = self.word(i - 1) in (",", "/", "and", "or", "(", "、", "your", "、") and (
            i < 2 or self.listed(i - 2) or self.word(i - 1) == "(" or self.word(i - 2) in (",", "and")
        )
        closes = self.word(i + 1) in (",", "/", "and", "or", ")", "、", "") or i + 1 == len(self.items)
        return (listed and closes and item.get("verb") is None) or (
            listed
            and closes
            and bool(self.stack or self.state.frame.inherited or self.state.frame.cls == "definition")
        )

    def listed(self, i: int) -> bool:
        item = self.items[i]
        return bool(
            item.get("data")
            or item.get("weak")
            or item.get("head")
            or item.get("group")
            or item.text in _CLOSE
            or self.word(i) in (",", "and")
        )

    def is_purpose(self, i: int) -> bool:
        """``to`` before an infinitive that tells what for, not "need to", not "to <somebody>"."""
        before = self.items[i - 1] if i else None
        if before is not None:
            word = fold(before.text.split()[-1].lower())
            if word in _CATENATIVE or before.text.lower().split()[-1] in _CATENATIVE:
                return False
            if any(before.get(s) for s in _SUBJECTS):
                return False
            if word in ("and", "or"):
                return self.state.held
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        if nxt is None:
            return False
        if (
            nxt.get("possessive")
            or nxt.get("data")
            or nxt.get("anaphor")
            or nxt.get("pronoun")
            or nxt.get("public")
            or nxt.get("relative")
        ):
            return False
        if any(nxt.get(s) for s in _SUBJECTS) or nxt.text in _OPEN:
            return False
        word = nxt.text.lower()
        return not (
            word
            in (
                "third",
                "third-party",
                "others",
                "your",
                "parties",
                "overseas",
                "which",
                "relevant",
                "companies",
            )
            or word.endswith("ing")
        )

    def verb(self, i: int, item: Token, verb: Entry) -> None:
        state = self.state
        self.out.has_verb = True
        low = item.text.lower()
        j = self.previous_significant(i)
        while j >= 0 and self.items[j].get("negation"):
            j = self.previous_significant(j)
        before = self.items[j] if j >= 0 else None
        preposition = low in _PREPOSITIONS
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
            and self._was_passive
        ):
            passive = True
        self._was_passive = passive
        actor = state.relative or state.actor
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
        if state.relative and not preposition:
            self.relative_verb(item, verb, actor)
            return
        if (
            verb.form == "past"
            and not preposition
            and before is not None
            and not (before.get("aux") or any(before.get(s) for s in _SUBJECTS) or before.get("relative"))
        ):
            self.participle(i, item, verb)
            return
        if state.held and not state.hold_to_comma and not preposition:
            fresh = self.word(j) == "and" and self.word(j - 1) == "," and verb.form == "base"
            if verb.value != "collect" and not (
                fresh and verb.value in ("use", "share", "display", "provide")
            ):
                return
            if verb.value == "collect" and not fresh and actor == "you":
                return
        if preposition and (actor == "you" and self.condition_start < 0):
            actor = "we"
        if (
            preposition
            and state.frame is not None
            and state.frame.polarity
            and STRENGTH[state.frame.cls] > 1
            and state.frame.negated
        ):
            return
        frame = self.build(item, verb, actor, i)
        coordinated = (
            state.frame is not None
            and not state.frame.inherited
            and not any(m.start >= state.frame.end for m in self.mentions)
            and not state.held
            and self.word(j) in ("and", "or", "/", ",", "and/or")
        )
        if (
            coordinated
            and state.frame is not None
            and STRENGTH[frame.cls] <= STRENGTH[state.frame.cls]
            and state.frame.polarity
        ):
            state.frame = replace(state.frame, end=frame.end)
        else:
            state.frame = frame
        state.held = state.hold_to_comma = False
        if frame.polarity:
            self.out.last_frame = frame

    _was_passive = False

    def build(self, item: Token, verb: Entry, actor: str, i: int) -> Frame:
        """The frame of an active verb: what it says about the data after it."""
        state = self.state
        cls = verb.value
        if actor == "" and self.text[:7].lower() == "please ":
            actor = "you"
        polarity: Polarity | None = None
        recipient = ""
        rest = self.text[item.end :].lower()
        kind = ""
        low = item.text.lower()
        if verb.form == "ing" and cls in ("permission", "contain"):
            return Frame(low, "other", actor, None, item.start, item.end)
        if cls == "permission" and low.startswith(("request", "apply", "ask", "turn on", "grant", "enable")):
            kind = "permission"
        if cls == "other":
            polarity = None
        elif actor in ("we", ""):
            if cls in ("collect", "use", "permission", "contain", "store_local"):
                polarity = "local_only" if self.local(i) else "collected"
                if kind == "permission" and actor == "":
                    polarity = None
            elif cls == "share":
                polarity = "shared"
                if re.match(r"\s*(?:(?:to\s+)?you\b|to your (?:device|email|phone|mobile))", rest) or (
                    low.startswith("sen") and _to_you(rest)
                ):
                    polarity = None
            elif cls == "display":
                polarity = "shared" if self.public(i) else None
            elif cls == "provide" and re.match(r"\s*(?:us\b|to us\b)", rest):
                polarity = "collected"
            elif cls == "provide" and (
                low.startswith("upload")
                or re.search(r"\bto (?:our|the) (?:own )?(?:servers?|systems?|backend)\b", rest[:80])
            ):
                polarity = "collected"
            elif cls == "provide":
                recipient = self.recipient_after(i)
                if (
                    recipient
                    and not re.match(r"\s*(?:to\s+)?you\b", rest)
                    and low not in ("include", "includes", "including", "set", "enter", "improve")
                ):
                    polarity = "shared"
                elif actor == "" and self.text[: item.start].strip() == "":
                    polarity = None
        elif actor == "you":
            if cls == "provide" or (cls == "share" and re.search(r"\bwith us\b|\bto us\b", rest)):
                recipient = self.recipient_after(i)
                polarity = "collected"
                if (
                    recipient
                    and re.search(r"\b(?:to|with) (?:the )?(?:other|third|counter|public)", rest)
                    and not re.search(r"\b(?:to|with) (?:us|the platform|our)\b", rest)
                ):
                    polarity = None
                    recipient = ""
            elif cls == "display":
                polarity = "shared" if self.public(i) else None
            elif cls == "collect" and low.startswith("record"):
                polarity = None
        elif actor == "partner":
            if cls in ("collect", "use", "permission", "contain"):
                polarity = "shared"
                recipient = self.partner_name
            elif cls in ("share", "provide"):
                ours = re.search(r"\b(?:with|to) us\b", rest) or re.match(r"\s*us\b", rest)
                polarity = "collected" if ours else ("shared" if cls == "share" else None)
        elif actor == "sdk" and cls in ("collect", "use", "permission", "share"):
            polarity = "collected"
            kind = "sdk"
        negated = state.negated
        if negated and polarity:
            polarity = (
                None
                if cls in ("use", "contain") or (cls == "provide" and actor == "you")
                else ("not_collected" if polarity in ("collected", "local_only") else "not_shared")
            )
        return Frame(
            low, cls, actor, polarity, item.start, item.end, negated, state.only, recipient, kind=kind
        )

    partner_name = ""

    def note_recipient(self, i: int) -> None:
        words = self.items[i].text
        if (
            self.state.frame is not None
            and self.state.frame.cls in ("share", "provide")
            and not self.state.frame.recipient
        ):
            old = self.state.frame
            new = replace(old, recipient=words)
            self.state.frame = new
            for mention in self.mentions:
                if mention.frame is old:
                    mention.frame = new

    def recipient_after(self, i: int, plain: bool = True) -> str:
        """Words naming who receives, in the clause after the verb at ``i``."""
        depth = 0
        for j in range(i + 1, min(i + 60, len(self.items))):
            item = self.items[j]
            if item.text in _OPEN:
                depth += 1
            elif item.text in _CLOSE:
                depth -= 1
            elif depth <= 0 and item.text in (";", "."):
                break
            elif depth <= 0 and (item.get("partner") or item.get("public")):
                before = self.word(j - 1)
                back = self.word(j - 2)
                if (
                    before in ("to", "with", "among")
                    or back in ("to", "with", "among")
                    or item.text.lower().startswith("to ")
                    or self.word(j - 3) in ("to", "with")
                ):
                    return item.text
            elif plain and depth <= 0 and self.word(j) == "to" and not self.is_purpose(j):
                named = self.plain_recipient(j + 1)
                if named:
                    return named
        return ""

    def plain_recipient(self, i: int) -> str:
        """Who "to" points to when no list knows the word: "to the courier", not "to you", "to us"."""
        j = i
        while j < len(self.items) and self.items[j].get("possessive") and self.word(j) not in ("your", "our"):
            j += 1
        if j >= len(self.items) or self.items[j].readings or not self.word(j)[:1].isalpha():
            return ""
        if self.word(j) in ("servers", "server", "others") or self.word(j)[:3] in ("com", "pur"):
            return "others" if self.word(j) == "others" else ""
        end = j
        while (
            end + 1 < len(self.items)
            and not self.items[end + 1].readings
            and self.word(end + 1)[:1].isalpha()
            and end - j < 3
        ):
            end += 1
        return self.text[self.items[j].start : self.items[end].end]

    def local(self, i: int) -> bool:
        """Whether the clause of the verb at ``i`` keeps the data on the device."""
        for j in range(max(0, i - 6), min(i + 30, len(self.items))):
            item = self.items[j]
            if j > i and (item.text == ";" or any(item.get(s) for s in ("we", "you"))):
                return False
            if item.get("local"):
                return True
        return False

    def agent(self, i: int) -> str:
        """The partner by whom a passive verb is done; "" if none is named."""
        by = next((j for j in range(i + 1, min(i + 4, len(self.items))) if self.word(j) == "by"), -1)
        if by < 0:
            return ""
        for j in range(by + 1, min(i + 8, len(self.items))):
            if self.items[j].get("partner"):
                return self.items[j].text
            if self.word(j) in (",", "us"):
                return ""
        return ""

    def public(self, i: int) -> bool:
        """Whether the clause of the verb at ``i`` says the public sees it."""
        if "public" in self.items[i].text.lower():
            return True
        for j in range(max(0, i - 3), min(i + 60, len(self.items))):
            if self.items[j].get("public") or (
                j > i and fold(self.word(j)) in ("homepage", "page", "list") and not self.items[j].get("trap")
            ):
                return True
            if j > i and self.word(j) == ";":
                break
        return bool(
            re.search(
                r"personal homepage|live stream|public(?:ly)?\b", self.text[self.items[i].end :].lower()
            )
        )

    # ------------------------------------------------------------------ passive and relative

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
        polarity: Polarity | None = None
        rest = self.text[item.end :].lower()
        recipient = self.recipient_after(i, plain=verb.value == "share")
        if cls in ("collect", "use", "store_local"):
            polarity = "local_only" if self.local(i) else "collected"
            by = self.agent(i)
            if by:
                polarity, recipient = "shared", by
        elif cls == "share":
            polarity = "shared"
            if re.match(r"\s*(?:to|with) (?:us|you)\b", rest):
                polarity = "collected" if "us" in rest[:12] else None
        elif cls == "display":
            polarity = "shared" if self.public(i) else None
        elif cls == "provide":
            polarity = "shared" if recipient else None
            if item.text.lower().startswith("upload") and not recipient:
                polarity = "collected"
        elif cls == "permission" and item.text.lower().startswith(("request", "ask")):
            polarity = "collected"
        if (
            cls == "use"
            and re.match(r"\s*(?:only|solely|mainly|primarily)?\s*(?:to|for)\b", rest) is None
            and not state.negated
            and not rest.strip(" .")
        ):
            polarity = "collected"
        if state.negated and polarity:
            polarity = (
                None if cls == "use" else ("not_collected" if polarity == "collected" else "not_shared")
            )
        frame = Frame(
            item.text.lower(),
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
        for mention in self.targets() if polarity else ():
            if mention.frame is not None and (relative or mention.frame.kind == "relative"):
                if polarity and polarity != mention.frame.polarity:
                    mention.extra += (frame,)
            else:
                mention.frame = frame
        state.relative = ""
        if polarity:
            self.out.last_frame = frame
        state.frame = frame if polarity else None
        state.held = state.hold_to_comma = False

    def relative(self, i: int) -> None:
        word = self.word(i)
        # "providers such as Analytics, which may collect ...": the partner acts.
        partner = next(
            (self.items[j] for j in range(i - 1, max(-1, i - 3), -1) if self.items[j].get("partner")), None
        )
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        if partner is not None and nxt is not None and (nxt.get("aux") or nxt.get("verb")):
            self.new_clause("partner", i)
            self.partner_name = partner.text
            return
        self.state.relative = "which" if word in ("which", "that", "who") else word
        if word in ("who", "whom", "whose"):
            self.state.relative = ""

    def relative_verb(self, item: Token, verb: Entry, actor: str) -> None:
        """A verb inside "information you provide": it speaks of the words before it."""
        state = self.state
        if actor == "which":
            if verb.value in ("collect", "share", "display") and state.frame is None and not state.held:
                state.relative = ""
            return
        if actor == "we" and verb.value in ("collect", "use") or actor == "you" and verb.value == "provide":
            polarity_of: Polarity = "not_collected" if state.negated else "collected"
            self.include_frame = Frame(
                item.text.lower(),
                "collect",
                actor,
                polarity_of,
                item.start,
                item.end,
            )
        if verb.value == "other" or self.mentions == []:
            return
        frame = Frame(item.text.lower(), verb.value, actor, None, item.start, item.end)
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
        for mention in reversed(self.mentions):
            if mention.clause != last.clause or mention.frame is not None or mention.type == GENERIC_ANAPHOR:
                break
            if state.negated:
                break
            mention.frame = replace(frame, polarity=polarity, kind="relative")

    relative_used = False

    def participle(self, i: int, item: Token, verb: Entry) -> None:
        """ "legally collected X": before data it names how it came; "X collected by us": after it."""
        if verb.value not in ("collect", "share", "use") or self.state.negated:
            return
        state = self.state
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        if nxt is not None and (nxt.get("data") or nxt.get("weak")):
            if (state.frame is None and not state.held) or (
                self.items[i - 1].get("adverb") and self.items[i - 1].text.lower() in ("legally", "lawfully")
            ):
                state.frame = Frame(
                    item.text.lower(),
                    "collect",
                    "we",
                    "collected" if verb.value != "share" else None,
                    item.start,
                    item.end,
                )
                state.held = False
        elif (
            nxt is not None
            and nxt.text.lower() in ("by", "from", "through", "via", "automatically", "during")
            and verb.value == "collect"
            and state.frame is None
        ):
            frame = Frame(item.text.lower(), "collect", "we", "collected", item.start, item.end)
            for mention in self.mentions:
                if mention.clause == self.clause and mention.frame is None:
                    mention.frame = frame

    def pronoun(self, i: int) -> None:
        """ "collect X, and share it with Y": the data named before moves on."""
        frame = self.state.frame
        if (
            frame is None
            or frame.polarity not in ("shared", "not_shared")
            or self.word(i - 1) not in frame.verb
        ):
            return
        for mention in self.mentions:
            if (
                mention.frame is not None
                and mention.frame.polarity == "collected"
                and not mention.frame.inherited
                and mention.clause >= self.clause - 1
            ):
                mention.frame = replace(frame, recipient=frame.recipient or self.recipient_after(i))

    # ------------------------------------------------------------------ mentions

    def mention(self, item: Token, i: int) -> None:
        state = self.state
        entry = item.get("data") or item.get("weak")
        if entry is None:
            return
        frame = None if state.held else state.frame
        if frame is not None and frame.polarity is None:
            frame = None
        if self.modifies(item):
            return
        found = Mention(
            entry.value, item.start, item.end, item, frame=frame, clause=self.clause, depth=len(self.stack)
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

    include_frame: Frame | None = None
    """What "the information we collect includes ..." says of the words after "includes"."""

    def include(self) -> None:
        """ "The data we collect includes X", "log data may include X": X is collected."""
        if self.include_frame is not None:
            self.state.frame, self.state.held = self.include_frame, False
            self.state.relative = ""
        elif self.mentions and self.mentions[-1].frame is None and self.mentions[-1].type in _INCLUDING:
            here = self.mentions[-1]
            self.state.frame = Frame("include", "collect", "we", "collected", here.start, here.end)
            self.state.held = False

    def modifies(self, item: Token) -> bool:
        """ "authentication information of your payment account": the second belongs to the first;
        "kept as a web log": what it is kept as."""
        before = self.text[max(0, item.start - 14) : item.start].lower()
        if re.search(r"\bas (?:an? |the )?(?:relevant |related |corresponding )?$", before) and not re.search(
            r"\b(?:such|well) as\s+\w*\s*$", self.text[max(0, item.start - 24) : item.start].lower()
        ):
            return True
        if self.mentions and re.fullmatch(
            r"\s+(?:of|related to|relating to)\s+(?:(?:your|the|corresponding|their|bound)\s+)+",
            self.text[self.mentions[-1].end : item.start],
        ):
            return self.mentions[-1].frame is not None
        return False

    def anaphor(self, item: Token, i: int) -> None:
        state = self.state
        frame = (
            None if state.held or (state.frame is not None and state.frame.polarity is None) else state.frame
        )
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        if nxt is not None and any(nxt.get(s) for s in _SUBJECTS):
            return  # "the information you provide": described, not pointed back to
        self.mentions.append(
            Mention(
                GENERIC_ANAPHOR,
                item.start,
                item.end,
                item,
                frame=frame,
                clause=self.clause if not state.held else -1 - self.clause,
                depth=len(self.stack),
            )
        )


def _to_you(rest: str) -> bool:
    return bool(re.match(r"\s*(?:\w+\s+){0,6}?to you\b", rest))


def _items(text: str, tokens: list[Token]) -> list[Token]:
    """Tokens of the lexicon with the words and punctuation between them."""
    out: list[Token] = []
    position = 0
    for token in tokens:
        out += [
            Token(m.start(), m.end(), m.group(), NOTHING)
            for m in _WORDS.finditer(text, position, token.start)
        ]
        out.append(token)
        position = token.end
    out += [Token(m.start(), m.end(), m.group(), NOTHING) for m in _WORDS.finditer(text, position)]
    return out


_PREPOSITIONS = frozenset(
    {"based on", "according to", "on the basis of", "with the help of", "processing on"}
)
_INCLUDING = frozenset({"service_log", "usage_info", "device_info"})
_AUTHORISES = frozenset(
    {"authorize", "authorise", "allow", "permit", "enable", "require", "ask", "authorizes", "allows"}
)
_NOUNS = frozenset(
    {
        "service",
        "product",
        "information",
        "app",
        "website",
        "function",
        "activity",
        "method",
        "feature",
        "field",
        "type",
        "scenario",
        "permission",
        "way",
        "time",
        "page",
        "one",
    }
)
_CATENATIVE = frozenset(words_of("cues.en")["catenative"]["words"])
_HEADS = frozenset(fold(w) for w in words_of("cues.en")["head"]["words"])


def read(text: str, inherited: Frame | None = None, skip: int = 0) -> SentenceReading:
    """The reading of one English sentence. ``inherited``: the frame of what leads it in; ``skip``:
    characters at its start that are a defined term, not part of the statement."""
    return EnglishReader(text, lexicon().match(text), inherited, skip).read()

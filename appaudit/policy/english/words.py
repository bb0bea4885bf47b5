"""Whether a word works as a verb, an object, a purpose or a data word where it stands."""

from __future__ import annotations

import re

from appaudit.policy.english.state import (
    CATENATIVE,
    CLOSE,
    CLOSERS,
    CONCRETE,
    HEADS,
    LIST_GAP,
    NOUNS,
    OPEN,
    PREPOSITIONS,
    REACHED,
    RECORDS,
    SUBJECTS,
    Walk,
)
from appaudit.policy.matching import Entry, Token, fold

_KEPT = ("records", "logs")
_ENDS = ("—", "–", ":", ";", ".", "(", "")
"""What follows a word that is an item of a list by itself."""
_CHANCES = ("option", "choice", "possibility", "opportunity")
"""the option of adding a photo."""
_HOLD = ("have", "has", "had")
_NOTHING = re.compile(r"\s+(?:no|none of|neither)\b(?! (?:longer|later|more than|less|fewer|other purpose))")
_NOBODY = re.compile(
    r"[^.;:]{0,80}?\b(?:with|to) (?:nobody|no one|no-one|no (?:other |third[- ]|outside |external )*"
    r"(?:part(?:y|ies)|compan(?:y|ies)|persons?|people|organi[sz]ations?|advertisers?|partners?))\b"
)


class Words(Walk):
    """Looks around an item; changes nothing."""

    def is_verb(self, i: int, verb: Entry) -> bool:
        """Whether the word at ``i`` works as a verb here, not as a noun or an adjective."""
        item = self.items[i]
        low = item.low
        if low in PREPOSITIONS:
            return True
        j = self.before_name(self.previous_significant(i))
        before = self.items[j] if j >= 0 else None
        after = self.word(i + 1)
        if (before is None or verb.value == "other") and self.qualifies(i, verb, before):
            return False
        if verb.form == "base" and " " in low and verb.value != "other":
            return before is None or before.get("possessive") is None
        if before is None:
            return verb.form != "past" and not (item.get("weak") and after in _ENDS)
        if low in _KEPT and i + 1 < len(self.items) and self.items[i + 1].get("group"):
            return False  # "customer records such as ...": what is kept
        if low == "contacts" and not self.names_actor(before):
            return False  # "location, contacts and photos": a plural, not "it contacts"
        word = before.low
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
            if word == "no" and low == "access" and self.word(j - 1) in _HOLD:
                return True  # "we have no access to"
            if before.get("possessive") is not None and word not in ("that", "all"):
                return False
            if (
                before.get("aux")
                or before.get("relative")
                or before.get("negation")
                or any(before.get(s) for s in SUBJECTS)
            ):
                return True
            if item.get("weak") or item.get("data"):
                return self.has_object(i) if low == "uses" else low == "use" and self.uses(i, before)
            if verb.value == "contain" and (held := before.get("data")) is not None:
                return held.value in RECORDS and self.has_object(i)  # "Crash reports contain your IMEI"
            return (
                before.get("condition") is None
                and self.has_object(i)
                and before.get("data") is None
                and before.get("head") is None
                and before.get("be") is None
            )
        if verb.form == "ing":
            if word == "of" and self.word(j - 1) in _CHANCES:
                return self.has_object(i)
            be = before if not before.get("negation") else self.items[j - 1]
            if be.get("be") and after in ("and", "or", ","):
                return True  # "we are not collecting and processing your name"
            return (
                before.get("possessive") is None
                and after not in ("of", ",", "and", "or", ".")
                and self.has_object(i)
                and not (item.get("weak") and self.head_follows(i))
                and before.get("data") is None
            )
        return True

    def qualifies(self, i: int, verb: Entry, before: Token | None) -> bool:
        """Whether the word at ``i`` only says which: ": sign-up information", "Marketing cookies are"."""
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        if nxt is None:
            return False
        if verb.form == "ing" and before is None and nxt.get("data"):
            following = self.items[i + 2] if i + 2 < len(self.items) else None
            return following is not None and bool(following.get("be") or following.get("aux"))
        listed = before is not None and before.text in (",", ":", "(", "and", "or")
        return listed and verb.form == "base" and verb.value == "other" and nxt.low == "information"

    def uses(self, i: int, before: Token) -> bool:
        """Whether "use" after the plural ``before`` takes what follows: "our tools use your location"."""
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        plural = not before.readings and before.low.endswith("s")
        return plural and nxt is not None and bool(nxt.get("data") or nxt.get("possessive"))

    def before_name(self, j: int) -> int:
        """The party that the name ending at ``j`` belongs to ("our partner Tally Ads"), else ``j``."""
        k = j
        while k > max(j - 3, 0) and not self.items[k].readings and self.items[k].text[:1].isupper():
            k -= 1
        return k if k >= 0 and (self.items[k].get("partner") or self.items[k].get("sdk")) else j

    def names_actor(self, item: Token) -> bool:
        return any(item.get(s) for s in SUBJECTS) or item.low in ("it", "which", "that", "who")

    def likes(self, i: int) -> bool:
        """Whether "like" at ``i`` is the verb: "you like", "would like", not "tools like cookies"."""
        before = self.items[i - 1] if i else None
        return before is None or bool(
            before.get("aux") or before.get("negation") or any(before.get(s) for s in SUBJECTS)
        )

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
            if item.get("data") is not None and fold(item.text.split()[-1]) in HEADS:
                return True
            if not (item.get("weak") or item.get("data") or self.word(j) in LIST_GAP or item.text == "/"):
                described = not item.readings and j + 1 < len(self.items) and item.text[:1].isalpha()
                if not described or self.items[j + 1].get("head") is None:
                    return False
        return False

    def weak_counts(self, i: int) -> bool:
        """A weak word counts before a head, or between members of a list of data under a verb."""
        if i + 1 < len(self.items) and self.items[i + 1].get("data"):
            return False  # "device network information": it only describes the next word
        low = self.items[i].low
        if low == "contact":
            return False  # "contact and billing information": not the address book
        if low in ("phone", "phones"):  # the number only beside another way to reach somebody
            return any(
                (data := self.items[k].get("data") or self.items[k].get("weak")) is not None
                and data.value in REACHED
                for k in (i - 2, i + 2)
                if 0 <= k < len(self.items) and self.word((i + k) // 2) in (",", "and", "or", "/")
            )
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
        if (weak := item.get("weak")) is not None and weak.value in CONCRETE and self.word(i + 1) in CLOSERS:
            j = i - 1
            while j > 0 and self.word(j) in (",", "or", "and"):
                j -= 1
            if j < i - 1 and self.items[j].get("data"):
                nxt = self.items[i + 2] if i + 2 < len(self.items) else None
                return not self.state.held or (nxt is not None and nxt.get("data") is not None)
        if self.state.frame is None or self.state.held:
            return False
        if before is None:  # an item of a list: "contacts — to find friends"
            return self.state.frame.inherited and self.word(i + 1) in _ENDS
        if self.is_object(i):
            return True
        listed = self.word(i - 1) in (",", "/", "and", "or", "(", "、", "your", "、") and (
            i < 2 or self.listed(i - 2) or self.word(i - 1) == "(" or self.word(i - 2) in (",", "and")
        )
        closes = self.word(i + 1) in (
            ",",
            ".",
            ";",
            "/",
            "and",
            "or",
            ")",
            "(",
            "—",
            "–",
            "、",
            "",
        ) or i + 1 == len(self.items)
        return (listed and closes and (item.get("verb") is None or item.low == "contacts")) or (
            listed
            and closes
            and bool(self.stack or self.state.frame.inherited or self.state.frame.cls == "definition")
        )

    def is_object(self, i: int) -> bool:
        """Whether the weak word at ``i`` is by itself what the verb before it takes: "collect your email"."""
        frame = self.state.frame
        entry = self.items[i].get("weak")
        if frame is None or entry is None or entry.value not in CONCRETE or frame.verb.startswith("sen"):
            return False
        if i + 1 < len(self.items) and self.word(i + 1) not in CLOSERS:
            return False
        j = i - 1
        while j >= 0 and self.items[j].get("possessive"):
            j -= 1
        return j >= 0 and self.items[j].end == frame.end

    def exemplifies(self, i: int) -> bool:
        """Whether "when" at ``i`` opens an example of what is recorded: "(e.g., when you logged in, ...)"."""
        before = i - 2 if self.word(i - 1) == "," else i - 1
        frame = self.state.frame
        listed = before >= 0 and self.items[before].get("group") is not None
        return listed and frame is not None and frame.polarity is not None and not self.state.held

    def listed(self, i: int) -> bool:
        item = self.items[i]
        return bool(
            item.get("data")
            or item.get("weak")
            or item.get("head")
            or item.get("group")
            or item.text in CLOSE
            or self.word(i) in (",", "and")
        )

    def is_purpose(self, i: int) -> bool:
        """``to`` before an infinitive that tells what for, not "need to", not "to <somebody>"."""
        before = self.items[i - 1] if i else None
        if before is not None:
            word = fold(before.text.split()[-1].lower())
            if word in CATENATIVE or before.low.split()[-1] in CATENATIVE:
                return False
            if any(before.get(s) for s in SUBJECTS):
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
            or (nxt.get("negation") and nxt.low.startswith(("nob", "no ", "no-")))
        ):
            return False
        if any(nxt.get(s) for s in SUBJECTS) or nxt.text in OPEN:
            return False
        word = nxt.low
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

    def list_goes_on(self, i: int) -> bool:
        """Whether data words follow the comma at ``i``, as in "your IP when you log in, and your ..."."""
        for j in range(i + 1, min(i + 4, len(self.items))):
            item = self.items[j]
            if item.get("data") or item.get("group") or (item.get("weak") and not item.get("verb")):
                return True
            if not (item.get("possessive") or self.word(j) in ("and", "or", "as", "well")):
                return False
        return False

    def has_later_verb(self, i: int) -> bool:
        return any(
            (v := self.items[j].get("verb")) and v.value != "other" and self.is_verb(j, v)
            for j in range(i + 1, min(i + 40, len(self.items)))
        )

    def opens_denial(self, i: int) -> bool:
        """Whether "no" at ``i`` denies the data right after it: "No location data is collected"."""
        before = self.word(i - 1)
        if i == 0:
            return self.word(1) not in ("matter", "doubt", "later", "more")
        if before not in (",", ";", ".", "and", "but", "that"):
            return False
        after = self.items[i + 1] if i + 1 < len(self.items) else None
        denied = ("data", "weak", "head", "partner", "sdk")
        return after is not None and not after.readings.keys().isdisjoint(denied)

    def denied_after(self, i: int) -> bool:
        """Whether the verb at ``i`` is denied by what follows: "collect no X", "share X with nobody"."""
        end = self.items[i].end
        rest = self.text[end : end + 120].lower()
        return (" no" in rest or " nei" in rest) and bool(_NOTHING.match(rest) or _NOBODY.match(rest))

    def listing(self, i: int) -> bool:
        """Whether "including ..." stands at ``i``."""
        return i < len(self.items) and self.items[i].get("group") is not None

    def names_something(self, i: int) -> bool:
        if i < 0:
            return False
        item = self.items[i]
        return bool(
            item.get("data")
            or item.get("anaphor")
            or item.get("head")
            or item.get("weak")
            or item.text in CLOSE
            or item.text == ","
            or item.get("partner")
            or fold(item.text.split()[-1]) in NOUNS
        )

    def after_coordination(self, i: int) -> Token | None:
        """The auxiliary or verb after "we or our affiliated parties ...", None if a comma comes first."""
        for j in range(i + 2, min(i + 10, len(self.items))):
            item = self.items[j]
            if item.get("aux") and item.low != "to":
                return item
            if item.text in (",", ";", "(") or item.get("data") or item.get("verb") or item.get("we"):
                return None
        return None

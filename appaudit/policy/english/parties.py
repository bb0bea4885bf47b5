"""Who receives, who acts, whether the public sees it, whether it stays on the device."""

from __future__ import annotations

import re
from dataclasses import replace

from appaudit.policy.english.state import CLOSE, OBLIQUE, OPEN
from appaudit.policy.english.words import Words
from appaudit.policy.matching import fold

_PUBLIC = re.compile(r"personal homepage|live stream|public(?:ly)?\b")

_BETWEEN_COMMAS = re.compile(r",\s+[A-Z][\w.&'-]{0,30}(?:\s+[A-Z][\w.&'-]{0,30}){0,3},\s+")

_WANTS = ("ask", "request", "requir", "necessary", "need", "expect", "want", "insist")
_LETS = ("let", "allow", "permit", "enabl")


class Parties(Words):
    """Finds the parties of a clause."""

    def belongs(self, i: int) -> bool:
        """Whether the party at ``i`` only says whose: "of our advertising partner"."""
        back = i - 1
        while back > 0 and self.items[back].get("possessive") and self.word(back) not in OBLIQUE:
            back -= 1
        return self.word(back) in OBLIQUE

    def named(self, i: int) -> int:
        """Where the name after the party at ``i`` ends: "our partner Tally Ads uses ..."."""
        end = i + 1
        while end < min(i + 4, len(self.items)) and (
            not self.items[end].readings and self.items[end].text[:1].isupper()
        ):
            end += 1
        if self.items[i].get("sdk") and self.word(end) == "of":
            return self.owner_end(end + 1) or end
        return end

    def owner_end(self, i: int) -> int:
        """Where the party ends that an SDK is said to be of, 0 if none is: "of our advertising partner"."""
        while i < len(self.items) and self.items[i].get("possessive"):
            i += 1
        return i + 1 if i < len(self.items) and self.items[i].get("partner") else 0

    def main_verb_later(self, i: int) -> bool:
        """Whether the partner at ``i`` opens a clause whose verb stands behind another or brackets."""
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
            nxt.text in OPEN
            or any(nxt.get(s) for s in ("we", "you"))
            or nxt.get("relative") is not None
            or nxt.low.endswith("ing")
        )
        if not opens:
            return False
        depth = 0
        for j in range(i + 1, min(i + 22, len(self.items))):
            item = self.items[j]
            depth += (item.text in OPEN) - (item.text in CLOSE)
            if depth == 0 and item.text in (",", ";", "."):
                return False
            if depth == 0 and self.word(j) in ("may", "will", "can", "shall", "might", "must") and j > i + 1:
                return True
        return False

    def called(self, i: int) -> bool:
        """Whether a name between commas and a verb follow the party at ``i``: "our partner, Flurry, has"."""
        name = _BETWEEN_COMMAS.match(self.text, self.items[i].end)
        if name is None:
            return False
        after = next((item for item in self.items[i + 1 : i + 14] if item.start >= name.end()), None)
        return after is not None and (after.get("verb") is not None or after.get("aux") is not None)

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
            if item.text in OPEN:
                depth += 1
            elif item.text in CLOSE:
                depth -= 1
            elif depth <= 0 and item.text in (";", "."):
                break
            elif depth <= 0 and (item.get("partner") or item.get("public")):
                before = self.word(j - 1)
                back = self.word(j - 2)
                if (
                    before in ("to", "with", "among")
                    or back in ("to", "with", "among")
                    or item.low.startswith("to ")
                    or self.word(j - 3) in ("to", "with")
                ):
                    return item.text
            elif (
                plain
                and depth <= 0
                and self.word(j) == "to"
                and (self.names(j + 1) or not self.is_purpose(j))
            ):
                named = self.plain_recipient(j + 1)
                if named:
                    return named
        return ""

    def acts(self, i: int) -> bool:
        """Whether a verb stands at ``i``, or what helps one."""
        return i < len(self.items) and not self.items[i].readings.keys().isdisjoint(("verb", "aux"))

    def names(self, i: int) -> bool:
        """Whether a name that no list knows stands at ``i``: "to Mailchimp"."""
        if i >= len(self.items) or self.items[i].readings or not self.items[i].text[:1].isupper():
            return False
        return not any(self.word(j).startswith("server") for j in range(i + 1, i + 4))

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
            readings = self.items[j].readings
            if j > i and ("we" in readings or "you" in readings or self.items[j].text == ";"):
                return False
            if "local" in readings and self.word(j) != "on devices":
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
        if "public" in self.items[i].low:
            return True
        for j in range(max(0, i - 3), min(i + 60, len(self.items))):
            if self.items[j].get("public") or (
                j > i and fold(self.word(j)) in ("homepage", "page", "list") and not self.items[j].get("trap")
            ):
                return True
            if j > i and self.word(j) == ";":
                break
        return _PUBLIC.search(self.text[self.items[i].end :].lower()) is not None

    def nobody(self, i: int) -> bool:
        """Whether the subject at ``i`` is none, or its verb is denied before it: "None of our partners",
        "Nor will we", "At no time do we"."""
        j = i - 1
        while j >= 0 and not self.items[j].readings.keys().isdisjoint(("possessive", "aux", "partner")):
            if self.word(j) == "no":
                return True
            j -= 1
        if j < 0:
            return False
        turned = j < i - 1 and self.items[i - 1].get("aux") is not None
        return self.word(j) in ("no", "none of") or (turned and self.items[j].get("negation") is not None)

    def unwanted(self, i: int) -> bool:
        """Whether the verb of the subject at ``i`` stands under a denial: "never ask that you provide", "not
        necessary that we collect", "do not let partners access"."""
        state = self.state
        if not (state.negated or (state.frame is not None and state.frame.negated)):
            return False
        j = i - 1
        while j >= 0 and self.items[j].get("possessive") and self.word(j) != "that":
            j -= 1
        if self.word(j) == "that":
            return any(self.word(k).startswith(_WANTS) for k in range(max(0, j - 3), j))
        return self.word(j).startswith(_LETS)

    def serves(self, i: int) -> bool:
        """Whether "to" at ``i`` says what information is for: "information used to create your account"."""
        before = self.items[i - 2] if i > 1 else None
        return self.word(i - 1) in ("used", "needed", "required", "necessary") and (
            before is not None and bool(before.get("head") or before.get("data"))
        )

    def condition_has_verb(self, i: int) -> bool:
        """Whether a verb stands between the word of condition in force and ``i``: "When using the app we"."""
        for j in range(i - 1, -1, -1):
            item = self.items[j]
            if item.start <= self.condition_start:
                return False
            if item.get("verb") and item.low.endswith("ing"):
                return True
        return False

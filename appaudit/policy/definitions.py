"""Defined terms: "Device information: includes ..." in an appendix or where it is first used.

A definition of a data type declares its members as collected (basis ``definition:<type>``) and
stands in wherever the term, or a synonym that the lexicon maps to the same type, is used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from appaudit.policy.lexicon import lexicon
from appaudit.policy.reading import Frame
from appaudit.policy.sentences import Sentence
from appaudit.policy.structure import Paragraph

if TYPE_CHECKING:
    from appaudit.policy.declarations import Declaration

_REACH = 120
"""Characters within which a definition comes to what says so."""
_SIGNS = (":", "：", "指", "包括", "包含", "mean", "refer", "defined as")
"""A definition holds one."""
_HEAD = re.compile(
    r"^\s*(?:the term )?[“\"‘'「《【\[]?\s*(?P<term>[^:：“”\",，]{2,40}?)\s*[”\"’'」》】\]]?\s*"
    r"(?:[:：]\s*(?P<opener>(?:is |are |mainly )?(?:refers? to|includ(?:e|es|ing)|means?|comprises?)"
    r"|(?:主要包括|是指|指|包括|包含)|(?:is |are |mainly )?)"
    r"|[,，]?\s*(?P<means>(?:(?:shall |will )?(?:means?|refers? to)|(?:is|are) defined as)\b"
    r"|[是系]?指(?:的是)?|(?:主要)?(?:包括|包含)(?:但不限于)?)[:：]?)"
    r"\s*(?P<rest>.*)$",
    re.I | re.S,
)
"""A term with a colon, or with "means", and what it stands for."""
_NAMED = re.compile(
    r"[(（]\s*(?:以下|下文|下称|本文中?)*(?:简称|统称|合称|总称|称)?为?\s*"
    r"[“\"「『](?P<zh>[^”\"」』()（）]{2,20})[”\"」』]\s*[)）]"
    r"|[(（]\s*(?:(?:collectively|together|jointly|here(?:in)?after|referred to|defined|as|the|or)[, ]+)*"
    r"[“\"](?P<en>[^”\"()]{3,40})[”\"]\s*[)）]",
    re.I,
)
"""A name for the data just listed: （以下统称“设备信息”）, (collectively, "Device Information")."""
DEFINABLE = frozenset(
    {
        "device_info",
        "service_log",
        "network_other",
        "identity_info",
        "usage_info",
        "order_info",
        "payment_info",
        "transaction_info",
        "account_info",
        "location",
        "contact_info",
        "delivery_info",
        "app_other",
        "hardware_info",
    }
)


@dataclass(slots=True)
class Definition:
    """``type``: the data type the term means; ``members``: its declarations; empty when nothing follows."""

    type: str
    term: str
    paragraph: int
    start: int
    end: int
    frame: Frame
    body: int = 0
    empty: bool = False
    members: list[Declaration] = field(default_factory=list)


@dataclass(slots=True)
class Definitions:
    """The definitions of one document, by data type."""

    by_type: dict[str, list[Definition]] = field(default_factory=dict)
    explained: list[Declaration] = field(default_factory=list)
    """What "personal information" is said to be; declared only where it is collected."""

    def settled(self, said: list[Declaration]) -> list[Declaration]:
        """``said`` without what only explains a term, which is kept."""
        terms = [d for d in said if d.frame.cls == "term"]
        self.explained += [replace(d, basis=f"definition:{d.frame.kind}") for d in terms]
        return [d for d in said if d not in terms] if terms else said

    def named(self, index: int, sentence: Sentence, said: list[Declaration]) -> list[Declaration]:
        """What a sentence in paragraph ``index`` declares, without the name it gives to a list in brackets;
        the members of that list are kept as what the name means."""
        if not any(quote in sentence.text for quote in '“"「『'):
            return said
        for match in _NAMED.finditer(sentence.text):
            term = match["zh"] or match["en"]
            type_id = _defines(term)
            if type_id is None or type_id not in DEFINABLE:
                continue
            start, end = sentence.start + match.start(), sentence.start + match.end()
            before = [d for d in said if d.end <= start]
            members = [d for d in before if d.frame is before[-1].frame and d.type != type_id]
            if members:
                said = [d for d in said if not start <= d.start < end]
                place = start + match.group().index(term)
                definition = Definition(
                    type_id, term, index, place, place + len(term), members[-1].frame, members=members
                )
                self.by_type.setdefault(type_id, []).append(definition)
        return said

    def notice(self, index: int, paragraph: Paragraph) -> Definition | None:
        """The definition that ``paragraph`` is, if it is one; it is kept."""
        text = paragraph.text
        if not any(map(text[: paragraph.body + _REACH].lower().__contains__, _SIGNS)):
            return None
        match = _HEAD.match(text[paragraph.body :])
        if match is None:
            return None
        term = match.group("term")
        type_id = _defines(term)
        if type_id is None:
            return None
        rest = match.group("rest").strip().lower()
        if (
            type_id == "personal_info"
            and rest
            and not rest.startswith(("such as", "includ", "如", "包括", "例如"))
        ):
            frame = Frame("definition", "definition", "we", None, 0, 0, inherited=True)
            return Definition(type_id, term, index, 0, 0, frame, paragraph.body + match.start("rest"))
        if type_id not in DEFINABLE:
            return None
        rest = match.group("rest").strip()
        opener = match.group("means") or match.group("opener").strip()
        if rest and not opener and not _list_like(rest):
            return None
        start = paragraph.body + match.start("term")
        frame = Frame("definition", "definition", "we", "collected", 0, 0, inherited=True)
        definition = Definition(
            type_id,
            term,
            index,
            start,
            start + len(term),
            frame,
            paragraph.body + match.start("rest"),
            not rest,
        )
        self.by_type.setdefault(type_id, []).append(definition)
        return None if definition.empty else definition


def _defines(term: str) -> str | None:
    """The data type that a term is a name of."""
    tokens = lexicon().match(term)
    entry = tokens[0].get("data") if len(tokens) == 1 else None
    return entry.value if entry is not None and tokens[0].end - tokens[0].start >= 0.8 * len(term) else None


def _list_like(rest: str) -> bool:
    """Whether what follows the term lists data rather than says what is done with it."""
    tokens = lexicon().match(rest[:200])
    verbs = [t for t in tokens if (v := t.get("verb")) and v.value != "other" and t.get("weak") is None]
    subjects = [t for t in tokens if t.get("we") or t.get("you")]
    data = [t for t in tokens if t.get("data")]
    return len(data) >= 2 and not (verbs and subjects)

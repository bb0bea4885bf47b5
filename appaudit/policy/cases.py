"""The cases that a statement lists below it: only in the following cases, except in the following cases."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appaudit.policy.sentences import Sentence
    from appaudit.policy.structure import Paragraph

_HINTS = ("以下", "下列", "下述", "如下", "following", "below")
_CASES_ZH = (
    r"(?:以下|下列|下述|如下)(?:的|几种|任一|任何|之一|特定|例外|特殊|一种或多种)*"
    r"(?:情形|情况|场景|条件|事由)"
)
_CASES_EN = (
    r"(?:the )?(?:following|(?:cases|circumstances|situations) below)(?: (?:limited|specific|exceptional))?"
    r"(?: (?:cases?|circumstances?|situations?|conditions?|reasons?|events?))?"
)
_PHRASE = re.compile(
    rf"(?:仅|只有?|仅限|限于?)(?:会|能|可)?(?:在|于)?(?:发生|出现|存在|符合|满足)?{_CASES_ZH}"
    rf"|除(?:非|了)?(?:在|有|存在|发生|出现|符合)?{_CASES_ZH}"
    rf"|{_CASES_ZH}(?:之一的?)?除外"
    rf"|(?:only|except|unless|other than)(?: (?:share|use|disclose|collect)[^.;:]{{0,60}})??"
    r"(?: (?:in|under|for|if|when|as|to|where|with|one of|any of))*(?: (?:one|any) (?:or more )?of)? "
    rf"{_CASES_EN}",
    re.I,
)
_MOST = 20
"""Cases of one list that are told."""

Place = tuple[int, int, int]
"""(paragraph, start, end)"""


def listed_cases(sentence: Sentence) -> re.Match[str] | None:
    """The words by which a sentence refers to the cases listed after it."""
    if not any(hint in sentence.low for hint in _HINTS):
        return None
    return _PHRASE.search(sentence.plain)


def cases_of(paragraphs: Sequence[Paragraph], index: int, sentence: Sentence) -> tuple[str, list[Place]]:
    """(condition token, where each case stands) of a sentence in paragraph ``index``; ("", []) without any.

    The cases are the items that the paragraph leads in or, without such, what follows the colon."""
    phrase = listed_cases(sentence)
    if phrase is None:
        return "", []
    places: list[Place] = []
    for number in range(index + 1, min(index + 1 + _MOST, len(paragraphs))):
        item = paragraphs[number]
        if item.lead != index:
            break
        places.append((number, item.body, len(item.text)))
    own = paragraphs[index].text
    after = sentence.start + phrase.end()
    colon = min((n for n in (own.find("：", after), own.find(":", after)) if n >= 0), default=-1)
    if not places and colon >= 0 and own[colon + 1 :].strip():
        places.append((index, colon + 1, len(own)))
    if not places:
        return "", []
    said = [paragraphs[number].text[start:end].strip(" ;；。.,，") for number, start, end in places]
    return "if:" + " ".join(f"{phrase.group()}: {'; '.join(said)}".split())[:160], places

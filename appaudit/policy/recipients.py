"""Who a declaration says receives the data, and who acts."""

from __future__ import annotations

import re
from functools import lru_cache

from appaudit.policy.declarations import Declaration
from appaudit.policy.literals import may_match
from appaudit.policy.sentences import Sentence

_NAMED = re.compile(
    r"(?:[A-Z][\w&.'’-]*\s+(?:\([A-Z][\w ]*\)\s*)?){1,7}"
    r"(?:Co\.,?\s*(?:Ltd\.?|Limited)|Inc\.?|Limited|LLC|Ltd\.?|Corporation|GmbH)"
    r"|[㐀-鿿（）()]{2,24}(?:有限公司|有限责任公司|集团)"
)
_BEFORE = re.compile(r"^.*(?:[向给由至与]|委托|合作的)(?=.{4})")
"""我们会向某某有限公司: not part of the name."""
_KIND = (
    r"(?:partners?|providers?|processors?|compan(?:y|ies)|advertisers?|networks?|affiliates?|vendors?|agenc(?:y|ies)|authorit(?:y|ies)|"
    r"couriers?|merchants?|sellers?|banks?|institutions?|platforms?|parties|contractors?|subsidiaries|insurers?|regulators?|courts?)"
)
_NEXT_EN = re.compile(
    r"(?:,\s*(?:and |or )?|\s+(?:and|or)\s+|\s*/\s*)(?:with |to )?(?:our |other |the |certain |any |its )?"
    rf"((?:[A-Z][\w.&-]*)(?: [A-Z][\w.&-]*){{0,3}}|(?:[\w-]+ ){{0,3}}{_KIND})\b"
)
_NEXT_ZH = re.compile(
    r"(?:、|，?(?:以及|或者|及其|和|及|或|与|/))(?:我们的|其他|相关|其)?"
    r"([^、，。；和及或与/]{0,10}?(?:公司|机构|平台|服务商|提供商|提供者|提供方|合作伙伴|伙伴|合作方|广告主|广告商|商家|卖家|供应商|主体|部门|机关|企业|媒体|银行))"
)
MOST = 12
"""Recipients of one statement that are kept."""


@lru_cache(maxsize=64)
def _companies(text: str, low: str) -> tuple[str, ...]:
    if not may_match(_NAMED, low):
        return ()
    names = (_BEFORE.sub("", name) for name in _NAMED.findall(text))
    return tuple(dict.fromkeys(" ".join(name.split()) for name in names))


def recipients_of(declaration: Declaration, sentence: Sentence) -> tuple[tuple[str | None, ...], str]:
    """(recipients, actor) of a declaration: ``party:<words>`` or ``party:public``, (None,) where none is
    named; ``app``, or ``unknown`` for an SDK that is named elsewhere."""
    frame = declaration.frame
    actor = "unknown" if frame.actor == "sdk" else "app"
    if declaration.polarity not in ("shared", "not_shared"):
        return (None,), actor
    if frame.cls == "display":
        return ("party:public",), actor
    named = _companies(sentence.text, sentence.low)
    if named and (not frame.recipient or len(named) == 1):
        return tuple(f"party:{name}" for name in named[:MOST]), actor
    words = frame.recipient.strip()
    if not words or words == "其":  # "向其提供": someone named before; not resolved
        return (None,), actor
    return tuple(f"party:{name}" for name in _enumeration(sentence.plain, words, sentence.language)), actor


@lru_cache(maxsize=256)
def _enumeration(text: str, first: str, language: str) -> tuple[str, ...]:
    """``first`` with the parties that the text names in one list with it: Google, A and our processors."""
    names = [first]
    at = text.find(first)
    pattern = _NEXT_ZH if language == "zh" else _NEXT_EN
    position = at + len(first)
    while at >= 0 and len(names) < MOST and (match := pattern.match(text, position)):
        names.append(match.group(1).strip())
        position = match.end()
    return tuple(dict.fromkeys(names))

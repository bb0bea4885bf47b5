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
    r"couriers?|carriers?|operators?|brokers?|gateways?|hospitals?|doctors?|schools?|employers?|retailers?|"
    r"restaurants?|stores?|shops?|drivers?|hotels?|airlines?|bureaus?|publishers?|developers?|merchants?|sellers?|banks?|institutions?|platforms?|parties|contractors?|subsidiaries|insurers?|regulators?|courts?)"
)
_STOP = re.compile(r"[;]|\.(?=\s|$)|\b(?:if|when|unless|in order|so that|because)\b")
_SOME = (
    r"(?:(?!(?:such|as|including|which|that|who|could|like|by|for|nor|and|or|be|following)\b)[\w-]+ ){0,3}"
)
_NEXT_EN = re.compile(
    r"(?:,\s*(?:and |or )?|\s+(?:and|or)\s+|\s*/\s*)(?:with |to )?"
    r"(?:our |other |the |certain |any |its )?"
    rf"((?:[A-Z][\w.&-]*)(?: [A-Z][\w.&-]*){{0,3}}|{_SOME}{_KIND})\b"
)
_NEXT_ZH = re.compile(
    r"(?:、|，?(?:以及|或者|及其|和|及|或|与|/))(?:我们的|其他|相关|其)?"
    r"([^、，。；和及或与/]{0,10}?(?:公司|机构|平台|服务商|提供商|提供者|提供方|合作伙伴|伙伴|合作方|广告主|广告商|商家|卖家|供应商|主体|部门|机关|企业|媒体|银行))"
)
_GIVEN_ZH = re.compile(
    r"(?<!还)(?:(?<=给)|给|(?<=委托))(?!您|你|我们|用户|其他?[，。、]|他[，。们]|本)([^，,。；;、：:（(]{2,20}?)"
    r"(?=用于|用来|以便|以供|以[实完确保]|进行|来|为您|为我们|代为|处理|存储|保存|分析|发送|提供|[，,。；;、（(和或及与]|$)"
)
_WITH_ZH = re.compile(
    r"(?:[向与同])(?!您|你|我们|用户|其)([^，,。；;、：:（(您你我]{2,16}?)(?:之间)?(?:可能|会|将)?$"
)
_WITH_EN = re.compile(
    r"(?<!accordance )(?<!comply )(?<!complying )(?<!compliance )(?<!connection )(?<!consistent )"
    r"(?<!together )"
    r"\b(?:with|to|among)\s+(?:(?:our|the|your|a|an|certain|some|any|these|those|its|other|various) )*"
    rf"({_SOME}{_KIND}|(?:[A-Z][\w.&'’-]*)(?: [A-Z][\w.&'’-]*){{0,3}}(?<!\.))(?![\w’'-])"
)
_NO_PARTY = re.compile(
    r"\b(?:Act|Law|Laws|Code|Policy|Notice|Terms|Regulations?|Directive|Agreement|States|Kingdom|Union|Area|EU|"
    r"U\.S|EEA|US|USA|UK|GDPR|CCPA|IP|ID|GPS|SIM|MAC|IMEI|PHI|China|"
    r"Hong Kong|Singapore|India|Japan|Korea|Taiwan|"
    r"Vietnam|Thailand|Indonesia|Malaysia|Philippines|Australia|Canada|California|Brazil|Mexico|Russia|Israel|"
    r"Germany|France|Ireland|Netherlands|Spain|Italy|Poland|Switzerland|Europe|Asia|Africa|Ghana|Nigeria|You|Us|"
    r"We|Your|Our|Settings|This|The|I|Services?|App|Website|Site|Platform|Servers?)$|'s servers?\b"
)
_BUT_EN = re.compile(
    r"\b(?:any(?:one|body)|any (?:other )?(?:third )?(?:party|person|company)|third parties|others|nobody"
    r"|no[ -]one)"
    r"(?: else)? (?:except|other than|apart from|but)(?: for| with| to)? (?:the|our|an?) "
    r"(?!(?:following|extent|cases?|circumstances?|purposes?|limited|ways?|law|legal|consent|permission)\b)"
    r"(?P<who>[\w-]+(?: [\w-]+){0,3}?)(?=[,.;)]|$| (?:who|that|which|if|when|and|to|for|in)\b)",
    re.I,
)
_BUT_ZH = re.compile(
    r"除(?:了)?(?P<who>[^，,。；;、]{1,14}?(?:员|商|商家|公司|机构|伙伴|方|平台|银行|医院|医生|司机|骑手))(?:之|以)?外"
    r"[，,]?(?:我们)?(?:不会|不|绝不|从不)(?:再)?(?:将|把|向|与|和|给)"
)
"""We give your address to nobody but the rider."""
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
    words, verb = frame.recipient.strip(), (frame.start, frame.end, len(frame.verb))
    if named and (not words or len(named) == 1):
        first = _unlisted(sentence.plain, *verb, sentence.language)
        listed = _enumeration(sentence.plain, first, sentence.language) if first else ()
        most = listed if set(named) <= set(listed) else named
        return tuple(f"party:{name}" for name in most[:MOST]), actor
    words = words or _unlisted(sentence.plain, *verb, sentence.language)
    if not words or words == "其":  # "向其提供": someone named before; not resolved
        return (None,), actor
    return tuple(f"party:{name}" for name in _enumeration(sentence.plain, words, sentence.language)), actor


def excepted_of(declaration: Declaration, sentence: Sentence) -> str | None:
    """Who gets what a denial says that nobody else gets, as ``party:<words>``; None where nobody does."""
    if declaration.polarity != "not_shared":
        return None
    pattern, sign = (_BUT_ZH, "除") if sentence.language == "zh" else (_BUT_EN, "")
    found = pattern.search(sentence.plain) if sign in sentence.plain else None
    return f"party:{found['who']}" if found is not None else None


def _unlisted(text: str, start: int, end: int, verb: int, language: str) -> str:
    """Who receives what a verb shares when no list knows the word: 共享给顺丰速运, "share with TikTok";
    "" if none is said."""
    if language == "zh":
        found = _GIVEN_ZH.match(text, end) or _GIVEN_ZH.match(text, start + verb)
        found = found or _WITH_ZH.search(text, max(0, start - 20), start)
        return found.group(1).strip() if found else ""
    stop = _STOP.search(text, end)
    for found in _WITH_EN.finditer(text, end, stop.start() if stop else len(text)):
        if not _NO_PARTY.search(found.group(1)):
            return found.group(1).strip()
    return ""


@lru_cache(maxsize=256)
def _enumeration(text: str, first: str, language: str) -> tuple[str, ...]:
    """``first`` with the parties that the text names in one list with it: Google, A and our processors."""
    names = [first]
    at = text.find(first)
    pattern = _NEXT_ZH if language == "zh" else _NEXT_EN
    position = at + len(first)
    while at >= 0 and len(names) < MOST and (match := pattern.match(text, position)):
        if not _NO_PARTY.search(match.group(1).strip()):
            names.append(match.group(1).strip())
        position = match.end()
    return tuple(dict.fromkeys(names))

"""What an English sentence says of words that its verbs left alone, or spoke of too early."""

from __future__ import annotations

import re
from dataclasses import replace

from appaudit.policy.reading import GENERIC_ANAPHOR, NEGATED, Frame, Mention

_STAYS = re.compile(
    r"\b(?:never leaves?|(?:does|do|will|can)(?: not|n't) leave|cannot leave|won't leave|stays?(?: only)? on|"
    r"remains?(?: only)? on)\s+(?:your|the|their) (?:own )?(?:\w+ )?"
    r"(?:phone|device|telephone|tablet|handset|watch)\b",
    re.I,
)
_LEAVES = re.compile(r"\bleaves? (?:your|the|their) (?:own )?(?:phone|device|tablet|handset|watch)\b", re.I)
_NONE = re.compile(r"\b(?:neither|none of|no)\b[^.;,]{1,120}$", re.I)
_KEPT = re.compile(
    r"\b(?:stored|kept|saved|processed|analy[sz]ed) (?:only )?locally\b[^.;]{0,40}"
    r"\b(?:not|never|n't) (?:be |been )?(?:transmitted|sent|uploaded|transferred|shared)\b",
    re.I,
)
_NOT_HERE = re.compile(
    r"\b(?:never|not|n't) (?:reach(?:es)?|touch(?:es)?|pass(?:es)? through|get to) (?:any of )?our (?:own )?"
    r"(?:servers?|systems?)\b",
    re.I,
)
"""Your card number never reaches our servers."""
_FORMERLY = re.compile(r"\bused to (?:\w+ly )?$", re.I)
_OVER = re.compile(r"\b(?:but|until|till|stopped|no longer|any ?more)\b", re.I)
"""We used to collect X but stopped: no longer collected."""
_VOLUNTARY = re.compile(
    r"\s*(?:\([^()]{0,40}\)\s*)?(?:is|are) (?:entirely |purely |completely )?"
    r"(?:optional|voluntary|not (?:required|mandatory|compulsory))\b",
    re.I,
)
_SAVE = re.compile(
    r"\W*(?:except(?: for)?|other than|apart from|aside from|save for|with the exception of)\b", re.I
)
_TURNED = re.compile(
    r"\W*only (?:if|when|after|once|where|while) (?P<case>.{3,160}?)"
    r",?\s+(?=(?:will|do|does|is|are|may|can|would|shall) (?:we|the|your|our|this)\b)",
    re.I,
)
_INVERTED = re.compile(r"(?:should|had|were) (?:you|the user|your|we|our)\b[^,.;]{3,160}?(?=,)", re.I)
"""Should you opt in, we ..."""
_RELEASE = re.compile(
    r"\b(?:from|since|starting (?:with|from)|beginning (?:with|from)|as of|as from|on|in|under|for|with)\s+"
    r"(?:(?:the|our|your|app|all|any|older|newer|devices?|phones?|tablets?|that|which|running|run|use|using|"
    r"with)\s+){0,5}(?:app |android |ios )?(?:versions?|releases?|android|ios|api level)\s+"
    r"(?:versions? )?v?\d+(?:\.\d+)*\b"
    r"(?:\s*(?:and|or) (?:earlier|later|above|below|higher|lower|newer|older|up(?:wards)?)\b"
    r"|\s+onwards?\b|\+)?"
    r"(?! of (?:this|the|our) (?:privacy |cookie )?(?:policy|notice|statement|document))",
    re.I,
)
"""On Android 9 and earlier; from version 3.0 onwards."""
_NEAR = 80
"""Characters in which the clause after "Other than your name" begins, where no comma says so."""
_LEARNT = re.compile(
    r"\bif (?:we|you) (?:\w+ )?(?:learn|discover|find|realis|realiz|notice|believe|think|suspect|"
    r"become aware|(?:are|have been) (?:made )?(?:aware|told|informed))\w*\b[^,;.]+",
    re.I,
)
"""If we learn that a child has given us ...: a case, no practice."""
_EXCEPT = re.compile(r"\bexcept(?: only)?\s+$", re.I)
_DIGIT = re.compile(r"\d")
_LEADS = re.compile(r"(?:^|[,;:–—]|\b(?:and|but))\s*$")
_PLANTED = (GENERIC_ANAPHOR, "cookie", "web_beacon")
"""What lies on the device and is read from there."""


def settle(text: str, mentions: list[Mention]) -> None:
    """Gives the ``mentions`` of a sentence the frames and conditions that stand around them."""
    if not mentions:
        return
    if "leave" in text or "stay" in text or "remain" in text:
        found = _STAYS.search(text)
        if found is None and (left := _LEAVES.search(text)) and _NONE.search(text, 0, left.start()):
            found = left
        _keep(mentions, found)
    if "locally" in text:
        _keep(mentions, _KEPT.search(text))
    if "our s" in text and (found := _NOT_HERE.search(text)) is not None:
        _deny(mentions, found)
    if "used to " in text and _OVER.search(text) is not None:
        for mention in mentions:
            frame = mention.frame
            if frame is not None and frame.polarity and _FORMERLY.search(text, 0, frame.start):
                mention.frame = replace(frame, polarity=NEGATED[frame.polarity], negated=True)
    if "optional" in text or "volunt" in text or " not " in text:
        for mention in mentions:
            if mention.frame is None and (found := _VOLUNTARY.match(text, mention.end)) is not None:
                mention.frame = Frame("provide", "provide", "you", "collected", found.start(), found.end())
    if (comma := max(text.find(","), text.find(" we ", 0, _NEAR))) > 0 and _SAVE.match(text):
        denied = next((m.frame for m in mentions if m.start > comma and m.frame and m.frame.negated), None)
        for mention in mentions:
            if mention.start < comma and mention.frame is None and denied is not None:
                mention.frame, mention.flipped = denied, True
    if "xcept" in text:
        for mention in mentions:
            if mention.conditions:
                mention.conditions = tuple(_with_except(text, *span) for span in mention.conditions)
    if "f we " in text or "f you " in text:
        for found in _LEARNT.finditer(text):
            for mention in mentions:
                if found.start() <= mention.start < found.end():
                    mention.frame, mention.extra = None, ()
    if ("ersion" in text or "ndroid" in text or "iOS" in text) and _DIGIT.search(text):
        _bind(text, mentions)
    if (turned := _INVERTED.match(text) or _TURNED.match(text)) is not None:
        for mention in mentions:
            if mention.start >= turned.end() and not mention.conditions:
                mention.conditions = (turned.span(),)


def _with_except(text: str, start: int, end: int) -> tuple[int, int]:
    """A condition with the word before it that makes it the exception: "except when you call"."""
    before = _EXCEPT.search(text, 0, start)
    return (before.start() if before is not None else start), end


def _bind(text: str, mentions: list[Mention]) -> None:
    """Puts what is said under the release of the app or the system that it is said of."""
    since = 0
    for found in _RELEASE.finditer(text):
        begin, end = found.span()
        if _LEADS.search(text, max(0, begin - 6), begin) or not text[:begin].strip():
            stop = text.find(";", end) if ";" in text[end:] else len(text)
            later = _RELEASE.search(text, end)
            stop = min(stop, later.start()) if later is not None else stop
            bound = [m for m in mentions if end <= m.start < stop]
        else:
            since = max(since, text.rfind(";", 0, begin))
            bound = [m for m in mentions if since <= m.start < begin]
            if text[:begin].rstrip().endswith("("):
                bound = bound[-1:]
        since = end
        for mention in bound:
            if not any(a < end and begin < b for a, b in mention.conditions):
                mention.conditions += (found.span(),)


def _deny(mentions: list[Mention], found: re.Match[str]) -> None:
    """What stands right before words that it does not come to us is not collected."""
    before = [m for m in mentions if m.end <= found.start()]
    frame = Frame(found.group().lower(), "collect", "we", "not_collected", *found.span(), negated=True)
    for mention in before:
        if mention.clause == before[-1].clause and mention.frame is before[-1].frame is None:
            mention.frame = frame


def _keep(mentions: list[Mention], found: re.Match[str] | None) -> None:
    """What stands right before words that keep it on the device stays there."""
    if found is None:
        return
    before = [m for m in mentions if m.end <= found.start() and m.type not in _PLANTED]
    if not before:
        return
    last = before[-1]
    frame = Frame(found.group().lower(), "local", "we", "local_only", found.start(), found.end())
    for mention in before:
        if mention.clause != last.clause or mention.frame is not last.frame:
            continue
        if mention.frame is None or mention.frame.polarity in (None, "collected", "not_collected"):
            mention.frame = replace(frame)

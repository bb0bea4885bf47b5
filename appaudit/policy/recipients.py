"""Who a declaration says receives the data, and who acts."""

from __future__ import annotations

import re
from functools import lru_cache

from appaudit.policy.declarations import Declaration
from appaudit.policy.structure import Sentence

_NAMED = re.compile(
    r"(?:[A-Z][\w&.'’-]*\s+(?:\([A-Z][\w ]*\)\s*)?){1,7}"
    r"(?:Co\.,?\s*(?:Ltd\.?|Limited)|Inc\.?|Limited|LLC|Ltd\.?|Corporation|GmbH)"
    r"|[㐀-鿿（）()]{2,24}(?:有限公司|有限责任公司|集团)"
)


@lru_cache(maxsize=64)
def _companies(text: str) -> list[str]:
    return _NAMED.findall(text)


def recipient_of(declaration: Declaration, sentence: Sentence) -> tuple[str | None, str]:
    """(recipient, actor) of a declaration: ``party:<words>`` or ``party:public``; ``app`` or ``party:..``."""
    frame = declaration.frame
    actor = "app"
    if frame.actor == "sdk":
        actor = "unknown"
    if declaration.polarity not in ("shared", "not_shared"):
        return None, actor
    if frame.cls == "display":
        return "party:public", actor
    named = _companies(sentence.text)
    if named and (not frame.recipient or len(named) == 1):
        return f"party:{' '.join(named[0].split())}", actor
    words = frame.recipient.strip()
    if words == "其":  # "向其提供": someone named before; not resolved
        words = ""
    return (f"party:{words}" if words else None), actor

"""Verbs that tell nothing of what happens to the data after them."""

from __future__ import annotations

import re

from appaudit.policy.matching import Token

_SECRET = re.compile(
    r"[^.;,]{0,60}\b(?:confidential|private|secure|safe|secret|accurate|safekeeping|up[ -]to[ -]date)\b", re.I
)
"""keep it confidential."""
_TOLD = re.compile(r"(?:^|[,;:.]\s*)(?:please\s+)?(?:do not|don['’]t|never)\s+(?:\w+ly\s+)?$", re.I)
"""Please do not send ...: what the user is told."""
_BOUND = re.compile(
    r"\b(?:obligat\w*|obliged?|required|bound|prohibited|forbidden|restricted|agreed?|contract\w*) "
    r"(?:not to|from)(?: \w+ or)? (?:\w+ly )?$",
    re.I,
)
"""They are obligated not to disclose."""
_PREVENTS = re.compile(
    r"\b(?:prevent|stop|prohibit|protect|guard|hinder)\w*\b[^.;]{0,70}\b(?:from|against)\s+(?:\w+ly\s+)?$",
    re.I,
)
"""prevent others from obtaining."""
_STOPPED = re.compile(
    r"\b(?:stop|prevent|keep|restrict|limit)(?:s|ped|ping)? (?:us|the (?:app|site|service)|our \w+|this app)"
    r" (?:from )?(?:\w+ly )?$",
    re.I,
)
"""stop us collecting: what the user may do."""
_UNWANTED = re.compile(
    r"\b(?:not|n['’]t) (?:\w+ly )?(?:want|wish|like|allow|permit|prefer|authori[sz]e) (?:for )?"
    r"(?:us|our \w+|the \w+|this \w+) to (?:\w+ly )?$",
    re.I,
)
"""do not want us to read: what the user may forbid."""
_ANOTHER = re.compile(r"\s+(?:an? )?(?:different|another|new|public|shared|supported|compatible)\b", re.I)
"""use a different device."""
_JOINS = ("combin", "integrat", "correlat", "link", "associat", "retain")
"""not combine X with Y, not retain X: it may well be known."""
_MOVES = frozenset({"send", "sent", "tran", "plac", "forw"})
_TO_DEVICE = re.compile(
    r"[^.;]{0,60}?\b(?:to|on|onto|in) (?:your|the user's|the user’s|a user's|a user’s|their) (?:\w+['’]?s? )?"
    r"(?:device|computer|browser|phone|hard (?:drive|disk)|terminal|equipment|machine)",
    re.I,
)
"""What a site puts on the user's own device is shared with nobody."""
TO_US = re.compile(
    r"[^.;,]{0,60}?\b(?:to|on|onto) our (?:\w+ ){0,2}(?:server|system|backend|database|cloud)s?\b",
    re.I,
)
"""What moves to our own servers is collected."""


def idle(text: str, item: Token, cls: str, actor: str, negated: bool) -> bool:
    """Whether the verb ``item`` of ``text`` is what others must not do, what a measure prevents, what
    the user is told to do or may forbid, or how a secret is kept."""
    before = text[max(0, item.start - 90) : item.start]
    if cls == "use" and _ANOTHER.match(text, item.end):
        return True
    if negated and item.low.startswith(_JOINS):
        return True
    if item.low.startswith("keep") and _SECRET.match(text, item.end):
        return True
    if negated and actor == "" and _TOLD.search(before):
        return True
    if item.low.endswith("ing") and _STOPPED.search(before):
        return True
    if _UNWANTED.search(before):
        return True
    if actor != "we" and _BOUND.search(before):
        return True
    if item.low.endswith("ing") and _PREVENTS.search(before):
        return True
    return cls == "share" and item.low[:4] in _MOVES and bool(_TO_DEVICE.match(text, item.end))

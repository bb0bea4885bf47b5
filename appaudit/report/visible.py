"""Strings from an app or a policy are data: nothing in them may act on the reader's screen.

Control characters, terminal escapes, bidirectional overrides, zero-width and unassigned characters are
written out as ``⟨U+202E⟩``; long strings are cut with the number of characters left out.
"""

from __future__ import annotations

import unicodedata

LIMIT = 600
"""Characters shown of one string; the JSON output holds the whole."""


def visible(text: object, limit: int = LIMIT) -> str:
    """``text`` on one line with every character that does not print made visible."""
    s = str(text)
    tail = ""
    if len(s) > limit:
        s, tail = s[:limit], f"… (+{len(s) - limit})"
    if s.isprintable():
        return s + tail
    return "".join(c if c.isprintable() or unicodedata.category(c) == "Zs" else _name(c) for c in s) + tail


def _name(char: str) -> str:
    if char in "\n\t":
        return " "
    return f"⟨U+{ord(char):04X}⟩"

"""The numbers and bullets of automatic lists, as a browser or a word processor draws them."""

from __future__ import annotations

import re
from collections.abc import Mapping

_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"),
    (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_DIGITS = "零一二三四五六七八九"


def list_number(number: int, kind: str) -> str:
    """A number in the form of HTML's list ``type``: ``1`` ``a`` ``A`` ``i`` ``I``, or ``一`` for Chinese."""
    if kind in ("a", "A") and 0 < number < 10_000:
        out = ""
        while number:
            number, digit = divmod(number - 1, 26)
            out = chr(ord(kind) + digit) + out
        return out
    if kind in ("i", "I") and 0 < number < 4000:
        out = ""
        for value, digits in _ROMAN:
            out += digits * (number // value)
            number %= value
        return out if kind == "i" else out.upper()
    if kind == "一" and 0 < number < 100:
        tens, ones = divmod(number, 10)
        return ("" if tens < 2 else _DIGITS[tens]) + ("十" if tens else "") + (_DIGITS[ones] if ones else "")
    return str(number)


def integer(value: str | None, default: int) -> int:
    """An attribute as an integer, ``default`` where it is none."""
    try:
        return int((value or "").strip()[:9])
    except ValueError:
        return default


class ListMarkers:
    """The markers of one ``<ol>`` or ``<ul>``, item by item."""

    def __init__(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.ordered = tag == "ol"
        self.kind = attributes.get("type") or "1"
        self.number = integer(attributes.get("start"), 1) - 1
        self.none = bool(re.search(r"list-style[^;]*\bnone\b", attributes.get("style") or ""))

    def next(self, value: str | None = None) -> str:
        """The marker of the next item, with a space after it; empty where the list shows none."""
        if not self.ordered:
            return "" if self.none else "• "
        self.number = integer(value, self.number + 1)
        return "" if self.none else f"{list_number(self.number, self.kind)}. "

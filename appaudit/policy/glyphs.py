"""Characters that fonts give for the shape of others, as PDFs carry them, read as what they mean.

A PDF often maps a glyph to the first character that looks like it: a Kangxi radical (U+2F00 ⼈) for the
ideograph (人), a radical of the supplement (⺠) for 民, a ligature (ﬁ) for its letters. That is how a
page looks, not what its author wrote.
"""

from __future__ import annotations

import unicodedata

# The CJK Radicals Supplement has no decompositions; these are ideographs of everyday text that share a
# glyph with a radical (Unicode's EquivalentUnifiedIdeograph).
_RADICALS = (
    "⺁厂⺇几⺌小⺎兀⺒巳⺓幺⺛旡⺝月⺠民⺢水⺦丬⺪疋⺫目⺬示⺭礻⺮竹⺰纟⺱罓⺳网⺶羊⺸羊⺼月"
    "⺾艹⻁虎⻂衤⻃覀⻄西⻅见⻆角⻇角⻈讠⻉贝⻊足⻋车⻌辶⻏邑⻐钅⻑長⻓长⻔门⻖阝⻗雨⻘青⻙韦⻚页⻛风⻜飞⻝食⻟飠⻠饣⻢马⻣骨⻤鬼⻥鱼⻦鸟⻨麦⻩黄⻬齐⻮齿⻰龙⻳龟"
)

_FORMS = {ord(r): i for r, i in zip(_RADICALS[::2], _RADICALS[1::2], strict=True)}
_FORMS.update({c: unicodedata.normalize("NFKC", chr(c)) for c in (0x2E9F, *range(0x2F00, 0x2FD6))})
_FORMS.update({c: unicodedata.normalize("NFKC", chr(c)) for c in range(0xFB00, 0xFB05)})


def meant(text: str) -> str:
    """``text`` with glyph forms replaced; everything else as it is."""
    return text if text.isascii() else text.translate(_FORMS)

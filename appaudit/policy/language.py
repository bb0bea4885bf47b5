"""Tells the language of a text: zh, en, mixed of the two, or neither.

Chinese by its characters; English by the share of its commonest function words, which other languages
written in Latin letters do not reach.
"""

from __future__ import annotations

import re
from functools import lru_cache

from appaudit.policy.scripts import HAN

_HAN = re.compile(f"(?:{HAN.pattern})+")
_KANA = re.compile(r"[\u3041-\u30ff]+")
_HANGUL = re.compile(r"[\uac00-\ud7af\u1100-\u11ff]+")
_OTHER = re.compile(
    r"[\u0370-\u03ff\u0400-\u052f\u0590-\u05ff\u0600-\u06ff\u0900-\u0dff\u0e00-\u0eff\u1000-\u10ff]+"
)
_WORD = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ\u0100-\u017f]+")
_ENGLISH = frozenset(
    """the of and to in we you your our is are or for with that this not may will by as be on when if any
    from it use have can do at which all other an information data us they their such""".split()  # noqa: SIM905
)
_LISTED = frozenset(
    """name names type purpose purposes provider data information collected category device address identifier
    sdk model advertising permission permissions version third party partner usage location""".split()  # noqa: SIM905
)
"""What the cells of a short English list hold, which has no sentences."""
_SHORT = 300
"""Words of a text that may be such a list."""
_ASCII = re.compile(r"[\x00-\x7f]+")
_SIGNS = bytes(c if chr(c).isalpha() and c < 128 else 32 for c in range(256))
"""What of ASCII text is no letter, as spaces."""
_SAMPLE = 60_000


@lru_cache(maxsize=8)
def language(text: str) -> str:
    """``zh``, ``en``, ``mixed`` (each at least a tenth), or ``unknown``: neither, or too little to tell."""
    if len(text) > 3 * _SAMPLE:  # a head in one language often stands before a body in another
        middle = len(text) // 2
        text = text[:_SAMPLE] + text[middle : middle + _SAMPLE] + text[-_SAMPLE:]
    rest = "" if text.isascii() else _ASCII.sub("", text)
    han, kana, hangul, other = (len(rest) - len(p.sub("", rest)) for p in (_HAN, _KANA, _HANGUL, _OTHER))
    if _WORD.search(rest) is None:
        words = text.encode("ascii", "replace").lower().translate(_SIGNS).decode().split()
    else:
        words = list(map(str.lower, _WORD.findall(text)))
    english = sum(map(_ENGLISH.__contains__, words))
    if len(words) < _SHORT:
        english += sum(map((_LISTED - _ENGLISH).__contains__, words))
    if kana > 0.1 * (han + kana):
        han = 0  # Japanese
    # A Chinese character carries about as much as half an English word, so weigh by words.
    chinese = han / 1.7
    latin = float(len(words)) if english >= 0.15 * len(words) else 0.0
    if len(words) < 8 and not han:
        latin = float(len(words)) if text.isascii() else 0.0
    foreign = (kana + hangul + other) / 3 + (0.0 if latin else _foreign_words(words, han))
    total = chinese + latin + foreign
    if not total or foreign > 0.5 * total:
        return "unknown"
    if latin >= 0.1 * total and chinese >= 0.1 * total:
        return "mixed"
    return "zh" if chinese > latin else "en"


def _foreign_words(words: list[str], han: int) -> float:
    """Latin words that are not English prose: names and abbreviations inside Chinese, else a language."""
    return float(len(words)) if len(words) > han / 2 else 0.0


def script(text: str) -> str:
    """Words for a language that is neither zh nor en, for the reason of a Gap."""
    text = text[:_SAMPLE]
    for pattern, name in ((_KANA, "Japanese"), (_HANGUL, "Korean"), (_OTHER, "another script")):
        if len(text) - len(pattern.sub("", text)) > 20:
            return name
    if len(_WORD.findall(text)) > 20:
        return "another language in Latin letters"
    return "no language that could be told"

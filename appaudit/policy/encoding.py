"""Finds the character encoding of a document and decodes it, whatever its declaration says.

A declaration is a hint: scraped pages carry ``charset=utf-8`` over GBK bytes and the other way about.
What decides is whether the decoded text reads like text: the share of its non-ASCII characters that
are frequent in Chinese notices or are ordinary punctuation and accented letters. The same bytes under
the wrong one of GB18030 and Big5 are rare characters almost throughout.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_CANDIDATES = ("utf-8", "gb18030", "big5hkscs", "utf-16-le", "utf-16-be", "windows-1252")
_ALIASES = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "big5": "big5hkscs",
    "cp950": "big5hkscs",
    "latin-1": "windows-1252",
    "iso8859-1": "windows-1252",
    "cp1252": "windows-1252",
    "ascii": "windows-1252",
    "utf-16": "utf-16-le",
}
_WEB = re.compile(r"cp125\d|iso8859-\d+|koi8-[ru]|shift_jis|cp932|euc_jp|euc_kr|cp949|iso2022_jp|mac-roman")
_NAMES = {"big5hkscs": "big5"}
_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})""", re.IGNORECASE)

# The most frequent characters of Chinese prose and of notices, simplified and traditional.
_FREQUENT = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里"
    "用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日"
    "军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见"
    "被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论"
    "处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资"
    "命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住"
    "告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运隐私收集服户网络密码账号授权储存"
    "这個們來國說時會對著過發後裡種經麼學現當動還進樣無與長機業間問戰頭體見產話給兒東聲員論處義幾條題爾變總電"
    "數報結務場計資許統區隊決馬書則聽強難權設記類據張該規萬領確傳師觀讓識帶導爭運隱內應關處蒐網絡碼帳號儲"
    "请为您於您本店策略款條款第於之供客戶戶閣下閱讀電郵聯絡披露及個人資料我們須可任何如有"
    "，。、；：？！“”‘’（）《》〈〉【】「」『』—…·％－／～〔〕"
)
_LATIN = frozenset(
    "“”‘’–—…•·©®™°«»§¶€£¥×÷\xa0\xad¡¿àâäáãåæçèéêëìíîïñòóôöõøœùúûüýÿßÀÂÄÁÃÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÖÕØŒÙÚÛÜÝ"
    "●○■□▪▶►→←↑↓✓✔★☆\u3000\u200b\u200c\u200d\u200e\u200f\u2028\u2029\ufeff"
)
_NON_ASCII = re.compile(rb"[\x80-\xff]")
_SAMPLE = 200_000


@dataclass(frozen=True, slots=True)
class Decoded:
    """``text`` decoded as ``encoding`` (utf-8, gb18030, big5, utf-16-le ...); a byte-order mark is not
    part of it. ``damaged`` counts the places where bytes did not decode and U+FFFD stands instead."""

    text: str
    encoding: str
    damaged: int = 0


def declared(data: bytes) -> str | None:
    """The encoding an HTML or XML head declares, as written."""
    match = _DECLARED.search(data[:4096])
    return match.group(1).decode("ascii") if match else None


def decode(data: bytes, hint: str | None = None) -> Decoded:
    """``data`` as text. ``hint`` is a declared encoding, believed where it reads well."""
    for bom, name in _BOMS:
        if data.startswith(bom):
            return _finish(data[len(bom) :], name)
    wide = _wide_without_bom(data)
    if wide:
        return _finish(data, wide)
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        pass
    sample = _sample(data)
    best, best_score = "utf-8", -1.0
    hinted = _codec(hint)
    for name in dict.fromkeys((hinted, *_CANDIDATES) if hinted else _CANDIDATES):
        score = _score(sample, name) + (0.02 if name == hinted else 0.0)
        if score > best_score:
            best, best_score = name, score
    return _finish(data, best)


def _codec(name: str | None) -> str | None:
    """Python's name of a declared text encoding, widened to its superset; None when there is none."""
    if not name:
        return None
    try:
        codec = codecs.lookup(name.strip().lower()).name
    except (LookupError, ValueError):
        return None
    codec = _ALIASES.get(codec, codec)
    return codec if codec in _CANDIDATES or _WEB.fullmatch(codec) else None


def _finish(data: bytes, name: str) -> Decoded:
    text = data.decode(name, errors="replace")
    damaged = text.count("\ufffd")
    return Decoded(text, _NAMES.get(name, name), damaged)


def _wide_without_bom(data: bytes) -> str | None:
    """UTF-16 shows itself by NULs on one side of nearly every ASCII character, or, in Chinese, by the
    line feeds and ASCII digits that are one byte beside a NUL."""
    sample = data[:4096]
    if len(sample) < 4 or b"\0" not in sample:
        return None
    sample = sample[: len(sample) // 2 * 2]
    scores = {name: _score(sample, name) for name in ("utf-16-le", "utf-16-be")}
    zeros = {"utf-16-le": sample[1::2].count(0), "utf-16-be": sample[0::2].count(0)}
    name = max(scores, key=lambda n: (zeros[n] * (0.5 + scores[n]), n))
    other = next(n for n in zeros if n != name)
    half = len(sample) // 2
    if zeros[name] > half * 0.6 and zeros[other] < half * 0.1:
        return name  # ASCII text
    return name if scores[name] > 0.3 and scores[name] > 2 * scores[other] else None


def _sample(data: bytes) -> bytes:
    """What there is to judge by: from the first non-ASCII byte on, at most `_SAMPLE` bytes."""
    first = _NON_ASCII.search(data)
    start = first.start() // 2 * 2 if first else 0
    return data[start : start + _SAMPLE]


def _score(sample: bytes, name: str) -> float:
    """Share of the non-ASCII characters that are usual, less what did not decode: from -1 to 1."""
    try:
        text = sample.decode(name, errors="replace")
    except (LookupError, UnicodeError):
        return -1.0
    usual = other = broken = ascii_controls = 0
    for char, count in Counter(text).items():
        if char in _FREQUENT or char in _LATIN:
            usual += count
        elif char == "\ufffd":
            broken += count
        elif char > "\x7f":
            other += count
        elif char < " " and char not in "\t\n\r\f":
            ascii_controls += count
    if name == "windows-1252":
        # Every byte string decodes as windows-1252; runs of accented letters are another encoding.
        runs = sum(len(run) for run in re.findall(r"[\x80-\uffff]{3,}", text))
        other += 2 * runs
    total = usual + other + broken
    if not total:
        return 0.5 - ascii_controls / max(1, len(text))
    return (usual - 2.0 * broken) / total - ascii_controls / max(1, len(text))

"""Permissions that a policy says the app asks for: by Android name, or in words ("camera permission")."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache

from appaudit.knowledge.permissions import permissions
from appaudit.policy.lexicon import words_of
from appaudit.policy.sentences import Sentence

_NAME = re.compile(r"(?<![A-Za-z0-9_])[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+(?![A-Za-z0-9_])")
_ALONE = re.compile(r"[(（]\s*([A-Z]{6,})\s*(?=[)）])")
"""A name of one word counts in brackets: "Network (INTERNET)"."""
_LETTER = re.compile(r"\w")
_PREFIX = "android.permission."
_CUE = {"zh": re.compile(r"权限"), "en": re.compile(r"\bpermissions?\b", re.I)}
_HINT = {"zh": ("权限", "访问", "调用", "打开", "开启"), "en": ("permission", "access")}
"""Without one of these, in lower case, a sentence names a permission only by its own name or a word that
stands for it alone."""
_BEFORE = {
    "zh": re.compile(r"(?:权限|权限包括|权限如下)[:：（(]?$|(?:访问|调用|使用|获取|开启|申请)您?的?$"),
    "en": re.compile(r"permissions?\W+(?:to|for|such as|including|like|of)\W+(?:\w+\W+){0,4}$", re.I),
}
_ACCESS = {
    "zh": re.compile(r"(?:访问|调用|打开|开启)(?:您的?|设备的?|手机的?)?"),
    "en": re.compile(r"\baccess(?:es)? (?:to )?(?:your|the) ", re.I),
}
"""Access to a gated thing, said without the word "permission"."""
_ACCESS_END = {
    "zh": re.compile(r"(?:访问|调用|打开|开启)(?:您的?|设备的?|手机的?)?$"),
    "en": re.compile(r"\baccess(?:es)? (?:to )?(?:your|the) (?:device'?s? |phone'?s? )?$", re.I),
}
_OTHERS = re.compile(
    r"(?:好友|他人|其他用户|对方|访客|\b(?:friends?|others|other users?|people) )[^，,。；;.]{0,12}$", re.I
)
"""Who opens it is not the app: 好友可打开相册."""
_JOIN = {
    "zh": re.compile(
        r"^(?:[、/,，和及与或（()）\s]|的|读取|写入|访问|使用|获取|系统|功能|等|信息|相关|设备|手机|开启|服务|状态|语音|图片库)*$"
    ),
    "en": re.compile(
        r"^(?:[\s,/()&'\"-]|and|or|the|your|access|system|related|device|service|app|other|mobile|phone|usage)*$",
        re.I,
    ),
}
_DENIED = {
    "zh": re.compile(
        r"(?:不会|不|未|无需|不再|无权|无法|没有)(?:主动)?(?:申请|获取|索取|请求|需要|使用|调用|开启|访问)"
    ),
    "en": re.compile(
        r"\b(?:(?:do not|don['’]t|does not|doesn['’]t|will not|won['’]t|never)\s+"
        r"(?:ask|request|require|need|use|apply)"
        r"|(?:no|not have|n['’]t have|not|cannot|can['’]t|unable to|never) (?:any )?access)\b",
        re.I,
    ),
}


@dataclass(frozen=True, slots=True)
class Grant:
    """``permissions``: full names; ``start``/``end`` in the sentence; ``denied``: "we do not request ..."."""

    permissions: tuple[str, ...]
    start: int
    end: int
    denied: bool = False


@cache
def _by_last_name() -> dict[str, str]:
    return {name.rpartition(".")[2]: name for name in permissions()}


@cache
def _words(language: str, alone: bool = False) -> dict[str, tuple[str, ...]]:
    """The permissions of each word, in lower case; ``alone``: of words that mean one wherever they stand."""
    return {
        word.lower(): tuple(table["permissions"])
        for table in words_of(f"permissions.{language}").values()
        for word in table["words"]
        if bool(table.get("alone")) == alone
    }


def _spots(low: str, words: Iterable[str], whole: bool) -> list[tuple[int, int, str]]:
    """(start, end, word) of those of the ``words`` that a text in lower case holds, from left to right, the
    longest where several begin, none inside another; ``whole``: no part of a longer word."""
    found: list[tuple[int, int, str]] = []
    for word in words:
        at = low.find(word)
        while at >= 0:
            end = at + len(word)
            if not whole or not ((at and _LETTER.match(low, at - 1)) or _LETTER.match(low, end)):
                found.append((at, -end, word))
            at = low.find(word, at + 1)
    out: list[tuple[int, int, str]] = []
    for at, end, word in sorted(found):
        if not out or at >= out[-1][1]:
            out.append((at, -end, word))
    return out


def named_in(text: str) -> Iterator[Grant]:
    """Permissions named by their Android name."""
    matches = [m.span() for m in _NAME.finditer(text)] if "_" in text else []
    if "(" in text or "（" in text:
        matches += [m.span(1) for m in _ALONE.finditer(text)]
    for start, end in sorted(matches):
        full = _by_last_name().get(text[start:end])
        if full is not None:
            start -= len(_PREFIX) if text.endswith(_PREFIX, 0, start) else 0
            yield Grant((full,), start, end)


def grants_of(sentence: Sentence) -> Iterator[Grant]:
    """Permissions named in one sentence."""
    text, low, language = sentence.plain, sentence.low, sentence.language
    for named in named_in(text):
        yield replace(named, denied=_denied(text, named.start, language))
    powers = _words(language, alone=True)
    certain = any(map(low.__contains__, powers))
    hinted = any(map(low.__contains__, _HINT[language]))
    if not certain and not hinted:
        return
    if certain:
        for start, end, word in _spots(low, powers, language == "en"):
            yield Grant(powers[word], start, end, _denied(text, start, language))
    if not hinted:
        return
    cues = [m.span() for m in _CUE[language].finditer(text)]
    if not cues and _ACCESS[language].search(text) is None:
        return
    meaning = _words(language)
    found = _spots(low, meaning, language == "en")
    held: list[bool] = [False] * len(found)
    for i in range(len(found) - 1, -1, -1):
        start, end, _ = found[i]
        following = next((c for c in cues if c[0] >= end), None)
        if (
            (
                following is not None
                and following[0] - end <= 24
                and _JOIN[language].match(text[end : following[0]])
            )
            or (i + 1 < len(found) and held[i + 1] and _JOIN[language].match(text[end : found[i + 1][0]]))
            or _asked(text[max(0, start - 60) : start], language, bool(cues))
        ):
            held[i] = True
    for i, (start, end, word) in enumerate(found):
        if i and start == found[i - 1][1] and not any(c[0] == end for c in cues):
            continue  # 录音文件: the second only says what the first makes
        if not held[i] and i and held[i - 1] and _JOIN[language].match(text[found[i - 1][1] : start]):
            held[i] = True
        if held[i]:
            yield Grant(meaning[word], start, end, _denied(text, start, language))


def _asked(before: str, language: str, cued: bool) -> bool:
    """Whether the words before a permission ask for it. ``cued``: the sentence speaks of permissions."""
    if cued:
        return _BEFORE[language].search(before) is not None
    access = _ACCESS_END[language].search(before)
    return access is not None and _OTHERS.search(before, 0, access.start()) is None


def _denied(text: str, at: int, language: str) -> bool:
    """Whether the permission at ``at`` is said not to be asked for: in Chinese by its own clause, as there
    a comma parts clauses and 、 the items of a list."""
    begin, end = 0, len(text)
    if language == "zh":
        begin = max(text.rfind(c, 0, at) for c in "，,；;") + 1
        end = min((p for c in "，,；;" if (p := text.find(c, at)) >= 0), default=end)
    return _DENIED[language].search(text, begin, end) is not None

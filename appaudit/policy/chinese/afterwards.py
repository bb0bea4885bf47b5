"""What a Chinese sentence says of words that its verbs left alone, or that a denial excepts."""

from __future__ import annotations

import re
from dataclasses import replace

from appaudit.policy.reading import GENERIC_ANAPHOR, Frame, Mention

_BUT = re.compile(r"除(?:了)?[^，,。；;]{1,24}?(?:之|以)?外(?=[的，,]|任何|其他|均|都)")
"""不会收集除手机号以外的信息."""
_END = r"(?=[，,。；;）)]|$)"
_STAYS = re.compile(
    r"(?:不会|从不|绝不|不)(?:被)?(?:离开|传出|流出)(?:您的|该|本)?(?:手机|设备|终端|本机)|"
    rf"(?:不会|从不|绝不)(?:被)?(?:上传|外传|回传){_END}"
)
_SENT = re.compile(rf"(?:会|将|才|可能)(?:被)?(?:上传|上报|回传)(?:[至到]我们的服务器)?{_END}")
_FORM = re.compile(r"(?:信息)?(?:为|是|属于)(?:选填|非必填|必填|可选|必选)(?:项|信息|内容|字段)?")
_CASE = re.compile(r"仅?(?:在|当)[^，,。；;]{2,40}?(?:时|后|情况下|情形下)")
_RECEIVED = re.compile(
    r"(?:^|[，,。；;])(?P<who>(?!我们|本|您)[^，,。；;]{0,10}(?:运营商|快递员|配送员|骑手|商家|卖家|服务商|合作方|第三方|机构))"
    r"(?:会|将|可能|可以?|能够?)+(?P<verb>收到|看到|知晓|知悉|了解到|接触到|获悉)"
)
_HANDED = re.compile(
    rf"并(?:会|将|可能)*(?:向|给)(?!您|我们)(?P<who>[^，,。；;]{{2,16}}?)(?P<verb>提供|披露){_END}"
)
_BREAK = re.compile(r"[，,。；;]")
_WHEN = re.compile(
    r"(?:(?:仅|只)(?:会)?)?(?:在|当)(?!任何|以下|下列|如下|上述|[^，,。；;]{0,6}(?:时间|后台))[^，,。；;]{2,40}?"
    r"(?:时候?(?![间长段刻效常区])|后(?![台续端者期])|期间|过程中|情况下|情形下|前提下)"
    r"(?=(?:才|方|我们|会|将|仅|可能|可以|能)*[^，,。；;、]{0,4}$)"
)
"""我们仅在您上传头像时访问……: a case without a comma behind it. Ends where the verb begins."""
_RELEASE = re.compile(
    r"(?:自|从)[^，,。；;\d]{0,8}[vV]?\d+(?:\.\d+){0,3}\s*版本?[^，,。；;]{0,4}?(?:起|开始)"
    r"|(?:(?:仅|只)?(?:在|对于|对|针对|使用|运行|搭载))?(?:Android|安卓|iOS|HarmonyOS|鸿蒙)(?:系统|版本|操作系统)?\s*"
    r"[vV]?\d+(?:\.\d+)*\s*(?:版本?|系统)?(?:[及或和]?其?(?:以[上下前后]|之[前后]|更[高低早]))?"
    r"(?:的?(?:版本|系统|设备|手机|机型|用户)){0,3}[上中]?"
)
"""自3.2版本起, 在Android 9及以下版本的设备上."""
_DIGIT = re.compile(r"\d")
_LEADS = re.compile(r"(?:^|[，,。；;：:]|我们)(?:仅|只)?(?:会|将|可能)?$")
_WORKED = re.compile(
    r"经(?:过)?[^，,。；;]{0,14}(?:匿名化|去标识化|脱敏)[^，,。；;]{0,6}后[，,]?(?:我们)?(?:会|将|可能|可以?)*"
    rf"(?P<verb>共享|分享|提供|披露)(?:给|予|至)(?!您|我们)(?P<who>[^，,。；;]{{2,16}}){_END}"
)
"""甲经匿名化处理后，我们会共享给乙."""


def settle(text: str, mentions: list[Mention]) -> None:
    """Gives the ``mentions`` of a sentence the frames and conditions that stand around them."""
    if not mentions:
        return
    if "除" in text:
        for found in _BUT.finditer(text):
            _but(mentions, found)
    if "传" in text or "离开" in text or "上报" in text or "流出" in text:
        for found in _STAYS.finditer(text):
            _before(text, mentions, found, Frame(found.group(), "local", "we", "local_only", *found.span()))
        for found in _SENT.finditer(text):
            _before(text, mentions, found, Frame("上传", "collect", "we", "collected", *found.span()))
    if "填" in text or "选" in text:
        for found in _FORM.finditer(text):
            _before(text, mentions, found, Frame("填写", "provide", "you", "collected", *found.span()))
    if "经" in text and (worked := _WORKED.search(text)) is not None:
        frame = Frame(worked["verb"], "share", "we", "shared", *worked.span(), recipient=worked["who"])
        _before(text, mentions, worked, frame)
    if ("在" in text or "当" in text) and ("时" in text or "后" in text or "中" in text or "下" in text):
        _when(text, mentions)
    if ("版" in text or "ndroid" in text or "安卓" in text or "iOS" in text) and _DIGIT.search(text):
        _bind(text, mentions)
    if "到" in text or "知" in text or "获悉" in text:
        _receive(text, mentions)
    if "并" in text and (handed := _HANDED.search(text)) is not None:
        frame = Frame(handed["verb"], "share", "we", "shared", *handed.span(), recipient=handed["who"])
        taken = [m for m in mentions if m.end <= handed.start() and m.frame is not None]
        for mention in taken:
            last = taken[-1].frame
            if mention.frame is last and last is not None and last.polarity == "collected":
                mention.extra += (frame,)


def _when(text: str, mentions: list[Mention]) -> None:
    """Puts what is said under the case that stands right before its verb."""
    cases: dict[int, tuple[int, int] | None] = {}
    for mention in mentions:
        frame = mention.frame
        if frame is None or frame.polarity is None or frame.inherited or mention.conditions:
            continue
        if not 0 < frame.start <= mention.start:
            continue
        if frame.start not in cases:
            begin = max(text.rfind(mark, 0, frame.start) for mark in "，,。；;") + 1
            case = _WHEN.search(text[: frame.start], begin)
            cases[frame.start] = case.span() if case is not None else None
        if (span := cases[frame.start]) is not None:
            mention.conditions = (span,)


def _bind(text: str, mentions: list[Mention]) -> None:
    """Puts what is said under the release of the app or the system that it is said of."""
    found = list(_RELEASE.finditer(text))
    for number, release in enumerate(found):
        begin, end = release.span()
        if text[:begin].rstrip().endswith(("(", "（")):
            bound = [m for m in mentions if m.end <= begin][-1:]
        elif _LEADS.search(text, max(0, begin - 8), begin):
            stop = min((p for c in "；;" if (p := text.find(c, end)) >= 0), default=len(text))
            stop = min(stop, found[number + 1].start() if number + 1 < len(found) else stop)
            bound = [m for m in mentions if end <= m.start < stop]
        else:
            continue
        for mention in bound:
            if not any(a < end and begin < b for a, b in mention.conditions):
                mention.conditions += ((begin, end),)


def _receive(text: str, mentions: list[Mention]) -> None:
    """What somebody will receive, see or learn is shared with them."""
    for found in _RECEIVED.finditer(text):
        frame = Frame(found["verb"], "collect", "partner", "shared", *found.span(), recipient=found["who"])
        stop = _BREAK.search(text, found.end())
        for mention in mentions:
            inside = found.end() <= mention.start < (stop.start() if stop else len(text))
            if inside and mention.frame is None and mention.type != GENERIC_ANAPHOR:
                mention.frame = frame


def _but(mentions: list[Mention], found: re.Match[str]) -> None:
    """What a denial excepts is taken: it is denied of all but these."""
    inside = [m for m in mentions if found.start() <= m.start < found.end() and m.type != GENERIC_ANAPHOR]
    after = next((m.frame for m in mentions if m.start >= found.end() and m.frame is not None), None)
    for mention in inside:
        if mention.frame is None and after is not None and after.negated:
            mention.frame = after
        if mention.frame is not None and mention.frame.negated:
            mention.flipped = True


def _before(text: str, mentions: list[Mention], found: re.Match[str], frame: Frame) -> None:
    """Gives ``frame`` to what stands before it in its clause without a verb."""
    start = max(text.rfind(mark, 0, found.start()) for mark in "，,。；;") + 1
    case = _CASE.search(text, start, found.start())
    for mention in mentions:
        if not start <= mention.start < found.start() or mention.frame is not None or mention.depth:
            continue
        if mention.type == GENERIC_ANAPHOR or (case and case.start() <= mention.start < case.end()):
            continue
        mention.frame = replace(frame)
        mention.conditions = mention.conditions or ((case.span(),) if case else ())

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
    if "到" in text or "知" in text or "获悉" in text:
        _receive(text, mentions)
    if "并" in text and (handed := _HANDED.search(text)) is not None:
        frame = Frame(handed["verb"], "share", "we", "shared", *handed.span(), recipient=handed["who"])
        taken = [m for m in mentions if m.end <= handed.start() and m.frame is not None]
        for mention in taken:
            last = taken[-1].frame
            if mention.frame is last and last is not None and last.polarity == "collected":
                mention.extra += (frame,)


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

"""What the Chinese reader carries along a sentence: its words, its place, the frame in force."""

from __future__ import annotations

import re
from dataclasses import dataclass

from appaudit.knowledge.data_types import data_types
from appaudit.policy.lexicon import words_of
from appaudit.policy.matching import Token
from appaudit.policy.reading import Frame, Mention, SentenceReading

OPEN, CLOSE = "([（【〔{", ")]）】〕}"
PUNCT = re.compile(r"[，,；;：:、/()（）\[\]【】〔〕{}“”‘’\"'的等时后并]")
BREAK = "，,；;"
INERT = frozenset({"trap", "conj", "head", "source", "public", "because"})
"""Kinds of words that change nothing by themselves; their neighbours look at them."""
SUBJECTS = ("we", "you", "partner", "sdk")
NOMINAL = re.compile(
    r"^(?:的|和使用|及使用|与使用|、使用)?(?:规则|情况|清单|说明|范围|目的|方式|活动|行为|过程|服务(?![器商端])|功能|期限|位置(?!信息|数据|权限[、和及]|、|和|及)|地点|请求|权限|措施|习惯|频率|时长)"
)
HEADS = tuple(words_of("cues.zh")["head"]["words"])
_DEVICE = r"(?:本地|设备端|终端[上中内]|设备[上中内]|手机[上中内])"
ON_DEVICE = re.compile(rf"(?:在|于|至|到)[^，,；;、]{{0,8}}{_DEVICE}")
"""After a verb: 保存在您的设备本地."""
ON_DEVICE_BEFORE = re.compile(rf"(?:在|于)[^，,；;、：:]{{0,8}}{_DEVICE}[^，,；;、：:]{{0,2}}$")
"""Before a verb: 仅在您的设备本地处理."""
ONLY_ON_DEVICE = re.compile(rf"仅在[^，,；;、：:]{{0,8}}{_DEVICE}")

_DOINGS = re.compile(r"的?(?:功能|服务|过程|操作|按钮|页面|活动|商品|时|等(?:功能|服务|操作|环节|场景))")
"""After a list of doings: it names what the app does, not what is kept of it."""

OWNERS = frozenset({"payment_account", "account_info", "third_party_account", "order_info"})
GATED = frozenset(t.id for t in data_types().values() if t.permissions)
"""Types that a permission of the system guards."""
CLOSING = frozenset({"account_info", "personal_info", "contact_info", "identity_info", "device_info"})


@dataclass(slots=True)
class State:
    actor: str = ""
    frame: Frame | None = None
    held: bool = False
    nested: bool = False
    negated: bool = False
    only: bool = False
    excluded: bool = False
    taking: int = -1  # where 将/把 opened, -1 if not
    to_whom: str = ""
    passive: bool = False
    refused: bool = False  # what the user refuses or takes back, up to the next comma


class Walk:
    """The items of a sentence and the state of the walk over them."""

    partner = ""

    def __init__(self, text: str, items: list[Token], inherited: Frame | None, skip: int = 0) -> None:
        self.text = text
        self.items = [t for t in items if t.start >= skip] if skip else items
        self.inherited = inherited
        self.state = State(frame=inherited)
        self.stack: list[State] = []
        self.clause = 0
        self.after_break = True
        self.mentions: list[Mention] = []
        self.conditions: list[tuple[int, int]] = []
        self.condition_start = -1
        self.out = SentenceReading()

    def new_clause(self, actor: str) -> None:
        self.clause += 1
        self.state = State(actor=actor)

    def end_condition(self, end: int) -> None:
        if self.condition_start >= 0:
            span = (self.condition_start, end)
            self.conditions.append(span)
            if self.text.startswith("除非", span[0]):  # a condition that follows what it limits
                for mention in self.mentions:
                    if not mention.conditions:
                        mention.conditions = (span,)
            self.condition_start = -1

    def continues(self, i: int) -> bool:
        """Whether the list goes on after the comma at ``i``."""
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        return nxt is not None and bool(
            nxt.get("data") or nxt.get("weak") or nxt.get("group") or nxt.get("conj")
        )

    def named_at(self, position: int) -> bool:
        """Whether a data word of the frame in force ends at ``position``."""
        last = self.mentions[-1] if self.mentions else None
        return last is not None and last.end == position and last.frame is not None

    def free(self) -> list[Mention]:
        """Mentions of this clause that a later verb may take."""
        if self.state.taking >= 0:
            return [
                m
                for m in self.mentions
                if m.start > self.state.taking and (m.frame is None or m.frame.kind == "relative")
            ]
        return [
            m
            for m in self.mentions
            if m.clause == self.clause and (m.frame is None or m.frame.kind == "relative")
        ]

    def listed(self, i: int) -> bool:
        """Whether the word at ``i`` is in a list under a verb that has a data word too: 浏览、搜索记录."""
        if self.state.frame is None or self.state.frame.polarity is None or self.state.held:
            return False
        item = self.items[i]
        near = self.items[i - 1].text if i else ""
        strong = near == "、" and bool(self.mentions) and item.start - self.mentions[-1].end <= 5
        members, end, closed = 1, item.end, False
        for nxt in self.items[i + 1 : i + 24]:
            if nxt.start != end:
                break
            if nxt.get("data") or nxt.get("weak"):
                members += 1
                strong = strong or nxt.get("data") is not None
            elif not (nxt.text in "、/的等" or nxt.get("conj") or (nxt.get("you") and closed)):
                break
            closed = nxt.text == "等"
            end = nxt.end
        return strong and (members > 1 or near == "、") and not _DOINGS.match(self.text, end)

    def weak_counts(self, i: int) -> bool:
        """A weak word counts before a head noun, or as a member of a list of data."""
        item = self.items[i]
        if self.text.startswith(HEADS, item.end) or self.listed(i):
            return True
        for j in range(i + 1, min(i + 12, len(self.items))):
            nxt = self.items[j]
            if nxt.start - self.items[j - 1].end > 1 or nxt.text.startswith("您"):
                return False  # 分享您的位置信息: a verb
            if nxt.get("data") and nxt.text.endswith(HEADS):
                return self.state.frame is not None
            if nxt.get("data"):
                continue  # 设备、账号及日志信息
            if nxt.get("head") or (self.text.startswith(HEADS, nxt.end) and nxt.get("weak")):
                return True
            if not (nxt.get("weak") or nxt.text in "、/的" or nxt.get("to") or nxt.get("conj")):
                break
        frame = self.state.frame
        if frame is not None and (frame.cls == "definition" or (frame.inherited and not self.out.has_verb)):
            before = self.items[i - 1].text if i else ""
            after = self.items[i + 1].text if i + 1 < len(self.items) else ""
            return (
                before in ("、", "/", "：", ":", "和", "及") or i == 0 or bool(self.items[i - 1].get("group"))
            ) and (after in ("、", "，", "/", "。", "和", "及") or i + 1 == len(self.items))
        return False

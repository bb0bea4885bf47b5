"""Walks a Chinese sentence: boundaries, subjects, purposes, and what each item does."""

from __future__ import annotations

import re
from dataclasses import replace

from appaudit.policy.chinese.afterwards import settle
from appaudit.policy.chinese.nouns import Nouns
from appaudit.policy.chinese.state import BREAK, CLOSE, INERT, ONLY_ON_DEVICE, OPEN, PUNCT, SUBJECTS
from appaudit.policy.lexicon import lexicon
from appaudit.policy.matching import Token
from appaudit.policy.reading import NOTHING_READ, Frame, SentenceReading

_UNDER_A_NAME = re.compile(r"[^，,。]{1,8}(?:名义|形式|方式|身份)")
"""以……名义收集 is no purpose."""
_BY_WHICH = re.compile(r"[^，,。；;、]{1,30}所(?:提供|使用|产生|生成|携带)")
"""用于接入服务的程序所提供的……: which program, not what for."""
_ABLE = ("可", "可以", "能", "能够", "单独")
_WHICH_DATA = re.compile(
    r"[^，,。；;、]{0,6}(?:识别|辨识|确定|确认|联系|定位)[^，,。；;]{0,16}的[^，,。；;]{0,6}(?:信息|数据|资料|标识)"
)
"""可用于识别您身份的数据: which data, not what for."""
_THESE = re.compile(r"您[^，,。；;]{0,6}(?:提供|填写|提交|补充)[^，,。；;]{0,2}(?:以下|下列|如下)")
"""如您提供以下资料，……：甲、乙."""
_LISTED = ("、", "或", "和", "及", "您的")
_WHICH_ITEM = re.compile(r"[^，,。；;、]{1,24}(?:、[^，,。；;、]{1,12})?的[^，,。；;、]{1,8}[、和及或]")
"""、用于证明身份的文件、: one of the things listed."""
_THEY = ("他们", "它们", "其可能", "其会", "其将")
_WHILE = ("时", "后", "期间", "过程中", "情况下")
_MUST = re.compile(r"(?:需要?|须|应|可以?|必须|至少)")
_LISTS = re.compile(
    r"(?:包括|包含|如下|有|为|含)(?:但不限于)?(?:以下|下列|如下)?(?:内容|信息|几[项类种]|类型)?\s*$"
)
_INSIDE = tuple("内中里上")

_LETS = re.compile(r"(?:要求|允许|授权|委托|同意|让|有|存在)?(?:任何|任一|其他|我们的|合作的|的)*")
"""Between a denial and a party: 不会允许任何第三方收集, 没有任何伙伴会获取."""


class ChineseReader(Nouns):
    """Reads the tokens of one sentence. Use `read`."""

    def read(self) -> SentenceReading:
        for i, item in enumerate(self.items):
            self.step(i, item)
            if self.after_break and item.text not in BREAK and not item.get("condition"):
                self.after_break = item.text == "为" and self.text.startswith("此", item.end)
        self.end_condition(len(self.text))
        if "除" in self.text:
            self.besides()
            self.excepted()
        self.taken_back()
        settle(self.text, self.mentions)
        self.out.mentions = self.mentions
        self.out.items = self.items
        frames = [m.frame for m in self.mentions if m.frame is not None and m.frame.polarity]
        state = self.state
        if state.frame is not None and state.frame.polarity and not state.frame.inherited:
            self.out.last_frame = state.frame
        elif frames:
            self.out.last_frame = frames[-1]
        self.spell_out()
        return self.out

    def step(self, i: int, item: Token) -> None:
        state = self.state
        text = item.text
        if item.readings:
            if not INERT.issuperset(item.readings):
                self.phrase(i, item)
        elif text in OPEN:
            self.stack.append(replace(state))
            if self.mentions and 0 <= item.start - self.mentions[-1].end <= 1:
                self.mentions[-1].group = True
                if state.frame is None:
                    state.frame = self.mentions[-1].frame
        elif text in CLOSE:
            if self.stack:
                inner, self.state = self.state, self.stack.pop()
                del inner
        elif text in BREAK:
            self.comma(i, text)
        elif text in "：:":
            self.colon(i, item)

    def phrase(self, i: int, item: Token) -> None:
        state = self.state
        verb = item.get("verb")
        weak = item.get("weak")
        subject = next(filter(item.readings.__contains__, SUBJECTS), "")
        if item.get("data") or (weak and self.weak_counts(i)) or (item.get("anaphor") and item.text != "其"):
            self.mention(i, item)
        elif subject and not (verb and subject == "partner"):
            self.subject(i, item, subject)
        elif item.get("local") and not verb:
            pass
        elif verb:
            self.verb(i, item, verb)
        elif item.get("negation"):
            state.negated = True
        elif item.get("refusal"):
            state.held, state.refused, state.frame = True, True, None
        elif item.get("exclusion"):
            if item.text in ("不含", "不包括", "但不包括"):
                state.excluded = True
        elif item.get("only"):
            state.only = True
        elif item.get("take") and item.text in ("将", "把"):
            if not self.verb_next(i) and not (item.text == "将" and self.will(item)):
                state.taking = item.start
                if state.frame is None or state.frame.cls != "definition":
                    state.frame = None
            else:
                state.passive = True
        elif item.get("to"):
            state.to_whom = self.whom(i)
        elif item.get("group"):
            self.group(i, item)
        elif item.get("condition"):
            if ONLY_ON_DEVICE.match(self.text, item.start):
                state.only = True
            elif self.after_break or item.text not in ("时", "如") or self.ends_clause(item):
                self.condition_start = self.opening(item)
        elif item.get("purpose"):
            self.purpose(i, item)
        elif item.get("passive"):
            state.passive = True

    def comma(self, i: int, text: str) -> None:
        state = self.state
        self.after_break = True
        state.nested = False
        if self.stack:
            state.held = self.stack[-1].held
        state.excluded = False
        state.to_whom = ""
        state.passive = False
        if not self.stack and self.text.endswith(_WHILE, 0, self.items[i].start):
            state.held = False  # 在您注册为会员时，: over
        condition = self.condition_start >= 0
        self.end_condition(self.items[i].start)
        if (
            condition
            and not self.stack
            and state.actor == "you"
            and (state.frame is None or not self.continues(i))
        ):
            # 当您……时，需要……: what follows has its own subject, often unsaid
            self.new_clause("")
            state = self.state
        own = state.actor == "you" and self.text.endswith(_WHILE, 0, self.items[i].start)
        if not self.stack and (own or (state.held and not state.actor)) and self.own_subject(i):
            self.new_clause("")
            state = self.state
        if not self.stack and state.held and not state.refused and self.takes_next(i):
            self.new_clause(state.actor if state.actor != "you" else "")
            state = self.state
        if text in "；;":
            self.new_clause("")
            if self.inherited and self.inherited.cls == "definition":
                self.state.frame = self.inherited
            return
        if (
            state.frame is not None
            and state.frame.verb in ("根据", "基于", "依据", "结合")
            and not self.continues(i)
        ):
            state.frame = None
        if not self.stack and state.taking < 0 and self.new_topic(i):
            self.new_clause("")
            return
        if not self.stack:
            state.negated = False
            if state.taking < 0:
                self.clause += 1 if not self.continues(i) else 0

    def owns(self, i: int) -> bool:
        """Whether the user named at ``i`` only says whose the listed data are: ……及您访问的记录."""
        if i == 0 or i + 1 >= len(self.items):
            return False
        before, nxt = self.items[i - 1], self.items[i + 1]
        listed = before.text == "、" or before.get("conj") is not None
        return listed and nxt.get("data") is not None and nxt.start == self.items[i].end

    def own_subject(self, i: int) -> bool:
        """Whether after 您……时， or 为了……， a clause follows whose subject is a name: 某某会记录……"""
        comma = self.items[i].start
        for nxt in self.items[i + 1 : i + 6]:
            if nxt.text in BREAK or any(nxt.get(s) for s in SUBJECTS):
                return False
            if nxt.get("passive"):
                return nxt.start - comma > 2
            if nxt.get("verb"):
                return False
        return False

    def takes_next(self, i: int) -> bool:
        """Whether the clause after the comma at ``i`` begins with a verb that takes data or hands them on:
        为了……，可能会收集, ……，仅会向伙伴提供."""
        for nxt in self.items[i + 1 : i + 6]:
            if (verb := nxt.get("verb")) is not None:
                return verb.value in ("collect", "share", "provide")
            if nxt.readings.keys().isdisjoint(("only", "passive", "to", "partner")):
                return False
        return False

    def colon(self, i: int, item: Token) -> None:
        frame = self.state.frame
        if frame is not None and frame.kind == "relative" and _LISTS.search(self.text, 0, item.start):
            pass  # 我们收集的信息包括：
        elif item.start <= 24 and not self.out.has_verb and not self.inherited:
            self.mentions = []
            self.new_clause("")
        elif self.mentions and item.start - self.mentions[-1].end <= 2:
            self.mentions[-1].group = True
        if frame is None and self.state.frame is None and _THESE.search(self.text, 0, item.start):
            self.state.frame = Frame("提供", "provide", "you", "collected", item.start, item.end)
        self.after_break = True
        del i

    def purpose(self, i: int, item: Token) -> None:
        """用于, 以便 and 为 hold the frame: what follows tells what for."""
        state = self.state
        word = item.text
        if word == "为" and self.text.startswith("此", item.end):
            return
        if word in ("来", "用于") and i and self.items[i - 1].get("you"):
            between = self.text[self.items[i - 1].end : item.start]
            if between == ("用" if word == "来" else ""):
                return  # 您用来登录的设备: which one
        if word == "用于" and _BY_WHICH.match(self.text, item.end):
            return
        if word == "用于" and (
            (self.text.endswith(_ABLE, 0, item.start) and _WHICH_DATA.match(self.text, item.end))
            or (self.text.endswith(_LISTED, 0, item.start) and _WHICH_ITEM.match(self.text, item.end))
        ):
            state.nested = True
            return
        if word == "以" and _UNDER_A_NAME.match(self.text, item.end):
            return
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        if word in ("来",) and nxt is not None and not nxt.get("verb"):
            return
        if word == "以" and self.text[item.end : item.end + 1] in tuple("网及下上外内前后往弹电其短粗"):
            return
        if word == "为" and not self.after_break and self.text.startswith("您", item.end):
            return
        if (
            word == "为"
            and not self.after_break
            and self.text[item.end : item.end + 1] not in tuple("了您完实向便提保确履改进")
        ):
            return
        state.held = True

    def subject(self, i: int, item: Token, actor: str) -> None:
        state = self.state
        if state.refused and not self.after_break:
            return
        following = self.text[item.end : item.end + 1]
        if self.text.endswith(("征得", "经", "取得", "获得", "征求", "得到", "经过"), 0, item.start):
            return  # "after obtaining your consent": the user is no subject
        if self.text.endswith("被", 0, item.start):
            return  # 被我们收集
        if actor == "we" and following in _INSIDE and self.text.endswith("在", 0, item.start):
            return  # 在应用内: where, not who
        if self.text.endswith("在", 0, item.start) and actor == "you" and state.actor == "we":
            state.nested = True  # 我们仅在您使用……期间收集……
            return
        if item.text == "用户" and self.text[max(0, item.start - 2) : item.start] in ("作为", "其他", "成为"):
            return
        before = self.items[i - 1] if i else None
        if actor == "sdk" and before is not None and (before.get("partner") or before.get("we")):
            state.actor = "sdk"
            return
        if following == "的" and actor in ("we", "you"):
            if actor == "we" and self.after_break and state.held:
                self.new_clause("we")  # 为了……，我们的客服需要您提供……
            return
        if actor == "partner" and self.gives_us(i):
            state.nested = False
            return
        if actor == "you" and state.frame is not None and self.owns(i):
            return
        adjacent = before is not None and item.start - before.end <= 0
        if (
            before is not None
            and adjacent
            and (
                before.get("to")
                or before.get("source")
                or before.text in ("由", "为", "帮助", "便于", "使", "助", "被")
                or before.get("purpose")
            )
        ):
            if actor == "partner":
                state.to_whom = item.text
                if before.text == "由":
                    self.new_clause("partner")
            elif actor == "we" and before.get("to"):
                state.to_whom = "我们"
            elif before.get("to"):
                state.to_whom = state.to_whom or ("您" if actor == "you" else "")
            return
        if actor in ("partner", "sdk"):
            if state.to_whom and not self.after_break:
                return
            if actor == "sdk" or self.acts(i):
                if (
                    actor == "partner"
                    and state.frame is not None
                    and state.frame.cls in ("share", "provide")
                    and not self.after_break
                ):
                    return
                if state.taking >= 0:
                    return
                denied = before is not None and state.negated and before.get("negation") is not None
                none = denied and _LETS.fullmatch(self.text, self.items[i - 1].end, item.start) is not None
                self.new_clause(actor)
                self.partner = item.text
                self.state.negated = none
            return
        opened = actor == "we" and state.actor == "you" and self.text.endswith(_WHILE, 0, item.start)
        if (
            state.frame is not None
            and not self.after_break
            and not opened
            and not state.frame.inherited
            and (state.frame.polarity or state.frame.verb in ("同意", "授权"))
            and not state.held
        ):
            state.nested = True
            return
        if (
            self.stack
            and state.frame is not None
            and state.frame.polarity
            and actor == "you"
            and state.frame.cls != "definition"
        ):
            state.nested = True
            return
        if state.taking >= 0 and not self.after_break:
            state.nested = True
            return
        if (
            state.held
            and not self.after_break
            and not (actor == "you" and _MUST.match(self.text, item.end, item.end + 2))
        ):
            return
        keep = state.frame if state.frame is not None and state.frame.cls == "definition" else None
        negated = state.negated
        self.new_clause(actor)
        self.state.frame = keep
        if negated and before is not None and before.get("negation"):
            self.state.negated = True


def tokens(text: str) -> list[Token]:
    """The words of one Chinese sentence in simplified characters, as `read` takes them."""
    return lexicon().items(_user(text), PUNCT)


def read(
    text: str,
    words: list[Token],
    inherited: Frame | None = None,
    skip: int = 0,
    before: SentenceReading = NOTHING_READ,
) -> SentenceReading:
    """The reading of one Chinese sentence. ``words``: its `tokens`; ``inherited``: the frame of what leads
    it in; ``skip``: characters at its start that are a defined term, not part of the statement; ``before``:
    what was read off the sentence before."""
    reader = ChineseReader(_user(text), words, inherited, skip)
    if reader.text.startswith(_THEY) and (they := before.they()):
        reader.state.actor, reader.partner = "partner", they
    return reader.read()


def _user(text: str) -> str:
    """``text`` with one word for the user; offsets stay."""
    return text.replace("你", "您")

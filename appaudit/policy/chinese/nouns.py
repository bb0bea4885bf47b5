"""Chinese data words: the verb each stands under, and the groups they open."""

from __future__ import annotations

import re

from appaudit.policy.chinese.accounts import in_touch, signs_in
from appaudit.policy.chinese.state import CLOSING, OWNERS
from appaudit.policy.chinese.verbs import Verbs
from appaudit.policy.matching import Token
from appaudit.policy.reading import GENERIC_ANAPHOR, Mention

_SUMS_UP = re.compile(r"(?:的|等|在内的|及其他)$")
_BESIDES = re.compile(r"除(?:了)?(?P<also>[^，,。；;]{1,20}?)(?:之|以)?外[，,][^。；;]{0,16}?(?:还|也)")

_EXCEPT = re.compile(
    r"(?<![解免排删清消])除(?!非|上述|前述|以上|本政策|此)(?:了)?[^，,。；;]{0,40}?"
    r"(?:时|功能|服务|情[形况]|规定|要求|同意|授权|许可|约定|必要|需要|允许|场景|目的)[^，,。；;、]{0,6}?(?:之|以)?外(?=[，,])"
)
"""除您使用邀请功能外，我们不会读取乙: when it is."""


def _not_taken(mention: Mention) -> bool:
    frame = mention.frame
    return frame is not None and frame.cls == "collect" and frame.polarity == "not_collected"


_SPELLS = frozenset({"包括", "包含", "包括但不限于", "例如", "比如"})
"""What opens a list of what was spoken of."""


class Nouns(Verbs):
    """Takes up mentions."""

    def owned(self, i: int) -> bool:
        """Whether a data word follows that the word at ``i`` only belongs to: 手机IMEI."""
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        if nxt is None:
            return False
        if nxt.text == "的" and i + 2 < len(self.items):
            nxt = self.items[i + 2]
        between = self.text[self.items[i].end : nxt.start]
        return nxt.get("data") is not None and (
            len(between) <= 1 or between in ("中的", "里的", "上的", "内的")
        )

    def group(self, i: int, item: Token) -> None:
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        if item.text == "如" and (nxt is None or not (nxt.get("data") or nxt.get("weak"))):
            if self.after_break:
                self.condition_start = item.start
            return
        if self.mentions and item.start - self.mentions[-1].end <= 2 and item.text not in ("等", "在内的"):
            self.mentions[-1].group = True

    def spell_out(self) -> None:
        """将您的信息共享给伙伴，其中可能包括您的位置: the list goes on with what was said before it."""
        frame = self.out.last_frame
        if frame is None or frame.polarity is None or frame.inherited:
            return
        opened = anew = False
        for i, item in enumerate(self.items):
            if item.start < frame.end:
                continue
            if item.text in _SPELLS:
                opened, anew = True, i > 0 and self.items[i - 1].text == "，"
            elif item.text in "；;。" or item.get("negation"):
                opened = False
            elif item.get("verb") and i and not self.items[i - 1].get("you"):
                opened = False  # 您上传的照片: only says which
            elif opened and item.get("data"):
                for mention in self.mentions:
                    free = mention.frame is None and (anew or mention.clause >= 0)
                    if free and mention.start == item.start:
                        mention.frame = frame

    def mention(self, i: int, item: Token) -> None:
        state = self.state
        entry = item.get("data") or item.get("weak")
        type_id = entry.value if entry is not None else GENERIC_ANAPHOR
        frame = None if state.held else state.frame
        if frame is not None and frame.polarity is None:
            frame = None
        also = self.text.endswith("并通过", 0, item.start)
        if frame is None and not state.negated and (not state.held or state.taking >= 0 or also):
            frame = signs_in(self.text, item, type_id)
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        if nxt is not None and nxt.text == "的" and nxt.start == item.end and i + 2 < len(self.items):
            owned = self.items[i + 2]
            if (
                (type_id in OWNERS or item.text == "手机")
                and (owned.get("data") or owned.get("anaphor"))
                and owned.start - nxt.end <= 4
            ):
                return  # 您的支付账户的认证信息: the account only says whose
        if type_id == "carrier" and self.as_party(item):
            if self.after_break and self.acts(i):
                self.new_clause("partner")
                self.partner = item.text
            return
        if type_id == "phone_number" and item.text == "手机" and self.owned(i):
            return
        if in_touch(self.text, item):
            return
        if type_id == GENERIC_ANAPHOR and nxt is not None and nxt.start == item.end and nxt.get("data"):
            return  # 上述认证信息: the data word says it
        found = Mention(
            type_id,
            item.start,
            item.end,
            frame=frame,
            clause=self.clause if not state.held or state.taking >= 0 else -1 - self.clause,
            depth=len(self.stack),
        )
        if (
            type_id in CLOSING
            and self.mentions
            and self.mentions[-1].frame is frame
            and _SUMS_UP.search(self.text, self.mentions[-1].end, item.start)
            and item.start - self.mentions[-1].end <= 4
        ):
            return  # "头像、昵称的个人资料": the list says which
        found.flipped = state.excluded
        if state.taking >= 0:
            state.nested = False  # 把您选中的照片上传……: the clause inside has had its noun
        if self.conditions:
            found.conditions = (self.conditions[-1],)
        self.mentions.append(found)

    def taken_back(self) -> None:
        """需要提供甲，此时我们不会收集这些信息: 甲 is not collected."""
        denied = next((m for m in self.mentions if m.type == GENERIC_ANAPHOR and _not_taken(m)), None)
        if denied is None:
            return
        for mention in self.mentions:
            frame = mention.frame
            if frame is None or frame.cls != "provide" or frame.polarity != "collected":
                continue
            if mention.start < denied.start and frame.actor in ("you", ""):
                mention.frame = denied.frame

    def besides(self) -> None:
        """除甲外，我们还会使用乙: 甲 is used too."""
        found = _BESIDES.search(self.text)
        if found is None:
            return
        frame = next((m.frame for m in self.mentions if m.start >= found.end() and m.frame is not None), None)
        for mention in self.mentions:
            if mention.frame is None and found.start("also") <= mention.start < found.end("also"):
                mention.frame = frame

    def excepted(self) -> None:
        """除您使用某功能外，我们不会读取甲: a condition of the denial."""
        for found in _EXCEPT.finditer(self.text):
            if any(found.start() <= m.start < found.end() and m.frame is not None for m in self.mentions):
                continue
            for mention in self.mentions:
                denied = mention.frame is not None and mention.frame.negated
                if denied and mention.start >= found.end() and not mention.conditions:
                    mention.conditions = (found.span(),)

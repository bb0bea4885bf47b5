"""Reads one Chinese sentence: which data words stand under which verb, of whom, denied or not.

As in English one pass with a small state, but Chinese puts more before the verb: 将……共享 and
会被收集 take the data words before them, a relative clause ends in 的 (您提供的……), and the subject
of a nested clause (收集您在使用……时的记录) must not close the frame it stands in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from appaudit.policy.lexicon import NOTHING, Entry, Token, lexicon, words_of
from appaudit.policy.reading import GENERIC_ANAPHOR, STRENGTH, Frame, Mention, Polarity, SentenceReading

_OPEN, _CLOSE = "([（【〔{", ")]）】〕}"
_PUNCT = re.compile(r"[，,；;：:、/()（）\[\]【】〔〕{}“”‘’\"'的等时后并]")
_BREAK = "，,；;"
_SUBJECTS = ("we", "you", "partner", "sdk")
_NOMINAL = re.compile(
    r"^(?:的|和使用|及使用|与使用|、使用)?(?:规则|情况|清单|说明|范围|目的|方式|活动|行为|过程|服务|功能|期限|位置|地点|请求|权限|措施|习惯|频率|时长|范围)"
)
_HEADS = tuple(words_of("cues.zh")["head"]["words"])


@dataclass(slots=True)
class _State:
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


class ChineseReader:
    """Reads the tokens of one sentence. Use `read`."""

    def __init__(self, text: str, tokens: list[Token], inherited: Frame | None, skip: int = 0) -> None:
        self.text = text
        self.items = [t for t in _items(text, tokens) if t.start >= skip]
        self.inherited = inherited
        self.state = _State(frame=inherited)
        self.stack: list[_State] = []
        self.clause = 0
        self.after_break = True
        self.mentions: list[Mention] = []
        self.conditions: list[tuple[int, int]] = []
        self.condition_start = -1
        self.out = SentenceReading(tokens=tokens)

    def read(self) -> SentenceReading:
        for i, item in enumerate(self.items):
            self.step(i, item)
            if item.text not in _BREAK and not item.get("condition") and not item.get("adverb"):
                self.after_break = False
        self.end_condition(len(self.text))
        self.out.mentions = self.mentions
        frames = [m.frame for m in self.mentions if m.frame is not None and m.frame.polarity]
        state = self.state
        if state.frame is not None and state.frame.polarity and not state.frame.inherited:
            self.out.last_frame = state.frame
        elif frames:
            self.out.last_frame = frames[-1]
        return self.out

    # ------------------------------------------------------------------ walking

    def step(self, i: int, item: Token) -> None:
        state = self.state
        text = item.text
        if text in _OPEN:
            self.stack.append(replace(state))
            if self.mentions and 0 <= item.start - self.mentions[-1].end <= 1:
                self.mentions[-1].group = True
                if state.frame is None:
                    state.frame = self.mentions[-1].frame
                self.pending_group = self.mentions[-1]
        elif text in _CLOSE:
            if self.stack:
                inner, self.state = self.state, self.stack.pop()
                del inner
        elif text in _BREAK:
            self.comma(i, text)
        elif text in "：:":
            self.colon(i, item)
        elif item.readings:
            self.phrase(i, item)

    pending_group: Mention | None = None

    def phrase(self, i: int, item: Token) -> None:
        state = self.state
        verb = item.get("verb")
        weak = item.get("weak")
        subject = next((k for k in _SUBJECTS if item.get(k)), "")
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
        elif item.get("exclusion"):
            if item.text in ("不含", "不包括", "但不包括"):
                state.excluded = True
        elif item.get("only"):
            state.only = True
        elif item.get("take") and item.text in ("将", "把"):
            if not self.verb_next(i):
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
            if self.after_break or item.text not in ("时", "如"):
                self.condition_start = item.start
        elif item.get("purpose"):
            self.purpose(i, item)
        elif item.get("passive"):
            state.passive = True

    # ------------------------------------------------------------------ boundaries

    def comma(self, i: int, text: str) -> None:
        state = self.state
        self.after_break = True
        state.nested = False
        if self.stack:
            state.held = self.stack[-1].held
        state.excluded = False
        state.to_whom = ""
        state.passive = False
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
        if not self.stack:
            state.negated = False
            if state.taking < 0:
                self.clause += 1 if not self.continues(i) else 0

    def continues(self, i: int) -> bool:
        """Whether the list goes on after the comma at ``i``."""
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        return nxt is not None and bool(
            nxt.get("data") or nxt.get("weak") or nxt.get("group") or nxt.get("conj")
        )

    def new_clause(self, actor: str) -> None:
        self.clause += 1
        self.state = _State(actor=actor)

    def colon(self, i: int, item: Token) -> None:
        if item.start <= 24 and not self.out.has_verb and not self.inherited:
            self.mentions = []
            self.new_clause("")
        elif self.mentions and item.start - self.mentions[-1].end <= 2:
            self.mentions[-1].group = True
        self.after_break = True
        del i

    def end_condition(self, end: int) -> None:
        if self.condition_start >= 0:
            span = (self.condition_start, end)
            self.conditions.append(span)
            self.condition_start = -1

    def purpose(self, i: int, item: Token) -> None:
        """用于, 以便 and 为 hold the frame: what follows tells what for."""
        state = self.state
        word = item.text
        if word == "为" and self.text.startswith("此", item.end):
            return
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        if word in ("来",) and nxt is not None and not nxt.get("verb"):
            return
        if word == "以" and self.text[item.end : item.end + 1] in (
            "网",
            "及",
            "下",
            "上",
            "外",
            "内",
            "弹",
            "电",
            "其",
            "短",
            "粗",
        ):
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

    # ------------------------------------------------------------------ subjects

    def subject(self, i: int, item: Token, actor: str) -> None:
        state = self.state
        following = self.text[item.end : item.end + 1]
        if self.text.endswith(("征得", "经", "取得", "获得", "征求", "得到", "经过"), 0, item.start):
            return  # "after obtaining your consent": the user is no subject
        if item.text == "用户" and self.text[max(0, item.start - 2) : item.start] in ("作为", "其他", "成为"):
            return
        before = self.items[i - 1] if i else None
        if actor == "sdk" and before is not None and (before.get("partner") or before.get("we")):
            state.actor = "sdk"
            return
        if following == "的" and actor in ("we", "you"):
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
                self.new_clause(actor)
                self.partner = item.text
            return
        if (
            state.frame is not None
            and not self.after_break
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
            and not (
                actor == "you"
                and re.match(r"(?:需要?|须|应|可以?|必须|至少)", self.text[item.end : item.end + 2])
            )
        ):
            return
        keep = state.frame if state.frame is not None and state.frame.cls == "definition" else None
        negated = state.negated
        self.new_clause(actor)
        self.state.frame = keep
        if negated and before is not None and before.get("negation"):
            self.state.negated = True

    partner = ""

    def acts(self, i: int) -> bool:
        """Whether the partner named at ``i`` is followed by its verb."""
        item = self.items[i]
        for j in range(i + 1, min(i + 4, len(self.items))):
            nxt = self.items[j]
            if nxt.start - item.end > 8 or nxt.text in _BREAK or nxt.text in "、/和与及":
                return False
            if nxt.get("passive") or nxt.get("only"):
                return True
            verb = nxt.get("verb")
            if verb is not None:
                return (
                    verb.value in ("collect", "use", "permission", "share")
                    and self.text[nxt.end : nxt.end + 1] != "的"
                )
            if nxt.get("data") or any(nxt.get(s) for s in _SUBJECTS):
                return False
        return False

    def whom(self, i: int) -> str:
        """Who the preposition at ``i`` points to: 我们, 您, or a partner's name; "" if it is a plain 和."""
        start = self.items[i].end
        for j in range(i + 1, min(i + 6, len(self.items))):
            item = self.items[j]
            if item.text in _BREAK:
                break
            if item.get("partner"):
                return item.text
            if item.get("we") and item.start - start <= 1:
                return "我们" if self.text[item.end : item.end + 1] != "的" else ""
            if item.get("you") and item.start - start <= 1:
                if "的" in self.text[item.end : item.end + 8]:
                    continue
                return "您"
            if item.get("public") or (item.text == "其" and item.start - start <= 0):
                return item.text
            if item.get("data"):
                break
        return ""

    # ------------------------------------------------------------------ verbs

    def verb_next(self, i: int) -> bool:
        item = self.items[i]
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        if nxt is None:
            return True
        if nxt.start - item.end > 2:
            return False
        return bool(nxt.get("verb") and not nxt.get("weak")) or bool(
            nxt.get("negation")
            or nxt.get("passive")
            or nxt.get("only")
            or nxt.get("to")
            or nxt.get("purpose")
        )

    def verb(self, i: int, item: Token, verb: Entry) -> None:
        state = self.state
        cls = verb.value
        after = self.text[item.end : item.end + 8]
        before_char = self.text[item.start - 1 : item.start]
        if state.frame is not None and state.frame.cls == "definition":
            return
        if after.startswith("的") and not after.startswith("的上述"):
            self.relative(i, item, verb)
            return
        if state.nested and cls in ("use", "collect", "other", "provide", "permission"):
            return
        if before_char == "的" or (_NOMINAL.match(after) and cls != "local"):
            return
        if state.held:
            fresh = self.after_break and cls in ("collect", "use", "share", "permission", "provide")
            if not fresh and not (cls in ("share", "display") and state.taking >= 0):
                return
            state.held = False
        self.out.has_verb = True
        if cls == "other":
            shown = state.taking >= 0 and item.text in ("展示", "显示")
            if not shown and not (self.mentions and state.frame is not None and self._between(i)):
                state.frame = None if item.text not in ("浏览", "登录", "订购") else state.frame
            return
        polarity, recipient, kind = self.sense(i, item, cls)
        frame = Frame(
            item.text,
            cls,
            state.actor,
            polarity,
            item.start,
            item.end,
            state.negated,
            state.only,
            recipient,
            kind=kind,
        )
        if self.takes_left(i, item, cls):
            self.assign_left(frame)
            if polarity:
                self.out.last_frame = frame
            if not self.object_follows(i):
                state.frame = None
                state.taking = -1
                return
        previous = state.frame
        adjacent = (
            previous is not None
            and not previous.inherited
            and not any(m.start >= previous.end for m in self.mentions)
            and item.start - previous.end <= 4
        )
        if (
            adjacent
            and previous is not None
            and previous.polarity
            and STRENGTH[cls] <= STRENGTH[previous.cls]
        ):
            state.frame = replace(previous, end=item.end)
        else:
            state.frame = frame
        state.taking = -1

    def _between(self, i: int) -> bool:
        """A verb used inside an enumeration ("浏览、搜索" before its head) leaves the frame alone."""
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        return nxt is not None and nxt.text in "、/"

    def sense(self, i: int, item: Token, cls: str) -> tuple[Polarity | None, str, str]:
        """(polarity, recipient, kind) of a verb with its actor."""
        state = self.state
        actor = state.actor
        whom = state.to_whom or self.recipient_after(i)
        polarity: Polarity | None = None
        kind = ""
        if cls == "local" or (cls in ("collect", "use") and _ON_DEVICE.match(self.text, item.end)):
            polarity = "local_only"
        elif actor in ("we", ""):
            if cls in ("collect", "use"):
                polarity = "collected"
            elif cls == "permission":
                kind = "permission"
                polarity = "collected"
                if actor == "" and item.text in ("打开", "开启", "需要"):
                    polarity = None
            elif cls == "share":
                polarity = "shared" if whom != "您" else None
            elif cls == "display":
                polarity = "shared"
            elif (
                cls == "provide"
                and actor == ""
                and (whom == "我们" or re.search(r"(?:需要?|须|应|请|可)(?:您)?$", self.text[: item.start]))
            ):
                polarity = "collected"
            elif cls == "provide" and whom and whom not in ("我们", "您") and item.text in ("提供", "上传"):
                polarity = "shared"
        elif actor == "you":
            if (
                cls == "provide"
                and (whom in ("", "我们") or not self.is_partner(whom))
                and item.text != "选择"
            ):
                polarity = "collected"
            elif cls == "display":
                polarity = "shared"
            elif cls == "permission":
                polarity = None
        elif actor == "partner":
            if cls in ("collect", "use"):
                polarity = "shared"
                whom = self.partner
            elif cls in ("share", "provide"):
                polarity = "collected" if whom == "我们" else ("shared" if cls == "share" else None)
        elif actor == "sdk" and cls in ("collect", "use", "permission", "share"):
            polarity = "collected"
            kind = "sdk"
        if state.negated and polarity:
            if cls in ("use", "permission") or (cls == "provide" and actor == "you"):
                polarity = None
            else:
                polarity = "not_collected" if polarity in ("collected", "local_only") else "not_shared"
        return polarity, whom if whom not in ("您", "我们") else "", kind

    def is_partner(self, words: str) -> bool:
        return any(t.get("partner") for t in self.items if t.text == words)

    def recipient_after(self, i: int) -> str:
        item = self.items[i]
        for j in range(i + 1, min(i + 8, len(self.items))):
            nxt = self.items[j]
            if nxt.text in _BREAK:
                break
            if nxt.get("partner") and self.text[item.end : nxt.start].startswith(
                ("给", "至", "于", "与", "")
            ):
                return nxt.text
        return ""

    def object_follows(self, i: int) -> bool:
        """Whether a data word follows the verb in its clause."""
        for j in range(i + 1, min(i + 12, len(self.items))):
            nxt = self.items[j]
            if nxt.text in _BREAK or nxt.get("purpose") or nxt.text in _CLOSE:
                return False
            if nxt.get("data") or nxt.get("anaphor"):
                return True
            if nxt.get("weak") and self.weak_counts(j):
                return True
            if nxt.get("verb") and not nxt.get("weak"):
                return False
        return False

    def takes_left(self, i: int, item: Token, cls: str) -> bool:
        """Whether the verb's data stand before it: 将……共享, 会被收集, ……将公开显示."""
        state = self.state
        free = self.free()
        if not free:
            return False
        if state.taking >= 0:
            return cls in ("share", "display", "provide", "use", "collect", "local")
        if cls in ("share", "display", "local") or _ON_DEVICE.match(self.text, item.end):
            return not self.object_follows(i)
        return "被" in self.text[max(0, item.start - 4) : item.start] and cls in ("collect", "use")

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

    def assign_left(self, frame: Frame) -> None:
        for mention in self.free():
            if mention.frame is not None:
                mention.extra += (frame,)
            else:
                mention.frame = frame

    def relative(self, i: int, item: Token, verb: Entry) -> None:
        """您提供的……, 我们收集的……: how the data that follow came."""
        state = self.state
        if state.frame is not None and state.frame.polarity and not state.held:
            return
        if state.negated or state.taking >= 0:
            return
        actor = state.actor
        polarity: Polarity | None = None
        back = self.text[max(0, item.start - 12) : item.start]
        if "您" in back[back.rfind("，") + 1 :]:
            actor = "you"
        ours = actor == "we" and verb.value in ("collect", "use") and not state.held
        if ours or (actor == "you" and verb.value == "provide"):
            polarity = "collected"
        if polarity and not state.held:
            state.frame = Frame(item.text, verb.value, actor, polarity, item.start, item.end, kind="relative")
        del i

    # ------------------------------------------------------------------ mentions

    def weak_counts(self, i: int) -> bool:
        """A weak word counts before a head noun, or as a member of a list of data."""
        item = self.items[i]
        if self.text.startswith(_HEADS, item.end):
            return True
        for j in range(i + 1, min(i + 12, len(self.items))):
            nxt = self.items[j]
            if nxt.start - self.items[j - 1].end > 1:
                return False
            if nxt.get("data"):
                return nxt.text.endswith(_HEADS) and self.state.frame is not None
            if nxt.get("head") or (self.text.startswith(_HEADS, nxt.end) and nxt.get("weak")):
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

    def group(self, i: int, item: Token) -> None:
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        if item.text == "如" and (nxt is None or not (nxt.get("data") or nxt.get("weak"))):
            if self.after_break:
                self.condition_start = item.start
            return
        if self.mentions and item.start - self.mentions[-1].end <= 2 and item.text not in ("等", "在内的"):
            self.mentions[-1].group = True

    def mention(self, i: int, item: Token) -> None:
        state = self.state
        entry = item.get("data") or item.get("weak")
        type_id = entry.value if entry is not None else GENERIC_ANAPHOR
        frame = None if state.held else state.frame
        if frame is not None and frame.polarity is None:
            frame = None
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        if nxt is not None and nxt.text == "的" and nxt.start == item.end and i + 2 < len(self.items):
            owned = self.items[i + 2]
            if (
                type_id in _OWNERS
                and (owned.get("data") or owned.get("anaphor"))
                and owned.start - nxt.end <= 2
            ):
                return  # 您的支付账户的认证信息: the account only says whose
        found = Mention(
            type_id,
            item.start,
            item.end,
            item,
            frame=frame,
            clause=self.clause if not state.held or state.taking >= 0 else -1 - self.clause,
            depth=len(self.stack),
        )
        if (
            type_id in _CLOSING
            and self.mentions
            and self.mentions[-1].frame is frame
            and re.search(r"(?:的|等|在内的|及其他)$", self.text[self.mentions[-1].end : item.start])
            and item.start - self.mentions[-1].end <= 4
        ):
            return  # "头像、昵称的个人资料": the list says which
        found.flipped = state.excluded
        if self.condition_start >= 0:
            pass
        if self.conditions:
            found.conditions = (self.conditions[-1],)
        self.mentions.append(found)
        del i


_ON_DEVICE = re.compile(r"[^，,；;、]{0,8}(?:本地|设备端|终端上)")
_OWNERS = frozenset({"payment_account", "account_info", "third_party_account", "order_info"})
_CLOSING = frozenset({"account_info", "personal_info", "contact_info", "identity_info", "device_info"})


def _items(text: str, tokens: list[Token]) -> list[Token]:
    """Tokens of the lexicon with the punctuation and particles between them."""
    out: list[Token] = []
    position = 0
    for token in tokens:
        out += [
            Token(m.start(), m.end(), m.group(), NOTHING)
            for m in _PUNCT.finditer(text, position, token.start)
        ]
        out.append(token)
        position = token.end
    out += [Token(m.start(), m.end(), m.group(), NOTHING) for m in _PUNCT.finditer(text, position)]
    return out


def read(text: str, inherited: Frame | None = None, skip: int = 0) -> SentenceReading:
    """The reading of one Chinese sentence. ``inherited``: the frame of what leads it in; ``skip``:
    characters at its start that are a defined term, not part of the statement."""
    return ChineseReader(text, lexicon().match(text), inherited, skip).read()

"""Chinese verbs: what each says of the data after it, or before it (将……共享, 会被收集)."""

from __future__ import annotations

import re
from dataclasses import replace

from appaudit.policy.chinese.idle import idle
from appaudit.policy.chinese.state import HEADS, NOMINAL
from appaudit.policy.chinese.words import Words
from appaudit.policy.matching import Entry, Token
from appaudit.policy.reading import STRENGTH, Frame, Mention, Polarity, joined

_AND = re.compile(r"(?:并|和|或|及|、|/|以及|或者){1,2}")
_SO_AS = re.compile(r"(?:以|用于|用来|以便|目的是|以便我们|便于我们)$")
"""以获取……, 用于收集……: what for, and collected all the same."""
_GIVEN_UP = re.compile(r"(?:关闭|取消|撤回|撤销)[^。；;]{0,50}不(?:会)?再[^，,。；;]{0,6}$")
"""您关闭权限后，我们将不再收集: says nothing of what is collected until then."""
_OVER = re.compile(r"(?:时|期间|过程中|情况下|后)[，,]?(?:才|会|我们)*$")
"""What ends a clause like "while you use ..." before the verb it stands in."""
_KEPT = re.compile(r"(?:会|将|被)[^，,；;、]{0,5}$")

_TO = re.compile(r"向((?!您|你|用户|客户|消费者|会员|我们)[^您你，,。；;：:、]{2,20})$")
"""向某某提供: a recipient that no word list knows."""
_NOT = ("不", "不会", "未", "没有", "从不")
_WILL = ("将", "会", "将会", "将被", "会被")
_WHOSE = re.compile(r"(?:给)?(?:我们|本平台|本应用)?(?:获取|使用|收集|访问|读取|共享)的")
_OURS = ("收集", "采集")
_WITHDRAWN = re.compile(r"撤回|撤销|拒绝|限制|反对|要求|允许|停止|取消|禁止|终止|质疑")
_BREAKS = re.compile(r"[，,。；;]")
_WORKED = re.compile(r"(?:[或和、及][^，,。；;]{2,4}化)?(?:处理)?(?:之后|以后|后|过)的")
"""去标识化或匿名化后的信息: which data."""
_ALLOWED = re.compile(r"(?<!不)(?<!否)允许[^，,。；;的]{1,10}$")
"""您可以允许某某访问……: who is allowed acts."""
_DUTY = re.compile(r"(?<!均)不得[^，,。；;]{0,10}$")
"""账户不得转让: what the user must not do."""
_KNOWS = ("识别", "验证", "核验", "核实", "校验")
_OF_OURS = re.compile(
    r"的?(?:委托|合作|授权|聘请|指定|关联|[^，,。；;]{0,6}(?:伙伴|公司|机构|服务商|供应商|提供商))"
)
"""提供给我们委托的机构: handed on."""
_ASKED = re.compile(r"(?:需要?|须|应|请|可)(?:您)?$")


class Verbs(Words):
    """Opens frames and lets them reach back."""

    def verb(self, i: int, item: Token, verb: Entry) -> None:
        state = self.state
        cls = verb.value
        after = self.text[item.end : item.end + 8]
        before_char = self.text[item.start - 1 : item.start]
        if state.frame is not None and state.frame.cls == "definition":
            return
        if cls == "other" and self.text.startswith(HEADS, item.end) and self.named_at(item.start):
            return  # 行为识别信息: what is collected, not what is done
        if (after.startswith("的") and not after.startswith("的上述")) or self.chained(i):
            self.relative(i, item, verb)
            return
        if idle(self.text, item, cls) or (item.text == "分享" and not self.given(i)):
            return
        if state.nested and _OVER.search(self.text, max(0, item.start - 10), item.start):
            state.nested = False
        if state.nested and cls in ("use", "collect", "other", "provide", "permission"):
            return
        if before_char == "的" and cls in ("use", "collect") and self.of_ours(item):
            return
        if before_char == "的" or (
            NOMINAL.match(after)
            and cls != "local"
            and not (cls == "permission" and after.startswith("位置权限"))
        ):
            return
        if state.held:
            opens = self.after_break or before_char == "而" or (before_char == "并" and cls == "permission")
            opens = opens or (cls == "collect" and bool(_SO_AS.search(self.text, 0, item.start)))
            fresh = opens and cls in (
                "collect",
                "use",
                "share",
                "permission",
                "provide",
            )
            if not fresh and not (cls in ("share", "display") and state.taking >= 0):
                return
            state.held = False
        self.out.has_verb = True
        if cls == "other" and self.free() and self.on_device(item):
            cls = "use"
        if cls == "other" and (self.shows(i) or self.put_up(item)):
            cls = "display"
        if item.text in _KNOWS and state.frame is None and not state.held and self.identifies(i):
            cls = "use"
        if cls == "other" and item.text == "发送":
            cls = "collect" if self.plants(i) else "provide" if self.to_server(item) else "other"
        if cls == "other" and _WORKED.match(self.text, item.end):
            return
        if item.text.endswith("给我们") and _OF_OURS.match(self.text, item.end):
            cls = "share"
        if cls == "collect" and state.actor == "you" and _ALLOWED.search(self.text, 0, item.start):
            allowed = self.items[i - 1] if i else item
            state.actor, self.partner = ("partner", allowed.text) if allowed.get("partner") else ("", "")
        if cls == "share" and state.actor == "you" and state.passive and self.told_of():
            state.actor = ""
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        if item.text == "授权" and nxt is not None and nxt.get("verb"):
            after = self.text[nxt.end : nxt.end + 8]
        if item.text == "授权" and self.gives_leave(i) and self.object_follows(i):
            cls = "provide"  # 需要授权您的头像、昵称
        if item.text == "授权" and (after.startswith("的") or _WHOSE.match(self.text, item.end)):
            return  # 您授权共享的信息: whose information
        if item.text == "授权" and self.opened(item):
            cls = "permission"
        elif item.text == "授权" and state.actor == "you" and cls == "other":
            state.actor, state.taking = "", -1  # 您授权某某获取……: who is authorised acts
        if cls == "other":
            if state.frame is not None and state.frame.end <= item.start and self.qualifies(i):
                return
            if state.frame is not None and _AND.fullmatch(self.text, state.frame.end, item.start):
                return  # 获取或更新您的位置: one object for both
            shown = state.taking >= 0 and item.text in ("展示", "显示")
            if not shown and not (self.mentions and state.frame is not None and self._between(i)):
                state.frame = None if item.text not in ("浏览", "登录", "登陆", "订购") else state.frame
            return
        if cls in ("provide", "display") and self.plants(i):
            cls = "collect"
        polarity, recipient, kind = self.sense(i, item, cls)
        if polarity is None and cls == "provide" and before_char == "并":
            before = state.frame  # 需提供手机号并设置密码: asked for as the first is
            polarity = before.polarity if before is not None and before.cls == "provide" else None
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
        if cls == "share" and polarity and self.passed_on(i, item):
            for mention in self.mentions:
                if mention.clause == self.clause and mention.frame is state.frame:
                    mention.extra += (frame,)
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
            state.frame = replace(joined(previous, frame), end=item.end)
        else:
            state.frame = joined(frame, previous) if adjacent and previous is not None else frame
        state.taking = -1

    def told_of(self) -> bool:
        """Whether the user stands in a relative clause that is over: 您提供的信息会提供给商家."""
        frame = self.state.frame
        return frame is not None and frame.kind == "relative"

    def of_ours(self, item: Token) -> bool:
        """Takes the data that the noun ``item`` says we work on: 我们对您的位置信息的处理."""
        start = self.text.rfind("我们对", max(0, item.start - 80), item.start)
        if start < 0 or _BREAKS.search(self.text, start, item.start):
            return False
        free = [m for m in self.mentions if m.start > start and m.frame is None]
        if not free or _WITHDRAWN.search(self.text, max(0, start - 8), start):
            return False
        frame = Frame(item.text, "use", "we", "collected", item.start, item.end)
        for mention in free:
            mention.frame, mention.clause = frame, self.clause
        self.out.has_verb = True
        return True

    def sense(self, i: int, item: Token, cls: str) -> tuple[Polarity | None, str, str]:
        """(polarity, recipient, kind) of a verb with its actor."""
        state = self.state
        actor = state.actor
        if actor == "you" and item.text in ("根据", "依据", "基于", "结合", "载明"):
            actor = "we"
        if (
            actor == "you"
            and item.text in _OURS
            and "您" not in self.text[self.clause_start(item) : item.start]
        ):
            actor = "we"  # 您需要提供甲，此时某某不会收集乙: somebody unnamed, not the user
        if actor == "you" and cls == "collect" and self.free() and self.text.endswith(_WILL, 0, item.start):
            actor = "we"  # 您使用某功能时，您发布的文字会存储在……
        whom = state.to_whom or self.recipient_after(i)
        if self.text.startswith("我们", item.end) or item.text.endswith("我们"):
            whom = "我们"
        if whom == "我们" and actor == "we" and cls == "provide":
            actor = ""  # 您登录平台时，需向我们提供
        polarity: Polarity | None = None
        kind = ""
        if cls == "local" or (cls in ("collect", "use") and self.on_device(item)):
            polarity = "collected" if self.plants(i) else "local_only"
        elif cls in ("provide", "share") and actor in ("we", "") and self.to_server(item):
            polarity = "local_only" if state.negated else "collected"
            return polarity, "", kind
        elif self.depends(item, cls):
            pass
        elif actor in ("we", ""):
            if cls in ("collect", "use"):
                polarity = "collected"
            elif cls == "permission":
                kind = "permission"
                polarity = "collected"
                if actor == "" and item.text in ("打开", "开启", "需要") and not self.opened(item):
                    polarity = None
            elif cls == "share":
                polarity = "shared" if whom != "您" else None
            elif cls == "display":
                polarity = "shared"
            elif (
                cls == "provide"
                and actor == ""
                and (whom == "我们" or _ASKED.search(self.text, max(0, item.start - 3), item.start))
            ):
                polarity = "collected"
            elif cls == "provide" and item.text in ("提供", "上传"):
                if not whom and actor == "we" and (named := _TO.search(self.text, 0, item.start)):
                    whom = named.group(1)
                polarity = "shared" if whom not in ("", "我们", "您") else None
        elif actor == "you":
            if (
                cls == "provide"
                and (whom in ("", "我们") or not self.is_partner(whom))
                and item.text != "选择"
            ):
                polarity = "collected"
            elif cls == "display":
                polarity = "shared"
            elif self.lets(i, item) or self.opened(item) or (cls == "permission" and self.needed(item)):
                polarity, kind = "collected", "permission"
        elif actor == "partner":
            if cls in ("collect", "use"):
                polarity = "shared"
                whom = self.partner
            elif cls in ("share", "provide"):
                polarity = "collected" if whom == "我们" else ("shared" if cls == "share" else None)
        elif actor == "sdk" and cls in ("collect", "use", "permission", "share"):
            polarity = "collected"
            kind = "sdk"
        if polarity and cls == "use" and self.text.endswith(_NOT, 0, item.start) and self.plants(i):
            return "not_collected", "", kind  # 不使用Cookie
        duty = cls == "share" and actor in ("", "you") and _DUTY.search(self.text, 0, item.start)
        if duty or (state.negated and polarity and _GIVEN_UP.search(self.text, 0, item.start)):
            polarity = None
        elif state.negated and polarity:
            if cls in ("use", "permission") or (cls == "provide" and actor == "you"):
                polarity = None
            else:
                polarity = "not_collected" if polarity in ("collected", "local_only") else "not_shared"
        return polarity, whom if whom not in ("您", "我们") else "", kind

    def takes_left(self, i: int, item: Token, cls: str) -> bool:
        """Whether the verb's data stand before it: 将……共享, 会被收集, ……将公开显示."""
        state = self.state
        if not (self.shown(item) if cls == "display" else self.free()):
            return False
        if state.taking >= 0:
            return cls in ("share", "display", "provide", "use", "collect", "local")
        if cls in ("share", "display", "local") or self.on_device(item):
            return not self.object_follows(i)
        if cls not in ("collect", "use") or self.object_follows(i):
            return False
        return bool(_KEPT.search(self.text, max(0, item.start - 8), item.start))

    def shown(self, verb: Token | Frame) -> list[Mention]:
        """What a verb of display takes: 您的甲、乙，丙，丁将会公开展示."""
        if self.text[self.clause_start(verb) : verb.start] in _WILL:  # 您设置的昵称，将公开显示
            last = [m for m in self.mentions if m.clause == self.clause - 1]
            return [m for m in last if m.frame is None or m.frame.kind == "relative"]
        if self.state.passive and all(m.frame is None or m.depth for m in self.mentions):
            return [m for m in self.mentions if m.clause >= 0 and m.frame is None]
        return self.free()

    def assign_left(self, frame: Frame) -> None:
        for mention in self.shown(frame) if frame.cls == "display" else self.free():
            before = mention.frame
            entered = before is not None and before.kind == "relative" and before.actor == "you"
            if before is None or (entered and frame.polarity == "not_collected"):
                mention.frame = frame  # 您填写的昵称不会被收集
            else:
                mention.extra += (frame,)

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
            actor = "you" if item.text not in _OURS else "we"
        ours = actor == "we" or (actor == "" and self.names_all(i))
        ours = ours and verb.value in ("collect", "use") and not state.held
        if ours or (actor == "you" and verb.value == "provide"):
            polarity = "collected"
        if polarity and not state.held:
            state.frame = Frame(item.text, verb.value, actor, polarity, item.start, item.end, kind="relative")
        del i

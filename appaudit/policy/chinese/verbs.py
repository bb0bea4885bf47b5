"""Chinese verbs: what each says of the data after it, or before it (将……共享, 会被收集)."""

from __future__ import annotations

import re
from dataclasses import replace

from appaudit.policy.chinese.parties import Parties
from appaudit.policy.chinese.state import BREAK, CLOSE, GATED, NOMINAL, ON_DEVICE, ON_DEVICE_BEFORE
from appaudit.policy.matching import Entry, Token
from appaudit.policy.reading import STRENGTH, Frame, Polarity

_AND = re.compile(r"(?:并|和|或|及|、|/|以及|或者){1,2}")
_LETS = ("使用", "调用", "打开", "开启", "授权开启")
_SO_AS = re.compile(r"(?:以|用于|用来|以便|目的是)$")
"""以获取……, 用于收集……: what for, and collected all the same."""
_GIVEN_UP = re.compile(r"(?:关闭|取消|撤回|撤销)[^。；;]{0,50}不(?:会)?再[^，,。；;]{0,6}$")
"""您关闭权限后，我们将不再收集: says nothing of what is collected until then."""
_MAY = re.compile(r"(?:可以?|能够?)(?:在|选择|自主|自行|直接|主动)?$")
_OVER = re.compile(r"(?:时|期间|过程中|情况下|后)[，,]?(?:才|会|我们)*$")
"""What ends a clause like "while you use ..." before the verb it stands in."""
_MUST = re.compile(r"(?:需要?|须|应)(?:您)?(?:在[^，,；;]{0,12}[中内上])?(?:先|主动|手动)?(?:[向为]我们)?$")
"""您需要开启摄像头: the user is asked for a permission."""
_KEPT = re.compile(r"(?:会|将|被)[^，,；;、]{0,5}$")

_TO_SERVER = re.compile(r"(?:至|到|回|给)?(?:我们的?|本平台的?|云端|后台)?(?:的)?(?:服务器|云端|后台)")
_OPENS_LIST = re.compile(r"的[^，,。；;：:]{0,10}(?:包括|包含|如下|有[:：])")
_DOINGS = re.compile(r"[至到于在][^，,。；;、/]{0,6}本地(?:[、/][^，,。；;]{1,12})?等?的?(?:功能|服务|操作)")
_VARIES = re.compile(r"[^。；]*?(?:有所不同|而不同|因素|有所区别)")
_IF_WE = re.compile(r"(?:如果?|若|倘若|一旦)(?!您|用户|你)")
"""A condition whose subject is not the user."""


class Verbs(Parties):
    """Opens frames and lets them reach back."""

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
        if (after.startswith("的") and not after.startswith("的上述")) or self.chained(i):
            self.relative(i, item, verb)
            return
        if state.nested and _OVER.search(self.text, max(0, item.start - 10), item.start):
            state.nested = False
        if state.nested and cls in ("use", "collect", "other", "provide", "permission"):
            return
        if before_char and before_char in "、/和及或" and _DOINGS.match(self.text, item.end):
            return  # 下载/保存至本地/分享等功能: what the app can do
        if before_char == "的" or (
            NOMINAL.match(after)
            and cls != "local"
            and not (cls == "permission" and after.startswith("位置权限"))
        ):
            return
        if state.held:
            opens = self.after_break or before_char == "而"
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
        if item.text == "识别" and state.frame is None and not state.held and self.identifies(i):
            cls = "use"
        if cls == "other" and item.text == "发送":
            cls = "collect" if self.plants(i) else "provide" if self.to_server(item) else "other"
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        if item.text == "授权" and nxt is not None and nxt.get("verb"):
            after = self.text[nxt.end : nxt.end + 8]
        if item.text == "授权" and after.startswith("的"):
            return  # 您授权共享的信息: whose information
        if item.text == "授权" and state.actor == "you":
            state.actor, state.taking = "", -1  # 您授权某某获取……: who is authorised acts
        if cls == "other":
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

    def plants(self, i: int) -> bool:
        """Whether the verb at ``i`` puts a cookie on the user's device: 向您的设备发送Cookie, 设置Cookie."""
        if self.state.actor not in ("we", ""):
            return False
        for nxt in self.items[i + 1 : i + 8]:
            data = nxt.get("data")
            if data is not None:
                return data.value in ("cookie", "web_beacon")
            verb = nxt.get("verb")
            if nxt.text in BREAK or (verb is not None and verb.value != "other"):
                return False
        return False

    def identifies(self, i: int) -> bool:
        """Whether what the verb at ``i`` identifies is the user's own: 识别您的声纹."""
        rest = [item for item in self.items[i + 1 : i + 4] if item.text != "的"][:2]
        if len(rest) < 2 or rest[0].start != self.items[i].end:
            return False
        whose, what = rest
        return bool(whose.get("you") and what.get("data")) and what.start - whose.end <= 1

    def to_server(self, item: Token) -> bool:
        """Whether the verb moves data to our own servers: 上传至服务器."""
        return bool(_TO_SERVER.match(self.text, item.end))

    def _between(self, i: int) -> bool:
        """A verb used inside an enumeration ("浏览、搜索" before its head) leaves the frame alone."""
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        return nxt is not None and nxt.text in "、/"

    def sense(self, i: int, item: Token, cls: str) -> tuple[Polarity | None, str, str]:
        """(polarity, recipient, kind) of a verb with its actor."""
        state = self.state
        actor = state.actor
        if actor == "you" and item.text in ("根据", "依据", "基于", "结合", "载明"):
            actor = "we"
        whom = state.to_whom or self.recipient_after(i)
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
            elif (
                cls == "permission" and _MUST.search(self.text, max(0, item.start - 24), item.start)
            ) or self.lets(i, item):
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
        if state.negated and polarity and _GIVEN_UP.search(self.text, 0, item.start):
            polarity = None
        elif state.negated and polarity:
            if cls in ("use", "permission") or (cls == "provide" and actor == "you"):
                polarity = None
            else:
                polarity = "not_collected" if polarity in ("collected", "local_only") else "not_shared"
        return polarity, whom if whom not in ("您", "我们") else "", kind

    def lets(self, i: int, item: Token) -> bool:
        """Whether the user lets the app at something gated: 您可以打开位置权限, 您可在开启相册权限后……;
        not 您可以在设置中开启或关闭相机权限, which is a right."""
        nxt = next((t for t in self.items[i + 1 : i + 3] if t.get("data")), None)
        if nxt is None or nxt.start - item.end > 4 or item.text not in _LETS:
            return False
        data = nxt.get("data")
        if (
            data is None
            or data.value not in GATED
            or (not nxt.text.endswith("权限") and item.text not in ("使用", "调用"))
        ):
            return False
        return bool(_MAY.search(self.text, max(0, item.start - 8), item.start))

    def depends(self, item: Token, cls: str) -> bool:
        """Whether the verb only says what something depends on, or stands in a mere "if" of ours:
        根据手机型号而有所不同, 如果需要采集面部信息."""
        if item.text in ("根据", "依据", "基于"):
            return bool(_VARIES.match(self.text, item.end, item.end + 60))
        if cls != "collect" or self.state.actor == "you" or self.condition_start < 0:
            return False
        return bool(_IF_WE.match(self.text, self.condition_start))

    def on_device(self, item: Token) -> bool:
        """Whether the verb's clause keeps the data on the device: 保存在设备本地, 在设备本地处理."""
        return bool(
            ON_DEVICE.match(self.text, item.end)
            or ON_DEVICE_BEFORE.search(self.text, max(0, item.start - 16), item.start)
        )

    def object_follows(self, i: int) -> bool:
        """Whether a data word follows the verb in its clause."""
        for j in range(i + 1, min(i + 12, len(self.items))):
            nxt = self.items[j]
            if nxt.text in BREAK or nxt.get("purpose") or nxt.text in CLOSE:
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
        if cls in ("share", "display", "local") or self.on_device(item):
            return not self.object_follows(i)
        if cls not in ("collect", "use") or self.object_follows(i):
            return False
        return bool(_KEPT.search(self.text, max(0, item.start - 8), item.start))

    def assign_left(self, frame: Frame) -> None:
        for mention in self.free():
            if mention.frame is not None:
                mention.extra += (frame,)
            else:
                mention.frame = frame

    def chained(self, i: int) -> bool:
        """Whether the verb at ``i`` is one of several that tell how the data came: 登记、公布、记录的信息."""
        for j in range(i + 1, min(i + 7, len(self.items) - 1), 2):
            nxt = self.items[j + 1]
            if self.items[j].text != "、" or nxt.get("verb") is None:
                return False
            if self.text.startswith("的", nxt.end):
                return True
        return False

    def names_all(self, i: int) -> bool:
        """Whether the relative clause at ``i``, of no party that is known, opens the list of what is
        collected: 某某收集的信息包括……, where 某某 is the operator's own name."""
        if any(t.get("partner") or t.get("sdk") for t in self.items[:i]):
            return False
        return bool(_OPENS_LIST.match(self.text, self.items[i].end))

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
        ours = actor == "we" or (actor == "" and self.names_all(i))
        ours = ours and verb.value in ("collect", "use") and not state.held
        if ours or (actor == "you" and verb.value == "provide"):
            polarity = "collected"
        if polarity and not state.held:
            state.frame = Frame(item.text, verb.value, actor, polarity, item.start, item.end, kind="relative")
        del i

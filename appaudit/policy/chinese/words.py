"""What stands around a Chinese verb, and what that makes of it."""

from __future__ import annotations

import re

from appaudit.policy.chinese.parties import Parties
from appaudit.policy.chinese.state import BREAK, CLOSE, GATED, ON_DEVICE, ON_DEVICE_BEFORE
from appaudit.policy.matching import Token
from appaudit.policy.reading import Frame

_LETS = ("使用", "调用", "打开", "开启", "授权开启")
_MAY = re.compile(r"(?:可以?|能够?)(?:在|选择|自主|自行|直接|主动)?$")
_TO_SERVER = re.compile(r"(?:至|到|回|给)?(?:我们的?|本平台的?|云端|后台)?(?:的)?(?:服务器|云端|后台)")
_OPENS_LIST = re.compile(r"的[^，,。；;：:]{0,10}(?:包括|包含|如下|有[:：])")
_GRANTED = re.compile(r"[^，,。；;]{1,24}权限后[，,]?您?(?:就|便|才)?(?:可以?|能够?|即可|方可)")
_GRANTS = re.compile(r"(?:给|予)?(?:我们|本应用|本平台)[^，,。；;的]{0,8}权限")
_MUST = re.compile(
    r"(?:需要?|须|应)(?:您)?(?:在[^，,；;]{0,12}[中内上])?(?:先|主动|手动)?(?:[向为](?:我们|我行|本行|我司|本公司))?$"
)
_NEEDS_TOO = re.compile(r"您(?:可能|还)?需要?[^。；;]*[，,]并$")
_YOURS = ("的您的", "的有关您的", "的关于您的")
_PROFILE = frozenset({"nickname", "avatar", "username", "user_id"})
_PUT_UP = re.compile(
    r"(?:将|会)(?:在|于|面向)[^，,。；;]{1,40}(?:[中内上里]|功能|主页|页面|用户)(?:进行|予以|公开)?$"
)
_COMING = re.compile(r"(?:在|于)[^，,。；;将]{1,16}(?:公开|展示|显示|公示|公布)")
_PASSED_ON = re.compile(
    r"[^，,。；;]{0,24}(?:并且?|且)(?:会|将|可能|将其|同时)*(?:与|向|同)[^，,。；;]{1,24}"
)
_TO_SOMEONE = re.compile(r"[至给到](?!我们|我行|本公司|后台)")
"""采集您的姓名传输至某某: handed on."""
_VARIES = re.compile(r"[^。；]*?(?:有所不同|而不同|因素|有所区别)")
_IF_WE = re.compile(r"(?:如果?|若|倘若|一旦)(?!您|用户|你)")
"""A condition whose subject is not the user."""


class Words(Parties):
    """Looks around an item; changes nothing."""

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

    def qualifies(self, i: int) -> bool:
        """Whether the verb at ``i`` only says which: 设置保障安全性的Cookie."""
        for nxt in self.items[i + 1 : i + 6]:
            if nxt.text in BREAK or nxt.text == "、":
                return False
            if nxt.get("data"):
                between = self.text[self.items[i].end : nxt.start]
                return between.endswith("的") and "您" not in between
        return False

    def needed(self, item: Token) -> bool:
        """Whether the user is asked for what follows: 您需要开启摄像头; 您需要……，并开启摄像头."""
        before = item.start
        if _MUST.search(self.text, max(0, before - 24), before):
            return True
        return item.text in _LETS and bool(_NEEDS_TOO.search(self.text, max(0, before - 90), before))

    def will(self, item: Token) -> bool:
        """Whether 将 tells of what is to come, not what is taken: 您的昵称将在评价旁公开展示."""
        return bool(_COMING.match(self.text, item.end)) and any(
            m.clause == self.clause and m.frame is None for m in self.mentions
        )

    def ends_clause(self, item: Token) -> bool:
        """Whether 时 ends a clause that says nothing of data: 您登记时，……; 您在使用语音输入时，……"""
        free = self.condition_start < 0 and not self.stack and item.text == "时"
        if not free or self.text[item.end : item.end + 1] not in ("，", ","):
            return False
        start = self.opening(item)
        return all(m.end <= start or m.frame is None for m in self.mentions)

    def opening(self, item: Token) -> int:
        """Where the condition begins that ``item`` is a word of: 注册时 begins before its 时."""
        if item.text != "时":
            return item.start
        start = max(self.text.rfind(mark, 0, item.start) for mark in "，,；;。：:") + 1
        return start + len(self.text[start : item.start]) - len(self.text[start : item.start].lstrip())

    def clause_start(self, item: Token | Frame) -> int:
        """Where the words since the comma before ``item`` begin."""
        return max(self.text.rfind("，", 0, item.start), self.text.rfind(",", 0, item.start)) + 1

    def shows(self, i: int) -> bool:
        """Whether the verb at ``i`` shows others who the user is: 您发布的内容中会展示您的头像."""
        item = self.items[i]
        if item.text not in ("展示", "显示") or self.state.actor == "partner" or self.state.negated:
            return False
        if self.text.endswith("向您", 0, item.start):
            return False
        data = next((t for t in self.items[i + 1 : i + 4] if t.get("data")), None)
        entry = data.get("data") if data is not None else None
        if data is None or entry is None or entry.value not in _PROFILE:
            return False
        return self.text[item.end : data.start] in ("您的", "")

    def gives_leave(self, i: int) -> bool:
        """Whether the user grants what follows the verb at ``i``, not someone to do something."""
        nxt = self.items[i + 1] if i + 1 < len(self.items) else None
        if nxt is None or any(nxt.get(word) for word in ("we", "partner", "sdk", "verb")):
            return False
        return self.state.actor == "you" or self.text.endswith(("需要", "需"), 0, self.items[i].start)

    def put_up(self, verb: Token) -> bool:
        """Whether the verb shows others what stands before it: 头像、昵称将会在……中进行展示."""
        if verb.text not in ("展示", "显示") or not self.state.passive or self.state.negated:
            return False
        return bool(_PUT_UP.search(self.text, self.clause_start(verb), verb.start))

    def passed_on(self, i: int, verb: Token) -> bool:
        """Whether the verb shares what the one before it took: 收集您的订单信息并与合作机构共享."""
        frame = self.state.frame
        if frame is None or frame.cls not in ("collect", "use") or self.object_follows(i):
            return False
        last = max(self.mentions[-1].end if self.mentions else frame.end, frame.end)
        if verb.start - last <= 1 and _TO_SOMEONE.match(self.text, verb.end) and not self.to_server(verb):
            return True
        return bool(_PASSED_ON.fullmatch(self.text, last, verb.start))

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

    def opened(self, item: Token) -> bool:
        """Whether a feature works once the user has granted what follows: 在您开启录音权限后，您能够……"""
        if item.text == "授权":
            return bool(_GRANTS.match(self.text, item.end))
        return item.text in _LETS and bool(_GRANTED.match(self.text, item.end))

    def depends(self, item: Token, cls: str) -> bool:
        """Whether the verb only says what something depends on, or stands in a mere "if" of ours:
        根据手机型号而有所不同, 如果需要采集面部信息."""
        if item.text in ("根据", "依据", "基于"):
            return bool(_VARIES.match(self.text, item.end, item.end + 60))
        if cls != "collect" or self.state.actor == "you" or self.condition_start < 0:
            return False
        return bool(_IF_WE.match(self.text, self.condition_start))

    def given(self, i: int) -> bool:
        """Whether somebody is given what the verb at ``i`` shares; users share too: 您可以分享照片."""
        if self.is_partner(self.state.to_whom):
            return True
        item = self.items[i]
        doing = self.state.actor if "您" not in self.text[self.clause_start(item) : item.start] else "you"
        return doing in ("we", "partner") and self.object_follows(i)

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
        end = self.items[i].end
        return self.text.startswith(_YOURS, end) or bool(_OPENS_LIST.match(self.text, end))

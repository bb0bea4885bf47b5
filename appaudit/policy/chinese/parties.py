"""Who receives, who acts: the parties of a Chinese clause."""

from __future__ import annotations

import re

from appaudit.policy.chinese.state import BREAK, SUBJECTS, Walk
from appaudit.policy.matching import Token

_GIVEN = ("给", "至", "向", "由", "委托")
_AS_PARTY = re.compile(
    r"(?:将|会|可|可能|向|提供|发送|返回|的?合作|授权|认证|网关|中国|[^，,。；;、）)]{0,16}公司)"
)
_THROUGH = re.compile(r"我们[^，,。；;]{0,6}(?:通过|经由|自|从|向)[^，,。；;]{0,30}$")
"""我们会通过支付机构收集: where it comes from."""
_NAMED = re.compile(
    r"(?:伙伴|合作[方商]|第三方|公司|机构|单位|提供[方商者])[（(](?:如|例如|包括|比如)[^）)]{0,60}$"
)
"""合作伙伴（如通信运营商、……: who, not what."""


class Parties(Walk):
    """Finds the parties of a clause."""

    def as_party(self, item: Token) -> bool:
        """Whether the carrier ``item`` names is who acts or receives, not what is collected."""
        if not item.text.endswith("运营商"):
            return False
        given = self.text.endswith(_GIVEN, 0, item.start) or _NAMED.search(self.text, 0, item.start)
        return bool(given or _AS_PARTY.match(self.text, item.end))

    def acts(self, i: int) -> bool:
        """Whether the partner named at ``i`` is followed by its verb."""
        item = self.items[i]
        for j in range(i + 1, min(i + 4, len(self.items))):
            nxt = self.items[j]
            if nxt.start - item.end > 8 or nxt.text in BREAK or nxt.text in "、/和与及":
                return False
            if nxt.get("passive") or nxt.get("only"):
                return True
            verb = nxt.get("verb")
            if verb is not None:
                return (
                    verb.value in ("collect", "use", "permission", "share")
                    and self.text[nxt.end : nxt.end + 1] != "的"
                )
            if nxt.get("data") or any(nxt.get(s) for s in SUBJECTS):
                return False
        return False

    def gives_us(self, i: int) -> bool:
        """Whether the partner at ``i`` is where something comes from: 从某某等第三方获取."""
        start = self.items[i].start
        if _THROUGH.search(self.text, max(0, start - 40), start):
            return True
        for before in reversed(self.items[max(0, i - 6) : i]):
            if before.get("source"):
                return True
            if before.text in BREAK or before.get("verb") or before.get("data"):
                return False
        return False

    def new_topic(self, i: int) -> bool:
        """Whether the data word after the comma at ``i`` opens a clause of its own: ，录音文件仅保存在……"""
        j = i + 1
        if j + 1 < len(self.items) and self.items[j].get("you") and self.items[j + 1].text == "的":
            i, j = i + 2, i + 3  # ，您的生日仅用于……
        while j < len(self.items) and (
            self.items[j].get("data")
            or self.items[j].get("anaphor")
            or (
                j > i + 1
                and (self.items[j].text == "、" or self.items[j].get("conj") or self.items[j].get("to"))
            )
        ):
            j += 1
        if j == i + 1 or j >= len(self.items) or self.items[j].start - self.items[j - 1].end > 2:
            return False
        nxt = self.items[j]
        if nxt.get("only") or nxt.text == "仅在":
            return True
        verb = next((v for t in self.items[j : j + 6] if (v := t.get("verb")) is not None), None)
        return nxt.get("passive") is not None and verb is not None and verb.value in ("display", "share")

    def whom(self, i: int) -> str:
        """Who the preposition at ``i`` points to: 我们, 您, or a partner's name; "" if it is a plain 和."""
        start = self.items[i].end
        for j in range(i + 1, min(i + 6, len(self.items))):
            item = self.items[j]
            if item.text in BREAK:
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
            data = item.get("data")
            if data is not None and not self.text.startswith("的", item.end):  # 向您所在地的快递公司
                return item.text if data.value == "carrier" and self.as_party(item) else ""
        return ""

    def is_partner(self, words: str) -> bool:
        return words.endswith("运营商") or any(t.get("partner") for t in self.items if t.text == words)

    def recipient_after(self, i: int) -> str:
        item = self.items[i]
        for j in range(i + 1, min(i + 8, len(self.items))):
            nxt = self.items[j]
            if nxt.text in BREAK:
                break
            if nxt.get("partner") and self.text[item.end : nxt.start].startswith(
                ("给", "至", "于", "与", "")
            ):
                return nxt.text
        return ""

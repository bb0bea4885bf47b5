"""The frame a sentence takes over from what stands before it: a label, a heading, a lead-in, a list."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import lru_cache

from appaudit.policy.lexicon import lexicon
from appaudit.policy.literals import may_match
from appaudit.policy.reading import NOTHING_READ, Frame, SentenceReading, inherit
from appaudit.policy.scripts import simplified
from appaudit.policy.sentences import Sentence
from appaudit.policy.structure import Paragraph

LABEL = re.compile(
    r"\W{0,3}(?:(?:所|可能|涉及|需要?)?(?:收集|获取|采集|处理|读取)(?:和使用|、使用|使用)?的?(?:用户|设备|个人)?(?:信息|数据)(?:的)?(?:类型|种类|字段|内容|范围|名称)?(?:和|及|或|/|、)?(?:设备|手机|系统)?(?:权限)?(?:包括|包含|有|为|如下|是)?"
    r"|(?:个人)?(?:信息|数据)(?:类型|种类|字段)"
    r"|(?:the )?(?:types? of )?(?:personal )?(?:data|information)(?: (?:that )?we)?"
    r" (?:collected|processed|collect)(?: (?:are|is|include|includes))?"
    r"|among the types of (?:(?!\bnot\b)[^:.]){0,120}(?:there are|are))\s*[:：]",
    re.I,
)
"""A form-like line ("Data collected: ...") that lists data without a sentence."""
SHARED_LABEL = re.compile(
    r"\W{0,3}(?:所|可能)?(?:共享|分享|提供|披露|传输)的?(?:用户|设备|个人)*(?:信息|数据)(?:的)?(?:类型|种类|字段|内容|范围|名称)?(?:包括|包含|为|如下)?\s*[:：]"
)
"""The same for what is handed on ("共享的个人信息类型：")."""
LABEL_FRAME = Frame("collect", "collect", "", "collected", 0, 0, inherited=True)
TERM_FRAME = replace(LABEL_FRAME, cls="term", kind="personal_info")
"""What a sentence about "personal information" as such opens: it explains the term."""
SHARED_FRAME = Frame("share", "share", "", "shared", 0, 0, inherited=True)
COLLECTING = re.compile(
    r"(?!\W*how\b)(?!.*\b(?:not|why|share|disclos\w*)\b)(?:"
    r".*\b(?:information|data|details|what)\b.{0,30}\b(?:we|us|you) (?:\w+ ){0,2}"
    r"(?:collect|gather|receive|obtain|provide|give|submit|tell)"
    r"|.*\b(?:information|data) (?:\w+ )?(?:collected|gathered)|.*\bcollected (?:information|data)"
    r"|\W*(?:the )?(?:collection of|what) (?:personal |your |usage |device )*(?:information|data)\W*$"
    r"|\W*(?:personal )?(?:information|data) collection\W*$"
    r"|\W*collected (?:auto|from|by))"
    r"|(?!.*(?:不|如何|怎[样么]|共享|使用))[^。，]{0,8}(?:收集|获取|采集)(?:的|哪些|了?什么)[^。，]{0,8}(?:信息|数据|$)"
    r"|(?!.*(?:不|如何|怎[样么]|共享))[^。，]{0,6}(?:信息|数据)的?(?:收集|采集)(?:范围|类型|内容)?\W*$",
    re.I,
)
"""A heading under which a bare list names what is collected; alone it declares nothing."""
_ELSE = re.compile(
    r"使用|共享|分享|披露|转让|保护|存储|保存|安全|权利|权限|管理|删除|撤回|不会|不收集|无需|例外|儿童|未成年|第三方|sdk|"
    r"\b(?:not?|use|uses|using|shar|disclos|transfer|retain|retention|protect|secur|right|choice|manage|delet|child|"
    r"third|partner|cookie|sdk|do not|don't)",
    re.I,
)
"""A head that speaks of something else than what is collected."""
_WHAT_FOR = re.compile(
    r"\W*(?:\d{1,2}\W+)?(?:使用|收集|处理|共享|提供)?的?(?:目的|用途)\s*[:：](?![^。]*(?:收集|获取|采集|读取|共享))"
    r"|\W*(?:\d{1,2}\W+)?purposes?(?: of (?:use|processing|sharing|collection))?\s*:"
    r"(?!.*\b(?:collect|receiv|obtain|shar))",
    re.I,
)
"""A line of a form that says only what for: 使用目的：配送."""
CAUTION = re.compile(
    r"(?:may|might|could) (?:involve|contain|include|reveal) "
    r".{0,60}\bpersonal.{0,60}\b(?:you|your|others?|other people)\b"
    r"|(?:may|might|could) (?:involve|contain|include|reveal) (?:your|other).{0,30}\bpersonal\b"
    r"|可能会?(?:涉及|包含|含有)您?(?:或|和|及|以及)?他人"
    r"|不属于[^。；，]{0,14}(?:共享|转让|披露)",
    re.I,
)
"""A word of caution about what the user's own posts may hold declares nothing."""
TERM = re.compile(
    r"\W*(?:(?:\d|[一二三四五六七八九十])+\W{1,3})?(?:本(?:隐私)?(?:政策|声明|协议)(?:中|所)?(?:所?涉及)?的?)?(?:敏感)?个人(?:敏感)?信息\W{0,6}"
    r"(?:是?指|包括|：|:)"
    r"|\W*(?:sensitive )?personal(?:ly)? (?:identifiable |sensitive )?(?:information|data)\W{1,4}"
    r"(?:is (?:any |all )?(?:information|data)|means|refers)\b",
    re.I,
)
EXPLAINED = re.compile(
    r"\W*(?:an? |the (?:term|word) )?[\"“‘']?"
    r"(?!(?:your|our|the|this|that|these|those|it|there|we|you|all|any)\b)[\w() -]{2,48}[\"”’']?,? "
    r"(?:is|are|means?|refers? to) (?:an? |simply |usually |typically |very )*"
    r"(?:small|tiny|short|unique|text|pieces?|bits?|strings?|numbers?|alphanumeric|files?|identifiers?"
    r"|technolog(?:y|ies)|electronic|series|addresses)\b",
    re.I,
)
"""A sentence that says what a thing is ("Cookies are small files that ...") declares nothing."""
_PARTIES = re.compile(r"\b(?:we|us|our|ours)\b", re.I)
OURS = re.compile(
    r"我们[^，。；]{0,12}(?:收集|获取|采集)|\bwe (?:\w+ ){0,3}(?:collect|receive|gather|obtain|store)", re.I
)
"""A paragraph that says what the term means declares nothing, unless it says that we collect it."""
_KIND = (
    r"(?:personal|sensitive|personally identifiable|technical|device|usage|log|non-personal|anonymous|other"
    r"|collected)"
)
INCLUDES = re.compile(
    r"\W{0,3}(?:the |this |that |such |these |those |your )?(?:(?:types?|categor(?:y|ies)|kinds?) of )?"
    rf"(?:{_KIND} )*(?:information|data|details)(?: and (?:information|data))?"
    r"(?: (?:that )?(?:we|is|are) (?:\w+ )?collect\w*)?(?: (?:may|might|can|could|will))?(?: also)? "
    r"(?:includes?|consists? of|is|are|comprises?)(?:,? but (?:is |are )?not limited to)?\s?[:,]?"
    r"(?= ?(?:your|the following|name|:|an? |such|$|\w+ (?:name|address|id|number)))",
    re.I,
)
"""A sentence that lists what "the information" is, which the one before spoke of."""
_PERSONAL = re.compile(
    r"\W{0,3}personal (?:information|data)\W{1,3}(?:(?:may|might|can|could) )?(?:also )?includ", re.I
)
"""It lists what the term means, not what was collected."""
THESE = re.compile(
    r"\W{0,3}(?:前述|上述|该等|此类|这些)[^，,。；;：:]{0,10}(?:信息|记录|数据)(?:主要|具体)?"
    r"(?:(?:包括|包含|有|为|如下)[^，,。；;]{0,6}[:：]|(?:可能|还)?(?:会)?(?:包括|包含)(?:但不限于)?(?=\S))"
)
"""The same in Chinese."""

_QUOTES = " \"'”’」』)）"
LISTS_ON = re.compile(
    r"\W{0,3}(?:this|that|these|those|such|it|they)"
    r"(?: (?:\w+ ){0,3}(?:information|data|details|identifiers))?"
    r"(?: (?:may|might|can|could|will|would))?(?: also| typically| generally)?"
    r" (?:includes?|consists? of|comprises?)\b",
    re.I,
)
"""A sentence that lists more of what the one before spoke of."""

FOLLOWING = re.compile(r"\bthe following (?:\w+ ){0,2}(?:information|data|details|items)\b[^:]*$", re.I)
"""A sentence that announces a list, though no colon ends it."""
_EXAMPLES = re.compile(
    r"[^\w\n]{0,3}\w[\w ,/&()'’-]{2,60}\W{0,4}[:.–—-]\W{1,5}(?:such as|including|for example|e\.g\.)\s",
    re.I,
)
"""A label and its examples ("Network data: Such as your IP address") in a list of what is collected."""
_PERMISSIONS = re.compile(
    r"(?!.*(?:不|未|关闭|撤回|取消|管理|\bnot\b|\bnever\b|\brevoke|\bdisable|\bturn off))"
    r".*(?:权限(?:清单|列表)?(?:分别|主要|具体)?(?:包括|如下|有|为)?"
    r"|\bpermissions?(?: (?:below|are|include|as follows|that follow))?)\s*[:：]$",
    re.I,
)
PERMITTED_FRAME = Frame(
    "permission", "permission", "we", "collected", 0, 0, inherited=True, kind="permission"
)
"""What leads in permissions, each an item of its own ("These permissions are: camera: to scan")."""
_PERMIT_HEAD = re.compile(
    r"(?!.*(?:不|关闭|管理|撤回|取消|拒绝|设置))"
    r".*(?:需要?|申请|调用|获取|使用|开启)[^，。]{0,10}权限(?:说明|清单|列表|情况|及?(?:目的|用途))?\W*$"
)
_PERMIT_ITEM = re.compile(r"\W*(?:\d{1,2}\W{1,2})?[^，,。：:；\s]{2,10}权限(?!的?(?:管理|设置|说明|申请))")
"""Under a heading that names them the permissions asked for, an item that begins with one."""
_LIST = 400
"""Characters of the longest line that is a bare list."""
_STARTS = re.compile(
    r"\W*(?:we|you|if|when|our|in order|as |to |i|please|the app|this app|我们|您|如|当|若|为了?)\b", re.I
)


_QUOTED = re.compile(
    r"[“\"「『]([^“”\"「」『』\s，。：:]{2,20})[”\"」』](?=(?:这款|移动|手机)?(?:软件|客户端|应用|app|及相关服务|产品|服务|小程序|游戏|平台))",
    re.I,
)
_TITLED = re.compile(
    r"(?m)^\W*([㐀-鿿A-Za-z0-9]{2,12}?)(?:App|APP|应用|软件|平台|用户|个人信息|的)*(?:隐私|个人信息保护)"
    r"|(?:^|\W|欢迎使用|使用|通过)([㐀-鿿A-Za-z0-9]{2,12})[（(]以下(?:简称|称)"
)
"""Names in the title, or before "hereinafter"."""
_OPENING = 1500
"""Characters in which a policy presents itself."""
_SCANNED = 300_000
"""Characters in which a name is looked for."""
_NAMED = 3
"""Times a quoted name must stand before a word for software to count as the product's own."""


def _names_data(name: str) -> bool:
    """Whether a name holds a data word and is more than that: 小鱼相机, not 设备信息."""
    found = [t for t in lexicon().match(name) if t.get("data")]
    return bool(found) and max(t.end - t.start for t in found) < len(name)


def own_names(text: str) -> re.Pattern[str] | None:
    """The names that a Chinese policy gives its own product, in quotes (“语音导出”软件) or in its title:
    the data words in them name no data. None when there are none."""
    text = text[:_SCANNED]
    names = [n for n, count in Counter(_QUOTED.findall(text)).items() if count >= _NAMED]
    for titled in _TITLED.finditer(text, 0, _OPENING):
        name = titled[1] or titled[2]
        if name not in names and text.count(name) > _NAMED * 2:
            names.append(name)
    names = [n for n in names if _names_data(n)]
    return re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True)))) if names else None


def collects(paragraph: Paragraph) -> bool:
    """Whether the paragraph stands under a heading like "Information we collect"."""
    if not paragraph.path:
        return False
    last = simplified(paragraph.path[-1][:120])
    if _collecting(last):
        return True
    above = simplified(paragraph.path[-2][:120]) if len(paragraph.path) > 1 else ""
    return bool(above) and len(last) <= 30 and _collecting(above) and not _ELSE.search(last)


@lru_cache(maxsize=256)
def _permits(heading: str) -> bool:
    return _PERMIT_HEAD.match(heading) is not None


@lru_cache(maxsize=256)
def _collecting(heading: str) -> bool:
    return COLLECTING.match(heading) is not None


class Passing:
    """What passes from sentence to sentence of a paragraph. ``last``: the frame it leaves open;
    ``label``: where the words of a label end in the sentence being read; ``read``: what was read before."""

    def __init__(self, paragraph: Paragraph, frame: Frame | None) -> None:
        self.paragraph = paragraph
        self.frame = frame
        self.last: Frame | None = None
        self.label = 0
        self.open = LABEL_FRAME
        self.read = NOTHING_READ
        self.lead: Frame | None = LABEL_FRAME if collects(paragraph) else None
        self.permits = bool(paragraph.path) and _permits(simplified(paragraph.path[-1][:60]))
        self.broken = False
        """Whether the sentence before ended with a semicolon."""
        self.term = TERM.match(simplified(paragraph.text), paragraph.body) is not None

    def before(self, number: int, sentence: Sentence) -> Frame | None:
        """The frame that the sentence starts in."""
        plain = sentence.plain
        if ":" in plain or "：" in plain:  # every label ends with one
            for pattern, frame in ((LABEL, LABEL_FRAME), (SHARED_LABEL, SHARED_FRAME)):
                if (label := pattern.match(plain)) is not None:
                    self.label, self.open = label.end(), frame
                    return frame
        self.label = 0
        last = self.last
        denied = last is not None and not last.inherited and last.polarity in ("not_collected", "not_shared")
        if number and last is not None and _goes_on(sentence, self.paragraph, number, denied):
            return inherit(last)
        if number == 0 and self.frame is not None:
            return self.frame
        if number == 0 and self.permits and _PERMIT_ITEM.match(plain):
            return PERMITTED_FRAME
        if self.lead is not None and _EXAMPLES.match(plain):
            return self.lead
        if INCLUDES.match(plain) or THESE.match(plain):
            if self.last is not None and self.last.polarity in ("shared", "not_shared"):
                return inherit(self.last)
            return TERM_FRAME if _PERSONAL.match(plain) else LABEL_FRAME
        return None

    def listed(self, reading: SentenceReading, sentence: Sentence) -> Frame | None:
        """The frame of a list without a verb, by what leads it in."""
        if self.lead is None or reading.has_verb or not reading.mentions or len(sentence.plain) > _LIST:
            return None
        if self.broken and self.last is not None and self.last.negated:
            return inherit(self.last)  # "We do not collect your contacts; messages; call logs."
        return None if _STARTS.match(sentence.plain) else self.lead

    def silent(self, sentence: Sentence) -> bool:
        """Whether a sentence names data without saying what happens to them."""
        text, low = sentence.plain, sentence.low
        if text.rstrip(_QUOTES).endswith(("?", "？")):
            return True  # what is asked is not said
        if (":" in text or "：" in text) and _WHAT_FOR.match(text):
            return True
        if may_match(CAUTION, low) and CAUTION.search(text) is not None and not LISTS_ON.match(text):
            return True
        if self.term and not OURS.search(text):
            return True
        if not may_match(EXPLAINED, low) or EXPLAINED.match(text) is None:
            return False
        return _PARTIES.search(text) is None

    def after(self, number: int, sentence: Sentence, reading: SentenceReading) -> None:
        """Notes what the sentence leaves open."""
        self.read = reading
        if reading.last_frame is not None and reading.last_frame.polarity:
            self.last = reading.last_frame
        elif reading.has_verb:
            self.last = None
        if self.label and self.label >= len(sentence.plain) - 1:
            self.last = self.open
        text = sentence.plain.rstrip(";； ")
        self.broken = text != sentence.plain.rstrip()
        if self.last is None and text.endswith((":", "：")) and _PERMISSIONS.match(text):
            self.last = PERMITTED_FRAME
        ahead = text.endswith((":", "："))
        ahead = ahead or ("following" in sentence.low and FOLLOWING.search(text) is not None)
        if ahead and self.last is not None:
            self.lead = inherit(self.last)
        elif (
            number == 0
            and len(text) <= 90
            and text.endswith((".", ":", "：", "。"))
            and may_match(COLLECTING, sentence.low)
            and COLLECTING.match(text)
        ):
            self.lead = LABEL_FRAME  # a heading that runs in: "Data you give us. Your name; ..."
        elif self.lead is not None and reading.has_verb and _STARTS.match(text):
            self.lead = None


def _goes_on(sentence: Sentence, paragraph: Paragraph, number: int, denied: bool) -> bool:
    """Whether a sentence without a verb of its own continues the list of the one before. ``denied``: what
    that denies; a denial reaches over a semicolon only where a colon leads the list in."""
    head = sentence.low[:24]
    if head.startswith(
        (
            "for example",
            "such as",
            "including",
            "e.g",
            "例如",
            "包括",
            "如",
            "比如",
            "for instance",
        )
    ) or LISTS_ON.match(sentence.plain):
        return True
    before = paragraph.sentences[number - 1].plain
    broken = sentence.plain.count(")") + sentence.plain.count("）") > sentence.plain.count(
        "("
    ) + sentence.plain.count("（")
    led = not denied or "：" in before or ":" in before
    listed = led and before.rstrip().endswith((";", "；"))
    return broken or listed or head.startswith(("related information", "相关信息"))

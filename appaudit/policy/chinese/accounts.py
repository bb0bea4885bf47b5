"""What the user opens an account with, or data are taken by: 通过手机号注册, 通过Cookie收集."""

from __future__ import annotations

import re

from appaudit.policy.matching import Token
from appaudit.policy.reading import Frame

_MEANS = re.compile(r"(?:使用|通过|以|用|凭|输入|绑定)(?:您的?)?(?:的|其他|已有的?|本人的?)*$")
_SIGN_IN = re.compile(
    r"(?:[（(][^（()）]{0,24}[)）])?(?:进行|来|快速|快捷|直接|一键|授权)*(?:注册|登录|登陆|创建(?:账|帐)[号户]|注册(?:账|帐)[号户])"
)
_BOUND = re.compile(r"(?:[（(][^（()）]{0,24}[)）])?与[^，,。；;]{0,24}绑定")
_TOOLS = frozenset({"cookie", "web_beacon"})
_BY_MEANS = re.compile(r"(?:通过|利用|借助|使用|运用)[^，,。；;]{0,20}$")
_TAKES = re.compile(r"[^，,。；;]{0,24}(?:收集|采集|记录|获取|存储)")
"""通过Cookie收集您的信息: the means is read from the device too."""
_HELPS = re.compile(r"[^，,。；;]{0,24}?(?:有助于|帮助|协助)我们")
"""Cookie有助于我们……: what it tells us is kept in it."""
_CHECKS = re.compile(r"(?:信息|数据)?(?:来|以)?(?:校准|校验|判断|分析|统计|匹配|计算)")
"""通过地理位置校准报表: what is worked on is read."""
_TOOL = Frame("通过", "use", "we", "collected", 0, 0)
_CHANNELS = frozenset({"电话", "手机", "短信", "邮件", "电子邮件", "电邮", "邮箱"})
_BY_CHANNEL = re.compile(r"(?:通过|以|用|经|采用|采取|使用)[^，,。；;]{0,24}$")
_IN_TOUCH = re.compile(
    r"(?:[、或和与及以/]|电话|短信|邮件|电邮|彩信|信函|推送|站内信|微信|公告|通知|弹窗|客服|其他|等)*的?"
    r"(?:方式|形式|途径|渠道|手段|向您|与您|给您|联系您|告知|通知您|回访)"
)
"""通过电话、短信或邮件的方式向您……: how we get in touch."""
_TIES = re.compile(r"(?<!解除)绑定(?:您的?|本人的?)?$")
_TIED = frozenset(
    {"phone_number", "email", "third_party_account", "id_card", "name", "real_name", "bank_card"}
)
"""绑定手机号、身份证号: given to us."""
_SIGN_INS = frozenset({"phone_number", "email", "third_party_account"})
_FRAME = Frame("登录", "provide", "you", "collected", 0, 0)


def signs_in(text: str, item: Token, type_id: str) -> Frame | None:
    """The frame of a data word that the user signs in with or ties to the account, or by which other data
    are taken, else None."""
    ties = (item.text.startswith("绑定") and "的" not in item.text) or _TIES.search(
        text, max(0, item.start - 8), item.start
    )
    if type_id in _TIED and ties:
        return _FRAME
    if type_id in _TOOLS:
        tool = _BY_MEANS.search(text, max(0, item.start - 24), item.start) and _TAKES.match(text, item.end)
        return _TOOL if tool or _HELPS.match(text, item.end) else None
    if type_id not in _SIGN_INS:
        worked = text.endswith(("通过", "通过您的"), 0, item.start) and _CHECKS.match(text, item.end)
        return _TOOL if worked else None
    if _SIGN_IN.match(text, item.end):
        return _FRAME if _MEANS.search(text, max(0, item.start - 10), item.start) else None
    return _FRAME if type_id == "third_party_account" and _BOUND.match(text, item.end) else None


def in_touch(text: str, item: Token) -> bool:
    """Whether a data word only says by what the user is reached: 通过电话、短信的方式回访."""
    if item.text not in _CHANNELS or _IN_TOUCH.match(text, item.end) is None:
        return False
    return _BY_CHANNEL.search(text, max(0, item.start - 30), item.start) is not None

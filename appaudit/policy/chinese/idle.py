"""Verbs that tell nothing of what happens to the data after them."""

from __future__ import annotations

import re

from appaudit.policy.matching import Token

_OFFERED = re.compile(r"提供[^，,。；;]{0,8}$")
_A_SERVICE = re.compile(r"[^，,。；;]{0,10}的(?:服务|功能)")
"""为您提供访问在线查询的服务: what we offer."""
_JOINTS = "、/和及或"
_KEPT_HERE = re.compile(
    r"[至到于在][^，,。；;、/]{0,6}本地(?:[、/][^，,。；;]{1,12})?等?的?(?:功能|服务|操作)"
)
"""下载/保存至本地/分享等功能: what the app can do."""
_SPARED = re.compile(r"(?:省去|免去|免于|减少|避免|不必|不用)[^，,。；;]{0,6}$")
"""省去您重复输入……: not asked for."""
_SECURED = re.compile(r"(?:加密|安全|TLS|SSL|HTTPS)(?:协议|技术|方式|通道|进行)?$", re.I)
_NO_OBJECT = re.compile(r"(?:技术|协议|方式|通道|协议进行)?(?:[，,。；;]|$)")
"""采用加密传输，……: how, not what."""
_MENDS = ("补充", "完善", "设置", "上传")
_RIGHT_BEFORE = re.compile(r"(?:查阅|查看|查询|访问|更正|删除|管理)[、和或及/]$")
_RIGHT_AFTER = re.compile(r"[、和或及/](?:查阅|更正|删除)")
"""更正、补充您的昵称: a right."""
_SEES = ("查询", "访问")
_SEEN = re.compile(r"[、和或及/](?:查阅|更正|删除|修改|清除|管理)[^，,。；;]{0,4}您的")
"""查询、删除您的聊天记录: a right."""


def idle(text: str, item: Token, cls: str) -> bool:
    """Whether the verb ``item`` of ``text`` is a service on offer, an operation of the app, what the user
    is spared, or a right."""
    start = item.start
    if cls == "collect" and "提供" in text[max(0, start - 10) : start]:
        offered = _OFFERED.search(text, max(0, start - 10), start)
        if offered is not None and _A_SERVICE.match(text, item.end):
            return True
    if start and text[start - 1] in _JOINTS and _KEPT_HERE.match(text, item.end):
        return True
    if (
        cls == "share"
        and _SECURED.search(text, max(0, start - 8), start)
        and _NO_OBJECT.match(text, item.end)
    ):
        return True
    if cls == "provide" and _SPARED.search(text, max(0, start - 10), start):
        return True
    if item.text in _SEES:
        return _SEEN.match(text, item.end) is not None
    if item.text not in _MENDS:
        return False
    before = _RIGHT_BEFORE.search(text, max(0, start - 4), start)
    return before is not None or _RIGHT_AFTER.match(text, item.end) is not None

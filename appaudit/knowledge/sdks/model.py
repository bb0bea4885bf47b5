"""The records: `Sdk` and `Company`, read from the TOML files of this folder."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from appaudit.errors import InputError
from appaudit.knowledge.load import toml

FOLDER = Path(__file__).resolve().parent

CATEGORIES: dict[str, str] = {
    "advertising": "广告",
    "mediation": "广告聚合",
    "analytics": "统计分析",
    "attribution": "广告归因与监测",
    "push": "消息推送",
    "engagement": "用户运营与营销自动化",
    "ab_testing": "A/B 测试与远程配置",
    "tag_manager": "标签与客户数据平台",
    "crash": "崩溃分析",
    "performance": "性能监控",
    "session_replay": "会话回放",
    "feedback": "用户反馈与调研",
    "customer_service": "在线客服",
    "consent": "同意管理",
    "device_id": "设备标识",
    "risk_control": "风控反欺诈",
    "captcha": "行为验证",
    "identity_verification": "实名与人脸核验",
    "security": "安全加固与加密",
    "protection": "应用加固",
    "login": "第三方登录",
    "one_key_login": "一键登录",
    "social_share": "社交分享",
    "payment": "支付",
    "map_location": "地图与定位",
    "beacon": "近场与信标",
    "im": "即时通讯",
    "rtc": "实时音视频",
    "live_video": "直播",
    "player": "播放器",
    "media_editing": "音视频与图像处理",
    "beauty": "美颜特效",
    "speech": "语音识别与合成",
    "vision": "图像识别",
    "barcode": "扫码",
    "document": "文档阅读",
    "cloud_storage": "云存储",
    "backend": "云后端",
    "container": "小程序与跨端容器",
    "framework": "跨平台框架",
    "hotfix": "热修复",
    "plugin": "插件化",
    "game_engine": "游戏引擎",
    "game": "游戏服务与渠道",
    "iot": "物联网与设备连接",
    "ar": "增强现实",
    "health": "健康与运动",
    "content": "内容与资讯",
    "update": "应用更新",
    "deep_link": "深度链接",
    "vendor_core": "厂商公共组件",
    "platform_services": "平台服务",
    "browser": "浏览器内核",
    "network": "网络库",
    "image": "图片库",
    "database": "数据存储库",
    "ui": "界面库",
    "library": "通用开发库",
    "testing": "测试与调试",
    "other": "其他",
}
"""Category id -> its Chinese name; a record has exactly one."""

TRACKING: frozenset[str] = frozenset(
    {"advertising", "mediation", "analytics", "attribution", "engagement", "ab_testing", "tag_manager"}
    | {"session_replay", "device_id"}
)
"""Categories whose business is following users; what a report may call a tracker."""

PLUMBING: frozenset[str] = frozenset(
    {"network", "image", "database", "ui", "library", "testing", "framework", "plugin"}
)
"""Categories of code that serves the app it is compiled into and has no service of its own behind it."""

EVIDENCE = ("packages", "components", "meta_data", "libs", "assets", "hosts", "permissions")
"""Fields of a record by which its SDK is found in an app."""


@dataclass(frozen=True, slots=True)
class Company:
    """Who stands behind SDKs. ``country``: ISO 3166-1 alpha-2; ``aliases``: other names policies use."""

    id: str
    zh: str = ""
    en: str = ""
    country: str = ""
    homepage: str = ""
    policy: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sdk:
    """One SDK.

    ``company``: id of a `Company`, empty for community projects. ``country``: the company's.
    ``packages``: dotted prefixes of packages or exact classes; matched at package boundaries.
    ``components``: fully qualified classes an app's manifest declares for it. ``meta_data``: manifest
    keys. ``libs``: file names of native libraries, ``assets``: paths under ``assets/``; ``*`` matches
    any run of characters in both. ``hosts``: domains, matched with their subdomains.
    ``permissions``: what its manifest adds, ``${applicationId}`` for the app's package.
    ``maven``: ``group:artifact``. ``collects``: data type ids the vendor says it collects; ``source``: the
    page where it says so; ``checked``: the day on which the two were compared; with one, an
    empty ``collects`` means that the vendor says it collects nothing. Without one the page is that of
    somebody who repeats the vendor, or of the SDK for another system: a lead to check, no proof.
    ``likely``: where nobody has read the vendor's statement, what such SDKs collect; no rule takes it
    for said.
    ``version``: where its version stands, ``class#field``, ``meta-data:key``, ``META-INF/file`` or
    ``string:words``, ASCII that the version follows in a string of the code.
    ``init``: ``class#method`` that starts it.
    """

    id: str
    category: str
    zh: str = ""
    en: str = ""
    aliases: tuple[str, ...] = ()
    company: str = ""
    country: str = ""
    homepage: str = ""
    policy: str = ""
    packages: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    meta_data: tuple[str, ...] = ()
    libs: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    maven: tuple[str, ...] = ()
    collects: tuple[str, ...] = ()
    source: str = ""
    checked: str = ""
    likely: tuple[str, ...] = ()
    version: tuple[str, ...] = ()
    init: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The English name, or the Chinese one where it has no other."""
        return self.en or self.zh

    @property
    def findable(self) -> bool:
        """Whether there is anything to find it by in an app."""
        return any(getattr(self, field) for field in EVIDENCE)

    @property
    def tracking(self) -> bool:
        """Whether its category is one whose business is following users."""
        return self.category in TRACKING

    @property
    def handles_data(self) -> bool:
        """Whether it has to do with users' data, so far as is known: plain libraries have not."""
        return bool(self.collects or self.likely or self.hosts)

    @property
    def plumbing(self) -> bool:
        """Whether it is library code without a service behind it."""
        return self.category in PLUMBING


ID = re.compile(r"[\w.+-]{1,200}")
_SDK_FIELDS = {f.name: f.type == "tuple[str, ...]" for f in fields(Sdk)}
_COMPANY_FIELDS = {f.name: f.type == "tuple[str, ...]" for f in fields(Company)}


def _values(row: object, known: Mapping[str, bool], where: str) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise InputError(f"{where}: a record must be a table")
    values: dict[str, Any] = {}
    for key, value in row.items():
        if key not in known:
            raise InputError(f"{where}: unknown field {key!r}")
        if known[key]:
            if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
                raise InputError(f"{where}: {key} must be a list of strings")
            values[key] = tuple(value)
        elif isinstance(value, str):
            values[key] = value
        else:
            raise InputError(f"{where}: {key} must be a string")
    if not values.get("id"):
        raise InputError(f"{where}: a record without an id")
    if not ID.fullmatch(values["id"]):  # lists of ids are parted by blanks, ids and versions by colons
        raise InputError(f"{where}: id {values['id']!r} holds more than letters, digits and . _ + -")
    return values


def parse(data: Mapping[str, Any], where: str) -> tuple[dict[str, Sdk], dict[str, Company]]:
    """Records of one parsed file with tables ``[[sdk]]`` and ``[[company]]``.

    Raises InputError, naming ``where``, on what does not fit the schema or a repeated id.
    """
    found: dict[str, Sdk] = {}
    owners: dict[str, Company] = {}
    for table in ("sdk", "company"):
        if not isinstance(data.get(table, []), list):
            raise InputError(f"{where}: [[{table}]] must be an array of tables")
    for row in data.get("company", []):
        values = _values(row, _COMPANY_FIELDS, where)
        if values["id"] in owners:
            raise InputError(f"{where}: company {values['id']!r} stands twice")
        owners[values["id"]] = Company(**values)
    for row in data.get("sdk", []):
        values = _values(row, _SDK_FIELDS, where)
        if values["id"] in found:
            raise InputError(f"{where}: SDK {values['id']!r} stands twice")
        if values.get("category") not in CATEGORIES:
            raise InputError(f"{where}: SDK {values['id']!r}: unknown category {values.get('category')!r}")
        found[values["id"]] = Sdk(**values)
    return found, owners


@cache
def files() -> tuple[str, ...]:
    """Names of the record files, sorted; words.toml is for `names.py`."""
    return tuple(sorted(p.name for p in FOLDER.glob("*.toml") if p.name != "words.toml"))


@cache
def companies() -> dict[str, Company]:
    """Every company by id."""
    return {row["id"]: Company(**_values(row, _COMPANY_FIELDS, "companies")) for row in _rows("company")}


class Records(Mapping[str, Sdk]):
    """Our records by id. Each is made when it is asked for: a scan needs `column` of all, the rest of few."""

    def __init__(self) -> None:
        self._rows = {row["id"]: row for row in _rows("sdk")}
        self._made: dict[str, Sdk] = {}

    def __getitem__(self, sdk_id: str) -> Sdk:
        made = self._made.get(sdk_id)
        if made is None:
            row = self._rows[sdk_id]
            values: dict[str, Any] = {k: tuple(v) if type(v) is list else v for k, v in row.items()}
            if "country" not in values and "company" in values:
                values["country"] = companies()[values["company"]].country
            made = self._made[sdk_id] = Sdk(**values)
        return made

    def __contains__(self, sdk_id: object) -> bool:
        return sdk_id in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def column(self, field: str) -> Iterator[tuple[str, str]]:
        """(value, SDK id) of a list field, without making the records."""
        return ((value, sdk_id) for sdk_id, row in self._rows.items() for value in row.get(field, ()))

    def names(self) -> Iterator[tuple[str, str, str, Sequence[str]]]:
        """(SDK id, Chinese name, English name, aliases), without making the records."""
        for sdk_id, row in self._rows.items():
            yield sdk_id, row.get("zh", ""), row.get("en", ""), row.get("aliases", ())


@cache
def sdks() -> Records:
    """Every SDK by id; ``country`` filled in from the company. Files in name order, then file order."""
    return Records()


def _rows(table: str) -> Iterable[dict[str, Any]]:
    for name in files():
        yield from toml(f"sdks/{name}").get(table, ())


@cache
def version() -> str:
    """Identity of this knowledge: 16 hex digits of the SHA-256 over its files, for the bundle."""
    digest = hashlib.sha256()
    for name in files():
        digest.update(name.encode() + b"\0" + (FOLDER / name).read_bytes() + b"\0")
    return digest.hexdigest()[:16]

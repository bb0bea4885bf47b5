"""The SDK records hold together, and each kind of evidence finds its owner."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date

import pytest

from appaudit.errors import InputError
from appaudit.knowledge import sdks as knowledge
from appaudit.knowledge.data_types import data_types
from appaudit.knowledge.load import toml
from appaudit.knowledge.sdks.index import Index, overlaps, shared
from appaudit.knowledge.sdks.model import CATEGORIES, files, parse, sdks

COUNTRIES = frozenset(
    re.findall(
        "..",
        "AEARATAUBEBGBRBYCACHCLCNCOCYCZDEDKEEEGESFIFRGBGRHKHRHUIDIEILINISIT"
        "JPKEKRLTLULVMTMXMYNGNLNONZPHPKPLPTRORSRUSASESGSISKTHTRTWUAUSVNZA",
    )
)
GENERIC = re.compile(
    r"(com|cn|org|net|io|me|de|android|androidx|java|javax|kotlin|kotlinx|(com|org)\.(google|google\.android|android|"
    r"tencent|alibaba|baidu|huawei|xiaomi|bytedance|github|facebook|amazon|microsoft|taobao|netease|sina|meizu|vivo|"
    r"oppo|samsung|apache|aliyun|alipay|jd|qq|twitter|yahoo|adobe|apple|sun|oracle|ibm|sony|lge|example|app|test))\Z"
)
PACKAGE = re.compile(r"[A-Za-z_$][\w$-]*(\.[A-Za-z_$][\w$-]*)*\Z")
HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+\Z")


def test_files_fit_the_schema_and_ids_are_unique() -> None:
    seen: Counter[str] = Counter()
    for name in files():
        seen.update(parse(toml(f"sdks/{name}"), name)[0].keys())
    assert not [i for i, n in seen.items() if n > 1]
    assert set(seen) == set(sdks())
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9.+-]*", i) for i in seen), "ids are lower case"


def test_every_record_is_whole() -> None:
    for sdk in sdks().values():
        assert sdk.category in CATEGORIES, sdk.id
        assert sdk.zh or sdk.en, sdk.id
        assert not sdk.company or sdk.company in knowledge.companies(), sdk.id
        assert any((sdk.packages, sdk.components, sdk.libs, sdk.assets, sdk.meta_data, sdk.hosts)), (
            f"{sdk.id}: nothing would ever find it"
        )
        assert {*sdk.collects, *sdk.likely} <= set(data_types()), sdk.id
        assert not (sdk.likely and (sdk.collects or sdk.checked)), f"{sdk.id}: what it states is known"
        if sdk.collects or sdk.checked:
            assert re.match(r"https://\S+\Z", sdk.source), f"{sdk.id} was compared with no page"
        else:
            assert not sdk.source, f"{sdk.id}: a source of nothing"
        if sdk.checked:
            assert date.fromisoformat(sdk.checked), sdk.id
        for link in (sdk.homepage, sdk.policy):
            assert not link or re.match(r"https?://\S+\Z", link), (sdk.id, link)


def test_no_record_stands_for_two_vendors() -> None:
    pages = {"statsig": "configcat", "ias": "doubleverify", "kinvey": "backendless", "tapsell": "adivery"}
    for one, other in pages.items():
        assert sdks()[one].en != sdks()[other].en
        assert not set(sdks()[one].packages) & set(sdks()[other].packages)
    assert knowledge.owner("com.configcat.ConfigCatClient") == "configcat"
    for sdk in sdks().values():
        roots = {".".join(package.split(".")[:2]) for package in sdk.packages}
        joined = re.search(r" and |, ", re.sub(r"\(.*?\)", "", sdk.en))
        assert not joined or sdk.company or len(roots) < 2, f"{sdk.id} is several products: {sdk.en}"


def test_what_an_sdk_brings_of_its_own_is_its_own() -> None:
    for name in ("com.xiaomi.smack.Connection", "com.xiaomi.channel.commonutils.logger.b"):
        assert knowledge.owner(name) == "xiaomi-push"
    assert knowledge.owner("com.citrix.Receiver.Main") is None
    assert knowledge.owner("air.com.maker.game.AppEntry") is None, "the package of the app itself"


def test_values_have_their_form() -> None:
    for sdk in sdks().values():
        for package in sdk.packages:
            assert PACKAGE.match(package), (sdk.id, package)
            assert sdk.plumbing or not GENERIC.match(package), f"{sdk.id} claims {package}"
            assert "." in package or sdk.plumbing or len(package) > 3, f"{sdk.id} claims {package}"
        for component in sdk.components:
            assert PACKAGE.match(component), (sdk.id, component)
        for host in sdk.hosts:
            assert HOST.match(host), (sdk.id, host)
        for lib in sdk.libs:
            assert re.fullmatch(r"[^/]+\.so", lib), (sdk.id, lib)
            assert len(lib.partition("*")[0]) > len("lib") + 1, f"{sdk.id}: {lib} is too wide"
        for coordinate in sdk.maven:
            assert coordinate.count(":") == 1, (sdk.id, coordinate)
        for entry in sdk.init:
            assert entry.count("#") == 1, (sdk.id, entry)
        for entry in sdk.version:
            assert "#" in entry or entry.startswith(("meta-data:", "META-INF/", "string:")), (sdk.id, entry)
            assert entry.isascii(), (sdk.id, entry)


def test_companies_are_used_and_have_a_country() -> None:
    used = {s.company for s in sdks().values()}
    for company in knowledge.companies().values():
        assert company.id in used, f"{company.id} stands behind no SDK"
        assert company.country in COUNTRIES, company.id
        assert company.zh or company.en, company.id


def test_shared_values_have_a_rule_and_rules_are_needed() -> None:
    held = {(field, value): ids for field, value, ids in overlaps(sdks().values())}
    ruled = {(r.field, r.value): r.owner for r in shared()}
    assert set(held) - set(ruled) == set(), "two records hold a value and no rule says whose it is"
    assert set(ruled) - set(held) == set(), "a rule for a value that is not shared"
    assert all(ruled[k] in held[k] for k in held)


def test_init_and_version_classes_belong_to_their_record() -> None:
    for sdk in sdks().values():
        for entry in (*sdk.init, *(v for v in sdk.version if "#" in v)):
            name = entry.partition("#")[0]
            assert knowledge.owner(name) in {sdk.id, *_family(sdk.id)}, (sdk.id, entry, knowledge.owner(name))


def _family(sdk_id: str) -> set[str]:
    company = sdks()[sdk_id].company
    return {s.id for s in sdks().values() if company and s.company == company}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Lcn/jpush/android/api/JPushInterface;", "jpush"),
        ("cn.jpush.android.service.PushService", "jpush"),
        ("Lcn/jpushx/A;", None),
        ("Lcn/jiguang/a/A;", "jcore"),
        ("Lcn/jiguang/verifysdk/api/V;", "jverification"),
        ("Lcom/google/android/gms/ads/identifier/AdvertisingIdClient;", "google-ads-identifier"),
        ("Lcom/google/android/gms/ads/AdView;", "admob"),
        ("Lcom/google/android/gms/common/api/Api;", "google-play-services"),
        ("Lcom/facebook/FacebookSdk;", "facebook-core"),
        ("Lcom/facebook/FacebookSdk$1;", "facebook-core"),
        ("Lcom/facebook/FacebookSdkx;", None),
        ("LMainActivity;", None),
        ("", None),
    ],
)
def test_owner_is_the_longest_prefix_at_a_boundary(name: str, expected: str | None) -> None:
    assert knowledge.owner(name) == expected


def test_prefixes_agree_with_owner() -> None:
    texts, ids = knowledge.prefixes()
    assert list(texts) == sorted(texts)
    for text, sdk in zip(texts, ids, strict=True):
        assert knowledge.owner(text if text.endswith(";") else text + "X;") == sdk


def test_every_kind_of_evidence_has_a_lookup() -> None:
    assert knowledge.sdk_of_component("com.igexin.sdk.PushService") == "getui-push"
    assert knowledge.sdk_of_meta_data("JPUSH_APPKEY") == "jpush"
    assert knowledge.sdk_of_library("libjcore332.so") == "jcore"
    assert knowledge.sdk_of_library("libjcore332.so.bak") is None
    assert knowledge.sdk_of_library("libweibosdkcore.so") == "weibo-sdk"
    assert knowledge.sdk_of_asset("supplierconfig.json") == "msa-oaid"
    assert knowledge.sdk_of_host("s.jpush.cn") == "jpush"
    assert knowledge.sdk_of_host("notjpush.cn") is None
    assert knowledge.sdk_of_host("EXAMPLE.com.") is None
    assert knowledge.sdk_of_permission("org.shop.permission.JPUSH_MESSAGE", "org.shop") == "jpush"
    assert knowledge.sdk_of_permission("org.shop.permission.JPUSH_MESSAGE", "org.other") is None
    assert knowledge.sdk_of_maven("cn.jiguang.sdk:jpush:4.8.1") == "jpush"


def test_own_records_win_over_ours() -> None:
    mine, _ = parse(
        {"sdk": [{"id": "mine", "en": "Mine", "category": "push", "packages": ["cn.jpush.android"]}]},
        "mine.toml",
    )
    index = Index({**sdks(), **mine})
    assert index.owner("Lcn/jpush/android/A;") == "mine"
    assert index.owner("Lcn/jpush/client/A;") == "jpush"


@pytest.mark.parametrize(
    "row",
    [
        "not a table",
        {"en": "no id", "category": "push"},
        {"id": "x", "category": "no such"},
        {"id": "x", "category": "push", "packages": "a.b"},
        {"id": "x", "category": "push", "colour": "red"},
        {"id": 1, "category": "push"},
    ],
)
def test_what_does_not_fit_the_schema_is_named(row: object) -> None:
    with pytest.raises(InputError, match=r"user\.toml"):
        parse({"sdk": [row]}, "user.toml")


def test_the_knowledge_is_as_wide_as_promised() -> None:
    records = sdks().values()
    assert len(records) >= 900
    assert sum(sdk.country == "CN" for sdk in records) >= 300
    assert {sdk.category for sdk in records} >= set(CATEGORIES) - {"other"}

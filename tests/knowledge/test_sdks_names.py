"""SDK names in policies: found in running text, scored in a table's cell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appaudit.knowledge import sdks as knowledge
from appaudit.knowledge.sdks.names import CERTAIN, find_mentions, match_name, names, normalise


def said(text: str) -> list[tuple[str, str]]:
    return [(text[start:end], sdk) for start, end, sdk in find_mentions(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我们接入极光推送SDK用于消息通知。", [("极光推送SDK", "jpush")]),
        ("使用 JPush 与腾讯 Bugly 服务", [("JPush", "jpush"), ("腾讯 Bugly", "bugly")]),
        (
            "友盟+SDK、穿山甲、优量汇",
            [("友盟+SDK", "umeng-analytics"), ("穿山甲", "pangle-cn"), ("优量汇", "gdt")],
        ),
        ("We use AppsFlyer and jpush-sdk here.", [("AppsFlyer", "appsflyer"), ("jpush-sdk", "jpush")]),
        ("xAppsFlyerx", []),
        ("BUGLY", [("BUGLY", "bugly")]),
    ],
)
def test_names_are_found_where_they_stand(text: str, expected: list[tuple[str, str]]) -> None:
    assert said(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("You may adjust the volume in our Beijing branch.", []),
        ("The Adjust SDK measures campaigns.", [("Adjust SDK", "adjust")]),
        ("Partners\nAdjust\nBranch", [("Adjust", "adjust"), ("Branch", "branch")]),
        ("| 微信 | 深圳市腾讯计算机系统有限公司 |", [("微信", "wechat-opensdk")]),
        ("您可以把商品分享给微信好友。", []),
        ("为实现登录,我们集成了微信、QQ", [("微信", "wechat-opensdk"), ("QQ", "qq-opensdk")]),
    ],
)
def test_everyday_words_need_context(text: str, expected: list[tuple[str, str]]) -> None:
    assert said(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("极光推送", "jpush"),
        ("个推消息推送SDK", "getui-push"),
        ("com.igexin.sdk", "getui-push"),
        ("华为HMS推送服务", "huawei-push"),
        ("微信", "wechat-opensdk"),
        ("高德软件有限公司 定位SDK", "amap"),
        ("小米推送(MiPush)", "xiaomi-push"),
        ("MSA 统一SDK", "msa-oaid"),
    ],
)
def test_a_declared_name_is_matched_with_certainty(text: str, expected: str) -> None:
    (best, score), *others = match_name(text)
    assert best == expected
    assert score >= CERTAIN
    assert all(other < CERTAIN for _, other in others)


def test_a_company_alone_is_no_certain_match() -> None:
    found = match_name("深圳市和讯华谷信息技术有限公司")
    assert {"jpush", "jverification"} <= {sdk for sdk, _ in found}
    assert all(score < CERTAIN for _, score in found)


def test_a_company_and_a_purpose_say_more_than_a_company() -> None:
    assert match_name("深圳市和讯华谷信息技术有限公司 推送")[0][0] == "jpush"


def test_alike_is_scored_below_certain() -> None:
    found = dict(match_name("极光推送平台服务商"))
    assert "jpush" in found
    (best, score), *_ = match_name("AppFlyer")
    assert best == "appsflyer"
    assert score < CERTAIN


def test_nothing_is_matched_by_nothing() -> None:
    assert match_name("") == []
    assert match_name("用户协议") == []
    assert match_name("no such thing at all") == [], "a company's name inside a word is none"


def test_two_sdks_in_a_cell_come_back_both() -> None:
    found = dict(match_name("中国移动认证SDK、中国联通认证SDK"))
    assert found["cmcc-sso"] == found["cucc-sso"] == 1.0


def test_every_record_is_found_by_its_own_name() -> None:
    wrong = []
    for sdk in knowledge.sdks().values():
        for name in filter(None, (sdk.zh, sdk.en)):
            if dict(match_name(name)).get(sdk.id) != 1.0:
                wrong.append((sdk.id, name))
    assert not wrong


def naming(sdk_id: str) -> tuple[str, str, tuple[str, ...]]:
    sdk = knowledge.sdks()[sdk_id]
    return sdk.zh, sdk.en, sdk.aliases


def test_names_are_levelled() -> None:
    assert normalise("J-Push SDK") == "jpushsdk"
    assert "jpush" in names(*naming("jpush"))


@given(
    st.text(max_size=200)
    | st.lists(st.sampled_from(["极光", "推送", "SDK", "adjust", " ", "-", "\n", "|"])).map("".join)
)
def test_spans_lie_inside_the_text_in_order(text: str) -> None:
    mentions = find_mentions(text)
    assert mentions == sorted(mentions, key=lambda m: m[0])
    for start, end, sdk in mentions:
        assert 0 <= start < end <= len(text)
        assert sdk in knowledge.sdks()
        assert normalise(text[start:end]) in names(*naming(sdk))
    for _, score in match_name(text):
        assert 0 < score <= 1

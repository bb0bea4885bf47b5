"""Screens: what asks for consent is known, what does not is not guessed."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appaudit.dynamic.consent import avoided, consent, permission_prompt
from appaudit.dynamic.ui import Node, Screen, UiError, parse


def node(text: str, clickable: bool = False, checked: bool | None = None, row: int = 0, **more: str) -> str:
    box = f'checkable="true" checked="{str(checked).lower()}"' if checked is not None else 'checkable="false"'
    rest = " ".join(f'{k.replace("_", "-")}="{v}"' for k, v in more.items())
    return (
        f'<node text="{text}" class="android.widget.TextView" clickable="{str(clickable).lower()}" {box} '
        f'bounds="[0,{row}][100,{row + 50}]" {rest}/>'
    )


def screen(*nodes: str, package: str = "com.example.x") -> Screen:
    inside = "".join(nodes)
    frame = f'<node text="" package="{package}" bounds="[0,0][1080,2400]">{inside}</node>'
    return parse(f'<?xml version="1.0" encoding="UTF-8"?><hierarchy>{frame}</hierarchy>'.encode())


@pytest.mark.parametrize(
    ("words", "agree", "refuse"),
    [
        ("请阅读《隐私政策》", "同意并继续", "不同意"),
        ("用户协议与隐私政策", "同意", "不同意并退出"),
        ("个人信息保护指引", "同意并进入", "仅浏览"),
        ("欢迎。我同意隐私政策", "进入应用", "退出应用"),
        ("Please read our Privacy Policy", "Agree and continue", "Disagree"),
        ("Privacy notice", "Accept all", "Reject all"),
        ("privacy policy", "I AGREE", "NOT NOW"),
    ],
)
def test_consent_is_known(words: str, agree: str, refuse: str) -> None:
    found = consent(screen(node(words), node(refuse, True, row=50), node(agree, True, row=100)))
    assert found is not None
    assert found.agree.text == agree
    assert found.refuse is not None
    assert found.refuse.text == refuse
    assert found.agree.middle == (50, 125)


def test_what_is_no_consent_is_not_guessed() -> None:
    assert consent(screen(node("今日特价"), node("同意", True))) is None
    assert consent(screen(node("隐私政策"), node("确定", True), node("关于", True))) is None
    assert consent(screen(node("Privacy policy"), node("Continue", True))) is None
    assert consent(screen(node("隐私政策", True), node("设置", True))) is None
    assert consent(Screen(())) is None


def test_only_agreeing_is_possible() -> None:
    found = consent(screen(node("隐私政策"), node("同意并继续", True)))
    assert found is not None
    assert found.refuse is None


def test_boxes_links_and_purposes() -> None:
    found = consent(
        screen(
            node("我同意用户协议、隐私政策、个性化广告及合作方营销信息", True, checked=True),
            node("《隐私政策》", True),
            node("进入应用", True),
            node("退出应用", True),
        )
    )
    assert found is not None
    assert found.pre_ticked
    assert found.link is not None
    assert set(found.bundled) == {"个性化广告", "合作方", "营销"}
    assert found.language == "zh"


def test_purposes_with_a_box_each_are_not_bundled() -> None:
    found = consent(
        screen(
            node("隐私政策"),
            node("个性化广告", True, checked=False),
            node("营销", True, checked=False, row=50),
            node("同意", True, row=100),
        )
    )
    assert found is not None
    assert not found.pre_ticked
    assert found.bundled == ()


@pytest.mark.parametrize("package", ["com.android.permissioncontroller", "com.miui.securitycenter"])
def test_permission_prompt(package: str) -> None:
    text = "要允许com.example.x使用 android.permission.READ_CONTACTS 吗？"
    found = permission_prompt(
        screen(node(text), node("仅在使用中允许", True), node("拒绝", True, row=70), package=package)
    )
    assert found is not None
    assert found.permission == "android.permission.READ_CONTACTS"
    assert found.allow is not None
    assert found.deny is not None
    assert found.deny.text == "拒绝"
    assert permission_prompt(screen(node(text), node("允许", True))) is None


@pytest.mark.parametrize(
    ("text", "permission"),
    [
        ("要允许“商店”获取此设备的位置信息吗？", "android.permission.ACCESS_COARSE_LOCATION"),
        ("Allow Shop to access this device’s location?", "android.permission.ACCESS_COARSE_LOCATION"),
        ("要允许“商店”拨打电话和管理通话吗？", "android.permission.READ_PHONE_STATE"),
        ("Allow Shop to access your phone call logs?", ""),
        ("是否允许“商店”录制音频？", "android.permission.RECORD_AUDIO"),
        ("Allow Shop to record audio?", "android.permission.RECORD_AUDIO"),
        ("要允许“商店”拍摄照片和录制视频吗？", "android.permission.CAMERA"),
        ("Allow Shop to access photos, media, and files on your device?", ""),
        ("Allow Shop to send you notifications?", "android.permission.POST_NOTIFICATIONS"),
        ("Allow Shop to do something new?", ""),
    ],
)
def test_a_prompt_that_names_no_permission_is_known_by_its_words(text: str, permission: str) -> None:
    """As phones write them; of a group, what the app's manifest has of it."""
    wanted = ["POST_NOTIFICATIONS", "CAMERA", "RECORD_AUDIO", "READ_PHONE_STATE", "ACCESS_COARSE_LOCATION"]
    found = permission_prompt(screen(node(text), package="com.android.permissioncontroller"))
    assert found is not None
    assert found.asks([f"android.permission.{name}" for name in wanted]) == permission


def test_exploring_leaves_some_buttons_alone() -> None:
    for label in ("退出登录", "撤回同意", "立即支付", "Log out", "Delete account", "Withdraw consent"):
        assert avoided(label_of(label)), label
    for label in ("附近门店", "刷新", "Sync now", "Paste", "搜索"):
        assert not avoided(label_of(label)), label


def label_of(text: str) -> Node:
    return screen(node(text, True)).nodes[1]


@pytest.mark.parametrize(
    "xml",
    [
        b"", b"<", b"null root node returned by UiTestAutomationBridge.",
        b'<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;&x;&x;">]><hierarchy><node text="&z;"',
        b"<hierarchy>" + b"<node>" * 5000, b"x" * 9_000_000,
    ],
)  # fmt: skip
def test_what_is_no_dump_is_refused(xml: bytes) -> None:
    with pytest.raises(UiError):
        parse(xml)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(xml: bytes) -> None:
    with contextlib.suppress(UiError):
        parse(xml)


def test_entities_are_not_followed() -> None:
    head = b'<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    xml = b'<hierarchy><node text="a" bounds="[0,0][1,1]">&f;</node></hierarchy>'
    assert parse(head + xml).text == "a"

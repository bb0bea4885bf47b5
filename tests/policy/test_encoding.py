"""Encodings are told by how the text reads, whatever was declared."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appaudit.policy.encoding import declared, decode

SIMPLIFIED = (
    "本政策说明我们如何收集、使用和保存您的个人信息。在您注册账号时，我们会收集您的手机号码，用于向您发送验证短信。"
    "当您使用搜索功能时，我们会记录您输入的关键词和浏览历史，以便为您展示更合适的商品。您可以在设置中关闭个性化推荐。"
    "未经您的同意，我们不会把这些信息提供给任何第三方公司。如果您对本政策有任何疑问，可以通过客服电话与我们联系，"
    "我们将在十五个工作日内答复。您也可以随时注销账号，注销之后我们会删除您的个人信息或者做匿名化处理。"
)
TRADITIONAL = (
    "本政策說明我們如何收集、使用和保存閣下的個人資料。當閣下登記成為會員時，我們會收集閣下的電話號碼，用於發送驗證短訊。"
    "當閣下使用搜尋功能時，我們會記錄閣下輸入的字詞和瀏覽紀錄，以便為閣下顯示更合適的商品。未經閣下同意，我們不會把這些"
    "資料提供給任何第三方公司。如閣下對本政策有任何疑問，可以透過客戶服務電話與我們聯絡，我們將在十五個工作天內答覆。"
    "閣下也可以隨時取消帳戶，取消之後我們會刪除閣下的個人資料或者作匿名處理。"
)
ENGLISH = "We collect “your” name – and the café’s address — when you register. " * 6


@pytest.mark.parametrize(
    ("text", "codec", "name"),
    [
        (SIMPLIFIED, "utf-8", "utf-8"),
        (SIMPLIFIED, "utf-8-sig", "utf-8"),
        (SIMPLIFIED, "gbk", "gb18030"),
        (SIMPLIFIED, "gb18030", "gb18030"),
        (SIMPLIFIED, "utf-16", "utf-16-le"),
        (SIMPLIFIED, "utf-16-le", "utf-16-le"),
        (SIMPLIFIED, "utf-16-be", "utf-16-be"),
        (TRADITIONAL, "big5", "big5"),
        (TRADITIONAL, "gb18030", "gb18030"),
        (TRADITIONAL, "utf-16-be", "utf-16-be"),
        (ENGLISH, "windows-1252", "windows-1252"),
        (ENGLISH, "utf-16-le", "utf-16-le"),
        ("plain ASCII words", "ascii", "utf-8"),
    ],
)
@pytest.mark.parametrize(
    "hint", [None, "utf-8", "gb2312", "big5", "iso-8859-1", "no-such", "punycode", "rot13"]
)
def test_a_wrong_or_missing_declaration_does_no_harm(
    text: str, codec: str, name: str, hint: str | None
) -> None:
    found = decode(text.encode(codec), hint)
    assert (found.text, found.encoding, found.damaged) == (text, name, 0)


def test_ascii_before_the_first_chinese_character_hides_nothing() -> None:
    assert decode(b"<!-- x -->" * 40_000 + SIMPLIFIED.encode("gbk")).encoding == "gb18030"


def test_one_damaged_byte_keeps_the_encoding_and_is_counted() -> None:
    data = bytearray(SIMPLIFIED.encode())
    data[300] = 0xFF
    found = decode(bytes(data))
    assert found.encoding == "utf-8"
    assert found.damaged >= 1
    assert found.text[:60] == SIMPLIFIED[:60]


def test_the_declaration_is_found_in_the_head() -> None:
    assert declared(b'<meta http-equiv=x content="text/html; charset=GBK">') == "GBK"
    assert declared(b"<p>no head</p>") is None


@settings(deadline=None)
@given(st.binary(max_size=400), st.text(max_size=12))
def test_any_bytes_decode(data: bytes, hint: str) -> None:
    found = decode(data, hint)
    assert isinstance(found.text, str)
    found.text.encode("utf-8")  # no lone surrogates


@given(st.text(min_size=1, max_size=300))
def test_utf8_is_never_mistaken(text: str) -> None:
    data = text.encode()
    if not text.startswith("\ufeff") and "\0" not in text:
        assert decode(data).text == text

"""Which strings are addresses, and which only look like some."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appaudit.static.hosts import address


@pytest.mark.parametrize(
    ("text", "host", "basis", "cleartext"),
    [
        ("https://api.shop.cn/v1?a=b c", "api.shop.cn", "url", False),
        ("http://API.Shop.cn:8080", "api.shop.cn", "url", True),
        ("wss://im.shop.cn/ws", "im.shop.cn", "url", False),
        ("https://user:pw@h.shop.cn/", "h.shop.cn", "url", False),
        ("http://8.8.4.4/dns", "8.8.4.4", "ip", True),
        ("119.29.29.29", "119.29.29.29", "ip", False),
        ("119.29.29.29:80", "119.29.29.29", "ip", False),
        ("api.weixin.qq.com", "api.weixin.qq.com", "name", False),
        ("api2.shop.com/path", "api2.shop.com", "name", False),
    ],
)
def test_addresses(text: str, host: str, basis: str, cleartext: bool) -> None:
    found = address(text)
    assert found is not None
    assert (found.host, found.basis, found.cleartext) == (host, basis, cleartext)


@pytest.mark.parametrize(
    "text",
    [
        "http://schemas.android.com/apk/res/android",
        "http://www.w3.org/2001/XMLSchema",
        "http://xml.org/sax/features/namespaces",
        "https://developer.android.com/guide and more words",
        "https://github.com/square/okhttp",
        "See https://api.shop.cn for more",
        "https://www.googleapis.com/auth/drive",
        "http://javax.xml.transform.dom.DOMResult/feature",
        "2.5.4.3",
        "1.2.3.4",
        "127.0.0.1",
        "http://192.168.1.1/",
        "255.255.255.255",
        "999.1.1.1",
        "com.shop.app",
        "android.intent.action",
        "app.onCreate",
        "api.Service",
        "http://",
        "https://localhost/",
        "http://[::1]/",
        "http://%s/path",
        "https://{host}/",
        "",
    ],
)
def test_others(text: str) -> None:
    assert address(text) is None


@given(st.text(max_size=120) | st.text(alphabet="htps:/.wc0123456789[]@%", max_size=60))
def test_any_text(text: str) -> None:
    for candidate in (text, f"https://{text}", f"{text}.com"):
        found = address(candidate)
        assert found is None or ("." in found.host or ":" in found.host)

"""What a file is, and what of it cannot be read."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appaudit.errors import InputError
from appaudit.policy.load import load, load_bytes
from tests.policy import make

POLICY = "隐私政策\n我们收集您的手机号码，并与第三方共享。\n我们采用加密措施保护您的个人信息。\n"


def codes(name: str, data: bytes) -> set[str]:
    return {gap.code for gap in load_bytes(name, data).gaps}


def test_lines_of_text_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "p.txt"
    path.write_bytes(b"Privacy policy\r\nWe collect\x0byour email.\rA third party\xe2\x80\xa8too.\n")
    document = load(path)
    assert document.lines == ("Privacy policy", "We collect\x0byour email.", "A third party\u2028too.", "")
    assert document.text == "\n".join(document.lines)
    assert (document.size, len(document.sha256)) == (path.stat().st_size, 64)


def test_nothing_is_normalised() -> None:
    odd = "We collect cafe\u0301 \u202eLIAM\u202c \u200bprivacy ｗｉｄｅ \ufb01le\n"
    assert load_bytes("p.txt", odd.encode()).text == odd


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("p.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old binary"),
        ("p.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "picture"),
        ("p.txt", bytes(range(256)) * 20, "binary"),
        ("p.pdf", b"%PDF-1.7\ngarbage", "damaged PDF"),
        ("p.docx", b"PK\x03\x04 not a zip", "damaged archive"),
        ("p.rtf", b"{\\rtf1 hello}", "RTF"),
    ],
)
def test_what_is_no_document_is_refused_with_the_reason(name: str, data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        load_bytes(name, data)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        load(tmp_path / "none.txt")


def test_a_pipe_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes with names here")
    os.mkfifo(tmp_path / "policy.txt")
    with pytest.raises(InputError, match="not a regular file"):
        load(tmp_path / "policy.txt")


def test_the_content_decides_the_format_not_the_name() -> None:
    assert load_bytes("policy.txt", b"<!DOCTYPE html><p>privacy, personal data").format == "html"
    assert load_bytes("policy.html", make.word()).format == "docx"
    assert load_bytes("policy", POLICY.encode("utf-16")).format == "text"


FRENCH = "Nous recueillons vos informations personnelles lorsque vous utilisez nos services. " * 9
JAPANESE = "当社は、お客様の個人情報を以下のように収集し、利用いたします。" * 9
RUSSIAN = "Мы собираем ваши персональные данные при использовании приложения. " * 9
NO_POLICY = {
    "login": "<h1>Sign in</h1><form>Log in with your password <input type=password></form>",
    "error": "<title>404</title><h1>Page not found</h1><p>Error code 404",
    "cookie": "<p>We use cookies. <button>Accept all</button> Reject all. Manage preferences",
    "human": "<h1>安全验证</h1><p>请完成验证后继续访问，拖动滑块",
    "nothing": "<p>Blue shoes and green hats are on sale this week at every shop in town.",
}


@pytest.mark.parametrize(
    ("html", "code", "reason"),
    [
        *((html, "not_a_policy", reason) for reason, html in NO_POLICY.items()),
        ("<div id=app></div><script>" + "x=1;" * 900 + "</script>", "empty_document", "script"),
        (f"<p>{FRENCH}", "language_unknown", "Latin"),
        (f"<p>{JAPANESE}", "language_unknown", "Japanese"),
        (f"<p>{RUSSIAN}", "language_unknown", "script"),
    ],
)
def test_a_page_that_is_no_policy_says_so(html: str, code: str, reason: str) -> None:
    gaps = [g for g in load_bytes("p.html", html.encode()).gaps if g.code == code]
    assert gaps
    assert reason in gaps[0].reason


def test_a_policy_that_speaks_of_login_and_cookies_is_a_policy() -> None:
    words = (
        "When you log in with a password we use cookies. You may accept all. We collect personal information "
    )
    words += "and disclose it to third parties with your consent; see our privacy rules on retention. "
    assert not codes("p.html", f"<h1>Privacy Policy</h1><p>{words}".encode())
    assert not codes("p.txt", POLICY.encode())


@pytest.mark.parametrize(
    ("title", "role"),
    [
        ("示例商城隐私政策", "policy"),
        ("示例商城第三方SDK目录", "sdk_list"),
        ("第三方信息共享清单", "sdk_list"),
        ("List of third-party SDKs", "sdk_list"),
        ("应用权限申请与使用情况说明", "permission_list"),
        ("App permissions explained", "permission_list"),
        ("个人信息收集清单", "data_list"),
        ("List of personal information we collect", "data_list"),
        ("儿童个人信息保护规则", "children"),
        ("Children's Privacy Notice", "children"),
        ("境外用户隐私政策", "overseas"),
        ("Cookie Policy", "cookie"),
        ("用户服务协议", "terms"),
    ],
)
def test_the_title_tells_the_role(title: str, role: str) -> None:
    document = load_bytes("d.txt", f"{title}\n\n{POLICY}".encode())
    assert (document.title, document.role) == (title, role)


def test_an_archive_that_unpacks_to_too_much_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * 80_000_000)
    with pytest.raises(InputError, match="unpacks to more"):
        load_bytes("bomb.docx", out.getvalue())


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from(["a.html", "a.md", "a.csv", "a.txt", "a.pdf", "a.docx", "a.xlsx"]),
)
def test_any_bytes_are_read_or_refused(data: bytes, name: str) -> None:
    starts = {"a.pdf": b"%PDF-1.4\n", "a.docx": b"PK\x03\x04", "a.xlsx": b"PK\x03\x04"}
    try:
        document = load_bytes(name, starts.get(name, b"") + data)
    except InputError:
        return
    assert document.text == "\n".join(document.lines)


DAMAGED = {"a.docx": make.word(), "a.xlsx": make.workbook(), "a.pdf": make.pdf(["Privacy", make.SDK_ROWS])}


def _repack(data: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """An archive with its members changed, its checksums right."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return out.getvalue()


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(sorted(DAMAGED)),
    st.floats(0, 1, exclude_max=True),
    st.binary(min_size=1, max_size=6) | st.sampled_from([b"<", b"&x;", b"-1", b"99999999999"]),
    st.booleans(),
)
def test_damaged_files_are_read_or_refused(name: str, place: float, patch: bytes, inside: bool) -> None:
    def change(member: str, data: bytes) -> bytes:
        del member
        at = int(place * len(data))
        return data[:at] + patch + data[at + len(patch) :]

    data = DAMAGED[name]
    data = _repack(data, change) if inside and name != "a.pdf" else change(name, data)
    try:
        document = load_bytes(name, data)
    except InputError:
        return
    assert document.text == "\n".join(document.lines)

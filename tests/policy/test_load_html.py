"""Web pages as they are scraped."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appaudit.policy import html as html_reader
from appaudit.policy.document import LoadedDocument
from appaudit.policy.load import load_bytes


def read(html: str, name: str = "p.html") -> LoadedDocument:
    return load_bytes(name, html.encode())


def test_navigation_footer_scripts_and_hidden_text_are_left_out() -> None:
    document = read(
        "<html><head><title>t</title><style>.off{display:none} @media print{.print{display:none}}</style>"
        "</head><body>"
        "<nav><a href=/>Home</a></nav><div class='site-header'><a href=/cart>Cart</a></div>"
        "<script>var x = 'We collect everything'</script><main><h1>Privacy</h1>"
        "<p>We collect your email.</p><p class=print>Printed.</p>"
        "<p style='display: none'>secret one</p><p hidden>secret two</p><p class=off>secret three</p></main>"
        "<footer>© Shop <a href=/t>Terms</a></footer></body></html>"
    )
    assert document.lines == ("Privacy", "We collect your email.", "Printed.")
    assert document.headings == ((1, 1),)


def test_panels_of_tabs_are_read_though_hidden() -> None:
    document = read(
        "<ul role=tablist><li><a role=tab href='#zh'>中文</a></ul><h1>Privacy policy</h1>"
        "<div class='tab-pane' style='display:none'>We share data with third parties.</div>"
        "<div id=zh style='display:none'>我们收集个人信息。</div>"
        "<div role=tabpanel hidden>Consent comes first.</div>"
    )
    assert {"We share data with third parties.", "我们收集个人信息。", "Consent comes first."} <= set(
        document.lines
    )


def test_a_page_that_shows_nothing_until_its_script_ran_is_read_and_said() -> None:
    words = "We collect your personal information and share it with third parties. " * 12
    document = read(f"<body><div id=root style='display:none'><p>{words}</p></div></body>")
    assert words.strip() in document.text
    assert {g.code for g in document.gaps} == {"hidden_text"}


def test_emphasis_and_links_keep_their_places() -> None:
    document = read(
        "<p>我们收集您的<b>IMEI</b>、<u>MAC地址</u>和<span style='font-weight:700'>位置</span>，"
        "见<a href='sdk.html'>《第三方<b>SDK</b>目录》</a>。<br>隐私"
    )
    assert document.lines == ("我们收集您的IMEI、MAC地址和位置，见《第三方SDK目录》。", "隐私")
    words = [document.lines[line - 1][start:end] for line, start, end in document.emphasis]
    assert words == ["IMEI", "MAC地址", "位置", "SDK"]
    ((line, start, end, target),) = document.links
    assert (document.lines[line - 1][start:end], target) == ("《第三方SDK目录》", "sdk.html")


def test_a_space_between_words_outlives_a_line_break_in_english_only() -> None:
    assert read("<p>we\n   collect\n<b>data</b>\nabout privacy").lines == ("we collect data about privacy",)
    assert read("<p>我们收集\n   个人\n<b>信息</b>\n，隐私").lines == ("我们收集个人信息，隐私",)


def test_lists_show_their_numbers_once() -> None:
    document = read("<ol start=3><li>name<li>4、phone<ul><li>mobile</ul></ol><ol type=i><li>x<li>y</ol>")
    assert document.lines == ("3. name", "4、phone", "• mobile", "i. x", "ii. y")


def test_a_table_is_lines_and_rows_with_spans_filled_in() -> None:
    document = read(
        "<table><tr><td>SDK名称<td>收集信息<td>目的"
        "<tr><td rowspan=2>云帆推送<td><p>IMEI</p><p>MAC</p><td>推送"
        "<tr><td><b>OAID</b><td>统计</table><p>隐私 个人信息"
    )
    (table,) = document.tables
    assert table.header == ("SDK名称", "收集信息", "目的")
    assert table.rows == (("云帆推送", "IMEI MAC", "推送"), ("云帆推送", "OAID", "统计"))
    for number, row in zip(table.line_numbers, table.rows, strict=True):
        assert document.lines[number - 1] == "\t".join(row)
    assert [document.lines[n - 1][s:e] for n, s, e in document.emphasis] == ["OAID"]


def test_a_table_that_only_lays_out_the_page_is_read_as_blocks() -> None:
    document = read(
        "<table><tr><td><h1>Privacy</h1><p>One.</p>" + "<table><tr><td>a<td>b<tr><td>c<td>d</table></table>"
    )
    assert document.lines[:2] == ("Privacy", "One.")
    assert len(document.tables) == 1


def test_a_saved_web_archive_is_unpacked() -> None:
    archive = (
        "From: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\n"
        "Content-Type: text/html; charset=gbk\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        "<p>=D2=FE=CB=BD=D5=FE=B2=DF<p>privacy\r\n--b--\r\n"
    )
    assert load_bytes("p.mhtml", archive.encode()).lines[0] == "隐私政策"


def test_hostile_markup_ends_in_bounded_text() -> None:
    wide = read("<table>" + "<tr><td rowspan=9999 colspan=9999>a" * 400)
    assert len(wide.text) < 200_000
    deep = read("<div>" * 100_000 + "We collect personal information")
    assert "document_cut" in {g.code for g in deep.gaps}
    entities = read("<!DOCTYPE a [<!ENTITY e 'x'><!ENTITY f '&e;&e;'>]><p>&f; privacy &amp; consent")
    assert "privacy & consent" in entities.text


@settings(max_examples=120, deadline=None)
@given(st.text(alphabet="<>/abtdrliopu \n\"'=!-隐私&;0123456789", max_size=200))
def test_any_markup_gives_lines_that_hold_their_marks(html: str) -> None:
    document = read("<p>" + html)
    for line, start, end in document.emphasis:
        assert 0 <= start < end <= len(document.lines[line - 1])
    for table in document.tables:
        for number, row in zip(table.line_numbers, table.rows, strict=True):
            assert document.lines[number - 1].rstrip("\t") == "\t".join(row).rstrip("\t")


def test_the_elements_of_tables_count_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_reader, "MAX_ELEMENTS", 100)
    rows = "".join(f"<tr><td>Tally {n}<td>IMEI</tr>" for n in range(200))
    document = read(f"<title>SDK list</title><h1>SDK list</h1><table><tr><th>SDK<th>Data</tr>{rows}</table>")
    assert "document_cut" in [g.code for g in document.gaps]
    assert len(document.lines) < 60


def test_a_table_that_is_not_too_long_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_reader, "MAX_ELEMENTS", 100)
    rows = "".join(f"<tr><td>Tally {n}<td>IMEI</tr>" for n in range(30))
    document = read(f"<title>SDK list</title><h1>SDK list</h1><table><tr><th>SDK<th>Data</tr>{rows}</table>")
    assert "document_cut" not in [g.code for g in document.gaps]
    assert len(document.tables[0].rows) == 30

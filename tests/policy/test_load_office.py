"""Word, PDF, Markdown and sheets."""

from __future__ import annotations

import pytest

from appaudit.errors import InputError
from appaudit.policy.glyphs import meant
from appaudit.policy.load import load_bytes
from appaudit.policy.read import read_loaded
from tests.policy import make

ZH = (
    "为了向您提供消息推送服务，我们会在您登录之后收集您的设备型号、操作系统版本以及网络状态，并在取得您的同意之后"
    "与合作伙伴共享这些信息，用于统计分析和改进我们的服务质量，您可以随时在设置页面撤回同意。"
)
EN = (
    "We may collect your device identifiers when you use the third-party login of the application and when "
    "you agree to it on the settings page, and we share them with our partners for analytics of the service."
)


def test_word_keeps_the_order_of_paragraphs_and_tables() -> None:
    document = load_bytes("p.docx", make.word())
    assert document.lines[:6] == (
        "示例商城隐私政策",
        "我们会收集您的设备序列号。",
        "一、第三方SDK",
        "1. 第一项",
        "2. 第二项",
        "• 要点",
    )
    assert document.lines[-1] == "结尾。"
    table, inner = document.tables
    assert table.header == make.SDK_ROWS[0]
    assert table.rows[0] == make.SDK_ROWS[1]
    assert document.lines[table.line_numbers[0] - 1] == "\t".join(make.SDK_ROWS[1])
    assert inner.rows == (("内一", ""), ("", "内二"))
    assert document.headings == ((1, 1), (3, 1))
    assert (2, 7, 12) in document.emphasis
    assert {g.code for g in document.gaps} == {"hidden_text"}
    assert "隐藏" not in document.text


def test_pdf_paragraphs_are_put_together_and_furniture_left_out() -> None:
    parts = ["示例商城隐私政策", ZH, "1、收集", ZH * 2, EN, "\f", "2、共享", ZH, "\f", "3、联系", EN]
    document = load_bytes("p.pdf", make.pdf(parts, head="示例商城 法律文件", foot="第 {n} 页"))
    assert document.lines == ("示例商城隐私政策", ZH, "1、收集", ZH * 2, EN, "2、共享", ZH, "3、联系", EN)


def test_a_paragraph_goes_on_over_a_page_end() -> None:
    numbers = "零一二三四五六七八九"
    long = "".join(
        f"本段第{a}{b}句说明我们如何保护您的个人信息，并告知您相应的选择。" for a in numbers for b in numbers
    )
    document = load_bytes("p.pdf", make.pdf(["示例政策", long, "二、结尾"], foot="- {n} -"))
    assert document.lines == ("示例政策", long, "二、结尾")


def test_glyph_forms_of_pdf_fonts_are_read_as_the_characters_they_mean() -> None:
    assert (
        meant("个⼈信息的使⽤⽅式，⻚⾯与⺠族⽗⺟，identiﬁer")
        == "个人信息的使用方式，页面与民族父母，identifier"
    )
    odd = "礼\u7948 café Ａ ① ㈠"
    assert meant(odd) == odd


def test_pdf_hyphens_at_line_ends() -> None:
    text = "We share the third-party identifier and other information about you with our advertising part-"
    words = text + "<br/>ners. Our partners keep it."
    document = load_bytes("p.pdf", make.pdf(["Privacy: personal information", words]))
    assert "advertising partners. Our partners" in document.text
    assert "third-party" in document.text


def test_a_ruled_table_over_two_pages_of_pdf_is_one_table() -> None:
    rows = [make.SDK_ROWS[0], *[make.SDK_ROWS[1 + i % 2] for i in range(40)]]
    document = load_bytes("p.pdf", make.pdf(["第三方SDK目录", rows, "以上。"], foot="{n}"))
    if "font_missing" in {g.code for g in document.gaps}:
        pytest.skip("no Chinese font on this machine, and the test file holds none: characters are lost")
    (table,) = document.tables
    assert table.header == rows[0]
    assert table.rows == tuple(rows[1:])
    assert all(
        document.lines[n - 1] == "\t".join(row) for n, row in zip(table.line_numbers, table.rows, strict=True)
    )
    assert (document.lines[0], document.lines[-1], document.role) == ("第三方SDK目录", "以上。", "sdk_list")


def test_pictures_of_pages_are_told() -> None:
    with pytest.raises(InputError, match="pictures of pages and no text"):
        load_bytes("scan.pdf", make.scanned_pdf(3))
    document = load_bytes("part.pdf", make.scanned_pdf(3, text_on=[2]))
    (gap,) = [g for g in document.gaps if g.code == "image_only"]
    assert "2 of 3 pages" in gap.reason


def test_a_table_of_pdf_without_lines_is_a_table_all_the_same() -> None:
    rows = [
        ["SDK名称", "收集个人信息类型", "使用目的"],
        [
            "Tally 统计",
            "设备型号、IMEI、MAC地址、网络类型、运营商名称、应用列表、IP地址、加速度传感器",
            "统计分析",
        ],
        ["Pigeon 推送", "OAID", "消息推送，及时告诉您订单走到了哪里、什么时候会送到您的手上，由谁来送"],
        ["Lens 扫码", "相机", "识别图片"],
    ]
    text = (
        "我们接入了以下第三方SDK，它们会收集下列信息。请您逐项查看，如有疑问请与我们联系，我们会尽快答复您。"
    )
    document = load_bytes("p.pdf", make.pdf(["第三方SDK目录", text, rows, text], ruled=False))
    (table,) = document.tables
    assert [table.header, *table.rows] == [tuple(row) for row in rows]
    assert document.lines[0] == "第三方SDK目录"
    assert document.lines[1] == document.lines[-1] == text
    found = {(f.actor, f.subject) for f in read_loaded(document).facts if f.action == "collects"}
    assert ("party:Tally 统计", "data:imei") in found


def test_text_of_pdf_in_two_columns_is_no_table() -> None:
    rows = [
        ["We collect your name to", "You may ask us to delete"],
        ["serve you, and your email.", "it at any time."],
    ] * 4
    assert not load_bytes("p.pdf", make.pdf(["Privacy policy", rows], ruled=False)).tables


def test_pages_of_pdf_that_are_all_alike_are_text() -> None:
    document = load_bytes("p.pdf", make.pdf(["Privacy: we collect your email.", "\f"] * 4, foot="{n}"))
    assert document.lines == ("Privacy: we collect your email.",) * 4


def test_an_encrypted_pdf_is_refused() -> None:
    with pytest.raises(InputError, match="password"):
        load_bytes("p.pdf", make.pdf(["Privacy"], password="x"))


def test_markdown_keeps_line_numbers() -> None:
    source = (
        "# 隐私政策\n\nWe collect **IMEI** and\n[the SDK list](sdk.md).\n\n1. one\n2. two\n   - sub\n\n"
        "| SDK名称 | 收集 |\n|---|---|\n| **云帆** | IMEI |\n\n> <b>personal</b> data\n"
    )
    document = load_bytes("p.md", source.encode())
    assert len(document.lines) == len(source.split("\n"))
    assert document.lines[2:8] == ("We collect IMEI and", "the SDK list.", "", "1. one", "2. two", "• sub")
    (table,) = document.tables
    assert (table.header_line, table.line_numbers) == (10, (12,))
    assert table.rows == (("云帆", "IMEI"),)
    assert document.links == ((4, 0, 12, "sdk.md"),)
    assert [document.lines[n - 1][s:e] for n, s, e in document.emphasis] == ["IMEI", "云帆", "personal"]
    assert document.title == "隐私政策"


def test_markdown_that_is_not_linear_is_read_as_text() -> None:
    document = load_bytes("p.md", b"[" * 300_000)
    assert "document_markup" in {g.code for g in document.gaps}


def test_a_workbook_is_a_table_under_its_title() -> None:
    document = load_bytes("list.xlsx", make.workbook())
    (table,) = document.tables
    assert (table.header, table.rows) == (make.SDK_ROWS[0], make.SDK_ROWS[1:])
    assert document.role == "sdk_list"


@pytest.mark.parametrize(("delimiter", "codec"), [(",", "gbk"), ("\t", "utf-16"), (";", "utf-8-sig")])
def test_a_csv_is_a_table_whatever_divides_it(delimiter: str, codec: str) -> None:
    text = "\r\n".join(delimiter.join(row) for row in make.SDK_ROWS)
    (table,) = load_bytes("第三方SDK目录.csv", text.encode(codec)).tables
    assert (table.header, table.rows) == (make.SDK_ROWS[0], make.SDK_ROWS[1:])

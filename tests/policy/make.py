"""Makes test documents by code: Word, PDF (text, tables, pictures only, encrypted), workbooks."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import docx
import openpyxl
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Table

SDK_ROWS = (
    ("SDK名称", "收集个人信息类型", "使用目的", "共享方式", "公司"),
    ("云帆推送", "IMEI、MAC地址", "消息推送", "SDK本机采集", "云帆网络有限公司"),
    ("晨星统计", "Android ID、IP地址", "统计分析", "后台接口传输", "晨星数据有限公司"),
)


def pdf(
    paragraphs: Sequence[str | Sequence[Sequence[str]]],
    head: str = "",
    foot: str = "",
    password: str = "",
    ruled: bool = True,
) -> bytes:
    """A PDF of paragraphs (``\\f`` starts a page), tables (sequences of rows), repeated head and foot.
    Chinese is set in a standard CID font, so no font file is needed; ``{n}`` in foot is the page."""
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    style = ParagraphStyle("body", fontName="STSong-Light", fontSize=11, leading=16, wordWrap="CJK")
    english = ParagraphStyle("english", fontName="Times-Roman", fontSize=11, leading=16)
    story: list[Any] = []
    for item in paragraphs:
        if item == "\f":
            story.append(PageBreak())
        elif isinstance(item, str):
            story.append(Paragraph(item, english if item.isascii() else style))
        else:
            cells = [[Paragraph(cell, style) for cell in row] for row in item]
            grid = [("GRID", (0, 0), (-1, -1), 0.5, (0, 0, 0))]
            top = [("VALIGN", (0, 0), (-1, -1), "TOP")]
            widths = None if ruled else [440 / len(cells[0])] * len(cells[0])
            story.append(Table(cells, repeatRows=1, colWidths=widths, style=grid if ruled else top))

    def furniture(canvas: Canvas, document: Any) -> None:
        canvas.setFont("STSong-Light", 8)
        canvas.drawString(60, A4[1] - 40, head)
        canvas.drawCentredString(A4[0] / 2, 30, foot.replace("{n}", str(document.page)))

    out = io.BytesIO()
    encrypt = StandardEncryption(password) if password else None
    SimpleDocTemplate(out, pagesize=A4, encrypt=encrypt).build(
        story, onFirstPage=furniture, onLaterPages=furniture
    )
    return out.getvalue()


def scanned_pdf(pages: int = 1, text_on: Sequence[int] = ()) -> bytes:
    """A PDF whose pages are pictures; those in ``text_on`` also carry a sentence."""
    from PIL import Image
    from reportlab.lib.utils import ImageReader

    picture = ImageReader(Image.new("RGB", (64, 64), (200, 200, 200)))
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    for page in range(1, pages + 1):
        if page in text_on:
            canvas.drawString(72, 700, "This privacy policy says that we collect your email address.")
        else:
            canvas.drawImage(picture, 0, 0, A4[0], A4[1])
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def word() -> bytes:
    """A Word policy: title, heading, emphasis, lists, a table with a merged cell and a table inside it."""
    document = docx.Document()
    document.add_heading("示例商城隐私政策", 0)
    paragraph = document.add_paragraph("我们会收集您的")
    paragraph.add_run("设备序列号").bold = True
    paragraph.add_run("。")
    document.add_heading("一、第三方SDK", 1)
    document.add_paragraph("第一项", style="List Number")
    document.add_paragraph("第二项", style="List Number")
    document.add_paragraph("要点", style="List Bullet")
    table = document.add_table(rows=0, cols=len(SDK_ROWS[0]))
    for row in SDK_ROWS:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    inner = table.cell(2, 2).add_table(rows=2, cols=2)
    inner.cell(0, 0).text, inner.cell(1, 1).text = "内一", "内二"
    hidden = document.add_paragraph().add_run("这一段被设为隐藏，" * 6)
    hidden.font.hidden = True
    document.add_paragraph("结尾。")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def workbook(rows: Sequence[Sequence[str]] = SDK_ROWS, title: str = "第三方SDK目录") -> bytes:
    """A workbook whose sheet has a title row over the table."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "清单"
    sheet.append([title])
    for row in rows:
        sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()

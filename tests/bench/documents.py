"""Loading documents: HTML against lxml's parse of the same page, PDF against pdfium's bare text, text against
decoding it; how both grow with length; and judging completeness. CPU time, best of several."""

from __future__ import annotations

import pypdfium2
from lxml import etree

from appaudit.policy.completeness import completeness
from appaudit.policy.load import load_bytes
from appaudit.policy.result import PolicyResult
from appaudit.records import Document
from tests.bench.measure import cpu
from tests.policy import make

ZH = "当您使用扫码功能时，我们会在您同意之后收集您的照片和<b>设备型号</b>，并共享给<a href='x'>物流公司</a>。"
EN = "When you scan a code we may collect <b>photos</b> and share them with <a href='x'>partners</a>."
PLAIN = "当您使用扫码功能时，我们会在您同意之后收集您的照片和设备型号，并共享给物流公司。\n"
ROUNDS = 3


def page(kilobytes: int) -> bytes:
    """A page of paragraphs, lists and tables of about that size."""
    part = f"<p>{ZH}</p><ul><li>{EN}</li></ul><table><tr><td>SDK<td>x<tr><td>{EN}<td>y</table>"
    head = "<title>隐私政策</title><h1>隐私政策</h1>"
    return (head + part * max(1, kilobytes * 1024 // len(part.encode()))).encode()


def run() -> list[str]:
    """The ratios, a line each."""
    lines = []
    times = {}
    for size in (50, 500, 5000):
        data = page(size)
        ours = cpu(lambda data=data: load_bytes("p.html", data), ROUNDS)  # type: ignore[misc]
        parse = cpu(lambda data=data: etree.fromstring(data, etree.HTMLParser(encoding="utf-8")), ROUNDS)  # type: ignore[misc]
        times[size] = ours
        lines.append(f"html {size} kB: {ours * 1e3:.1f} ms, {ours / parse:.1f} x lxml's parse alone")
    lines.append(
        f"html growth: x10 in length {times[500] / times[50]:.1f}, x100 {times[5000] / times[50]:.1f} in time"
    )
    data = make.pdf([PLAIN.strip() * 3] * 200, head="示例", foot="{n}")
    ours = cpu(lambda: load_bytes("p.pdf", data), ROUNDS)
    bare = cpu(lambda: _bare_text(data), ROUNDS)
    lines.append(f"pdf {len(data) // 1024} kB: {ours * 1e3:.0f} ms, {ours / bare:.1f} x pdfium's own text")
    for codec in ("utf-8", "gb18030", "utf-16-le"):
        encoded = (PLAIN * 20_000).encode(codec)
        ours = cpu(lambda encoded=encoded: load_bytes("p.txt", encoded), ROUNDS)  # type: ignore[misc]
        bare = cpu(lambda encoded=encoded, codec=codec: encoded.decode(codec).split("\n"), ROUNDS)  # type: ignore[misc]
        lines.append(f"text {codec} {len(encoded) // 1024} kB: {ours / bare:.1f} x decoding and splitting it")
    for repeat in (500, 5000):
        text = PLAIN * repeat
        record = Document("p.txt", "text", "zh", "utf-8", len(text), "", repeat)
        result = PolicyResult([record], {"p.txt": text}, [], [])
        spent = cpu(lambda result=result: completeness(result), ROUNDS)  # type: ignore[misc]
        lines.append(
            f"completeness, {len(text) // 1000} k characters, most items missing: {spent * 1e3:.0f} ms"
        )
    return lines


def _bare_text(data: bytes) -> list[str]:
    pdf = pypdfium2.PdfDocument(data)
    return [pdf[i].get_textpage().get_text_range() for i in range(len(pdf))]

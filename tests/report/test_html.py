"""The HTML report: one file that loads nothing, runs nothing, and hides nothing."""

from __future__ import annotations

import dataclasses
from html import unescape
from html.parser import HTMLParser

import pytest

from appaudit.records import CallSite, Fact
from appaudit.report.html import render
from appaudit.report.model import AuditView, Lang
from tests.report import golden
from tests.report.sample import DEX, PACKAGE, audit, hostile

VOID = {"meta", "wbr", "br", "link", "img", "hr", "input"}


class Page(HTMLParser):
    """Checks nesting and keeps tags, attributes, ids, links and text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.stack: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert not self.stack, self.stack

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for key, value in attrs:
            self.attributes.add(key)
            if key == "id":
                self.ids.append(value or "")
            if key in ("href", "src", "xlink:href", "action"):
                self.links.append(value or "")
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack, f"closing {tag}"
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.stack[-1:] != ["style"]:
            self.text += data


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_golden(lang: Lang) -> None:
    golden.check(f"audit.{lang}.html", render(audit(lang)))


VIEWS = {
    "audit": audit("en"),
    "scan": dataclasses.replace(audit("zh"), kind="scan", findings=(), documents=()),
    "policy": dataclasses.replace(audit("zh"), kind="policy", app=None),
    "empty": AuditView(),
    "hostile": hostile("en"),
    "hostile_zh": hostile("zh"),
}


@pytest.mark.parametrize("name", VIEWS)
def test_page_is_sound_and_loads_nothing(name: str) -> None:
    text = render(VIEWS[name])
    page = Page(text)
    assert not page.tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    assert not {a for a in page.attributes if a.startswith("on") or a in ("style", "src")}
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert len(page.ids) == len(set(page.ids))
    assert "default-src 'none'" in unescape(text)
    assert all(c.isprintable() or c == "\n" for c in text)
    text.encode("utf-8")


def test_a_finding_opens_down_to_method_and_quote() -> None:
    text = Page(render(audit("en"))).text
    for words in (
        "com.example.shop.Device.imei(Context, int, long[])",
        "android.telephony.TelephonyManager.getDeviceId()",
        "offset 12",
        DEX,
        "我们不会读取您的剪贴板内容",
        "policy.txt · line 5",
        "agreed with legal",
    ):
        assert words in text


def test_a_findings_gaps_speak_the_reports_language() -> None:
    view = audit("zh")
    told = {g for f in view.findings for g in f.gaps}
    assert told
    assert not any(g.reason in render(view) for g in told)


def test_quote_stands_in_its_line() -> None:
    assert '<span class="around">1. 为了保障账号安全,</span><mark>我们会收集您的设备信息</mark>' in render(
        audit()
    )


def many(n: int) -> AuditView:
    """A view of ``n`` facts, each with many call sites."""
    sites = tuple(
        CallSite(DEX, f"Lcom/example/shop/a{i};->run()V", "Landroid/x/Y;->z()V", i) for i in range(40)
    )
    facts = tuple(
        Fact(
            "static", "observed", f"sdk:s{i % 300}", "accesses", f"data:d{i % 70}", count=40, evidence=sites,
            attributes=(("api", f"Landroid/x/Y;->z{i}()V"),),
        )
        for i in range(n)
    )  # fmt: skip
    return dataclasses.replace(audit("en"), facts=facts)


def test_many_facts_make_a_page_of_sane_size() -> None:
    text = render(many(1_500))
    assert len(text) < 8_000_000
    assert "500 more rows" in text
    assert PACKAGE in Page(text).text

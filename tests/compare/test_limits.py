"""Numbers and purposes that a policy promises."""

from __future__ import annotations

import pytest

from appaudit.compare.judge import compare
from appaudit.compare.rules.limits import number, promised_days
from appaudit.records import Fact

NUMBERS = {
    "15": 15,
    "十五": 15,
    "十": 10,
    "三十": 30,
    "二十一": 21,
    "五": 5,
    "fifteen": 15,
    "many": None,
    "十十": None,
    "一二": None,
}


@pytest.mark.parametrize(("text", "value"), NUMBERS.items())
def test_numbers(text: str, value: int | None) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("我们将在十五个工作日内答复。", (15, "working")),
        ("我们将在收到请求后30天内回复您。", (30, "days")),
        ("一般在三十日内处理完毕。", (30, "days")),
        ("We answer within 45 days of your request.", (45, "days")),
        ("We will respond within fifteen business days.", (15, "working")),
        ("我们会尽快答复。", None),
        ("订单信息保存三十天。", None),
    ],
)
def test_the_time_limit_for_answers(sentence: str, found: tuple[int, str] | None) -> None:
    assert promised_days(sentence) == found


def purposes(*words: str | None, condition: tuple[str, ...] = ()) -> str:
    facts = [
        Fact("policy", "declared", "app", "collects", "data:imei", purpose=w, condition=condition)
        for w in words
    ]
    return next((f.outcome for f in compare(facts, examined=("policy",)) if f.rule == "improvement-only"), "")


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        (("用于改善服务质量",), "review"),
        (("用于改善服务质量", "用于识别异常登录"), "pass"),
        (("用于改善服务质量", None), ""),
        (("to improve our services",), "review"),
        (("to deliver your order",), "pass"),
    ],
)
def test_purposes_that_serve_the_operator_alone(words: tuple[str | None, ...], outcome: str) -> None:
    assert purposes(*words) == outcome


def test_what_may_be_refused_is_not_forced() -> None:
    assert purposes("用于改善服务质量", condition=("optional",)) == "pass"

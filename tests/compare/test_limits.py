"""Numbers and purposes that a policy promises."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appaudit.compare.judge import compare
from appaudit.compare.promised import number, promised_cadence, promised_countries, promised_days
from appaudit.records import Fact, Gap, Phase, PolicySpan

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


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("我们每30分钟收集一次您的位置。", (1, 1800)),
        ("我们收集IMEI的频率为每天一次。", (1, 86400)),
        ("每隔五分钟上报1次位置。", (1, 300)),
        ("每天最多读取3次。", (3, 86400)),
        ("我们仅在启动时读取一次。", (1, None)),
        ("We collect your location at most once every 30 minutes.", (1, 1800)),
        ("We read it once a day.", (1, 86400)),
        ("We read it two times an hour.", (2, 3600)),
        ("We read the list only once.", (1, None)),
        ("我们收集位置，每次启动时提示。", None),
        ("每天提供一次性验证码。", None),
        ("每天一次，之后每周一次。", None),
        ("We collect your location.", None),
    ],
)
def test_the_frequency_promised(sentence: str, found: tuple[int, int | None] | None) -> None:
    promise = promised_cadence(sentence)
    assert (promise and (promise.times, promise.seconds)) == found


def test_the_countries_promised() -> None:
    assert promised_countries("存储在中国境内") == {"CN"}
    assert promised_countries("kept in the United States or Ireland") == {"US", "IE"}
    assert promised_countries("in accordance with applicable law") == set()


DATA = "data:android_id"


def spoken(text: str, *facts: Fact, **more: object) -> dict[str, str]:
    """Outcomes by rule, where one sentence speaks of the Android ID."""
    words = PolicySpan("p", 1, 0, len(text), text)
    said = Fact("policy", "declared", "app", "collects", "data:android_id", evidence=(words,))
    findings = compare([said, *facts], texts={"p": text}, **more)  # type: ignore[arg-type]
    return {f.rule: f.outcome for f in findings if f.subject}


def read(count: int, span: float, phase: Phase = "after_consent") -> Fact:
    return Fact("dynamic", "observed", "app", "accesses", DATA, None, (), None, phase, count, 0.0, span)


LATER = Fact("dynamic", "observed", "app", "contacts", "host:a.example", first=4000.0, last=4000.0)


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ((read(2, 60),), "violation"),
        ((read(2, 1800), LATER), "pass"),
        ((read(4, 3600),), "violation"),
        ((read(3, 3600),), "pass"),
        ((read(1, 0),), "not_examined"),  # the run was too short to see another
        ((read(1, 0), LATER), "pass"),
        ((read(5, 60, phase="before_consent"),), "not_examined"),  # each install starts anew
        ((Fact("static", "observed", "app", "accesses", "data:android_id"),), "not_examined"),
        ((), "not_examined"),
    ],
)
def test_a_promised_frequency_is_counted(facts: tuple[Fact, ...], outcome: str) -> None:
    found = spoken("我们每30分钟收集一次您的Android ID。", *facts, examined=("policy", "static", "dynamic"))
    assert found.get("promised-frequency", "") == outcome


def test_once_is_once_a_start() -> None:
    found = spoken("我们仅在启动时读取一次Android ID。", read(2, 5), examined=("policy", "dynamic"))
    assert found["promised-frequency"] == "review"


def sent(**attributes: str) -> Fact:
    return Fact(
        "traffic", "observed", "app", "sends", "data:android_id", attributes=tuple(attributes.items())
    )


@pytest.mark.parametrize(
    ("facts", "gaps", "outcome"),
    [
        ((sent(form="plain"),), (), "violation"),
        ((sent(),), (), "review"),
        ((read(1, 0),), (), "pass"),
        ((read(1, 0),), (Gap("traffic", "no_device_values", "device", "None."),), "not_examined"),
        ((Fact("static", "observed", "app", "accesses", "data:android_id"),), (), "not_examined"),
    ],
)
@pytest.mark.parametrize(
    "text",
    [
        "仅在本地识别出属于指令的Android ID时才会上传服务器。",
        "We upload the Android ID only if we recognise a command in it.",
    ],
)
def test_what_is_not_recognised_is_not_sent(
    text: str, facts: tuple[Fact, ...], gaps: tuple[Gap, ...], outcome: str
) -> None:
    found = spoken(text, *facts, gaps=gaps, examined=("policy", "static", "dynamic", "traffic"))
    assert found["recognised-only"] == outcome


def place(text: str, subject: str = "topic:storage_location") -> Fact:
    return Fact("policy", "declared", "app", "states", subject, evidence=(PolicySpan("p", 1, 0, 9, text),))


def contact(host: str, country: str) -> Fact:
    told = (("country", country), ("country_by", "address")) if country else ()
    return Fact("traffic", "observed", "app", "contacts", f"host:{host}", attributes=told)


AWAY = replace(sent(), recipient="host:us.example")


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ((contact("us.example", "US"), AWAY), "violation"),
        ((contact("us.example", "US"), AWAY, place("可能向境外提供", "topic:cross_border")), "review"),
        ((contact("us.example", "US"),), "review"),
        ((contact("us.example", "CN US"), AWAY), "review"),
        ((contact("cn.example", "CN"), replace(AWAY, recipient="host:cn.example")), "pass"),
        ((contact("cn.example", "CN"), contact("x.example", "")), "not_examined"),
        ((), "not_examined"),
        ((Fact("static", "observed", "app", "embeds", "sdk:appsflyer"),), "review"),
    ],
)
def test_the_place_of_storage_against_where_hosts_are(facts: tuple[Fact, ...], outcome: str) -> None:
    findings = compare([place("存储在中国境内"), *facts], examined=("policy", "static", "traffic"))
    assert [f.outcome for f in findings if f.rule == "storage-country"] == [outcome]


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("注销账号须提供手持身份证照片。", "review"),
        ("To delete your account, send a notarised letter.", "review"),
        ("您可以在设置中注销账号。", "pass"),
        ("我们会以邮寄方式寄送发票。", "pass"),
    ],
)
def test_conditions_for_using_a_right(text: str, outcome: str) -> None:
    assert spoken(text, examined=("policy",))["burdened-rights"] == outcome

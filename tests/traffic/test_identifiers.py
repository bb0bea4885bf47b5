"""Values among words: found in every spelling, wherever separators and letter cases fall."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appaudit.traffic.flow import Flow, Message
from appaudit.traffic.identifiers import Values
from appaudit.traffic.search import search

MAC = "24:0a:64:9e:51:c7"
VALUES = Values({"mac": [MAC], "installed_apps": ["com.shop.app", "cn.bank_1.Pay"]})
RUN = re.compile(rb"[0-9a-z]+(?:[:._-][0-9a-z]+)*")
PIECES = [
    b"240a649e51c7",
    b"24",
    b"0A",
    b"64",
    b"9e",
    b"51",
    b"c7",
    b":",
    b"-",
    b"..",
    b" ",
    b"x",
    b"\xff",
    b"=",
]
NAMES = [b"com.shop.app", b"cn.bank_1.Pay", b"com.shop", b".", b"_", b"x", b" ", b",", b"\xe4"]


def plainly(data: bytes) -> bool:
    """Whether a run of words is the address, or a word of one is."""
    runs = RUN.findall(data.lower())
    told = {re.sub(rb"[:._-]", b"", run) for run in runs} | {
        w for run in runs for w in re.split(rb"[:._-]", run)
    }
    return b"240a649e51c7" in told or MAC.encode() in data or b"240a649e51c7" in data


@given(st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join))
@example(b"mac=24-0A-64-9E-51-C7;")
@example(b"::24:0A:64:9E:51:C7::")
@example(b"24..0a:64:9e:51:c7")
def test_an_address_in_any_spelling(data: bytes) -> None:
    found = [h for h in VALUES.find(data) if h.data == "mac" and h.form == "plain"]
    assert bool(found) == plainly(data), data
    for hit in found:
        assert re.sub(rb"[:._-]", b"", data[hit.offset : hit.offset + hit.length].lower()) == b"240a649e51c7"


@given(st.lists(st.sampled_from(NAMES), max_size=10).map(b"".join))
@example(b"com.shop.app cn.bank_1.Pay")
@example(b"xcom.shop.app cn.bank_1.Pay")
def test_packages_are_whole_names(data: bytes) -> None:
    whole = re.compile(rb"(?<![A-Za-z0-9_.])[a-z][a-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)+")
    named = set(whole.findall(data)) & {b"com.shop.app", b"cn.bank_1.Pay"}
    assert bool([h for h in VALUES.find(data) if h.data == "installed_apps"]) == (len(named) == 2), data


APPS = ["com.tencent.mm", "com.taobao.taobao", "com.sina.weibo", "cn.jingdong.app", "com.example.bank"]
PATTERNS = [
    ({"bssid": "70:4c:a5:1b:e0:92"}, {"bssid"}),
    ({"bssid": "02:00:00:00:00:00"}, set()),
    ({"wifi_ssid": "fixture-lab-5g"}, {"ssid"}),
    ({"ssid": "<unknown ssid>"}, set()),
    ({"phpsessid": "fixture-lab-5g", "passid": "fixture"}, set()),
    ({"lat": 30.246026, "lng": 120.210792}, {"gps_location"}),
    ({"location": "30.246026,120.210792"}, {"gps_location"}),
    ({"lat": 0.0, "lng": 0.0, "latency": 30.246026, "price": 12.34567}, set()),
    ({"longitude": 999.12345}, set()),
    ({"appList": APPS}, {"installed_apps"}),
    ({"installed": [{"n": "a", "p": name} for name in APPS]}, {"installed_apps"}),
    ({"data": [{"apps": APPS}]}, {"installed_apps"}),
    ({"pkgs": ",".join(APPS)}, {"installed_apps"}),
    ({"apps": APPS[:4]}, set()),
    ({"stack": APPS, "classes": ",".join(APPS)}, set()),
]


@pytest.mark.parametrize(("body", "wanted"), PATTERNS)
def test_typed_patterns_need_no_values(body: dict[str, object], wanted: set[str]) -> None:
    flow = Flow("f", "POST", "https://a.example/", 1.0, Message((), json.dumps(body).encode()))
    found = search(flow, Values({})).hits
    assert {hit.kind for hit in found} == wanted
    assert {hit.hit.form for hit in found} <= {"pattern"}


def test_what_a_value_tells_no_pattern_tells_again() -> None:
    flow = Flow("f", "POST", "https://a.example/?lat=30.246026&lng=120.210792", 1.0)
    found = search(flow, Values({"gps_location": ["30.246026,120.210792"]})).hits
    assert [(h.kind, h.hit.form) for h in found] == [("gps_location", "plain")]

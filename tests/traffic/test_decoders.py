"""Every field of every known endpoint is reached through a request of that shape; the rest is a work list."""

from __future__ import annotations

import base64
import gzip
import json
import re
import urllib.parse
from typing import Any

import pytest

from appaudit.knowledge.data_types import data_types
from appaudit.knowledge.load import toml
from appaudit.records import Fact, FlowField
from appaudit.traffic.decoders import decoders
from appaudit.traffic.facts import facts_of
from appaudit.traffic.flow import Flow, Message
from appaudit.traffic.identifiers import Values
from tests.traffic.encodings import proto

ENDPOINTS = toml("decoders.toml")["endpoint"]
PATHS = {
    "firebase-installations": "/v1/projects/p/installations",
    "google-data-transport": "/v1/firelog/legacy/batchlog",
    "crashlytics-settings": "/spi/v2/platforms/android/gmp/1/settings",
    "google-analytics-firebase": "/a",
    "google-mobile-ads": "/mads/gma",
    "facebook-app-events": "/v18.0/1/activities",
    "appsflyer": "/api/v6.12/androidevent",
    "adjust": "/session",
    "branch": "/v1/install",
    "amplitude": "/2/httpapi",
    "mixpanel": "/track/",
    "onesignal": "/api/v1/players",
    "braze": "/api/v3/data",
    "sentry": "/api/4/envelope/",
    "bugly": "/rqd/async",
    "umeng-logs": "/unify_logs",
    "umeng-app-logs": "/app_logs",
    "jpush-report": "/v3/report",
    "pangle": "/api/ad/union/sdk/get_ads/",
    "gdt": "/gdt_mview.fcg",
    "unity-ads": "/webview/config.json",
    "applovin": "/5.0/i",
    "sensors-data": "/sa",
}
VALUE = "Value-7"


def nested(at: str) -> Any:
    """JSON that has VALUE at ``.a[*].b`` or ``[4]``."""
    made: Any = VALUE
    for name, index in reversed(re.findall(r"\.([^.\[]+)|\[(\*|\d+)\]", at)):
        made = {name: made} if name else [0] * (0 if index == "*" else int(index)) + [made]
    return made


def request(host: str, path: str, at: str) -> Flow:
    """A request whose field ``at`` holds VALUE."""
    part, _, rest = at.partition(".")
    query, headers, body = "", [], b""
    if part == "header":
        headers = [(rest, VALUE)]
    elif rest.startswith("json"):
        body = json.dumps(nested(rest.removeprefix("json"))).encode()
    elif rest.startswith(("form", "multipart")):
        key, inner, tail = rest.partition(".")[2].partition(".json")
        value = json.dumps(nested(tail)) if inner else VALUE
        if rest.startswith("multipart"):
            head = f'--form\r\nContent-Disposition: form-data; name="{key}"'
            body = f"{head}\r\n\r\n{value}\r\n--form--\r\n".encode()
        elif part == "query":
            query = "?" + urllib.parse.urlencode({"v": 1, key: value})
        else:
            body = urllib.parse.urlencode({"v": 1, key: value}).encode()
    else:
        body = VALUE.encode()
        for number in reversed([int(n) for n in rest.split(".")]):
            body = bytes([(number << 3 | 2) & 127 | 128 * (number > 15)] + [number >> 4] * (number > 15)) + (
                bytes([len(body)]) + body
            )
    return Flow("f", "POST", f"https://{host}{path}{query}", 1.0, Message(tuple(headers), body))


def sends(*flows: Flow, values: Values | None = None) -> list[Fact]:
    return [f for f in facts_of(flows, values or Values({}), []) if f.action == "sends"]


def test_every_endpoint_is_whole() -> None:
    assert len(ENDPOINTS) >= 20
    assert {row["id"] for row in ENDPOINTS} == set(PATHS)
    for row in ENDPOINTS:
        assert row["source"]
        assert re.search(row["path"], PATHS[row["id"]])
        assert row["field"] or row["closed"]
        for field in row["field"]:
            assert field["data"] in data_types(), field
            assert field["why"], field


CASES = [(row["id"], f["at"], f["data"]) for row in ENDPOINTS for f in row["field"]]


@pytest.mark.parametrize(("name", "at", "data"), CASES, ids=[f"{n}-{a}" for n, a, _ in CASES])
def test_field(name: str, at: str, data: str) -> None:
    row = next(r for r in ENDPOINTS if r["id"] == name)
    made = request(f"x.{row['hosts'][0]}", PATHS[name], at)
    found = {f.subject: f for f in sends(made) if f.subject.startswith("data:")}
    assert set(found) == {f"data:{data}"}
    fact = found[f"data:{data}"]
    assert (fact.attribute["decoder"], fact.attribute["matched"]) == (name, "decoder")
    assert VALUE not in repr(fact.evidence)


def test_wrapped_as_the_sdks_do() -> None:
    events = json.dumps([{"event": "open", "properties": {"$model": "FX-2000"}}]).encode()
    body = b"data=" + urllib.parse.quote(base64.b64encode(events)).encode()
    made = Flow("f", "POST", "https://api.mixpanel.com/track", 1.0, Message((), body))
    assert {f.subject for f in sends(made)} == {"data:device_model", "data:usage_info"}
    packed = base64.b64encode(gzip.compress(json.dumps([{"distinct_id": "u-1"}]).encode()))
    body = b"gzip=1&data_list=" + urllib.parse.quote(packed).encode()
    made = Flow("f", "POST", "https://shop.datasink.sensorsdata.cn/sa", 1.0, Message((), body))
    assert {f.subject for f in sends(made)} == {"data:user_id"}
    lines = [{"event_id": "1"}, {"type": "event"}, {"contexts": {"device": {"model": "FX"}}}]
    body = gzip.compress("\n".join(map(json.dumps, lines)).encode())
    made = Flow("f", "POST", "https://o1.ingest.sentry.io/api/4/envelope/", 1.0, Message((), body))
    fact = next(f for f in sends(made))
    assert isinstance(fact.evidence[0], FlowField)
    assert fact.evidence[0].where == "request.body.json[2].contexts.device.model"


@pytest.mark.parametrize("empty", ["", "0", "null", "unknown", "00000000-0000-0000-0000-000000000000"])
def test_empty_fields_are_nothing(empty: str) -> None:
    body = urllib.parse.urlencode({"gps_adid": empty}).encode()
    assert not sends(Flow("f", "POST", "https://app.adjust.com/session", 1.0, Message((), body)))


def test_a_known_value_tells_more_than_a_field() -> None:
    oaid = "1fe9a970-efbb-29e0-0bdd-f5dbbf751ab5"
    body = f"oaid={oaid}".encode()
    made = Flow("f", "POST", "https://app.adjust.com/session", 1.0, Message((), body))
    (fact,) = sends(made, values=Values({"oaid": [oaid]}))
    assert fact.attribute["matched"] == "value"


def test_protobuf_helper_is_the_format() -> None:
    assert request("a", "/a", "body.1.9").request.body == proto(1, proto(9, VALUE.encode()))


def test_requests_of_trackers_without_decoder_are_a_work_list() -> None:
    flows = [
        Flow("1", "POST", "https://api.mixpanel.com/decide/v2/123456/x", 1.0),
        Flow("2", "POST", "https://api.mixpanel.com/decide/v2/987654/x", 2.0),
        Flow("3", "POST", "https://api.mixpanel.com/track", 3.0),
        Flow("4", "GET", "https://api.shop.example/decide", 3.0),
    ]
    facts = {f.subject: f.attribute for f in facts_of(flows, Values({}), []) if f.action == "contacts"}
    assert facts["host:api.mixpanel.com"]["undecoded"] == "POST /decide/v2/*/x (2)"
    assert facts["host:api.mixpanel.com"]["decoder"] == "mixpanel"
    assert "undecoded" not in facts["host:api.shop.example"]


def test_hosts_are_matched_with_their_subdomains_alone() -> None:
    assert all("/" not in host and host == host.lower() for d in decoders() for host in d.hosts)
    body = b"gps_adid=1fe9a970-efbb-29e0-0bdd-f5dbbf751ab5"
    made = Flow("f", "POST", "https://notadjust.com/session", 1.0, Message((), body))
    assert not [f for f in sends(made) if f.attribute["matched"] == "decoder"]

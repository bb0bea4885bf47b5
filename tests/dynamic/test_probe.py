"""Every way that leads past the framework's methods, taken by a fixture app on a JVM under the real hooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
from functools import cache
from typing import Any

import pytest

from appaudit.dynamic.facts import interpret
from appaudit.dynamic.wire import events
from appaudit.jsonform import to_json
from tests.dynamic.runs import Pressed, need_jvm, pressed
from tests.fixtures.apps import expected

PACKAGE = "com.example.probe"
PHASES = [p for p in expected("probe")["run"]["phases"] if p["commands"] != ["start"]]
LABELS = [p["commands"][0].removeprefix("tap ") for p in PHASES]
KEY = b"0123456789abcdef"


@cache
def probed() -> Pressed:
    """Every button of the app."""
    return pressed("probe", [*LABELS, "权限"])


def lines(label: str) -> list[dict[str, Any]]:
    return probed().lines[[*LABELS, "权限"].index(label)]


def told(label: str, kind: str) -> dict[str, Any]:
    """The one event of a kind that a button caused."""
    (event,) = [e for e in events(lines(label), PACKAGE) if e["kind"] == kind]
    return event


@pytest.mark.parametrize("number", range(len(PHASES)))
def test_what_each_way_reaches(number: int) -> None:
    need_jvm()
    phase = PHASES[number]
    assert probed().statuses[number] == phase.get("status", probed().statuses[number])
    facts, _ = interpret(probed().lines[number], PACKAGE)
    read = [f for f in facts if f.action == "accesses" and f.attribute.get("role") is None]
    for item in phase["accesses"]:
        found = [f for f in read if (f.actor, f.subject) == (item["actor"], f"data:{item['data']}")]
        assert sum(f.count for f in found) == item["count"], found
        if "results" in item:
            assert {f.attribute["result"] for f in found} == set(item["results"])
        if "api" in item:
            assert {f.attribute["api"] for f in found} == {item["api"]}
        for name in ("digest", "basis"):
            assert {f.attribute.get(name, "") for f in found} == {item.get(name, "")}
    assert {f.subject for f in read} == {f"data:{i['data']}" for i in phase["accesses"]}
    for item in phase.get("does", []):
        (fact,) = [f for f in facts if (f.action, f.subject) == (item["action"], item["subject"])]
        assert fact.actor == "app"
        assert fact.count == 1
        assert {k: fact.attribute[k] for k in item["attributes"]} == item["attributes"]


def test_a_connection_has_its_host_ports_and_caller() -> None:
    need_jvm()
    event = told("连接", "connect")
    status = probed().statuses[LABELS.index("连接")].split()
    assert [str(event["port"]), str(event["local_port"])] == status[1:]
    assert (event["host"], event["ip"], event["protocol"], event["error"]) == (
        "localhost",
        "127.0.0.1",
        "tcp",
        0,
    )
    assert event["actor"] == "app"
    assert any(f.startswith("com.example.probe.Wire.connect(") for f in event["stack"])


def test_a_handshake_names_its_peer_and_its_end() -> None:
    need_jvm()
    event, connection = told("握手", "tls"), told("握手", "connect")
    assert event["host"] == "localhost"
    assert event["error"].startswith("javax.net.ssl.SSL") or event["error"].startswith("java.net.Socket")
    assert (event["port"], event["local_port"]) == (connection["port"], connection["local_port"])
    assert event["actor"] == "app"


def test_what_was_encrypted_can_be_found_on_the_wire() -> None:
    need_jvm()
    event = told("加密", "cipher")
    sent = bytes.fromhex(probed().statuses[LABELS.index("加密")].split()[1])
    assert base64.b64decode(event["sample"]) == b'{"imei":"866174031234564"}'
    assert (event["algorithm"], event["direction"]) == ("AES/CBC/PKCS5Padding", "encrypt")
    assert (event["length"], event["size"]) == (26, len(sent))
    assert event["sha256"] == hashlib.sha256(sent).hexdigest()
    assert (bytes.fromhex(event["head"]), bytes.fromhex(event["tail"])) == (sent[:16], sent[-16:])


def test_a_stream_is_one_event() -> None:
    need_jvm()
    event = told("流式", "cipher")
    sent = bytes.fromhex(probed().statuses[LABELS.index("流式")].split()[1])
    assert base64.b64decode(event["sample"]) == b"part 0;part 1;part 2;"
    assert event["sha256"] == hashlib.sha256(sent).hexdigest()


def test_a_signature_can_be_made_again() -> None:
    need_jvm()
    event = told("签名", "hmac")
    key, text = base64.b64decode(event["key"]), base64.b64decode(event["sample"])
    assert key == KEY
    assert text == b"android_id=9f3c5a17e2b84d06&t=1"
    made = hmac.new(key, text, hashlib.sha256).hexdigest()
    assert event["output"] == made == probed().statuses[LABELS.index("签名")].split()[1]


def test_secrets_stay_in_the_record() -> None:
    need_jvm()
    facts, gaps = interpret(probed().every, PACKAGE)
    shown = str([to_json(f) for f in facts]) + str(gaps)
    for secret in (
        KEY.decode(),
        base64.b64encode(KEY).decode(),
        "866174031234564",
        "9f3c5a17e2b84d06",
        "not-to-be-kept",
    ):
        assert secret not in shown


def test_permissions_have_their_answers() -> None:
    need_jvm()
    facts, _ = interpret(lines("权限"), PACKAGE)
    asked = {f.subject.rpartition(".")[2]: f.attribute.get("answer") for f in facts if f.action == "asks"}
    assert asked == {"CAMERA": "granted", "READ_CONTACTS": "granted"}


def test_nothing_failed_and_nothing_was_lost() -> None:
    need_jvm()
    _, gaps = interpret(probed().every, PACKAGE)
    bad = {"events_lost", "messages_refused", "hooks_failed", "watch_not_set", "notes_left_out"}
    assert not {g.code for g in gaps} & bad

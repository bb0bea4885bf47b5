"""Every way that leads past the framework's methods, taken by a fixture app on a JVM under the real hooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from appaudit.dynamic.facts import interpret
from appaudit.dynamic.wire import events
from appaudit.jsonform import to_json
from appaudit.records import Stack
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


NATIVE = """
#include <stddef.h>
typedef void *P;
#define CALL(place) (*(P **) env)[place]
typedef struct { const char *name, *type; void *function; } Method;
static P found (P env, const char *name) { return ((P (*) (P, const char *)) CALL (6)) (env, name); }
static P text (P env, const char *value) { return ((P (*) (P, const char *)) CALL (167)) (env, value); }
static P method (P env, int place, P class, const char *name, const char *type)
{ return ((P (*) (P, P, const char *, const char *)) CALL (place)) (env, class, name, type); }
static P call (P env, int place, P on, P method, P one, P two)
{ return ((P (*) (P, P, P, ...)) CALL (place)) (env, on, method, one, two); }
static P read_all (P env, P self, P activity) {
  P context = found (env, "android/content/Context");
  P phone = found (env, "android/telephony/TelephonyManager");
  P secure = found (env, "android/provider/Settings$Secure"), build = found (env, "android/os/Build");
  P service = method (env, 33, context, "getSystemService", "(Ljava/lang/String;)Ljava/lang/Object;");
  P resolver = method (env, 33, context, "getContentResolver", "()Landroid/content/ContentResolver;");
  P device = method (env, 33, phone, "getDeviceId", "()Ljava/lang/String;");
  P get = method (env, 113, secure, "getString",
      "(Landroid/content/ContentResolver;Ljava/lang/String;)Ljava/lang/String;");
  call (env, 34, call (env, 34, activity, service, text (env, "phone"), NULL), device, NULL, NULL);
  ((P (*) (P)) CALL (17)) (env);
  P serial = method (env, 144, build, "SERIAL", "Ljava/lang/String;");
  ((P (*) (P, P, P)) CALL (145)) (env, build, serial);
  P asked = call (env, 34, activity, resolver, NULL, NULL);
  return call (env, 114, secure, get, asked, text (env, "android_id"));
}
int JNI_OnLoad (P *vm, P reserved) {
  P env;
  ((int (*) (P, P *, int)) ((P *) *vm)[6]) (vm, &env, 0x10006);
  Method all = { "read", "(Landroid/app/Activity;)Ljava/lang/String;", read_all };
  ((int (*) (P, P, Method *, int)) CALL (215)) (env, found (env, "com/example/probe/Ways"), &all, 1);
  return 0x10006;
}
"""
"""A library that reads by CallObjectMethod, CallStaticObjectMethod and GetStaticObjectField, its own method
registered by RegisterNatives; the numbers are the places in JNI's table of functions."""


def test_native_code_that_reads_through_jni(tmp_path: Path) -> None:
    need_jvm()
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    (tmp_path / "read.c").write_text(NATIVE)
    library = tmp_path / "libread.so"
    subprocess.run([compiler, "-w", "-shared", "-fPIC", "-o", library, tmp_path / "read.c"], check=True)
    done = pressed("probe", ["本地"], defines={"probe.native": str(library)})
    assert done.statuses == ["jni 9f3c5a17e2b84d06"]
    facts, gaps = interpret(done.lines[0], PACKAGE)
    read = {f.subject: f for f in facts if f.action == "accesses"}
    assert {s: (f.count, f.attribute["api"]) for s, f in read.items()} == {
        "data:imei": (1, "android.telephony.TelephonyManager.getDeviceId"),
        "data:serial": (1, "android.os.Build.SERIAL"),
        "data:android_id": (1, "android.provider.Settings$Secure.getString"),
    }
    assert read["data:serial"].attribute["basis"] == "jni"
    for fact in read.values():
        (stack,) = fact.evidence
        assert isinstance(stack, Stack)
        assert any(frame.startswith("com.example.probe.Ways.read(Native Method)") for frame in stack.frames)
        assert fact.actor == "app"
    assert "hooks_failed" not in {g.code for g in gaps}


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

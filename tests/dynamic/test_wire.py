"""Connections, handshakes, ciphers and keyed digests of a record, with who caused each."""

from __future__ import annotations

from typing import Any

from appaudit.dynamic.wire import events

STACK = (
    "sun.nio.ch.Net.connect0(Native Method), cn.jpush.android.a.b(Unknown Source), "
    "com.example.shop.M.on(M.java:3)"
)


def note(kind: str, **detail: Any) -> dict[str, Any]:
    detail = {"stack": STACK, "thread": 4, **detail}
    return {
        "line": "note", "kind": kind, "time": 100.5, "epoch": 2, "screen": "a.B", "foreground": False,
        "detail": detail,
    }  # fmt: skip


def test_an_event_has_its_actor_and_phase() -> None:
    lines: list[dict[str, Any]] = [
        {"line": "phase", "epoch": 2, "phase": "background"},
        {"line": "call"},
        note("connect", ip="10.0.0.1", port=443, host="api.example.com"),
        note("screen", state="resumed"),
    ]
    (event,) = events(lines, "com.example.shop")
    assert (event["kind"], event["phase"], event["time"]) == ("connect", "background", 100.5)
    assert (event["actor"], event["chain"]) == ("sdk:jpush", ("sdk:jpush", "app"))
    assert event["stack"][1] == "cn.jpush.android.a.b(Unknown Source)"
    assert (event["host"], event["port"], event["process"]) == ("api.example.com", 443, "com.example.shop")


def test_a_mapping_names_who_it_was() -> None:
    line = note("tls", host="x.example", stack="q.a.b(Unknown Source)")
    (before,) = events([line], "com.example.shop")
    (after,) = events([line], "com.example.shop", {"q.a": "com.umeng.analytics.Net"})
    assert (before["actor"], after["actor"]) == ("unknown", "sdk:umeng-analytics")
    assert after["stack"] == ("com.umeng.analytics.Net.b(Unknown Source)",)


def test_an_altered_line_is_left_out() -> None:
    broken = [note("hmac"), note("cipher"), note("tls")]
    broken[0]["detail"] = None
    broken[1]["detail"]["stack"] = 7
    assert [e["kind"] for e in events(broken, "com.example.shop")] == ["tls"]


def test_the_static_result_names_who_was_renamed() -> None:
    line = note("tls", host="x.example", stack="q.a.b(Unknown Source)")
    (event,) = events([line], "com.example.shop", known={"q.a": "sdk:jpush"})
    assert event["actor"] == "sdk:jpush"

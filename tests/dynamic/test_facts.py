"""From the record of a run to facts, without app or device."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appaudit.audit import callers
from appaudit.dynamic import record
from appaudit.dynamic.facts import interpret
from appaudit.dynamic.frames import Owners, frames, read_mapping
from appaudit.dynamic.rows import rows
from appaudit.errors import InputError
from appaudit.records import Stack
from tests.fixture_audits import fixture_audit
from tests.fixtures.apps import APPS, VARIANTS

OWNERS = Owners("com.example.shop")
ANDROID_ID = next(n for n, a in rows().items() if a.id == "android.provider.Settings$Secure.getString")
TOP = "android.provider.Settings$Secure.getString(Native Method)"


def line(**changes: Any) -> dict[str, Any]:
    return {
        "line": "call", "row": ANDROID_ID, "arguments": {"1": "android_id"}, "result": "value", "error": "",
        "signature": "(Landroid/content/ContentResolver;Ljava/lang/String;)Ljava/lang/String;",
        "permissions": {}, "thread": 1, "stack": f"{TOP}, com.example.shop.A.b(A.java:1)", "count": 1,
        "first": 100.0, "last": 100.0, "epoch": 1, "screen": "", "foreground": True, **changes,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("stack", "actor"),
    [
        (f"{TOP}, cn.jpush.android.a.b(Unknown Source), com.example.shop.Main.on(Main.java:3)", "sdk:jpush"),
        (f"{TOP}, okhttp3.internal.X.y(X.java:1), com.umeng.analytics.Z.z(Z.java:2)", "sdk:umeng-analytics"),
        (f"{TOP}, kotlinx.coroutines.Q.run(Q.kt:1), com.example.shop.Main.on(Main.java:3)", "app"),
        (f"{TOP}, java.lang.reflect.Method.invoke(Native Method), com.umeng.analytics.Z.z(Z.java:2)",
         "sdk:umeng-analytics"),
        (f"{TOP}, a.a.a(Unknown Source)", "unknown"),
    ],
)  # fmt: skip
def test_who_called(stack: str, actor: str) -> None:
    caller = OWNERS.caller(frames(stack))
    assert caller is not None
    assert caller.actor == actor
    assert not caller.through


def test_the_platform_on_its_own_account() -> None:
    assert OWNERS.caller(frames("android.os.Handler.x(H.java:1), java.lang.Thread.run(T.java:2)")) is None
    stack = "java.util.Locale.getDefault(L.java:1), java.lang.String.format(S.java:2), "
    caller = OWNERS.caller(frames(stack + "com.example.shop.A.b(A.java:3)"))
    assert caller is not None
    assert caller.through == "java.lang.String.format(S.java:2)"


def test_a_mapping_names_renamed_classes(tmp_path: Path) -> None:
    path = tmp_path / "mapping.txt"
    path.write_text("com.umeng.analytics.AppList -> a.b:\n    void report() -> a\n", encoding="utf-8")
    owners = Owners("com.example.shop", read_mapping(path))
    caller = owners.caller(frames(f"{TOP}, a.b.a(Unknown Source)"))
    assert caller is not None
    assert caller.actor == "sdk:umeng-analytics"
    path.write_text("nothing", encoding="utf-8")
    with pytest.raises(InputError):
        read_mapping(path)


def test_counts_rates_and_phases() -> None:
    lines = [{"line": "phase", "epoch": 1, "phase": "background"}]
    lines += [line(count=5, first=100.2, last=100.9), line(count=2, first=130.0, last=131.0), line(epoch=2)]
    facts, _ = interpret(lines, "com.example.shop")
    quiet = next(f for f in facts if f.phase == "background")
    assert (quiet.count, quiet.first, quiet.last) == (7, 100.2, 131.0)
    assert quiet.attribute["peak_per_second"] == "5"
    assert quiet.attribute["peak_per_minute"] == "5"
    assert next(f for f in facts if f.phase == "unknown").count == 1


def test_calls_without_a_stack_are_theirs_who_alone_called_there() -> None:
    alone, _ = interpret([line(), line(stack="", count=9)], "com.example.shop")
    assert [(f.actor, f.count) for f in alone] == [("app", 10)]
    other = line(stack=f"{TOP}, cn.jpush.android.a.b(Unknown Source)")
    mixed, _ = interpret([line(), other, line(stack="", count=9)], "com.example.shop")
    assert {(f.actor, f.count) for f in mixed} == {("app", 1), ("sdk:jpush", 1), ("unknown", 9)}


@pytest.mark.parametrize("time", [float("nan"), float("inf"), pytest.param(10**400, id="long")])
def test_a_call_at_no_time_costs_no_other(time: float) -> None:
    facts, _ = interpret([line(first=time), line(last=time, epoch=2), line(epoch=3)], "com.example.shop")
    assert [f.count for f in facts] == [1]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_lines_are_left_out(data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(sorted(line())))
    value = data.draw(
        st.none() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)
    )
    facts, _ = interpret([line(**{field: value}), line()], "com.example.shop")
    assert sum(f.count for f in facts if f.actor == "app") >= 1


def test_a_record_is_whole_up_to_its_last_line(tmp_path: Path) -> None:
    whole = (APPS / "shop" / "run.jsonl").read_bytes()
    cut = tmp_path / "run.jsonl"
    for size in (len(whole), len(whole) // 3, 2000):
        cut.write_bytes(whole[:size])
        assert list(record.read(cut))
    cut.write_bytes(b"\xff\x00 no record")
    with pytest.raises(InputError):
        list(record.read(cut))


def test_a_mapping_names_methods_by_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "mapping.txt"
    path.write_text(
        "com.umeng.analytics.AppList -> a.b:\n"
        "    1:4:void report():10:13 -> a\n"
        "    5:9:int inlined():20:24 -> a\n"
        "    5:9:void send(int,java.lang.String):31 -> a\n"
        "    java.util.List all() -> c\n",
        encoding="utf-8",
    )
    owners = Owners("com.example.shop", read_mapping(path))
    stack = frames(
        "a.b.a(SourceFile:3), a.b.a(Unknown Source:7), a.b.a(Unknown Source), a.b.c(Native Method)"
    )
    assert [owners.named(f).method for f in stack] == ["report", "send", "a", "all"]
    real = read_mapping(VARIANTS / "shop-r8" / "mapping.txt")
    assert real.method("cn.jpush.android.api.JPushInterface", "init", "JPushInterface.java:12") == "init"


def test_the_static_result_names_who_was_renamed() -> None:
    owners = Owners("com.example.shop", None, {"a.b": "sdk:jpush", "com.umeng.analytics.X": "app"})
    for name, actor in (
        ("a.b", "sdk:jpush"),
        ("a.c", "unknown"),
        ("com.umeng.analytics.X", "sdk:umeng-analytics"),
    ):
        caller = owners.caller(frames(f"{TOP}, {name}.run(Unknown Source)"))
        assert caller is not None
        assert caller.actor == actor


def test_the_static_half_tells_the_actors_of_classes() -> None:
    static = [f for f in fixture_audit("shop").facts if f.source == "static"]
    known = callers(static)
    assert known["cn.jpush.android.service.Registration"] == "sdk:jpush"
    assert known["com.example.shop.device.DeviceProfile"] == "app"


@pytest.mark.parametrize(
    ("kind", "detail", "api"),
    [
        ("start", {"how": "startActivityForResult", "action": "", "component": "c.C", "package": "c"},
         "android.app.Activity.startActivityForResult"),
        ("start", {"how": "sendBroadcast", "action": "x", "component": "", "package": "c"},
         "android.app.ContextImpl.sendBroadcast"),
        ("webview", {"what": "loadUrl", "class": "", "name": "", "url": "https://x.example/"},
         "com.tencent.smtt.sdk.WebView.loadUrl"),
    ],
)  # fmt: skip
def test_what_was_done_names_its_process_and_member(kind: str, detail: dict[str, str], api: str) -> None:
    stack = f"{api}(Native Method), com.example.shop.A.b(A.java:1)"
    note = {
        "line": "note", "kind": kind, "time": 100.0, "epoch": 1, "screen": "", "foreground": False,
        "process": "com.example.shop:push", "detail": {**detail, "thread": 4, "stack": stack},
    }  # fmt: skip
    [fact] = interpret([note], "com.example.shop")[0]
    [seen] = fact.evidence
    assert isinstance(seen, Stack)
    owner, _, member = api.rpartition(".")
    assert seen.api == f"L{owner.replace('.', '/')};->{member}"
    assert seen.process == fact.attribute["process"] == "com.example.shop:push"


def test_a_flood_of_different_calls_takes_little_memory() -> None:
    """Calls without a stack, each with an argument and on a screen of its own: an app can make any number."""
    number = 4_000
    interpret([line()], "com.example.shop")  # what is known is loaded

    def flood() -> Iterator[dict[str, Any]]:
        yield line(thread=3)
        for n in range(number):
            told = {"1": "android_id", "2": f"{n:0500}"}
            yield line(thread=3, stack="", arguments=told, screen=f"s{n:01000}")

    tracemalloc.start()
    try:
        facts, _ = interpret(flood(), "com.example.shop")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    [fact] = [f for f in facts if f.action == "accesses"]
    assert (fact.actor, fact.count, fact.attribute["without_stack"]) == ("app", number + 1, str(number))
    assert peak < 3_000_000, "of what one call tells, not of all"


def test_a_record_is_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    row = json.dumps({"line": "step", "what": "x" * 500})
    path.write_text(f"{row}\n" * 10_000, encoding="utf-8")
    tracemalloc.start()
    try:
        assert sum(1 for _ in record.read(path)) == 10_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


def request(names: list[str], time: float, epoch: int = 1) -> dict[str, Any]:
    stack = "android.app.Activity.requestPermissions(A.java:1), com.example.shop.Main.ask(Main.java:3)"
    detail = {"names": names, "stack": stack}
    return {"line": "note", "kind": "permission_request", "time": time, "epoch": epoch, "detail": detail}


def test_requests_for_permissions_are_counted_not_repeated() -> None:
    """An app that asks without end makes one fact; one that makes up names without end, so many."""
    lines = [{"line": "phase", "at": 1.0, "epoch": 1, "phase": "refused"}]
    lines += [request(["android.permission.CAMERA"], float(n)) for n in (*range(2, 5001), 1)]
    lines += [request([f"x.permission.P{n}"], 9000.0) for n in range(9000)]
    facts, gaps = interpret(lines, "com.example.shop")
    asks = [f for f in facts if f.action == "asks"]
    [camera] = [f for f in asks if f.subject == "permission:android.permission.CAMERA"]
    assert (camera.count, camera.first, camera.last, camera.actor) == (5000, 1.0, 5000.0, "app")
    assert len(camera.evidence) == 1
    assert len(asks) == 2000
    assert "7001" in next(g.reason for g in gaps if g.code == "notes_left_out")


def test_what_a_forger_makes_up_takes_a_bounded_place() -> None:
    """Hosts of web views, packages, threads: any number of them can be said to have been."""
    view = {"what": "loadUrl", "class": "", "name": "", "url": "", "thread": 1, "stack": ""}
    lines: list[dict[str, Any]] = []
    for n in range(6000):
        detail = {**view, "url": f"https://h{n}.example/"}
        lines.append(
            {"line": "note", "kind": "webview", "time": 1.0, "epoch": 1, "screen": "", "foreground": True,
             "detail": detail}
        )  # fmt: skip
        lines.append(line(thread=n))
    facts, gaps = interpret(lines, "com.example.shop")
    assert len(facts) == 5001
    assert sum(f.count for f in facts if f.action == "accesses") == 6000
    assert "notes_left_out" in {g.code for g in gaps}


def test_a_record_that_is_full_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "MAX_BYTES", 3000)
    with record.Record(tmp_path / "run.jsonl") as log:
        for _ in range(50):
            log.write("call", **{k: v for k, v in line().items() if k != "line"})
        log.gap("phase_not_run", "idle", "no screen")
    assert (tmp_path / "run.jsonl").stat().st_size < 5000
    facts, gaps = interpret(record.read(log.path), "com.example.shop")
    [kept] = [f.count for f in facts if f.action == "accesses"]
    assert f"{50 - kept} lines" in next(g.reason for g in gaps if g.code == "events_lost")
    assert "phase_not_run" in {g.code for g in gaps}, "what the runner itself says is always written"


def test_a_check_that_could_not_be_lifted_is_no_hook_that_failed() -> None:
    detail = {"what": "okhttp3.CertificatePinner", "why": "cannot be hooked"}
    told = {"line": "note", "kind": "still_pinned", "time": 1.0, "epoch": 1, "detail": detail}
    gaps = {g.code: g.reason for g in interpret([told, told], "com.example.shop")[1]}
    assert "okhttp3.CertificatePinner (cannot be hooked)" in gaps["still_pinned"]
    assert "hooks_failed" not in gaps

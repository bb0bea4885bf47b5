"""The agent on a JVM where things are not as the catalogue says: it tells, and the app does not notice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appaudit.dynamic import agent, session
from appaudit.dynamic.facts import interpret
from appaudit.dynamic.record import Record, read
from appaudit.dynamic.rows import configuration, rows, there
from appaudit.dynamic.target_jvm import JvmTarget
from appaudit.knowledge.apis import by_id
from tests.dynamic.runs import need_jvm, press
from tests.fixtures.apps import apk

Change = Callable[[dict[str, Any]], None]
GONE = ("javax.crypto.Cipher", "java.security.MessageDigest", "android.app.Activity")
"""Classes that modules of the agent cannot do without."""
BLIND = ("ciphers", "hashing", "permissions", "screen", "starting")
GET = "android.provider.Settings$Secure.getString"


def watch(
    folder: Path, monkeypatch: pytest.MonkeyPatch, change: Change, *labels: str
) -> tuple[list[str], list[Any]]:
    """Status after each button of the stress fixture under a changed configuration; the record."""

    def changed(*told: Any) -> dict[str, Any]:
        given = configuration(*told)
        change(given)
        return given

    monkeypatch.setattr(session, "configuration", changed)
    target = JvmTarget(apk("stress"), folder)
    target.prepare()
    with Record(folder / "run.jsonl") as record:
        watching = session.Session(target, record)
        try:
            watching.open(fresh=True)
            statuses = [press(target, label) for label in labels]
        finally:
            watching.close()
            target.close()
    return statuses, list(read(folder / "run.jsonl"))


def row(given: dict[str, Any], member: str) -> dict[str, Any]:
    """The row of the configuration with this id."""
    return next(r for r in given["rows"] if rows()[r["id"]].id == member)


def test_what_is_not_there_is_one_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_jvm()

    def change(given: dict[str, Any]) -> None:
        row(given, "android.telephony.TelephonyManager.getImei")["member"] = "getImeiOfNextYear"
        row(given, "android.telephony.TelephonyManager.getDeviceId")["class"] = "android.telephony.Gone"

    statuses, lines = watch(tmp_path, monkeypatch, change, "散列")
    assert statuses[0].startswith("digest ")
    told = next(line for line in lines if line["line"] == "hooks" and line["what"] == "framework")
    assert "android.telephony.TelephonyManager.getImei" in told["states"]["no_member"]
    assert "android.telephony.TelephonyManager.getDeviceId" in told["states"]["no_class"]
    _, gaps = interpret(lines, "com.example.stress")
    (gap,) = [g for g in gaps if g.code == "hooks_not_set"]
    assert "no_class" in gap.reason
    assert len(gap.reason) < 1000
    assert not [g for g in gaps if g.code in ("hooks_failed", "events_lost")]


def test_overloads_are_those_of_the_runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows carry no signature: what the runtime has is hooked, and told with the signature it has there."""
    need_jvm()
    _, lines = watch(tmp_path, monkeypatch, lambda given: None, "包装")
    (call,) = [x for x in lines if x["line"] == "call" and rows()[x["row"]].member == "getImei"]
    assert call["signature"] == "()Ljava/lang/String;"
    assert call["result"] == "exception"


def test_a_hook_that_fails_is_told_and_the_app_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_jvm()

    def change(given: dict[str, Any]) -> None:
        broken = row(given, GET)
        broken["permissions"] = 7  # not a list: the hook's own code throws on it
        broken["tables"] = []

    statuses, lines = watch(tmp_path, monkeypatch, change, "散列", "洪水")
    assert statuses == [
        "digest 6eeaac7d3b0eda43e448f7d1d4b785f3c79f8c994b25cbc18c4853987d7cf4d8", "flood 10000",
    ]  # fmt: skip
    faults = [x for x in lines if x["line"] == "fault"]
    assert sum(x["count"] for x in faults if GET in x["text"]) == 10_001
    assert len(faults) < 200
    _, gaps = interpret(lines, "com.example.stress")
    assert "10001 times" in next(g.reason for g in gaps if g.code == "hooks_failed")


def test_a_module_that_fails_takes_no_other_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_jvm()

    def change(given: dict[str, Any]) -> None:
        given["tables"] = None

    statuses, lines = watch(tmp_path, monkeypatch, change, "包装")
    assert statuses == ["wrapper refused"]
    (gap,) = [g for g in interpret(lines, "com.example.stress")[1] if g.code == "watch_not_set"]
    assert "native: " in gap.reason
    assert "tls" not in gap.reason
    assert any(line["line"] == "call" and rows()[line["row"]].member == "getImei" for line in lines)


def test_modules_whose_classes_are_gone_are_one_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform that calls them otherwise: each module is named, and none takes another along."""
    need_jvm()
    source = agent.source()
    for name in GONE:
        assert f'"{name}"' in source
        source = source.replace(f'"{name}"', f'"{name[:-1]}_"')
    monkeypatch.setattr(agent, "source", lambda: source)
    statuses, lines = watch(tmp_path, monkeypatch, lambda given: None, "包装")
    assert statuses == ["wrapper refused"]
    _, gaps = interpret(lines, "com.example.stress")
    (gap,) = [g for g in gaps if g.code == "watch_not_set"]
    for module in BLIND:
        assert f"{module}: " in gap.reason
    assert "binder: " not in gap.reason
    assert "hooks_failed" not in {g.code for g in gaps}, "a gap of its own, not a failure of a hook"


def test_what_the_agent_answers_is_believed_in_shape_only(tmp_path: Path) -> None:
    target = JvmTarget(apk("stress"), tmp_path)
    with Record(tmp_path / "run.jsonl") as record:
        watching = session.Session(target, record)
        answers: list[Any] = [
            None,
            7,
            [],
            {"rows": 3, "specials": []},
            {"rows": [1, {"row": []}, {"row": 10**9}, {"row": next(iter(rows())), "state": ["hooked"]}]},
        ]
        for outcome in answers:
            watching._note_hooks({"x": "\ud800"}, session._part(outcome, "rows", list))
            watching._note_specials(session._part(outcome, "specials", dict))
    assert all(line["counts"] == {} for line in read(tmp_path / "run.jsonl"))


def test_the_class_of_a_listener_is_looked_at_when_it_is_registered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A callback of the catalogue's, moved to the interface that the fixture implements. Its listener is a
    lambda, whose class HotSpot gives to nobody by name: told, and no fault."""
    need_jvm()
    callback = "android.location.LocationListener.onLocationChanged"

    def change(given: dict[str, Any]) -> None:
        moved = row(given, callback)
        moved["class"] = "android.content.ClipboardManager$OnPrimaryClipChangedListener"
        moved["member"] = "onPrimaryClipChanged"

    statuses, lines = watch(tmp_path, monkeypatch, change, "监听")
    assert statuses == ["listen copied"]
    (told,) = [x["detail"] for x in lines if x["line"] == "note" and x["kind"] == "listener"]
    assert rows()[told["row"]].id == callback
    assert told["name"].startswith("com.example.stress.Readings$$Lambda")
    assert not [x for x in lines if x["line"] == "fault"]


def test_members_of_other_versions_are_not_looked_for() -> None:
    late = by_id()["android.content.ContentResolver.loadThumbnail"]
    assert (late.since, there(late, 28), there(late, 29), there(late, None)) == (29, False, True, True)
    levels = [len(configuration("t", level=level)["rows"]) for level in (23, 28, 36)]
    assert levels[0] < levels[1] < levels[2] <= len(rows())

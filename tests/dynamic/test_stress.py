"""What makes a watcher stumble: floods, reflection, late classes, wrappers, refusals, a crash."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from appaudit.dynamic.facts import interpret
from appaudit.dynamic.rows import rows
from appaudit.records import Fact, Gap
from tests.dynamic.runs import Pressed, need_jvm, pressed
from tests.fixtures.apps import expected

RUN = expected("stress")["run"]
COMMANDS = [p for p in RUN["phases"] if p["commands"] != ["start"]]


@cache
def stressed() -> Pressed:
    """Every button, then the one that crashes."""
    labels = [phase["commands"][0].removeprefix("tap ") for phase in COMMANDS]
    return pressed("stress", labels, RUN["crash"]["command"].removeprefix("tap "))


def facts_of(lines: list[dict[str, Any]]) -> tuple[list[Fact], list[Gap]]:
    return interpret(lines, "com.example.stress")


@pytest.mark.parametrize("number", range(len(COMMANDS)))
def test_counted_right_and_the_app_undisturbed(number: int) -> None:
    need_jvm()
    done = stressed()
    phase = COMMANDS[number]
    assert done.statuses[number] == phase["status"]
    facts, _ = facts_of(done.lines[number])
    for item in phase["accesses"]:
        found = [f for f in facts if (f.actor, f.subject) == (item["actor"], f"data:{item['data']}")]
        listening = [f for f in found if f.attribute.get("role") == "listen"]
        reading = [f for f in found if f.attribute.get("role") in (None, "read")]
        assert sum(f.count for f in reading) == item["count"], found
        assert bool(listening) == item.get("listener", False)
        assert {f.attribute["result"] for f in reading} == {item.get("result", "value")}
        if "threads" in item:
            assert {f.attribute["threads"] for f in reading} == {str(item["threads"])}
        if "digest" in item:
            assert {f.attribute["digest"] for f in reading} == {item["digest"]}
    told = {(i["actor"], f"data:{i['data']}") for i in phase["accesses"]}
    assert {(f.actor, f.subject) for f in facts if f.action == "accesses"} == told
    does = {(i["action"], i["subject"], i["names"]) for i in phase.get("does", [])}
    others = [f for f in facts if f.action != "accesses"]
    assert {(f.action, f.subject, f.attribute["names"].rpartition("/")[2]) for f in others} == does


def test_what_the_hooks_read_themselves_is_not_the_apps() -> None:
    need_jvm()
    calls = [line for line in stressed().every if line["line"] == "call" and line["epoch"] == 0]
    assert [rows()[line["row"]].id for line in calls] == []


def test_a_flood_loses_nothing() -> None:
    need_jvm()
    _, gaps = facts_of(stressed().every)
    assert not {g.code for g in gaps} & {"events_lost", "messages_refused", "hooks_failed"}
    flood = stressed().lines[0]
    assert len(flood) < 2000, "equal calls share a line"


def test_a_crash_is_told_and_everything_kept() -> None:
    need_jvm()
    lines, crash = stressed().every, stressed().crash
    assert "java.lang.IllegalStateException" in crash
    assert sum(line["count"] for line in lines if line["line"] == "call") >= 10_000


def test_code_that_is_loaded_late_is_noted() -> None:
    need_jvm()
    late = stressed().lines[[p["commands"][0] for p in COMMANDS].index("tap 迟到的类")]
    assert any(line["line"] == "note" and line["kind"] == "loader" for line in late)

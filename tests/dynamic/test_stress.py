"""What makes a watcher stumble: floods, reflection, late classes, wrappers, refusals, a crash."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from appaudit.dynamic.facts import interpret
from appaudit.dynamic.record import Record, read
from appaudit.dynamic.session import Session
from appaudit.dynamic.target import LostError
from appaudit.dynamic.target_jvm import JvmTarget
from appaudit.dynamic.ui import parse
from appaudit.records import Fact, Gap
from tests.dynamic.runs import need_jvm
from tests.fixtures.apps import apk, expected

RUN = expected("stress")["run"]
COMMANDS = [p for p in RUN["phases"] if p["commands"] != ["start"]]


def press(target: JvmTarget, label: str) -> str:
    """Taps the button; the text under the id ``status`` afterwards."""
    screen = parse(target.screen())
    target.tap(*next(n for n in screen.clickable if n.text == label).middle)
    return next(n.text for n in parse(target.screen()).nodes if n.resource_id.endswith(":id/status"))


@cache
def stressed() -> tuple[list[list[dict[str, Any]]], list[str], list[dict[str, Any]], str]:
    """(record lines of each command, status after each, every line, how the crash was told)."""
    folder = Path(mkdtemp(prefix="appaudit-test-"))
    target = JvmTarget(apk("stress"), folder)
    target.prepare()
    statuses, marks, crash = [], [], ""
    with Record(folder / "run.jsonl") as record:
        session = Session(target, record)
        try:
            session.open(fresh=True, epoch=0)
            for number, phase in enumerate(COMMANDS, 1):
                session.epoch(number)
                statuses.append(press(target, phase["commands"][0].removeprefix("tap ")))
            session.epoch(len(COMMANDS) + 1)
            try:
                press(target, RUN["crash"]["command"].removeprefix("tap "))
            except LostError as error:
                crash = str(error)
        finally:
            session.close()
            target.close()
    lines = list(read(folder / "run.jsonl"))
    marks = [[line for line in lines if line.get("epoch") == n] for n in range(1, len(COMMANDS) + 1)]
    return marks, statuses, lines, crash


def facts_of(lines: list[dict[str, Any]]) -> tuple[list[Fact], list[Gap]]:
    return interpret(lines, "com.example.stress")


@pytest.mark.parametrize("number", range(len(COMMANDS)))
def test_counted_right_and_the_app_undisturbed(number: int) -> None:
    need_jvm()
    marks, statuses, _, _ = stressed()
    phase = COMMANDS[number]
    assert statuses[number] == phase["status"]
    facts, _ = facts_of(marks[number])
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
    assert {(f.actor, f.subject) for f in facts} == told


def test_a_flood_loses_nothing() -> None:
    need_jvm()
    _, gaps = facts_of(stressed()[2])
    assert not {g.code for g in gaps} & {"events_lost", "messages_refused", "hooks_failed"}
    flood = stressed()[0][0]
    assert len(flood) < 2000, "equal calls share a line"


def test_a_crash_is_told_and_everything_kept() -> None:
    need_jvm()
    _, _, lines, crash = stressed()
    assert "java.lang.IllegalStateException" in crash
    assert sum(line["count"] for line in lines if line["line"] == "call") >= 10_000


def test_code_that_is_loaded_late_is_noted() -> None:
    need_jvm()
    late = stressed()[0][[p["commands"][0] for p in COMMANDS].index("tap 迟到的类")]
    assert any(line["line"] == "note" and line["kind"] == "loader" for line in late)

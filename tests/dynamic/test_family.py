"""An app's other processes: children of a JVM held by the real Frida, and a phone's by what it tells."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from appaudit.dynamic import session as session_module
from appaudit.dynamic.adb import Choice
from appaudit.dynamic.facts import interpret
from appaudit.dynamic.family import Family
from appaudit.dynamic.record import Record, read
from appaudit.dynamic.session import Session
from appaudit.dynamic.target import Child
from appaudit.dynamic.target_android import AndroidTarget
from appaudit.dynamic.target_jvm import JvmTarget
from tests.dynamic.runs import need_jvm, press
from tests.fixtures.apps import apk


def stopped(pid: int) -> None:
    """Waits until a signal has stopped every thread of a process."""
    states = set()
    for _ in range(500):
        tasks = Path(f"/proc/{pid}/task").iterdir()
        states = {(task / "stat").read_text().rpartition(")")[2].split()[0] for task in tasks}
        if states == {"T"}:
            return
        time.sleep(0.01)
    raise AssertionError(f"the process runs on: {states}")


def test_children_of_an_app_are_held_and_hooked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_jvm()
    tool = tmp_path / "bin" / "getprop"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\n/bin/cat /sys/class/net/lo/address\n", encoding="ascii")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tool.parent), prepend=":")
    target = JvmTarget(apk("stress"), tmp_path)
    target.prepare()
    with Record(tmp_path / "run.jsonl") as record:
        session = Session(target, record)
        try:
            session.open(fresh=True, epoch=1)
            assert press(target, "进程") == "process 00:00:00:00:00:00", "a child that is held runs on"
            monkeypatch.setattr(session_module, "ANSWER", 0.3)
            os.kill(target.pid, signal.SIGSTOP)  # as Android holds apps in the background still
            stopped(target.pid)
            session.epoch(2)
            os.kill(target.pid, signal.SIGCONT)
            monkeypatch.undo()
            press(target, "包装")
        finally:
            session.close()
            target.close()
    lines = list(read(record.path))
    started = [line for line in lines if line["line"] == "process"]
    assert {line["state"] for line in started} == {"hooked"}
    names = [Path(line["name"]).name for line in started]
    assert [n for n in names if not n.startswith("fork")] == ["jspawnhelper", "getprop", "cat"]
    [silent] = [line for line in lines if line["line"] == "gap" and line["code"] == "process_silent"]
    assert silent["scope"] == "com.example.stress as part 2 of the run began"
    assert {line["epoch"] for line in lines if line["line"] == "call"} == {1, 2}, "told when it goes on"
    facts, gaps = interpret(lines, "com.example.stress")
    assert "other_processes_not_seen" not in {g.code for g in gaps}
    assert {f.attribute["process"] for f in facts if f.action == "accesses"} == {"com.example.stress"}
    [ended] = [g for g in gaps if g.code == "process_ended"]
    assert "cat" in ended.reason, "what it did last is not claimed to be known"


class Inside:
    """A session with a process."""

    gated: ClassVar[list[int]] = []

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def enable_child_gating(self) -> None:
        self.gated.append(self.pid)

    def __str__(self) -> str:
        return f"session of {self.pid}"


class Device:
    """What of a frida device the spawn gate uses."""

    def __init__(self) -> None:
        self.gating = False
        self.handlers: dict[str, Any] = {}
        self.resumed: list[int] = []
        self.pending: list[Any] = []

    def on(self, event: str, handler: Any) -> None:
        self.handlers[event] = handler

    def off(self, event: str, handler: Any) -> None:
        assert self.handlers.pop(event) is handler

    def enable_spawn_gating(self) -> None:
        self.gating = True

    def disable_spawn_gating(self) -> None:
        self.gating = False

    def enumerate_pending_spawn(self) -> list[Any]:
        return self.pending

    def enumerate_pending_children(self) -> list[Any]:
        return []

    def attach(self, pid: int) -> Inside:
        return Inside(pid)

    def resume(self, pid: int) -> None:
        self.resumed.append(pid)


class Member:
    def __init__(self, log: list[str], name: str) -> None:
        self.log, self.name = log, name
        self.detached = ""

    def hook(self, frida: Any, epoch: int) -> None:
        if self.name.endswith(":bad"):
            raise ValueError("no agent")
        self.log.append(f"{self.name} hooked in {epoch} by {frida}")

    def late(self) -> None:
        self.log.append(f"{self.name} hooked late")

    def epoch(self, number: int) -> None:
        self.log.append(f"{self.name} in {number}")

    def close(self) -> None:
        self.log.append(f"{self.name} closed")


def test_a_phone_holds_the_apps_processes_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order of calls on a phone; the device is a stand-in, zygote is not here."""
    target = AndroidTarget(None, "com.example.shop", Choice(), {"com.example.shop", "shop.remote"})
    monkeypatch.setattr(target.phone, "shell", lambda *words: "  106\n" if words[-1] == "153" else "")
    device = Device()
    target._frida, target._pid = device, 100
    log: list[str] = []
    with Record(tmp_path / "run.jsonl") as record:
        family = Family(target, record, lambda name: Member(log, name))
        family.begin(Inside(100), 3)
        assert device.gating
        for pid, name in enumerate(
            ("com.example.shop", "com.example.shop:push", "com.example.shopping", "com.example.shop:i:Svc",
             "com.example.shop:bad", "com.other", "shop.remote"), 100,
        ):  # fmt: skip
            device.handlers["spawn-added"](SimpleNamespace(pid=pid, identifier=name))
        until(lambda: len(device.resumed) >= 6)
        assert sorted(device.resumed) == [101, 102, 103, 104, 105, 106], (
            "all but the main process, which runs already"
        )
        for pid, parent in ((150, 103), (151, 150), (152, 99), (153, 153)):
            path = f"/system/bin/tool{pid}"
            child = SimpleNamespace(pid=pid, parent_pid=parent, path=path, identifier=None, origin="exec")
            device.handlers["child-added"](child)
            until(lambda: device.resumed[-1] == child.pid or child.pid == 152)  # noqa: B023 - called at once
        assert device.resumed[-3:] == [150, 151, 153], "children of the app's processes, and theirs"
        assert sorted(Inside.gated) == [100, 101, 103, 104, 106, 150, 151, 153]
        family.epoch(4)
        device.pending = [SimpleNamespace(pid=200, identifier="com.example.shop:late")]
        family.close()
    assert not device.gating
    assert not device.handlers
    assert device.resumed[-1] == 200
    assert {line for line in log if "hooked in" in line} == {
        "com.example.shop:push hooked in 3 by session of 101",
        "com.example.shop:i:Svc hooked in 3 by session of 103",
        "shop.remote hooked in 3 by session of 106",
        "/system/bin/tool150 hooked in 3 by session of 150",
        "/system/bin/tool151 hooked in 3 by session of 151",
        "/system/bin/tool153 hooked in 3 by session of 153",
    }
    assert {"com.example.shop:push in 4", "com.example.shop:push closed"} <= set(log)
    assert "com.example.shop:push hooked late" in log, "its own classes too"
    gaps = {g.scope: g.reason for g in interpret(read(record.path), "com.example.shop")[1]}
    assert "no agent" in gaps["com.example.shop:bad"]


def test_a_device_that_cannot_hold_is_a_gap(tmp_path: Path) -> None:
    target = AndroidTarget(None, "com.example.shop", Choice())
    target._frida = SimpleNamespace(on=lambda *_: None)  # no spawn gating
    with Record(tmp_path / "run.jsonl") as record:
        family = Family(target, record, lambda name: Member([], name))
        family.begin(None, 1)
        family.close()
    assert next(read(record.path))["code"] == "other_processes_not_seen"


def test_too_many_processes_are_let_go(tmp_path: Path) -> None:
    target = SimpleNamespace(package="x.y", gate=lambda *_: None, ungate=lambda: None)
    lock, resumed = threading.Lock(), []

    def resume(pid: int) -> None:
        with lock:
            resumed.append(pid)

    with Record(tmp_path / "run.jsonl") as record:
        family = Family(target, record, lambda name: Member([], name))
        for pid in range(80):
            family._found(Child(pid, f"p{pid}", "fork", True, lambda: None, partial(resume, pid)))
        end = time.monotonic() + 10
        while len(resumed) < 80 and time.monotonic() < end:
            time.sleep(0.01)
        family.close()
    states = [line["state"] for line in read(record.path) if line["line"] == "process"]
    assert (states.count("hooked"), len(resumed)) == (64, 80)


class Slow(Member):
    """One whose hooks take as long as somebody wants."""

    def __init__(self, log: list[str], name: str, set_: threading.Event) -> None:
        super().__init__(log, name)
        self.set = set_

    def hook(self, frida: Any, epoch: int) -> None:
        self.log.append(f"{self.name} hooks")
        assert self.set.wait(10)
        super().hook(frida, epoch)


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not true() and time.monotonic() < end:
        time.sleep(0.01)


def test_other_apps_go_on_while_ours_are_hooked(tmp_path: Path) -> None:
    target = SimpleNamespace(package="x.y", gate=lambda *_: None, ungate=lambda: None)
    log: list[str] = []
    ready, resumed = threading.Event(), threading.Event()
    with Record(tmp_path / "run.jsonl") as record:
        family = Family(target, record, lambda name: Slow(log, name, ready))
        try:
            for pid in range(10):
                family._found(Child(pid, f"x.y:p{pid}", "spawn", True, lambda: None, lambda: None))
            family._found(Child(99, "com.other", "spawn", False, lambda: None, resumed.set))
            assert resumed.wait(5), "held behind processes that are hooked"
        finally:
            ready.set()
            family.close()


def test_a_phase_that_begins_while_hooks_are_set_counts(tmp_path: Path) -> None:
    target = SimpleNamespace(package="x.y", gate=lambda *_: None, ungate=lambda: None)
    log: list[str] = []
    ready = threading.Event()
    with Record(tmp_path / "run.jsonl") as record:
        family = Family(target, record, lambda name: Slow(log, name, ready))
        family.begin(None, 1)
        family._found(Child(7, "x.y:p", "spawn", True, lambda: None, lambda: None))
        until(lambda: bool(log))
        family.epoch(2)
        ready.set()
        until(lambda: "x.y:p in 2" in log)
        family.close()
    assert "x.y:p in 2" in log, "what it does now belongs to the phase that is now"

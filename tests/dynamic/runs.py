"""Real runs of the fixture apps on a JVM, each once a session."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from appaudit.apk import open_app
from appaudit.dynamic.readers import readers
from appaudit.dynamic.record import Record, read
from appaudit.dynamic.run import Options, RunResult, run
from appaudit.dynamic.session import Session
from appaudit.dynamic.target import LostError
from appaudit.dynamic.target_jvm import JvmTarget
from appaudit.dynamic.ui import parse
from appaudit.errors import InputError, MissingExtraError
from appaudit.records import Fact
from tests.fixtures.apps import apk


@cache
def obstacle() -> str:
    """Why no run is possible here; empty where one is."""
    try:
        import frida  # noqa: F401

        from appaudit.dynamic.agent import check_for_hotspot
        from appaudit.dynamic.target_jvm import java

        check_for_hotspot()
        java()
    except (ImportError, InputError, MissingExtraError) as error:
        return str(error)
    return ""


def need_jvm() -> None:
    """Skips where the JVM target cannot run, saying why."""
    if why := obstacle():
        pytest.skip(why)


REVOKED = {
    "shop": ("android.permission.ACCESS_FINE_LOCATION",),
    "check": ("android.permission.ACCESS_COARSE_LOCATION",),
}
SECONDS = {"shop": 1.5}


@cache
def watched(name: str) -> RunResult:
    """One run of a fixture app, all phases."""
    folder = Path(tempfile.mkdtemp(prefix="appaudit-test-"))
    seconds, revoke = SECONDS.get(name, 0.6), REVOKED.get(name, ())
    return run(apk(name), Options("jvm", folder, seconds, revoke=revoke))


@dataclass(frozen=True, slots=True)
class Pressed:
    """Buttons of a fixture app, pressed one after another under hooks: the lines of the record that each
    caused, what the status said after it, and every line."""

    lines: list[list[dict[str, Any]]]
    statuses: list[str]
    every: list[dict[str, Any]]
    crash: str


def press(target: JvmTarget, label: str) -> str:
    """Taps the button, allows what is asked for; the text under the id ``status`` afterwards."""
    while True:
        screen = parse(target.screen())
        target.tap(*next(n for n in screen.clickable if n.text == label).middle)
        screen = parse(target.screen())
        label = next((n.text for n in screen.clickable if n.text == "允许"), "")
        if not label:
            return next(n.text for n in screen.nodes if n.resource_id.endswith(":id/status"))


def pressed(
    name: str, labels: Sequence[str], crash: str = "", defines: Mapping[str, str] | None = None
) -> Pressed:
    """``crash``: the label of a button that ends the app, pressed last. ``defines``: of the JVM."""
    folder = Path(tempfile.mkdtemp(prefix="appaudit-test-"))
    target = JvmTarget(apk(name), folder, defines)
    target.prepare()
    statuses, end = [], ""
    with Record(folder / "run.jsonl") as record:
        session = Session(target, record, readers=readers(open_app(apk(name)).dexes()))
        try:
            session.open(fresh=True, epoch=0)
            for number, label in enumerate(labels, 1):
                session.epoch(number)
                statuses.append(press(target, label))
            session.epoch(len(labels) + 1)
            if crash:
                try:
                    press(target, crash)
                except LostError as error:
                    end = str(error)
        finally:
            session.close()
            target.close()
    every = list(read(folder / "run.jsonl"))
    lines = [[line for line in every if line.get("epoch") == n] for n in range(1, len(labels) + 1)]
    return Pressed(lines, statuses, every, end)


def accesses(facts: list[Fact], phase: str) -> dict[tuple[str, str], list[Fact]]:
    """(actor, data id) → facts of a phase."""
    found: dict[tuple[str, str], list[Fact]] = {}
    for fact in facts:
        if fact.action == "accesses" and fact.phase == phase:
            found.setdefault((fact.actor, fact.subject.removeprefix("data:")), []).append(fact)
    return found

"""The control channel of a JVM: what an app that is busy, or refuses, answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appaudit.dynamic import target_jvm
from appaudit.dynamic.target import LostError
from appaudit.dynamic.target_jvm import BUSY, JvmTarget
from tests.fixtures.apps import apk

TREE = "<?xml version='1.0'?><hierarchy rotation=\"0\"></hierarchy>"


@contextmanager
def answering(folder: Path, *answers: str) -> Iterator[tuple[JvmTarget, list[str]]]:
    """A target whose launcher gives these answers, and the commands that it got."""
    ours, theirs = socket.socketpair()
    target, asked = JvmTarget(apk("plain"), folder), []
    target._socket, target._lines = ours, ours.makefile("rw", encoding="utf-8", newline="\n")

    def launcher() -> None:
        with theirs, theirs.makefile("rw", encoding="utf-8", newline="\n") as lines:
            for answer in answers:
                asked.append(lines.readline().rstrip("\n"))
                lines.write(answer + "\n")
                lines.flush()

    thread = threading.Thread(target=launcher, daemon=True)
    thread.start()
    try:
        yield target, asked
    finally:
        target.close()
        thread.join(5)


def test_a_busy_app_is_waited_for(tmp_path: Path) -> None:
    """Its main thread waits while a process that it started is held and hooked."""
    with answering(tmp_path, BUSY, BUSY, f"ok {TREE}") as (target, asked):
        assert target.screen() == TREE.encode()
    assert asked == ["dump"] * 3
    with answering(tmp_path, BUSY, "ok x.Main", f"ok {TREE}") as (target, asked):
        target.tap(1, 2)
        assert target.screen() == TREE.encode()
    assert asked == ["tap-at 1 2", "activity", "dump"], "no tap is done twice"


def test_an_app_that_never_answers_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target_jvm, "PATIENCE", 0.0)
    with answering(tmp_path, BUSY) as (target, _), pytest.raises(LostError, match="does not answer"):
        target.screen()


def test_a_refusal_is_no_tree_of_views(tmp_path: Path) -> None:
    refused = "error the app has not started: send start first"
    with answering(tmp_path, refused) as (target, _), pytest.raises(LostError, match="has not started"):
        target.screen()

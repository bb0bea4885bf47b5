"""Real runs of the fixture apps on a JVM, each once a session."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import pytest

from appaudit.dynamic.run import Options, RunResult, run
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


REVOKED = {"shop": ("android.permission.ACCESS_FINE_LOCATION",)}
SECONDS = {"shop": 1.5}


@cache
def watched(name: str) -> RunResult:
    """One run of a fixture app, all phases."""
    folder = Path(tempfile.mkdtemp(prefix="appaudit-test-"))
    seconds, revoke = SECONDS.get(name, 0.6), REVOKED.get(name, ())
    return run(apk(name), Options("jvm", folder, seconds, revoke=revoke))


def accesses(facts: list[Fact], phase: str) -> dict[tuple[str, str], list[Fact]]:
    """(actor, data id) → facts of a phase."""
    found: dict[tuple[str, str], list[Fact]] = {}
    for fact in facts:
        if fact.action == "accesses" and fact.phase == phase:
            found.setdefault((fact.actor, fact.subject.removeprefix("data:")), []).append(fact)
    return found

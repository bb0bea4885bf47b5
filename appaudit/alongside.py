"""Hooks and wire side by side: a run with its traffic, and what the run knows of each request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from appaudit.dynamic.record import phases
from appaudit.dynamic.run import Options, RunResult, run
from appaudit.errors import InputError
from appaudit.traffic.capture import Capture
from appaudit.traffic.capture import Options as Listening
from appaudit.traffic.facts import Scene
from appaudit.traffic.hosts import own_domains


def watch_and_listen(
    app: Path, options: Options, listening: Listening, progress: Callable[[str], None]
) -> RunResult:
    """A run through a proxy that is there before the app starts and until it has ended.

    Raises InputError where either cannot begin; an empty recording is then taken away again.
    """
    capture = Capture(listening)
    try:
        with capture as proxy:
            progress("listening")
            led = replace(options, proxy=f"{listening.host}:{proxy.port}", ca=proxy.certificate)
            return run(app, led, progress)
    except InputError:
        if not capture.flows:
            listening.output.unlink(missing_ok=True)
        raise


def scene_of(package: str, record: Path) -> Scene:
    """What the record of a run tells of the traffic recorded beside it. Raises InputError."""
    return Scene(own_domains(package), phases(record))

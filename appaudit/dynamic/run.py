"""One run of one app: target, hooks, phases, record, facts."""

from __future__ import annotations

import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from platform import python_version
from typing import Any

from appaudit import __version__
from appaudit.apk import AppFile, Manifest, open_app
from appaudit.dynamic import agent, record
from appaudit.dynamic.adb import Choice
from appaudit.dynamic.facts import interpret
from appaudit.dynamic.frames import read_mapping
from appaudit.dynamic.phases import Driver, Plan, Watcher
from appaudit.dynamic.polling import Polling
from appaudit.dynamic.readers import readers
from appaudit.dynamic.session import Session
from appaudit.dynamic.target import LostError, Proxy, Target
from appaudit.dynamic.target_android import AndroidTarget
from appaudit.dynamic.target_rootless import RootlessTarget
from appaudit.dynamic.tester import QuitError, Tester
from appaudit.errors import InputError
from appaudit.knowledge.load import toml
from appaudit.records import Condition, Fact, Gap

INTERRUPTED = "run_interrupted"
"""Code of the gap of a run that Ctrl-C ended."""
ENDS = ("SIGTERM", "SIGHUP")
"""What else ends a run as Ctrl-C does: the device gets its own back."""
UNPINNED = (
    "Run with --unpin: certificates that the app refuses were accepted; what it does where it refuses was "
    "not seen."
)


@dataclass(frozen=True, slots=True)
class Options:
    """``target``: jvm, or android with ``phone``. ``folder``: where the record goes, a new or empty one.
    ``frida``: hook the app; without, a phone's own system is asked. ``installed``: the app is on the phone,
    and stays as it is. ``revoke``: permissions to take away one by one, of those the app asked for and got;
    None means all. ``tester``: somebody who can be asked.

    ``unpin``: certificates that the app refuses are accepted; what it does then is not what users get.
    ``proxy``: host:port for the app's traffic, None where it takes no setting to get there; ``ca``: PEM of
    the certificate authority to trust. ``watch`` is called with each line of the record."""

    target: str
    folder: Path
    seconds: float
    explore: bool = True
    revoke: tuple[str, ...] | None = None
    proxy: str | None = None
    mapping: Path | None = None
    tester: Tester | None = None
    watch: Callable[[Mapping[str, Any]], None] | None = None
    phone: Choice | None = None
    ca: Path | None = None
    frida: bool = True
    installed: bool = False
    monkey: int = 0
    withdraw: bool = False
    settle: float | None = None
    known: Mapping[str, str] | None = None
    unpin: bool = False


@dataclass(frozen=True, slots=True)
class RunResult:
    """``record``: the file everything is read from."""

    facts: list[Fact]
    gaps: list[Gap]
    record: Path
    conditions: list[Condition]


@contextmanager
def _signals(handler: Any, *names: str) -> Iterator[None]:
    """In the main thread these signals go to the handler, but for those that are ignored."""
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        there = [getattr(signal, name) for name in names if hasattr(signal, name)]
        before = {s: signal.signal(s, handler) for s in there if signal.getsignal(s) != signal.SIG_IGN}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@_signals(_interrupt, *ENDS)
def run(app: Path, options: Options, say: Callable[[str], None] = lambda _: None) -> RunResult:
    """Raises InputError where the run cannot begin; once begun it returns what it saw, whatever happens."""
    path = options.folder / record.NAME
    if path.exists():
        raise InputError(f"{path} is the record of another run: choose another folder")
    opened = open_app(app)
    manifest = opened.manifest
    package = manifest.package
    mapping = read_mapping(options.mapping) if options.mapping else None
    permissions = tuple(p.name for p in manifest.permissions)
    revoke = permissions if options.revoke is None else options.revoke
    actions = {
        a for c in manifest.components if c.kind == "receiver" for f in c.intent_filters for a in f.actions
    }
    sent = tuple(sorted(actions.intersection(toml("starts.toml")["sent"])))
    settle = options.settle or (0.1 if options.target == "jvm" else 0.7)
    plan = Plan(
        options.seconds, settle, options.explore, sent, revoke, options.monkey, options.withdraw, permissions
    )  # fmt: skip
    scratch = Path(tempfile.mkdtemp(prefix="appaudit-run-"))
    target = _target(app, manifest, options, scratch)
    try:
        target.prepare()
        tools = agent.versions() if options.frida else {}
        tools |= {"unpinning": "on"} if options.unpin else {}
        conditions = {**target.conditions(), **tools, "appaudit": __version__, "python": python_version()}
        proxy = Proxy.parse(options.proxy, options.ca) if options.proxy else None
        with record.Record(path, options.watch) as log:
            log.write("run", version=record.VERSION, package=package, app=app.name, conditions=conditions)
            through: Mapping[str, str] = {}
            if options.unpin:
                log.gap("unpinned", package, UNPINNED)
            try:
                if proxy is not None:
                    through = target.use_proxy(proxy)
                elif options.ca is not None:
                    through = target.trust(options.ca)
                if through:
                    log.write("condition", **through)
                watch = _watch(target, log, opened, options.unpin)
                Driver(target, log, plan, say, options.tester, watch).run()
            except LostError as error:
                log.gap("run_ended_early", package, f"The run ended early: {error}.")
            except QuitError:
                log.gap("run_ended_early", package, "The tester ended the run before its last phase.")
            except KeyboardInterrupt:
                log.gap(INTERRUPTED, package, "The run was interrupted before its last phase.")
            log.write("end", seconds=round(time.process_time(), 1))
    finally:
        with _signals(signal.SIG_IGN, "SIGINT", *ENDS):  # a second one keeps nothing from the device
            target.close()
            shutil.rmtree(scratch, ignore_errors=True)
    facts, gaps = interpret(record.read(path), package, mapping, options.known)
    return RunResult(facts, gaps, path, record.conditions(record.read(path)))


def _watch(target: Target, log: record.Record, app: AppFile, unpin: bool) -> Callable[[bool], Watcher]:
    if isinstance(target, RootlessTarget):
        return lambda _: Polling(target, log)
    constants = readers(app.dexes())
    return lambda whole: Session(target, log, whole, constants, unpin=unpin)


def _target(app: Path, manifest: Manifest, options: Options, scratch: Path) -> Target:
    if options.target == "jvm":
        from appaudit.dynamic.target_jvm import JvmTarget

        return JvmTarget(app, scratch)
    if options.target == "android":
        there, choice = None if options.installed else app, options.phone or Choice()
        if not options.frida:
            return RootlessTarget(there, manifest.package, choice)
        return AndroidTarget(there, manifest.package, choice, {c.process for c in manifest.components})
    raise InputError(f"unknown target '{options.target}' (known: android, jvm)")

"""The agent's source: the modules of ``hooks/`` with the Java bridge of the installed frida-tools.

Frida loads several ES modules from one text: a line with a parcel, a line ``<bytes> <name>`` a module, the
first being the entry, then the modules, each after a line with scissors. Nothing is built beforehand.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from importlib import import_module, metadata, util
from pathlib import Path
from typing import Any

from appaudit.assets import assets
from appaudit.errors import InputError, MissingExtraError

ENTRY = "agent.js"
BRIDGE = "bridge.js"
PARCEL, SCISSORS = "\N{PACKAGE}", "\N{WHITE SCISSORS}"

ON_HOTSPOT = frozenset({"14.1.0", "14.2.0", "14.4.0"})
"""Releases of frida-tools whose Java bridge was seen to work on HotSpot; 14.4.3 to 14.13.0 fail."""
PIN = "14.4.0"


def bridge() -> str:
    """The Java bridge as an ES module. Raises MissingExtraError where frida-tools is not installed."""
    found = util.find_spec("frida_tools")
    if found is None or found.origin is None:
        raise MissingExtraError("run", "device")
    path = Path(found.origin).parent / "bridges" / "java.js"
    if not path.is_file():
        raise InputError("the installed frida-tools carries no Java bridge: pip install 'frida-tools>=14.1'")
    return path.read_text(encoding="utf-8") + "\nexport default bridge;\n"


def source() -> str:
    """The whole agent as Frida loads it."""
    folder = assets("hooks")
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.js"))
    modules = {ENTRY: (folder / ENTRY).read_text(encoding="utf-8"), BRIDGE: bridge()}
    modules |= {name: (folder / name).read_text(encoding="utf-8") for name in names if name != ENTRY}
    head = [PARCEL, *(f"{len(text.encode())} /{name}" for name, text in modules.items())]
    return "\n".join(head) + f"\n{SCISSORS}\n" + f"\n{SCISSORS}\n".join(modules.values())


def versions() -> dict[str, str]:
    """Versions of frida and frida-tools, part of the run's conditions. Raises MissingExtraError."""
    try:
        return {name: metadata.version(name) for name in ("frida", "frida-tools")}
    except metadata.PackageNotFoundError:
        raise MissingExtraError("run", "device") from None


def within(seconds: float, ask: Callable[[], Any]) -> Any:
    """What Frida or the agent answers. Raises what they raise, TimeoutError where nothing came in time: a
    question to the agent, which nothing can cancel, is then left to the thread that waits for it."""
    cancellable: Any = import_module("frida").Cancellable()
    answer: Future[Any] = Future()

    def work() -> None:
        try:
            with cancellable:
                answer.set_result(ask())
        except BaseException as error:  # noqa: BLE001 - whoever waits raises it
            answer.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    try:
        return answer.result(seconds)
    finally:
        cancellable.cancel()


def check_for_hotspot() -> None:
    """Raises InputError where the installed pair cannot hook a JVM, with what to install instead."""
    found = versions()
    if int(found["frida"].partition(".")[0]) < 17:
        raise InputError(f"frida {found['frida']} is too old: pip install 'frida>=17' 'frida-tools=={PIN}'")
    if found["frida-tools"] not in ON_HOTSPOT:
        raise InputError(
            f"the Java bridge of frida-tools {found['frida-tools']} cannot hook a JVM (it can hook phones): "
            f"pip install 'frida-tools=={PIN}' for --target jvm"
        )

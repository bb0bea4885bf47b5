"""Hooks and wire side by side: a run with its traffic, and what the run knows of each request."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from appaudit.bundle import Bundle
from appaudit.dynamic import wire
from appaudit.dynamic.frames import read_mapping
from appaudit.dynamic.record import phases, read
from appaudit.dynamic.run import Options, RunResult, run
from appaudit.errors import InputError
from appaudit.records import Stack
from appaudit.traffic.capture import Capture
from appaudit.traffic.capture import Options as Listening
from appaudit.traffic.hosts import own_domains
from appaudit.traffic.scene import Scene
from appaudit.traffic.witness import Connection, Sealed, Witness


def watch_and_listen(
    app: Path, options: Options, listening: Listening, progress: Callable[[str], None]
) -> RunResult:
    """A run through a proxy that is there before the app starts and until it has ended. The device is led to
    it by its own setting where that is how the proxy's mode works; else by whoever set up the way there.

    Raises InputError where either cannot begin; an empty recording is then taken away again.
    """
    capture = Capture(listening)
    try:
        with capture as proxy:
            progress("listening")
            address = f"{listening.host}:{proxy.port}" if listening.asked else None
            return run(app, replace(options, proxy=address, ca=proxy.certificate), progress)
    except InputError:
        if not capture.flows:
            listening.output.unlink(missing_ok=True)
        raise


def scene_of(bundle: Bundle, record: Path, options: Options, listening: Listening | None = None) -> Scene:
    """What the app's files and the record of a run tell of the traffic beside it. Raises InputError."""
    package = bundle.app.package if bundle.app else ""
    names = read_mapping(options.mapping) if options.mapping else None
    seen = list(wire.events(read(record), package, names, options.known))
    through = listening.host if listening is not None else (options.proxy or "").rpartition(":")[0]
    return replace(app_scene(bundle), phases=phases(record), witness=witness(seen), proxy=through.strip("[]"))


def app_scene(bundle: Bundle) -> Scene:
    """What the app's files alone tell of its traffic: its domains, what it trusts, whether it has a VPN."""
    app = bundle.app
    if app is None or "static" not in bundle.examined:
        return Scene()
    settings = {f.subject: f.attribute for f in bundle.facts if f.source == "static" and f.action == "uses"}
    pins = settings.get("setting:certificate_pins", {}).get("domains", "")
    user = "setting:trusts_user_certificates" in settings or (app.target_sdk or 0) < USER_CERTIFICATES
    return Scene(
        own_domains(app.package),
        pinned=tuple(pins.split()),
        trusts_user=user,
        own_vpn="setting:vpn" in settings,
    )


USER_CERTIFICATES = 24
"""API level from which apps no longer trust certificates that the user installed, unless they say so."""


def witness(events: Iterable[Mapping[str, Any]]) -> Witness:
    """The hooks' events of `appaudit.dynamic.wire`, as traffic takes them."""
    connections: list[Connection] = []
    ciphers: list[Sealed] = []
    keys: list[bytes] = []
    for event in events:
        try:
            if event["kind"] in ("connect", "tls"):
                connections.append(_connection(event))
            elif event["kind"] == "cipher" and event["direction"] != "decrypt" and event["sample"]:
                ciphers.append(_sealed(event))
            elif event["kind"] == "hmac" and event["key"]:
                keys.append(base64.b64decode(event["key"]))
        except (KeyError, TypeError, ValueError):
            continue  # an altered line
    return Witness(connections, ciphers, keys)


def _stack(event: Mapping[str, Any], what: str) -> Stack | None:
    frames = tuple(event["stack"])
    thread = str(event.get("thread", ""))
    return Stack(what, frames, event["time"], str(event["process"]), thread) if frames else None


def _connection(event: Mapping[str, Any]) -> Connection:
    return Connection(
        event["time"],
        str(event["host"]),
        int(event["port"]),
        int(event["local_port"]),
        str(event["actor"]),
        str(event["process"]),
        _stack(event, str(event["kind"])),
        str(event["ip"]),
        str(event.get("protocol", "tcp")),
        not event["error"],
    )


def _sealed(event: Mapping[str, Any]) -> Sealed:
    plain = base64.b64decode(event["sample"])
    return Sealed(
        event["time"],
        str(event["algorithm"]),
        plain,
        bytes.fromhex(event["head"]),
        int(event["size"]),
        str(event["sha256"]),
        _stack(event, f"javax.crypto.Cipher {event['algorithm']}"),
        int(event["length"]) > len(plain),
    )

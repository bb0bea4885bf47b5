"""`appaudit run`: watch an app run, then compare what it did with what its policy says."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from appaudit.cli.ending import Ending
from appaudit.cli.living import Living
from appaudit.cli.options import (
    Baseline,
    BundleFolder,
    Category,
    ExitZero,
    FailOn,
    Formats,
    NewOnly,
    Output,
    Policies,
    Profile,
    Strict,
    Values,
    configured,
    profile,
    severity,
)
from appaudit.cli.output import Delivery
from appaudit.cli.settings import Settings
from appaudit.cli.several import each
from appaudit.errors import InputError

if TYPE_CHECKING:
    from appaudit.bundle import Bundle

TARGETS = ("android", "jvm")


def run(
    ctx: typer.Context,
    app: Annotated[Path, typer.Argument(help="APK to install and run.", metavar="APP")],
    target: Annotated[
        str,
        typer.Option(help="android, or jvm: a fixture app over the framework stand-in.", metavar="TARGET"),
    ] = "android",
    device: Annotated[
        str | None, typer.Option("-D", "--device", help="Serial of the device.", metavar="SERIAL")
    ] = None,
    usb: Annotated[bool, typer.Option("-U", "--usb", help="The device on USB (default).")] = False,
    remote: Annotated[bool, typer.Option("-R", "--remote", help="frida-server on 127.0.0.1:27042.")] = False,
    host: Annotated[
        str | None, typer.Option("-H", "--host", help="frida-server at this address.", metavar="HOST:PORT")
    ] = None,
    setup: Annotated[
        Path | None, typer.Option(help="A frida-server to push to the device and start.", metavar="FILE")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="How long each phase is watched (default: 20; jvm: 3).", min=0.1)
    ] = None,
    explore: Annotated[bool, typer.Option(help="Use the app by tapping every button once.")] = True,
    capture: Annotated[
        str,
        typer.Option(
            help="Record the app's traffic: none, regular (default), wireguard, transparent …, as mitmproxy "
            "names its modes.",
            metavar="MODE",
        ),
    ] = "",
    proxy: Annotated[
        str | None,
        typer.Option(help="Your own proxy for the app's traffic; then none is started.", metavar="HOST:PORT"),
    ] = None,
    values: Values = None,
    mapping: Annotated[
        Path | None, typer.Option(help="R8's mapping.txt: names in stacks as they were.", metavar="FILE")
    ] = None,
    policies: Policies = None,
    formats: Formats = None,
    output: Output = None,
    bundle: BundleFolder = None,
    lens: Profile = None,
    category: Category = None,
    baseline: Baseline = None,
    new_only: NewOnly = False,
    fail_on: FailOn = None,
    exit_zero: ExitZero = False,
    strict: Strict = False,
) -> None:
    """Watch an app run and compare what it does with what its policy says.

    Hooks are live before any code of the app runs. Phases: before consent, refused, after consent (with
    use), background, idle, permissions revoked. Every call is counted, with its stack, permission state
    and phase; everything seen is on disk at once (run.jsonl in the evidence folder). What it sends goes
    through a proxy (traffic.mitm there); with --values the device's own values are found in it.

    On a phone this needs root and frida-server; without a device, --target jvm runs a fixture app.

    Examples:

      appaudit run app.apk -U --policy policy.html --bundle evidence/

      appaudit run fixtures/apps/shop/shop.apk --target jvm -p fixtures/apps/shop/policy.zh.html
        --values fixtures/device.toml
    """
    settings: Settings = ctx.obj
    from appaudit import audit as work
    from appaudit.cli.listening import listening
    from appaudit.dynamic.adb import Choice
    from appaudit.dynamic.record import FOLDER
    from appaudit.dynamic.run import Options

    if sum((device is not None, usb, remote, host is not None)) > 1:
        raise InputError("-D, -U, -R and -H exclude each other")
    if target not in TARGETS:
        raise InputError(f"--target must be one of {', '.join(TARGETS)}, not '{target}'")
    least = severity(settings, fail_on)
    documents = [Path(p) for p in configured(settings, "policy", policies, [])]
    if not documents:
        settings.say("appaudit: no --policy given: only what needs no policy is examined")
    evidence = bundle or Path(time.strftime(f"{app.stem}-run-%Y%m%d-%H%M%S"))
    settings.say(f"appaudit: evidence goes to {evidence}")
    living = Living(settings, baseline, new_only)
    law, kind = profile(settings, lens), str(configured(settings, "category", category, ""))
    delivery = Delivery(settings, "audit", formats, output, False, evidence, law, kind)

    def ask(question: str) -> bool:
        return typer.confirm(question, err=True)

    options = Options(
        target=target,
        phone=Choice(
            serial=device, usb=usb, remote=host or ("127.0.0.1:27042" if remote else None), setup=setup
        ),
        folder=evidence / FOLDER,
        seconds=seconds or (3.0 if target == "jvm" else 20.0),
        explore=explore,
        proxy=proxy,
        mapping=mapping,
        ask=ask if sys.stdin.isatty() and not settings.quiet else None,
    )

    recording = listening(capture, proxy, evidence / FOLDER, target, values)
    if recording is None:
        settings.say("appaudit: the app's traffic is not recorded")

    def judged(path: Path, step: Callable[[str], None]) -> Bundle:
        done = work.run(path, documents, options, step, kind, recording)
        living.apply(done)
        return done

    zero = exit_zero or bool(settings.config.get("exit-zero"))
    ending = Ending(least, zero, strict or bool(settings.config.get("strict")))
    each(settings, [app], judged, delivery, ending)
    raise typer.Exit(ending.code)

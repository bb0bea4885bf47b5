"""`appaudit run`: watch an app run, then compare what it did with what its policy says."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from appaudit.cli.dashboard import Dashboard
from appaudit.cli.keyboard import Keyboard, manned
from appaudit.cli.living import Living
from appaudit.cli.options import (
    Baseline,
    BundleFolder,
    Category,
    DataSafety,
    ExitZero,
    FailOn,
    Formats,
    IpDatabase,
    Listen,
    NewOnly,
    Output,
    OwnHosts,
    Policies,
    Profile,
    Remote,
    ServerHost,
    Setup,
    Strict,
    Traffic,
    Usb,
    Values,
    checked_category,
    data_safety_form,
    documents,
    ending,
    hosts,
)
from appaudit.cli.output import Delivery
from appaudit.cli.settings import Settings
from appaudit.cli.several import each
from appaudit.errors import InputError

if TYPE_CHECKING:
    from appaudit.bundle import Bundle
    from appaudit.dynamic.adb import Choice

TARGETS = ("android", "jvm")


def run(
    ctx: typer.Context,
    app: Annotated[
        Path,
        typer.Argument(help="APK or splits to install and run, or an installed package.", metavar="APP"),
    ],
    target: Annotated[
        str,
        typer.Option(help="android, or jvm: a fixture app over the framework stand-in.", metavar="TARGET"),
    ] = "android",
    device: Annotated[
        str | None, typer.Option("-D", "--device", help="Serial of the device.", metavar="SERIAL")
    ] = None,
    usb: Usb = False,
    remote: Remote = False,
    host: ServerHost = None,
    setup: Setup = None,
    seconds: Annotated[
        float | None, typer.Option(help="How long each phase is watched (default: 20; jvm: 3).", min=0.1)
    ] = None,
    explore: Annotated[
        bool, typer.Option(help="Use the app by tapping every button once; --no-explore: by hand.")
    ] = True,
    monkey: Annotated[
        int, typer.Option(help="Random touches inside the app, after that.", min=0, metavar="N")
    ] = 0,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Take consent back, or log out, at the end.")
    ] = False,
    revoke: Annotated[
        list[str] | None,
        typer.Option(help="Permission to revoke, may repeat (default: each it got).", metavar="NAME"),
    ] = None,
    frida: Annotated[
        bool, typer.Option("--frida/--no-frida", help="--no-frida: watch a phone without root.")
    ] = True,
    capture: Annotated[
        str,
        typer.Option(
            help="Record the app's traffic: none, regular (default), wireguard, transparent …, as mitmproxy "
            "names its modes.",
            metavar="MODE",
        ),
    ] = "",
    listen: Listen = None,
    unpin: Annotated[
        bool, typer.Option("--unpin", help="Accept certificates that the app refuses; told in the evidence.")
    ] = False,
    proxy: Annotated[
        str | None,
        typer.Option(help="Your own proxy for the app's traffic; then none is started.", metavar="HOST:PORT"),
    ] = None,
    traffic: Traffic = None,
    values: Values = None,
    own_hosts: OwnHosts = None,
    ip_database: IpDatabase = None,
    mapping: Annotated[
        Path | None, typer.Option(help="R8's mapping.txt: names in stacks as they were.", metavar="FILE")
    ] = None,
    policies: Policies = None,
    form: DataSafety = None,
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
    """Watch an app run and compare what it does with its policy.

    Hooks are live before any code of the app runs. Phases: before consent, refused, after consent (with
    use), background, idle, permissions revoked. Every call is counted, with its stack, permission state
    and phase; everything seen is on disk at once (run.jsonl in the evidence folder). What it sends goes
    through a proxy (traffic.mitm there); with --values the device's own values are found in it.

    On a phone this needs root and frida-server. --no-frida needs neither: app ops, services, jobs and the log
    tell what they can; the rest is a gap. Without a device, --target jvm runs a fixture app.

    Examples:

      appaudit run app.apk -U --policy policy.html --bundle evidence/

      appaudit run com.example.app -U --no-frida --policy policy.html

      appaudit run fixtures/apps/shop/shop.apk --target jvm
    """
    settings: Settings = ctx.obj
    from appaudit import audit as work
    from appaudit.cli.listening import listening, ready
    from appaudit.dynamic.adb import PACKAGE, choose
    from appaudit.dynamic.record import FOLDER
    from appaudit.dynamic.run import INTERRUPTED, Options

    phone = choose(device, usb, remote, host, setup)
    if target not in TARGETS:
        raise InputError(f"--target must be one of {', '.join(TARGETS)}, not '{target}'")
    end = ending(settings, fail_on, exit_zero, strict, lens)
    declared = data_safety_form(form)
    policy = documents(settings, policies, form)
    about = hosts(own_hosts, ip_database)
    if not frida and target == "jvm":
        raise InputError("--target jvm is watched by Frida alone")
    if unpin and not frida:
        raise InputError("--unpin changes the app's checks by Frida: not with --no-frida")
    installed = target == "android" and not app.exists() and PACKAGE.fullmatch(str(app)) is not None
    evidence = bundle or Path(time.strftime(f"{app.name if installed else app.stem}-run-%Y%m%d-%H%M%S"))
    settings.say(f"appaudit: evidence goes to {evidence}")
    living = Living(settings, baseline, new_only)
    kind = checked_category(settings, category)
    delivery = Delivery(settings, "audit", formats, output, False, evidence, end.profile, declared)

    options = Options(
        target=target,
        phone=phone,
        folder=evidence / FOLDER,
        seconds=seconds or (3.0 if target == "jvm" else 20.0),
        explore=explore,
        proxy=proxy,
        mapping=mapping,
        frida=frida,
        installed=installed,
        monkey=monkey,
        withdraw=withdraw,
        unpin=unpin,
        revoke=tuple(revoke) if revoke else None,
    )

    if installed:
        settings.say(f"appaudit: what {app} keeps on the phone is cleared: a run begins with a first start")
    path = pulled(str(app), phone, evidence / "app", settings.say) if installed else app
    mode = capture or ("none" if traffic else "")
    recording = listening(mode, proxy, evidence / FOLDER, target, values, listen)
    if recording is None:
        settings.say("appaudit: the app's traffic is not recorded")

    person = manned() and not settings.quiet
    dashboard = Dashboard(settings, keys=person)
    ended: list[str] = []

    def judged(path: Path, step: Callable[[str], None]) -> Bundle:
        with dashboard, Keyboard(dashboard.paused) if person else nullcontext() as tester:
            given = replace(options, tester=tester, watch=dashboard.line)
            inputs = work.Inputs(path, policy, traffic or (), values, kind, about)
            asked = tester.ask if tester is not None else None
            led = recording and replace(recording, on_ready=ready(settings.say, asked))
            done = work.run(inputs, given, dashboard.teller(step), led)
        ended.extend(g.code for g in done.gaps)
        living.apply(done)
        return done

    each(settings, [path], judged, delivery, end)
    raise typer.Exit(130 if INTERRUPTED in ended else end.code)


def pulled(package: str, choice: Choice, folder: Path, say: Callable[[str], None]) -> Path:
    """An installed app's files, copied from the device into an empty folder. Raises InputError."""
    from appaudit.dynamic.adb import Phone
    from appaudit.dynamic.target import LostError

    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} holds files already: choose another --bundle")
    phone = Phone(choice)
    try:
        phone.connect()
        path = phone.pull(package, folder)
    except LostError as error:
        raise InputError(f"{package} could not be pulled: {error}") from error
    say(f"appaudit: pulled {package} from {phone.serial} into {folder}")
    return path

"""`appaudit traffic`: what a recording of an app's traffic shows; `traffic capture` makes one."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from appaudit.cli.group import ReadByDefault
from appaudit.cli.options import (
    ExitZero,
    FailOn,
    FormatsOfScan,
    IpDatabase,
    Listen,
    Output,
    OwnHosts,
    Strict,
    Values,
    ending,
    hosts,
)
from appaudit.cli.output import Delivery
from appaudit.cli.progress import progress
from appaudit.cli.settings import Settings

app = typer.Typer(
    cls=ReadByDefault,
    no_args_is_help=True,
    help="List which identifier went where; record traffic.\n\n"
    "appaudit traffic FILE... reads; appaudit traffic capture -o FILE records.",
    rich_markup_mode=None,
)


@app.command("read")
def read(
    ctx: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(
            help="HAR, mitmproxy flow files, packet captures (with tshark; key log beside as NAME.keys).",
            metavar="FILE...",
        ),
    ],
    values: Values = None,
    own_hosts: OwnHosts = None,
    ip_database: IpDatabase = None,
    formats: FormatsOfScan = None,
    output: Output = None,
    fail_on: FailOn = None,
    exit_zero: ExitZero = False,
    strict: Strict = False,
) -> None:
    """List which identifier went where, in what form.

    The device's own values are found plain, hashed, reversed and in nested encodings (gzip, base64,
    hex, URL, JSON, form, XML, multipart, protobuf without schema). Values decide; without --values only
    fields whose names tell are looked at.

    Example: appaudit traffic session.har --values device.toml
    """
    settings: Settings = ctx.obj
    from appaudit import audit

    end = ending(settings, fail_on, exit_zero, strict)
    delivery = Delivery(settings, "scan", formats, output)
    about = hosts(own_hosts, ip_database)
    with progress(settings, "traffic") as step:
        bundle = audit.audit(audit.Inputs(traffic=files, values=values, about=about), step)
    delivery.deliver(bundle)
    for fact in bundle.facts:
        if fact.action == "contacts" and (listed := fact.attribute.get("undecoded")):
            settings.say(f"appaudit: no decoder for {fact.subject.removeprefix('host:')}: {listed}")
    raise typer.Exit(end.add(bundle).code)


@app.command("capture")
def capture(
    ctx: typer.Context,
    output: Annotated[Path, typer.Option("-o", "--output", help="Flow file to write.", metavar="FILE")],
    listen: Listen = None,
    mode: Annotated[
        str, typer.Option(help="regular, wireguard, transparent …, as mitmproxy names them.", metavar="MODE")
    ] = "regular",
    values: Values = None,
    ca: Annotated[
        Path | None,
        typer.Option(
            "--ca", help="Folder of the certificate authority (default: FILE.ca).", metavar="FOLDER"
        ),
    ] = None,
    keep_ca: Annotated[
        bool, typer.Option("--keep-ca", help="Keep the certificate authority made for this recording.")
    ] = False,
    seconds: Annotated[
        float | None, typer.Option(help="End after so long (default: Ctrl-C).", min=0.1)
    ] = None,
    limit: Annotated[
        int,
        typer.Option(help="Megabytes of a body that are kept; larger ones are only looked through.", min=1),
    ] = 4,
    settings_: Annotated[
        list[str] | None,
        typer.Option("--set", help="One of mitmproxy's own options, may repeat.", metavar="NAME=VALUE"),
    ] = None,
) -> None:
    """Record an app's traffic through a proxy.

    The device has to use the proxy and trust its certificate. Apps for Android 7 and later trust only
    certificates of the system unless their network security config says otherwise. With --values the
    device's own values are told as they pass.

    Example: appaudit traffic capture -o session.mitm --values device.toml
    """
    settings: Settings = ctx.obj
    from appaudit.cli.listening import way_there
    from appaudit.traffic.capture import Capture, Options, listen_address

    def tell(data: str, host: str, form: str) -> None:
        settings.say(f"  {data} -> {host} ({form})")

    host, port = listen_address(listen or "127.0.0.1:8080")
    options = Options(
        output, host, port, mode, values, ca, keep_ca, settings_ or (), limit << 20, tell if values else None
    )
    ended = threading.Event()
    before = {s: signal.signal(s, lambda *_: ended.set()) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        with Capture(options) as proxy:
            for line in way_there(proxy):
                settings.say(line)
            ended.wait(seconds)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    kept = f"; its certificate authority is kept in {proxy.ca}" if proxy.ca.exists() else ""
    settings.say(f"appaudit: {proxy.flows} requests in {output}{kept}")

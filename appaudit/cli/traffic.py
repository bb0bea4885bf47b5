"""`appaudit traffic`: what a recording of an app's traffic shows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from appaudit.cli.ending import exit_code
from appaudit.cli.options import ExitZero, FailOn, Formats, Output, Strict, Values, severity
from appaudit.cli.output import Delivery
from appaudit.cli.progress import progress
from appaudit.cli.settings import Settings


def traffic(
    ctx: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(help="HAR files or mitmproxy flow files.", metavar="FILE...")
    ],
    values: Values = None,
    formats: Formats = None,
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

    least = severity(settings, fail_on)
    delivery = Delivery(settings, "scan", formats, output)
    with progress(settings, "traffic") as step:
        bundle = audit.audit(audit.Inputs(traffic=files, values=values), step)
    delivery.deliver(bundle)
    raise typer.Exit(exit_code([bundle], least, exit_zero, strict))

"""`appaudit scan`: what an app's files alone say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from appaudit.cli.options import ExitZero, Fingerprints, FormatsOfScan, Jobs, Output, OwnSdks, Strict, ending
from appaudit.cli.output import Delivery
from appaudit.cli.settings import Settings
from appaudit.cli.several import each


def scan(
    ctx: typer.Context,
    apps: Annotated[
        list[Path], typer.Argument(help="APK, split APKs, AAB, JAR, AAR or dex.", metavar="APP...")
    ],
    formats: FormatsOfScan = None,
    output: Output = None,
    strict: Strict = False,
    jobs: Jobs = 0,
    exit_zero: ExitZero = False,
    sdks: OwnSdks = None,
    fingerprints: Fingerprints = None,
) -> None:
    """List what an app's files say, judging nothing.

    Permissions, identifiers, SDKs, components, hosts, signatures. No device, no network, no policy.

    Example: appaudit scan app.apk -f json -o facts.json
    """
    settings: Settings = ctx.obj
    from appaudit import audit

    delivery = Delivery(settings, "scan", formats, output, several=len(apps) > 1)
    end = ending(settings, None, exit_zero, strict)
    each(settings, apps, audit.scan, delivery, end, jobs)
    raise typer.Exit(end.code)

"""`appaudit policy`: what the declared documents say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from appaudit.cli.ending import exit_code
from appaudit.cli.options import ExitZero, Formats, Output, Strict
from appaudit.cli.output import Delivery
from appaudit.cli.progress import progress
from appaudit.cli.settings import Settings


def policy(
    ctx: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Policy documents of one app (txt, md, html, pdf, docx), or a folder.", metavar="FILE..."
        ),
    ],
    formats: Formats = None,
    output: Output = None,
    strict: Strict = False,
    exit_zero: ExitZero = False,
) -> None:
    """List what a policy declares and denies.

    Every data type it says it collects, shares or leaves alone, with its exact words. Several files
    are read together, as the documents of one app.

    Example: appaudit policy policy.html sdk-list.html -f json
    """
    settings: Settings = ctx.obj
    from appaudit import audit

    delivery = Delivery(settings, "policy", formats, output)
    with progress(settings, "policy") as step:
        bundle = audit.declare(files, step)
    delivery.deliver(bundle)
    raise typer.Exit(exit_code([bundle], "high", exit_zero, strict))

"""`appaudit report`: render a saved bundle again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from appaudit.cli.options import (
    Category,
    DataSafety,
    ExitZero,
    FailOn,
    Formats,
    Output,
    Profile,
    Strict,
    checked_category,
    data_safety_form,
    ending,
)
from appaudit.cli.output import Delivery
from appaudit.cli.settings import Settings


def report(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A folder written by --bundle.", metavar="BUNDLE")],
    form: DataSafety = None,
    formats: Formats = None,
    output: Output = None,
    lens: Profile = None,
    category: Category = None,
    again: Annotated[
        bool, typer.Option("--again", help="Judge the facts again under this version's rules.")
    ] = False,
    fail_on: FailOn = None,
    exit_zero: ExitZero = False,
    strict: Strict = False,
) -> None:
    """Render a saved bundle again.

    In any format and language, without the app. A category that it was not judged as judges it again.

    Example: appaudit --lang zh report evidence/ -f html -o report.html
    """
    settings: Settings = ctx.obj
    from appaudit import audit, bundle

    end = ending(settings, fail_on, exit_zero, strict, lens)
    kind = checked_category(settings, category)
    declared = data_safety_form(form)
    delivery = Delivery(settings, "audit", formats, output, profile=end.profile, form=declared)
    saved = bundle.read(folder)
    if again or kind not in ("", saved.category):
        audit.judge(saved, kind)
    delivery.deliver(saved)
    raise typer.Exit(end.add(saved).code)

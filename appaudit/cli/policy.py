"""`appaudit policy`: what the declared documents say; `policy diff`: what changed between two versions."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from appaudit.cli.group import ReadByDefault
from appaudit.cli.options import ExitZero, FailOn, FormatsOfPolicy, Output, Strict, ending
from appaudit.cli.output import Delivery
from appaudit.cli.progress import progress
from appaudit.cli.settings import Settings
from appaudit.errors import InputError

if TYPE_CHECKING:
    from appaudit.policy.diff import Change
    from appaudit.records import Fact


app = typer.Typer(
    cls=ReadByDefault,
    no_args_is_help=True,
    help="List what a policy declares and denies; compare two versions.\n\n"
    "appaudit policy FILE... reads; appaudit policy diff OLD NEW compares.",
    rich_markup_mode=None,
)


@app.command("read")
def read(
    ctx: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Policy documents of one app (txt, md, html, pdf, docx, csv, xlsx), or a folder.",
            metavar="FILE...",
        ),
    ],
    formats: FormatsOfPolicy = None,
    output: Output = None,
    explain: Annotated[
        int | None,
        typer.Option(help="Show why this line of the document was read as it was.", metavar="LINE"),
    ] = None,
    fail_on: FailOn = None,
    strict: Strict = False,
    exit_zero: ExitZero = False,
) -> None:
    """List what a policy declares and denies.

    Every data type it says it collects, shares or leaves alone, with its exact words. Several files
    are read together, as the documents of one app. What can be found in documents alone is judged too:
    statements that contradict each other, and what the law asks a policy to say and this one does not.

    Example: appaudit policy policy.html sdk-list.html -f json
    """
    settings: Settings = ctx.obj
    if explain is not None:
        _explain(files, explain)
        return
    from appaudit import audit

    end = ending(settings, fail_on, exit_zero, strict)
    delivery = Delivery(settings, "policy", formats, output)
    with progress(settings, "policy") as step:
        bundle = audit.declare(files, step)
    delivery.deliver(bundle)
    raise typer.Exit(end.add(bundle).code)


def _explain(files: list[Path], line: int) -> None:
    if len(files) != 1:
        raise InputError("--explain needs exactly one document")
    from appaudit.policy.explain import explain
    from appaudit.policy.load import load
    from appaudit.report.visible import visible

    for text in explain(load(files[0]), line):
        typer.echo(visible(text))


@app.command("diff")
def diff(
    ctx: typer.Context,
    old: Annotated[Path, typer.Argument(help="The earlier version: a document or a folder.", metavar="OLD")],
    new: Annotated[Path, typer.Argument(help="The later version.", metavar="NEW")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of text.")] = False,
) -> None:
    """Show which declarations came, went or changed.

    Also across languages. Each change stands with both quotes; an exclamation mark is before those that
    the earlier version's own clause on material changes promises to announce. Exit 1 when there is one of
    these.

    Example: appaudit policy diff 2022.html 2023.html
    """
    settings: Settings = ctx.obj
    from appaudit.jsonform import to_json
    from appaudit.policy import read as read_documents
    from appaudit.policy.diff import diff as compare

    with progress(settings, "policy diff") as step:
        found = compare(read_documents([old], step), read_documents([new], step))
    if as_json:
        rows = [
            {**asdict(c), "old_facts": to_json(c.old_facts), "new_facts": to_json(c.new_facts)}
            for c in found.changes
        ]
        whole = {
            "changes": rows,
            "unchanged": found.unchanged,
            "promise": to_json(found.promise),
            "promised_topics": found.promised_topics,
            "notes": found.notes,
        }
        typer.echo(json.dumps(whole, ensure_ascii=False, indent=1))
    else:
        for change in found.changes:
            _show(settings, change)
        for note in found.notes:
            settings.say(f"note: {note}")
        settings.say(f"{len(found.changes)} changes, {found.unchanged} declarations unchanged")
    raise typer.Exit(1 if any(c.promised for c in found.changes) else 0)


def _show(settings: Settings, change: Change) -> None:
    from appaudit.knowledge.naming import actor_name, subject_name
    from appaudit.report.visible import visible

    name = subject_name(change.subject, settings.lang)
    who = actor_name(change.actor, settings.lang)
    values = f"  {', '.join(change.old) or '-'} → {', '.join(change.new) or '-'}"
    mark = "!" if change.promised else " "
    typer.echo(visible(f"{mark} {change.kind:<9}  {name} ({who} {change.action}){values}"))
    for sign, facts in (("-", change.old_facts), ("+", change.new_facts)):
        for quote in _quotes(facts[:2]):
            typer.echo(visible(f"      {sign} {quote}"))


def _quotes(facts: tuple[Fact, ...]) -> list[str]:
    from appaudit.records import PolicySpan

    spans = [next((e for e in f.evidence if isinstance(e, PolicySpan)), None) for f in facts]
    return [f"{s.document}:{s.line} “{s.quote}”" for s in spans if s is not None]

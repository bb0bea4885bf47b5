"""`appaudit diff`: what a release adds or drops."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from appaudit.cli.options import ExitZero, FailOnNew, Policies, configured, ending
from appaudit.cli.progress import progress
from appaudit.cli.settings import Settings

if TYPE_CHECKING:
    from appaudit.compare.release import Change

SIGNS = {"added": "+", "dropped": "-", "changed": "~", "renamed": "?"}
COLORS = {"added": "yellow", "dropped": "green", "changed": "cyan", "renamed": "cyan"}
RENAMED = {"en": "renamed?", "zh": "疑似改名"}


def diff(
    ctx: typer.Context,
    old: Annotated[Path, typer.Argument(help="The release before.", metavar="OLD")],
    new: Annotated[Path, typer.Argument(help="The release after.", metavar="NEW")],
    policies: Policies = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of text.")] = False,
    fail_on: FailOnNew = None,
    exit_zero: ExitZero = False,
) -> None:
    """Show what a release adds, changes and drops.

    Permissions, identifiers, SDKs and their versions, hosts, exposed components, settings, findings;
    stable under an obfuscator's new names. With --policy, exit 1 when something new is undeclared
    (omitted, vague, contradicted).

    Example: appaudit diff app-1.0.apk app-1.1.apk --policy policy.html
    """
    settings: Settings = ctx.obj
    from appaudit import audit
    from appaudit.compare.baseline import against
    from appaudit.compare.release import changes

    end = ending(settings, fail_on, exit_zero, None, least="low")
    documents = [Path(p) for p in configured(settings, "policy", policies, [])]
    with progress(settings, old.name) as step:
        before = audit.audit(audit.Inputs(old, documents), step) if documents else audit.scan(old, step)
    with progress(settings, new.name) as step:
        after = audit.audit_alike(new, before, step) if documents else audit.scan(new, step)
    found = changes(before.facts, after.facts, before.findings, after.findings)
    if as_json:
        typer.echo(json.dumps({"changes": [asdict(c) for c in found]}, ensure_ascii=False, indent=1))
    else:
        _show(settings, found)
    fresh = against(after.findings, before.findings, after.examined)
    added = {(c.rule, c.actor, c.subject) for c in found if c.kind == "finding" and c.change == "added"}
    after.findings = [
        f
        for f in fresh
        if dict(f.attributes).get("status") == "new"
        and f.disclosure not in (None, "clear")
        and (f.rule, f.actor, f.subject) in added
    ]
    raise typer.Exit(end.add(after).code)


def _show(settings: Settings, found: list[Change]) -> None:
    from appaudit.knowledge.naming import actor_name, subject_name
    from appaudit.knowledge.rules import rules
    from appaudit.report.visible import visible

    color = settings.use_color(sys.stdout)
    if not found:
        settings.say("no difference")
    kind = ""
    for change in found:
        if change.kind != kind:
            kind = change.kind
            typer.echo(f"{kind}")
        general = change.kind == "finding" and change.subject.startswith("topic:")
        name = "" if general else subject_name(change.subject, settings.lang)
        who = "" if change.actor == "app" else f" · {actor_name(change.actor, settings.lang)}"
        what = rules()[change.rule].texts[settings.lang].name if change.rule in rules() else ""
        what += ": " if what and name else ""
        value = f"  {change.before or '?'} → {change.after or '?'}"
        if change.change != "changed":
            value = f"  {change.after or change.before}"
        if change.change == "renamed":
            value = f"  {change.before} {RENAMED[settings.lang]}".replace("  ", " ")
        line = f"  {SIGNS[change.change]} {what}{name}{who}{value.rstrip()}"
        line = visible(line)  # names come from the apps
        typer.echo(typer.style(line, fg=COLORS[change.change]) if color else line)

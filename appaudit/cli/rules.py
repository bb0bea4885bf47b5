"""`appaudit rules`: list the rules, explain one."""

from __future__ import annotations

from typing import Annotated

import typer

from appaudit.cli.settings import Settings
from appaudit.errors import InputError


def rules(
    ctx: typer.Context,
    rule_id: Annotated[str | None, typer.Argument(help="Explain this rule.", metavar="[ID]")] = None,
) -> None:
    """List the rules, or explain one.

    What it asks, why it matters, what to change, which clauses of law it touches.

    Example: appaudit rules undeclared-data
    """
    settings: Settings = ctx.obj
    from appaudit.knowledge import rules as knowledge

    known = knowledge.rules()
    lang = settings.lang
    if rule_id is None:
        width = max(map(len, known))
        for rule in known.values():
            typer.echo(f"{rule.id:<{width}}  {rule.severity:<8}  {rule.texts[lang].name}")
        return
    rule_or_none = known.get(rule_id)
    if rule_or_none is None:
        raise InputError(f"no rule '{rule_id}'; 'appaudit rules' lists them")
    typer.echo(knowledge.explain(rule_or_none, lang))
